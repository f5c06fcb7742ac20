// EventLog: everything that happened, in the order of time, found again in no time.
//
// An Event is twenty-four bytes without text; its text is made when somebody looks. Counts of any
// stretch are exact and cost two binary searches a kind, however far the view is zoomed out: a
// strip that strides over events would lose the one that matters.
//
// A Filter's matches are found in slices (`Matches::advance`), so that a filter over a million
// events never stalls a frame; new events only cost themselves.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "viz/model/run_view.hpp"

namespace viz::model {

using EventCounts = std::array<std::uint32_t, event_kinds>;  // by EventKind
using EventKinds = std::bitset<event_kinds>;                 // by EventKind
inline constexpr EventKinds every_kind{(1u << event_kinds) - 1};

constexpr std::size_t number(EventKind kind) {
  return static_cast<std::size_t>(kind);
}

class EventLog {
 public:
  /// In any order of time; nothing shows before settle(). `text` is kept for kinds that have no
  /// list of their own: crash, fault, withheld, change.
  void add(Event event) { events_.push_back(event); }
  void add(Event event, std::string text);
  /// Sorts what was added since the last time. Cost: only of what is new, where it is the newest.
  void settle();

  /// In the order of time; those of one time in the order of adding.
  std::size_t size() const { return settled_; }
  const Event& operator[](std::size_t index) const { return events_[index]; }

  /// The first event not before `at`; size() where there is none. O(log n).
  std::size_t lower_bound(Time at) const;
  /// Exact numbers of events in [from, to), by kind. O(kinds x log n).
  EventCounts count(Time from, Time to) const;

  /// The next event after `at` of one of `kinds` (by EventKind), or the last one before it: where
  /// several are at that time, the first of them.
  std::optional<std::size_t> next(Time at, EventKinds kinds = every_kind) const;
  std::optional<std::size_t> previous(Time at, EventKinds kinds = every_kind) const;

  /// One line for the table: "cpu at 99.8 %, over 98 %". Without the machine it is about.
  std::string text(const Event& event, const RunView& view) const;

  /// Grows whenever events that had an index got another one.
  std::uint64_t order() const { return order_; }
  std::size_t memory() const;

 private:
  std::vector<Event> events_;
  std::size_t settled_ = 0;
  std::array<std::vector<Time>, event_kinds> times_;  // sorted
  std::vector<std::string> texts_;
  std::uint64_t order_ = 0;
};

struct Filter {
  EventKinds kinds = every_kind;
  std::optional<MachineId> machine;  // about it, or moving to or from it
  std::string text;                  // in the event's line, upper and lower case alike
  bool operator==(const Filter&) const = default;
};

/// The events that a filter lets through, found piece by piece.
class Matches {
 public:
  /// Starts anew when the filter differs or events were put in between; looks at no more than
  /// `most` events further. True when all have been looked at.
  bool advance(const RunView& view, const Filter& filter, std::size_t most = 20'000);

  std::span<const std::uint32_t> indices() const { return indices_; }  // into the log, ascending
  std::size_t looked_at() const { return next_; }

 private:
  Filter filter_;
  std::uint64_t order_ = 0;
  std::size_t next_ = 0;
  std::vector<std::uint32_t> indices_;
};

/// Which machines an event is about: its own, and both ends of a migration or failover.
bool concerns(const Event& event, MachineId machine, const RunView& view);

}  // namespace viz::model
