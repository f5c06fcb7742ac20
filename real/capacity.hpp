// CpuShare: how many cores the burners of a node may use, enforced by the kernel where it lets us.
//
//   cgroup v1   a group of the cpu controller, burners' thread ids in `tasks`
//   cgroup v2   a threaded group, burners' thread ids in `cgroup.threads`
//   rated       no right to either: the burners keep themselves to it (real/processor.hpp)
//
// Only the burners are in the group, so that what manages the node is not starved by the load that
// it watches. The quota's period is 10 ms: with the usual 100 ms a machine of a quarter of a core
// would stand still for 75 ms at a time. A quota is not processor sharing: what was not used in one
// period cannot be used in the next, and `brink compare` has to know which one was in force.
#pragma once

#include <filesystem>
#include <string>

#include "vm/entities.hpp"

namespace real {

class CpuShare {
 public:
  enum class Kind : std::uint8_t { cgroup_v1, cgroup_v2, rated };

  struct Options {
    std::string name;  // of the group; unique on this host
    double cores = 1;
    bool rated_only = false;
    /// Where process and mounts are described; another folder in tests.
    std::filesystem::path proc = "/proc/self";
  };

  /// Makes the group, or falls back to `rated`. Throws nothing: a host that refuses is a kind.
  explicit CpuShare(const Options& options);
  /// Removes the group: the burners must have ended.
  ~CpuShare();
  CpuShare(const CpuShare&) = delete;
  CpuShare& operator=(const CpuShare&) = delete;

  /// Called by a burner about itself, before it burns anything.
  void enter();
  /// Requires cores > 0.
  void change(double cores);

  Kind kind() const { return kind_; }
  double cores() const { return cores_; }
  /// The file with the CPU time of the group, for the agent; empty when rated.
  std::string usage_file() const;
  /// Its folder, which whoever kills the node has to remove; empty when rated.
  const std::filesystem::path& group() const { return group_; }
  /// "cgroup v1, 0.25 cores, period 10 ms", for people and for the run's record.
  std::string describe() const;

 private:
  bool try_v1(const Options& options);
  bool try_v2(const Options& options);
  bool write_quota();

  Kind kind_ = Kind::rated;
  double cores_ = 1;
  std::filesystem::path group_;
};

/// What this host cannot give of a flavor, empty when it can give all: more cores than it has, or
/// more memory.
std::string beyond_this_host(const vm::Capacity& capacity);
/// The same of a host that has `has` and is called `name`.
std::string beyond_host(const vm::Capacity& capacity, const vm::Capacity& has,
                        const std::string& name);

}  // namespace real
