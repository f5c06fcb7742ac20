#include "real/fleet/push.hpp"

#include <algorithm>
#include <charconv>

#include <sodium.h>

#include "real/spawn.hpp"
#include "sim/check.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto least_pause = 50ms;
constexpr auto most_pause = 2000ms;
constexpr auto sign_of_life = 1000ms;
constexpr std::size_t most_answer = 4 << 10;  // bytes

std::uint64_t unix_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::nanoseconds{now}.count());
}

/// Cuts `socket` unless it is destroyed in time, and again, since one may have been opened anew by
/// whoever was only looking for an address the first time.
class Patience {
 public:
  Patience(tcp::socket& socket, asio::steady_timer& timer, std::chrono::milliseconds limit)
      : timer_(timer) {
    cut_after(socket, timer, limit, alive_);
  }
  ~Patience() { timer_.cancel(); }
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

 private:
  static void cut_after(tcp::socket& socket, asio::steady_timer& timer,
                        std::chrono::milliseconds limit, std::weak_ptr<int> alive) {
    timer.expires_after(limit);
    timer.async_wait([&socket, &timer, limit, alive = std::move(alive)](auto error) {
      if (error || alive.expired()) return;
      boost::system::error_code ignored;
      socket.close(ignored);
      cut_after(socket, timer, limit, alive);
    });
  }

  asio::steady_timer& timer_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace

Push::State::State(asio::io_context& context, Options given)
    : io(context),
      options(std::move(given)),
      timer(context),
      session(unix_ns()),
      counter(session),
      dice(session, "push") {
  SIM_CHECK(sodium_init() >= 0);
  auto found = http_place(options.url);
  if (!found) {
    throw std::invalid_argument(options.url +
                                ": a collector is http://HOST:PORT or https://HOST:PORT");
  }
  place = std::move(*found);
  if (place.tls) trust.emplace(options.ca);
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
  cut(*state_);
  state_->timer.cancel();
}

/// What is under way ends; whoever waits for it lets go of the stream.
void Push::cut(State& s) {
  boost::system::error_code ignored;
  if (s.stream) s.stream->socket().close(ignored);
}

awaitable<void> Push::keep_sending(Shared state) {
  State& s = *state;
  boost::system::error_code woken;
  while (!s.closed) {
    std::string trouble;
    try {
      if (!s.stream) co_await connect(s);
      if (s.closed) break;
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
      s.stream.reset();
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
  s.stream =
      s.trust ? s.trust->stream(tcp::socket{s.io}, s.place.host) : plain_stream(tcp::socket{s.io});
  const Patience patience{s.stream->socket(), s.timer, s.options.patience};
  co_await connect_http(*s.stream, s.place);
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

  const std::string body = seal(s.options.key, s.options.name, counter, pack(batch));
  const std::string head = "PUT /agents/" + s.options.name +
                           "/samples HTTP/1.1\r\nHost: " + s.place.name() +
                           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  const Patience patience{s.stream->socket(), s.timer, s.options.patience};
  const HttpAnswer response = co_await exchange_http(*s.stream, head, body, most_answer);
  if (!response.keep_alive) s.stream.reset();
  if (response.status != 200 && response.status != 409) {
    throw std::runtime_error("answered " + std::to_string(response.status) + ": " +
                             response.body.substr(0, response.body.find('\n')));
  }
  const auto answer = open_answer(s.options.key, s.options.name, counter, response.body);
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
