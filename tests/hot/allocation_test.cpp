// The hot path asks for no memory once it is warm, and benchmarks still run.
#include <catch2/catch.hpp>

#include "tests/hot/allocations.hpp"
#include "tests/scenarios.hpp"
#include "vm/control_plane.hpp"
#include "vm/model/run.hpp"

using namespace std::chrono_literals;
using namespace sim::literals;
using tests::allocations;

namespace {

/// 300 writes a second with timeouts on one machine at 75 % load, nothing ever wrong.
vm::Scenario steady(vm::Duration duration) {
  vm::Scenario s = tests::quiet_scenario();
  tests::add_cpu_kind(s, sim::Exponential{0.0025}, 1_KiB);
  s.transactions[0].steps.push_back({vm::Resource::network, sim::Distribution{sim::Constant{2e3}}});
  auto& group = tests::add_clients(s, 50, vm::Poisson{tests::constant_rate(300)});
  group.timeout = 2s;
  group.keep = 1_MiB;
  s.sla.latency = {{0.99, 1s}};
  s.fleets[0].failover.policy = vm::FailoverPolicy::split;
  s.duration = duration;
  return s;
}

std::size_t allocations_of(const vm::Scenario& scenario) {
  const std::size_t before = allocations();
  vm::model::run(scenario);
  return allocations() - before;
}

}  // namespace

TEST_CASE("run: a million transactions more ask for no more memory", "[hot]") {
  if (!tests::counts_allocations) {
    WARN("a sanitizer has an allocator of its own: not tested");
    return;
  }
  const std::size_t warm = allocations_of(steady(600s));
  // A longer run sees longer bursts, and each vector on the way may grow for one: a dozen vectors, so
  // as many allocations, in four million events.
  CHECK(allocations_of(steady(600s + 3600s)) <= warm + 12);
}

TEST_CASE("control plane: samples ask for no memory", "[hot]") {
  if (!tests::counts_allocations) {
    WARN("a sanitizer has an allocator of its own: not tested");
    return;
  }
  const vm::Scenario scenario = steady(600s);
  vm::ControlPlane control{scenario};
  std::vector<vm::Order> orders;
  const auto tell = [&](int second) {
    vm::Sample sample;
    sample.utilisation[vm::Resource::cpu] = 0.5 + 0.01 * (second % 7);
    control.step(vm::Time{std::chrono::seconds{second}},
                 vm::Sampled{vm::MachineId{0}, sample}, orders);
  };
  for (int second = 1; second < 20; ++second) tell(second);
  const std::size_t before = allocations();
  for (int second = 20; second < 10'000; ++second) tell(second);
  CHECK(allocations() == before);
  CHECK(orders.empty());
}
