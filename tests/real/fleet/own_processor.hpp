// OwnProcessor: what /proc/stat says on a machine of a test, while it lives: the CPU time of the
// machine's own processes, of a small processor that is all theirs. The kernel counts processors
// once for all machines; lxcfs does the same for containers.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include <sys/types.h>

namespace fleet_test {

class OwnProcessor {
 public:
  /// Of one processor here. Little enough to be kept busy on a busy machine, and not by an agent
  /// that starts.
  static constexpr double share = 1.0 / 3;

  /// What a machine's /proc/stat says after `busy` and `idle` milliseconds; always as long.
  static std::string text(std::uint64_t busy, std::uint64_t idle);

  /// Writes into `file`, which must hold such a text. `keeper`: the machine's processes are those
  /// that come from it.
  OwnProcessor(std::filesystem::path file, pid_t keeper);
  ~OwnProcessor();
  OwnProcessor(const OwnProcessor&) = delete;
  OwnProcessor& operator=(const OwnProcessor&) = delete;

 private:
  void work(const std::filesystem::path& file, pid_t keeper);

  std::mutex mutex_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace fleet_test
