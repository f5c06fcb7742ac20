#include "real/fleet/agent_stats.hpp"

namespace real {
namespace {

using nlohmann::json;

json sample_of(const Agent& agent) {
  if (!agent.host_sample()) return nullptr;  // there is none before the second reading
  json sample;
  for (const vm::Resource r : vm::all_resources) {
    sample[std::string{to_string(r)}] = agent.host_sample()->utilisation[r];
  }
  sample["steal"] = agent.host_cpu().steal;
  return sample;
}

json cpu_of(const StatReading& stat) {
  const auto seconds = [](std::uint64_t ticks) {
    return static_cast<double>(ticks) / ticks_per_second;
  };
  const CpuTicks& all = stat.all;
  return {{"user", seconds(all.user)},       {"nice", seconds(all.nice)},
          {"system", seconds(all.system)},   {"idle", seconds(all.idle)},
          {"iowait", seconds(all.iowait)},   {"irq", seconds(all.irq)},
          {"softirq", seconds(all.softirq)}, {"steal", seconds(all.steal)}};
}

json disks_of(const std::vector<DiskReading>& disks) {
  json all = json::object();
  for (const DiskReading& disk : disks) {
    if (is_part_or_loop(disk.name.view())) continue;
    all[std::string{disk.name.view()}] = {{"read_bytes", disk.sectors_read * sector_bytes},
                                          {"written_bytes", disk.sectors_written * sector_bytes},
                                          {"busy_s", static_cast<double>(disk.busy_ms) / 1e3}};
  }
  return all;
}

json interfaces_of(const std::vector<NetReading>& interfaces) {
  json all = json::object();
  for (const NetReading& one : interfaces) {
    all[std::string{one.name.view()}] = {{"received_bytes", one.in.bytes},
                                         {"sent_bytes", one.out.bytes},
                                         {"errors", one.in.errors + one.out.errors},
                                         {"dropped", one.in.dropped + one.out.dropped}};
  }
  return all;
}

}  // namespace

json stats_of(const Agent& agent, const AgentFigures& figures) {
  const HostReading& host = agent.host_reading();
  json counters = json::object();
  if (host.stat) {
    counters["cpu_s"] = cpu_of(*host.stat);
    counters["context_switches"] = host.stat->context_switches;
    counters["forks"] = host.stat->forks;
  }
  if (host.memory) {
    counters["memory"] = {{"total_bytes", host.memory->total},
                          {"available_bytes", host.memory->available}};
  }
  if (host.disks) counters["disks"] = disks_of(*host.disks);
  if (host.interfaces) counters["interfaces"] = interfaces_of(*host.interfaces);
  json stats{{"agent", figures.name},
             {"agent_up_s", figures.agent_up_s},
             {"interval_s", figures.interval_s},
             {"sample", sample_of(agent)},
             {"counters", std::move(counters)}};
  if (host.uptime) stats["up_s"] = host.uptime->up_s;
  if (host.stat) stats["cpus"] = host.stat->cpus.size();
  if (host.load) stats["load"] = {host.load->one, host.load->five, host.load->fifteen};
  if (!host.trouble.empty()) stats["trouble"] = host.trouble;
  return stats;
}

json processes_of(ProcessList& list, std::size_t count, ProcessList::By by, std::uint64_t total) {
  json rows = json::array();
  for (const ProcessList::Row& row : list.top(count, by)) {
    const ProcessReading& process = row.process;
    const std::uint64_t resident = process.resident_pages * page_bytes();
    const double cpu_s =
        static_cast<double>(process.user_ticks + process.system_ticks) / ticks_per_second;
    rows.push_back({{"pid", process.pid},
                    {"name", process.name.view()},
                    {"state", std::string(1, process.state)},
                    {"threads", process.threads},
                    {"cores", row.cores},
                    {"cpu_s", cpu_s},
                    {"resident_bytes", resident}});
    if (total > 0) {
      rows.back()["memory"] = static_cast<double>(resident) / static_cast<double>(total);
    }
  }
  return {{"by", by == ProcessList::By::cpu ? "cpu" : "memory"},
          {"of", list.size()},
          {"processes", std::move(rows)}};
}

std::uint64_t memory_of(const Agent& agent) {
  const auto& memory = agent.host_reading().memory;
  return memory ? memory->total : 0;
}

}  // namespace real
