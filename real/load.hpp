// Load: the scenario's clients in real time. Open loop: the schedule never waits for an answer, and
// latency counts from the instant at which the transaction was meant to be sent.
//
//   start() ──> before the run ──> playing ──duration, stop()──> draining ──> auditing ──> done
//               the link is made   arrivals, answers, retries    no new ones   what do you hold?
//
// - Who sends what, and when, is drawn from the very streams of the simulated world, so an
// open-loop
//   group issues the same (client, kind, demands, sequence) at the same instants.
// - One link to the gateway, made anew every 50 ms while it is broken. What was in flight on it may
//   have been applied or not: that attempt has failed, and the clients' RetryPolicy says whether
//   there is another, under the same sequence, so that the owner recognises it.
// - What is due and cannot be sent (no link, or a gateway that does not read) has failed as well,
//   as a refused connection would, and is counted as unsent. What leaves more than `tolerance`
//   after its instant is counted as late. The report says both: then the figures are ours, not the
//   gateway's.
// - Each sample interval the sink gets a batch with the groups' rows, and the gateway the outcomes;
//   each SLA window the gateway gets the latency objectives' quantiles.
// - At the end what is in flight is waited for, up to the longest timeout, then every owner is
// asked
//   which writes it holds, and the books are closed (real/load_books.hpp).
//
// All calls, the sink's included, from the thread of the io_context, except where said.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "real/asio.hpp"
#include "vm/observation.hpp"
#include "vm/outcome.hpp"
#include "vm/scenario.hpp"

namespace real {

class Load {
 public:
  struct Options {
    std::string gateway;                 // host:port of its clients' door
    std::function<std::string()> token;  // a JWT whose audience is "client"; asked for at each dial
    std::int64_t start_ns = 0;           // of CLOCK_MONOTONIC: the run's Time{}; may lie ahead
    bool transactions = false;           // tell every transaction's end as well
    vm::Duration tolerance = std::chrono::milliseconds{10};
    vm::Duration audit_patience = std::chrono::seconds{30};  // without one answer to an Audit
  };

  /// How well the load was what the scenario says.
  struct Punctuality {
    std::uint64_t late = 0;    // attempts that left later than the tolerance
    std::uint64_t unsent = 0;  // attempts that could not leave at all
    vm::Duration latest{};     // the worst delay of an attempt that left
    std::uint64_t broken = 0;  // times that the link to the gateway broke
  };
  struct Report {
    vm::RunOutcome outcome;  // `machines` is the stage's to fill in
    Punctuality punctuality;
    std::vector<std::string> remarks;  // the same for people; empty when the load was as meant
  };
  using Done = std::function<void(Report)>;

  /// `scenario` and `sink` outlive it. `done` is called once, never within a call to the load.
  Load(asio::io_context& io, const vm::Scenario& scenario, Options options,
       vm::ObservationSink& sink, Done done);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Connects at once and plays from `start_ns` on.
  void start();

  /// Issues nothing more; drains, audits and reports like at the end, as interrupted. From any
  /// thread.
  void stop();

  /// The gateway's door is at another address from now on. From any thread.
  void gateway_is_at(std::string address);

 private:
  class Engine;
  std::shared_ptr<Engine> engine_;
};

}  // namespace real
