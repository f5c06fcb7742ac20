// A day of a data center: CPU time and memory with 800, 10,000 and 100,000 hosts, a VM and a
// quarter for each. A fraction of a second for 800; a minute or so for 100,000.
//
//   consolidation_bench [TRACE FOLDER | generated] [hosts, hosts... default 800]
//                       [METHOD default THR] [SELECTION default MMT] [intervals default 287]
//
//   e.g. consolidation_bench planetlab/20110303 800,10000,100000 LR
//
// The trace is repeated for as many VMs as there are. Each size is played in a process of its own,
// so that the peak memory is its own.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.hpp"
#include "vm/model/hosts.hpp"

namespace {

const vm::PowerCurve g4{{86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117}};
const vm::PowerCurve g5{{93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135}};

struct Plan {
  std::string trace = "generated";
  std::vector<std::uint32_t> hosts{800};
  vm::Detector detector{vm::DetectorKind::threshold, 0.8};
  vm::VmSelection selection = vm::VmSelection::least_migration_time;
  std::uint32_t intervals = 287;
};

template <class Value>
struct Named {
  const char* name;
  Value value;
};
constexpr Named<vm::Detector> detectors[] = {{"THR", {vm::DetectorKind::threshold, 0.8}},
                                             {"IQR", {vm::DetectorKind::quartiles, 1.5}},
                                             {"MAD", {vm::DetectorKind::deviation, 2.5}},
                                             {"LR", {vm::DetectorKind::regression, 1.2}},
                                             {"LRR", {vm::DetectorKind::robust, 1.2}}};
constexpr Named<vm::VmSelection> selections[] = {{"MMT", vm::VmSelection::least_migration_time},
                                                 {"RS", vm::VmSelection::random},
                                                 {"MC", vm::VmSelection::highest_correlation},
                                                 {"MU", vm::VmSelection::least_utilisation}};

template <class Value, std::size_t N>
bool named(const char* name, const Named<Value> (&all)[N], Value& value) {
  for (const auto& one : all) {
    if (std::string(one.name) != name) continue;
    value = one.value;
    return true;
  }
  return false;
}

std::optional<Plan> plan_of(int argc, char** argv) {
  Plan plan;
  if (argc > 1) plan.trace = argv[1];
  if (argc > 2) {
    plan.hosts.clear();
    std::istringstream list(argv[2]);
    for (std::string one; std::getline(list, one, ',');)
      plan.hosts.push_back(static_cast<std::uint32_t>(std::strtoul(one.c_str(), nullptr, 10)));
  }
  if (argc > 3 && !named(argv[3], detectors, plan.detector)) return std::nullopt;
  if (argc > 4 && !named(argv[4], selections, plan.selection)) return std::nullopt;
  if (argc > 5) plan.intervals = static_cast<std::uint32_t>(std::strtoul(argv[5], nullptr, 10));
  for (const std::uint32_t hosts : plan.hosts)
    if (hosts == 0) return std::nullopt;
  return plan;
}

vm::DataCenter center(const Plan& plan, std::uint32_t hosts, std::size_t traces) {
  vm::DataCenter c;
  c.host_kinds = {{"G4", 2, 1860, 4096, 1e6, g4}, {"G5", 2, 2660, 4096, 1e6, g5}};
  c.hosts = hosts;
  c.vm_kinds = {{"high_cpu", 2500, 870},
                {"extra_large", 2000, 1740},
                {"small", 1000, 1740},
                {"micro", 500, 613}};
  // The reference's own day has 800 hosts and a VM for each file.
  c.vms = hosts == 800 ? static_cast<std::uint32_t>(traces) : hosts / 10 * 13;
  c.policy.detector = plan.detector;
  c.policy.selection = plan.selection;
  c.end = c.start + c.policy.interval * (plan.intervals + 0.5);
  return c;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

void play(const Plan& plan, const vm::UsageTraces& traces, std::uint32_t hosts) {
  const vm::DataCenter c = center(plan, hosts, traces.size());
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  vm::ConsolidationOutcome outcome;
  const double wall = bench::seconds_of([&] { outcome = vm::model::Hosts(c, traces).play(); });
  getrusage(RUSAGE_SELF, &after);
  const double cpu = seconds(after.ru_utime) - seconds(before.ru_utime) + seconds(after.ru_stime) -
                     seconds(before.ru_stime);
  std::printf(
      "%7u hosts %7u VMs %8.3f s CPU %8.3f s wall %6.0f ns per VM and interval %7.1f MB  "
      "%.10g kWh %llu migrations\n",
      hosts, c.vms, cpu, wall, cpu * 1e9 / c.vms / plan.intervals,
      static_cast<double>(after.ru_maxrss) / 1024, outcome.energy_kwh,
      static_cast<unsigned long long>(outcome.migrations));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const auto plan = plan_of(argc, argv);
  if (!plan) {
    std::fprintf(stderr,
                 "usage: consolidation_bench [TRACE FOLDER | generated] [HOSTS,HOSTS...] "
                 "[THR|IQR|MAD|LR|LRR] [MMT|RS|MC|MU] [INTERVALS]\n");
    return 2;
  }
  vm::UsageTraces traces;
  if (plan->trace == "generated") {
    traces = vm::generate_usage(1000, 1);
  } else {
    auto read = vm::read_planetlab(plan->trace, vm::FileOrder::byte);
    if (!read) {
      for (const auto& issue : read.issues()) std::puts(to_string(issue).c_str());
      return 2;
    }
    traces = std::move(*read);
  }
  for (const std::uint32_t hosts : plan->hosts) {
    const pid_t child = fork();
    if (child == 0) {
      play(*plan, traces, hosts);
      std::_Exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 3;
  }
}
