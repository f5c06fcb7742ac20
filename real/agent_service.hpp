// Agent service: an Agent with a clock, a page for Prometheus, and a link to a gateway.
//
//   GET /metrics   the host's files read at this moment, the last samples beside them
//   GET /healthz   200 while samples can be taken
//
// With a file of users it is for people too (real/fleet/agent_api.hpp), and the page is for those
// who bring a user's token or the one that scrapes have.
//
// Samples are taken on a fixed grid of instants; one that was missed (the host stood still) is left
// out and not made up for. With a collector it pushes the host's samples there (push.hpp). With a
// gateway the service dials it, again and again, watches the nodes that it is told to, and sends
// each sample as soon as it is taken. Without one it only shows them.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "real/agent.hpp"
#include "real/asio.hpp"
#include "real/fleet/agent_api.hpp"
#include "real/fleet/push.hpp"
#include "real/http_server.hpp"
#include "real/link.hpp"
#include "real/metrics.hpp"
#include "real/process_list.hpp"
#include "real/secret_file.hpp"

namespace real {

class AgentService {
 public:
  struct Options {
    Agent::Config agent;
    std::chrono::milliseconds interval = std::chrono::seconds{1};
    std::optional<HttpServer::Options> http;  // none: no page
    std::string token;                        // that a scrape must bring; empty: none
    std::size_t processes = 0;                // how many processes the page lists
    std::optional<AgentApi::Options> api;     // none: no logins. Needs http
    std::string gateway;                      // host:port; empty: none
    std::optional<Key> key;                   // of the run, to introduce itself with
    std::optional<Push::Options> push;        // to a fleet's collector; its interval is ours
    std::function<void(const std::string&)> report = [](const std::string&) {};
  };

  /// Listens from now on, and samples while the io_context runs.
  ///
  ///   throws  std::runtime_error when the port is taken
  AgentService(asio::io_context& io, Options options);
  AgentService(const AgentService&) = delete;
  AgentService& operator=(const AgentService&) = delete;

  /// How many may log in.
  std::int64_t users() const { return api_ ? api_->users() : 0; }
  /// host:port of the page; empty without one.
  std::string address() const { return http_ ? http_->address() : ""; }
  /// Closes everything, so that the io_context runs out of work.
  void close();

 private:
  Router routes();
  bool may_read(const Request& request) const;
  void tick();
  awaitable<void> keep_dialling();
  void on_message(const Message& message);

  asio::io_context& io_;
  Options options_;
  Agent agent_;
  HostFiles page_files_;  // a scrape must not disturb the intervals of the samples
  HostReading page_reading_;
  ProcessList processes_;
  MetricsText page_;
  std::optional<AgentApi> api_;
  std::optional<HttpServer> http_;  // after what answers for it
  std::optional<Push> push_;
  asio::steady_timer next_sample_, next_dial_;
  std::shared_ptr<Link> link_;
  bool closed_ = false;
};

}  // namespace real
