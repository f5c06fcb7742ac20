#include "vm/vm_selection.hpp"

#include <array>
#include <vector>

#include <catch2/catch.hpp>

namespace {

using vm::Leaver;
using vm::select_vm;
using vm::VmSelection;

TEST_CASE("vm selection: least memory and least utilisation, the first among equals") {
  sim::RandomStream random(1, "test");
  const std::vector<Leaver> leavers{
      {1740, 0.3, {}}, {613, 0.5, {}}, {613, 0.1, {}}, {870, 0.1, {}}};
  CHECK(select_vm(VmSelection::least_migration_time, leavers, random) == 1);
  CHECK(select_vm(VmSelection::least_utilisation, leavers, random) == 2);
}

TEST_CASE("vm selection: random picks each equally often") {
  // 40,000 picks of 4: 10,000 each, standard deviation sqrt(40000 * 1/4 * 3/4) = 87; 5 of them.
  sim::RandomStream random(7, "test");
  const std::vector<Leaver> leavers(4);
  std::array<int, 4> picked{};
  for (int i = 0; i < 40'000; ++i) ++picked[select_vm(VmSelection::random, leavers, random)];
  for (const int n : picked) CHECK(std::abs(n - 10'000) < 435);
}

TEST_CASE("vm selection: the one that the others predict best has the highest correlation") {
  // The third is the sum of the first two and some noise, which they predict nearly exactly; the
  // fourth is noise that has nothing to do with anybody.
  sim::RandomStream random(3, "test");
  std::array<std::vector<double>, 4> histories;
  for (int i = 0; i < 30; ++i) {
    histories[0].push_back(random.uniform());
    histories[1].push_back(random.uniform());
    histories[2].push_back(histories[0].back() + histories[1].back() + 0.01 * random.uniform());
    histories[3].push_back(random.uniform());
  }
  std::vector<Leaver> leavers;
  for (const auto& history : histories) leavers.push_back({1000, 0.5, history});
  CHECK(select_vm(VmSelection::highest_correlation, leavers, random) == 2);
}

TEST_CASE("vm selection: without enough to correlate, memory decides") {
  sim::RandomStream random(1, "test");
  const std::vector<double> samples{0.1, 0.3, 0.2, 0.5};
  const std::vector<double> flat(4, 0.25);
  const std::vector<Leaver> alone{{900, 0.5, samples}};
  CHECK(select_vm(VmSelection::highest_correlation, alone, random) == 0);
  // Two samples for three VMs.
  const auto two = std::span<const double>{samples}.first(2);
  const std::vector<Leaver> young{{900, 0.5, two}, {800, 0.5, two}, {700, 0.5, two}};
  CHECK(select_vm(VmSelection::highest_correlation, young, random) == 2);
  // All zero: a column of nothing makes the regression of the others singular.
  const std::vector<double> zero(4, 0.0);
  const std::vector<Leaver> singular{{900, 0.5, samples}, {800, 0.5, zero}, {700, 0.5, flat}};
  CHECK(select_vm(VmSelection::highest_correlation, singular, random) == 2);
}

}  // namespace
