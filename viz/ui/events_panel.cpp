#include <algorithm>
#include <cmath>
#include <cstring>

#include "viz/ui/format.hpp"
#include "viz/ui/panels.hpp"

namespace viz::ui {
namespace {

using model::Event;
using model::EventKind;

struct Chip {
  const char* name;
  const char* word;
  std::initializer_list<EventKind> kinds;
};

const std::array<Chip, 6> chips{
    {{"events.failures", "Fail", {EventKind::failure}},
     {"events.recoveries", "Recover", {EventKind::recovery}},
     {"events.failovers",
      "Failover",
      {EventKind::failover, EventKind::failover_end, EventKind::withheld}},
     {"events.migrations", "Migrate", {EventKind::migration}},
     {"events.faults", "Fault", {EventKind::crash, EventKind::fault}},
     {"events.machines", "Machine", {EventKind::boot, EventKind::release, EventKind::change}}}};

bool has(const model::Filter& filter, EventKind kind) {
  return filter.kinds.test(static_cast<std::size_t>(kind));
}

model::Selection selection_of(const Event& event) {
  using Kind = model::Selection::Kind;
  switch (event.kind) {
    case EventKind::migration:
      return {Kind::migration, event.index};
    case EventKind::failover:
    case EventKind::failover_end:
      return {Kind::failover, event.index};
    case EventKind::failure:
    case EventKind::recovery:
      if (event.machine == vm::no_machine) return {Kind::failure, event.index};
      break;
    case EventKind::crash:
    case EventKind::fault:
    case EventKind::boot:
    case EventKind::release:
    case EventKind::withheld:
    case EventKind::change:
      break;
  }
  if (event.machine == vm::no_machine) return {};
  return {Kind::machine, event.machine.value};
}

}  // namespace

model::Filter EventsPanel::filter_of(const Frame& frame) const {
  model::Filter filter = frame.state.events.filter;
  filter.text = frame.state.events.text.data();
  const model::Selection& s = frame.run.selection;
  if (frame.state.events.only_selected && s.kind == model::Selection::Kind::machine)
    filter.machine = model::MachineId{s.index};
  return filter;
}

void EventsPanel::draw(Frame& frame, const Rect& place) {
  draw_panel(frame, place);
  frame.probes.add("events", place);
  if (frame.run.events == nullptr) return;
  complete_ = matches_.advance(frame.run, filter_of(frame));
  const Palette& p = frame.palette;
  const float x = place.min.x + frame.px(12), y = place.min.y + frame.px(8);
  draw_text(frame.fonts.strong, {x, y}, p.text, "Events");
  const std::string counts = count_text(static_cast<double>(matches_.indices().size())) +
                             (complete_ ? " of " : " so far of ") +
                             count_text(static_cast<double>(frame.run.events->size()));
  draw_text(frame.fonts.small, {x + frame.px(66), y + frame.px(1)}, p.dim, counts);
  const float width = frame.px(140);
  const Rect box{{place.max.x - frame.px(10) - width, place.min.y + frame.px(5)},
                 {place.max.x - frame.px(10), place.min.y + frame.px(27)}};
  frame.probes.add("events.text", box);
  ImGui::SetCursorScreenPos(box.min);
  ImGui::SetNextItemWidth(width);
  ImGui::PushFont(frame.fonts.small);
  ImGui::InputTextWithHint("##events.text", "Find in events", frame.state.events.text.data(),
                           frame.state.events.text.size());
  ImGui::PopFont();
  draw_chips(frame, place);
  draw_table(frame, {{place.min.x + frame.px(6), place.min.y + frame.px(62)},
                     {place.max.x - frame.px(6), place.max.y - frame.px(4)}});
}

void EventsPanel::draw_chips(Frame& frame, const Rect& place) {
  EventsState& state = frame.state.events;
  ImVec2 at{place.min.x + frame.px(10), place.min.y + frame.px(34)};
  for (const Chip& chip : chips) {
    const bool on = has(state.filter, *chip.kinds.begin());
    if (!draw_chip(frame, chip.name, at, chip.word,
                   event_colour(frame.palette, *chip.kinds.begin()), on))
      continue;
    for (const EventKind kind : chip.kinds)
      state.filter.kinds.set(static_cast<std::size_t>(kind), !on);
  }
  if (at.x + frame.px(80) > place.max.x) return;
  if (draw_chip(frame, "events.this", at, "This", frame.palette.white, state.only_selected))
    state.only_selected = !state.only_selected;
  if (at.x + frame.px(60) > place.max.x) return;
  if (draw_chip(frame, "events.follow", at, "Follow", frame.palette.accent, state.follow))
    state.follow = !state.follow;
}

void EventsPanel::draw_table(Frame& frame, const Rect& place) {
  const auto rows = matches_.indices();
  const model::EventLog& log = *frame.run.events;
  // The last row that has happened.
  const auto after = std::partition_point(
      rows.begin(), rows.end(), [&](std::uint32_t i) { return log[i].at <= frame.run.clock.now; });
  const auto past = static_cast<std::size_t>(after - rows.begin());
  ImGui::SetCursorScreenPos(place.min);
  ImGui::PushFont(frame.fonts.mono_small);
  const float height = frame.fonts.mono_small->FontSize + frame.px(4);
  constexpr ImGuiTableFlags flags = ImGuiTableFlags_ScrollY | ImGuiTableFlags_RowBg |
                                    ImGuiTableFlags_BordersInnerV | ImGuiTableFlags_Resizable |
                                    ImGuiTableFlags_NoSavedSettings;
  if (ImGui::BeginTable("events", 4, flags, {place.width(), place.height()})) {
    ImGui::TableSetupScrollFreeze(0, 1);
    ImGui::TableSetupColumn("Time", ImGuiTableColumnFlags_WidthFixed, frame.px(98));
    ImGui::TableSetupColumn("Event", ImGuiTableColumnFlags_WidthFixed, frame.px(106));
    ImGui::TableSetupColumn("On", ImGuiTableColumnFlags_WidthFixed, frame.px(42));
    ImGui::TableSetupColumn("Detail", ImGuiTableColumnFlags_WidthStretch);
    ImGui::PushFont(frame.fonts.small);
    ImGui::TableHeadersRow();
    ImGui::PopFont();
    if (frame.state.events.follow && past != scrolled_to_) {
      const float row = height + 2 * ImGui::GetStyle().CellPadding.y;
      const float above = std::floor((place.height() * 0.65f) / row);
      ImGui::SetScrollY((static_cast<float>(past) - above) * row);
      scrolled_to_ = past;
    }
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(rows.size()), height + 2 * ImGui::GetStyle().CellPadding.y);
    while (clipper.Step()) {
      for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i)
        draw_row(frame, static_cast<std::size_t>(i), past, height);
    }
    ImGui::EndTable();
  }
  ImGui::PopFont();
}

