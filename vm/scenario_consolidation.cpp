// [host.NAME], [vm.NAME] and [consolidation]: a data center and how it is run.
#include <array>
#include <cmath>
#include <cstdio>

#include "vm/scenario_readers.hpp"
#include "vm/spelling.hpp"
#include "vm/text_file.hpp"

namespace vm {
namespace {

/// A way to run hosts, as the reference names it.
struct Method {
  std::string_view name;
  Running running;
  DetectorKind detector;
  double parameter;  // the reference's
};
constexpr std::array methods{Method{"THR", Running::consolidated, DetectorKind::threshold, 0.8},
                             Method{"IQR", Running::consolidated, DetectorKind::quartiles, 1.5},
                             Method{"MAD", Running::consolidated, DetectorKind::deviation, 2.5},
                             Method{"LR", Running::consolidated, DetectorKind::regression, 1.2},
                             Method{"LRR", Running::consolidated, DetectorKind::robust, 1.2},
                             Method{"DVFS", Running::dvfs, DetectorKind::threshold, 0.8},
                             Method{"NPA", Running::full_power, DetectorKind::threshold, 0.8}};
struct Selection {
  std::string_view name;
  VmSelection selection;
};
constexpr std::array selections{Selection{"MMT", VmSelection::least_migration_time},
                                Selection{"RS", VmSelection::random},
                                Selection{"MC", VmSelection::highest_correlation},
                                Selection{"MU", VmSelection::least_utilisation}};
constexpr Choice<FileOrder> order_names[] = {{"byte", FileOrder::byte},
                                             {"upper", FileOrder::upper}};
constexpr Choice<HostPlacement> placement_names[] = {
    {"power-aware-best-fit", HostPlacement::power_aware_best_fit},
    {"least-loaded", HostPlacement::least_loaded},
    {"first-fit", HostPlacement::first_fit},
    {"fresh-machine", HostPlacement::fresh_machine}};

struct Quirk {
  std::string_view name;
  bool Quirks::*kept;
};
constexpr std::array quirk_names{Quirk{"idle_vms_end", &Quirks::idle_vms_end},
                                 Quirk{"idle_hosts_off", &Quirks::idle_hosts_off},
                                 Quirk{"stale_watts", &Quirks::stale_watts},
                                 Quirk{"double_moves", &Quirks::double_moves},
                                 Quirk{"free_edges", &Quirks::free_edges},
                                 Quirk{"arrivals_violate", &Quirks::arrivals_violate},
                                 Quirk{"memory_unlimited", &Quirks::memory_unlimited},
                                 Quirk{"dead_weights", &Quirks::dead_weights}};

constexpr std::string_view where_traces_are =
    "; the PlanetLab traces of Beloglazov and Buyya (2012) are at "
    "https://github.com/beloglazov/planetlab-workload-traces: "
    "--set consolidation.trace=FOLDER takes one of its days";

std::optional<double> read_megabytes(TableReader& reader, std::string_view key,
                                     std::string_view example) {
  const auto value = reader.need(key, example);
  const auto bytes = value ? value->as_bytes(Zero::refused) : std::nullopt;
  if (!bytes) return std::nullopt;
  return static_cast<double>(bytes->count) / 1e6;
}

double read_mips(TableReader& reader) {
  const auto value = reader.need("mips", "1860");
  return value ? value->as_number(1e-3, 1e12).value_or(1) : 1;
}

/// Megabytes/s; 0 where the key is not there.
double read_rate(TableReader& reader, std::string_view key) {
  BytesPerSecond rate{0};
  reader.byte_rate(key, rate, Zero::refused);
  return rate.value / 1e6;
}

/// Watts at 0 %, 10 %, ... 100 %, none lower than the one before.
PowerCurve read_power(TableReader& reader) {
  constexpr std::string_view example = "[86, 89.4, ... 117]";
  std::array<double, PowerCurve::points> watts{};
  const auto value = reader.need("power", example);
  auto* array = value ? value->as_array(example, PowerCurve::points) : nullptr;
  if (array == nullptr) return PowerCurve{watts};
  if (array->size() != watts.size()) {
    value->wrong("expected watts at 0 %, 10 %, ... 100 %: 11 numbers, found " +
                 std::to_string(array->size()));
    return PowerCurve{watts};
  }
  for (std::size_t i = 0; i < watts.size(); ++i) {
    const Value point = value->at(*array->get(i));
    watts[i] = point.as_number(0, 1e9).value_or(i > 0 ? watts[i - 1] : 0);
    if (i > 0 && watts[i] < watts[i - 1]) point.wrong("falls; power grows with utilisation");
  }
  return PowerCurve{watts};
}

void read_host_kinds(TableReader& root, Draft& draft, DataCenter& center) {
  const auto tables = named_tables(root, "host");
  if (tables.empty()) root.wrong("needs at least one [host.NAME]");
  for (const auto& [name, table] : tables) {
    TableReader reader(*table, "[host." + std::string(name) + "]", root.issues());
    HostKind kind;
    kind.name = name;
    if (const auto cores = reader.need("cores", "2")) {
      kind.cores = cores->as_number(1, 1e6).value_or(1);
    }
    kind.mips = read_mips(reader);
    kind.memory = read_megabytes(reader, "memory", "\"4096 MB\"").value_or(1);
    reader.number("bandwidth", kind.bandwidth, 0, 1e15);
    kind.disk = read_rate(reader, "disk");
    kind.network = read_rate(reader, "network");
    kind.power = read_power(reader);
    center.host_kinds.push_back(kind);

    Flavor flavor;
    flavor.name = name;
    flavor.capacity.cores = kind.cores;
    flavor.capacity.memory = Bytes{std::llround(kind.memory * 1e6)};
    if (kind.disk > 0) flavor.capacity.disk = BytesPerSecond{kind.disk * 1e6};
    if (kind.network > 0) flavor.capacity.network = BytesPerSecond{kind.network * 1e6};
    draft.scenario.flavors.push_back(std::move(flavor));
  }
}

void read_vm_kinds(TableReader& root, DataCenter& center) {
  const auto tables = named_tables(root, "vm");
  if (tables.empty()) root.wrong("needs at least one [vm.NAME]");
  for (const auto& [name, table] : tables) {
    TableReader reader(*table, "[vm." + std::string(name) + "]", root.issues());
    VmKind kind;
    kind.name = name;
    kind.mips = read_mips(reader);
    kind.memory = read_megabytes(reader, "memory", "\"870 MB\"").value_or(1);
    reader.number("bandwidth", kind.bandwidth, 0, 1e15);
    center.vm_kinds.push_back(kind);
  }
}

/// A CSV file, or a folder with one.
bool is_bitbrains(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return true;
  for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error))
    if (entry->path().extension() == ".csv") return true;
  return false;
}

