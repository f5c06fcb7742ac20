#include "vm/incidents.hpp"

#include <algorithm>
#include <utility>

namespace vm {
namespace {

constexpr MachineId alone{0};  // each host has a monitor of its own, since its limits are its own

/// More are not remembered for a host that stays away: what is older stays Unwatched.
constexpr std::size_t most_spans = 64;

constexpr IncidentCause cause_of(Resource resource) {
  return static_cast<IncidentCause>(resource);
}
static_assert(static_cast<int>(IncidentCause::network) == static_cast<int>(Resource::network));
static_assert(static_cast<int>(Cause::network) == static_cast<int>(Resource::network));

}  // namespace

Incidents::Incidents(const IncidentRules& rules) : rules_(rules) {
  rules_.silence = std::max(rules.silence, rules.interval * 5 / 2);
  rules_.window = std::max(rules.window, rules.interval);
  rules_.most_calm = std::max(rules.most_calm, rules.calm);
}

MachineId Incidents::add_host(const PerResource<double>& limits) {
  Sla sla;
  sla.threshold = limits;
  for (const Resource r : all_resources) {
    sla.clear[r] = std::max(0.0, limits[r] - rules_.hysteresis);
  }
  sla.window = rules_.window;
  sla.sample = rules_.interval;
  hosts_.emplace_back(sla);
  return MachineId{static_cast<std::uint32_t>(hosts_.size() - 1)};
}

void Incidents::resume(const IncidentRecord& incident) {
  Thing& resumed = thing({incident.host, incident.cause});
  const bool open = !incident.closed;
  resumed = {.number = open ? std::optional{incident.number} : std::nullopt,
             .calm_since = open ? incident.calm_since : std::nullopt,
             .worst = incident.worst,
             .calm = incident.calm,
             .end = incident.end,
             .closed = incident.closed};
}

void Incidents::resume(MachineId id, std::optional<Time> last,
                       std::span<const TimeSpan> unwatched) {
  Host& host = hosts_[id.value];
  host.known = true;
  host.last_sample = last;
  for (const TimeSpan& span : unwatched) leave_unwatched(host, span);
}

void Incidents::warm(MachineId id, std::span<const TimedSample> samples) {
  Host& host = hosts_[id.value];
  for (const TimedSample& sample : samples) {
    host.monitor.on(sample.at, Sampled{alone, {.utilisation = sample.utilisation}}, events_);
    host.last_sample = sample.at;
  }
  events_.clear();
}

void Incidents::start(Time now, std::optional<Time> alive, std::uint64_t next,
                      IncidentOrders& orders) {
  next_ = std::max(next_, next);
  now_ = now;
  for (Host& host : hosts_) {
    host.heard = now;
    // The samples told to warm() have left traces of their own: what was recorded counts.
    for (const Resource r : all_resources) {
      const Thing& t = host.things[static_cast<std::size_t>(cause_of(r))];
      host.monitor.resume(alone, r, t.number && !t.calm_since, t.worst);
    }
  }
  if (!alive || *alive >= now) return;
  for (Host& host : hosts_) {
    if (host.known) leave_unwatched(host, {*alive, now});
  }
  orders.emplace_back(Unwatched{*alive, now});
}

void Incidents::leave_unwatched(Host& host, TimeSpan span) {
  if (host.unwatched.size() == most_spans) host.unwatched.erase(host.unwatched.begin());
  host.unwatched.push_back(span);
}

/// Notices that nobody has looked for a while, before anything is concluded from it.
void Incidents::watched(Time now, IncidentOrders& orders) {
  const Time before = std::exchange(now_, std::max(now, now_));
  if (now - before <= rules_.silence / 2) return;
  for (std::uint32_t i = 0; i < hosts_.size(); ++i) {
    Host& host = hosts_[i];
    if (!host.known) continue;
    if (std::exchange(host.down, false)) orders.emplace_back(HostUp{MachineId{i}, before});
    host.heard = now;
    leave_unwatched(host, {before, now});
  }
  orders.emplace_back(Unwatched{before, now});
}

void Incidents::heard(Time now, MachineId id, std::span<const TimedSample> samples,
                      IncidentOrders& orders) {
  watched(now, orders);
  Host& host = hosts_[id.value];
  if (host.retired && now - host.told > rules_.farewell) enlist(now, id, orders);
  host.known = true;
  host.heard = now;
  if (std::exchange(host.down, false)) orders.emplace_back(HostUp{id, now});
  fill(id, samples, orders);
  if (!host.retired) {
    for (const TimedSample& sample : samples) sampled(id, sample, orders);
  }
  if (!samples.empty()) host.last_sample = samples.back().at;
  if (host.retired) return;
  const What silence{id, IncidentCause::silent};
  good(now, silence, 0, orders);
  close_if_calm(now, silence, orders);
}

void Incidents::tick(Time now, IncidentOrders& orders) {
  watched(now, orders);
  for (std::uint32_t i = 0; i < hosts_.size(); ++i) {
    const MachineId id{i};
    Host& host = hosts_[i];
    if (!host.known || host.retired) continue;
    if (!host.down && now - host.heard > rules_.silence) {
      host.down = true;
      orders.emplace_back(HostDown{id, host.heard});
      bad(now, host.heard, {id, IncidentCause::silent}, 0, 0, orders);
    }
  }
}

void Incidents::retire(Time now, MachineId id, Time since, IncidentOrders& orders) {
  watched(now, orders);
  Host& host = hosts_[id.value];
  if (host.back == since || std::exchange(host.retired, since)) return;
  host.told = now;
  orders.emplace_back(Retired{id, since});
  if (std::exchange(host.down, false)) orders.emplace_back(HostUp{id, now});
  for (Thing& t : host.things) {
    if (!t.number) continue;
    t.end = std::exchange(t.calm_since, std::nullopt).value_or(now);
    t.closed = now;
    orders.emplace_back(IncidentClosed{*t.number, *t.end, now, t.worst, true});
    t.number.reset();
  }
  for (const Resource r : all_resources) host.monitor.resume(alone, r, false, 0);
}

void Incidents::enlist(Time now, MachineId id, IncidentOrders& orders) {
  watched(now, orders);
  Host& host = hosts_[id.value];
  if (!host.retired) return;
  orders.emplace_back(Enlisted{id, *host.retired, now});
  host.back = std::exchange(host.retired, std::nullopt);
  host.heard = now;
}

void Incidents::sampled(MachineId id, const TimedSample& sample, IncidentOrders& orders) {
  for (const Resource r : all_resources) close_if_calm(sample.at, {id, cause_of(r)}, orders);
  events_.clear();
  hosts_[id.value].monitor.on(sample.at, Sampled{alone, {.utilisation = sample.utilisation}},
                              events_);
  for (const SlaEvent& event : events_) {
    const What what{id, static_cast<IncidentCause>(event.cause)};
    if (const auto* began = std::get_if<SlaFailureBegan>(&event.notice)) {
      bad(sample.at, began->start, what, began->value, began->limit, orders);
    } else {
      good(sample.at, what, std::get<SlaFailureEnded>(event.notice).worst, orders);
    }
  }
}

/// What the samples say about time in which nobody watched. One order for samples in a row.
void Incidents::fill(MachineId id, std::span<const TimedSample> samples, IncidentOrders& orders) {
  Host& host = hosts_[id.value];
  if (host.unwatched.empty() || samples.empty()) return;
  const auto tell = [&](Time start, Time end) {
    for (const TimeSpan& span : host.unwatched) {
      const Time from = std::max(start, span.start), to = std::min(end, span.end);
      if (from < to) orders.emplace_back(Filled{id, from, to});
    }
  };
  Time start = host.last_sample.value_or(samples.front().at), end = start;
  for (const TimedSample& sample : samples) {
    if (sample.at - end > rules_.silence) {
      tell(start, end);
      start = sample.at;
    }
    end = sample.at;
  }
  tell(start, end);
  std::erase_if(host.unwatched, [end](const TimeSpan& span) { return span.end <= end; });
}

void Incidents::bad(Time now, Time start, What what, double value, double limit,
                    IncidentOrders& orders) {
  Thing& t = thing(what);
  if (t.number) {
    t.worst = std::max(t.worst, value);
    if (std::exchange(t.calm_since, std::nullopt)) {
      orders.emplace_back(IncidentCalm{*t.number, std::nullopt, t.worst});
    }
    return;
  }
  const bool again = t.closed && now - *t.closed < rules_.memory;
  t.calm = again ? std::min(t.calm * 2, rules_.most_calm) : rules_.calm;
  t.number = next_++;
  t.worst = value;
  // Two incidents of one thing never overlap, though their windows of evidence may.
  if (t.end) start = std::min(std::max(start, *t.end), now);
  orders.emplace_back(
      IncidentOpened{*t.number, what.host, what.cause, start, now, value, limit, t.calm});
}

void Incidents::good(Time now, What what, double worst, IncidentOrders& orders) {
  Thing& t = thing(what);
  if (!t.number || t.calm_since) return;
  t.worst = std::max(t.worst, worst);
  t.calm_since = now;
  orders.emplace_back(IncidentCalm{*t.number, now, t.worst});
}

void Incidents::close_if_calm(Time now, What what, IncidentOrders& orders) {
  Thing& t = thing(what);
  if (!t.number || !t.calm_since || now - *t.calm_since < t.calm) return;
  orders.emplace_back(IncidentClosed{*t.number, *t.calm_since, now, t.worst});
  t.end = std::exchange(t.calm_since, std::nullopt);
  t.closed = now;
  t.number.reset();
}

}  // namespace vm
