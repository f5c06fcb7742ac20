// Fleet cells: the machines of the map, in as much detail as their cells have room for.
//
//   below 2.6 px   dots; several machines in one pixel show the busiest, and a failing one wins
//   to 44 px       coloured cells with a sign for what is not simply up
//   to 118 px      tiles: number and four bars
//   above          cards: name, state, bars with values, clients
//
// The first two are painted into a Canvas, the others are drawn, since few of them fit a screen.
// Failing is orange, crossed, and framed: never colour alone.
#pragma once

#include "viz/ui/canvas.hpp"
#include "viz/ui/fleet_layout.hpp"
#include "viz/ui/frame.hpp"

namespace viz::ui {

enum class Detail : std::uint8_t { dots, cells, tiles, cards };
Detail detail_of(ImVec2 cell, float scale);

class FleetCells {
 public:
  explicit FleetCells(Textures& textures) : canvas_(textures) {}

  /// Draws every machine's cell that lies in `area`, clipped to it.
  void draw(const Frame& frame, const FleetLayout& layout, const Rect& area);

  Detail detail() const { return detail_; }  // of the largest tile, in the last frame
  std::uint64_t paintings() const { return canvas_.paintings(); }

 private:
  void paint(const Frame& frame, const FleetLayout& layout, const Rect& area);
  void paint_dots(const Frame& frame, const Tile& tile, ImVec2 origin);
  void paint_cells(const Frame& frame, const Tile& tile, ImVec2 origin);

  Canvas canvas_;
  std::vector<std::uint8_t> levels_;  // of the dots, by pixel
  Detail detail_ = Detail::cells;
};

/// Utilisation that colours a cell, 0 to 1.
float shown_use(const model::MachineView& machine, Colouring by);

/// The ramp's colour for a utilisation, whose end is the threshold.
Colour ramp_colour(const Frame& frame, float use);

/// What a cell of a machine is filled with.
Colour cell_colour(const Frame& frame, const model::MachineView& machine);

void draw_tile(const Frame& frame, const model::MachineView& machine, const Rect& place);
void draw_card(const Frame& frame, const model::MachineView& machine, const Rect& place);

}  // namespace viz::ui
