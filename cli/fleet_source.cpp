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
constexpr std::size_t largest_answer = std::size_t{64} << 20;

/// The body of a 200; everything else is an exception that says what it was.
std::string get_fleet(const FleetPlace& fleet) {
  real::HttpAnswer answer = real::http_get({.place = fleet.place,
                                            .ca = fleet.ca,
                                            .target = "/fleet",
                                            .token = fleet.token,
                                            .patience = patience,
                                            .most = largest_answer});
  if (answer.status == 200) return std::move(answer.body);
  const std::string said = answer.body.substr(0, answer.body.find('\n'));
  throw std::runtime_error(fleet.place.name() + ": " + std::to_string(answer.status) + " " + said +
                           (answer.status == 401 ? " (give its token: --token-file)" : ""));
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

bool is_over(const Json& incident) {
  return number(incident, "end", -1) >= 0;
}

/// In order of their beginning.
std::vector<Json> incidents_of(const Json& fleet) {
  std::vector<Json> all;
  const auto found = fleet.find("incidents");
  if (found != fleet.end() && found->is_array()) all.assign(found->begin(), found->end());
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

}  // namespace

std::optional<real::HttpPlace> fleet_place(const std::string& text) {
  const bool bare = text.find("://") == std::string::npos;
  auto place = real::http_place(bare ? "http://" + text : text);
  if (!place || (bare && text.find('/') != std::string::npos)) return {};
  return place;
}

FleetRows::FleetRows(const std::string& answer) {
  const Json json = parsed(answer);
  const double now = number(json, "at");
  origin_ = now;
  for (const Json& incident : incidents_of(json)) {
    if (!is_over(incident)) origin_ = std::min(origin_, number(incident, "start", now));
  }
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
  return sim::Time{sim::from_seconds(std::max(0.0, unix_seconds - origin_))};
}

vm::Batch FleetRows::next(const std::string& answer) {
  const Json json = parsed(answer);
  vm::Batch batch;
  const bool first = last_ == sim::Time{} && incidents_.empty();
  const sim::Time before = std::exchange(last_, std::max(last_, at(number(json, "at"))));
  batch.now = last_;
  const auto told_at = [&](double unix_seconds) {
    return std::clamp(at(unix_seconds), before, batch.now);
  };
  for (const Json& host : json["hosts"]) {
    const auto& names = start_.info.names;
    const auto found = std::ranges::find(names, text(host, "name"));
    if (found == names.end()) continue;
    const vm::MachineId machine{static_cast<std::uint32_t>(found - names.begin())};
    Host& known = hosts_[machine.value];
    if (known.condition.empty()) batch.machines.push_back({{}, machine, {0}, {0}, false});
    const std::string condition = text(host, "condition");
    const vm::MachineState state = condition == "up"     ? vm::MachineState::up
                                   : condition == "down" ? vm::MachineState::down
                                                         : vm::MachineState::booting;
    if (condition != known.condition) {
      const sim::Time since = first ? sim::Time{} : batch.now;
      batch.machine_states.push_back({since, machine, state});
      known.condition = condition;
    }
    const double sampled = number(host, "sampled");
    if (state != vm::MachineState::up || sampled <= known.sampled) continue;
    known.sampled = sampled;
    vm::Sample sample;
    for (const vm::Resource r : vm::all_resources) {
      sample.utilisation[r] = number(host, std::string{to_string(r)}.c_str());
    }
    batch.samples.push_back({batch.now, machine, state, sample});
  }
  for (const Json& incident : incidents_of(json)) {
    const auto& names = start_.info.names;
    const auto host = std::ranges::find(names, text(incident, "host"));
    const bool over = is_over(incident);
    if (host == names.end() || (over && number(incident, "end") < origin_)) continue;
    const auto id = static_cast<std::uint64_t>(number(incident, "number"));
    const auto [entry, fresh] =
        incidents_.try_emplace(id, Incident{static_cast<std::uint32_t>(incidents_.size())});
    if (fresh) {
      const vm::MachineId machine{static_cast<std::uint32_t>(host - names.begin())};
      batch.notices.push_back(
          {told_at(number(incident, "noticed")),
           vm::SlaFailureBegan{entry->second.failure, cause_of(text(incident, "cause")), machine,
                               at(number(incident, "start")), number(incident, "worst"),
                               number(incident, "limit")}});
    }
    if (over && !std::exchange(entry->second.ended, true)) {
      batch.notices.push_back(
          {told_at(number(incident, "end")),
           vm::SlaFailureEnded{entry->second.failure, number(incident, "worst")}});
    }
  }
  std::ranges::stable_sort(batch.notices, {}, &vm::NoticeRow::at);
  return batch;
}

std::unique_ptr<viz::model::Session> open_fleet(FleetPlace fleet) {
  std::shared_ptr<FleetRows> rows;
  std::string first;
  try {
    first = get_fleet(fleet);
    rows = std::make_shared<FleetRows>(first);
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
        port.rows(rows->next(get_fleet(fleet)));
      } catch (const std::exception&) {  // a collector that is restarted is back soon
      }
    }
  };
  return std::make_unique<viz::model::ReplaySession>(rows->start(), load);
}

}  // namespace cli
