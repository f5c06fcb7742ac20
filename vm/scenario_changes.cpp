// [[change]]: what somebody did to a run while it was played (vm/change.hpp).
#include <algorithm>

#include "vm/scenario_readers.hpp"

namespace vm {
namespace {

constexpr Choice<ChangeKind> change_names[] = {{"load", ChangeKind::load},
                                               {"crash", ChangeKind::crash},
                                               {"slow", ChangeKind::slow},
                                               {"threshold", ChangeKind::threshold}};

void read_load(TableReader& reader, const Draft& draft, Change& change) {
  if (const auto factor = reader.need("factor", "2.0")) {
    change.value = factor->as_number(Change::least_load, Change::most_load).value_or(change.value);
  }
  if (const auto clients = reader.find("clients")) {
    const auto index = clients->as_one_of("clients", names_of(draft.scenario.clients));
    if (index) change.group = GroupId{static_cast<std::uint32_t>(*index)};
  }
}

void read_share(TableReader& reader, Change& change) {
  if (const auto share = reader.need("to", "\"50 %\""))
    change.value = share->as_percent(Change::least_share, 1).value_or(change.value);
}

void read_machine(TableReader& reader, Change& change) {
  const auto machine = reader.need("machine", "0");
  if (!machine) return;
  if (const auto index = machine->as_count(0, most_machines))
    change.machine = MachineId{static_cast<std::uint32_t>(*index)};
}

void read_change(TableReader& reader, const Draft& draft, Change& change) {
  if (const auto at = reader.need("at", "\"61250 ms\"")) {
    change.at = Time{at->as_duration(Zero::allowed).value_or(Duration{})};
    if (change.at.time_since_epoch() >= draft.scenario.duration) {
      at->wrong("is not within the run's 'duration'");
    }
  }
  const auto kind = reader.need("kind", "\"load\"");
  if (!reader.choice("kind", change.kind, change_names)) {
    for (const auto* key : {"factor", "clients", "machine", "for", "to"}) (void)reader.find(key);
    return;
  }
  if (const auto& hosts = draft.scenario.consolidation) {
    if (change.kind != ChangeKind::threshold)
      kind->wrong("does not fit: of a [consolidation] only the threshold can be changed");
    else if (!has_threshold(hosts->center))
      kind->wrong("does not fit: only detector \"THR\" has a threshold");
  }
  switch (change.kind) {
    case ChangeKind::load:
      return read_load(reader, draft, change);
    case ChangeKind::crash:
      read_machine(reader, change);
      if (const auto lasts = reader.find("for")) change.lasts = lasts->as_duration(Zero::refused);
      return;
    case ChangeKind::slow:
      read_machine(reader, change);
      return read_share(reader, change);
    case ChangeKind::threshold:
      return read_share(reader, change);
  }
}

}  // namespace

void read_changes(TableReader& root, Draft& draft) {
  for (toml::table* table : tables_of_array(root, "change")) {
    Change change;
    TableReader reader(*table, "[[change]]", root.issues());
    read_change(reader, draft, change);
    draft.scenario.changes.push_back(change);
  }
  std::ranges::stable_sort(draft.scenario.changes, {}, &Change::at);
}

}  // namespace vm
