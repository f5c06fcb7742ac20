#include "real/fleet/push.hpp"

#include <algorithm>
#include <charconv>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <sodium.h>

#include "real/link.hpp"
#include "real/spawn.hpp"
#include "sim/check.hpp"

namespace real {
namespace {

namespace http = boost::beast::http;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto least_pause = 50ms;
constexpr auto most_pause = 2000ms;
constexpr auto sign_of_life = 1000ms;

std::uint64_t unix_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::nanoseconds{now}.count());
}

/// Cuts `socket` unless it is destroyed in time.
class Patience {
 public:
  Patience(tcp::socket& socket, asio::steady_timer& timer, std::chrono::milliseconds limit)
      : timer_(timer) {
    timer_.expires_after(limit);
    timer_.async_wait([&socket, alive = std::weak_ptr<int>{alive_}](auto error) {
      if (error || alive.expired()) return;
      boost::system::error_code ignored;
      socket.close(ignored);
    });
  }
  ~Patience() { timer_.cancel(); }
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

 private:
  asio::steady_timer& timer_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace

Push::State::State(asio::io_context& context, Options given)
    : io(context),
      options(std::move(given)),
      socket(context),
      timer(context),
      session(unix_ns()),
      counter(session),
      dice(session, "push") {
  SIM_CHECK(sodium_init() >= 0);
  constexpr std::string_view scheme = "http://";
  if (!options.url.starts_with(scheme)) {
    throw std::invalid_argument(options.url +
                                ": a collector is http://HOST:PORT; what is sent "
                                "there is sealed");
  }
  std::string address = options.url.substr(scheme.size());
  if (address.ends_with('/')) address.pop_back();
  const auto split = split_address(address);
  if (!split) throw std::invalid_argument(options.url + ": " + split.error());
  std::tie(host, port) = *split;
}

Push::Push(asio::io_context& io, Options options)
    : state_(std::make_shared<State>(io, std::move(options))) {
  spawn(io, "push", keep_sending(state_));
}

void Push::add(const vm::PerResource<double>& utilisation) {
  State& s = *state_;
  s.buffer.push_back({steady_clock::now(), to_shares(utilisation)});
  if (s.buffer.size() > s.options.most) {
    s.buffer.pop_front();
    ++s.first;
    ++s.dropped;
  }
  if (s.waiting) s.timer.cancel();
}

void Push::close() {
  if (std::exchange(state_->closed, true)) return;
  boost::system::error_code ignored;
  state_->socket.close(ignored);
  state_->timer.cancel();
}

awaitable<void> Push::keep_sending(Shared state) {
  State& s = *state;
  boost::system::error_code woken;
  while (!s.closed) {
    std::string trouble;
    try {
      if (!s.socket.is_open()) co_await connect(s);
      const std::size_t stored = co_await send_one(s);
      // The oldest may have been dropped meanwhile: `stored` counts from the first number.
      while (s.first < stored && !s.buffer.empty()) {
        s.buffer.pop_front();
        ++s.first;
      }
    } catch (const std::exception& failure) {
      trouble = failure.what();
    }
    if (s.closed) break;
    report(s, trouble);
    if (trouble.empty()) {
      s.pause = 0ms;
      if (!s.buffer.empty()) continue;
      s.timer.expires_after(sign_of_life);
      s.waiting = true;
    } else {
      boost::system::error_code ignored;
      s.socket.close(ignored);
      const auto most = std::min<std::chrono::milliseconds>(most_pause, 2 * s.options.interval);
      s.pause = std::min(std::max<std::chrono::milliseconds>(2 * s.pause, least_pause), most);
      const double share = 0.5 + 0.5 * s.dice.uniform();
      s.timer.expires_after(std::chrono::duration_cast<steady_clock::duration>(s.pause * share));
    }
    co_await s.timer.async_wait(asio::redirect_error(use_awaitable, woken));
    s.waiting = false;
  }
}

awaitable<void> Push::connect(State& s) {
  const Patience patience{s.socket, s.timer, s.options.patience};
  tcp::resolver resolver{s.io};
  const auto where = co_await resolver.async_resolve(s.host, s.port, use_awaitable);
  if (s.closed) co_return;
  co_await asio::async_connect(s.socket, where, use_awaitable);
  s.socket.set_option(tcp::no_delay{true});
}

/// One batch and its answer: the number of the sample after the last one that is stored.
awaitable<std::size_t> Push::send_one(State& s) {
  Batch batch{.session = s.session, .uptime_s = s.options.uptime_s(), .first = s.first};
  const auto now = steady_clock::now();
  for (const Kept& kept : s.buffer) {
    if (batch.samples.size() == most_samples) break;
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - kept.at).count();
    batch.samples.push_back({static_cast<std::uint32_t>(age), kept.shares});
  }
  const std::uint64_t counter = ++s.counter;
  const std::uint64_t end = batch.first + batch.samples.size();

  http::request<http::string_body> request{http::verb::put,
                                           "/agents/" + s.options.name + "/samples", 11};
  request.set(http::field::host, s.host + ":" + s.port);
  request.body() = seal(s.options.key, s.options.name, counter, pack(batch));
  request.prepare_payload();
  const Patience patience{s.socket, s.timer, s.options.patience};
  co_await http::async_write(s.socket, request, use_awaitable);
  boost::beast::flat_buffer buffer{8 << 10};
  http::response_parser<http::string_body> parser;
  parser.body_limit(4 << 10);
  co_await http::async_read(s.socket, buffer, parser, use_awaitable);
  const auto& response = parser.get();
  boost::system::error_code ignored;
  if (!response.keep_alive()) s.socket.close(ignored);
  const unsigned status = response.result_int();
  if (status != 200 && status != 409) {
    throw std::runtime_error("answered " + std::to_string(status) + ": " +
                             response.body().substr(0, response.body().find('\n')));
  }
  const auto answer = open_answer(s.options.key, s.options.name, counter, response.body());
  if (!answer) throw std::runtime_error("answered by somebody else: " + answer.error());
  if (answer->stored) co_return end;
  // This host's clock has gone back since its last life: count on from where that one ended.
  s.counter = std::max(s.counter, answer->last);
  co_return batch.first;
}

void Push::report(State& s, const std::string& trouble) {
  if (trouble == s.trouble) return;
  s.options.report(s.options.url + ": " + (trouble.empty() ? "samples arrive again" : trouble));
  s.trouble = trouble;
}

}  // namespace real
