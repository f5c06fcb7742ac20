#include "vm/spelling.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace vm {
namespace {

char folded(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '_' || c == ' ' ? '-' : c;
}

std::string folded(std::string_view word) {
  std::string out(word);
  std::ranges::transform(out, out.begin(), [](char c) { return folded(c); });
  return out;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replace, above[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> valid) {
  constexpr std::size_t longest = 100;  // a key of a megabyte is nobody's misspelling
  if (word.size() > longest) return {};
  const std::string meant = folded(word);
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view name : valid) {
    if (name.size() > longest) continue;
    const std::size_t distance = edit_distance(meant, folded(name));
    // A name of which nothing is left is not near, however short it is.
    if (distance < best_distance && distance < name.size()) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> valid) {
  if (const std::string_view meant = nearest(word, valid); !meant.empty()) {
    return "; did you mean " + in_quotes(meant) + "?";
  }
  constexpr std::size_t most = 24;  // more names than a person reads
  std::string list;
  for (const std::string_view name : valid.first(std::min(valid.size(), most))) {
    list += (list.empty() ? "; valid: " : ", ") + in_quotes(name);
  }
  return valid.size() > most ? list + ", ..." : list;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t most = 60;
  std::size_t end = std::min(text.size(), most);
  // Never cut through a character of several bytes: those that continue one are 10xxxxxx.
  const auto continues = [&](std::size_t i) {
    return (static_cast<unsigned char>(text[i]) & 0xc0u) == 0x80u;
  };
  while (end > 0 && end < text.size() && continues(end)) --end;
  std::string out = "'";
  for (const char c : text.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      constexpr std::string_view digits = "0123456789abcdef";
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out + (end < text.size() ? "...'" : "'");
}

}  // namespace vm
