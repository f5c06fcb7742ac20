#include "real/metrics.hpp"

#include <array>
#include <charconv>

namespace real {
namespace {

/// Length of the UTF-8 character at the beginning of `text`; 0 where there is none. Longer forms
/// than needed, surrogates and what is beyond U+10FFFF are none.
///   source   RFC 3629, section 4
std::size_t character(std::string_view text) {
  const auto byte = [&text](std::size_t at) -> unsigned {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
  };
  const auto follows = [&byte](std::size_t at, unsigned least = 0x80, unsigned most = 0xbf) {
    return byte(at) >= least && byte(at) <= most;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned least = first == 0xe0 ? 0xa0 : 0x80, most = first == 0xed ? 0x9f : 0xbf;
    return follows(1, least, most) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned least = first == 0xf0 ? 0x90 : 0x80, most = first == 0xf4 ? 0x8f : 0xbf;
    return follows(1, least, most) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
  text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void MetricsText::value(double value, Labels labels) {
  begin_sample(labels);
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  text_.append(digits.begin(), end).append("\n");
}

void MetricsText::value(std::uint64_t value, Labels labels) {
  begin_sample(labels);
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  text_.append(digits.begin(), end).append("\n");
}

void MetricsText::begin_sample(Labels labels) {
  text_.append(name_);
  char separator = '{';
  for (const Label& label : labels) {
    text_.append(1, separator).append(label.name).append("=\"");
    append_label_value(label.value);
    text_.append("\"");
    separator = ',';
  }
  text_.append(labels.size() > 0 ? "} " : " ");
}

void MetricsText::append_label_value(std::string_view value) {
  while (!value.empty()) {
    const std::size_t length = character(value);
    if (value.front() == '\\') {
      text_.append("\\\\");
    } else if (value.front() == '"') {
      text_.append("\\\"");
    } else if (value.front() == '\n') {
      text_.append("\\n");
    } else {
      text_.append(length == 0 ? "?" : value.substr(0, length));
    }
    value.remove_prefix(length == 0 ? 1 : length);
  }
}

}  // namespace real
