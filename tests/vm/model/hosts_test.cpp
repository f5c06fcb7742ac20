#include "vm/model/hosts.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/summary.hpp"

namespace {

using vm::DetectorKind;
using vm::Running;
using vm::VmSelection;

/// The reference's data center: 800 hosts, one VM for each file.
vm::DataCenter reference(std::uint32_t vms) {
  vm::DataCenter c;
  c.host_kinds = {{"HP ProLiant ML110 G4", 2, 1860, 4096, 1e6,
                   vm::PowerCurve{{86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117}}},
                  {"HP ProLiant ML110 G5", 2, 2660, 4096, 1e6,
                   vm::PowerCurve{{93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135}}}};
  c.hosts = 800;
  c.vm_kinds = {
      {"large", 2500, 870}, {"medium", 2000, 1740}, {"small", 1000, 1740}, {"micro", 500, 613}};
  c.vms = vms;
  return c;
}

/// `count` VMs whose use wanders, and is nothing at all for whole hours.
vm::UsageTraces wandering(std::size_t count, std::uint64_t seed) {
  vm::UsageTraces traces;
  traces.length = 289;
  for (std::size_t v = 0; v < count; ++v) {
    sim::RandomStream random(seed, "test.trace", v);
    traces.names.push_back(std::to_string(v));
    double level = random.uniform() * random.uniform();
    for (std::size_t i = 0; i < traces.length; ++i) {
      level = std::min(0.99, std::max(0.0, level + 0.1 * (random.uniform() - 0.5)));
      traces.values.push_back(std::floor(level * 100) / 100);
    }
  }
  return traces;
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

TEST_CASE("hosts: two idle-ish VMs meet on one host, and the other is switched off") {
  // Kinds alternate: hosts 0 and 2 are G4, 1 and 3 G5. VMs of 1000 and 500 MIPS (two blocks) start
  // on the cheapest growth: P(1000 / 3720) - P(0) = 8.9 W on a G4 and 7.8 W on a G5, so host 1;
  // 500: on host 1 from there P(1500 / 5320) - P(0) = 10.5, on an empty G5 P(500 / 5320) = 3.1 W.
  auto c = reference(2);
  c.hosts = 4;
  c.vm_kinds = {{"small", 1000, 1740}, {"micro", 500, 613}};
  const auto traces = constant({0.5, 0.5});
  std::vector<vm::ConsolidationInterval> rows;
  vm::model::Hosts hosts(c, traces);
  const auto outcome = hosts.play([&](const auto& row) {
    rows.push_back(row);
    return true;
  });
  // At 300.1 s both hosts are on; the one with 250 MIPS gives its VM to the one with 500. It copies
  // 613 MB in 9.808 s and is off from then on; so are the two that never had a VM, at 300.1 s.
  REQUIRE(rows.size() == 287);
  CHECK(rows[0].active_hosts == 2);
  CHECK(rows[0].migrations == 1);
  CHECK(rows[1].active_hosts == 1);
  CHECK(outcome.migrations == 1);
  CHECK(outcome.vm_moves == 1);
  CHECK(outcome.migration.mean() == Approx(9.808));
  CHECK(outcome.host_shutdowns() == 3);
  CHECK(outcome.before_shutdown.mean() == Approx((2 * 300.1 + 309.908) / 3));
  // Until 300.1 s nothing is counted. While the VM is under way the target carries 10 % of it and
  // the source all of it; afterwards one G5 carries 750 of 5320 MIPS for the rest, to 86,100.1 s.
  const vm::PowerCurve& g5 = c.host_kinds[1].power;
  const auto watts = [&](double mips) { return g5.at(mips / 5320); };
  const double joules = 9.808 * (watts(525) + watts(250)) + (85'800 - 9.808) * watts(750);
  CHECK(outcome.energy_kwh == Approx(joules / 3.6e6).epsilon(1e-9));
  // A VM under way gets 90 %; nobody lacks anything otherwise.
  CHECK(outcome.pdm() == Approx(25 * 9.808 / (750 * 85'800.0)));
  CHECK(outcome.overall_sla_violation() == Approx(outcome.pdm()));
  CHECK(outcome.average_sla_violation() == Approx(0.1));
  CHECK(outcome.slatah() <= 2 * 9.808 / 85'800);
  CHECK(outcome.slatah() >= 9.808 / 85'820);
}

TEST_CASE("hosts: a VM for which no host has room stays out") {
  // One host of 2400 MIPS: two VMs of 1200 are promised all of it, the third finds nothing.
  auto c = reference(3);
  c.hosts = 1;
  c.host_kinds[0].mips = 1200;
  c.vm_kinds = {{"medium", 1200, 100}};
  const auto traces = constant({0.9, 0.9, 0.9});
  const auto outcome = vm::model::Hosts(c, traces).play();
  CHECK(outcome.unplaced == 1);
  CHECK(outcome.requested == Approx(2 * 0.9 * 1200 * 85'800));
  CHECK(outcome.received == Approx(outcome.requested));
}

TEST_CASE("hosts: a VM that asks for nothing twice has ended") {
  auto c = reference(2);
  c.hosts = 2;
  c.vm_kinds = {{"small", 1000, 1740}};
  auto traces = constant({0.5, 0.5});
  for (std::size_t i = 100; i < traces.length; ++i) traces.values[i] = 0;
  vm::model::Hosts hosts(c, traces);
  std::uint32_t last = 0;
  const auto outcome = hosts.play([&](const auto& row) {
    last = row.vms;
    return true;
  });
  CHECK(outcome.idle_removed == 1);
  CHECK(last == 1);
}

TEST_CASE("hosts: full power all day is arithmetic") {
  // 400 * (117 + 135) W for 86,100.1 s, whatever the VMs do (CloudSim: 2410.8028 kWh).
  auto c = reference(40);
  c.running = Running::full_power;
  const auto traces = wandering(40, 1);
  CHECK(vm::model::Hosts(c, traces).play().energy_kwh == Approx(2410.8028).epsilon(1e-12));
}

TEST_CASE("hosts: the same seed is the same day, another one is not", "[golden]") {
  auto c = reference(200);
  c.hosts = 120;
  c.policy.selection = VmSelection::random;
  const auto traces = wandering(200, 5);
  const auto play = [&](std::uint64_t seed) {
    c.seed = seed;
    return vm::model::Hosts(c, traces).play();
  };
  const auto first = play(1), again = play(1), other = play(2);
  CHECK(first.fingerprint == again.fingerprint);
  CHECK(first.fingerprint != other.fingerprint);
  CHECK(first.migrations > 1000);
  // Whatever moved was under way for one of the three times that the sizes give.
  CHECK(first.vm_moves <= first.migrations);
  CHECK(first.migration.mean() > 9.8);
  CHECK(first.migration.mean() < 27.9);
}

TEST_CASE("hosts: consolidation saves energy, and what it costs is counted") {
  const auto traces = wandering(200, 5);
  auto c = reference(200);
  c.hosts = 120;
  const auto moved = vm::model::Hosts(c, traces).play();
  c.running = Running::dvfs;
  const auto still = vm::model::Hosts(c, traces).play();
  CHECK(moved.energy_kwh < still.energy_kwh);
  CHECK(moved.slav() > 0);
  CHECK(still.migrations == 0);
  CHECK(moved.idle_removed == still.idle_removed);  // the traces decide, not the placement
}

// ---- The reference's own numbers, on the real traces
// ---------------------------------------------

struct Reference {
  const char* day;
  const char* name;
  Running running;
  vm::Detector detector;
  VmSelection selection;
  double energy_kwh;
  std::uint64_t migrations;
  double slatah, pdm, overall, average;
  std::uint64_t shutdowns;
  double shutdown_mean, shutdown_deviation, migration_mean, migration_deviation;
};

constexpr auto mmt = VmSelection::least_migration_time;
constexpr vm::Detector thr{DetectorKind::threshold, 0.8};

// CloudSim 3.0.3 (4.0 and 5.0 print the same), files in the order of their bytes.
const std::vector<Reference> references{
    {"20110303", "DVFS", Running::dvfs, thr, mmt, 802.7544918889142, 0, 0, 0, 0, 0, 455,
     2864.2758241758866, 11081.954024044866, 0, 0},
    {"20110303", "NPA", Running::full_power, thr, mmt, 2410.8028, 0, 0, 0, 0, 0, 455,
     2864.2758241758866, 11081.954024044866, 0, 0},
    {"20110303", "THR-MMT 0.8", Running::consolidated, thr, mmt, 192.6230702104301, 26711,
     0.049132826292777564, 6.463667653023383e-4, 7.100112334112545e-4, 0.10151138775947029, 5885,
     949.5826854715732, 3248.173611800221, 13.882234289359554, 6.319553196687205},
    {"20110303",
     "IQR-MMT 1.5",
     Running::consolidated,
     {DetectorKind::quartiles, 1.5},
     mmt,
     189.98007272498137,
     26282,
     0.04822550317694122,
     6.235223717749096e-4,
     7.063386499995401e-4,
     0.1002931576511981,
     5868,
     951.9229093388265,
     3597.3483530691465,
     13.559311130286853,
     6.0820523265479105},
    {"20110303",
     "MAD-MMT 2.5",
     Running::consolidated,
     {DetectorKind::deviation, 2.5},
     mmt,
     185.79167331176743,
     26556,
     0.050488181702388654,
     6.618525863521563e-4,
     7.891393807099014e-4,
     0.10026514269488286,
     5828,
     966.7462786548081,
     3499.22302318521,
     13.936318959619857,
     6.430386234321509},
    {"20110303",
     "LR-MMT 1.2",
     Running::consolidated,
     {DetectorKind::regression, 1.2},
     mmt,
     163.47721709836688,
     27859,
     0.05857947786183614,
     7.927465737772169e-4,
     0.001472355217554698,
     0.09558013672329341,
     5053,
     1028.866248169455,
     2241.960100454614,
     15.515674262956612,
     7.573383430826751},
    {"20110303",
     "LRR-MMT 1.2",
     Running::consolidated,
     {DetectorKind::robust, 1.2},
     mmt,
     163.47721709836688,
     27859,
     0.05857947786183614,
     7.927465737772169e-4,
     0.001472355217554698,
     0.09558013672329341,
     5053,
     1028.866248169455,
     2241.960100454614,
     15.515674262956612,
     7.573383430826751},
    {"20110303", "THR-MC 0.8", Running::consolidated, thr, VmSelection::highest_correlation,
     183.4761042016662, 23967, 0.06838235191094172, 0.0010193214187517077, 0.001116689207490488,
     0.10059656522329934, 5576, 982.9391929698263, 3134.2489628752937, 19.76656067882168,
     8.116176372527098},
    {"20110303", "THR-MU 0.8", Running::consolidated, thr, VmSelection::least_utilisation,
     207.79429855142962, 30653, 0.07382354346304039, 6.696494379799787e-4, 7.120669198829882e-4,
     0.10164887775389356, 6523, 971.3291135980074, 3247.595993557815, 19.51885313013757,
     8.050274711728806},
    {"20110306", "THR-MMT 0.8", Running::consolidated, thr, mmt, 144.74116399795003, 20908,
     0.051337116100120386, 7.004659791666152e-4, 7.6740967808378e-4, 0.10125483256243568, 4682,
     971.33719607008, 3216.5100261792595, 14.370363988797882, 6.710802645259824},
    {"20110306",
     "LR-MMT 1.2",
     Running::consolidated,
     {DetectorKind::regression, 1.2},
     mmt,
     123.28418639236499,
     20878,
     0.05882360408734412,
     7.861720486999679e-4,
     0.0014073410060666187,
     0.09618711500669219,
     4018,
     993.9951737182641,
     2348.4693186782256,
     15.436097249561339,
     7.536280436270283}};

/// The folder of a day: BRINK_TRACES names the folder of all traces, or one day's beside the
/// others.
std::optional<std::filesystem::path> folder_of(const std::string& day) {
  const char* named = std::getenv("BRINK_TRACES");
  if (named == nullptr) return std::nullopt;
  const std::filesystem::path folder{named};
  for (const auto& days : {folder / "planetlab", folder.parent_path()})
    if (std::filesystem::is_directory(days / day)) return days / day;
  return std::nullopt;
}

TEST_CASE("hosts: the reference's numbers to the last printed digit", "[reference]") {
  const auto& expected = GENERATE(from_range(references));
  const auto folder = folder_of(expected.day);
  if (!folder) {
    WARN("skipped: BRINK_TRACES does not lead to the PlanetLab traces of " << expected.day);
    return;
  }
  const auto traces = vm::read_planetlab(*folder, vm::FileOrder::byte);
  REQUIRE(traces);
  auto c = reference(static_cast<std::uint32_t>(traces->size()));
  c.running = expected.running;
  c.policy.detector = expected.detector;
  c.policy.selection = expected.selection;
  const auto got = vm::model::Hosts(c, *traces).play();

  CAPTURE(expected.day, expected.name);
  const auto near = [](double value) { return Approx(value).epsilon(1e-11); };
  CHECK(got.energy_kwh == Approx(expected.energy_kwh).epsilon(1e-15));
  CHECK(got.migrations == expected.migrations);
  CHECK(got.slatah() == near(expected.slatah));
  CHECK(got.pdm() == near(expected.pdm));
  CHECK(got.slav() == near(expected.slatah * expected.pdm));
  CHECK(got.overall_sla_violation() == Approx(expected.overall).epsilon(1e-10));
  CHECK(got.average_sla_violation() == near(expected.average));
  CHECK(got.host_shutdowns() == expected.shutdowns);
  CHECK(got.before_shutdown.mean() == near(expected.shutdown_mean));
  CHECK(got.before_shutdown.deviation() == near(expected.shutdown_deviation));
  CHECK(got.migration.mean() == near(expected.migration_mean));
  CHECK(got.migration.deviation() == near(expected.migration_deviation));
}

TEST_CASE("hosts: the reference's random selections lie within the spread of ours", "[reference]") {
  const auto folder = folder_of("20110303");
  if (!folder) {
    WARN("skipped: BRINK_TRACES does not lead to the PlanetLab traces of 20110303");
    return;
  }
  const auto traces = vm::read_planetlab(*folder, vm::FileOrder::byte);
  REQUIRE(traces);
  auto c = reference(static_cast<std::uint32_t>(traces->size()));
  c.policy.selection = VmSelection::random;
  sim::Welford energy, migrations;
  for (c.seed = 1; c.seed <= 20; ++c.seed) {
    const auto got = vm::model::Hosts(c, *traces).play();
    energy.add(got.energy_kwh);
    migrations.add(static_cast<double>(got.migrations));
  }
  // CloudSim's generator is not seeded; these are five runs of it (energy in kWh, migrations).
  sim::Welford their_energy, their_migrations;
  for (const double kwh : {183.5221017655502, 183.97642805232437, 182.92578695603822,
                           183.55826209147597, 184.3658811831773})
    their_energy.add(kwh);
  for (const double n : {24230, 24365, 23989, 24129, 24306}) their_migrations.add(n);
  // Means of 20 and of 5 runs: apart by less than three standard errors of their difference.
  const auto apart = [](const sim::Welford& a, const sim::Welford& b) {
    const double error = std::sqrt(a.variance() / static_cast<double>(a.count()) +
                                   b.variance() / static_cast<double>(b.count()));
    return std::fabs(a.mean() - b.mean()) / error;
  };
  CHECK(apart(energy, their_energy) < 3);
  CHECK(apart(migrations, their_migrations) < 3);
}

}  // namespace
