// Agent: turns what /proc says into the samples that the control plane decides by.
//
// It watches the host and any number of node processes, and is asked for samples once an interval
// (1 s as a rule, 100 ms at the least). A sample is the difference of two readings, so a machine
// gets its first one on the second call; a process that has ended gets none. The agent stamps each
// reading with its own clock just before it looks, and only measures intervals with it: when a
// sample counts is said by who receives it.
//
//              host                                      node
//   cpu        not idle, of the CPUs that were on        time of its burners / cores
//   memory     not available / total                     max(resident, held by its meter) / memory
//   disk       busiest disk's busy time, or bytes/s of   bytes its meter served / disk
//              all disks / capacity where one is given
//   network    the busier direction of all interfaces    bytes its meter served / network
//              but lo / capacity; 0 where none is given
//
// All are held to 0..1. Not thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "real/counters.hpp"
#include "real/node_files.hpp"
#include "real/proc_files.hpp"
#include "vm/entities.hpp"

namespace real {

/// CLOCK_MONOTONIC since boot.
inline sim::Time monotonic_now() {
  return sim::Time{std::chrono::steady_clock::now().time_since_epoch()};
}

class Agent {
 public:
  struct Config {
    std::filesystem::path proc = "/proc";
    std::function<sim::Time()> now = monotonic_now;
    std::optional<vm::MachineId>
        host{};               // the number under which the host itself is sampled, if any
    vm::Capacity capacity{};  // of the host: disk and network, 0 where not known
  };
  using Samples = std::vector<std::pair<vm::MachineId, vm::Sample>>;

  explicit Agent(Config config);

  /// Begins to watch a node; one that is watched under this number already is replaced.
  void watch(const Watched& node);
  void forget(vm::MachineId machine);
  void forget_all() { nodes_.clear(); }
  std::size_t watching() const { return nodes_.size(); }

  /// Reads everything and gives one sample for each machine with two readings: the host first, then
  /// the nodes by number. Valid until the next call.
  ///
  ///   cost  about 30 us for the host and 15 us for a node, no allocation in the steady state
  const Samples& sample();

  /// What the host's files said at the last sample().
  const HostReading& host_reading() const { return now_; }
  /// Of the interval before the last sample(); none before the second.
  const std::optional<vm::Sample>& host_sample() const { return host_sample_; }
  const CpuShares& host_cpu() const { return host_cpu_; }
  /// The node's last sample and reading; calls visit(const Watched&, const NodeReading&, const
  /// vm::Sample*) in order of machine.
  template <class Visit>
  void each_node(Visit visit) const {
    for (const auto& [machine, node] : nodes_) {
      if (node.last) visit(node.files.watched(), *node.last, node.sample ? &*node.sample : nullptr);
    }
  }

 private:
  struct Node {
    NodeFiles files;
    std::optional<NodeReading> last;
    std::optional<vm::Sample> sample;
  };

  void sample_host();
  void sample_node(Node& node);

  Config config_;
  HostFiles host_files_;
  HostReading now_, before_;
  bool read_before_ = false;
  std::optional<vm::Sample> host_sample_;
  CpuShares host_cpu_;
  std::map<vm::MachineId, Node> nodes_;
  TextBuffer buffer_;
  Samples samples_;
};

/// A partition, or a disk that is only memory or a file: what its whole disk says counts. The same
/// names as node_exporter leaves out.
bool is_part_or_loop(std::string_view disk);

}  // namespace real
