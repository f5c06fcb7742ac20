#include "real/fleet/collector.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "real/fleet/fleet_past.hpp"
#include "real/fleet/fleet_status.hpp"
#include "real/now.hpp"
#include "real/token.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;

constexpr auto between_ticks = 250ms;
constexpr auto alive_every = 1s;
constexpr std::size_t most_waiting = 50'000;  // batches: the disk is far behind
constexpr std::size_t most_body = 32 << 10;
constexpr RateLimit::Config batches_of_agent{.per_second = 25, .burst = 100, .slots = 1 << 15};
constexpr RateLimit::Config failures_of_address{.per_second = 5, .burst = 50};

sim::Time unix_time() {
  return sim::Time{std::chrono::system_clock::now().time_since_epoch()};
}

std::vector<std::string> names_of(const std::vector<Collector::Host>& hosts) {
  std::vector<std::string> names;
  for (const auto& host : hosts) names.push_back(host.name);
  return names;
}

Archive::Options archive_of(const Collector::Options& options) {
  Archive::Options archive = options.archive;
  archive.hosts.clear();
  for (const auto& host : options.hosts) archive.hosts.push_back({host.name, host.mail});
  return archive;
}

std::vector<vm::TimedSample> timed(const std::vector<ArchivedSample>& samples) {
  std::vector<vm::TimedSample> told;
  told.reserve(samples.size());
  for (const auto& [at, shares] : samples) told.push_back({at, to_utilisation(shares)});
  return told;
}

Response later(unsigned status, std::string reason, sim::Duration wait) {
  Response response = refuse(status, std::move(reason));
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  response.headers.emplace_back("Retry-After", std::to_string(seconds));
  return response;
}

}  // namespace

Collector::Collector(asio::io_context& io, Options options)
    : io_(io),
      options_(std::move(options)),
      archive_(archive_of(options_)),
      retirements_(options_.archive.file),
      incidents_(options_.rules),
      keys_(options_.keys, names_of(options_.hosts)),
      of_agent_(batches_of_agent),
      of_stranger_(failures_of_address),
      next_tick_(io) {
  for (std::size_t i = 0; i < options_.hosts.size(); ++i) {
    by_name_[options_.hosts[i].name] = i;
    incidents_.add_host(options_.hosts[i].limits);
  }
  began_ = std::max(unix_time(), archive_.alive().value_or(sim::Time{}));
  began_steady_ = real::now();
  resume();
  options_.http.body_bytes = most_body;
  http_.emplace(io_, options_.http, routes());
  next_tick_.expires_after(0ms);
  tick();
}

/// Everything that was known is told to the machine before the first fact is.
void Collector::resume() {
  for (const auto& record : archive_.incidents(began_ - options_.rules.memory)) {
    incidents_.resume(record);
  }
  for (std::size_t i = 0; i < agents_.size() || i < archive_.states().size(); ++i) {
    const HostState& state = archive_.states()[i];
    agents_.push_back({state, state.next});
    if (!state.heard) continue;
    const auto spans = archive_.unwatched(i, state.last_sample.value_or(sim::Time{}));
    incidents_.resume(vm::MachineId{static_cast<std::uint32_t>(i)}, state.last_sample, spans);
  }
  const auto span = 2 * options_.rules.window + options_.rules.interval;
  archive_.recent(span, [this](std::size_t host, const std::vector<ArchivedSample>& samples) {
    incidents_.warm(vm::MachineId{static_cast<std::uint32_t>(host)}, timed(samples));
  });
  ArchiveChange change;
  change.alive = began_;
  incidents_.start(began_, archive_.alive(), archive_.next_incident(), change.orders);
  look_for_retired(change);
  writer_ = std::make_unique<ArchiveWriter>(
      io_, archive_,
      ArchiveWriter::Options{
          .pace = options_.pace, .report = options_.report, .mailed = options_.mailed});
  submit(std::move(change));
}

void Collector::close() {
  closed_ = true;
  http_->close();
  next_tick_.cancel();
}

sim::Time Collector::now() const {
  return began_ + (real::now() - began_steady_);
}

void Collector::tick() {
  next_tick_.async_wait([this](boost::system::error_code error) {
    if (error || closed_) return;
    ArchiveChange change;
    change.alive = now();
    // Before anybody can be missed: 'down' has written it before it stopped an agent.
    if (change.alive - looked_ >= std::min<sim::Duration>(1s, incidents_.silence() / 4)) {
      look_for_retired(change);
    }
    incidents_.tick(change.alive, change.orders);
    if (!change.orders.empty() || change.alive - alive_ >= alive_every) submit(std::move(change));
    next_tick_.expires_after(between_ticks);
    tick();
  });
}

