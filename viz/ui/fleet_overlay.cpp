// What is drawn across the map: clients' flows and migrations' arrows.
#include <algorithm>
#include <cmath>
#include <map>

#include "viz/ui/fleet_map.hpp"
#include "viz/ui/format.hpp"

namespace viz::ui {
namespace {

constexpr std::size_t most_arrows = 40;

ImDrawList& list() {
  return *ImGui::GetWindowDrawList();
}

struct Curve {
  ImVec2 a, b, c, d;  // start, two controls, end
  ImVec2 at(float t) const {
    const float s = 1 - t;
    const float w0 = s * s * s, w1 = 3 * s * s * t, w2 = 3 * s * t * t, w3 = t * t * t;
    return {w0 * a.x + w1 * b.x + w2 * c.x + w3 * d.x, w0 * a.y + w1 * b.y + w2 * c.y + w3 * d.y};
  }
};

void stroke(const Curve& curve, Colour colour, float thickness) {
  list().AddBezierCubic(curve.a, curve.b, curve.c, curve.d, colour, thickness, 24);
}

ImVec2 halfway(ImVec2 a, ImVec2 b) {
  return {(a.x + b.x) / 2, (a.y + b.y) / 2};
}

/// The halves of a curve, by de Casteljau's construction.
Curve first_half(const Curve& k) {
  const ImVec2 ab = halfway(k.a, k.b), bc = halfway(k.b, k.c), cd = halfway(k.c, k.d);
  return {k.a, ab, halfway(ab, bc), halfway(halfway(ab, bc), halfway(bc, cd))};
}
Curve second_half(const Curve& k) {
  return first_half({k.d, k.c, k.b, k.a});
}

/// Migrations of one source and target are one arrow.
struct Bundle {
  std::uint32_t count = 0;
  float strength = 0;
  float progress = 0;  // sum
  bool selected = false;
};

void draw_arrow(const Frame& frame, ImVec2 from, ImVec2 to, const Bundle& bundle) {
  const Palette& p = frame.palette;
  const float dx = to.x - from.x, dy = to.y - from.y;
  const float length = std::max(1.0f, std::sqrt(dx * dx + dy * dy));
  // The bow is bent to the left of its direction, so that there and back are two arrows.
  const float bend = std::min(frame.px(70), length * 0.22f);
  const ImVec2 side{dy / length * bend, -dx / length * bend};
  const ImVec2 tip = to;
  const Curve curve{from,
                    {from.x + dx * 0.33f + side.x, from.y + dy * 0.33f + side.y},
                    {from.x + dx * 0.67f + side.x, from.y + dy * 0.67f + side.y},
                    tip};
  const double strength = static_cast<double>(std::clamp(bundle.strength, 0.0f, 1.0f));
  const Colour colour = faded(bundle.selected ? p.white : p.moving, strength);
  const float thick =
      frame.px(1.6f) +
      std::min(frame.px(2.4f), std::sqrt(static_cast<float>(bundle.count)) * frame.px(0.35f));
  // Faint where it leaves, strong where it arrives: of many arrows the heads are what is read.
  const Colour tail = faded(colour, 0.45);
  stroke(curve, faded(p.background, 0.6 * strength), thick + frame.px(2));
  const Curve second = second_half(curve), first = first_half(curve);
  stroke(first, tail, thick);
  stroke(second, colour, thick);
  list().AddCircle(from, frame.px(4), colour, 16, frame.px(1.6f));
  const ImVec2 before = curve.at(0.94f);
  const float hx = tip.x - before.x, hy = tip.y - before.y;
  const float h = std::max(0.001f, std::sqrt(hx * hx + hy * hy)), size = frame.px(9);
  const ImVec2 along{hx / h * size, hy / h * size}, across{-along.y * 0.55f, along.x * 0.55f};
  list().AddTriangleFilled(tip, {tip.x - along.x + across.x, tip.y - along.y + across.y},
                           {tip.x - along.x - across.x, tip.y - along.y - across.y}, colour);
  const ImVec2 bead = curve.at(bundle.progress / static_cast<float>(std::max(1u, bundle.count)));
  list().AddCircleFilled(bead, frame.px(4.5f), faded(p.background, strength), 16);
  list().AddCircleFilled(bead, frame.px(3.5f), faded(rgb(0xFFFFFF), strength), 16);
  if (bundle.count > 1) {
    const std::string text = count_text(bundle.count);
    const float width = text_width(frame.fonts.mono_small, text);
    const Rect badge{{bead.x + frame.px(7), bead.y - frame.px(8)},
                     {bead.x + frame.px(15) + width, bead.y + frame.px(8)}};
    draw_box(badge, faded(p.background, 0.85 * strength), frame.px(4));
    draw_text_centred(frame.fonts.mono_small, badge, faded(p.moving, strength), text);
  }
}

ImVec2 middle_of(const Frame& frame, const FleetLayout& layout, const Rect& cell,
                 model::MachineId id) {
  const bool card = FleetLayout::cell_size(*layout.tile_of(id)).x > frame.px(44);
  const float gap = card ? frame.px(5) : 0;
  return {(cell.min.x + cell.max.x - gap) / 2, (cell.min.y + cell.max.y - gap) / 2};
}

double greatest_rate(const Frame& frame) {
  double greatest = 1e-9;
  for (const model::FlowView& flow : frame.run.flows) greatest = std::max(greatest, flow.rate);
  return greatest;
}

/// From the group's dot to the edge of the tile; thin ones stay visible.
void draw_flow(const Frame& frame, const model::FlowView& flow, ImVec2 from, ImVec2 to,
               double share) {
  const Palette& p = frame.palette;
  const bool selected =
      frame.run.selection == model::Selection{model::Selection::Kind::group, flow.group.value};
  const Colour colour = selected     ? faded(p.white, 0.55)
                        : flow.fails ? faded(p.failing, 0.42)
                                     : faded(p.flow, frame.run.flows.size() > 8 ? 0.14 : 0.24);
  const float bend = std::max(frame.px(18), (to.x - from.x) * 0.5f);
  const Curve curve{from, {from.x + bend, from.y}, {to.x - bend, to.y}, to};
  stroke(curve, colour,
         frame.px(1.5f) + frame.px(frame.run.flows.size() > 8 ? 4.0f : 9.0f) *
                              static_cast<float>(std::sqrt(share)));
  // Points that travel with the run's clock say which way it flows.
  const double phase =
      frame.calm ? 0.35
                 : std::fmod(ImGui::GetTime() * (frame.run.clock.playing ? 0.5 : 0.0) + 0.35, 1.0);
  for (const double shift : {0.0, 0.5}) {
    list().AddCircleFilled(curve.at(static_cast<float>(std::fmod(phase + shift, 1.0))), frame.px(2),
                           faded(flow.fails ? p.failing : p.accent, 0.8), 10);
  }
}

}  // namespace

void draw_migrations(const Frame& frame, const FleetLayout& layout, const Rect& /*area*/) {
  if (frame.run.migrations == nullptr) return;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Bundle> bundles;
  for (const model::MigrationView& view : frame.run.under_way) {
    const model::MigrationRecord& record = (*frame.run.migrations)[view.index];
    const auto key = std::pair{record.from.value, record.to.value};
    if (bundles.size() == most_arrows && bundles.find(key) == bundles.end()) continue;
    Bundle& bundle = bundles[key];
    ++bundle.count;
    bundle.strength = std::max(bundle.strength, view.strength);
    bundle.progress += view.progress;
    bundle.selected |=
        frame.run.selection == model::Selection{model::Selection::Kind::migration, view.index};
  }
  for (const auto& [ends, bundle] : bundles) {
    const model::MachineId from{ends.first}, to{ends.second};
    const auto source = layout.cell_of(from), target = layout.cell_of(to);
    if (!source || !target) continue;
    draw_arrow(frame, middle_of(frame, layout, *source, from),
               middle_of(frame, layout, *target, to), bundle);
  }
}

void draw_clients(const Frame& frame, const FleetLayout& layout, const Rect& column,
                  const Rect& area) {
  const Palette& p = frame.palette;
  draw_text(frame.fonts.small, {column.min.x + frame.px(2), column.min.y + frame.px(3)}, p.dim,
            "Clients");
  const std::size_t groups = frame.run.groups.size();
  const float top = column.min.y + frame.px(24), gap = frame.px(8);
  const auto fits =
      static_cast<std::size_t>(std::max(1.0f, (column.max.y - top + gap) / frame.px(46)));
  const std::size_t shown = std::min(groups, fits);
  const float pitch =
      std::min(frame.px(76), (column.max.y - top + gap) / static_cast<float>(shown));
  const double greatest = greatest_rate(frame);
  list().PushClipRect({column.min.x, column.min.y}, area.max, true);
  for (const model::FlowView& flow : frame.run.flows) {
    const Tile* const tile = layout.tile_of(flow.fleet);
    if (tile == nullptr || flow.group.value >= shown || flow.rate <= 0) continue;
    const float y = top + pitch * static_cast<float>(flow.group.value) + (pitch - gap) / 2;
    // Into the only tile straight; into one of many by its heading.
    const float share = (static_cast<float>(flow.group.value) + 0.5f) / static_cast<float>(shown);
    const float lane = layout.tiles().size() == 1
                           ? std::clamp(y, tile->cells.min.y, tile->cells.max.y)
                           : tile->place.min.y + frame.px(6) + frame.px(12) * share;
    const ImVec2 to{std::max(tile->place.min.x, area.min.x),
                    std::clamp(lane, area.min.y, area.max.y)};
    draw_flow(frame, flow, {column.max.x, y}, to, flow.rate / greatest);
  }
  list().PopClipRect();
  for (std::size_t i = 0; i < shown; ++i) {
    const float y = top + pitch * static_cast<float>(i);
    const Rect box{{column.min.x, y}, {column.max.x, y + pitch - gap}};
    const std::string name = "clients." + std::to_string(i);
    const Press press = press_area(frame, name.c_str(), box);
    const model::Selection self{model::Selection::Kind::group, static_cast<std::uint32_t>(i)};
    if (press.clicked) frame.send(model::Select{self});
    draw_box(box, press.hovered ? p.hover : p.raised, frame.px(4));
    if (frame.run.selection == self) draw_outline(box, p.white, frame.px(4), frame.px(1.5f));
    const bool rest = i + 1 == shown && groups > shown;
    const float text_width_here = box.width() - frame.px(22);
    const float line = box.min.y + (box.height() - frame.px(32)) / 2;
    draw_text_within(frame.fonts.small, {box.min.x + frame.px(10), line}, text_width_here, p.text,
                     rest ? "and " + std::to_string(groups - shown + 1) + " more"
                          : frame.run.info.groups[i].name);
    if (!rest) {
      draw_text(frame.fonts.mono_small, {box.min.x + frame.px(10), line + frame.px(17)}, p.dim,
                count_text(std::round(frame.run.groups[i].issued_per_s)) + " /s");
    }
    list().AddCircleFilled({box.max.x, (box.min.y + box.max.y) / 2}, frame.px(3.5f), p.accent, 14);
  }
}

}  // namespace viz::ui
