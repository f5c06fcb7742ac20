#include "real/capacity.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

namespace real {
namespace {

namespace fs = std::filesystem;

/// The kernel takes no quota below a millisecond.
constexpr std::int64_t least_quota_us = 1'000;
constexpr std::int64_t usual_period_us = 10'000;

std::int64_t period_us(double cores) {
  const double wanted = std::ceil(static_cast<double>(least_quota_us) / cores);
  return std::clamp(static_cast<std::int64_t>(wanted), usual_period_us, std::int64_t{1'000'000});
}

std::int64_t quota_us(double cores) {
  const double quota = cores * static_cast<double>(period_us(cores));
  return std::max(least_quota_us, static_cast<std::int64_t>(std::lround(quota)));
}

bool try_write(const fs::path& file, const std::string& text) {
  std::ofstream out{file};
  out << text << std::flush;
  return static_cast<bool>(out);
}

/// Where the hierarchy of a kind is mounted: "cgroup" with the option `cpu`, or "cgroup2".
std::optional<fs::path> mount_of(const fs::path& proc, const std::string& kind, bool with_cpu) {
  std::ifstream mounts{proc / "mounts"};
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words{line};
    std::string device, where, type, options;
    words >> device >> where >> type >> options;
    if (type != kind) continue;
    if (!with_cpu || ("," + options + ",").find(",cpu,") != std::string::npos) return where;
  }
  return {};
}

/// The group that this process is in, relative to the mount: of the line "N:cpu,...:/path", or of
/// "0::/path" for version 2.
fs::path own_group(const fs::path& proc, bool v2) {
  std::ifstream groups{proc / "cgroup"};
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool match = v2 ? controllers == ",," : controllers.find(",cpu,") != std::string::npos;
    if (match) return fs::path{line.substr(second + 1)}.relative_path();
  }
  return {};
}

/// Makes a group below our own one; inside a container, whose paths may be the host's, below the
/// mount itself. An empty one of the same name is of a process that is gone: its number is ours.
std::optional<fs::path> make_group(const fs::path& mount, const fs::path& own,
                                   const std::string& name) {
  for (const fs::path& parent : {mount / own, mount}) {
    std::error_code refused;
    if (!fs::is_directory(parent, refused)) continue;
    const fs::path group = parent / name;
    if (::rmdir(group.c_str()) != 0 && errno != ENOENT) continue;
    if (fs::create_directory(group, refused)) return group;
  }
  return {};
}

}  // namespace

CpuShare::CpuShare(const Options& options) : cores_(options.cores) {
  if (options.rated_only) return;
  if (try_v1(options)) {
    kind_ = Kind::cgroup_v1;
  } else if (try_v2(options)) {
    kind_ = Kind::cgroup_v2;
  }
}

bool CpuShare::try_v1(const Options& options) {
  const auto mount = mount_of(options.proc, "cgroup", true);
  if (!mount) return false;
  const auto group = make_group(*mount, own_group(options.proc, false), options.name);
  if (!group) return false;
  group_ = *group;
  kind_ = Kind::cgroup_v1;
  // Opened for append, nothing written: whether threads may be moved at all.
  const bool movable = static_cast<bool>(std::ofstream{group_ / "tasks", std::ios::app});
  if (movable && write_quota()) return true;
  kind_ = Kind::rated;
  std::error_code ignored;
  fs::remove(group_, ignored);
  group_.clear();
  return false;
}

bool CpuShare::try_v2(const Options& options) {
  const auto mount = mount_of(options.proc, "cgroup2", false);
  if (!mount) return false;
  const auto group = make_group(*mount, own_group(options.proc, true), options.name);
  if (!group) return false;
  group_ = *group;
  kind_ = Kind::cgroup_v2;
  // Threaded, since the process itself stays where it is; the parent must hand the controller down.
  (void)try_write(group_.parent_path() / "cgroup.subtree_control", "+cpu");
  if (try_write(group_ / "cgroup.type", "threaded") && write_quota()) return true;
  kind_ = Kind::rated;
  std::error_code ignored;
  fs::remove(group_, ignored);
  group_.clear();
  return false;
}

bool CpuShare::write_quota() {
  const std::string period = std::to_string(period_us(cores_));
  const std::string quota = std::to_string(quota_us(cores_));
  if (kind_ == Kind::cgroup_v2) return try_write(group_ / "cpu.max", quota + " " + period);
  return try_write(group_ / "cpu.cfs_period_us", period) &&
         try_write(group_ / "cpu.cfs_quota_us", quota);
}

CpuShare::~CpuShare() {
  if (group_.empty()) return;
  // A thread leaves its group a moment after it was joined.
  for (int i = 0; i < 200; ++i) {
    std::error_code refused;
    if (fs::remove(group_, refused) || !fs::exists(group_)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

void CpuShare::enter() {
  if (kind_ == Kind::rated) return;
  const std::string id = std::to_string(::syscall(SYS_gettid));
  (void)try_write(group_ / (kind_ == Kind::cgroup_v1 ? "tasks" : "cgroup.threads"), id);
}

void CpuShare::change(double cores) {
  cores_ = cores;
  if (kind_ != Kind::rated) (void)write_quota();
}

std::string CpuShare::usage_file() const {
  if (kind_ == Kind::cgroup_v2) return group_ / "cpu.stat";
  if (kind_ != Kind::cgroup_v1) return {};
  // cpuacct often lives in the same hierarchy; where it does not, the agent reads the threads.
  const fs::path usage = group_ / "cpuacct.usage";
  std::error_code ignored;
  return fs::exists(usage, ignored) ? usage.string() : std::string{};
}

std::string CpuShare::describe() const {
  std::ostringstream text;
  switch (kind_) {
    case Kind::cgroup_v1:
      text << "cgroup v1, ";
      break;
    case Kind::cgroup_v2:
      text << "cgroup v2, ";
      break;
    case Kind::rated:
      text << "rated, ";
      break;
  }
  text << cores_ << " cores";
  if (kind_ != Kind::rated) {
    text << ", period " << static_cast<double>(period_us(cores_)) / 1e3 << " ms";
  }
  return text.str();
}

std::string beyond_this_host(const vm::Capacity& capacity) {
  vm::Capacity has;
  has.cores = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
  has.memory = {std::int64_t{::sysconf(_SC_PHYS_PAGES)} * std::int64_t{::sysconf(_SC_PAGESIZE)}};
  return beyond_host(capacity, has, "this host");
}

std::string beyond_host(const vm::Capacity& capacity, const vm::Capacity& has,
                        const std::string& name) {
  std::ostringstream text;
  if (capacity.cores > has.cores) {
    text << capacity.cores << " cores, " << name << " has " << has.cores;
  } else if (capacity.memory > has.memory) {
    text << capacity.memory.count / (1 << 20) << " MiB of memory, " << name << " has "
         << has.memory.count / (1 << 20);
  }
  return text.str();
}

}  // namespace real
