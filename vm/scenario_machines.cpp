// [flavor.NAME], [[fleet]] and [failover]: what there is, and what is done when it breaks.
#include <algorithm>

#include "vm/scenario_readers.hpp"
#include "vm/spelling.hpp"

namespace vm {
namespace {

constexpr Choice<Scheduling> scheduling_names[] = {
    {"processor-sharing", Scheduling::processor_sharing}, {"fifo", Scheduling::fifo}};
constexpr Choice<FailoverPolicy> policy_names[] = {
    {"none", FailoverPolicy::none},
    {"fresh-machine", FailoverPolicy::fresh_machine},
    {"split", FailoverPolicy::split},
    {"bigger-flavor", FailoverPolicy::bigger_flavor}};
constexpr Choice<AfterFailover> after_names[] = {{"keep", AfterFailover::keep},
                                                 {"release", AfterFailover::release}};

void read_admission(const Value& value, Flavor& flavor) {
  auto* table = value.as_table("{ rate = \"100 /s\", burst = 10 }");
  if (table == nullptr) return;
  TableReader reader(*table, "'admission'", value.issues);
  Admission admission;
  if (const auto rate = reader.need("rate", "\"100 /s\"")) {
    admission.rate = rate->as_rate(Zero::refused).value_or(1);
  }
  reader.number("burst", admission.burst, 1, 1e9);
  flavor.admission = admission;
}

void read_capacity(TableReader& reader, Capacity& capacity) {
  if (const auto cores = reader.need("cores", "2 or 0.25")) {
    capacity.cores = cores->as_number(1e-6, 1e6).value_or(1);
  }
  if (const auto memory = reader.need("memory", "\"256 MiB\"")) {
    capacity.memory = memory->as_bytes(Zero::refused).value_or(Bytes{1});
  }
  if (const auto disk = reader.need("disk", "\"20 MB/s\"")) {
    capacity.disk = disk->as_byte_rate(Zero::refused).value_or(BytesPerSecond{1});
  }
  if (const auto network = reader.need("network", "\"100 Mbit/s\"")) {
    capacity.network = network->as_byte_rate(Zero::refused).value_or(BytesPerSecond{1});
  }
}

/// Does another flavor offer more of anything that counts?
bool has_bigger(const Scenario& scenario, FlavorId flavor) {
  const Capacity& small = scenario.flavors[flavor.value].capacity;
  return std::ranges::any_of(scenario.flavors, [&](const Flavor& other) {
    return other.capacity.cores > small.cores || other.capacity.memory > small.memory;
  });
}

std::optional<FlavorId> read_flavor_reference(const Value& value, const Scenario& scenario) {
  const auto index = value.as_one_of("flavor", names_of(scenario.flavors));
  if (!index) return std::nullopt;
  return FlavorId{static_cast<std::uint32_t>(*index)};
}

/// The keys that [failover] and the `failover` of a fleet share.
void read_failover_keys(TableReader& reader, const Scenario& scenario, FailoverConfig& config,
                        std::optional<AfterFailover>& after) {
  reader.choice("policy", config.policy, policy_names);
  if (const auto flavor = reader.find("flavor")) {
    if (const auto id = read_flavor_reference(*flavor, scenario)) config.flavor = id;
  }
  reader.duration("pause", config.pause, Zero::refused);
  reader.byte_rate("bandwidth", config.bandwidth, Zero::refused);
  reader.duration("cooldown", config.cooldown, Zero::allowed);
  reader.count("at_once", config.at_once, 1, most_machines);
  reader.percent("stop", config.stop, 0.0001, 1);
  reader.count("rounds", config.rounds, 1, 10'000);
  reader.count("attempts", config.attempts, 1, 1'000);
  reader.duration("timeout", config.timeout, Zero::refused);
  reader.duration("boot_timeout", config.boot_timeout, Zero::refused);
  reader.count("boot_attempts", config.boot_attempts, 1, 1'000);
  reader.duration("detect", config.detect, Zero::allowed);
  AfterFailover chosen{};
  if (reader.choice("after", chosen, after_names)) after = chosen;
  // Half of a split stays behind and needs its machine; whatever moved all leaves an empty one.
  const bool leaves_nobody = config.policy == FailoverPolicy::fresh_machine ||
                             config.policy == FailoverPolicy::bigger_flavor;
  config.after = after.value_or(leaves_nobody ? AfterFailover::release : AfterFailover::keep);
}

void check_machines(TableReader& root, const Draft& draft) {
  std::int64_t machines = 0;
  for (const Fleet& fleet : draft.scenario.fleets) {
    machines += std::int64_t{fleet.count} + fleet.spare;
  }
  if (machines > most_machines) {
    root.wrong("has " + std::to_string(machines) + " machines in all its fleets, at most " +
               std::to_string(most_machines));
  }
}

}  // namespace

std::string default_fleet_name(std::size_t index) {
  return index == 0 ? "fleet" : "fleet" + std::to_string(index + 1);
}

void read_flavors(TableReader& root, Draft& draft) {
  const auto tables = named_tables(root, "flavor");
  if (tables.empty()) root.wrong("needs at least one [flavor.NAME]");
  for (const auto& [name, table] : tables) {
    Flavor flavor;
    flavor.name = name;
    TableReader reader(*table, "[flavor." + flavor.name + "]", root.issues());
    read_capacity(reader, flavor.capacity);
    if (const auto boot = reader.find("boot")) {
      const auto time = read_distribution(*boot, Measure::seconds, Zero::allowed, draft.base);
      if (time) flavor.boot = *time;
    }
    reader.percent("boot_failure", flavor.boot_failure, 0, 1);
    reader.number("price", flavor.price, 0, 1e9);
    if (const auto queue = reader.find("queue")) {
      if (const auto most = queue->as_count(1, 1'000'000'000)) {
        flavor.queue = static_cast<std::uint32_t>(*most);
      }
    }
    if (const auto admission = reader.find("admission")) read_admission(*admission, flavor);
    reader.choice("cpu_scheduling", flavor.cpu_scheduling, scheduling_names);
    reader.choice("disk_scheduling", flavor.disk_scheduling, scheduling_names);
    draft.scenario.flavors.push_back(std::move(flavor));
  }
}

void read_failover(TableReader& root, Draft& draft) {
  const auto value = root.find("failover");
  if (!value) return;
  auto* table = value->as_table("[failover]");
  if (table == nullptr) return;
  TableReader reader(*table, "[failover]", root.issues());
  (void)reader.need("policy", "\"split\"");
  read_failover_keys(reader, draft.scenario, draft.failover, draft.after);
}

void read_fleets(TableReader& root, Draft& draft) {
  const auto tables = tables_of_array(root, "fleet");
  if (tables.empty()) root.wrong("needs at least one [[fleet]]");
  for (toml::table* table : tables) {
    const std::size_t index = draft.scenario.fleets.size();
    Fleet fleet;
    fleet.failover = draft.failover;
    TableReader reader(*table, "[[fleet]]", root.issues());
    fleet.name = default_fleet_name(index);
    if (const auto name = reader.find("name")) fleet.name = name->as_name().value_or(fleet.name);
    const auto names = names_of(draft.scenario.fleets);
    if (std::ranges::find(names, std::string_view(fleet.name)) != names.end()) {
      reader.wrong("there is a fleet " + in_quotes(fleet.name) + " already");
    }
    if (const auto flavor = reader.need("flavor", "\"small\"")) {
      fleet.flavor = read_flavor_reference(*flavor, draft.scenario).value_or(FlavorId{0});
    }
    reader.count("count", fleet.count, 1, most_machines);
    reader.count("spare", fleet.spare, 0, most_machines);
    if (const auto failover = reader.find("failover")) {
      auto after = draft.after;
      if (auto* overrides = failover->as_table("{ policy = \"split\" }")) {
        TableReader keys(*overrides, "'failover' of the fleet", root.issues());
        read_failover_keys(keys, draft.scenario, fleet.failover, after);
      }
    }
    const bool wants_bigger = fleet.failover.policy == FailoverPolicy::bigger_flavor;
    if (wants_bigger && !fleet.failover.flavor && !draft.scenario.flavors.empty() &&
        !has_bigger(draft.scenario, fleet.flavor)) {
      reader.wrong("fails over to a bigger flavor, but none is bigger than " +
                   in_quotes(draft.scenario.flavors[fleet.flavor.value].name));
    }
    draft.scenario.fleets.push_back(std::move(fleet));
  }
  check_machines(root, draft);
}

}  // namespace vm
