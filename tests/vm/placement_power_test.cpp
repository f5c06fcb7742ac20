#include "vm/placement_power.hpp"

#include <optional>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/random.hpp"
#include "vm/placement_start.hpp"

namespace {

using vm::Candidate;
using vm::PowerPlacement;
using Choice = vm::PlacementChoice;

const vm::PowerCurve g4{{86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117}};
const vm::PowerCurve g5{{93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135}};
/// Draws little when idle, so that the watts of a VM are not small beside it; or nothing at all.
const vm::PowerCurve lean{{20, 60, 100, 140, 160, 180, 200, 230, 240, 250, 260}};
const vm::PowerCurve from_nothing{{0, 10, 20, 30, 45, 60, 75, 80, 90, 95, 100}};
const std::vector<vm::HostPower> kinds{
    {1860, 3720, g4}, {2660, 5320, g5}, {2000, 4000, lean}, {2500, 5000, from_nothing}};

TEST_CASE("power: the measured points, straight lines between them, held at the ends") {
  CHECK(g4.at(0) == 86);
  CHECK(g4.at(0.1) == 89.4);
  CHECK(g4.at(0.3) == Approx(96));
  CHECK(g4.at(0.65) == Approx(107));  // between 106 and 108
  CHECK(g4.at(0.99) == Approx(116.7));
  CHECK(g4.at(1) == 117);
  CHECK(g4.at(1.5) == 117);
  CHECK(g4.at(-1) == 86);
}

Candidate random_candidate(sim::RandomStream& random, vm::HostIndex host) {
  const auto kind = static_cast<vm::HostKindIndex>(random.below(kinds.size()));
  const double capacity = kinds[kind].capacity;
  // Hosts on the same stretch of the curve, many of them in the same state.
  const double use =
      random.below(3) == 0 ? static_cast<double>(random.below(50)) / 50 : random.uniform();
  const double allocated = use * capacity;
  const double planned = random.below(2) == 0 ? 0 : allocated * random.uniform() * 0.2;
  const double free = capacity - allocated;
  return {host,
          kind,
          allocated,
          free,
          random.below(4) == 0 ? free / 3 : 1e9,
          kinds[kind].power.at((allocated - planned) / capacity)};
}

/// Looks at every candidate in order of host.
std::optional<Choice> plain_scan(const std::vector<std::optional<Candidate>>& candidates,
                                 double demand, double weight, std::optional<Choice> best,
                                 vm::HostIndex refused) {
  for (const auto& c : candidates) {
    if (!c || c->host % 7 == refused || demand > kinds[c->kind].core) continue;
    if (c->free < demand || c->room < weight) continue;
    const Choice choice{c->host, vm::power_cost(kinds[c->kind], c->allocated, demand, c->watts)};
    if (!best || vm::beats(choice, *best)) best = choice;
  }
  return best;
}

/// Hosts as they are measured: many on the same stretch of the curve, some at its very ends.
Candidate measured_candidate(sim::RandomStream& random, vm::HostIndex host) {
  Candidate c = random_candidate(random, host);
  const vm::HostPower& kind = kinds[c.kind];
  if (random.below(5) == 0)
    c.allocated = static_cast<double>(random.below(11)) / 10 * kind.capacity;
  c.free = random.below(10) == 0 ? 0 : kind.capacity - c.allocated;
  c.watts = kind.power.at(c.allocated / kind.capacity);
  return c;
}

/// Both kinds of G5's equally steep tenths (60 to 90 %) are met as often as single ones: a demand
/// that is a share of a tenth, or a whole number of them.
double random_demand(sim::RandomStream& random) {
  if (random.below(20) == 0) return 0;  // rests, but lives
  if (random.below(8) == 0) return 532.0 * static_cast<double>(1 + random.below(3));
  return random.uniform_positive() * random.uniform_positive() * 2500;
}

TEST_CASE("placement: the choice is exactly that of a scan of all hosts") {
  const auto seed = GENERATE(range(0u, 40u));
  CAPTURE(seed);
  sim::RandomStream random(seed, "test.placement");
  const std::size_t hosts = 1 + random.below(seed % 4 == 0 ? 6000 : 800);
  // In a large data center planned hosts are filed more finely.
  PowerPlacement placement(kinds, seed % 3 == 0 ? hosts + 200'000 : hosts);
  std::vector<std::optional<Candidate>> candidates(hosts);
  std::vector<Candidate> at_first;
  for (vm::HostIndex host = 0; host < hosts; ++host) {
    if (random.below(10) == 0) continue;
    at_first.push_back(measured_candidate(random, host));
    candidates[host] = at_first.back();
  }
  placement.begin(at_first);
  for (int step = 0; step < 1000; ++step) {
    // Now and then most of them leave at once, so that the others close ranks.
    for (vm::HostIndex leaving = 0; seed % 8 == 0 && step % 300 == 299 && leaving < hosts;
         ++leaving) {
      if (random.below(3) == 0) continue;
      placement.remove(leaving);
      candidates[leaving].reset();
    }
    const auto host = static_cast<vm::HostIndex>(random.below(hosts));
    const auto what = random.below(8);
    if (what == 0) {
      placement.remove(host);
      candidates[host].reset();
    } else if (what == 1) {
      candidates[host] = random_candidate(random, host);  // planned for
      placement.update(*candidates[host]);
    } else if (what == 2 && !at_first.empty()) {
      const Candidate& back = at_first[random.below(at_first.size())];  // as if rolled back
      candidates[back.host] = back;
      placement.update(back);
    }
    const double demand = random_demand(random);
    const double weight = demand * (0.5 + random.uniform());
    const auto refused = static_cast<vm::HostIndex>(random.below(8));  // 7: nobody
    std::optional<Choice> bound;
    if (random.below(3) == 0)
      bound = Choice{static_cast<vm::HostIndex>(random.below(hosts)), random.uniform() * 5};
    const auto chosen =
        placement.choose({demand, weight}, bound, [&](vm::HostIndex h, const vm::Spare& spare) {
          CHECK(spare.free == candidates[h]->free - demand);
          CHECK(spare.room == candidates[h]->room - weight);
          return h % 7 != refused;
        });
    const auto plain = plain_scan(candidates, demand, weight, bound, refused);
    REQUIRE(chosen.has_value() == plain.has_value());
    if (!chosen) continue;
    REQUIRE(chosen->host == plain->host);
    REQUIRE(chosen->cost == plain->cost);
  }
  placement.begin({});
  CHECK_FALSE(placement.choose({1, 1}, {}, [](vm::HostIndex, vm::Spare) { return true; }));
}

TEST_CASE("presence: the next and the last taken place, on either side of a word's end") {
  vm::Presence presence;
  presence.fill(200);
  for (std::size_t place = 0; place < 200; ++place)
    if (place != 3 && place != 63 && place != 64 && place != 199) presence.leave(place);
  CHECK(presence.next(0, 200) == 3);
  CHECK(presence.next(4, 200) == 63);
  CHECK(presence.next(65, 200) == 199);
  CHECK(presence.next(65, 199) == 199);  // none: the end
  CHECK(presence.previous(0, 200) == 200);
  CHECK(presence.previous(0, 199) == 65);
  CHECK(presence.previous(0, 64) == 64);
  CHECK(presence.previous(4, 63) == 4);  // none: the beginning
  presence.take(100);
  CHECK(presence.next(65, 200) == 100);
}

vm::DataCenter center(std::uint32_t hosts, std::uint32_t vms) {
  vm::DataCenter c;
  c.host_kinds = {{"g4", 2, 1860, 4096, 1e6, g4}, {"g5", 2, 2660, 4096, 1e6, g5}};
  c.hosts = hosts;
  c.vm_kinds = {{"a", 2500, 870}, {"b", 2000, 1740}, {"c", 1000, 1740}, {"d", 500, 613}};
  c.vms = vms;
  return c;
}

TEST_CASE("placement: VMs start where the reference starts them") {
  // Checkpoint of CloudSim 3.0.3 with 800 hosts and 1,052 VMs.
  const auto homes = vm::start_hosts(center(800, 1052));
  CHECK(homes[0] == 1u);
  CHECK(homes[1] == 3u);
  CHECK(homes[262] == 525u);
  CHECK(homes[263] == 527u);
  CHECK(homes[264] == 529u);
  CHECK(homes[526] == 0u);
  CHECK(homes[527] == 2u);
  CHECK(homes[789] == 526u);
  CHECK(homes[1051] == 776u);
}

TEST_CASE("placement: without consolidation VMs start on the first host that fits") {
  auto c = center(4, 8);  // two of each kind, in order
  c.running = vm::Running::dvfs;
  const auto homes = vm::start_hosts(c);
  // 2500 MIPS need a core of 2660: both on host 1 (5320). 2000: both on host 3, where 1320 are
  // left. 1000 MIPS and 1740 MB: host 0 holds two of them in memory and in MIPS (3720). Then 500
  // MIPS and 613 MB: host 0 has 1720 MIPS and 616 MB left for one; host 1 has but 320 MIPS; so
  // host 2.
  const std::vector<std::optional<vm::HostIndex>> expected{1u, 1u, 3u, 3u, 0u, 0u, 0u, 2u};
  CHECK(homes == expected);
  CHECK(vm::start_hosts(center(1, 1)) == std::vector<std::optional<vm::HostIndex>>{std::nullopt});
}

}  // namespace
