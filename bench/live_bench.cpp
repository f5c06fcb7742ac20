// What being watched costs a simulation, and what a simulation that goes as fast as it can costs
// the window: CPU time of the simulation's thread with nobody looking on, and with the live feed
// and frames being built on another thread, sixty a second and drawn by nobody; and the frames'
// times meanwhile. The two kinds of run take turns, so that both see the same machine.
//
//   live_bench [ROUNDS] [SCENARIO [KEY=VALUE...]]
//
// Nobody looking on means a sink that takes the rows and leaves them: what any run has that is
// kept. Without a SCENARIO: overload, two hours of World Cup, and overload a thousand times as
// wide.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <thread>
#include <vector>

#include "bench/bench.hpp"
#include "viz/model/live_session.hpp"
#include "viz/ui/app.hpp"
#include "vm/scenario_toml.hpp"

namespace {

namespace ui = viz::ui;
namespace model = viz::model;
using namespace std::chrono_literals;
using WallClock = std::chrono::steady_clock;

/// CPU time of the calling thread, in seconds.
double thread_cpu() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

struct Frames {
  std::vector<double> cpu, wall;  // ms: taking in rows, the view, and its triangles
};

struct Leaves final : vm::ObservationSink {
  void on(const vm::Batch& batch) override { bench::keep(batch); }
};

/// In a thread of its own, as the watched one has. Returns its CPU time.
double play_alone(const vm::Scenario& scenario) {
  double cpu = 0;
  std::thread{[&] {
    Leaves sink;
    const double before = thread_cpu();
    bench::keep(vm::model::run(scenario, {.sink = &sink}).fingerprint);
    cpu = thread_cpu() - before;
  }}.join();
  return cpu;
}

/// `client`: one is selected, so that it is told about as well.
double play_watched(const vm::Scenario& scenario, bool client, Frames& frames) {
  double cpu = 0;
  {
    model::LiveSession session{
        scenario, "nowhere", {.finished = [&](const vm::RunOutcome&) { cpu = thread_cpu(); }}};
    session.on(model::SetSpeed{std::numeric_limits<double>::infinity()});
    if (client) session.on(model::Select{{model::Selection::Kind::client, 0}});
    ui::ImageTextures textures;
    ui::App app{textures, {}};
    app.show(session);
    auto due = WallClock::now();
    do {
      const auto begun = WallClock::now();
      app.frame(1.0 / 60);
      const ui::FrameTimes& times = app.window().times();
      frames.cpu.push_back(times.model_ms + times.build_ms);
      frames.wall.push_back(
          std::chrono::duration<double, std::milli>(WallClock::now() - begun).count());
      due = std::max(due + 16'667us, WallClock::now());
      std::this_thread::sleep_until(due);
    } while (app.run().source.state == model::SourceState::growing);
  }
  return cpu;
}

/// Plays it as often in a row as makes a measurable time of it.
void measure(const std::string& what, const vm::Scenario& scenario, int rounds) {
  constexpr double enough = 0.5;  // s
  const double once = play_alone(scenario);
  const int plays = std::max(1, static_cast<int>(enough / std::max(once, 1e-3)));
  std::vector<double> alone, watched, one_client;
  Frames frames;
  for (int round = 0; round < rounds; ++round) {
    double sums[3] = {};
    for (int play = 0; play < plays; ++play) {
      sums[0] += play_alone(scenario);
      sums[1] += play_watched(scenario, false, frames);
      sums[2] += play_watched(scenario, true, frames);
    }
    alone.push_back(sums[0] / plays);
    watched.push_back(sums[1] / plays);
    one_client.push_back(sums[2] / plays);
  }
  const double base = quantile(alone, 0.5);
  const auto more = [&](const std::vector<double>& with) {
    const double percent = (quantile(with, 0.5) / base - 1) * 100;
    bench::row(what + (&with == &watched ? ", watched" : ", and one client looked at"), percent,
               "% more CPU", percent > 10 ? "limit 10 %, NOT MET" : "limit 10 %");
  };
  bench::row(what + ", alone", base * 1e3, "ms CPU",
             "median of " + std::to_string(rounds) + ", " + std::to_string(plays) + " plays each");
  more(watched);
  more(one_client);
  bench::row(what + ", a frame meanwhile, median", quantile(frames.cpu, 0.5), "ms CPU",
             std::to_string(frames.cpu.size()) + " frames");
  bench::row(what + ", p99", quantile(frames.cpu, 0.99), "ms CPU",
             "wall " + std::to_string(quantile(frames.wall, 0.99)) + " ms");
  bench::row(what + ", slowest", quantile(frames.cpu, 1), "ms CPU",
             "wall " + std::to_string(quantile(frames.wall, 1)) + " ms");
}

/// Five hundred times as many machines, clients and requests, until the crowd has come.
vm::Scenario widened(vm::Scenario s) {
  s.duration = 50s;
  s.fleets[0].count *= 500;
  s.clients[0].count *= 500;
  if (auto* poisson = std::get_if<vm::Poisson>(&s.clients[0].arrivals))
    for (auto& point : poisson->rate.points) point.rate *= 500;
  return s;
}

vm::Scenario loaded(const std::string& file, const std::vector<std::string>& settings = {}) {
  auto scenario = vm::load_scenario(file, settings);
  if (scenario) return std::move(*scenario);
  for (const auto& issue : scenario.issues()) std::puts(to_string(issue).c_str());
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  if (argc > 2) {
    measure(argv[2], loaded(argv[2], {argv + 3, argv + argc}), rounds);
    return 0;
  }
  const vm::Scenario overload = loaded("scenarios/overload.toml");
  measure("overload", overload, rounds);
  measure("World Cup", loaded("scenarios/worldcup98.toml", {"scenario.duration=\"2 h\""}), rounds);
  measure("1,000 machines", widened(overload), rounds);
}
