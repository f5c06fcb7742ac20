#include "cli/sweep_plan.hpp"

#include "cli/verbs.hpp"
#include "sim/check.hpp"
#include "vm/spelling.hpp"

namespace cli {
namespace {

/// The parts between commas that stand outside quotes, brackets and braces.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      parts.emplace_back();
      continue;
    }
    parts.back() += c;
  }
  return parts;
}

}  // namespace

Varied parse_vary(std::string_view text) {
  const std::size_t equals = text.find('=');
  const auto wrong = [&] {
    return UsageError("--vary: expected KEY=A,B,C such as failover.policy=split,none, got " +
                      vm::in_quotes(text));
  };
  if (equals == 0 || equals == std::string_view::npos) throw wrong();
  Varied varied{std::string(text.substr(0, equals)), split(text.substr(equals + 1))};
  for (const std::string& value : varied.values)
    if (value.empty()) throw wrong();
  return varied;
}

std::size_t combinations(std::span<const Varied> varied) {
  constexpr std::size_t most = 1'000'000;
  std::size_t all = 1;
  for (const Varied& one : varied) {
    all *= one.values.size();
    if (all > most) throw UsageError("--vary: more than a million combinations");
  }
  return all;
}

std::vector<std::string> combination(std::span<const Varied> varied, std::size_t index) {
  std::vector<std::string> values(varied.size());
  for (std::size_t i = varied.size(); i-- > 0;) {
    const auto& of = varied[i].values;
    values[i] = of[index % of.size()];
    index /= of.size();
  }
  SIM_CHECK(index == 0);
  return values;
}

}  // namespace cli
