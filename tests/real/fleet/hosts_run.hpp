// HostsRun: a run whose machines are on several hosts, and what came of it.
//
// Two machines and a spare, one on each of three hosts when there are three, ten clients that write
// all the time, samples every 200 ms. What is done to it meanwhile is the test's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/real_run.hpp"
#include "real/fault_plan.hpp"
#include "vm/control.hpp"

namespace hosts_run {

struct Told {
  std::uint64_t acknowledged = 0, lost = 0, duplicated = 0;
  std::uint64_t samples = 0;  // of machines
  bool books_balance = false;
  std::vector<vm::FailoverEnded> failovers;
  std::vector<std::string> complaints, lines;  // lines: for people
  std::string failure;
  std::string replayed;  // empty: the journal gives the same orders again

  bool said(const std::string& part) const;
  std::string text() const;  // all of it, for a test that fails
};

struct Wanted {
  std::vector<real::Stage::Place> places;
  /// Text that is put behind the scenario's: [[fault]], [expect] ...
  std::string further{};
  std::uint32_t replicas = 1;
  std::string listen = "127.0.0.1", duration = "5 s";
  std::chrono::milliseconds patience{20'000};
  /// Called every 50 ms while it is played, with seconds since its beginning.
  std::function<void(double, real::Stage&)> meanwhile{};
};

/// From a thread that outlives it: the processes die with it.
Told play(const Wanted& wanted);

/// Hosts that are folders of this one: the words that would go through SSH start a warden here.
std::vector<real::Stage::Place> local_places(const std::filesystem::path& folder,
                                             std::size_t count);

}  // namespace hosts_run
