// Interrupt: Ctrl-C asks a run to end at its next sample, with its files closed and a word on how
// far it came; a second one ends the process at once.
#pragma once

#include <atomic>

namespace cli {

/// Set by the first SIGINT or SIGTERM after this was called, or by whoever else has a reason to
/// stop. Call before starting threads.
std::atomic<bool>& watch_for_interrupt();

}  // namespace cli
