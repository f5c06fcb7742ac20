#include <charconv>

#include <nlohmann/json.hpp>

#include "record/summary.hpp"

namespace record {
namespace {

using Json = nlohmann::ordered_json;  // in the order in which the contract names them

template <class T>
Json json(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json milliseconds(const std::optional<vm::Duration>& span) {
  return span ? Json(sim::milliseconds(*span)) : Json(nullptr);
}

/// A seed is a number wherever it is one, also where it exceeds a signed integer.
Json seed(const std::string& text) {
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc{} ? Json(value) : Json(text);
}

Json transactions(const Counts& counts, const std::optional<Writes>& writes) {
  const auto write = [&](std::uint64_t Writes::*member) {
    return writes ? Json((*writes).*member) : Json(nullptr);
  };
  return {{"issued", counts.issued},
          {"committed", counts.committed},
          {"refused", counts.refused},
          {"timed_out", counts.timed_out},
          {"failed", counts.failed},
          {"in_flight", counts.in_flight},
          {"acknowledged", write(&Writes::acknowledged)},
          {"lost", write(&Writes::lost)},
          {"duplicated", write(&Writes::duplicated)}};
}

Json latency(const std::optional<Latency>& l) {
  return {
      {"mean", l ? Json(l->mean_ms) : Json(nullptr)}, {"p50", l ? json(l->p50_ms) : Json(nullptr)},
      {"p90", l ? json(l->p90_ms) : Json(nullptr)},   {"p99", l ? json(l->p99_ms) : Json(nullptr)},
      {"p999", l ? json(l->p999_ms) : Json(nullptr)}, {"max", l ? Json(l->max_ms) : Json(nullptr)}};
}

Json migrations(const Migrations& m) {
  return {{"count", m.count},
          {"aborted", m.aborted},
          {"bytes", m.bytes.count},
          {"pause_ms_p50", milliseconds(m.pause_p50)},
          {"pause_ms_max", milliseconds(m.pause_max)}};
}

Json expectations(const std::vector<vm::Verdict>& verdicts) {
  Json list = Json::array();
  for (const vm::Verdict& v : verdicts) {
    list.push_back({{"name", v.name}, {"want", v.want}, {"got", json(v.got)}, {"met", v.met}});
  }
  return list;
}

Json consolidation(const std::vector<vm::ConsolidationFigure>& figures) {
  Json object = Json::object();
  for (const vm::ConsolidationFigure& f : figures) {
    object[f.name] = f.whole ? Json(static_cast<std::int64_t>(f.value)) : Json(f.value);
  }
  return object;
}

Json books(const Summary& s) {
  return {{"balance", json(s.books_balance)},
          {"applied", s.writes ? Json(s.writes->applied) : Json(nullptr)},
          {"unacknowledged", s.writes ? Json(s.writes->unacknowledged) : Json(nullptr)},
          {"complaints", s.complaints}};
}

Json groups(const std::vector<GroupSummary>& all) {
  Json list = Json::array();
  for (const GroupSummary& g : all) {
    Json group{{"name", g.name}, {"clients", g.clients}};
    group["transactions"] = transactions(g.counts, g.writes);
    group["retries"] = g.counts.retries;
    group["committed_share"] = json(g.counts.committed_share());
    group["committed_share_last"] = json(g.last.committed_share());
    group["latency_ms"] = latency(g.latency);
    list.push_back(std::move(group));
  }
  return list;
}

Json per_resource(const vm::PerResource<double>& values) {
  Json object = Json::object();
  for (const vm::Resource r : vm::all_resources) object[std::string{to_string(r)}] = values[r];
  return object;
}

Json machines(const std::vector<MachineSummary>& all) {
  Json list = Json::array();
  for (const MachineSummary& m : all) {
    list.push_back({{"machine", m.machine.value},
                    {"fleet", m.fleet},
                    {"flavor", m.flavor},
                    {"spare", m.spare},
                    {"state", m.state},
                    {"allocated_s", sim::seconds(m.allocated)},
                    {"released_s", sim::seconds(m.released)},
                    {"utilisation_mean", per_resource(m.mean)},
                    {"utilisation_max", per_resource(m.max)},
                    {"cost", m.cost}});
  }
  return list;
}

}  // namespace

std::string to_json(const Summary& s) {
  Json json_transactions = transactions(s.counts, s.writes);
  const bool timed = s.wall_s && *s.wall_s > 0;
  json_transactions["per_wall_second"] =
      timed ? Json(static_cast<double>(s.counts.issued) / *s.wall_s) : Json(nullptr);

  Json object;
  object["scenario"] = s.scenario;
  object["seed"] = seed(s.seed);
  object["world"] = s.world;
  object["fingerprint"] = json(s.fingerprint);
  object["duration_s"] = sim::seconds(s.end);
  object["wall_s"] = json(s.wall_s);
  object["cpu_s"] = json(s.cpu_s);
  object["transactions"] = std::move(json_transactions);
  object["latency_ms"] = latency(s.latency);
  object["sla_failures"] = s.sla_failures.size();
  object["failovers"] = s.failovers.size();
  object["migrations"] = migrations(s.migrations);
  object["cost"] = s.cost;
  object["expectations"] = expectations(s.verdicts);
  if (!s.consolidation.empty()) object["consolidation"] = consolidation(s.consolidation);
  // Beyond the contract's names.
  object["question"] = s.question;
  object["capacity"] = s.capacity.empty() ? Json(nullptr) : Json(s.capacity);
  object["finished"] = s.finished;
  object["interrupted"] = s.interrupted;
  object["met"] = s.met();
  object["events"] = s.events;
  object["sla_failure_s"] = json(figure(s, "sla_failure_s"));
  object["books"] = books(s);
  object["groups"] = groups(s.groups);
  object["machines"] = machines(s.machines);
  // A name that is not UTF-8 is no reason to write no summary.
  return object.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace record
