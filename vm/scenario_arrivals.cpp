// How clients arrive: rates and curves, modulated states, traces, thinking populations.
#include <algorithm>
#include <utility>

#include "vm/quantity.hpp"
#include "vm/scenario_readers.hpp"
#include "vm/spelling.hpp"
#include "vm/trace.hpp"

namespace vm {
namespace {

constexpr std::size_t most_points = 1'000'000;

enum class Kind : std::uint8_t { poisson, deterministic, mmpp, closed, trace };
constexpr Choice<Kind> kind_names[] = {{"poisson", Kind::poisson},
                                       {"deterministic", Kind::deterministic},
                                       {"mmpp", Kind::mmpp},
                                       {"closed", Kind::closed},
                                       {"trace", Kind::trace}};
enum class Shape : std::uint8_t { steps, lines };
constexpr Choice<Shape> shape_names[] = {{"steps", Shape::steps}, {"lines", Shape::lines}};

/// [["0 s", "150 /s"], ["45 s", "400 /s"]]
void read_points(const Value& value, toml::array& points, RateCurve& curve) {
  for (auto& node : points) {
    const auto point = as_pair(value.at(node), "[\"45 s\", \"150 /s\"]");
    if (!point) continue;
    const auto at = point->first.as_duration(Zero::allowed);
    const auto rate = point->second.as_rate(Zero::allowed);
    if (!at || !rate) continue;
    if (!curve.points.empty() && Time{*at} < curve.points.back().at) {
      const Duration before = curve.points.back().at.time_since_epoch();
      point->first.wrong("time goes back, from " + format_duration(before) + " to " +
                         format_duration(*at));
    }
    curve.points.push_back({Time{*at}, *rate});
  }
}

/// { every = "15 min", rates = ["123 /s", "120 /s"], shape = "steps" }
void read_intervals(const Value& value, toml::table& table, RateCurve& curve) {
  TableReader reader(table, in_quotes(value.name), value.issues);
  const auto every_value = reader.need("every", "\"15 min\"");
  const auto rates_value = reader.need("rates", "[\"123 /s\", \"120 /s\"]");
  Shape shape = Shape::steps;
  reader.choice("shape", shape, shape_names);
  const auto every = every_value ? every_value->as_duration(Zero::refused) : std::nullopt;
  auto* rates =
      rates_value ? rates_value->as_array("[\"123 /s\", \"120 /s\"]", most_points) : nullptr;
  if (!every || rates == nullptr) return;
  if (sim::seconds(*every) * static_cast<double>(rates->size()) > most_seconds) {
    value.wrong("ends after more than 100 years");
    return;
  }
  Time start{};
  for (auto& node : *rates) {
    const double rate = rates_value->at(node).as_rate(Zero::allowed).value_or(0);
    curve.points.push_back({start, rate});
    start += *every;
    if (shape == Shape::steps) curve.points.push_back({start, rate});
  }
  if (shape == Shape::steps) curve.points.push_back({start, 0});
}

RateCurve read_rate(const Value& value) {
  RateCurve curve;
  if (auto* table = value.node.as_table()) {
    read_intervals(value, *table, curve);
  } else if (value.node.is_array()) {
    auto* points = value.as_array("[[\"0 s\", \"150 /s\"], [\"45 s\", \"400 /s\"]]", most_points);
    if (points != nullptr) read_points(value, *points, curve);
  } else if (const auto rate = value.as_rate(Zero::refused)) {
    curve.points.push_back({Time{}, *rate});
  }
  const auto none = [](const RateCurve::Point& point) { return point.rate == 0; };
  if (curve.points.size() > 1 && std::ranges::all_of(curve.points, none)) {
    value.wrong("is never above zero");
  }
  return curve;
}

Mmpp read_states(const Value& value) {
  Mmpp mmpp;
  auto* states = value.as_array("[[\"100 /s\", \"10 s\"], [\"900 /s\", \"2 s\"]]", 1'000);
  if (states == nullptr) return mmpp;
  double highest = 0;
  for (auto& node : *states) {
    const auto state = as_pair(value.at(node), "[\"100 /s\", \"10 s\"]");
    if (!state) continue;
    const auto rate = state->first.as_rate(Zero::allowed);
    const auto stay = state->second.as_seconds(Zero::refused);
    if (rate && stay) mmpp.states.push_back({*rate, *stay});
    highest = std::max(highest, rate.value_or(1));
  }
  if (states->size() < 2) value.wrong("needs at least two states");
  if (highest == 0) value.wrong("is never above zero");
  return mmpp;
}

CountTrace read_trace(const Value& value, const Draft& draft) {
  const auto file = resolve_file(value, draft.base);
  if (!file) return {};
  auto trace = read_count_trace(*file);
  if (trace) return std::move(*trace);
  for (const Issue& issue : trace.issues()) value.issues.add(issue);
  return {};
}

/// The keys of which exactly one says when requests come; `kind` is what the others would mean.
struct Given {
  std::optional<Value> rate, states, trace, think;

  Kind kind() const {
    if (trace) return Kind::trace;
    if (think) return Kind::closed;
    return states ? Kind::mmpp : Kind::poisson;
  }
  const std::optional<Value>& wanted_by(Kind kind) const {
    switch (kind) {
      case Kind::mmpp:
        return states;
      case Kind::closed:
        return think;
      case Kind::trace:
        return trace;
      case Kind::poisson:
      case Kind::deterministic:
        break;
    }
    return rate;
  }
};

std::string_view key_of(Kind kind) {
  switch (kind) {
    case Kind::mmpp:
      return "states";
    case Kind::closed:
      return "think";
    case Kind::trace:
      return "trace";
    case Kind::poisson:
    case Kind::deterministic:
      break;
  }
  return "rate";
}

std::string_view example_of(Kind kind) {
  switch (kind) {
    case Kind::mmpp:
      return "[[\"100 /s\", \"10 s\"], [\"900 /s\", \"2 s\"]]";
    case Kind::closed:
      return "{ exponential = \"5 s\" }";
    case Kind::trace:
      return "\"day.csv\"";
    case Kind::poisson:
    case Kind::deterministic:
      break;
  }
  return "\"150 /s\"";
}

}  // namespace

void read_arrivals(TableReader& client, const Draft& draft, Arrivals& arrivals) {
  const Given given{client.find("rate"), client.find("states"), client.find("trace"),
                    client.find("think")};
  Kind kind = given.kind();
  client.choice("arrivals", kind, kind_names);
  // The requests within an interval of a trace do arrive as a Poisson process: no contradiction.
  if (kind == Kind::poisson && given.trace && !given.rate) kind = Kind::trace;

  for (const auto* other : {&given.rate, &given.states, &given.trace, &given.think}) {
    if (*other && (*other)->name != key_of(kind)) {
      (*other)->wrong("does not go with arrivals that follow " + in_quotes(key_of(kind)) +
                      "; give one of the two");
    }
  }
  const auto& value = given.wanted_by(kind);
  if (!value) {
    client.wrong("needs " + in_quotes(key_of(kind)) + ", such as " + std::string(example_of(kind)));
    return;
  }
  switch (kind) {
    case Kind::poisson:
      arrivals = Poisson{read_rate(*value)};
      break;
    case Kind::deterministic:
      arrivals = Deterministic{read_rate(*value)};
      break;
    case Kind::mmpp:
      arrivals = read_states(*value);
      break;
    case Kind::trace:
      arrivals = read_trace(*value, draft);
      break;
    case Kind::closed: {
      // Above zero, since a client that is refused at once would ask again at once, for ever.
      const auto think = read_distribution(*value, Measure::seconds, Zero::refused, draft.base);
      if (think) arrivals = ClosedLoop{*think};
      break;
    }
  }
}

}  // namespace vm
