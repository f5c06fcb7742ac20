// [transaction.NAME] and [[clients]]: who asks for what, how often, and what they do when it fails.
#include <algorithm>
#include <numeric>

#include "vm/quantity.hpp"
#include "vm/scenario_readers.hpp"
#include "vm/spelling.hpp"

namespace vm {
namespace {

/// { cpu = { exponential = "2 ms" } }: one resource and what is asked of it.
void read_step(const Value& value, const Draft& draft, TransactionKind& kind) {
  auto* table = value.as_table("{ cpu = { exponential = \"2 ms\" } }");
  if (table == nullptr) return;
  TableReader reader(*table, "the step", value.issues);
  std::size_t found = 0;
  for (const Resource resource : {Resource::cpu, Resource::disk, Resource::network}) {
    const auto demand = reader.find(to_string(resource));
    if (!demand) continue;
    ++found;
    const Measure measure = resource == Resource::cpu ? Measure::seconds : Measure::bytes;
    const auto distribution = read_distribution(*demand, measure, Zero::refused, draft.base);
    if (distribution) kind.steps.push_back({resource, *distribution});
  }
  if (found > 1) value.wrong("a step uses one resource; split it");
  if (table->empty()) value.wrong("an empty step; expected { cpu = \"2 ms\" } or the like");
}

/// { attempts = 3, backoff = ..., jitter = true }
void read_backoff(const Value& value, Backoff& backoff) {
  auto* table = value.node.as_table();
  if (table == nullptr) {
    backoff.base = value.as_seconds(Zero::allowed).value_or(backoff.base);
    backoff.factor = 1;
    backoff.limit = backoff.base;
    return;
  }
  TableReader reader(*table, "'backoff'", value.issues);
  if (const auto base = reader.need("exponential", "\"100 ms\"")) {
    backoff.base = base->as_seconds(Zero::refused).value_or(backoff.base);
  }
  reader.number("factor", backoff.factor, 1, 100);
  backoff.limit = std::max(backoff.limit, backoff.base);
  if (const auto limit = reader.find("limit")) {
    backoff.limit = limit->as_seconds(Zero::refused).value_or(backoff.limit);
    if (backoff.limit < backoff.base) limit->wrong("is below the first backoff");
  }
}

void read_breaker(const Value& value, Retry& retry) {
  auto* table = value.as_table("{ failures = 5, open = \"5 s\" }");
  if (table == nullptr) return;
  TableReader reader(*table, "'breaker'", value.issues);
  Breaker breaker;
  reader.count("failures", breaker.failures, 1, 1'000'000'000);
  reader.duration("open", breaker.open, Zero::refused);
  retry.breaker = breaker;
}

void read_retry(const Value& value, Retry& retry) {
  auto* table = value.as_table("{ attempts = 3, backoff = \"100 ms\" }");
  if (table == nullptr) return;
  TableReader reader(*table, "'retry'", value.issues);
  if (const auto attempts = reader.need("attempts", "3")) {
    retry.attempts = static_cast<std::uint32_t>(attempts->as_count(1, 1'000).value_or(1));
  }
  if (const auto backoff = reader.find("backoff")) read_backoff(*backoff, retry.backoff);
  if (const auto jitter = reader.find("jitter")) {
    retry.backoff.jitter = jitter->as_bool().value_or(true);
  }
  if (const auto budget = reader.find("budget")) retry.budget = budget->as_percent(0, 10);
  if (const auto breaker = reader.find("breaker")) read_breaker(*breaker, retry);
}

/// { checkout = 3, browse = 1 }: weights, scaled to a sum of 1.
void read_mix(TableReader& client, const Scenario& scenario, std::vector<double>& mix) {
  mix.assign(scenario.transactions.size(), 0);
  const auto value = client.find("mix");
  if (!value) {
    if (mix.size() == 1) {
      mix[0] = 1;  // what else
    } else if (!mix.empty()) {
      client.wrong("needs 'mix', such as { " + scenario.transactions.front().name + " = 1.0 }");
    }
    return;
  }
  auto* table = value->as_table("{ checkout = 1.0 }");
  if (table == nullptr || mix.empty()) return;
  if (table->empty()) return value->wrong("is empty; it names at least one transaction");
  TableReader reader(*table, "'mix'", client.issues());
  for (std::size_t i = 0; i < mix.size(); ++i) {
    const auto weight = reader.find(scenario.transactions[i].name);
    if (weight) mix[i] = weight->as_number(1e-9, 1e9).value_or(1);
  }
  const double sum = std::accumulate(mix.begin(), mix.end(), 0.0);
  for (double& weight : mix) weight = sum > 0 ? weight / sum : 0;
}

void read_state(TableReader& reader, ClientGroup& group) {
  reader.bytes("state", group.state, Zero::allowed);
  const auto keep = reader.find("keep");
  if (!keep) return;
  group.keep = keep->as_bytes(Zero::refused);
  if (group.keep && *group.keep < group.state) {
    keep->wrong("is below 'state', " + format_bytes(group.state));
  }
}

void read_client(TableReader& reader, const Draft& draft, ClientGroup& group) {
  const Scenario& scenario = draft.scenario;
  if (const auto name = reader.need("name", "\"shoppers\"")) {
    group.name = name->as_name().value_or("");
  }
  const auto names = names_of(scenario.clients);
  if (!group.name.empty() &&
      std::ranges::find(names, std::string_view(group.name)) != names.end()) {
    reader.wrong("there are clients " + in_quotes(group.name) + " already");
  }
  reader.count("count", group.count, 1, most_tenants);
  read_arrivals(reader, draft, group.arrivals);
  group.stream = group.name;
  if (const auto stream = reader.find("stream")) {
    group.stream = stream->as_name().value_or(group.name);
  }
  read_mix(reader, scenario, group.mix);
  reader.number("skew", group.skew, 0, 20);
  if (const auto timeout = reader.find("timeout")) {
    group.timeout = timeout->as_duration(Zero::refused);
  }
  if (const auto retry = reader.find("retry")) read_retry(*retry, group.retry);
  read_state(reader, group);
  if (const auto fleet = reader.find("fleet")) {
    if (const auto index = fleet->as_one_of("fleet", names_of(scenario.fleets))) {
      group.fleet = FleetId{static_cast<std::uint32_t>(*index)};
    }
  }
}

}  // namespace

void read_transactions(TableReader& root, Draft& draft) {
  const auto tables = named_tables(root, "transaction");
  if (tables.empty()) root.wrong("needs at least one [transaction.NAME]");
  for (const auto& [name, table] : tables) {
    TransactionKind kind;
    kind.name = name;
    TableReader reader(*table, "[transaction." + kind.name + "]", root.issues());
    constexpr std::string_view example = "[{ cpu = { exponential = \"2 ms\" } }]";
    if (const auto steps = reader.need("steps", example)) {
      if (auto* list = steps->as_array(example, most_steps)) {
        for (auto& node : *list) read_step(steps->at(node), draft, kind);
      }
    }
    reader.bytes("memory", kind.memory, Zero::allowed);
    reader.bytes("write", kind.write, Zero::allowed);
    draft.scenario.transactions.push_back(std::move(kind));
  }
}

void read_clients(TableReader& root, Draft& draft) {
  const auto tables = tables_of_array(root, "clients");
  if (tables.empty()) root.wrong("needs at least one [[clients]]");
  std::int64_t tenants = 0;
  for (toml::table* table : tables) {
    ClientGroup group;
    TableReader reader(*table, "[[clients]]", root.issues());
    read_client(reader, draft, group);
    tenants += group.count;
    draft.scenario.clients.push_back(std::move(group));
  }
  if (tenants > most_tenants) {
    root.wrong("has " + std::to_string(tenants) + " clients in all its groups, at most " +
               std::to_string(most_tenants));
  }
}

}  // namespace vm