/// true, false, or a table with one of them for each quirk.
void read_quirks(TableReader& reader, Quirks& quirks) {
  const auto value = reader.find("quirks");
  if (!value) return;
  if (!value->node.is_table()) {
    const auto kept = value->as_bool();
    if (kept && !*kept) quirks = Quirks::none();
    return;
  }
  TableReader table(*value->as_table("{ idle_vms_end = false }"), "'quirks'", value->issues);
  for (const Quirk& quirk : quirk_names) {
    const auto one = table.find(quirk.name);
    if (const auto kept = one ? one->as_bool() : std::nullopt) quirks.*quirk.kept = *kept;
  }
}

/// A folder, a file, or { generated = 200 }.
std::optional<UsageTraces> read_trace(TableReader& reader, const Draft& draft) {
  FileOrder order = FileOrder::byte;
  reader.choice("order", order, order_names);
  const auto value = reader.find("trace");
  if (!value) {
    reader.wrong("needs a trace" + std::string(where_traces_are));
    return std::nullopt;
  }
  if (value->node.is_table()) {
    auto* table = value->as_table("{ generated = 200 }");
    TableReader made(*table, "'trace'", value->issues);
    std::uint32_t vms = 0;
    if (const auto count = made.need("generated", "200")) {
      vms = static_cast<std::uint32_t>(count->as_count(1, most_machines).value_or(0));
    }
    if (vms == 0) return std::nullopt;
    return generate_usage(vms, draft.scenario.seed);
  }
  const auto folder = resolve_file(*value, draft.base);
  if (!folder) return std::nullopt;
  std::error_code error;
  if (!std::filesystem::exists(*folder, error)) {
    value->wrong("there is no folder " + in_quotes(folder->string()) +
                 std::string(where_traces_are) + suggestion_beside(*folder));
    return std::nullopt;
  }
  auto traces = is_bitbrains(*folder) ? read_bitbrains(*folder) : read_planetlab(*folder, order);
  if (traces) return std::move(*traces);
  for (const Issue& issue : traces.issues()) value->issues.add(issue);
  return std::nullopt;
}

