#include "real/procfs.hpp"

#include <limits>
#include <string>

#include "real/scanner.hpp"

namespace real {
namespace {

sim::Error refusal(const char* file, const char* what) {
  return {std::string{file} + ": " + what};
}

/// The fields that this kernel has, the rest stay 0. Bad only where a field is there and no number.
template <class... Field>
void optional_numbers(Scanner& row, Field&... fields) {
  const auto one = [&row](std::uint64_t& field) {
    if (!row.spaces().at_end()) field = row.number();
  };
  (one(fields), ...);
}

template <class... Field>
void numbers(Scanner& row, Field&... fields) {
  ((fields = row.number()), ...);
}

CpuTicks cpu_ticks(Scanner& row) {
  CpuTicks t;
  numbers(row, t.user, t.nice, t.system, t.idle);
  optional_numbers(row, t.iowait, t.irq, t.softirq, t.steal, t.guest, t.guest_nice);
  return t;
}

}  // namespace

sim::Result<std::size_t> parse_stat(std::string_view text, StatReading& into) {
  into.cpus.clear();
  bool all = false;
  for (Scanner file{text}; !file.at_end();) {
    Scanner row{file.line()};
    const std::string_view key = row.word();
    if (key == "cpu") {
      into.all = cpu_ticks(row);
      all = true;
    } else if (key.starts_with("cpu")) {
      Scanner number{key.substr(3)};
      const auto which = number.number<std::uint32_t>();
      const CpuTicks ticks = cpu_ticks(row);
      if (!number.good() || !row.good()) return refusal("stat", "a CPU's line makes no sense");
      into.cpus.push_back({which, ticks});
    } else if (key == "intr") {
      into.interrupts = row.number();  // the sum; hundreds of single ones follow
    } else if (key == "ctxt") {
      into.context_switches = row.number();
    } else if (key == "btime") {
      into.boot_time = row.number();
    } else if (key == "processes") {
      into.forks = row.number();
    } else if (key == "procs_running") {
      into.running = row.number();
    } else if (key == "procs_blocked") {
      into.blocked = row.number();
    } else {
      continue;
    }
    if (!row.good()) return refusal("stat", "a counter is no number");
  }
  if (!all) return refusal("stat", "no line says cpu");
  return into.cpus.size();
}

sim::Result<std::size_t> parse_meminfo(std::string_view text, MemoryReading& into) {
  into.lines.clear();
  std::uint64_t free = 0, buffers = 0, cached = 0;
  bool total = false, available = false;
  for (Scanner file{text}; !file.at_end();) {
    const std::string_view line = file.line();
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    Scanner row{line.substr(colon + 1)};
    std::uint64_t value = row.number();
    const bool is_bytes = row.spaces().rest() == "kB";
    if (is_bytes && value > std::numeric_limits<std::uint64_t>::max() / 1024) {
      return refusal("meminfo", "a size is beyond 64 bits");
    }
    if (!row.good()) return refusal("meminfo", "a size is no number");
    if (is_bytes) value *= 1024;
    into.lines.push_back({ShortName<31>{name}, value, is_bytes});
    if (name == "MemTotal") {
      into.total = value;
      total = true;
    } else if (name == "MemAvailable") {
      into.available = value;
      available = true;
    } else if (name == "MemFree") {
      free = value;
    } else if (name == "Buffers") {
      buffers = value;
    } else if (name == "Cached") {
      cached = value;
    }
  }
  if (!total) return refusal("meminfo", "no line says MemTotal");
  if (!available) into.available = free + buffers + cached;
  return into.lines.size();
}

sim::Result<std::size_t> parse_diskstats(std::string_view text, std::vector<DiskReading>& into) {
  into.clear();
  for (Scanner file{text}; !file.at_end();) {
    Scanner row{file.line()};
    if (row.spaces().at_end()) continue;
    DiskReading d;
    std::uint64_t major = 0, minor = 0;
    numbers(row, major, minor);
    d.name = ShortName<31>{row.word()};
    numbers(row, d.reads, d.reads_merged, d.sectors_read, d.read_ms);
    numbers(row, d.writes, d.writes_merged, d.sectors_written, d.write_ms);
    numbers(row, d.in_flight, d.busy_ms, d.weighted_ms);
    optional_numbers(row, d.discards, d.discards_merged, d.sectors_discarded, d.discard_ms);
    optional_numbers(row, d.flushes, d.flush_ms);
    if (!row.good()) return refusal("diskstats", "a disk's line makes no sense");
    into.push_back(d);
  }
  return into.size();
}

sim::Result<std::size_t> parse_net_dev(std::string_view text, std::vector<NetReading>& into) {
  into.clear();
  for (Scanner file{text}; !file.at_end();) {
    const std::string_view line = file.line();
    // An interface may be called "eth0:1" where somebody renamed it so: the last colon ends it.
    const std::size_t colon = line.rfind(':');
    if (colon == std::string_view::npos) continue;  // the two lines of headings
    NetReading n;
    n.name = ShortName<31>{Scanner{line.substr(0, colon)}.spaces().rest()};
    Scanner row{line.substr(colon + 1)};
    numbers(row, n.in.bytes, n.in.packets, n.in.errors, n.in.dropped, n.in.fifo, n.in.frame,
            n.in.compressed, n.in.multicast);
    numbers(row, n.out.bytes, n.out.packets, n.out.errors, n.out.dropped, n.out.fifo,
            n.out.collisions, n.out.carrier, n.out.compressed);
    if (!row.good() || n.name.view().empty()) {
      return refusal("net/dev", "an interface's line makes no sense");
    }
    into.push_back(n);
  }
  return into.size();
}

sim::Result<UptimeReading> parse_uptime(std::string_view text) {
  Scanner row{text};
  UptimeReading read;
  read.up_s = static_cast<double>(row.hundredths()) / 100;
  read.idle_s = static_cast<double>(row.hundredths()) / 100;
  if (!row.good()) return refusal("uptime", "not two numbers of seconds");
  return read;
}

sim::Result<LoadReading> parse_loadavg(std::string_view text) {
  Scanner row{text};
  LoadReading read;
  for (double* load : {&read.one, &read.five, &read.fifteen}) {
    *load = static_cast<double>(row.hundredths()) / 100;
  }
  read.running = row.spaces().digits();
  read.threads = row.expect("/").digits();
  if (!row.good()) return refusal("loadavg", "not three loads and a count");
  return read;
}

sim::Result<PressureReading> parse_pressure(std::string_view text) {
  PressureReading read;
  bool some = false;
  for (Scanner file{text}; !file.at_end();) {
    Scanner row{file.line()};
    const std::string_view key = row.word();
    if (key != "some" && key != "full") continue;
    const std::size_t at = row.rest().find("total=");
    if (at == std::string_view::npos) return refusal("pressure", "no total");
    Scanner total{row.rest().substr(at + 6)};
    (key == "some" ? read.some_us : read.full_us) = total.number();
    if (!total.good()) return refusal("pressure", "a total is no number");
    some = some || key == "some";
  }
  if (!some) return refusal("pressure", "no line says some");
  return read;
}

sim::Result<ProcessReading> parse_process_stat(std::string_view text) {
  // "PID (NAME) STATE ...": the name may hold brackets and line ends, so it ends at the last one.
  const std::size_t open = text.find(" ("), close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) {
    return refusal("PID/stat", "no name in brackets");
  }
  ProcessReading p;
  Scanner pid{text.substr(0, open)};
  p.pid = pid.number();
  p.name = ShortName<15>{text.substr(open + 2, close - open - 2)};
  Scanner row{text.substr(close + 1)};
  const std::string_view state = row.word();
  p.state = state.empty() ? '?' : state.front();
  const auto skip = [&row](int fields) {
    while (fields-- > 0) row.word();  // some are negative, none is wanted
  };
  skip(10);  // ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt
  numbers(row, p.user_ticks, p.system_ticks);
  skip(4);  // cutime cstime priority nice
  p.threads = row.number();
  skip(1);  // itrealvalue
  numbers(row, p.start_ticks, p.virtual_bytes, p.resident_pages);
  if (!pid.good() || !row.good()) return refusal("PID/stat", "a field is missing or no number");
  return p;
}

