#include "real/counters.hpp"

namespace real {

CpuShares cpu_shares(const StatReading& before, const StatReading& after) {
  std::uint64_t busy = 0, idle = 0, steal = 0;
  auto old = before.cpus.begin();
  for (const StatReading::Cpu& cpu : after.cpus) {
    while (old != before.cpus.end() && old->number < cpu.number) ++old;
    if (old == before.cpus.end()) break;
    if (old->number != cpu.number) continue;
    const CpuTicks &a = old->ticks, &b = cpu.ticks;
    // guest is part of user and guest_nice of nice: counted once.
    busy += grown(a.user, b.user) + grown(a.nice, b.nice) + grown(a.system, b.system) +
            grown(a.irq, b.irq) + grown(a.softirq, b.softirq);
    idle += grown(a.idle, b.idle) + grown(a.iowait, b.iowait);
    steal += grown(a.steal, b.steal);
  }
  const double all =
      static_cast<double>(busy) + static_cast<double>(idle) + static_cast<double>(steal);
  if (all <= 0) return {};
  return {static_cast<double>(busy) / all, static_cast<double>(idle) / all,
          static_cast<double>(steal) / all};
}

}  // namespace real