template <class Named, std::size_t N>
std::optional<Named> read_named(TableReader& reader, std::string_view key,
                                const std::array<Named, N>& all) {
  const auto value = reader.find(key);
  if (!value) return all.front();
  std::vector<std::string_view> names;
  for (const Named& named : all) names.push_back(named.name);
  const auto index = value->as_one_of(key, names);
  if (!index) return std::nullopt;
  return all[*index];
}

/// "THR-MMT 0.8"; a method that moves nobody has neither selection nor parameter.
std::string method_name(const Method& method, std::string_view selection, double parameter) {
  if (method.running != Running::consolidated) return std::string(method.name);
  char number[32];
  std::snprintf(number, sizeof number, " %g", parameter);
  return std::string(method.name) + '-' + std::string(selection) + number;
}

void read_policy(TableReader& reader, Consolidation& into, Duration& sample) {
  ConsolidationPolicy& policy = into.center.policy;
  const auto method = read_named(reader, "detector", methods);
  const auto selection = read_named(reader, "selection", selections);
  double parameter = method ? method->parameter : 1;
  reader.number("parameter", parameter, 1e-6, 1e6);
  reader.choice("placement", policy.placement, placement_names);
  read_quirks(reader, policy.quirks);
  reader.percent("others", into.center.other_threshold, 0.01, 1);
  Duration interval = sim::from_seconds(policy.interval);
  reader.duration("interval", interval, Zero::refused);
  policy.interval = sim::seconds(interval);
  sample = interval;
  BytesPerSecond bandwidth{policy.memory_per_second * 1e6};
  reader.byte_rate("migration", bandwidth, Zero::refused);
  policy.memory_per_second = bandwidth.value / 1e6;
  if (!method || !selection) return;
  into.center.running = method->running;
  policy.detector = {method->detector, parameter};
  policy.selection = selection->selection;
  into.method = method_name(*method, selection->name, parameter);
  if (method->running != Running::consolidated) return;
  for (const auto& placement : placement_names)
    if (placement.value == policy.placement && placement.value != HostPlacement{})
      into.method += ", " + std::string(placement.name);
}

/// A fleet for each kind of host: host i is of kind i mod their number.
void deal_out(Scenario& scenario, const DataCenter& center) {
  const auto kinds = static_cast<std::uint32_t>(center.host_kinds.size());
  for (std::uint32_t k = 0; k < kinds; ++k) {
    Fleet fleet;
    fleet.name = center.host_kinds[k].name;
    fleet.flavor = FlavorId{k};
    fleet.count = (center.hosts + kinds - 1 - k) / kinds;
    scenario.fleets.push_back(std::move(fleet));
  }
}

}  // namespace

void read_consolidation(TableReader& root, Draft& draft) {
  Consolidation consolidation;
  DataCenter& center = consolidation.center;
  read_host_kinds(root, draft, center);
  read_vm_kinds(root, center);
  const auto value = root.need("consolidation", "[consolidation]");
  auto* table = value->as_table("[consolidation]");
  if (table == nullptr) return;
  TableReader reader(*table, "[consolidation]", root.issues());
  if (const auto hosts = reader.need("hosts", "800")) {
    center.hosts = static_cast<std::uint32_t>(hosts->as_count(1, most_machines).value_or(1));
  }
  auto traces = read_trace(reader, draft);
  if (traces) {
    center.vms = static_cast<std::uint32_t>(traces->size());
    consolidation.traces = std::make_shared<const UsageTraces>(std::move(*traces));
  }
  reader.count("vms", center.vms, 1, most_tenants);
  read_policy(reader, consolidation, draft.scenario.sla.sample);
  const double lasts = sim::seconds(draft.scenario.duration);
  if (lasts <= center.start + center.policy.interval && draft.scenario.duration > Duration{}) {
    reader.wrong("'interval' leaves no measurement within the scenario's duration");
  }
  center.end = lasts;
  center.seed = draft.scenario.seed;
  deal_out(draft.scenario, center);
  draft.scenario.consolidation = std::move(consolidation);
}

}  // namespace vm