/// Tells the machine who was taken down since it was looked at last, and who was put up again.
void Collector::look_for_retired(ArchiveChange& change) {
  looked_ = change.alive;
  std::vector<std::optional<sim::Time>> since(agents_.size());
  try {
    for (const auto& [host, start] : retirements_.open()) {
      const auto found = by_name_.find(host);
      if (found != by_name_.end()) since[found->second] = start;
    }
  } catch (const StoreError& refused) {
    return options_.report(refused.what());
  }
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    const vm::MachineId id{static_cast<std::uint32_t>(i)};
    if (incidents_.retired(id) == since[i]) continue;
    incidents_.enlist(change.alive, id, change.orders);
    if (since[i]) incidents_.retire(change.alive, id, *since[i], change.orders);
  }
}

void Collector::submit(ArchiveChange change) {
  alive_ = change.alive;
  vm::IncidentOrders orders = change.orders;
  writer_->submit(std::move(change), [this, orders = std::move(orders)](bool is_stored) {
    stores_ = is_stored;
    for (const auto& order : orders) options_.told(order);
  });
}

awaitable<bool> Collector::stored(ArchiveChange change) {
  alive_ = change.alive;
  const vm::IncidentOrders orders = change.orders;
  const auto begin = [this](auto handler, ArchiveChange what) {
    auto resume = std::make_shared<decltype(handler)>(std::move(handler));
    writer_->submit(std::move(what), [resume](bool is_stored) { (*resume)(is_stored); });
  };
  const bool is_stored = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
      begin, use_awaitable, std::move(change));
  stores_ = is_stored;
  for (const auto& order : orders) options_.told(order);
  co_return is_stored;
}

Router Collector::routes() {
  Router router;
  router.add("PUT", "/agents/{}/samples", [this](const Request& r) { return take(r); });
  router.add("GET", "/fleet", [this](const Request& r) { return show(r, &Collector::status); });
  router.add("GET", "/fleet/past", [this](const Request& r) { return show(r, &Collector::past); });
  router.add("GET", "/healthz", at_once([this](const Request&) -> Response {
               if (stores_) return {.body = "ok\n"};
               return refuse(503, "the archive cannot be written");
             }));
  return router;
}

awaitable<Response> Collector::take(const Request& request) {
  const std::string& name = request.parts.front();
  const auto found = by_name_.find(name);
  const auto host = found == by_name_.end() ? std::nullopt : std::optional{found->second};
  const auto opened = keys_.open(host, name, request.body);
  if (!opened) {
    ++counts_.refused;
    const auto wait = of_stranger_.take(request.peer, real::now());
    if (wait > sim::Duration{}) co_return later(429, "too many that are not sealed", wait);
    co_return refuse(401, opened.error());
  }
  if (const auto wait = of_agent_.take(name, real::now()); wait > sim::Duration{}) {
    ++counts_.refused;
    co_return later(429, "too many batches", wait);
  }
  Response response = co_await take_opened(*host, *opened);
  if (response.status != 200) ++counts_.refused;
  co_return response;
}

awaitable<Response> Collector::take_opened(std::size_t host, const Opened& opened) {
  Agent& agent = agents_[host];
  const auto answer = [&](unsigned status, SealedAnswer what) -> Response {
    return {.status = status,
            .body = seal_answer(keys_.key(host), options_.hosts[host].name, opened.counter, what),
            .type = "application/octet-stream"};
  };
  if (opened.counter <= agent.state.counter) {
    co_return answer(409, {.stored = false, .last = agent.state.counter});
  }
  const auto batch = unpack_batch(opened.plain);
  if (!batch) co_return refuse(400, batch.error());
  if (writer_->waiting() > most_waiting) co_return later(503, "the disk is behind", 1s);

  const HostState before = agent.state;
  ArchiveChange change = accept(host, opened.counter, *batch);
  const std::size_t samples = change.samples.size();
  if (!co_await stored(std::move(change))) {
    // They will come again. Others of this agent may have been submitted meanwhile: what counts is
    // from where on something is missing.
    if (agent.state.session == before.session) {
      agent.state.next = std::min(agent.state.next, before.next);
    } else if (agent.state.session == batch->session) {
      agent.state.next = 0;
    }
    agent.state.last_sample = before.last_sample;
    co_return refuse(503, "the archive cannot be written");
  }
  ++counts_.batches;
  counts_.samples += samples;
  co_return answer(200, {.stored = true, .last = opened.counter});
}

