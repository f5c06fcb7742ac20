// FleetLayout: where each machine's cell is on the map.
//
// Machines stand in tiles, one for each fleet (or flavor), and in a tile row by row in the order of
// their numbers; a place never depends on what a machine does, so the eye can remember it. A tile's
// share of the map follows the number of its machines, with a floor, so that three machines beside
// a hundred thousand can still be seen.
//
// Zooming lays the same tiles out on a larger map: cells grow, the gaps and headings between them
// stay as they are. The number of columns is decided without zoom, so nothing moves out of its row.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "viz/ui/probes.hpp"
#include "viz/ui/window_state.hpp"

namespace viz::ui {

struct Tile {
  std::string name;
  std::vector<model::MachineId> machines;  // ascending
  int columns = 1, rows = 1;
  Rect place;  // on the screen, heading included
  Rect cells;  // the part with the cells
};

class FleetLayout {
 public:
  /// Which machines stand in which tile. Cheap when nothing has changed.
  void group(const model::RunView& run, Grouping by);

  /// Lays the tiles out over `area` of the screen, as seen at `map`'s zoom and pan; `scale` is that
  /// of a HiDPI screen. Cost: O(tiles).
  void place(const Rect& area, const MapState& map, float scale);

  const std::vector<Tile>& tiles() const { return tiles_; }
  /// Size of a cell in the tile, its gap included.
  static ImVec2 cell_size(const Tile& tile);
  static Rect cell(const Tile& tile, std::size_t index);
  /// The machine's cell; none for one that is not on the map.
  std::optional<Rect> cell_of(model::MachineId machine) const;
  const Tile* tile_of(model::MachineId machine) const;
  const Tile* tile_of(model::FleetId fleet) const;
  /// The machine under a point of the screen.
  std::optional<model::MachineId> at(ImVec2 point) const;

 private:
  void split(const Rect& area, std::size_t first, std::size_t last, double floor_weight);

  std::vector<Tile> tiles_;
  struct Slot {
    std::uint32_t tile = 0, index = 0;
  };
  std::vector<Slot> slot_of_;  // by machine
  std::vector<std::uint32_t> tile_of_fleet_;
  std::size_t machines_ = 0;
  Grouping by_ = Grouping::fleet;
  float scale_ = 1;
};

}  // namespace viz::ui
