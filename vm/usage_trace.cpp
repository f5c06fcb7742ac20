#include "vm/usage_trace.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>

#include "sim/random.hpp"
#include "vm/spelling.hpp"
#include "vm/text_file.hpp"

namespace vm {
namespace {

constexpr std::size_t most_issues = 20;
constexpr std::size_t most_files = 1'000'000;
constexpr std::uintmax_t most_file_bytes = 1 << 20;  // 288 short lines are 1 KB

/// "capitals" as the reference's Windows users get them: '_' stands behind the letters.
std::string folded(std::string name) {
  for (char& c : name)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return name;
}

Loaded<std::vector<std::filesystem::path>> files_of(const std::filesystem::path& folder,
                                                    FileOrder order) {
  namespace fs = std::filesystem;
  const auto wrong = [&](const std::string& why) {
    return std::vector<Issue>{{folder.string(), 0, 0, why}};
  };
  std::error_code error;
  const auto status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) {
    return wrong("no such folder" + suggestion_beside(folder));
  }
  if (error) return wrong(error.message());
  if (!fs::is_directory(status)) return wrong("is no folder; expected one with a file for each VM");
  std::vector<fs::path> files;
  fs::directory_iterator entry(folder, error);
  if (error) return wrong(error.message());
  for (const fs::directory_iterator end; entry != end; entry.increment(error)) {
    if (entry->path().filename().string().front() == '.') continue;
    if (files.size() == most_files) return wrong("holds more than a million files");
    files.push_back(entry->path());
  }
  if (error) return wrong(error.message());
  if (files.empty()) return wrong("holds no file; expected one for each VM");
  std::sort(files.begin(), files.end(), [order](const fs::path& a, const fs::path& b) {
    const std::string left = a.filename().string(), right = b.filename().string();
    if (order == FileOrder::upper) {
      const std::string l = folded(left), r = folded(right);
      if (l != r) return l < r;
    }
    return left < right;
  });
  return files;
}

/// The bytes of a small file, or why there are none.
std::optional<std::string> slurp(const std::filesystem::path& file, std::string& why) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    why = "is no regular file; expected 288 lines, one percent each";
    return std::nullopt;
  }
  if (std::filesystem::file_size(file, error) > most_file_bytes) {
    why = "is larger than 1 MiB; expected 288 lines, one percent each";
    return std::nullopt;
  }
  std::ifstream in(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in) {
    why = "cannot be read";
    return std::nullopt;
  }
  return bytes;
}

/// Appends the file's samples and says what is wrong with it: the first mistake only, since what
/// follows a hole is seldom worth telling.
std::optional<Issue> read_file(const std::filesystem::path& file, std::vector<double>& values) {
  const auto wrong = [&](std::size_t line, std::string message) {
    return Issue{file.string(), static_cast<int>(line), 0, std::move(message)};
  };
  std::string why;
  const auto bytes = slurp(file, why);
  if (!bytes) return wrong(0, why);
  if (bytes->empty()) return wrong(0, "is empty; expected 288 lines, one percent each");
  std::size_t line = 0;
  for (std::string_view rest = *bytes; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (++line > planetlab_lines) return wrong(line, "more than 288 lines: not a day");
    if (text.empty()) return wrong(line, "a hole: expected a whole percent from 0 to 100");
    int percent = 0;
    const auto [last, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
    const bool whole = error == std::errc{} && last == text.data() + text.size();
    if (!whole || percent < 0 || percent > 100)
      return wrong(line, "expected a whole percent from 0 to 100, found " + in_quotes(text));
    values.push_back(percent / 100.0);
  }
  if (line < planetlab_lines) {
    return wrong(line, "ends after " + std::to_string(line) + (line == 1 ? " line" : " lines") +
                           ", expected 288: not a day");
  }
  values.push_back(values.back());
  return std::nullopt;
}

}  // namespace

Loaded<UsageTraces> read_planetlab(const std::filesystem::path& folder, FileOrder order) {
  const auto files = files_of(folder, order);
  if (!files) return files.issues();
  UsageTraces traces;
  traces.length = planetlab_lines + 1;
  std::vector<Issue> issues;
  for (const auto& file : *files) {
    auto issue = read_file(file, traces.values);
    if (issue) issues.push_back(std::move(*issue));
    if (issues.size() == most_issues && &file != &files->back()) {
      issues.push_back(
          {folder.string(), 0, 0,
           "no more of its files were read after " + std::to_string(most_issues) + " wrong ones"});
      break;
    }
    traces.names.push_back(file.filename().string());
  }
  if (!issues.empty()) return issues;
  return traces;
}

UsageTraces generate_usage(std::uint32_t vms, std::uint64_t seed) {
  UsageTraces traces;
  traces.length = planetlab_lines + 1;
  for (std::uint32_t v = 0; v < vms; ++v) {
    sim::RandomStream random(seed, "usage.generated", v);
    traces.names.push_back("generated_" + std::to_string(v));
    const double typical = 0.6 * random.uniform() * random.uniform();
    const double swing = random.uniform();  // how much of a day's rhythm it has
    double wander = 0;
    std::size_t silent = 0;  // samples still to come
    for (std::size_t i = 0; i < planetlab_lines; ++i) {
      // Piecewise, so that no library's sine decides: 0 at midnight, 1 at noon.
      const double noon = static_cast<double>(planetlab_lines) / 2;
      const double rhythm = 1 - std::fabs(static_cast<double>(i) - noon) / noon;
      wander = 0.8 * wander + 0.3 * (random.uniform() - 0.5);
      if (silent > 0) --silent;
      if (random.below(600) == 0) silent = 12 + random.below(36);
      const double use = typical * (1 + swing * (2 * rhythm - 1)) + wander * wander + wander / 4;
      const double held = silent > 0 ? 0 : std::min(0.99, std::max(0.01, use));
      traces.values.push_back(std::floor(held * 100) / 100);
    }
    traces.values.push_back(traces.values.back());
  }
  return traces;
}

}  // namespace vm
