#include "viz/ui/picture.hpp"

#include <algorithm>

#include "viz/ui/rasteriser.hpp"

namespace viz::ui {
namespace {

// Frames until sizes and scroll positions that depend on the frame before have settled.
constexpr int settling = 4;

}  // namespace

Image picture(App& app) {
  const ImDrawData& data = app.frame(0);
  Image image{static_cast<int>(data.DisplaySize.x), static_cast<int>(data.DisplaySize.y), rgb(0)};
  rasterise(data, image);
  return image;
}

Time telling_moment(const model::RunView& run) {
  const Time middle = Time{} + (run.clock.end - Time{}) / 2;
  // Migrations are short: an instant in the middle of the longest one that answers a failure.
  if (run.migrations != nullptr) {
    Duration longest{};
    std::optional<Time> at;
    for (const model::MigrationRecord& record : *run.migrations) {
      if (!record.end || *record.end - record.start <= longest) continue;
      longest = *record.end - record.start;
      at = record.start + longest / 2;
    }
    if (at) return *at;
  }
  if (run.failing == nullptr || run.failing->empty()) return middle;
  const float most = run.failing->whole().high;
  if (most <= 0) return middle;
  for (std::size_t i = 0; i < run.failing->size(); ++i) {
    if (run.failing->value(i) >= most) return run.failing->time(i);
  }
  return middle;
}

Image picture_of(model::Session& session, model::Session* other, const PictureOptions& options) {
  session.load_all();
  if (other != nullptr) other->load_all();
  ImageTextures textures;
  App app{textures, options.app};
  app.show(session, other);
  const model::RunView& run = session.frame(0);
  session.on(model::Play{false});
  session.on(model::Seek{options.at ? *options.at : telling_moment(run)});
  if (options.machine)
    session.on(model::Select{{model::Selection::Kind::machine, options.machine->value}});
  if (options.view) {
    app.window().state().timeline.view = *options.view;
    app.window().state().timeline.whole = false;
  }
  session.load_all();  // of what was selected
  for (int i = 0; i < settling; ++i) app.frame(0);
  return picture(app);
}

}  // namespace viz::ui
