#include "real/agent_service.hpp"

#include <algorithm>

#include "real/spawn.hpp"
#include "real/token.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;

constexpr auto between_dials = 200ms;
constexpr auto life_of_token = 10min;

Watched watched(const Watch& told) {
  return {.machine = told.machine,
          .pid = told.pid,
          .directory = told.directory,
          .capacity = {.cores = told.cores,
                       .memory = told.memory,
                       .disk = {told.disk},
                       .network = {told.network}},
          .cgroup = told.cgroup};
}

}  // namespace

AgentService::AgentService(asio::io_context& io, Options options)
    : io_(io),
      options_(std::move(options)),
      agent_(options_.agent),
      page_files_(options_.agent.proc),
      processes_(options_.agent.proc, options_.processes),
      next_sample_(io),
      next_dial_(io) {
  if (options_.api) api_.emplace(io, std::move(*options_.api), agent_);
  if (options_.http) http_.emplace(io, *options_.http, routes());
  if (options_.push) {
    options_.push->interval = options_.interval;
    options_.push->uptime_s = [this] {
      const auto& uptime = agent_.host_reading().uptime;
      return uptime ? static_cast<std::uint64_t>(std::max(0.0, uptime->up_s)) : 0;
    };
    push_.emplace(io_, *options_.push);
  }
  next_sample_.expires_after(0ms);
  tick();
  if (!options_.gateway.empty()) spawn(io, "agent's link", keep_dialling());
}

void AgentService::close() {
  closed_ = true;
  if (http_) http_->close();
  if (push_) push_->close();
  next_sample_.cancel();
  next_dial_.cancel();
  if (link_) link_->close();
}

Router AgentService::routes() {
  Router router;
  router.add("GET", "/metrics", at_once([this](const Request& request) -> Response {
               if (!may_read(request)) {
                 Response refusal = refuse(401, "a token is needed");
                 refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
                 return refusal;
               }
               page_files_.read(options_.agent.now(), page_reading_);
               write_metrics(page_reading_, agent_, page_);
               processes_.write(page_);
               return {.body = page_.text(), .type = "text/plain; version=0.0.4; charset=utf-8"};
             }));
  router.add("GET", "/healthz", at_once([this](const Request&) -> Response {
               const HostReading& last = agent_.host_reading();
               if (last.stat && last.memory) return {.body = "ok\n"};
               return refuse(503, last.trouble.empty() ? "/proc cannot be read" : last.trouble);
             }));
  if (api_) api_->add_to(router);
  return router;
}

bool AgentService::may_read(const Request& request) const {
  if (options_.token.empty() && !api_) return true;
  if (!options_.token.empty() && same_secret(request.bearer(), options_.token)) return true;
  return api_ && api_->may_read(request);
}

void AgentService::tick() {
  next_sample_.async_wait([this](boost::system::error_code error) {
    if (error || closed_) return;
    for (const auto& [machine, sample] : agent_.sample()) {
      if (link_ == nullptr) break;
      link_->send(Sampled{.machine = machine,
                          .utilisation = sample.utilisation.values,
                          .transactions = sample.transactions,
                          .tenants = sample.tenants});
    }
    if (push_ && agent_.host_sample()) push_->add(agent_.host_sample()->utilisation);
    const auto now = std::chrono::steady_clock::now();
    auto next = next_sample_.expiry() + options_.interval;
    while (next <= now) next += options_.interval;
    next_sample_.expires_at(next);
    tick();
  });
}

awaitable<void> AgentService::keep_dialling() {
  while (!closed_) {
    const Tokens tokens{*options_.key};
    const std::string audience{to_string(Role::agent)};
    Hello hello{.role = Role::agent,
                .token = tokens.issue("agent", audience, unix_now(), life_of_token)};
    bool refused = false;
    try {
      link_ = co_await dial(io_, options_.gateway, hello);
    } catch (const std::exception& failure) {
      options_.report(failure.what());
      refused = true;
    }
    if (closed_) break;
    if (!refused) {
      // The gateway says anew what is to be watched: it may be another one than before.
      agent_.forget_all();
      link_->start([this](Message& message) { on_message(message); },
                   [this](const std::string& reason) {
                     options_.report(reason);
                     link_.reset();
                     next_dial_.cancel();
                   });
      // Until the link ends. A link that ended already has cancelled nothing, hence the check.
      boost::system::error_code ended;
      while (link_ != nullptr && !closed_) {
        next_dial_.expires_at(std::chrono::steady_clock::time_point::max());
        co_await next_dial_.async_wait(asio::redirect_error(use_awaitable, ended));
      }
    }
    if (closed_) break;
    next_dial_.expires_after(between_dials);
    boost::system::error_code cancelled;
    co_await next_dial_.async_wait(asio::redirect_error(use_awaitable, cancelled));
  }
  if (link_) link_->close();
}

void AgentService::on_message(const Message& message) {
  if (const auto* watch = std::get_if<Watch>(&message)) {
    agent_.watch(watched(*watch));
  } else if (const auto* unwatch = std::get_if<Unwatch>(&message)) {
    agent_.forget(unwatch->machine);
  } else if (const auto* ping = std::get_if<Ping>(&message)) {
    link_->send(Pong{ping->number});
  } else {
    options_.report("the gateway sent what is not for an agent");
  }
}

}  // namespace real
