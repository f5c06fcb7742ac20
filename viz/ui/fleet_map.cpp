#include "viz/ui/fleet_map.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "viz/ui/format.hpp"

namespace viz::ui {
namespace {

constexpr float clients_width = 150, heading_height = 34;

ImDrawList& list() {
  return *ImGui::GetWindowDrawList();
}

void draw_legend(const Frame& frame, float right, float y) {
  const Palette& p = frame.palette;
  ImFont* const font = frame.fonts.small;
  const std::string limit = count_text(frame.run.info.threshold[vm::Resource::cpu] * 100) + " %";
  float x = right - text_width(font, "failing");
  draw_text(font, {x, y}, p.dim, "failing");
  x -= frame.px(20);
  draw_box({{x, y + frame.px(2)}, {x + frame.px(14), y + frame.px(12)}}, p.failing, frame.px(2));
  x -= frame.px(14) + text_width(font, limit);
  draw_text(font, {x, y}, p.dim, limit);
  x -= frame.px(118);
  constexpr int steps = 56;
  const float width = frame.px(110) / steps;
  for (int i = 0; i < steps; ++i) {
    const float at = x + width * static_cast<float>(i);
    draw_box({{at, y + frame.px(2)}, {at + width + 1, y + frame.px(12)}},
             frame.ramp[static_cast<std::size_t>(i * 255 / (steps - 1))]);
  }
  draw_text_right(font, {x - frame.px(6), y}, p.dim, "0");
}

/// Zoom so that what is under the pointer stays there.
void zoom_about(MapState& map, const Rect& area, ImVec2 pointer, double factor) {
  const double before = map.zoom;
  map.zoom = std::clamp(before * factor, 1.0, 400.0);
  const double x = static_cast<double>(pointer.x - area.min.x),
               y = static_cast<double>(pointer.y - area.min.y);
  map.pan_x = (map.pan_x + x) * map.zoom / before - x;
  map.pan_y = (map.pan_y + y) * map.zoom / before - y;
}

void keep_inside(MapState& map, const Rect& area) {
  map.pan_x = std::clamp(map.pan_x, 0.0, static_cast<double>(area.width()) * (map.zoom - 1));
  map.pan_y = std::clamp(map.pan_y, 0.0, static_cast<double>(area.height()) * (map.zoom - 1));
}

struct Counts {
  std::uint32_t there = 0, failing = 0;
};

Counts counts_of(const Frame& frame, const Tile& tile) {
  Counts counts;
  for (const model::MachineId id : tile.machines) {
    const model::MachineView& machine = frame.run.machines[id.value];
    counts.there += machine.is_there();
    counts.failing += machine.failing;
  }
  return counts;
}

}  // namespace

void FleetMap::draw(Frame& frame, const Rect& place) {
  draw_panel(frame, place);
  frame.probes.add("map", place);
  draw_heading(frame, place);
  const MapState& map = frame.state.map;
  const float top = place.min.y + frame.px(heading_height);
  const bool clients = map.flows && !frame.run.groups.empty();
  const Rect column{{place.min.x + frame.px(10), top},
                    {place.min.x + frame.px(10 + clients_width - 34), place.max.y - frame.px(8)}};
  const Rect area{{clients ? place.min.x + frame.px(clients_width + 8) : place.min.x + frame.px(8),
                   top + frame.px(4)},
                  {place.max.x - frame.px(8), place.max.y - frame.px(8)}};
  layout_.group(frame.run, map.grouping);
  interact(frame, area, "map.cells");
  layout_.place(area, map, frame.scale);
  list().PushClipRect(area.min, area.max, true);
  cells_.draw(frame, layout_, area);
  draw_tile_headings(frame, area);
  list().PopClipRect();
  if (clients) draw_clients(frame, layout_, column, area);
  list().PushClipRect(area.min, area.max, true);
  if (map.migrations) draw_migrations(frame, layout_, area);
  draw_marks(frame, area);
  list().PopClipRect();
}

void FleetMap::draw_bare(Frame& frame, const Rect& place, std::string_view title) {
  draw_panel(frame, place);
  draw_text(frame.fonts.strong, {place.min.x + frame.px(12), place.min.y + frame.px(9)},
            frame.palette.text, title);
  const Rect area{{place.min.x + frame.px(8), place.min.y + frame.px(heading_height + 4)},
                  {place.max.x - frame.px(8), place.max.y - frame.px(8)}};
  layout_.group(frame.run, frame.state.map.grouping);
  interact(frame, area, ("map.cells." + std::string{title}).c_str());
  layout_.place(area, frame.state.map, frame.scale);
  list().PushClipRect(area.min, area.max, true);
  cells_.draw(frame, layout_, area);
  draw_tile_headings(frame, area);
  if (frame.state.map.migrations) draw_migrations(frame, layout_, area);
  draw_marks(frame, area);
  list().PopClipRect();
}

void FleetMap::draw_heading(const Frame& frame, const Rect& place) {
  const Palette& p = frame.palette;
  MapState& map = frame.state.map;
  draw_text(frame.fonts.strong, {place.min.x + frame.px(12), place.min.y + frame.px(8)}, p.text,
            "Fleet");
  ImVec2 at{place.min.x + frame.px(62), place.min.y + frame.px(6)};
  for (const vm::Resource resource : vm::all_resources) {
    const auto by = static_cast<Colouring>(resource);
    const std::string name = "map.by." + std::string{to_string(resource)};
    if (draw_chip(frame, name.c_str(), at, resource_word(resource), p.accent, map.colouring == by))
      map.colouring = by;
  }
  if (draw_chip(frame, "map.by.worst", at, "Worst", p.accent, map.colouring == Colouring::worst)) {
    map.colouring = Colouring::worst;
  }
  at.x += frame.px(14);
  if (draw_chip(frame, "map.clients", at, "Clients", p.accent, map.flows)) map.flows = !map.flows;
  if (draw_chip(frame, "map.migrations", at, "Migrations", p.moving, map.migrations)) {
    map.migrations = !map.migrations;
  }
  if (draw_chip(frame, "map.failing", at, "Failing only", p.failing, map.failing_only)) {
    map.failing_only = !map.failing_only;
  }
  const bool by_flavor = map.grouping == Grouping::flavor;
  if (draw_chip(frame, "map.grouping", at, by_flavor ? "By flavor" : "By fleet", p.good,
                by_flavor)) {
    map.grouping = by_flavor ? Grouping::fleet : Grouping::flavor;
  }
  if (place.max.x - at.x > frame.px(230)) {
    draw_legend(frame, place.max.x - frame.px(12), place.min.y + frame.px(10));
  }
}

void FleetMap::draw_tile_headings(const Frame& frame, const Rect& area) {
  const Palette& p = frame.palette;
  ImFont* const font = frame.fonts.small;
  for (const Tile& tile : layout_.tiles()) {
    const Rect& t = tile.place;
    if (t.max.x < area.min.x || t.min.x > area.max.x || t.max.y < area.min.y ||
        t.min.y > area.max.y)
      continue;
    const float left = t.min.x + frame.px(7), y = t.min.y + frame.px(4);
    const auto [there, failing] = counts_of(frame, tile);
    const std::string count = count_text(there) + (there == 1 ? " machine" : " machines");
    const std::string badge = count_text(failing) + " failing";
    const float badge_room = failing > 0 ? text_width(font, badge) + frame.px(22) : 0;
    const float room = t.width() - frame.px(14) - badge_room;
    draw_text_within(font, {left, y}, room, p.text, tile.name);
    const float name_width = text_width(font, tile.name) + frame.px(8);
    if (name_width + text_width(font, count) < room)
      draw_text(font, {left + name_width, y}, p.dim, count);
    if (failing > 0 && t.width() > badge_room) {
      draw_pill(frame, font, {t.max.x - badge_room, y - frame.px(1)}, mix(p.panel, p.failing, 0.35),
                mix(p.text, p.failing, 0.25), badge);
    }
  }
}

void FleetMap::draw_marks(const Frame& frame, const Rect& /*area*/) {
  const auto mark = [&](model::MachineId id, Colour colour, float thickness) {
    const auto cell = layout_.cell_of(id);
    if (!cell) return;
    Rect place = *cell;
    const float gap =
        FleetLayout::cell_size(*layout_.tile_of(id)).x > frame.px(44) ? frame.px(5) : frame.px(1);
    place.max.x -= gap;
    place.max.y -= gap;
    const float grow = std::max(frame.px(2), (frame.px(9) - place.width()) / 2);
    draw_outline(place.shrunk(-grow - frame.px(1)), frame.palette.background, frame.px(4),
                 thickness + frame.px(2));
    draw_outline(place.shrunk(-grow), colour, frame.px(4), thickness);
  };
  if (const auto over = frame.hovered_before.machine) mark(*over, frame.palette.dim, frame.px(1));
  const model::Selection& selected = frame.run.selection;
  if (selected.kind == model::Selection::Kind::machine) {
    mark(model::MachineId{selected.index}, frame.palette.white, frame.px(2));
  } else if (frame.run.client) {
    mark(frame.run.client->machine, frame.palette.white, frame.px(2));
  }
}

void FleetMap::interact(Frame& frame, const Rect& area, const char* probe) {
  MapState& map = frame.state.map;
  const Press press = press_area(frame, probe, area);
  const ImGuiIO& io = ImGui::GetIO();
  layout_.place(area, map, frame.scale);
  for (const model::MachineView& machine : frame.run.machines) {
    if (frame.run.machines.size() > 64) break;  // by name only where a test would name them
    if (const auto cell = layout_.cell_of(machine.id)) {
      frame.probes.add("machine." + std::to_string(machine.id.value), *cell);
    }
  }
  if (press.hovered) {
    if (io.MouseWheel != 0) {
      zoom_about(map, area, io.MousePos, std::pow(1.25, static_cast<double>(io.MouseWheel)));
    }
    if (ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) {
      map.zoom = 1;
      map.pan_x = map.pan_y = 0;
    }
    layout_.place(area, map, frame.scale);
    if (const auto machine = layout_.at(io.MousePos)) {
      frame.hovered.machine = machine;
      if (press.clicked) {
        frame.send(model::Select{{model::Selection::Kind::machine, machine->value}});
      }
      draw_tooltip(frame, *machine);
    } else if (press.clicked) {
      frame.send(model::Select{});
    }
  }
  for (const ImGuiMouseButton button : {ImGuiMouseButton_Right, ImGuiMouseButton_Middle}) {
    if (!ImGui::IsMouseDragging(button, 0) || !area.contains(io.MouseClickedPos[button])) continue;
    map.pan_x -= static_cast<double>(io.MouseDelta.x);
    map.pan_y -= static_cast<double>(io.MouseDelta.y);
  }
  keep_inside(map, area);
}

void FleetMap::draw_tooltip(const Frame& frame, model::MachineId id) {
  const model::MachineView& machine = frame.run.machines[id.value];
  const Palette& p = frame.palette;
  ImGui::BeginTooltip();
  ImGui::PushFont(frame.fonts.strong);
  ImGui::TextUnformatted(machine_name(frame, id).c_str());
  ImGui::PopFont();
  ImGui::PushFont(frame.fonts.small);
  ImGui::SameLine();
  const std::string word{machine.failing ? "FAILING" : life_word(machine.life)};
  ImGui::TextColored(ImGui::ColorConvertU32ToFloat4(machine.failing ? p.failing : p.dim), "%s",
                     word.c_str());
  ImGui::PushFont(frame.fonts.mono_small);
  for (const vm::Resource resource : vm::all_resources) {
    ImGui::TextColored(ImGui::ColorConvertU32ToFloat4(resource_colour(frame, resource)), "%-5s %8s",
                       std::string{resource_word(resource)}.c_str(),
                       percent_text(static_cast<double>(machine.use[resource])).c_str());
  }
  ImGui::PopFont();
  ImGui::TextColored(ImGui::ColorConvertU32ToFloat4(p.dim), "%u tenants, %u in service",
                     machine.tenants, machine.transactions);
  ImGui::PopFont();
  ImGui::EndTooltip();
}

}  // namespace viz::ui
