// Process list: the processes that used the most CPU time between two looks, by their short name.
//
// Off unless asked for: it costs some milliseconds on a busy host, and names tell strangers what
// runs. Command lines, which may hold secrets, are never read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

#include "real/metrics.hpp"
#include "real/proc_files.hpp"

namespace real {

class ProcessList {
 public:
  /// most  how many processes are written; 0: none, and nothing is read
  ProcessList(std::filesystem::path proc, std::size_t most) : proc_(std::move(proc)), most_(most) {}

  /// Looks at all processes and appends those that used most since the look before (at the first:
  /// since they began).
  ///
  ///   cost  some 4 us for each process of the host
  void write(MetricsText& into);

 private:
  struct Seen {
    std::uint64_t start_ticks = 0;  // another start: another process with the same number
    std::uint64_t ticks = 0;
    bool now = false;
  };
  struct Row {
    ProcessReading process;
    std::uint64_t used = 0;  // ticks since the look before
  };

  void look();

  std::filesystem::path proc_;
  std::size_t most_;
  std::map<std::uint64_t, Seen> seen_;
  std::vector<Row> rows_;
  TextBuffer buffer_;
};

}  // namespace real
