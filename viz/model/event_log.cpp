#include "viz/model/event_log.hpp"

#include <algorithm>

namespace viz::model {
namespace {

constexpr auto earlier = [](const Event& a, const Event& b) { return a.at < b.at; };

std::uint32_t count_between(const std::vector<Time>& times, Time from, Time to) {
  const auto first = std::ranges::lower_bound(times, from);
  return static_cast<std::uint32_t>(std::lower_bound(first, times.end(), to) - first);
}

}  // namespace

void EventLog::add(Event event, std::string text) {
  event.index = static_cast<std::uint32_t>(texts_.size());
  texts_.push_back(std::move(text));
  add(event);
}

void EventLog::settle() {
  if (settled_ == events_.size()) return;
  const auto fresh = events_.begin() + static_cast<std::ptrdiff_t>(settled_);
  std::stable_sort(fresh, events_.end(), earlier);
  for (auto e = fresh; e != events_.end(); ++e) times_[number(e->kind)].push_back(e->at);
  if (settled_ > 0 && earlier(*fresh, events_[settled_ - 1])) {
    std::inplace_merge(events_.begin(), fresh, events_.end(), earlier);
    for (auto& times : times_) std::ranges::sort(times);
    ++order_;
  }
  settled_ = events_.size();
}

std::size_t EventLog::lower_bound(Time at) const {
  const auto end = events_.begin() + static_cast<std::ptrdiff_t>(settled_);
  return static_cast<std::size_t>(std::lower_bound(events_.begin(), end, Event{.at = at}, earlier) -
                                  events_.begin());
}

EventCounts EventLog::count(Time from, Time to) const {
  EventCounts counts{};
  for (std::size_t k = 0; k < event_kinds; ++k) counts[k] = count_between(times_[k], from, to);
  return counts;
}

// By the times of each kind: an event of a rare kind may be far away among a million others.
std::optional<std::size_t> EventLog::next(Time at, EventKinds kinds) const {
  std::optional<Time> nearest;
  for (std::size_t k = 0; k < event_kinds; ++k) {
    const auto found = std::ranges::upper_bound(times_[k], at);
    if (kinds[k] && found != times_[k].end() && (!nearest || *found < *nearest)) nearest = *found;
  }
  if (!nearest) return std::nullopt;
  std::size_t index = lower_bound(*nearest);
  while (!kinds[number(events_[index].kind)]) ++index;
  return index;
}

std::optional<std::size_t> EventLog::previous(Time at, EventKinds kinds) const {
  std::optional<Time> nearest;
  for (std::size_t k = 0; k < event_kinds; ++k) {
    const auto behind = std::ranges::lower_bound(times_[k], at);
    if (!kinds[k] || behind == times_[k].begin()) continue;
    if (const Time found = *(behind - 1); !nearest || found > *nearest) nearest = found;
  }
  if (!nearest) return std::nullopt;
  std::size_t index = lower_bound(*nearest);
  while (!kinds[number(events_[index].kind)]) ++index;
  return index;
}

std::size_t EventLog::memory() const {
  std::size_t bytes = events_.capacity() * sizeof(Event);
  for (const auto& times : times_) bytes += times.capacity() * sizeof(Time);
  for (const auto& text : texts_) bytes += sizeof(std::string) + text.capacity();
  return bytes;
}

// ---- Filtering ---------------------------------------------------------------------------------

bool concerns(const Event& event, MachineId machine, const RunView& view) {
  if (event.machine == machine) return true;
  const auto end_of = [&](const auto* list) {
    return list != nullptr && event.index < list->size() && (*list)[event.index].to == machine;
  };
  switch (event.kind) {
    case EventKind::failover:
    case EventKind::failover_end:
      return end_of(view.failovers);
    case EventKind::migration:
      return end_of(view.migrations);
    case EventKind::failure:
    case EventKind::recovery:
    case EventKind::crash:
    case EventKind::fault:
    case EventKind::boot:
    case EventKind::release:
    case EventKind::withheld:
    case EventKind::change:
      return false;
  }
  return false;
}

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool contains(std::string_view text, std::string_view wanted) {
  const auto alike = [](char a, char b) { return lower(a) == lower(b); };
  return std::search(text.begin(), text.end(), wanted.begin(), wanted.end(), alike) != text.end();
}

bool passes(const Filter& filter, const Event& event, const RunView& view) {
  if (!filter.kinds[number(event.kind)]) return false;
  if (filter.machine && !concerns(event, *filter.machine, view)) return false;
  if (filter.text.empty()) return true;
  std::string line{to_string(event.kind)};
  if (event.machine != vm::no_machine) line += ' ' + view.info.name(event.machine);
  return contains(line + ' ' + view.events->text(event, view), filter.text);
}

}  // namespace

bool Matches::advance(const RunView& view, const Filter& filter, std::size_t most) {
  const EventLog& log = *view.events;
  if (!(filter == filter_) || order_ != log.order() || next_ > log.size()) {
    filter_ = filter;
    order_ = log.order();
    next_ = 0;
    indices_.clear();
  }
  const std::size_t end = std::min(log.size(), next_ + most);
  for (; next_ < end; ++next_) {
    if (passes(filter_, log[next_], view)) indices_.push_back(static_cast<std::uint32_t>(next_));
  }
  return next_ == log.size();
}

}  // namespace viz::model
