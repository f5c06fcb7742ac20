// What a frame of the window costs, drawing apart: the panels make triangles of a run of invented
// machines whose charts have ten million samples; nobody draws them. CPU time of one thread.
//
// And how long a recorded run of as many samples takes to its first picture, and to its last row.
//
//   view_bench [SAMPLES] [FRAMES]
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "bench/bench.hpp"
#include "cli/view_source.hpp"
#include "record/recorder.hpp"
#include "tests/record/small_run.hpp"
#include "tests/viz/invented_session.hpp"
#include "viz/ui/app.hpp"
#include "viz/ui/rasteriser.hpp"

namespace {

namespace ui = viz::ui;
using namespace std::chrono_literals;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Costs {
  std::vector<double> build, draw;  // ms
};

/// `zooming`: the timeline's zoom changes in every frame, so that no chart rests on its canvas.
Costs costs_of(ui::App& app, int frames, bool zooming) {
  Costs costs;
  ui::Image image{1600, 900};
  for (int i = 0; i < frames; ++i) {
    ui::TimelineState& timeline = app.window().state().timeline;
    timeline.whole = !zooming;
    if (zooming) timeline.view = {sim::Time{} + 1s * i, sim::Time{} + 24h - 100s * i};
    const ImDrawData& data = app.frame(1.0 / 60);
    if (i >= 3) costs.build.push_back(app.window().times().build_ms);  // the first ones size all
    if (i % 10 == 3) {
      costs.draw.push_back(bench::seconds_of([&] { ui::rasterise(data, image); }) * 1e3);
    }
  }
  return costs;
}

void measure(std::uint32_t machines, std::size_t samples, int frames, double limit_ms) {
  invented::Session session{{.machines = machines,
                             .fleets = machines > 10'000 ? 16u : 4u,
                             .groups = 6,
                             .samples = samples,
                             .failures = machines / 10 + 1}};
  ui::ImageTextures textures;
  ui::App app{textures, {}};
  app.show(session);
  session.on(viz::model::Seek{session.failures()[0].start});
  session.on(viz::model::Play{true});
  const Costs playing = costs_of(app, frames, false), zooming = costs_of(app, frames, true);
  const std::string what = std::to_string(machines) + " machines, ";
  const double middle = median(playing.build);
  bench::row(what + "a frame, playing", middle, "ms",
             "limit " + std::to_string(static_cast<int>(limit_ms)) + " ms" +
                 (middle > limit_ms ? ", NOT MET" : ""));
  bench::row(what + "slowest", *std::max_element(playing.build.begin(), playing.build.end()), "ms");
  bench::row(what + "zooming all the time", median(zooming.build), "ms");
  bench::row(what + "drawing on the CPU", median(playing.draw), "ms",
             std::to_string(app.window().times().vertices) + " vertices");
}

/// A thousand machines, sampled every second until there are so many samples.
void record_run(const std::filesystem::path& directory, std::size_t samples) {
  constexpr std::uint32_t machines = 1'000;
  const auto seconds = static_cast<int>(std::max(samples / machines, std::size_t{2}));
  vm::Scenario scenario = small_run::scenario();
  scenario.fleets[0].count = machines;
  scenario.duration = 1s * seconds;
  record::Recorder recorder{directory, scenario, "simulated"};
  vm::Batch batch;
  for (std::uint32_t m = 0; m < machines; ++m) {
    batch.machines.push_back({sim::Time{}, {m}, {0}, {0}, false});
    batch.machine_states.push_back({sim::Time{}, {m}, vm::MachineState::up});
  }
  for (int second = 1; second <= seconds; ++second) {
    batch.now = sim::Time{1s * second};
    for (std::uint32_t m = 0; m < machines; ++m) {
      const double use = (m * 7 + static_cast<std::uint32_t>(second) * 13) % 100 / 100.0;
      batch.samples.push_back(
          {batch.now, {m}, vm::MachineState::up, {{{use, use, use, use}}, 3, 9}});
    }
    recorder.on(batch);
    batch = {};
  }
  recorder.finish({}, 1, 1);
}

void measure_opening(std::size_t samples) {
  const small_run::TemporaryDirectory directory;
  record_run(directory.path, samples);
  const auto begin = std::chrono::steady_clock::now();
  const auto since = [&] {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
        .count();
  };
  const auto session = cli::open_recorded(directory.path);
  ui::ImageTextures textures;
  ui::App app{textures, {}};
  app.show(*session);
  ui::Image image{1600, 900};
  const viz::model::RunView* view = nullptr;
  double longest = 0;
  do {
    ui::rasterise(app.frame(1.0 / 60), image);
    view = &session->frame(0);
  } while (view->machines.empty() || view->source.loaded == 0);
  bench::row("a recorded run: first picture after", since(), "ms", "limit 1000 ms");
  while (view->source.state != viz::model::SourceState::finished) {
    longest = std::max(longest, bench::seconds_of([&] { view = &session->frame(0.016); }));
  }
  bench::row("all of it after", since(), "ms", std::to_string(view->source.samples) + " samples");
  bench::row("longest frame meanwhile", longest * 1e3, "ms");
}

}  // namespace

int main(int argc, char** argv) {
  const auto samples = argc > 1 ? static_cast<std::size_t>(std::atoll(argv[1])) : 10'000'000;
  const int frames = argc > 2 ? std::max(5, std::atoi(argv[2])) : 200;
  measure(10, samples, frames, 2);
  measure(1'000, samples, frames, 2);
  measure(100'000, samples, frames, 6);
  measure_opening(samples);
}