sim::Result<StatmReading> parse_statm(std::string_view text) {
  Scanner row{text};
  StatmReading read;
  numbers(row, read.size, read.resident, read.shared);
  if (!row.good()) return refusal("PID/statm", "not three numbers of pages");
  return read;
}

sim::Result<ProcessIoReading> parse_process_io(std::string_view text) {
  ProcessIoReading read;
  int found = 0;
  for (Scanner file{text}; !file.at_end();) {
    Scanner row{file.line()};
    const std::string_view key = row.word();
    std::uint64_t* const into = key == "read_bytes:"    ? &read.read_bytes
                                : key == "write_bytes:" ? &read.write_bytes
                                                        : nullptr;
    if (into == nullptr) continue;
    *into = row.number();
    if (!row.good()) return refusal("PID/io", "a counter is no number");
    ++found;
  }
  if (found != 2) return refusal("PID/io", "not one read_bytes and one write_bytes");
  return read;
}

sim::Result<SchedstatReading> parse_schedstat(std::string_view text) {
  Scanner row{text};
  SchedstatReading read;
  numbers(row, read.on_cpu_ns, read.waiting_ns);
  if (!row.good()) return refusal("schedstat", "not two numbers of nanoseconds");
  return read;
}

sim::Result<std::uint64_t> parse_cgroup_cpu(std::string_view text) {
  Scanner file{text};
  if (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    const std::uint64_t ns = file.number();
    if (!file.good()) return refusal("cpuacct.usage", "no number of nanoseconds");
    return ns;
  }
  while (!file.at_end()) {
    Scanner row{file.line()};
    if (row.word() != "usage_usec") continue;
    const std::uint64_t us = row.number();
    if (!row.good() || us > std::numeric_limits<std::uint64_t>::max() / 1000) {
      return refusal("cpu.stat", "usage_usec is no number of microseconds");
    }
    return us * 1000;
  }
  return refusal("cpu.stat", "no line says usage_usec");
}

}  // namespace real
