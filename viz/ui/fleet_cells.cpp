#include "viz/ui/fleet_cells.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace viz::ui {
namespace {

using model::Life;
using model::MachineView;

constexpr float dots_below = 2.6f, tiles_from = 44, cards_from = 118;  // unscaled pixels

Box box_of(const Rect& place, ImVec2 origin, int gap) {
  const auto whole = [](float v) { return static_cast<int>(std::floor(v)); };
  Box box{whole(place.min.x - origin.x), whole(place.min.y - origin.y),
          whole(place.max.x - origin.x) - gap, whole(place.max.y - origin.y) - gap};
  box.right = std::max(box.right, box.left + 1);
  box.bottom = std::max(box.bottom, box.top + 1);
  return box;
}

/// The first and last row or column of a tile that touches [from, to).
std::pair<int, int> visible(float start, float size, int count, float from, float to) {
  const auto first = static_cast<int>(std::floor((from - start) / size));
  const auto last = static_cast<int>(std::ceil((to - start) / size));
  return {std::clamp(first, 0, count), std::clamp(last, 0, count)};
}

template <class Each>
void for_visible(const Tile& tile, const Rect& area, Each&& each) {
  const ImVec2 size = FleetLayout::cell_size(tile);
  const auto [top, bottom] = visible(tile.cells.min.y, size.y, tile.rows, area.min.y, area.max.y);
  const auto [left, right] =
      visible(tile.cells.min.x, size.x, tile.columns, area.min.x, area.max.x);
  for (int row = top; row < bottom; ++row) {
    for (int column = left; column < right; ++column) {
      const auto index = static_cast<std::size_t>(row) * static_cast<std::size_t>(tile.columns) +
                         static_cast<std::size_t>(column);
      if (index >= tile.machines.size()) return;
      each(tile.machines[index], FleetLayout::cell(tile, index));
    }
  }
}

/// What a machine that is not simply up wears in its cell, from 9 pixels on.
void paint_sign(const Frame& frame, Image& image, const MachineView& machine, Box box) {
  const Palette& p = frame.palette;
  const int size = std::min(box.width(), box.height()), thick = size >= 18 ? 2 : 1;
  const int x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2, arm = size / 4;
  switch (machine.life) {
    case Life::booting:  // a plus: it is to come
      fill(image, {x - arm, y - thick / 2, x + arm + 1, y - thick / 2 + thick}, p.good);
      fill(image, {x - thick / 2, y - arm, x - thick / 2 + thick, y + arm + 1}, p.good);
      return;
    case Life::down:  // a minus
      fill(image, {x - arm, y - thick / 2, x + arm + 1, y - thick / 2 + thick}, p.dim);
      return;
    case Life::draining:  // emptied: a bar of yellow at the foot
      fill(image, {box.left, box.bottom - std::max(2, size / 6), box.right, box.bottom}, p.moving);
      return;
    case Life::not_yet:
    case Life::released:
    case Life::up:
      return;
  }
}

}  // namespace

Detail detail_of(ImVec2 cell, float scale) {
  const float size = std::min(cell.x, cell.y) / scale;
  if (size < dots_below) return Detail::dots;
  if (size < tiles_from) return Detail::cells;
  return size < cards_from ? Detail::tiles : Detail::cards;
}

float shown_use(const MachineView& machine, Colouring by) {
  return by == Colouring::worst ? machine.worst() : machine.use[static_cast<vm::Resource>(by)];
}

Colour ramp_colour(const Frame& frame, float use) {
  const double end = frame.run.info.threshold[vm::Resource::cpu];
  const auto step = static_cast<int>(static_cast<double>(use) / end * 255 + 0.5);
  return frame.ramp[static_cast<std::size_t>(std::clamp(step, 0, 255))];
}

Colour cell_colour(const Frame& frame, const MachineView& machine) {
  const Palette& p = frame.palette;
  if (machine.failing) return p.failing;
  switch (machine.life) {
    case Life::not_yet:
    case Life::released:
      return mix(p.panel, p.raised, 0.35);
    case Life::booting:
      return p.booting;
    case Life::down:
      return p.down;
    case Life::draining:
    case Life::up:
      break;
  }
  const Colour colour = ramp_colour(frame, shown_use(machine, frame.state.map.colouring));
  return frame.state.map.failing_only ? mix(p.panel, colour, 0.18) : colour;
}

void FleetCells::draw(const Frame& frame, const FleetLayout& layout, const Rect& area) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const auto width = static_cast<int>(area.width()), height = static_cast<int>(area.height());
  if (width <= 0 || height <= 0) return;
  const MapState& map = frame.state.map;
  const CanvasKey key{frame.run.generation,
                      frame.run.clock.now.time_since_epoch().count(),
                      frame.run.clock.end.time_since_epoch().count(),
                      map.colouring,
                      map.grouping,
                      map.failing_only,
                      map.zoom,
                      map.pan_x,
                      map.pan_y,
                      frame.state.light,
                      area.min.x,
                      area.min.y,
                      frame.run.machines.size()};
  if (canvas_.outdated(width, height, key)) paint(frame, layout, area);
  canvas_.draw(list, area.min);

  detail_ = Detail::dots;
  for (const Tile& tile : layout.tiles()) {
    const Detail detail = detail_of(FleetLayout::cell_size(tile), frame.scale);
    if (!tile.machines.empty()) detail_ = std::max(detail_, detail);
    if (detail < Detail::tiles) continue;
    for_visible(tile, area, [&](model::MachineId id, const Rect& cell) {
      const Rect place{cell.min, {cell.max.x - frame.px(5), cell.max.y - frame.px(5)}};
      const MachineView& machine = frame.run.machines[id.value];
      detail == Detail::cards ? draw_card(frame, machine, place) : draw_tile(frame, machine, place);
    });
  }
}

