#include "cli/fleet_source.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>

#include <nlohmann/json.hpp>

#include "cli/verbs.hpp"
#include "viz/model/replay_session.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr std::chrono::milliseconds look_again = 1s, patience = 5s, rest = 20ms;
constexpr double longest_past = 86'400;  // s
constexpr double latest = 1e9;           // s from the beginning, whatever somebody says
constexpr const char *present = "/fleet", *past_day = "/fleet/past?seconds=86400";
constexpr std::size_t largest_answer = std::size_t{64} << 20;

/// The body of a 200; everything else is an exception that says what it was.
std::string get(const FleetPlace& fleet, const std::string& what) {
  real::HttpAnswer answer = real::http_get({.place = fleet.place,
                                            .ca = fleet.ca,
                                            .target = what,
                                            .token = fleet.token,
                                            .patience = patience,
                                            .most = largest_answer});
  if (answer.status == 200) return std::move(answer.body);
  const std::string said = answer.body.substr(0, answer.body.find('\n'));
  throw std::runtime_error(fleet.place.name() + ": " + std::to_string(answer.status) + " " + said +
                           (answer.status == 401 ? " (give its token: --token-file)" : ""));
}

/// Empty where the collector cannot tell: an older one knows no past.
std::string past_of(const FleetPlace& fleet) try {
  return get(fleet, past_day);
} catch (const std::runtime_error&) {
  return {};
}

Json parsed(const std::string& answer) {
  Json json = Json::parse(answer, nullptr, false);
  const bool fleet = json.is_object() && json.contains("hosts") && json["hosts"].is_array() &&
                     json.contains("at") && json["at"].is_number() &&
                     std::ranges::all_of(json["hosts"], &Json::is_object);
  if (!fleet) {
    throw std::runtime_error("the answer is no fleet's");
  }
  return json;
}

double number(const Json& json, const char* name, double otherwise = 0) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number() ? found->get<double>() : otherwise;
}

std::string text(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

Json array(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_array() ? *found : Json::array();
}

bool is_over(const Json& incident) {
  return number(incident, "end", -1) >= 0;
}

/// In order of their beginning.
std::vector<Json> incidents_of(const Json& fleet) {
  const Json found = array(fleet, "incidents");
  std::vector<Json> all{found.begin(), found.end()};
  std::erase_if(all, [](const Json& incident) { return !incident.is_object(); });
  std::ranges::sort(all, {}, [](const Json& incident) { return number(incident, "number"); });
  return all;
}

vm::Cause cause_of(const std::string& name) {
  for (const vm::Cause cause :
       {vm::Cause::cpu, vm::Cause::memory, vm::Cause::disk, vm::Cause::network}) {
    if (to_string(cause) == name) return cause;
  }
  return vm::Cause::crash;
}

vm::MachineState state_of(const std::string& condition) {
  if (condition == "up") return vm::MachineState::up;
  if (condition == "down") return vm::MachineState::down;
  // On purpose, and nobody misses it.
  if (condition == "taken down") return vm::MachineState::draining;
  return vm::MachineState::booting;
}

/// Times away, which may overlap, as the states that they come to: what was on purpose, or nobody
/// saw, is not being down.
std::vector<std::pair<double, vm::MachineState>> course_of(const Json& away) {
  using enum vm::MachineState;
  struct Edge {
    double when;
    vm::MachineState state;
    int step;
  };
  std::vector<Edge> edges;
  for (const Json& span : away) {
    if (!span.is_object()) continue;
    const vm::MachineState state = state_of(text(span, "condition"));
    edges.push_back({number(span, "start"), state, 1});
    if (const double end = number(span, "end", -1); end >= 0) edges.push_back({end, state, -1});
  }
  std::ranges::stable_sort(edges, {}, &Edge::when);
  std::map<vm::MachineState, int> open;
  std::vector<std::pair<double, vm::MachineState>> course;
  for (const Edge& edge : edges) {
    open[edge.state] += edge.step;
    vm::MachineState now = up;
    for (const vm::MachineState state : {down, booting, draining})
      now = open[state] > 0 ? state : now;
    course.emplace_back(edge.when, now);
  }
  return course;
}

/// GET /fleet/past, or null where it is something else.
Json parsed_past(const std::string& answer) {
  Json json = Json::parse(answer, nullptr, false);
  const bool past = json.is_object() && json.contains("hosts") && json["hosts"].is_array() &&
                    json.contains("since") && json["since"].is_number();
  return past ? json : Json{};
}

}  // namespace

std::optional<real::HttpPlace> fleet_place(const std::string& text) {
  const bool bare = text.find("://") == std::string::npos;
  auto place = real::http_place(bare ? "http://" + text : text);
  if (!place || (bare && text.find('/') != std::string::npos)) return {};
  return place;
}

FleetRows::FleetRows(const std::string& answer, const std::string& past)
    : past_(parsed_past(past)) {
  const Json json = parsed(answer);
  const double now = number(json, "at");
  origin_ = now;
  for (const Json& incident : incidents_of(json)) {
    if (!is_over(incident)) origin_ = std::min(origin_, number(incident, "start", now));
  }
  if (past_.is_object()) origin_ = std::min(now, number(past_, "since"));
  origin_ = std::max(origin_, now - longest_past);
  viz::model::RunInfo& info = start_.info;
  info.scenario = text(json, "fleet");
  info.title = info.scenario + ", a fleet";
  info.seed = "fleet";
  info.world = "real";
  info.sample = look_again;
  info.flavors = {{"host", {}, 0}};
  for (const Json& host : json["hosts"]) info.names.push_back(text(host, "name"));
  info.fleets = {{info.scenario, {0}, static_cast<std::uint32_t>(info.names.size()), 0, "none"}};
  hosts_.resize(info.names.size());
}

