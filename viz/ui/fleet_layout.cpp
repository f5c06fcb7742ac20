#include "viz/ui/fleet_layout.hpp"

#include <algorithm>
#include <cmath>

namespace viz::ui {
namespace {

constexpr float tile_gap = 8, heading = 22, inset = 4;  // unscaled pixels
constexpr double wanted_aspect = 1.25;                  // of a cell, width to height

/// Columns that bring cells of `area` nearest to the wanted shape and leave no row empty.
int columns_for(std::size_t machines, float width, float height) {
  const double n = static_cast<double>(std::max<std::size_t>(1, machines));
  const double w = std::max(1.0f, width), h = std::max(1.0f, height);
  const double ideal = std::sqrt(n * w / (h * wanted_aspect));
  double best = 1, best_error = 1e300;
  for (const double columns : {std::floor(ideal), std::ceil(ideal)}) {
    const double c = std::clamp(columns, 1.0, n);
    const double rows = std::ceil(n / c);
    const double aspect = (w / c) / (h / rows);
    const double error = std::abs(std::log(aspect / wanted_aspect));
    if (error < best_error) {
      best = c;
      best_error = error;
    }
  }
  return static_cast<int>(best);
}

Rect inner(const Rect& place, float scale) {
  Rect cells{{place.min.x + inset * scale, place.min.y + (heading + 2) * scale},
             {place.max.x - inset * scale, place.max.y - inset * scale}};
  cells.max.x = std::max(cells.max.x, cells.min.x + 1);
  cells.max.y = std::max(cells.max.y, cells.min.y + 1);
  return cells;
}

}  // namespace

void FleetLayout::group(const model::RunView& run, Grouping by) {
  const std::size_t wanted_tiles =
      by == Grouping::fleet ? run.info.fleets.size() : run.info.flavors.size();
  if (machines_ == run.machines.size() && by_ == by && tiles_.size() == wanted_tiles) return;
  machines_ = run.machines.size();
  by_ = by;
  tiles_.assign(wanted_tiles, {});
  for (std::size_t i = 0; i < wanted_tiles; ++i) {
    tiles_[i].name = by == Grouping::fleet ? run.info.fleets[i].name : run.info.flavors[i].name;
  }
  tile_of_fleet_.assign(run.info.fleets.size(), 0);
  for (std::size_t i = 0; i < run.info.fleets.size(); ++i) {
    tile_of_fleet_[i] =
        by == Grouping::fleet ? static_cast<std::uint32_t>(i) : run.info.fleets[i].flavor.value;
  }
  slot_of_.assign(machines_, {});
  for (const model::MachineView& machine : run.machines) {
    const std::uint32_t tile = by == Grouping::fleet ? machine.fleet.value : machine.flavor.value;
    if (tile >= tiles_.size()) continue;
    slot_of_[machine.id.value] = {tile, static_cast<std::uint32_t>(tiles_[tile].machines.size())};
    tiles_[tile].machines.push_back(machine.id);
  }
}

void FleetLayout::split(const Rect& area, std::size_t first, std::size_t last,
                        double floor_weight) {
  if (last - first == 1) {
    tiles_[first].place = area;
    return;
  }
  const auto weight = [&](std::size_t i) {
    return std::max(static_cast<double>(tiles_[i].machines.size()), floor_weight);
  };
  double total = 0;
  for (std::size_t i = first; i < last; ++i) total += weight(i);
  // Where the two halves weigh most nearly the same.
  std::size_t middle = first + 1;
  double before = weight(first);
  while (middle + 1 < last &&
         std::abs(before + weight(middle) - total / 2) <= std::abs(before - total / 2)) {
    before += weight(middle++);
  }
  const float share = static_cast<float>(before / total);
  Rect one = area, two = area;
  const float gap = tile_gap * scale_;
  if (area.width() >= area.height() * 1.9f) {
    const float cut = area.min.x + (area.width() - gap) * share;
    one.max.x = cut;
    two.min.x = cut + gap;
  } else {
    const float cut = area.min.y + (area.height() - gap) * share;
    one.max.y = cut;
    two.min.y = cut + gap;
  }
  split(one, first, middle, floor_weight);
  split(two, middle, last, floor_weight);
}

void FleetLayout::place(const Rect& area, const MapState& map, float scale) {
  scale_ = scale;
  if (tiles_.empty()) return;
  const double floor_weight = std::max(1.0, static_cast<double>(machines_) * 0.06);
  split(area, 0, tiles_.size(), floor_weight);
  for (Tile& tile : tiles_) {
    const Rect cells = inner(tile.place, scale);
    tile.columns = columns_for(tile.machines.size(), cells.width(), cells.height());
    const std::size_t n = std::max<std::size_t>(1, tile.machines.size());
    tile.rows = static_cast<int>((n + static_cast<std::size_t>(tile.columns) - 1) /
                                 static_cast<std::size_t>(tile.columns));
  }
  if (map.zoom != 1) {
    const float zoom = static_cast<float>(map.zoom);
    const ImVec2 corner{area.min.x - static_cast<float>(map.pan_x),
                        area.min.y - static_cast<float>(map.pan_y)};
    split({corner, {corner.x + area.width() * zoom, corner.y + area.height() * zoom}}, 0,
          tiles_.size(), floor_weight);
  }
  for (Tile& tile : tiles_) tile.cells = inner(tile.place, scale);
}

ImVec2 FleetLayout::cell_size(const Tile& tile) {
  return {tile.cells.width() / static_cast<float>(tile.columns),
          tile.cells.height() / static_cast<float>(tile.rows)};
}

Rect FleetLayout::cell(const Tile& tile, std::size_t index) {
  const ImVec2 size = cell_size(tile);
  const std::size_t columns = static_cast<std::size_t>(tile.columns);
  const float x = tile.cells.min.x + size.x * static_cast<float>(index % columns);
  const float y = tile.cells.min.y + size.y * static_cast<float>(index / columns);
  return {{x, y}, {x + size.x, y + size.y}};
}

const Tile* FleetLayout::tile_of(model::MachineId machine) const {
  if (machine.value >= slot_of_.size()) return nullptr;
  const Slot slot = slot_of_[machine.value];
  return slot.tile < tiles_.size() && slot.index < tiles_[slot.tile].machines.size()
             ? &tiles_[slot.tile]
             : nullptr;
}

const Tile* FleetLayout::tile_of(model::FleetId fleet) const {
  if (fleet.value >= tile_of_fleet_.size()) return nullptr;
  const std::uint32_t tile = tile_of_fleet_[fleet.value];
  return tile < tiles_.size() ? &tiles_[tile] : nullptr;
}

std::optional<Rect> FleetLayout::cell_of(model::MachineId machine) const {
  const Tile* const tile = tile_of(machine);
  if (tile == nullptr) return std::nullopt;
  return cell(*tile, slot_of_[machine.value].index);
}

std::optional<model::MachineId> FleetLayout::at(ImVec2 point) const {
  for (const Tile& tile : tiles_) {
    if (!tile.cells.contains(point)) continue;
    const ImVec2 size = cell_size(tile);
    const auto column = static_cast<std::size_t>((point.x - tile.cells.min.x) / size.x);
    const auto row = static_cast<std::size_t>((point.y - tile.cells.min.y) / size.y);
    const std::size_t index = row * static_cast<std::size_t>(tile.columns) + column;
    if (index < tile.machines.size()) return tile.machines[index];
  }
  return std::nullopt;
}

}  // namespace viz::ui
