// Window: all panels on one sheet, from the views of one or two runs to a picture and commands.
//
//   +--------------------------------------------------------------+
//   | top bar: run, transport, clock, figures                      |
//   | scrubber: the whole run                                      |
//   +--------------------------------------------+-----------------+
//   | fleet map (two of them when comparing)     | inspector       |
//   +---------------------------------+----------+-----------------+
//   | timeline                        | events                     |
//   +---------------------------------+----------------------------+
//   | status bar                                                   |
//   +--------------------------------------------------------------+
//
// The gaps between the parts can be dragged. Below 1280 pixels of width the inspector makes room;
// the map's tooltip says the same in short.
#pragma once

#include "viz/ui/fleet_map.hpp"
#include "viz/ui/panels.hpp"
#include "viz/ui/timeline.hpp"

namespace viz::ui {

/// What a window wants from whoever hosts it.
struct Wishes {
  bool picture = false;  // write what is seen as a PNG
  bool quit = false;
  std::optional<std::string> csv;  // write this as a CSV file
};

class Window {
 public:
  struct Look {
    float scale = 1;
    bool calm = false;  // no animation, no timings
  };
  Window(Textures& textures, const Fonts& fonts, Look look);

  /// Draws a frame between ImGui's NewFrame and Render. `other` is the second run of a comparison.
  void draw(const model::RunView& run, const model::RunView* other,
            std::vector<model::Command>& commands);

  WindowState& state() { return state_; }
  const Probes& probes() const { return probes_; }
  FrameTimes& times() { return times_; }
  Detail detail() const { return map_.detail(); }
  /// How often the canvases have been painted, for tests that nothing is painted in vain.
  std::uint64_t paintings() const { return map_.paintings() + timeline_.paintings(); }
  Wishes take_wishes();

 private:
  struct Places {
    Rect top, scrubber, map, inspector, timeline, events, status;
  };
  Places places(const Rect& screen) const;
  void draw_splitters(const Frame& frame, const Rect& screen, const Places& at);
  void draw_maps(Frame& frame, const Places& at);
  void keep_view_at_playhead(const model::ClockView& clock);

  Look look_;
  Fonts fonts_;
  WindowState state_;
  std::array<Colour, 256> dark_ramp_, light_ramp_;
  bool themed_light_ = false;
  Probes probes_;
  Hovered hovered_, hovered_before_;
  FrameTimes times_;
  Wishes wishes_;
  Time last_now_;

  TopBar top_bar_;
  Scrubber scrubber_;
  FleetMap map_, second_map_;
  Inspector inspector_;
  Timeline timeline_;
  EventsPanel events_;
};

/// Keyboard: everything that the help lists, unless a text is being typed.
void apply_shortcuts(Frame& frame, Wishes& wishes, int chart_columns);

}  // namespace viz::ui