void FleetCells::paint(const Frame& frame, const FleetLayout& layout, const Rect& area) {
  Image& image = canvas_.image();
  fill(image, {0, 0, image.width, image.height}, frame.palette.panel);
  for (const Tile& tile : layout.tiles()) {
    const Rect& t = tile.place;
    if (t.max.x < area.min.x || t.min.x > area.max.x || t.max.y < area.min.y ||
        t.min.y > area.max.y) {
      continue;
    }
    const Box place = box_of(t, area.min, 0);
    fill(image, place, mix(frame.palette.panel, frame.palette.background, 0.45));
    viz::ui::frame(image, place, 1, frame.palette.line);
    switch (detail_of(FleetLayout::cell_size(tile), frame.scale)) {
      case Detail::dots:
        paint_dots(frame, tile, area.min);
        break;
      case Detail::cells:
        paint_cells(frame, tile, area.min);
        break;
      case Detail::tiles:
      case Detail::cards:
        break;
    }
  }
}

void FleetCells::paint_cells(const Frame& frame, const Tile& tile, ImVec2 origin) {
  Image& image = canvas_.image();
  const ImVec2 size = FleetLayout::cell_size(tile);
  const float least = std::min(size.x, size.y);
  const int gap = least >= 4 * frame.scale ? std::max(1, static_cast<int>(frame.scale)) : 0;
  const Rect screen{
      origin,
      {origin.x + static_cast<float>(image.width), origin.y + static_cast<float>(image.height)}};
  const bool signs = least >= 9 * frame.scale;
  for_visible(tile, screen, [&](model::MachineId id, const Rect& cell) {
    const MachineView& machine = frame.run.machines[id.value];
    const Box box = box_of(cell, origin, gap);
    fill(image, box, cell_colour(frame, machine));
    if (!signs) return;
    if (machine.failing) {
      const int side = std::min(box.width(), box.height()) * 3 / 5;
      const int x = (box.left + box.right - side) / 2, y = (box.top + box.bottom - side) / 2;
      cross(image, {x, y, x + side, y + side}, side >= 12 ? 2 : 1, rgb(0xFFFFFF));
    } else {
      paint_sign(frame, image, machine, box);
    }
  });
}

void FleetCells::paint_dots(const Frame& frame, const Tile& tile, ImVec2 origin) {
  Image& image = canvas_.image();
  const ImVec2 size = FleetLayout::cell_size(tile);
  const auto edges = [](float start, float step, int count) {  // in whole pixels
    std::vector<int> all(static_cast<std::size_t>(count) + 1);
    for (int i = 0; i <= count; ++i) {
      const float at = start + step * static_cast<float>(i);
      all[static_cast<std::size_t>(i)] = static_cast<int>(std::floor(at));
    }
    return all;
  };
  const std::vector<int> xs = edges(tile.cells.min.x - origin.x, size.x, tile.columns);
  const std::vector<int> ys = edges(tile.cells.min.y - origin.y, size.y, tile.rows);
  const Box cells = box_of(tile.cells, origin, 0);
  const Box seen{std::max(0, cells.left), std::max(0, cells.top),
                 std::min(image.width, cells.right + 1), std::min(image.height, cells.bottom + 1)};
  if (seen.width() <= 0 || seen.height() <= 0) return;
  const auto width = static_cast<std::size_t>(seen.width());
  levels_.assign(width * static_cast<std::size_t>(seen.height()), 0);
  const auto to_level = static_cast<float>(254 / frame.run.info.threshold[vm::Resource::cpu]);
  std::vector<Box> failing;
  const auto columns = static_cast<std::size_t>(tile.columns);
  for (std::size_t i = 0, row = 0, column = 0; i < tile.machines.size(); ++i) {
    const MachineView& machine = frame.run.machines[tile.machines[i].value];
    const Box box{xs[column], ys[row], std::max(xs[column + 1], xs[column] + 1),
                  std::max(ys[row + 1], ys[row] + 1)};
    if (++column == columns) {
      column = 0;
      ++row;
    }
    if (!machine.is_there() || box.left < seen.left || box.right > seen.right ||
        box.top < seen.top || box.bottom > seen.bottom) {
      continue;
    }
    if (machine.failing) failing.push_back(box);
    const float use = shown_use(machine, frame.state.map.colouring) * to_level;
    const auto level = static_cast<std::uint8_t>(1 + std::clamp(use, 0.0f, 254.0f));
    for (int y = box.top; y < box.bottom; ++y) {
      std::uint8_t* const line = levels_.data() + static_cast<std::size_t>(y - seen.top) * width;
      for (int x = box.left; x < box.right; ++x) {
        line[x - seen.left] = std::max(line[x - seen.left], level);
      }
    }
  }
  std::array<Colour, 256> colours = frame.ramp;
  if (frame.state.map.failing_only) {
    for (Colour& colour : colours) colour = mix(frame.palette.panel, colour, 0.18);
  }
  for (int y = seen.top; y < seen.bottom; ++y) {
    const std::uint8_t* const line =
        levels_.data() + static_cast<std::size_t>(y - seen.top) * width;
    Colour* const to = image.row(y) + seen.left;
    for (std::size_t x = 0; x < width; ++x) {
      if (line[x] != 0) to[x] = colours[line[x]];
    }
  }
  for (const Box& box : failing) {  // three pixels at least: one that fails must be seen
    const int wide = std::max(0, 3 - box.width()), high = std::max(0, 3 - box.height());
    fill(image,
         {box.left - wide / 2, box.top - high / 2, box.right + (wide + 1) / 2,
          box.bottom + (high + 1) / 2},
         frame.palette.failing);
  }
}

}  // namespace viz::ui
