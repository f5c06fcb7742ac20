#include "viz/ui/lanes.hpp"

#include <algorithm>

#include "viz/ui/format.hpp"

namespace viz::ui {
namespace {

using model::Series;

/// Lowest and highest of what `lines` show in `view`; 0 and 0 where there is nothing.
std::pair<double, double> extremes(const std::vector<Line>& lines, const Span& view) {
  double low = 1e300, high = 0;
  for (const Line& line : lines) {
    const Series& series = *line.series;
    const std::size_t first = series.lower_bound(view.from);
    const std::size_t last = std::min(series.lower_bound(view.to) + 1, series.size());
    if (first >= last) continue;
    const model::MinMax seen = series.min_max(first, last);
    low = std::min(low, static_cast<double>(seen.low));
    high = std::max(high, static_cast<double>(seen.high));
  }
  return {std::min(low, high), high};
}

/// The next of 1, 2, 5 times a power of ten.
double nice_above(double value) {
  if (value <= 0) return 1;
  const double decade = std::pow(10, std::floor(std::log10(value)));
  for (const double times : {1.0, 2.0, 5.0}) {
    if (times * decade >= value) return times * decade;
  }
  return 10 * decade;
}

void add(std::vector<Line>& lines, const char* name, const Series* series, Colour colour,
         Stroke stroke) {
  if (series != nullptr && !series->empty()) lines.push_back({name, series, colour, stroke});
}

void add_resources(const Frame& frame, std::vector<Lane>& lanes) {
  const bool one = timeline_machine(frame).has_value();
  const Palette& p = frame.palette;
  for (const vm::Resource resource : vm::all_resources) {
    Lane lane{.name = std::string{resource_word(resource)}, .unit = "%"};
    lane.colour = resource_colour(frame, resource);
    lane.factor = 100;
    lane.high = 1.04;
    lane.limit = frame.run.info.threshold[resource];
    const auto& series = one ? frame.run.selected : frame.run.fleet;
    add(lane.lines, one ? "use" : "mean", series.mean[resource], lane.colour, Stroke::filled);
    if (!one) add(lane.lines, "worst", series.worst[resource], lane.colour, Stroke::hull);
    if (frame.other != nullptr) {
      add(lane.lines, "other mean", frame.other->fleet.mean[resource], p.white, Stroke::line);
    }
    lanes.push_back(std::move(lane));
  }
}

void add_latency(const Frame& frame, std::vector<Lane>& lanes, const Span& view) {
  const model::LatencySeries& s = frame.run.latency;
  const Palette& p = frame.palette;
  Lane lane{.name = "LATENCY", .unit = "ms", .colour = p.accent};
  add(lane.lines, "p99", s.p99, p.accent, Stroke::line);
  add(lane.lines, "p50", s.p50, faded(p.accent, 0.6), Stroke::filled);
  add(lane.lines, "p99.9", s.p999, faded(p.accent, 0.6), Stroke::hull);
  if (frame.other != nullptr)
    add(lane.lines, "other p99", frame.other->latency.p99, p.white, Stroke::line);
  if (lane.lines.empty()) return;
  const auto [low, high] = extremes(lane.lines, view);
  lane.logarithmic = true;
  lane.high = high > 0 ? high * 1.3 : 1;
  lane.low = low > 0 ? std::max(low * 0.6, lane.high * 1e-5) : lane.high * 1e-3;
  lanes.push_back(std::move(lane));
}

void add_throughput(const Frame& frame, std::vector<Lane>& lanes, const Span& view) {
  const model::ThroughputSeries& s = frame.run.throughput;
  const Palette& p = frame.palette;
  Lane lane{.name = "DONE", .unit = "/s", .colour = p.good};
  add(lane.lines, "committed", s.committed, p.good, Stroke::filled);
  add(lane.lines, "issued", s.issued, p.text, Stroke::line);
  add(lane.lines, "refused", s.refused, p.resource[1], Stroke::line);
  add(lane.lines, "timed out", s.timed_out, p.failing, Stroke::line);
  add(lane.lines, "failed", s.failed, p.failing, Stroke::line);
  if (frame.other != nullptr) {
    add(lane.lines, "other committed", frame.other->throughput.committed, p.white, Stroke::line);
  }
  if (lane.lines.empty()) return;
  lane.high = nice_above(extremes(lane.lines, view).second * 1.02);
  lanes.push_back(std::move(lane));
}

void add_counted(std::vector<Lane>& lanes, const Span& view, Lane lane, const Series* series,
                 const Series* other, Colour ink) {
  add(lane.lines, "value", series, lane.colour, Stroke::filled);
  add(lane.lines, "other", other, ink, Stroke::line);
  if (lane.lines.empty()) return;
  lane.high = nice_above(extremes(lane.lines, view).second * 1.02);
  lanes.push_back(std::move(lane));
}

}  // namespace

double Lane::height_of(double value) const {
  if (!logarithmic) return (value - low) / (high - low);
  return std::log(std::max(value, low * 0.5) / low) / std::log(high / low);
}

std::string Lane::number(double value) const {
  const double shown = value * factor;
  if (unit == "ms") return span_text(sim::from_seconds(shown / 1000));
  const std::string digits = shown >= 1000 ? count_text(shown) : short_text(shown);
  return unit == "%" ? digits + "%" : unit.empty() ? digits : digits + " " + unit;
}

std::optional<model::MachineId> timeline_machine(const Frame& frame) {
  const model::Selection& s = frame.run.selection;
  if (s.kind != model::Selection::Kind::machine || frame.state.timeline.fleet ||
      frame.other != nullptr || s.index >= frame.run.machines.size()) {
    return std::nullopt;
  }
  return model::MachineId{s.index};
}

std::vector<Lane> lanes_of(const Frame& frame, const Span& view) {
  std::vector<Lane> lanes;
  add_resources(frame, lanes);
  add_latency(frame, lanes, view);
  add_throughput(frame, lanes, view);
  const model::RunView* const other = frame.other;
  add_counted(lanes, view, {.name = "ENERGY", .unit = "kWh", .colour = frame.palette.moving},
              frame.run.energy, other != nullptr ? other->energy : nullptr, frame.palette.white);
  if (lanes.size() == vm::resource_count || frame.other != nullptr) {
    add_counted(
        lanes, view, {.name = "FAILING", .unit = "machines", .colour = frame.palette.failing},
        frame.run.failing, other != nullptr ? other->failing : nullptr, frame.palette.white);
  }
  return lanes;
}

double pixel_of(const Span& view, double width, Time at) {
  return static_cast<double>((at - view.from).count()) /
         static_cast<double>(view.length().count()) * width;
}

Time time_at(const Span& view, double width, double pixel) {
  return view.from +
         Duration{std::llround(static_cast<double>(view.length().count()) * pixel / width)};
}

std::string lanes_csv(const std::vector<Lane>& lanes, const Span& view, int columns) {
  std::string csv = "t_s";
  for (const Lane& lane : lanes) {
    for (const Line& line : lane.lines) {
      const std::string name = lane.name + " " + line.name;
      csv += "," + name + " low [" + lane.unit + "]," + name + " high [" + lane.unit + "]";
    }
  }
  csv += "\r\n";
  std::vector<std::vector<model::Column>> all;
  for (const Lane& lane : lanes) {
    for (const Line& line : lane.lines) {
      all.emplace_back(static_cast<std::size_t>(columns));
      line.series->columns(view.from, view.to, all.back());
    }
  }
  const auto number = [](double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.9g",
                  value);  // NOLINT(cppcoreguidelines-pro-type-vararg)
    return std::string{text.data()};
  };
  for (std::size_t x = 0; x < static_cast<std::size_t>(columns); ++x) {
    csv += number(sim::seconds(time_at(view, columns, static_cast<double>(x))));
    std::size_t at = 0;
    for (const Lane& lane : lanes) {
      for (std::size_t i = 0; i < lane.lines.size(); ++i, ++at) {
        const model::Column& column = all[at][x];
        if (!column.known) {
          csv += ",,";
          continue;
        }
        csv += "," + number(static_cast<double>(column.range.low) * lane.factor) + "," +
               number(static_cast<double>(column.range.high) * lane.factor);
      }
    }
    csv += "\r\n";
  }
  return csv;
}

}  // namespace viz::ui
