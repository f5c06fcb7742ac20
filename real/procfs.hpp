// Procfs: what the text files of /proc say, as structs. Sans-IO: text in, numbers out; who opens
// the files is proc_files.hpp, what the numbers mean over time is counters.hpp.
//
// The files are an interface between programs, but not a closed one: newer kernels append fields
// and lines, older ones lack some. So a parser takes the fields it knows, ignores what follows
// them, counts a field that this kernel does not have as 0, and refuses text in which a field that
// every kernel has is missing, is no number or does not fit 64 bits. A refusal names the file.
//
// Readings with rows are filled in place, so that their vectors are reused: after the first reading
// nothing here asks for memory. After a refusal such a reading holds the rows before the bad one.
//
//   source   Linux Documentation/filesystems/proc.rst, admin-guide/iostats.rst, accounting/psi.rst,
//            scheduler/sched-stats.rst
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/result.hpp"

namespace real {

/// A short name held in place: device, interface or process names, without an allocation each.
template <std::size_t Most>
class ShortName {
 public:
  ShortName() = default;
  /// Cut at `Most` bytes.
  explicit ShortName(std::string_view name)
      : size_(static_cast<std::uint8_t>(name.copy(text_.data(), Most))) {}
  std::string_view view() const { return {text_.data(), size_}; }
  bool operator==(const ShortName& other) const { return view() == other.view(); }

 private:
  static_assert(Most < 256);
  std::array<char, Most> text_{};
  std::uint8_t size_ = 0;
};

// ---- The host ----------------------------------------------------------------------------------

/// Time of one CPU, or of all, since boot in ticks (1/100 s for every program that reads /proc).
/// `user` contains `guest`, `nice` contains `guest_nice`.
struct CpuTicks {
  std::uint64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0;
  std::uint64_t irq = 0, softirq = 0, steal = 0, guest = 0, guest_nice = 0;
  bool operator==(const CpuTicks&) const = default;
};
inline constexpr double ticks_per_second = 100;  // USER_HZ, fixed for all Linux user space

/// /proc/stat
struct StatReading {
  struct Cpu {
    std::uint32_t number = 0;
    CpuTicks ticks;
  };
  CpuTicks all;
  std::vector<Cpu> cpus;  // those that are on, by number: a CPU that is off has no line
  std::uint64_t interrupts = 0, context_switches = 0;
  std::uint64_t boot_time = 0;  // seconds since 1970
  std::uint64_t forks = 0, running = 0, blocked = 0;
};

/// /proc/meminfo. Counts of huge pages stand beside sizes, so each line says which it is.
struct MemoryReading {
  struct Line {
    ShortName<31> name;       // "MemTotal", "Active(anon)"
    std::uint64_t value = 0;  // bytes, or a count where `is_bytes` is not set
    bool is_bytes = false;
  };
  std::vector<Line> lines;
  std::uint64_t total = 0;      // bytes
  std::uint64_t available = 0;  // bytes; before Linux 3.14 free + buffers + cached
};

/// One line of /proc/diskstats. Sectors are 512 bytes whatever the disk; times are milliseconds.
struct DiskReading {
  ShortName<31> name;
  std::uint64_t reads = 0, reads_merged = 0, sectors_read = 0, read_ms = 0;
  std::uint64_t writes = 0, writes_merged = 0, sectors_written = 0, write_ms = 0;
  std::uint64_t in_flight = 0, busy_ms = 0, weighted_ms = 0;
  std::uint64_t discards = 0, discards_merged = 0, sectors_discarded = 0, discard_ms = 0;
  std::uint64_t flushes = 0, flush_ms = 0;
};
inline constexpr std::uint64_t sector_bytes = 512;

/// One line of /proc/net/dev.
struct NetReading {
  struct In {
    std::uint64_t bytes = 0, packets = 0, errors = 0, dropped = 0, fifo = 0;
    std::uint64_t frame = 0, compressed = 0, multicast = 0;
  };
  struct Out {
    std::uint64_t bytes = 0, packets = 0, errors = 0, dropped = 0, fifo = 0;
    std::uint64_t collisions = 0, carrier = 0, compressed = 0;
  };
  ShortName<31> name;
  In in;
  Out out;
};

struct UptimeReading {
  double up_s = 0;
  double idle_s = 0;  // summed over the CPUs
};

struct LoadReading {
  double one = 0, five = 0, fifteen = 0;  // minutes
  std::uint64_t running = 0, threads = 0;
};

/// One file of /proc/pressure: for how long somebody, or everybody, waited since boot.
struct PressureReading {
  std::uint64_t some_us = 0, full_us = 0;
};

/// Each returns how many rows it found.
sim::Result<std::size_t> parse_stat(std::string_view text, StatReading& into);
sim::Result<std::size_t> parse_meminfo(std::string_view text, MemoryReading& into);
sim::Result<std::size_t> parse_diskstats(std::string_view text, std::vector<DiskReading>& into);
sim::Result<std::size_t> parse_net_dev(std::string_view text, std::vector<NetReading>& into);
sim::Result<UptimeReading> parse_uptime(std::string_view text);
sim::Result<LoadReading> parse_loadavg(std::string_view text);
sim::Result<PressureReading> parse_pressure(std::string_view text);

// ---- A process
// -----------------------------------------------------------------------------------

/// /proc/PID/stat
struct ProcessReading {
  std::uint64_t pid = 0;
  ShortName<15> name;  // any bytes at all, brackets and line ends too: a process names itself
  char state = '?';    // R S D Z T ...
  std::uint64_t user_ticks = 0, system_ticks = 0;
  std::uint64_t threads = 0;
  std::uint64_t start_ticks = 0;  // since boot; with the pid it names a process for good
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_pages = 0;
};

/// /proc/PID/statm, in pages.
struct StatmReading {
  std::uint64_t size = 0, resident = 0, shared = 0;
};

/// /proc/PID/io: bytes that really went to and came from disks.
struct ProcessIoReading {
  std::uint64_t read_bytes = 0, write_bytes = 0;
};

/// /proc/PID/schedstat and /proc/PID/task/TID/schedstat: nanoseconds.
struct SchedstatReading {
  std::uint64_t on_cpu_ns = 0, waiting_ns = 0;
};

sim::Result<ProcessReading> parse_process_stat(std::string_view text);
sim::Result<StatmReading> parse_statm(std::string_view text);
sim::Result<ProcessIoReading> parse_process_io(std::string_view text);
sim::Result<SchedstatReading> parse_schedstat(std::string_view text);

// ---- A control group
// -----------------------------------------------------------------------------

/// CPU time of a control group in nanoseconds: version 1's cpuacct.usage (one number) or the line
/// "usage_usec" of version 2's cpu.stat.
sim::Result<std::uint64_t> parse_cgroup_cpu(std::string_view text);

}  // namespace real
