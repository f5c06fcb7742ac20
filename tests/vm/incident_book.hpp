// IncidentBook: what the incidents' orders say, kept as an archive would, for their tests.
#pragma once

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "vm/incidents.hpp"

namespace incident_book {

using namespace vm;

inline Time at(double seconds) {
  return Time{} + sim::from_seconds(seconds);
}

inline TimedSample cpu(double t, double share) {
  return {at(t), {{share, 0, 0, 0}}};
}

using Spans = std::vector<std::string>;

/// "19 to 30", or "19 to -1" while it lasts.
inline std::string span(double start, double end) {
  return std::to_string(std::lround(start)) + " to " + std::to_string(std::lround(end));
}

/// Keeps what orders say, as an archive would.
struct Book {
  struct Row {
    IncidentOpened opened;
    std::optional<Time> calm_since;
    std::optional<IncidentClosed> closed;
    double worst = 0;
  };
  std::map<std::uint64_t, Row> incidents;
  std::map<std::uint32_t, std::vector<TimeSpan>> down, filled;  // `end` is never while it lasts
  std::vector<TimeSpan> unwatched, retired;

  void take(IncidentOrders& orders) {
    for (const auto& order : orders) std::visit(*this, order);
    orders.clear();
  }
  void operator()(const IncidentOpened& o) {
    REQUIRE(incidents.count(o.number) == 0);
    for (const auto& [number, row] : incidents) {  // one open incident of one thing at a time
      if (row.opened.host == o.host && row.opened.cause == o.cause) {
        REQUIRE(row.closed);
        REQUIRE(row.closed->end <= o.start);
      }
    }
    REQUIRE(o.start <= o.noticed);
    incidents[o.number] = {o, {}, {}, o.value};
  }
  void operator()(const IncidentCalm& o) {
    REQUIRE_FALSE(incidents.at(o.number).closed);
    incidents[o.number].calm_since = o.since;
    incidents[o.number].worst = o.worst;
  }
  void operator()(const IncidentClosed& o) {
    REQUIRE_FALSE(incidents.at(o.number).closed);
    REQUIRE(incidents[o.number].opened.start <= o.end);
    incidents[o.number].closed = o;
  }
  void operator()(const HostDown& o) {
    auto& spans = down[o.host.value];
    REQUIRE((spans.empty() || spans.back().end <= o.start));
    spans.push_back({o.start, sim::never});
  }
  void operator()(const HostUp& o) {
    REQUIRE(down[o.host.value].back().end == sim::never);
    down[o.host.value].back().end = o.end;
  }
  void operator()(const Unwatched& o) { unwatched.push_back({o.start, o.end}); }
  void operator()(const Retired& o) { retired.push_back({o.since, sim::never}); }
  void operator()(const Enlisted& o) {
    REQUIRE(retired.back().start == o.since);
    retired.back().end = o.end;
  }
  void operator()(const Filled& o) { filled[o.host.value].push_back({o.start, o.end}); }

  /// Of all incidents of a cause, of one host or all.
  Spans spans(IncidentCause cause, std::optional<std::uint32_t> of = {}) const {
    Spans found;
    for (const auto& [number, row] : incidents) {
      if (row.opened.cause != cause || (of && row.opened.host.value != *of)) continue;
      found.push_back(
          span(sim::seconds(row.opened.start), row.closed ? sim::seconds(row.closed->end) : -1));
    }
    return found;
  }
};

}  // namespace incident_book
