// SweepPlan: what a sweep varies, as a table of settings.
//
//   --vary consolidation.detector=THR,LR --vary scenario.seed=1,2,3      six runs
//
// Every value of a key meets every value of the others; the last key changes fastest. A comma
// inside quotes, brackets or braces belongs to the value.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

struct Varied {
  std::string key;
  std::vector<std::string> values;  // at least one
};

/// "KEY=A,B,C" taken apart. Throws UsageError where there is no key or an empty value.
Varied parse_vary(std::string_view text);

/// How many combinations there are; throws UsageError beyond a million.
std::size_t combinations(std::span<const Varied> varied);

/// The values of one combination, a value for each key. Requires index < combinations(varied).
std::vector<std::string> combination(std::span<const Varied> varied, std::size_t index);

}  // namespace cli
