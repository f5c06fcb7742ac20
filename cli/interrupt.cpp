#include "cli/interrupt.hpp"

#include <csignal>

#include <unistd.h>

namespace cli {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void on_interrupt(int number) {
  if (interrupted.exchange(true)) _exit(128 + number);
}

}  // namespace

std::atomic<bool>& watch_for_interrupt() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return interrupted;
}

}  // namespace cli
