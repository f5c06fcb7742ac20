#include "vm/expectation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace vm {
namespace {

using namespace std::string_view_literals;

constexpr std::array whole_run_figures{
    "lost"sv,
    "duplicated"sv,
    "issued"sv,
    "committed"sv,
    "refused"sv,
    "timed_out"sv,
    "failed"sv,
    "in_flight"sv,
    "retries"sv,
    "acknowledged"sv,
    "applied"sv,
    "unacknowledged"sv,
    "committed_share"sv,
    "committed_share_last"sv,
    "latency_ms_mean"sv,
    "latency_ms_p50"sv,
    "latency_ms_p90"sv,
    "latency_ms_p99"sv,
    "latency_ms_p999"sv,
    "latency_ms_max"sv,
    "mean_ms"sv,
    "p50_ms"sv,
    "p90_ms"sv,
    "p99_ms"sv,
    "p999_ms"sv,
    "max_ms"sv,
    "sla_failures"sv,
    "sla_failures_cpu"sv,
    "sla_failures_memory"sv,
    "sla_failures_disk"sv,
    "sla_failures_network"sv,
    "sla_failures_latency"sv,
    "sla_failures_availability"sv,
    "sla_failures_crash"sv,
    "sla_failure_s"sv,
    "failovers"sv,
    "failovers_completed"sv,
    "failovers_partial"sv,
    "failovers_failed"sv,
    "failovers_withheld"sv,
    "migrations"sv,
    "migrations_aborted"sv,
    "migrated_bytes"sv,
    "pause_ms_p50"sv,
    "pause_ms_max"sv,
    "machines"sv,
    "cost"sv,
    "cpu_mean"sv,
    "cpu_max"sv,
    "memory_mean"sv,
    "memory_max"sv,
    "disk_mean"sv,
    "disk_max"sv,
    "network_mean"sv,
    "network_max"sv,
    "faults"sv,
};

constexpr std::array group_figures{
    "issued"sv,         "committed"sv,       "refused"sv,
    "timed_out"sv,      "failed"sv,          "in_flight"sv,
    "retries"sv,        "acknowledged"sv,    "applied"sv,
    "unacknowledged"sv, "committed_share"sv, "committed_share_last"sv,
    "mean_ms"sv,        "p50_ms"sv,          "p90_ms"sv,
    "p99_ms"sv,         "p999_ms"sv,         "max_ms"sv,
    "lost"sv,           "duplicated"sv,
};

bool mentions(const std::vector<Expectation>& expectations, std::string_view name) {
  return std::any_of(expectations.begin(), expectations.end(),
                     [&](const Expectation& e) { return e.name == name; });
}

}  // namespace

bool holds(double got, Comparison comparison, double value) {
  if (std::isnan(got) || std::isnan(value)) return false;
  switch (comparison) {
    case Comparison::equal:
      return got == value;
    case Comparison::not_equal:
      return got != value;
    case Comparison::less:
      return got < value;
    case Comparison::less_equal:
      return got <= value;
    case Comparison::greater:
      return got > value;
    case Comparison::greater_equal:
      return got >= value;
  }
  return false;
}

std::vector<Verdict> evaluate(std::span<const Expectation> expectations,
                              const FigureLookup& figure) {
  std::vector<Verdict> verdicts;
  verdicts.reserve(expectations.size());
  for (const Expectation& e : expectations) {
    const auto got = figure(e.name);
    verdicts.push_back({e.name, e.want, got, got && holds(*got, e.comparison, e.value)});
  }
  return verdicts;
}

std::vector<Expectation> with_implied(std::vector<Expectation> expectations) {
  std::vector<Expectation> all;
  for (const char* name : {"lost", "duplicated"}) {
    if (!mentions(expectations, name)) all.push_back({name, Comparison::equal, 0, "== 0"});
  }
  std::move(expectations.begin(), expectations.end(), std::back_inserter(all));
  return all;
}

std::vector<std::string> expectation_names(std::span<const std::string> groups) {
  std::vector<std::string> names(whole_run_figures.begin(), whole_run_figures.end());
  for (const std::string& group : groups) {
    for (const auto figure : group_figures) {
      names.push_back("clients." + group + "." + std::string{figure});
    }
  }
  return names;
}

bool is_expectation_name(std::string_view name, std::span<const std::string> groups) {
  const auto names = expectation_names(groups);
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace vm
