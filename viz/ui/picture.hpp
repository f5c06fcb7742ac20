// Picture: what the window would show, as an Image, on a machine that has no display at all.
#pragma once

#include <optional>

#include "viz/ui/app.hpp"

namespace viz::ui {

/// The App's next frame as a picture of its size. The App must use ImageTextures.
Image picture(App& app);

struct PictureOptions {
  App::Options app = {.calm = true};
  std::optional<Time> at;  // none: the first moment that is worth a look (see telling_moment)
  model::Selection selection{};
  std::optional<Span> view;  // of the timeline
};

/// Loads all of the run, goes to the instant and draws it.
Image picture_of(model::Session& session, const PictureOptions& options);
Image picture_of(model::Comparison& comparison, const PictureOptions& options);

/// The timeline's charts, each as a picture of its own, with the name it has in the window
/// ("CPU", "LATENCY"). Loads all of the run.
std::vector<std::pair<std::string, Image>> chart_pictures(model::Session& session,
                                                          const PictureOptions& options);

/// When most is to be seen: most machines failing at once, best with something moving; the middle
/// of a run in which nothing happens.
Time telling_moment(const model::RunView& run);

}  // namespace viz::ui
