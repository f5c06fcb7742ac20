#include "real/fleet/commands.hpp"

#include <csignal>
#include <optional>
#include <system_error>

#include <sys/resource.h>

#include "real/child.hpp"
#include "sim/check.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Ended = Commands::Ended;

Confinement confinement_for(const Commands::Limits& limits) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(limits.time).count();
  return {.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/"},
          .limits = {{RLIMIT_CPU, static_cast<std::uint64_t>(seconds) + 1},
                     {RLIMIT_AS, limits.memory},
                     {RLIMIT_FSIZE, limits.file_bytes},
                     {RLIMIT_NOFILE, limits.descriptors},
                     {RLIMIT_CORE, 0}}};
}

/// One that is under way: collects what it says, and ends it when that is enough.
class Running {
 public:
  Running(asio::io_context& io, const AllowedCommand& command, const Commands::Limits& limits)
      : limits_(limits), bell_(io) {
    const auto into = [this](std::string& text) {
      return [this, &text](const std::string& bytes) { take(text, bytes); };
    };
    child_.emplace(io, command.words,
                   Child::Handlers{.on_output = into(ended_.output),
                                   .on_error = into(ended_.errors),
                                   .on_end = [this](const std::string&) { bell_.cancel(); }},
                   Child::How{.talk = Child::Talk::bytes, .confinement = confinement_for(limits)});
    child_->close_input();
  }

  awaitable<Ended> wait() {
    boost::system::error_code over;
    bell_.expires_after(limits_.time);
    co_await bell_.async_wait(asio::redirect_error(use_awaitable, over));
    if (child_->running()) {
      end(Ended::Why::too_slow);
      bell_.expires_at(Clock::time_point::max());  // SIGKILL is waited for, it always comes
      co_await bell_.async_wait(asio::redirect_error(use_awaitable, over));
    }
    ended_.code = child_->code();
    co_return std::move(ended_);
  }

 private:
  void take(std::string& text, const std::string& bytes) {
    const std::size_t room = limits_.output - ended_.output.size() - ended_.errors.size();
    text.append(bytes, 0, room);
    if (bytes.size() > room) end(Ended::Why::too_much_output);
  }
  void end(Ended::Why why) {
    if (ended_.why == Ended::Why::by_itself) ended_.why = why;
    child_->kill(SIGKILL);
  }

  const Commands::Limits& limits_;
  Ended ended_;
  asio::steady_timer bell_;
  std::optional<Child> child_;  // last: its handlers use the others
};

}  // namespace

Commands::Commands(asio::io_context& io, std::vector<AllowedCommand> allowed)
    : Commands(io, std::move(allowed), Limits{}) {}

Commands::Commands(asio::io_context& io, std::vector<AllowedCommand> allowed, const Limits& limits)
    : io_(io), allowed_(std::move(allowed)), limits_(limits) {}

const AllowedCommand* Commands::find(std::string_view name) const {
  for (const AllowedCommand& command : allowed_) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

awaitable<Ended> Commands::run(AllowedCommand command) {
  SIM_CHECK(has_room());
  const Limits limits = limits_;
  const auto count = running_;
  const std::shared_ptr<void> place{nullptr, [count](void*) { --*count; }};
  ++*count;
  const auto start = Clock::now();
  Ended ended;
  try {
    Running running{io_, command, limits};
    ended = co_await running.wait();
  } catch (const std::system_error& refused) {
    ended.why = Ended::Why::never_began;
    ended.trouble = refused.code().message();
  }
  ended.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  co_return ended;
}

std::string_view to_string(Ended::Why why) {
  switch (why) {
    case Ended::Why::by_itself:
      return "by itself";
    case Ended::Why::too_slow:
      return "too slow";
    case Ended::Why::too_much_output:
      return "too much output";
    case Ended::Why::never_began:
      return "never began";
  }
  return "";
}

}  // namespace real
