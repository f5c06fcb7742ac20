// Expectations: what a scenario promises about its own outcome. They decide the exit code.
//
//   [expect]
//   lost               = "== 0"
//   pause_ms_max       = "<= 20"
//   clients.fans.p99_ms = "< 500"
//
// An expectation compares one *figure* of the finished run, by name, with a number. Which names
// there are is said here; what they are worth is looked up in whatever knows the run (a summary, a
// test). A figure that has no value, such as a percentile of nothing, meets no expectation.
//
// Nothing lost and nothing duplicated is expected of every scenario, whether it says so or not: one
// that plays with losses has to say how many it expects.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vm/scenario.hpp"

namespace vm {

struct Verdict {
  std::string name, want;     // "pause_ms_max", "<= 20"
  std::optional<double> got;  // none where the run has no such figure
  bool met = false;
};

/// The value of a figure of the run, or none.
using FigureLookup = std::function<std::optional<double>(std::string_view name)>;

/// Whether `got` stands in `comparison` to `value`. False for a NaN, whatever is asked.
bool holds(double got, Comparison comparison, double value);

/// One verdict per expectation, in their order.
std::vector<Verdict> evaluate(std::span<const Expectation> expectations,
                              const FigureLookup& figure);

/// The scenario's own expectations, preceded by `lost == 0` and `duplicated == 0` where it says
/// nothing about these two.
std::vector<Expectation> with_implied(std::vector<Expectation> expectations);

/// Every name that an expectation may carry (vm/spelling.hpp finds the nearest): the figures of the
/// whole run, then `clients.GROUP.FIGURE` for each of `groups`. docs/RESULTS.md says what each
/// means.
std::vector<std::string> expectation_names(std::span<const std::string> groups);

/// Whether an expectation may carry `name` in a scenario with these client groups.
bool is_expectation_name(std::string_view name, std::span<const std::string> groups);

}  // namespace vm
