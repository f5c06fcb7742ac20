// The simulated world against queueing theory: whole runs, from arrival to the histogram.
//
// Each case plays 20 seeds and asks whether theory lies within the simulation's own 99 % confidence
// interval for the mean (Student's t over independent runs). The seeds are fixed, so a verdict is
// not a matter of luck from day to day. Runs last a thousand relaxation times and more, so what the
// start biases is far below what the interval can see.
#include <thread>

#include <catch2/catch.hpp>

#include "sim/replications.hpp"
#include "tests/scenarios.hpp"
#include "vm/model/run.hpp"
#include "vm/queueing.hpp"

using namespace std::chrono_literals;
using tests::constant_rate;
using vm::Scheduling;

namespace {

constexpr double service = 0.010;  // mean, seconds of one core

struct Case {
  double cores = 1;
  Scheduling scheduling = Scheduling::processor_sharing;
  sim::DistributionSpec demand;
  double load = 0.5;  // of all cores
};

vm::Scenario open_loop(const Case& c) {
  vm::Scenario s = tests::quiet_scenario();
  s.flavors[0].capacity.cores = c.cores;
  s.flavors[0].cpu_scheduling = c.scheduling;
  tests::add_cpu_kind(s, c.demand);
  tests::add_clients(s, 1, vm::Poisson{constant_rate(c.load * c.cores / service)});
  s.duration = c.load > 0.8 ? 1500s : 300s;
  s.duration = std::chrono::duration_cast<vm::Duration>(s.duration / c.cores);
  s.warmup = s.duration / 10;
  s.sla.sample = s.duration;
  s.sla.window = s.duration;
  return s;
}

double mean_response(vm::Scenario s, std::uint64_t seed) {
  s.seed = seed;
  return vm::model::run(s).groups[0].latency.mean() * 1e-9;
}

sim::Interval simulate(const vm::Scenario& s) {
  const auto runs = sim::replicate([&](std::uint64_t seed) { return mean_response(s, seed); }, 1,
                                   {.level = 0.99, .relative = 0, .least = 20, .most = 20,
                                    .threads = std::thread::hardware_concurrency()});
  return runs.interval;
}

void check(const Case& c, double theory) {
  const sim::Interval found = simulate(open_loop(c));
  CAPTURE(c.cores, c.load, theory, found.mean, found.half_width);
  CHECK(found.contains(theory));
  CHECK(found.half_width < 0.15 * theory);  // an interval that holds everything proves nothing
}

}  // namespace

TEST_CASE("M/M/1: response time is 1 / (mu - lambda)", "[analytic]") {
  const double load = GENERATE(0.3, 0.7, 0.9, 0.95);
  check({.scheduling = Scheduling::fifo, .demand = sim::Exponential{service}, .load = load},
        service / (1 - load));
}

TEST_CASE("M/M/4: response time by Erlang C", "[analytic]") {
  // Kleinrock, Queueing Systems, vol. 1 (1975), section 3.5.
  const double load = GENERATE(0.3, 0.7, 0.9, 0.95);
  const double lambda = load * 4 / service;
  check({.cores = 4, .scheduling = Scheduling::fifo, .demand = sim::Exponential{service},
         .load = load},
        vm::erlang_c_wait(4, {.rate = lambda, .demand = service}) + service);
}

TEST_CASE("M/M/4 processor sharing: the mean is that of M/M/4", "[analytic]") {
  // The number present is the same birth-death process, so by Little's law the mean time is too.
  const double load = GENERATE(0.3, 0.7, 0.9, 0.95);
  const double lambda = load * 4 / service;
  check({.cores = 4, .demand = sim::Exponential{service}, .load = load},
        vm::erlang_c_wait(4, {.rate = lambda, .demand = service}) + service);
}

TEST_CASE("M/G/1 processor sharing: E[S] / (1 - rho), whatever the law of S", "[analytic]") {
  // Kleinrock, Queueing Systems, vol. 2 (1976), section 4.4.
  const double load = GENERATE(0.3, 0.7, 0.9, 0.95);
  const auto law = GENERATE(0, 1, 2);
  const sim::DistributionSpec demand =
      law == 0   ? sim::DistributionSpec{sim::Constant{service}}
      : law == 1 ? sim::DistributionSpec{sim::Exponential{service}}
                 : sim::DistributionSpec{
                       sim::Hyperexponential{{{0.9, 0.4 * service}, {0.1, 6.4 * service}}}};
  CAPTURE(law);
  check({.demand = demand, .load = load}, service / (1 - load));
}

TEST_CASE("M/D/1: response time by Pollaczek and Khinchine", "[analytic]") {
  // Kleinrock, vol. 1, section 5.7, with a variance of 0.
  const double load = GENERATE(0.3, 0.7, 0.9, 0.95);
  check({.scheduling = Scheduling::fifo, .demand = sim::Constant{service}, .load = load},
        service + load * service / (2 * (1 - load)));
}

TEST_CASE("a fraction of a core is a slow core", "[analytic]") {
  // A quarter of a core turns 10 ms of work into 40, alone as well as shared.
  const double load = GENERATE(0.3, 0.7);
  check({.cores = 0.25, .demand = sim::Exponential{service}, .load = load},
        4 * service / (1 - load));
}

TEST_CASE("a closed network: response time by mean value analysis", "[analytic]") {
  // Reiser and Lavenberg (1980): think 1 s, CPU 20 ms, disk 8 ms, exponential, processor sharing.
  const int population = GENERATE(5, 40, 80);
  vm::Scenario s = tests::quiet_scenario();
  s.flavors[0].capacity.disk = {1e6};
  s.transactions.push_back(
      {.name = "work",
       .steps = {{vm::Resource::cpu, sim::Distribution{sim::Exponential{0.020}}},
                 {vm::Resource::disk, sim::Distribution{sim::Exponential{8000}}}},
       .memory = {},
       .write = {}});
  tests::add_clients(s, static_cast<std::uint32_t>(population),
                     vm::ClosedLoop{sim::Distribution{sim::Exponential{1}}});
  s.duration = 1000s;
  s.warmup = 100s;
  s.sla.sample = s.sla.window = s.duration;
  const auto theory =
      vm::mean_value_analysis({{1.0, vm::always_enough}, {0.020, 1}, {0.008, 1}}, population);
  const sim::Interval found = simulate(s);
  const double expected = theory.residence[1] + theory.residence[2];
  CAPTURE(population, expected, found.mean, found.half_width);
  CHECK(found.contains(expected));
  CHECK(found.half_width < 0.15 * expected);
}
