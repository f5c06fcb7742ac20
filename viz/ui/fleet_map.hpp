// FleetMap: the panel with all machines: who fails, what moves where, where the load comes from.
//
// Wheel zooms about the pointer (1x to 400x), right or middle button drags, a double click shows
// all again, a click selects. Clients stand in a column at the left; their flow is as wide as the
// root of its rate. Migrations are arrows with a bead where they have got to.
#pragma once

#include "viz/ui/fleet_cells.hpp"

namespace viz::ui {

class FleetMap {
 public:
  explicit FleetMap(Textures& textures) : cells_(textures) {}

  void draw(Frame& frame, const Rect& place);

  /// What the map shows without a heading and without clients, for the second run of a comparison.
  void draw_bare(Frame& frame, const Rect& place, std::string_view title);

  Detail detail() const { return cells_.detail(); }
  std::uint64_t paintings() const { return cells_.paintings(); }

 private:
  void draw_heading(const Frame& frame, const Rect& place);
  void draw_tile_headings(const Frame& frame, const Rect& area);
  void draw_marks(const Frame& frame, const Rect& area);
  void interact(Frame& frame, const Rect& area, const char* probe);
  void draw_tooltip(const Frame& frame, model::MachineId machine);

  FleetLayout layout_;
  FleetCells cells_;
};

/// The column of client groups, and their flows into the tiles.
void draw_clients(const Frame& frame, const FleetLayout& layout, const Rect& column,
                  const Rect& area);

/// Arrows of migrations under way, bundled by source and target.
void draw_migrations(const Frame& frame, const FleetLayout& layout, const Rect& area);

}  // namespace viz::ui
