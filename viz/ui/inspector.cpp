#include <algorithm>
#include <cmath>

#include "viz/ui/facts.hpp"
#include "viz/ui/format.hpp"
#include "viz/ui/lanes.hpp"
#include "viz/ui/panels.hpp"
#include "viz/ui/timeline.hpp"
#include "vm/quantity.hpp"

namespace viz::ui {
namespace {

using namespace std::chrono_literals;
using model::Life;
using Kind = model::Selection::Kind;

constexpr float side = 14;             // unscaled pixels at both edges
constexpr float levers = 142;          // height
constexpr float levers_of_all = 92;    // likewise, without those of one machine
constexpr float more_for_reason = 28;  // that some cannot be pulled

std::string length_text(const Frame& frame, Time from, const std::optional<Time>& to) {
  return to ? span_text(*to - from) : span_text(frame.run.clock.now - from) + " so far";
}

}  // namespace

Inspector::Inspector(Textures& textures)
    : histories_{Canvas{textures}, Canvas{textures}, Canvas{textures}, Canvas{textures}} {}

void Inspector::draw(Frame& frame, const Rect& whole) {
  draw_panel(frame, whole);
  frame.probes.add("inspector", whole);
  const model::RunView& run = frame.run;
  const model::Selection& s = run.selection;
  const bool of_clients = s.kind == Kind::group || s.kind == Kind::client;
  Rect place = whole;
  if (run.source.can_change) {
    const float reason = run.changes.why_not.empty() ? 0 : more_for_reason;
    place.max.y -= frame.px(of_clients ? levers_of_all : levers + reason);
  }
  const auto within = [&](const auto* records) {
    return records != nullptr && s.index < records->size();
  };
  ImGui::PushClipRect(place.min, place.max, true);
  if (s.kind == Kind::machine && s.index < run.machines.size()) {
    draw_machine(frame, run.machines[s.index], place);
  } else if (s.kind == Kind::group && s.index < run.groups.size()) {
    draw_group(frame, run.groups[s.index], place);
  } else if (run.client) {
    draw_client(frame, *run.client, place);
  } else if (s.kind == Kind::migration && within(run.migrations)) {
    draw_migration(frame, (*run.migrations)[s.index], place);
  } else if (s.kind == Kind::failover && within(run.failovers)) {
    draw_failover(frame, (*run.failovers)[s.index], place);
  } else if (s.kind == Kind::failure && within(run.failures)) {
    draw_failure(frame, (*run.failures)[s.index], place);
  } else {
    draw_fleet(frame, place);
  }
  ImGui::PopClipRect();
  if (run.source.can_change) draw_levers(frame, {{whole.min.x, place.max.y}, whole.max});
}

float Inspector::begin_page(const Frame& frame, const Rect& place) {
  frame.probes.add("inspector.page", place);
  if (ImGui::IsMouseHoveringRect(place.min, place.max, false))
    scrolled_ -= ImGui::GetIO().MouseWheel * frame.px(48);
  scrolled_ = std::clamp(scrolled_, 0.0f, hidden_);
  ImGui::PushClipRect(place.min, place.max, true);
  return place.min.y - scrolled_;
}

void Inspector::end_page(const Frame& frame, const Rect& place, float bottom) {
  ImGui::PopClipRect();
  const float length = bottom + scrolled_ - place.min.y;
  hidden_ = std::max(0.0f, length - place.height());
  if (hidden_ == 0) return;
  // What part of the page is seen.
  const float right = place.max.x - frame.px(3), scale = place.height() / length;
  const float top = place.min.y + scrolled_ * scale;
  draw_box({{right - frame.px(3), top}, {right, top + place.height() * scale}}, frame.palette.line);
}

float Inspector::draw_history(const Frame& frame, vm::Resource resource, const Rect& place) {
  Canvas& canvas = histories_[static_cast<std::size_t>(resource)];
  const model::Selection& s = frame.run.selection;
  const bool one = s.kind == Kind::machine;
  const model::Series* const series = (one ? frame.run.selected : frame.run.fleet).mean[resource];
  const Duration shown = std::min<Duration>(3h, whole_run(frame.run.clock).length());
  const Span view{frame.run.clock.now - shown, frame.run.clock.now};
  const CanvasKey key{view.to.time_since_epoch().count(),
                      shown.count(),
                      frame.run.generation,
                      s.kind,
                      s.index,
                      frame.state.light};
  if (canvas.outdated(static_cast<int>(place.width()), static_cast<int>(place.height()), key)) {
    Image& image = canvas.image();
    const Box box{0, 0, image.width, image.height};
    fill(image, box, mix(frame.palette.panel, frame.palette.background, 0.5));
    Lane lane{.name = "", .unit = "%", .colour = resource_colour(frame, resource)};
    lane.high = 1.05;
    lane.limit = frame.run.info.threshold[resource];
    if (series != nullptr && !series->empty())
      lane.lines.push_back({"", series, lane.colour, Stroke::filled});
    paint_lane(frame, image, box, lane, view);
  }
  canvas.draw(*ImGui::GetWindowDrawList(), place.min);
  return place.max.y;
}

float Inspector::draw_resources(const Frame& frame, const vm::PerResource<float>& use,
                                const Rect& place, float y) {
  const Palette& p = frame.palette;
  const float left = place.min.x + frame.px(side), right = place.max.x - frame.px(side);
  const float room = place.max.y - y - frame.px(150);
  const float history = std::clamp(room / 4 - frame.px(26), frame.px(0), frame.px(30));
  for (const vm::Resource resource : vm::all_resources) {
    const float share = use[resource];
    const double threshold = frame.run.info.threshold[resource];
    const bool over = static_cast<double>(share) > threshold;
    const Colour ink = over ? p.failing : resource_colour(frame, resource);
    draw_text(frame.fonts.small, {left, y}, p.dim, resource_word(resource));
    draw_text_right(frame.fonts.mono, {right, y - frame.px(1)}, over ? p.failing : p.text,
                    percent_text(static_cast<double>(share)));
    const Rect bar{{left + frame.px(46), y + frame.px(4)},
                   {right - frame.px(68), y + frame.px(12)}};
    draw_box(bar, p.raised, frame.px(3));
    draw_box({bar.min, {bar.min.x + bar.width() * std::clamp(share, 0.0f, 1.0f), bar.max.y}}, ink,
             frame.px(3));
    const float tick = bar.min.x + bar.width() * static_cast<float>(threshold);
    draw_box({{tick, bar.min.y - frame.px(3)}, {tick + frame.px(1), bar.max.y + frame.px(3)}},
             p.dim);
    y += frame.px(20);
    if (history >= frame.px(10)) {
      y = draw_history(frame, resource, {{left, y}, {right, y + history}}) + frame.px(7);
    }
  }
  return y + frame.px(2);
}

void Inspector::draw_machine(const Frame& frame, const model::MachineView& machine,
                             const Rect& place) {
  const Palette& p = frame.palette;
  const model::RunInfo& info = frame.run.info;
  const model::FlavorInfo& flavor = info.flavors[machine.flavor.value];
  const bool up = machine.life == Life::up;
  float y = draw_title(frame, place, machine_name(frame, machine.id),
                       machine.failing ? "FAILING"
                       : up            ? "OK"
                                       : life_word(machine.life),
                       machine.failing ? p.failing
                       : up            ? mix(p.panel, p.good, 0.25)
                                       : p.raised,
                       machine.failing ? rgb(0xFFFFFF)
                       : up            ? p.good
                                       : p.dim,
                       info.fleets[machine.fleet.value].name);
  y = draw_rule(frame, place, draw_resources(frame, machine.use, place, y));
  y = draw_fact(frame, place, y, "Tenants", count_text(machine.tenants), p.text);
  y = draw_fact(frame, place, y, "In service", count_text(machine.transactions), p.text);
  y = draw_fact(frame, place, y, "Flavor", flavor.name + (machine.spare ? ", spare" : ""), p.text);
  y = draw_fact(frame, place, y, "Capacity",
                short_text(flavor.capacity.cores) + " cores, " +
                    vm::format_bytes(flavor.capacity.memory) + ", " +
                    vm::format_byte_rate(flavor.capacity.network),
                p.text);
  y = draw_fact(frame, place, y, "Price", short_text(flavor.price) + " per hour", p.text);
  // Of the selected machine the whole series is there, so this is exact.
  double above = 0;
  for (const vm::Resource resource : vm::all_resources) {
    const model::Series* const series = frame.run.selected.mean[resource];
    if (series == nullptr) continue;
    if (const auto figures = series->figures(Time{}, frame.run.clock.now)) {
      const Time from = series->empty() ? Time{} : series->time(0);
      above = std::max(
          above, figures->above * sim::seconds(std::max(Duration{}, frame.run.clock.now - from)));
    }
  }
  y = draw_fact(frame, place, y,
                "Time above " + count_text(info.threshold[vm::Resource::cpu] * 100) + " % so far",
                span_text(sim::from_seconds(above)), above > 0 ? p.failing : p.text);
  if (frame.run.migrations != nullptr) {
    std::size_t in = 0, out = 0;
    for (const model::MigrationRecord& record : *frame.run.migrations) {
      if (record.start > frame.run.clock.now) break;
      in += record.to == machine.id;
      out += record.from == machine.id;
    }
    y = draw_fact(
        frame, place, y, "Migrations in / out",
        count_text(static_cast<double>(in)) + " / " + count_text(static_cast<double>(out)), p.text);
  }
}

void Inspector::draw_migration(const Frame& frame, const model::MigrationRecord& record,
                               const Rect& place) {
  const Palette& p = frame.palette;
  const bool going = !record.end || *record.end > frame.run.clock.now;
  float y = draw_title(frame, place, "Migration",
                       record.aborted ? "GIVEN UP"
                       : going        ? "UNDER WAY"
                                      : "DONE",
                       p.raised,
                       record.aborted ? p.failing
                       : going        ? p.moving
                                      : p.good,
                       "");
  y = draw_rule(frame, place, y);
  bool client = false;
  y = draw_link(frame, "migration.client", place, y, "Client",
                "client " + std::to_string(record.tenant.value), client);
  if (client) frame.send(model::Select{{Kind::client, record.tenant.value}});
  y = draw_fact(frame, place, y, "From", machine_name(frame, record.from), p.text);
  y = draw_fact(frame, place, y, "To", machine_name(frame, record.to), p.text);
  y = draw_fact(frame, place, y, "Begun", clock_text(record.start), p.text);
  y = draw_fact(frame, place, y, "Took", length_text(frame, record.start, record.end), p.text);
  y = draw_fact(frame, place, y, "Copy rounds", count_text(record.rounds), p.text);
  y = draw_fact(frame, place, y, "Copied", vm::format_bytes(record.bytes), p.text);
  y = draw_fact(frame, place, y, "Pause", record.end ? span_text(record.pause) : "-", p.text);
  draw_fact(frame, place, y, "Of failover", std::to_string(record.failover), p.text);
}

void Inspector::draw_failover(const Frame& frame, const model::FailoverRecord& record,
                              const Rect& place) {
  const Palette& p = frame.palette;
  float y = draw_title(frame, place, "Failover " + std::to_string(record.number),
                       record.result.empty() ? "UNDER WAY" : record.result, p.raised,
                       record.result == "completed" ? p.good
                       : record.result == "failed"  ? p.failing
                                                    : p.moving,
                       to_string(record.cause));
  y = draw_rule(frame, place, y);
  y = draw_fact(frame, place, y, "From", machine_name(frame, record.from), p.text);
  y = draw_fact(frame, place, y, "To",
                record.to == vm::no_machine ? "none came up" : machine_name(frame, record.to),
                p.text);
  y = draw_fact(frame, place, y, "Triggered", clock_text(record.triggered), p.text);
  y = draw_fact(frame, place, y, "Took", length_text(frame, record.triggered, record.end), p.text);
  y = draw_fact(frame, place, y, "Answers SLA failure", std::to_string(record.failure), p.text);
  y = draw_fact(frame, place, y, "Tenants moved", count_text(static_cast<double>(record.moved)),
                p.text);
  y = draw_fact(frame, place, y, "Given up", count_text(static_cast<double>(record.aborted)),
                record.aborted > 0 ? p.failing : p.text);
  y = draw_fact(frame, place, y, "Copied", vm::format_bytes(record.bytes), p.text);
  y = draw_fact(frame, place, y, "Longest pause", span_text(record.pause_max), p.text);
  draw_fact(frame, place, y, "Writes lost", count_text(static_cast<double>(record.lost)),
            record.lost > 0 ? p.failing : p.good);
}

void Inspector::draw_failure(const Frame& frame, const model::FailureRecord& record,
                             const Rect& place) {
  const Palette& p = frame.palette;
  const bool on = record.is_on(frame.run.clock.now);
  const auto amount = [&](double value) {
    if (record.cause == vm::Cause::latency) return span_text(sim::from_seconds(value));
    if (record.cause == vm::Cause::availability) return short_text(value) + " x budget";
    return percent_text(value);
  };
  float y =
      draw_title(frame, place, "SLA failure " + std::to_string(record.number), on ? "ON" : "OVER",
                 p.raised, on ? p.failing : p.good, to_string(record.cause));
  y = draw_rule(frame, place, y);
  y = draw_fact(frame, place, y, "Where", machine_name(frame, record.machine), p.text);
  y = draw_fact(frame, place, y, "From", clock_text(record.start), p.text);
  y = draw_fact(frame, place, y, "Noticed after", span_text(record.noticed - record.start), p.text);
  y = draw_fact(frame, place, y, "Lasted", length_text(frame, record.start, record.end), p.text);
  y = draw_fact(frame, place, y, "Seen", amount(record.value), p.failing);
  y = draw_fact(frame, place, y, "Limit", amount(record.limit), p.text);
  if (record.worst) draw_fact(frame, place, y, "Worst", amount(*record.worst), p.failing);
}

void Inspector::draw_fleet(const Frame& frame, const Rect& place) {
  const Palette& p = frame.palette;
  const model::Figures& f = frame.run.figures;
  float y = draw_title(frame, place, "All machines", f.failing > 0 ? "FAILING" : "OK",
                       f.failing > 0 ? p.failing : mix(p.panel, p.good, 0.25),
                       f.failing > 0 ? rgb(0xFFFFFF) : p.good, "mean of those up");
  y = draw_rule(frame, place, draw_resources(frame, f.mean, place, y));
  y = draw_fact(frame, place, y, "Up", count_text(f.up), p.text);
  y = draw_fact(frame, place, y, "Booting / draining / down",
                count_text(f.booting) + " / " + count_text(f.draining) + " / " + count_text(f.down),
                p.text);
  y = draw_fact(frame, place, y, "SLA failures on", count_text(f.failures),
                f.failures > 0 ? p.failing : p.text);
  y = draw_fact(frame, place, y, "Migrations under way", count_text(f.migrations),
                f.migrations > 0 ? p.moving : p.text);
  if (!frame.run.info.fleets.empty() && !frame.run.info.fleets[0].policy.empty()) {
    y = draw_fact(frame, place, y, "Failover", frame.run.info.fleets[0].policy, p.text);
  }
  draw_fact(frame, place, y, "Cost so far", short_text(f.cost), p.text);
}

}  // namespace viz::ui