ArchiveChange Collector::accept(std::size_t host, std::uint64_t counter, const Batch& batch) {
  Agent& agent = agents_[host];
  const vm::MachineId id{static_cast<std::uint32_t>(host)};
  ArchiveChange change;
  change.alive = now();
  change.host = host;
  if (incidents_.is_down(id)) change.back_from = why_back(agent, batch, change.alive);

  const HostState before = agent.state;
  const bool is_new = batch.session != agent.state.session;
  if (is_new) agent.state.next = agent.judged_next = 0;
  std::vector<ArchivedSample> unjudged;
  for (std::size_t i = 0; i < batch.samples.size(); ++i) {
    const std::uint64_t number = batch.first + i;
    if (number < agent.state.next) continue;  // is stored: its answer was lost
    const auto taken = change.alive - std::chrono::milliseconds{batch.samples[i].age_ms};
    sim::Time at{std::chrono::floor<std::chrono::milliseconds>(taken.time_since_epoch())};
    if (agent.state.last_sample) at = std::max(at, *agent.state.last_sample + 1ms);
    if (change.samples.empty()) change.gap = gap_before(before, batch, at);
    change.samples.push_back({at, batch.samples[i].shares});
    if (number >= agent.judged_next) unjudged.push_back(change.samples.back());
    agent.state.last_sample = at;
  }
  agent.state.next = std::max(agent.state.next, batch.first + batch.samples.size());
  agent.judged_next = std::max(agent.judged_next, agent.state.next);
  agent.state.counter = counter;
  agent.state.session = batch.session;
  agent.state.uptime_s = batch.uptime_s;
  agent.state.heard = change.alive;
  change.state = agent.state;
  incidents_.heard(change.alive, id, timed(unjudged), change.orders);
  return change;
}

/// What is missing between the last sample stored and the first one of a batch.
std::optional<Gap> Collector::gap_before(const HostState& agent, const Batch& batch,
                                         sim::Time first) const {
  if (!agent.last_sample) return {};
  Gap gap{*agent.last_sample, first, 0, "not sampled"};
  if (batch.session != agent.session) {
    gap.samples = batch.first;  // of the new life
    gap.cause = "agent restarted";
  } else if (batch.first > agent.next) {
    gap.samples = batch.first - agent.next;
    gap.cause = "agent's buffer full";
    return gap;
  }
  if (first - gap.start <= options_.rules.interval * 5 / 2) return {};
  return gap;
}

std::string_view Collector::why_back(const Agent& agent, const Batch& batch, sim::Time at) const {
  if (batch.session == agent.state.session) return "cut off";
  const auto away = at - agent.state.heard.value_or(at);
  return std::chrono::seconds{batch.uptime_s} < away ? "host restarted" : "agent restarted";
}

/// What a reading of the archive says, to whoever may see it.
awaitable<Response> Collector::show(const Request& request,
                                    Reading (Collector::*what)(const Request&) const) {
  if (options_.sealed_only) {
    co_return refuse(403,
                     "not in plain HTTP beyond loopback: give [collector] 'certificate' and "
                     "'certificate_key', or 'plain_http = true'");
  }
  if (!options_.token.empty() && !same_secret(request.bearer(), options_.token)) {
    Response refusal = refuse(401, "a token is needed");
    refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
    co_return refusal;
  }
  Reading read = (this->*what)(request);
  if (!read) co_return refuse(400, "expected seconds=N, from 1 on");
  Response response;
  response.body = co_await reader_.call(std::move(read));
  response.type = "application/json";
  co_return response;
}

Collector::Reading Collector::status(const Request&) const {
  return [file = options_.archive.file, objective = options_.objective, name = options_.fleet,
          at = now()] { return to_json(read_fleet_status(file, objective, at), name); };
}

Collector::Reading Collector::past(const Request& request) const {
  const std::string text = request.parameter("seconds").value_or("3600");
  std::uint32_t span = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), span);
  if (error != std::errc{} || end != text.data() + text.size() || span == 0) return {};
  return [file = options_.archive.file, span = std::chrono::seconds{span}, at = now()] {
    return to_json(read_fleet_past(file, span, at));
  };
}

}  // namespace real
