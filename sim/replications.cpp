#include "sim/replications.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <thread>

#include "sim/check.hpp"

namespace sim {
namespace {

/// Results of `count` seeds from `first` on, in their order, each on its own thread.
std::vector<double> run_side_by_side(const std::function<double(std::uint64_t)>& run,
                                     std::uint64_t first, std::size_t count) {
  std::vector<double> results(count);
  std::vector<std::exception_ptr> thrown(count);
  const auto play = [&](std::size_t i) {
    try {
      results[i] = run(first + i);
    } catch (...) {
      thrown[i] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < count; ++i) threads.emplace_back(play, i);
    play(0);
  }
  for (const auto& exception : thrown)
    if (exception) std::rethrow_exception(exception);
  return results;
}

}  // namespace

Replications replicate(const std::function<double(std::uint64_t)>& run, std::uint64_t first_seed,
                       const Precision& precision) {
  SIM_CHECK(precision.least >= 2 && precision.most >= precision.least && precision.threads >= 1);
  Replications done;
  Welford summary;
  while (done.results.size() < precision.most) {
    const std::size_t left = precision.most - done.results.size();
    const std::size_t wave = std::min<std::size_t>(precision.threads, left);
    for (const double result : run_side_by_side(run, first_seed + done.results.size(), wave)) {
      done.results.push_back(result);
      summary.add(result);
      if (done.results.size() < precision.least) continue;
      done.interval = summary.interval(precision.level);
      done.precise = done.interval.half_width <= precision.relative * std::fabs(summary.mean());
      if (done.precise && precision.relative > 0) return done;
    }
  }
  return done;
}

}  // namespace sim
