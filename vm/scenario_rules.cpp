// [durability], [sla] and [[fault]]: what is promised, and what goes wrong.
#include <algorithm>
#include <array>
#include <charconv>

#include "vm/quantity.hpp"
#include "vm/scenario_readers.hpp"
#include "vm/spelling.hpp"

namespace vm {
namespace {

constexpr Choice<Log> log_names[] = {{"memory", Log::memory}, {"synced", Log::synced}};
constexpr Choice<FaultKind> fault_names[] = {{"crash", FaultKind::crash},
                                             {"slow", FaultKind::slow},
                                             {"leak", FaultKind::leak},
                                             {"boot_failure", FaultKind::boot_failure},
                                             {"disk_full", FaultKind::disk_full},
                                             {"lose_samples", FaultKind::lose_samples},
                                             {"late_samples", FaultKind::late_samples}};
constexpr Choice<MigrationStep> step_names[] = {{"copying", MigrationStep::copying},
                                                {"frozen", MigrationStep::frozen},
                                                {"verifying", MigrationStep::verifying},
                                                {"switching", MigrationStep::switching}};
constexpr Choice<Side> side_names[] = {{"source", Side::source}, {"target", Side::target}};

/// The default of `clear`: three points below the threshold, which is 95 % for one of 98 %.
constexpr double hysteresis = 0.03;

/// "98 %" for all resources, or { cpu = "90 %", ... } for some of them.
void read_levels(const Value& value, PerResource<double>& levels,
                 PerResource<toml::node*>& written) {
  auto* table = value.node.as_table();
  if (table == nullptr) {
    const auto share = value.as_percent(0.0001, 1);
    for (const Resource resource : all_resources) {
      if (share) levels[resource] = *share;
      if (share) written[resource] = &value.node;
    }
    return;
  }
  if (table->empty()) value.wrong("is empty; expected { cpu = \"98 %\" } or the like");
  TableReader reader(*table, in_quotes(value.name), value.issues);
  for (const Resource resource : all_resources) {
    const auto level = reader.find(to_string(resource));
    const auto share = level ? level->as_percent(0.0001, 1) : std::nullopt;
    if (share) levels[resource] = *share;
    if (share) written[resource] = &level->node;
  }
}

void read_thresholds(TableReader& reader, Sla& sla) {
  PerResource<toml::node*> given, cleared;
  if (const auto threshold = reader.find("threshold")) {
    read_levels(*threshold, sla.threshold, given);
  }
  for (const Resource resource : all_resources) {
    sla.clear[resource] = std::max(0.0, sla.threshold[resource] - hysteresis);
  }
  const auto clear = reader.find("clear");
  if (!clear) return;
  read_levels(*clear, sla.clear, cleared);
  for (const Resource resource : all_resources) {
    if (cleared[resource] == nullptr || sla.clear[resource] <= sla.threshold[resource]) continue;
    clear->at(*cleared[resource])
        .wrong("is above the threshold, " + format_percent(sla.threshold[resource]));
    break;  // once is enough where one value stands for all four
  }
}

/// 0.999 for "p999" and "p99.9": two digits of percent, then decimals.
std::optional<double> quantile_of(std::string_view name) {
  if (name.size() < 3 || name.front() != 'p') return std::nullopt;
  std::string digits(name.substr(1));
  if (digits.size() > 3 && digits[2] == '.') digits.erase(2, 1);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (digits.size() > 6 || !std::ranges::all_of(digits, digit)) return std::nullopt;
  // From its decimals, since 99.9 / 100 is not the double nearest to 0.999.
  const std::string decimals = "0." + digits;
  double quantile = 0;
  std::from_chars(decimals.data(), decimals.data() + decimals.size(), quantile);
  return quantile > 0 ? std::optional(quantile) : std::nullopt;
}

void read_objective(const std::string& name, const Value& limit, Sla& sla) {
  const auto quantile = quantile_of(name);
  if (!quantile) {
    constexpr std::array<std::string_view, 6> usual{"p50", "p90", "p95", "p99", "p999", "p9999"};
    limit.wrong("no percentile " + in_quotes(name) + suggestion(name, usual));
    return;
  }
  const auto is_same = [&](const auto& other) { return other.quantile == *quantile; };
  if (std::ranges::any_of(sla.latency, is_same))
    limit.wrong(in_quotes(name) + " stands there twice");
  sla.latency.push_back({*quantile, limit.as_duration(Zero::refused).value_or(Duration{1})});
}

void read_latency(const Value& value, Sla& sla) {
  auto* table = value.as_table("{ p99 = \"500 ms\" }");
  if (table == nullptr) return;
  if (table->empty()) value.wrong("is empty; expected { p99 = \"500 ms\" } or the like");
  for (auto&& [key, node] : *table) {
    const std::string name(key.str());
    // Without quotes around it, TOML reads p99.9 as a table p99 with a key 9.
    if (auto* decimals = node.as_table()) {
      for (auto&& [more, limit] : *decimals) {
        read_objective(name + '.' + std::string(more.str()), value.at(limit), sla);
      }
    } else {
      read_objective(name, value.at(node), sla);
    }
  }
  std::ranges::sort(sla.latency, {}, &LatencyObjective::quantile);
}

void read_availability(const Value& value, Sla& sla) {
  auto* table = value.as_table("{ objective = \"99.9 %\" }");
  if (table == nullptr) return;
  TableReader reader(*table, "'availability'", value.issues);
  AvailabilityObjective wanted;
  if (const auto objective = reader.need("objective", "\"99.9 %\"")) {
    wanted.objective = objective->as_percent(0.0001, 0.9999999).value_or(wanted.objective);
  }
  reader.duration("short", wanted.short_window, Zero::refused);
  reader.duration("long", wanted.long_window, Zero::refused);
  reader.number("burn", wanted.burn, 1e-6, 1e6);
  if (wanted.short_window >= wanted.long_window) {
    reader.wrong("has a 'short' window that is not shorter than the 'long' one");
  }
  sla.availability = wanted;
}

/// A key that only some kinds of fault have.
std::optional<Value> only_for(TableReader& reader, std::string_view key, bool fits,
                              std::string_view kinds) {
  const auto value = reader.find(key);
  if (!value || fits) return value;
  value->wrong("only goes with kind = " + std::string(kinds));
  return std::nullopt;
}

void read_fault_details(TableReader& reader, Fault& fault) {
  const FaultKind kind = fault.kind;
  if (reader.find("during")) {
    (void)only_for(reader, "during", kind == FaultKind::crash, "\"crash\"");
    MigrationStep step{};
    if (reader.choice("during", step, step_names)) fault.during = step;
  }
  if (reader.choice("side", fault.side, side_names) && !fault.during) {
    reader.wrong("has a 'side', which only goes with 'during'");
  }
  if (const auto factor = only_for(reader, "factor", kind == FaultKind::slow, "\"slow\"")) {
    fault.factor = factor->as_percent(0.0001, 0.9999).value_or(fault.factor);
  }
  if (const auto rate = only_for(reader, "rate", kind == FaultKind::leak, "\"leak\"")) {
    fault.rate = rate->as_byte_rate(Zero::refused).value_or(fault.rate);
  } else if (kind == FaultKind::leak) {
    (void)reader.need("rate", "\"1 MiB/s\"");
  }
  const bool late = kind == FaultKind::late_samples;
  if (const auto delay = only_for(reader, "delay", late, "\"late_samples\"")) {
    fault.delay = delay->as_duration(Zero::refused).value_or(fault.delay);
  } else if (late) {
    (void)reader.need("delay", "\"3 s\"");
  }
}

void read_fault(TableReader& reader, const Draft& draft, Fault& fault) {
  (void)reader.need("kind", "\"crash\"");
  const bool known = reader.choice("kind", fault.kind, fault_names);
  const auto at = reader.find("at");
  const auto every = reader.find("every");
  if (at) {
    if (const auto time = at->as_duration(Zero::allowed)) fault.at = Time{*time};
  }
  if (every) {
    fault.every = read_distribution(*every, Measure::seconds, Zero::refused, draft.base);
  }
  if (at && every) every->wrong("does not go with 'at'; give one of the two");
  if (const auto machine = reader.find("machine")) {
    if (const auto index = machine->as_count(0, most_machines)) {
      fault.machine = static_cast<std::uint32_t>(*index);
    }
  }
  if (const auto lasts = reader.find("for")) fault.lasts = lasts->as_duration(Zero::refused);
  // Without a kind, which of the other keys belong is anybody's guess: ask for all, judge none.
  if (known) {
    read_fault_details(reader, fault);
  } else {
    for (const auto* key : {"during", "side", "factor", "rate", "delay"}) (void)reader.find(key);
  }
  if (!at && !every) {
    if (fault.during) {
      fault.at = Time{};
    } else {
      reader.wrong("needs 'at' (once, such as \"3 min\") or 'every' (again and again)");
    }
  }
}

}  // namespace

void read_durability(TableReader& root, Draft& draft) {
  const auto value = root.find("durability");
  auto* table = value ? value->as_table("[durability]") : nullptr;
  if (table == nullptr) return;
  TableReader reader(*table, "[durability]", root.issues());
  reader.choice("log", draft.scenario.durability.log, log_names);
  reader.count("replicas", draft.scenario.durability.replicas, 1, 2);
}

void read_sla(TableReader& root, Draft& draft) {
  const auto value = root.find("sla");
  auto* table = value ? value->as_table("[sla]") : nullptr;
  if (table == nullptr) return;
  Sla& sla = draft.scenario.sla;
  TableReader reader(*table, "[sla]", root.issues());
  read_thresholds(reader, sla);
  reader.duration("sample", sla.sample, Zero::refused);
  constexpr Duration shortest = std::chrono::milliseconds{1};
  if (sla.sample < shortest) {
    reader.wrong("has a 'sample' below " + format_duration(shortest));
  }
  const bool window = reader.duration("window", sla.window, Zero::refused);
  if (!window) sla.window = std::max(sla.window, sla.sample);
  if (sla.window < sla.sample) {
    reader.find("window")->wrong("is shorter than one 'sample', " + format_duration(sla.sample));
  }
  if (const auto latency = reader.find("latency")) read_latency(*latency, sla);
  if (const auto wanted = reader.find("availability")) read_availability(*wanted, sla);
}

void read_faults(TableReader& root, Draft& draft) {
  for (toml::table* table : tables_of_array(root, "fault")) {
    Fault fault;
    TableReader reader(*table, "[[fault]]", root.issues());
    read_fault(reader, draft, fault);
    draft.scenario.faults.push_back(std::move(fault));
  }
}

}  // namespace vm