void EventsPanel::draw_row(Frame& frame, std::size_t index, std::size_t past, float height) {
  const model::EventLog& log = *frame.run.events;
  const Event& event = log[matches_.indices()[index]];
  const Palette& p = frame.palette;
  const double strength = index >= past ? 0.45 : 1;
  const auto ink = [&](Colour colour) {
    return ImGui::ColorConvertU32ToFloat4(faded(colour, strength));
  };
  ImGui::PushID(static_cast<int>(index));
  ImGui::TableNextRow(ImGuiTableRowFlags_None, height);
  ImGui::TableNextColumn();
  const bool current = index + 1 == past;
  const model::Selection selection = selection_of(event);
  const bool chosen =
      selection.kind != model::Selection::Kind::nothing && selection == frame.run.selection;
  if (current)
    ImGui::TableSetBgColor(ImGuiTableBgTarget_RowBg0, mix(p.panel, p.accent, 0.30));
  else if (chosen)
    ImGui::TableSetBgColor(ImGuiTableBgTarget_RowBg0, mix(p.panel, p.white, 0.14));
  ImGui::PushStyleColor(ImGuiCol_Text, ink(p.dim));
  if (ImGui::Selectable(clock_text(event.at).c_str(), false, ImGuiSelectableFlags_SpanAllColumns,
                        {0, height})) {
    frame.send(model::Seek{event.at});
    frame.send(model::Select{selection});
  }
  ImGui::PopStyleColor();
  if (ImGui::IsItemHovered()) {
    frame.hovered.at = event.at;
    if (event.machine != vm::no_machine) frame.hovered.machine = event.machine;
  }
  frame.probes.add("events.row." + std::to_string(index),
                   {ImGui::GetItemRectMin(), ImGui::GetItemRectMax()});
  ImGui::TableNextColumn();
  const ImVec2 dot = ImGui::GetCursorScreenPos();
  ImGui::GetWindowDrawList()->AddCircleFilled({dot.x + frame.px(4), dot.y + height * 0.45f},
                                              frame.px(3.4f),
                                              faded(event_colour(p, event.kind), strength), 12);
  ImGui::SetCursorScreenPos({dot.x + frame.px(12), dot.y});
  ImGui::PushFont(frame.fonts.small);
  ImGui::TextColored(ink(p.text), "%s", std::string{to_string(event.kind)}.c_str());
  ImGui::PopFont();
  ImGui::TableNextColumn();
  if (event.machine != vm::no_machine) {
    const std::string place = frame.run.info.names.empty() ? std::to_string(event.machine.value)
                                                           : frame.run.info.name(event.machine);
    ImGui::TextColored(ink(p.text), "%s", place.c_str());
  }
  ImGui::TableNextColumn();
  ImGui::TextColored(ink(p.text), "%s", log.text(event, frame.run).c_str());
  ImGui::PopID();
}

}  // namespace viz::ui
