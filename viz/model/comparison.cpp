#include "viz/model/comparison.hpp"

#include <algorithm>
#include <functional>

namespace viz::model {
namespace {

std::optional<RangeFigures> figures(const Series* series, Time from, Time to) {
  return series != nullptr ? series->figures(from, to) : std::nullopt;
}

std::optional<double> mean(const Series* series, Time from, Time to) {
  const auto f = figures(series, from, to);
  return f ? std::optional{f->mean} : std::nullopt;
}
std::optional<double> highest(const Series* series, Time from, Time to) {
  const auto f = figures(series, from, to);
  return f ? std::optional{double{f->range.high}} : std::nullopt;
}
std::optional<double> percent(std::optional<double> share) {
  return share ? std::optional{*share * 100} : std::nullopt;
}

template <class Record, class When>
double count(const std::vector<Record>& records, Time from, Time to, When when) {
  return static_cast<double>(std::ranges::count_if(
      records, [&](const Record& record) { return from <= when(record) && when(record) <= to; }));
}

}  // namespace

Comparison::Comparison(std::unique_ptr<Session> first, std::unique_ptr<Session> second)
    : first_(std::move(first)), second_(std::move(second)) {}

RunPair Comparison::pair(const RunView& led, const RunView& followed) const {
  return second_leads_ ? RunPair{followed, led} : RunPair{led, followed};
}

RunPair Comparison::frame(double wall_seconds) {
  const RunView& led = leader().frame(wall_seconds);
  const RunView& followed = follower().frame_at(led.clock.now);
  // The other one has turned out to be longer: it takes over where this one is.
  if (followed.clock.end > led.clock.end) {
    const ClockView clock = led.clock;
    second_leads_ = !second_leads_;
    leader().on(Seek{clock.now});
    leader().on(SetSpeed{clock.speed});
    leader().on(Play{clock.playing});
    if (clock.following) leader().on(Follow{true});
    return pair(leader().frame(0), follower().frame_at(clock.now));
  }
  return pair(led, followed);
}

RunPair Comparison::frame_at(Time at) {
  const RunView& led = leader().frame_at(at);
  return pair(led, follower().frame_at(at));
}

void Comparison::on(const Command& command) {
  const bool of_the_clock =
      std::holds_alternative<Seek>(command) || std::holds_alternative<Play>(command) ||
      std::holds_alternative<SetSpeed>(command) || std::holds_alternative<Follow>(command) ||
      std::holds_alternative<StepEvent>(command);
  leader().on(command);
  if (!of_the_clock) follower().on(command);
}

void Comparison::load_all() {
  first_->load_all();
  second_->load_all();
}

std::vector<ComparedFigure> compare(const RunPair& runs, Time from, Time to) {
  std::vector<ComparedFigure> all;
  using Figure = std::function<std::optional<double>(const RunView&)>;
  const auto add = [&](std::string name, std::string unit, const Figure& figure) {
    all.push_back({std::move(name), std::move(unit), figure(runs.first), figure(runs.second)});
  };
  for (const Resource r : vm::all_resources) {
    const std::string name{to_string(r)};
    add(name + ", mean of machines", "%",
        [&](const RunView& v) { return percent(mean(v.fleet.mean[r], from, to)); });
    add(name + ", time of the worst at the limit", "%", [&](const RunView& v) {
      const auto f = figures(v.fleet.worst[r], from, to);
      return f ? std::optional{f->above * 100} : std::nullopt;
    });
  }
  add("latency p99, mean", "ms", [&](const RunView& v) { return mean(v.latency.p99, from, to); });
  add("latency p99, highest", "ms",
      [&](const RunView& v) { return highest(v.latency.p99, from, to); });
  add("issued", "/s", [&](const RunView& v) { return mean(v.throughput.issued, from, to); });
  add("committed", "/s", [&](const RunView& v) { return mean(v.throughput.committed, from, to); });
  add("failing machines, mean", "", [&](const RunView& v) { return mean(v.failing, from, to); });
  add("SLA failures", "", [&](const RunView& v) {
    return count(*v.failures, from, to, [](const FailureRecord& f) { return f.noticed; });
  });
  add("failovers", "", [&](const RunView& v) {
    return count(*v.failovers, from, to, [](const FailoverRecord& f) { return f.triggered; });
  });
  add("migrations", "", [&](const RunView& v) {
    return count(*v.migrations, from, to, [](const MigrationRecord& m) { return m.start; });
  });
  add("longest pause", "ms", [&](const RunView& v) {
    double longest = 0;
    for (const MigrationRecord& m : *v.migrations)
      if (from <= m.start && m.start <= to && !m.aborted)
        longest = std::max(longest, sim::milliseconds(m.pause));
    return std::optional{longest};
  });
  return all;
}

}  // namespace viz::model
