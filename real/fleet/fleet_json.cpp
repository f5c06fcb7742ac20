// FleetStatus and FleetPast as JSON. Names are those of the columns of `brink fleet status --csv`.
#include <nlohmann/json.hpp>

#include "real/fleet/fleet_past.hpp"
#include "real/fleet/fleet_status.hpp"

namespace real {
namespace {

using Json = nlohmann::ordered_json;

/// Seconds since 1970, or null.
Json seconds(const std::optional<sim::Time>& at) {
  return at ? Json(sim::seconds(*at)) : Json(nullptr);
}

Json json_of(const Uptime& uptime) {
  return {{"availability", uptime.availability()},
          {"watched_s", sim::seconds(uptime.watched)},
          {"down_s", sim::seconds(uptime.down)},
          {"budget_left", uptime.budget_left()}};
}

Json json_of(const HostStatus& host) {
  Json json{{"name", host.name},
            {"condition", to_string(host.condition)},
            {"lasts_s", sim::seconds(host.lasts)},
            {"heard", seconds(host.heard)},
            {"sampled", seconds(host.last_sample)},
            {"open_incidents", host.incidents}};
  for (const vm::Resource r : vm::all_resources) {
    json[std::string{to_string(r)}] =
        host.shares ? Json(to_utilisation(*host.shares)[r]) : Json(nullptr);
  }
  constexpr std::array spans{"day", "week", "month"};
  for (std::size_t i = 0; i < spans.size(); ++i) json[spans[i]] = json_of(host.uptime[i]);
  if (host.last_down) {
    json["last_down"] = {{"start", sim::seconds(host.last_down->start)},
                         {"end", sim::seconds(host.last_down->end)},
                         {"cause", host.last_down_cause}};
  }
  return json;
}

Json json_of(const IncidentStatus& incident) {
  return {{"number", incident.number},
          {"host", incident.host},
          {"cause", incident.cause},
          {"start", sim::seconds(incident.start)},
          {"noticed", sim::seconds(incident.noticed)},
          {"end", seconds(incident.end)},
          {"worst", incident.worst},
          {"limit", incident.limit},
          {"mail", incident.mail}};
}

/// `indent`: -1 for one line.
std::string text_of(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string to_json(const FleetStatus& status, const std::string& fleet) {
  Json json{{"fleet", fleet},
            {"at", sim::seconds(status.at)},
            {"collecting", status.collecting},
            {"alive", seconds(status.alive)},
            {"hosts", Json::array()},
            {"incidents", Json::array()}};
  for (const HostStatus& host : status.hosts) json["hosts"].push_back(json_of(host));
  for (const IncidentStatus& incident : status.incidents)
    json["incidents"].push_back(json_of(incident));
  return text_of(json, 1);
}

std::string to_json(const FleetPast& past) {
  Json json{{"since", sim::seconds(past.since)},
            {"at", sim::seconds(past.at)},
            {"hosts", Json::array()},
            {"incidents", Json::array()}};
  for (const HostPast& host : past.hosts) {
    Json minutes = Json::array(), away = Json::array();
    for (const HostPast::Minute& minute : host.minutes) {
      Json row{sim::seconds(minute.start)};
      for (const vm::Resource r : vm::all_resources) row.push_back(minute.mean[r]);
      minutes.push_back(std::move(row));
    }
    for (const HostPast::Away& span : host.away) {
      away.push_back({{"start", sim::seconds(span.start)},
                      {"end", seconds(span.end)},
                      {"condition", to_string(span.condition)}});
    }
    json["hosts"].push_back(
        {{"name", host.name}, {"minutes", std::move(minutes)}, {"away", std::move(away)}});
  }
  for (const IncidentStatus& incident : past.incidents)
    json["incidents"].push_back(json_of(incident));
  return text_of(json, -1);
}

}  // namespace real
