#include "viz/ui/picture.hpp"

#include <algorithm>

#include "viz/ui/rasteriser.hpp"

namespace viz::ui {
namespace {

// Frames until sizes and scroll positions that depend on the frame before have settled.
constexpr std::size_t settling = 4;

template <class Runs>
Image settled_picture(Runs& runs, const model::RunView& run, const PictureOptions& options) {
  runs.on(model::Select{options.selection});  // a live client is counted from here on
  runs.load_all();
  ImageTextures textures;
  App app{textures, options.app};
  app.show(runs);
  runs.on(model::Play{false});
  runs.frame(0);
  runs.on(model::Seek{options.at ? *options.at : telling_moment(run)});
  if (options.view) {
    app.window().state().timeline.view = *options.view;
    app.window().state().timeline.whole = false;
  }
  runs.frame(0);
  runs.load_all();  // of what was selected
  // The log is filtered 20,000 events a frame.
  const std::size_t events = run.events != nullptr ? run.events->size() : 0;
  for (std::size_t i = 0; i < settling + events / 20'000; ++i) app.frame(0);
  return picture(app);
}

}  // namespace

Image picture(App& app) {
  const ImDrawData& data = app.frame(0);
  Image image{static_cast<int>(data.DisplaySize.x), static_cast<int>(data.DisplaySize.y), rgb(0)};
  rasterise(data, image);
  return image;
}

Time telling_moment(const model::RunView& run) {
  const Time middle = Time{} + (run.clock.end - Time{}) / 2;
  const auto failing_at = [&](Time at) {
    return run.failing != nullptr ? run.failing->at(at).value_or(0) : 0.0f;
  };
  // Migrations are short: best is the middle of one, while as much as possible is failing.
  std::optional<Time> best;
  float most = -1;
  Duration longest{};
  for (std::size_t i = 0; run.migrations != nullptr && i < run.migrations->size(); ++i) {
    const model::MigrationRecord& record = (*run.migrations)[i];
    if (!record.end) continue;
    const Duration length = *record.end - record.start;
    const Time at = record.start + length / 2;
    const float failing = failing_at(at);
    if (failing < most || (failing == most && length <= longest)) continue;
    most = failing;
    longest = length;
    best = at;
  }
  if (best) return *best;
  if (run.failing == nullptr || run.failing->empty() || run.failing->whole().high <= 0)
    return middle;
  std::size_t i = 0;
  while (run.failing->value(i) < run.failing->whole().high) ++i;
  return run.failing->time(i);
}

Image picture_of(model::Session& session, const PictureOptions& options) {
  return settled_picture(session, session.frame(0), options);
}

Image picture_of(model::Comparison& comparison, const PictureOptions& options) {
  return settled_picture(comparison, comparison.frame(0).first, options);
}

std::vector<std::pair<std::string, Image>> chart_pictures(model::Session& session,
                                                          const PictureOptions& options) {
  session.load_all();
  ImageTextures textures;
  App app{textures, options.app};
  app.show(session);
  session.on(model::Seek{options.at ? *options.at : telling_moment(session.frame(0))});
  app.frame(0);
  constexpr std::string_view prefix = "lane.";
  std::vector<std::string> names;
  for (const auto& [name, place] : app.window().probes().all()) {
    if (name.starts_with(prefix)) names.push_back(name.substr(prefix.size()));
  }
  std::vector<std::pair<std::string, Image>> pictures;
  for (const std::string& name : names) {
    app.window().state().only_lane = name;
    app.frame(0);
    pictures.emplace_back(name, picture(app));
  }
  return pictures;
}

}  // namespace viz::ui