sim::Time FleetRows::at(double unix_seconds) const {
  return sim::Time{sim::from_seconds(std::clamp(unix_seconds - origin_, 0.0, latest))};
}

std::optional<vm::MachineId> FleetRows::machine(const std::string& name) const {
  const auto& names = start_.info.names;
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return {};
  return vm::MachineId{static_cast<std::uint32_t>(found - names.begin())};
}

vm::Batch FleetRows::next(const std::string& answer) {
  const Json json = parsed(answer);
  vm::Batch batch;
  const bool first = last_ == sim::Time{} && incidents_.empty();
  const sim::Time before = std::exchange(last_, std::max(last_, at(number(json, "at"))));
  batch.now = last_;
  for (const Json& host : json["hosts"]) {
    const auto id = machine(text(host, "name"));
    if (id && !hosts_[id->value].state) batch.machines.push_back({{}, *id, {0}, {0}, false});
  }
  add_past(batch);
  for (const Json& host : json["hosts"]) {
    const auto id = machine(text(host, "name"));
    if (!id) continue;
    Host& known = hosts_[id->value];
    const vm::MachineState state = state_of(text(host, "condition"));
    if (known.state != state) {
      const sim::Time since = first && !known.state ? sim::Time{} : batch.now;
      batch.machine_states.push_back({since, *id, state});
      known.state = state;
    }
    const double sampled = number(host, "sampled");
    if (state != vm::MachineState::up || sampled <= known.sampled) continue;
    known.sampled = sampled;
    vm::Sample sample;
    for (const vm::Resource r : vm::all_resources) {
      sample.utilisation[r] = number(host, std::string{to_string(r)}.c_str());
    }
    batch.samples.push_back({batch.now, *id, state, sample});
  }
  for (const Json& incident : incidents_of(json)) add_incident(incident, before, batch);
  std::ranges::stable_sort(batch.notices, {}, &vm::NoticeRow::at);
  return batch;
}

/// Once: minutes, times away, and incidents that are over.
void FleetRows::add_past(vm::Batch& batch) {
  if (!past_.is_object()) return;
  const Json past = std::exchange(past_, Json{});
  for (const Json& host : past["hosts"]) {
    const auto id = host.is_object() ? machine(text(host, "name")) : std::nullopt;
    if (!id) continue;
    const auto tell = [&](double when, vm::MachineState state) {
      batch.machine_states.push_back({std::min(at(when), batch.now), *id, state});
      hosts_[id->value].state = state;
    };
    const Json minutes = array(host, "minutes"), away = array(host, "away");
    if (!minutes.empty() || !away.empty()) tell(origin_, vm::MachineState::up);
    for (const auto& [when, state] : course_of(away)) tell(when, state);
    for (const Json& minute : minutes) {
      if (!minute.is_array() || minute.size() != 1 + vm::resource_count ||
          !std::ranges::all_of(minute, &Json::is_number))
        continue;
      vm::Sample sample;
      for (const vm::Resource r : vm::all_resources)
        sample.utilisation[r] = minute[1 + static_cast<std::size_t>(r)].get<double>();
      const sim::Time when = std::min(at(minute[0].get<double>() + 60), batch.now);
      batch.samples.push_back({when, *id, vm::MachineState::up, sample});
    }
  }
  std::ranges::stable_sort(batch.machine_states, {}, &vm::MachineStateRow::at);
  std::ranges::stable_sort(batch.samples, {}, &vm::SampleRow::at);
  for (const Json& incident : incidents_of(past)) add_incident(incident, {}, batch);
}

void FleetRows::add_incident(const Json& incident, sim::Time before, vm::Batch& batch) {
  const auto host = machine(text(incident, "host"));
  const bool over = is_over(incident);
  if (!host || (over && number(incident, "end") < origin_)) return;
  const auto told_at = [&](double unix_seconds) {
    return std::clamp(at(unix_seconds), before, batch.now);
  };
  const auto id = static_cast<std::uint64_t>(number(incident, "number"));
  const auto [entry, fresh] =
      incidents_.try_emplace(id, Incident{static_cast<std::uint32_t>(incidents_.size())});
  if (fresh) {
    batch.notices.push_back(
        {told_at(number(incident, "noticed")),
         vm::SlaFailureBegan{entry->second.failure, cause_of(text(incident, "cause")), *host,
                             at(number(incident, "start")), number(incident, "worst"),
                             number(incident, "limit")}});
  }
  if (over && !std::exchange(entry->second.ended, true)) {
    batch.notices.push_back(
        {told_at(number(incident, "end")),
         vm::SlaFailureEnded{entry->second.failure, number(incident, "worst")}});
  }
}

std::unique_ptr<viz::model::Session> open_fleet(FleetPlace fleet) {
  std::shared_ptr<FleetRows> rows;
  std::string first;
  try {
    first = get(fleet, present);
    rows = std::make_shared<FleetRows>(first, past_of(fleet));
  } catch (const std::exception& reason) {
    throw UsageError(reason.what());
  }
  const auto load = [fleet = std::move(fleet), rows, first](viz::model::LoaderPort& port) {
    port.rows(rows->next(first));
    port.caught_up();
    while (true) {
      for (auto waited = 0ms; waited < look_again; waited += rest) {
        if (port.cancelled()) return;
        std::this_thread::sleep_for(rest);
      }
      try {
        port.rows(rows->next(get(fleet, present)));
      } catch (const std::exception&) {  // a collector that is restarted is back soon
      }
    }
  };
  return std::make_unique<viz::model::ReplaySession>(rows->start(), load);
}

}  // namespace cli
