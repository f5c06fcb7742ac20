// Process list: the processes that used the most CPU time between two looks, by their short name.
//
// Off unless asked for: it costs some milliseconds on a busy host, and names tell strangers what
// runs. Command lines, which may hold secrets, are never read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "real/metrics.hpp"
#include "real/proc_files.hpp"

namespace real {

class ProcessList {
 public:
  enum class By : std::uint8_t { cpu, memory };
  struct Row {
    ProcessReading process;
    std::uint64_t used = 0;  // ticks since the look before; at the first since it began
    double cores = 0;        // that, per second of that time
  };

  /// most  how many processes write() writes; 0: none, and then it reads nothing
  explicit ProcessList(std::filesystem::path proc, std::size_t most = 0)
      : proc_(std::move(proc)), most_(most) {}

  /// Looks at all processes and appends those that used most since the look before (at the first:
  /// since they began).
  ///
  ///   cost  some 4 us for each process of the host
  void write(MetricsText& into);

  /// Looks, unless the last look is less than a second old: then so many may ask as like, and the
  /// time over which use is told is never too short to mean something.
  void look_again(sim::Time now);
  /// The first `count` of the last look. Names may be any bytes. Valid until the next look.
  std::span<const Row> top(std::size_t count, By by);
  std::size_t size() const { return rows_.size(); }

 private:
  struct Seen {
    std::uint64_t start_ticks = 0;  // another start: another process with the same number
    std::uint64_t ticks = 0;
    bool now = false;
  };

  /// span_s  since the look before; infinite at the first
  void look(double span_s);

  std::filesystem::path proc_;
  std::size_t most_;
  std::map<std::uint64_t, Seen> seen_;
  std::vector<Row> rows_;
  std::optional<sim::Time> looked_;
  TextBuffer buffer_;
};

}  // namespace real
