// What a frame of the window costs, drawing apart: the panels make triangles of a run of invented
// machines whose charts have ten million samples; nobody draws them. CPU time of one thread.
//
//   view_bench [SAMPLES] [FRAMES]
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "bench/bench.hpp"
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

}  // namespace

int main(int argc, char** argv) {
  const auto samples = argc > 1 ? static_cast<std::size_t>(std::atoll(argv[1])) : 10'000'000;
  const int frames = argc > 2 ? std::max(5, std::atoi(argv[2])) : 200;
  measure(10, samples, frames, 2);
  measure(1'000, samples, frames, 2);
  measure(100'000, samples, frames, 6);
}
