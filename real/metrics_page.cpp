// What stands on the agent's page, family by family.
#include <algorithm>
#include <array>
#include <charconv>

#include "real/metrics.hpp"

namespace real {
namespace {

/// A number as a label's value.
class Digits {
 public:
  explicit Digits(std::uint64_t number)
      : end_(std::to_chars(text_.begin(), text_.end(), number).ptr) {}
  operator std::string_view() const {
    return {text_.data(), static_cast<std::size_t>(end_ - text_.data())};
  }

 private:
  std::array<char, 24> text_{};
  const char* end_;
};

void write_cpus(const StatReading& stat, MetricsText& out) {
  using Field = std::uint64_t CpuTicks::*;
  struct Mode {
    std::string_view name;
    Field field;
  };
  constexpr std::array modes{Mode{"idle", &CpuTicks::idle},       Mode{"iowait", &CpuTicks::iowait},
                             Mode{"irq", &CpuTicks::irq},         Mode{"nice", &CpuTicks::nice},
                             Mode{"softirq", &CpuTicks::softirq}, Mode{"steal", &CpuTicks::steal},
                             Mode{"system", &CpuTicks::system},   Mode{"user", &CpuTicks::user}};
  constexpr std::array guests{Mode{"nice", &CpuTicks::guest_nice}, Mode{"user", &CpuTicks::guest}};
  const auto write = [&](const auto& fields) {
    for (const StatReading::Cpu& cpu : stat.cpus) {
      const Digits number{cpu.number};
      for (const Mode& mode : fields) {
        out.value(static_cast<double>(cpu.ticks.*mode.field) / ticks_per_second,
                  {{"cpu", number}, {"mode", mode.name}});
      }
    }
  };
  out.family("node_cpu_seconds_total", "counter", "Seconds each CPU spent in each mode.");
  write(modes);
  out.family("node_cpu_guest_seconds_total", "counter",
             "Seconds each CPU ran guests, which user and nice contain.");
  write(guests);
}

void write_stat(const StatReading& stat, MetricsText& out) {
  write_cpus(stat, out);
  const auto one = [&out](std::string_view name, std::string_view type, std::string_view help,
                          std::uint64_t value) {
    out.family(name, type, help);
    out.value(value);
  };
  one("node_intr_total", "counter", "Interrupts serviced since boot.", stat.interrupts);
  one("node_context_switches_total", "counter", "Context switches since boot.",
      stat.context_switches);
  one("node_forks_total", "counter", "Processes and threads begun since boot.", stat.forks);
  one("node_boot_time_seconds", "gauge", "When the host booted, in seconds since 1970.",
      stat.boot_time);
  one("node_procs_running", "gauge", "Threads that run or could.", stat.running);
  one("node_procs_blocked", "gauge", "Threads that wait for disks.", stat.blocked);
}

void write_memory(const MemoryReading& memory, MetricsText& out) {
  for (const MemoryReading::Line& line : memory.lines) {
    // "Active(anon)" becomes node_memory_Active_anon_bytes.
    std::array<char, 64> name{};
    std::size_t size = std::string_view{"node_memory_"}.copy(name.data(), name.size());
    for (const char c : line.name.view()) {
      if (c == ')') continue;
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      name[size++] = plain ? c : '_';
    }
    if (line.is_bytes) size += std::string_view{"_bytes"}.copy(name.data() + size, 6);
    out.family({name.data(), size}, "gauge", "Of /proc/meminfo.");
    out.value(line.value);
  }
}

/// One family with a value for each row.
template <class Row, class Value>
void write_rows(MetricsText& out, std::string_view name, std::string_view type,
                std::string_view help, const std::vector<Row>& rows, Value value) {
  out.family(name, type, help);
  for (const Row& row : rows) {
    if constexpr (std::is_same_v<Row, DiskReading>) {
      if (is_part_or_loop(row.name.view())) continue;
    }
    out.value(value(row), {{"device", row.name.view()}});
  }
}

void write_disks(const std::vector<DiskReading>& disks, MetricsText& out) {
  using Field = std::uint64_t DiskReading::*;
  const auto counter = [&](std::string_view name, std::string_view help, Field field) {
    write_rows(out, name, "counter", help, disks,
               [field](const DiskReading& d) { return d.*field; });
  };
  const auto bytes = [&](std::string_view name, std::string_view help, Field sectors) {
    write_rows(out, name, "counter", help, disks,
               [sectors](const DiskReading& d) { return d.*sectors * sector_bytes; });
  };
  const auto time = [&](std::string_view name, std::string_view help, Field ms) {
    write_rows(out, name, "counter", help, disks,
               [ms](const DiskReading& d) { return static_cast<double>(d.*ms) / 1e3; });
  };
  using D = DiskReading;
  counter("node_disk_reads_completed_total", "Reads completed.", &D::reads);
  counter("node_disk_reads_merged_total", "Reads merged with others.", &D::reads_merged);
  bytes("node_disk_read_bytes_total", "Bytes read.", &D::sectors_read);
  time("node_disk_read_time_seconds_total", "Seconds spent by all reads.", &D::read_ms);
  counter("node_disk_writes_completed_total", "Writes completed.", &D::writes);
  counter("node_disk_writes_merged_total", "Writes merged with others.", &D::writes_merged);
  bytes("node_disk_written_bytes_total", "Bytes written.", &D::sectors_written);
  time("node_disk_write_time_seconds_total", "Seconds spent by all writes.", &D::write_ms);
  write_rows(out, "node_disk_io_now", "gauge", "Requests under way.", disks,
             [](const D& d) { return d.in_flight; });
  time("node_disk_io_time_seconds_total", "Seconds with a request under way.", &D::busy_ms);
  time("node_disk_io_time_weighted_seconds_total", "The same times the requests under way.",
       &D::weighted_ms);
  counter("node_disk_discards_completed_total", "Discards completed.", &D::discards);
  counter("node_disk_discards_merged_total", "Discards merged with others.", &D::discards_merged);
  counter("node_disk_discarded_sectors_total", "Sectors discarded.", &D::sectors_discarded);
  time("node_disk_discard_time_seconds_total", "Seconds spent by all discards.", &D::discard_ms);
  counter("node_disk_flush_requests_total", "Flushes completed.", &D::flushes);
  time("node_disk_flush_requests_time_seconds_total", "Seconds spent by all flushes.",
       &D::flush_ms);
}

void write_interfaces(const std::vector<NetReading>& interfaces, MetricsText& out) {
  using In = NetReading::In;
  using Out = NetReading::Out;
  const auto in = [&](std::string_view name, std::string_view help, std::uint64_t In::*field) {
    write_rows(out, name, "counter", help, interfaces,
               [field](const NetReading& n) { return n.in.*field; });
  };
  const auto away = [&](std::string_view name, std::string_view help, std::uint64_t Out::*field) {
    write_rows(out, name, "counter", help, interfaces,
               [field](const NetReading& n) { return n.out.*field; });
  };
  in("node_network_receive_bytes_total", "Bytes received.", &In::bytes);
  in("node_network_receive_packets_total", "Packets received.", &In::packets);
  in("node_network_receive_errs_total", "Packets received with errors.", &In::errors);
  in("node_network_receive_drop_total", "Packets received and dropped.", &In::dropped);
  in("node_network_receive_fifo_total", "Overruns of the receiving queue.", &In::fifo);
  in("node_network_receive_frame_total", "Packets received with a bad frame.", &In::frame);
  in("node_network_receive_compressed_total", "Compressed packets received.", &In::compressed);
  in("node_network_receive_multicast_total", "Multicast packets received.", &In::multicast);
  away("node_network_transmit_bytes_total", "Bytes sent.", &Out::bytes);
  away("node_network_transmit_packets_total", "Packets sent.", &Out::packets);
  away("node_network_transmit_errs_total", "Packets not sent for errors.", &Out::errors);
  away("node_network_transmit_drop_total", "Packets dropped before they were sent.", &Out::dropped);
  away("node_network_transmit_fifo_total", "Overruns of the sending queue.", &Out::fifo);
  away("node_network_transmit_colls_total", "Collisions.", &Out::collisions);
  away("node_network_transmit_carrier_total", "Losses of the carrier.", &Out::carrier);
  away("node_network_transmit_compressed_total", "Compressed packets sent.", &Out::compressed);
}

void write_load(const HostReading& host, MetricsText& out) {
  const auto one = [&out](std::string_view name, std::string_view type, std::string_view help,
                          double value) {
    out.family(name, type, help);
    out.value(value);
  };
  if (host.load) {
    one("node_load1", "gauge", "Load average over 1 minute.", host.load->one);
    one("node_load5", "gauge", "Load average over 5 minutes.", host.load->five);
    one("node_load15", "gauge", "Load average over 15 minutes.", host.load->fifteen);
  }
  if (host.uptime) {
    one("brink_uptime_seconds", "gauge", "Seconds since the host booted.", host.uptime->up_s);
  }
  const auto waited = [&one](std::string_view name, std::uint64_t us) {
    one(name, "counter", "Seconds in which threads waited for it (pressure stall information).",
        static_cast<double>(us) / 1e6);
  };
  if (host.pressure_cpu) {
    waited("node_pressure_cpu_waiting_seconds_total", host.pressure_cpu->some_us);
  }
  if (host.pressure_memory) {
    waited("node_pressure_memory_waiting_seconds_total", host.pressure_memory->some_us);
    waited("node_pressure_memory_stalled_seconds_total", host.pressure_memory->full_us);
  }
  if (host.pressure_io) {
    waited("node_pressure_io_waiting_seconds_total", host.pressure_io->some_us);
    waited("node_pressure_io_stalled_seconds_total", host.pressure_io->full_us);
  }
}

void write_samples(const Agent& agent, MetricsText& out) {
  if (const auto& sample = agent.host_sample()) {
    out.family("brink_utilisation", "gauge", "Used / capacity over the agent's last interval.");
    for (const vm::Resource r : vm::all_resources) {
      out.value(sample->utilisation[r], {{"resource", to_string(r)}});
    }
    out.family("brink_steal", "gauge", "Share of the CPU time that the hypervisor gave to others.");
    out.value(agent.host_cpu().steal);
  }
  if (agent.watching() == 0) return;
  out.family("brink_node_utilisation", "gauge", "Used / capacity of each watched node.");
  agent.each_node([&out](const Watched& node, const NodeReading&, const vm::Sample* sample) {
    if (sample == nullptr) return;
    for (const vm::Resource r : vm::all_resources) {
      out.value(sample->utilisation[r],
                {{"machine", Digits{node.machine.value}}, {"resource", to_string(r)}});
    }
  });
  const auto figure = [&](std::string_view name, std::string_view type, std::string_view help,
                          auto value) {
    out.family(name, type, help);
    agent.each_node([&](const Watched& node, const NodeReading& read, const vm::Sample*) {
      out.value(value(read), {{"machine", Digits{node.machine.value}}});
    });
  };
  figure("brink_node_resident_bytes", "gauge", "Memory that the node's process has in use.",
         [](const NodeReading& read) { return read.resident; });
  figure("brink_node_threads", "gauge", "Threads of the node's process.",
         [](const NodeReading& read) { return read.process.threads; });
  figure("brink_node_cpu_seconds_total", "counter", "CPU time of the node's whole process.",
         [](const NodeReading& read) {
           return static_cast<double>(read.process.user_ticks + read.process.system_ticks) /
                  ticks_per_second;
         });
}

}  // namespace

void write_metrics(const HostReading& host, const Agent& agent, MetricsText& into) {
  into.clear();
  if (host.stat) write_stat(*host.stat, into);
  if (host.memory) write_memory(*host.memory, into);
  if (host.disks) write_disks(*host.disks, into);
  if (host.interfaces) write_interfaces(*host.interfaces, into);
  write_load(host, into);
  write_samples(agent, into);
}

}  // namespace real
