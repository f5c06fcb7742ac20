// A processor-sharing station under load: the cost of one job, arrival and departure together, with
// 10 and 1,000 jobs in service, beside a model that touches every job at every event.
//
//   machine_bench [jobs, default 2000000]
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "bench/bench.hpp"
#include "sim/random.hpp"
#include "vm/model/station.hpp"

namespace {

using sim::Time;

/// Keeps `n` jobs in service: each that leaves is followed by another. Returns the seconds it took.
double with_virtual_time(std::uint32_t n, std::uint64_t jobs) {
  vm::model::Station station{{.capacity = 8, .most = 1}};
  sim::RandomStream chance{1, "demand"};
  const auto demand = [&] { return 0.001 + 0.01 * chance.uniform(); };
  Time now{};
  for (std::uint32_t i = 0; i < n; ++i) station.add(now, i, demand());
  return bench::seconds_of([&] {
    std::uint64_t left = 0;
    Time alarm = *station.alarm();
    while (left < jobs) {
      now = alarm;
      station.due(now, [&](std::uint32_t job) {
        ++left;
        station.add(now, job, demand());
      });
      if (const auto next = station.alarm()) alarm = *next;
    }
    bench::keep(left);
  });
}

double by_touching_all(std::uint32_t n, std::uint64_t jobs) {
  sim::RandomStream chance{1, "demand"};
  const auto demand = [&] { return 0.001 + 0.01 * chance.uniform(); };
  std::vector<double> rest(n);
  for (double& work : rest) work = demand();
  return bench::seconds_of([&] {
    for (std::uint64_t left = 0; left < jobs; ++left) {
      const auto first = std::min_element(rest.begin(), rest.end());
      const double done = *first;
      for (double& work : rest) work -= done;
      *first = demand();
    }
    bench::keep(rest);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t jobs = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2'000'000;
  for (const std::uint32_t n : {10u, 1000u}) {
    const double ours = with_virtual_time(n, jobs) * 1e9 / static_cast<double>(jobs);
    const std::uint64_t fewer = std::max<std::uint64_t>(1, n > 100 ? jobs / 50 : jobs);
    const double naive = by_touching_all(n, fewer) * 1e9 / static_cast<double>(fewer);
    bench::row("processor sharing, " + std::to_string(n) + " in service", ours, "ns/job",
               "touching all: " + std::to_string(static_cast<int>(naive)) + " ns, " +
                   std::to_string(naive / ours).substr(0, 4) + " times");
  }
}
