// The sections of a scenario file, one function for each; vm/scenario_toml.cpp calls them in order.
//
// Each takes its tables from `root`, fills in its part of the draft and reports what it dislikes.
// A broken entry still takes its place in the draft, so that a reference to it is not reported as
// a second mistake. Names are resolved to indices as they are met: flavors before fleets, fleets
// and transactions before clients.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vm/scenario.hpp"
#include "vm/toml_reader.hpp"

namespace vm {

/// Bounds on what one scenario may hold; beyond them lies a slip of the keyboard.
inline constexpr std::int64_t most_machines = 1'000'000;
inline constexpr std::int64_t most_tenants = 10'000'000;
inline constexpr std::size_t most_steps = 50;  // each has a stream of chance in every transaction

struct Draft {
  Scenario scenario;
  std::filesystem::path base;          // where relative paths of the file start
  FailoverConfig failover;             // [failover], before fleets override it
  std::optional<AfterFailover> after;  // [failover] after, if given
};

void read_flavors(TableReader& root, Draft& draft);
void read_failover(TableReader& root, Draft& draft);
void read_fleets(TableReader& root, Draft& draft);
void read_transactions(TableReader& root, Draft& draft);
void read_clients(TableReader& root, Draft& draft);
void read_durability(TableReader& root, Draft& draft);
void read_sla(TableReader& root, Draft& draft);
void read_faults(TableReader& root, Draft& draft);
void read_changes(TableReader& root, Draft& draft);
void read_real(TableReader& root, Draft& draft);
void read_consolidation(TableReader& root, Draft& draft);
void read_expectations(TableReader& root, Draft& draft);

/// How the clients of a group arrive, from its `arrivals`, `rate`, `states`, `trace`, `think`.
void read_arrivals(TableReader& client, const Draft& draft, Arrivals& arrivals);

/// What a distribution measures: it decides which quantities its parameters are.
enum class Measure : std::uint8_t { seconds, bytes };

/// A quantity (constant) or a table such as { exponential = "2 ms" }. Zero::refused: it must be
/// able to draw more than 0.
std::optional<sim::Distribution> read_distribution(const Value& value, Measure measure, Zero zero,
                                                   const std::filesystem::path& base);

/// The file that a value names: relative to `base`, then to the current directory; the other way
/// round for a value from the command line. The value itself becomes the absolute path, so that
/// the resolved document means the same from everywhere.
std::optional<std::filesystem::path> resolve_file(const Value& value,
                                                  const std::filesystem::path& base);

/// A list of exactly two, such as ["0 s", "150 /s"].
std::optional<std::pair<Value, Value>> as_pair(const Value& value, std::string_view example);

/// Lays "KEY=VALUE" over the document. Elements of a list of tables go by name, by index, or need
/// neither where there is only one; VALUE is TOML, or else a bare text. A key that excludes others
/// (`trace` and `rate`) takes their place.
void apply_setting(toml::table& root, const std::string& setting, Issues& issues);

/// The names of a list of things, for looking references up.
template <class Thing>
std::vector<std::string_view> names_of(const std::vector<Thing>& things) {
  std::vector<std::string_view> names;
  names.reserve(things.size());
  for (const Thing& thing : things) names.push_back(thing.name);
  return names;
}

/// "fleet", "fleet2", "fleet3": what a fleet is called that has no name.
std::string default_fleet_name(std::size_t index);

}  // namespace vm
