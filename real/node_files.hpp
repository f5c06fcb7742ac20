// Node files: what one watched node process has used, from /proc/PID, its control group and its
// meter.
//
// CPU is the time of the threads that carry transactions out, since only these have the flavor's
// cores: by the control group that holds nothing else, or, where there is none, by the node's
// threads whose names begin with "brink-cpu". Threads come and go, so their list is read anew when
// their number changes and now and then (a thread gets its name a moment after its birth); the time
// of one that ended stays counted.
#pragma once

#include <optional>

#include "real/meter.hpp"
#include "real/proc_files.hpp"
#include "vm/entities.hpp"

namespace real {

inline constexpr std::string_view burner_name = "brink-cpu";

/// A node to be watched.
struct Watched {
  vm::MachineId machine;
  int pid = 0;
  std::filesystem::path directory;  // where its meter is
  vm::Capacity capacity;
  std::filesystem::path cgroup{};  // cpuacct.usage or cpu.stat of its burners; empty: its threads
};

struct NodeReading {
  sim::Time at;
  std::uint64_t burned_ns = 0;  // CPU time of transactions since the first reading
  std::uint64_t resident = 0;   // bytes of the whole process
  ProcessReading process;
  std::optional<MeterReading> meter;
};

class NodeFiles {
 public:
  NodeFiles(const std::filesystem::path& proc, Watched watched);

  const Watched& watched() const { return watched_; }

  /// What it has used up to now; none once the process has ended, or is not the one it was.
  ///
  ///   cost  about 10 us and 2 us a thread; asks for memory only where it looks for threads
  std::optional<NodeReading> read(sim::Time now, TextBuffer& buffer);

 private:
  struct Burner {
    int thread = 0;
    ProcFile schedstat;
    std::uint64_t seen_ns = 0;
    bool alive = true;
  };

  bool add_cgroup(TextBuffer& buffer);
  void add_burners(std::uint64_t threads, TextBuffer& buffer);
  void find_burners(TextBuffer& buffer);

  Watched watched_;
  std::filesystem::path process_;
  ProcFile stat_, cgroup_;
  MeterReader meter_;
  std::vector<Burner> burners_;
  std::optional<std::uint64_t> cgroup_ns_;
  std::optional<std::uint64_t> started_;  // start_ticks of the process: another one has others
  std::uint64_t burned_ns_ = 0, threads_ = 0;
  unsigned readings_ = 0;
  bool looked_ = false, settled_ = false;
};

}  // namespace real
