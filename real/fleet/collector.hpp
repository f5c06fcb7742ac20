// Collector: what a fleet's agents push to, and what watches over them.
//
//   PUT /agents/NAME/samples   a sealed batch (seal.hpp, batch.hpp)
//       200 stored, on the disk; 409 its counter is not beyond the last: both with a sealed answer.
//       401 not sealed by this agent; 400 makes no sense; 413 too large; 429 too many; 503 the disk
//       refuses or is behind. Nothing of it is stored then, and the agent comes again
//   GET /healthz   200 while batches can be stored
//   GET /fleet     hosts, their last samples, availability and open incidents, as JSON. Batches are
//       sealed, but a token and this are not: beyond loopback 403, unless there is TLS or somebody
//       has said that there need not be
//
// Each batch goes to an Incidents machine first; the samples, the counter and what the machine
// orders are one change of the archive, answered after its commit. So a collector that is killed at
// any moment has told an agent nothing that it does not know after its restart, and an incident
// and its mail are there exactly when the samples are that gave rise to them.
//
// Hosts that were taken down on purpose (retirements.hpp) are left alone until they are put up
// again.
//
// Time is the collector's: it is read once, as unix time, and goes on with the steady clock, so a
// clock that is set meanwhile moves nothing; it begins where the archive ends at the earliest.
//
// Runs in the one thread of its io_context, but for the archive's writer and whoever reads it.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "real/asio.hpp"
#include "real/fleet/agent_keys.hpp"
#include "real/fleet/archive_writer.hpp"
#include "real/fleet/retirements.hpp"
#include "real/http_server.hpp"
#include "real/rate_limit.hpp"
#include "real/worker.hpp"

namespace real {

class Collector {
 public:
  struct Host {
    std::string name;
    vm::PerResource<double> limits{{0.98, 0.98, 0.98, 0.98}};
    std::vector<std::string> mail{};
  };
  struct Options {
    std::string fleet;
    std::vector<Host> hosts;
    vm::IncidentRules rules;
    double objective = 0.999;
    Archive::Options archive;  // its hosts are taken from here
    std::filesystem::path keys;
    HttpServer::Options http;
    std::string token{};                  // that GET /fleet must bring; empty: none
    bool sealed_only = false;             // GET /fleet is not for this network: 403
    std::chrono::milliseconds pace{100};  // at most one commit in it
    /// Of everything that is ordered, when it is on the disk: by the number of the host in `hosts`.
    std::function<void(const vm::IncidentOrder&)> told = [](const vm::IncidentOrder&) {};
    std::function<void()> mailed = [] {};  // in another thread: the outbox may hold new mails
    std::function<void(const std::string&)> report = [](const std::string&) {};
  };

  /// Listens from now on, and watches while the io_context runs.
  ///
  ///   throws  StoreError, std::runtime_error when the port is taken or keys cannot be kept
  Collector(asio::io_context& io, Options options);
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  std::string address() const { return http_->address(); }
  std::uint16_t port() const { return http_->port(); }
  /// Takes no more batches. What has come is stored by the destructor.
  void close();

  struct Counts {
    std::uint64_t batches = 0, samples = 0;  // stored
    std::uint64_t refused = 0;               // batches
  };
  const Counts& counts() const { return counts_; }

 private:
  struct Agent {
    HostState state;                // as it will be when everything submitted is stored
    std::uint64_t judged_next = 0;  // number of the first sample that the machine was not told
  };

  Router routes();
  void resume();
  sim::Time now() const;
  void tick();
  void look_for_retired(ArchiveChange& change);
  void submit(ArchiveChange change);
  awaitable<bool> stored(ArchiveChange change);
  awaitable<Response> take(const Request& request);
  awaitable<Response> take_opened(std::size_t host, const Opened& opened);
  ArchiveChange accept(std::size_t host, std::uint64_t counter, const Batch& batch);
  std::optional<Gap> gap_before(const HostState& agent, const Batch& batch, sim::Time first) const;
  std::string_view why_back(const Agent& agent, const Batch& batch, sim::Time at) const;
  using Reading = std::function<std::string()>;  // of the archive, by another thread; none: 400
  awaitable<Response> show(const Request& request,
                           Reading (Collector::*what)(const Request&) const);
  Reading status(const Request& request) const;
  Reading past(const Request& request) const;

  asio::io_context& io_;
  Options options_;
  Archive archive_;
  RetirementList retirements_;
  vm::Incidents incidents_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
  std::vector<Agent> agents_;
  AgentKeys keys_;
  RateLimit of_agent_, of_stranger_;
  sim::Time began_;         // unix time at
  sim::Time began_steady_;  // this instant of the steady clock
  asio::steady_timer next_tick_;
  sim::Time alive_;   // last told to the archive
  sim::Time looked_;  // for hosts that were taken down
  bool stores_ = true, closed_ = false;
  Counts counts_;
  std::unique_ptr<ArchiveWriter> writer_;
  Worker reader_;
  std::optional<HttpServer> http_;
};

}  // namespace real
