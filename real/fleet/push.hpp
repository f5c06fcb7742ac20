// Push: an agent's samples on their way to the collector.
//
// Samples wait in a buffer that is bounded: when it is full, the oldest goes, and the collector
// sees by the numbers that some are missing. They leave in batches, one under way at a time, and
// are dropped only when an answer that nobody else can have made says that they are stored. Until
// then the same samples are sent again, under a new counter and with the age that they have by
// then; the collector knows their numbers. So whatever breaks in between, each arrives once.
//
// A connection is kept and used for one batch after the other. After a failure there is a pause,
// doubled up to two intervals (2 s at the most, since the collector takes silence for a failure),
// each drawn from the upper half of that, so that agents do not all come back at once. A sign of
// life, an empty batch, goes when there has been nothing to send for a second. Runs in one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "real/asio.hpp"
#include "real/fleet/batch.hpp"
#include "real/fleet/seal.hpp"
#include "real/http_client.hpp"
#include "sim/random.hpp"

namespace real {

class Push {
 public:
  struct Options {
    std::string url;             // http://HOST:PORT or https://HOST:PORT of the collector
    std::filesystem::path ca{};  // of https://: its certificate, or who has signed it (TlsTrust)
    std::string name;            // of this host in the fleet
    Key key;
    std::chrono::milliseconds interval = std::chrono::seconds{1};  // between samples
    std::size_t most = 3600;                                       // samples kept
    std::chrono::milliseconds patience = std::chrono::seconds{5};  // for an answer
    std::function<std::uint64_t()> uptime_s = [] { return 0; };    // of this host
    std::function<void(const std::string&)> report = [](const std::string&) {};
  };

  /// Throws std::invalid_argument when `url` is not such a one, and what TlsTrust does.
  Push(asio::io_context& io, Options options);
  ~Push() { close(); }
  Push(const Push&) = delete;
  Push& operator=(const Push&) = delete;

  /// A sample taken now.
  void add(const vm::PerResource<double>& utilisation);
  /// Cuts the connection and ends.
  void close();

  std::size_t buffered() const { return state_->buffer.size(); }
  std::uint64_t dropped() const { return state_->dropped; }

 private:
  struct Kept {
    std::chrono::steady_clock::time_point at;
    Shares shares;
  };
  struct State {
    State(asio::io_context& context, Options given);

    asio::io_context& io;
    Options options;
    HttpPlace place;
    std::optional<TlsTrust> trust;
    std::unique_ptr<HttpStream> stream;  // none: to be connected
    asio::steady_timer timer;            // wakes who waits; cuts who waits for too long
    std::deque<Kept> buffer;
    std::uint64_t first = 0;  // number of the oldest one kept
    std::uint64_t session, counter;
    std::uint64_t dropped = 0;
    std::chrono::milliseconds pause{0};
    sim::RandomStream dice;
    std::string trouble;  // that was reported last
    bool waiting = false, closed = false;
  };
  using Shared = std::shared_ptr<State>;

  static awaitable<void> keep_sending(Shared state);
  static void cut(State& state);
  static awaitable<void> connect(State& state);
  static awaitable<std::size_t> send_one(State& state);
  static void report(State& state, const std::string& trouble);

  Shared state_;  // outlives this while a batch is under way
};

}  // namespace real
