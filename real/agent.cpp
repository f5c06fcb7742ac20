#include "real/agent.hpp"

#include <algorithm>

namespace real {
namespace {

double share(double used, double of) {
  return of > 0 ? std::clamp(used / of, 0.0, 1.0) : 0.0;
}

/// The two readings of one device, by name: devices come and go between readings.
template <class Row, class Visit>
void each_pair(const std::vector<Row>& before, const std::vector<Row>& after, Visit visit) {
  std::size_t guess = 0;  // as a rule both lists are the same
  for (const Row& row : after) {
    auto old = before.end();
    if (guess < before.size() && before[guess].name == row.name) {
      old = before.begin() + static_cast<std::ptrdiff_t>(guess);
    } else {
      old = std::find_if(before.begin(), before.end(),
                         [&row](const Row& other) { return other.name == row.name; });
    }
    ++guess;
    if (old != before.end()) visit(*old, row);
  }
}

double disk_use(const HostReading& before, const HostReading& after, const vm::Capacity& capacity) {
  if (!before.disks || !after.disks) return 0;
  const double span = sim::seconds(after.at - before.at);
  double bytes = 0, busiest = 0;
  each_pair(*before.disks, *after.disks, [&](const DiskReading& a, const DiskReading& b) {
    if (is_part_or_loop(b.name.view())) return;
    busiest = std::max(busiest, static_cast<double>(counted(a.busy_ms, b.busy_ms)) / 1e3);
    bytes += static_cast<double>(counted(a.sectors_read, b.sectors_read) +
                                 counted(a.sectors_written, b.sectors_written)) *
             sector_bytes;
  });
  return capacity.disk.value > 0 ? share(bytes, capacity.disk.value * span) : share(busiest, span);
}

double network_use(const HostReading& before, const HostReading& after,
                   const vm::Capacity& capacity) {
  if (!before.interfaces || !after.interfaces) return 0;
  double in = 0, out = 0;
  each_pair(*before.interfaces, *after.interfaces, [&](const NetReading& a, const NetReading& b) {
    if (b.name.view() == "lo") return;
    in += static_cast<double>(counted(a.in.bytes, b.in.bytes));
    out += static_cast<double>(counted(a.out.bytes, b.out.bytes));
  });
  return share(std::max(in, out), capacity.network.value * sim::seconds(after.at - before.at));
}

vm::Sample node_sample(const NodeReading& before, const NodeReading& after,
                       const vm::Capacity& capacity) {
  using vm::Resource;
  vm::Sample sample;
  const double span = sim::seconds(after.at - before.at);
  const double burned = static_cast<double>(grown(before.burned_ns, after.burned_ns)) * 1e-9;
  sample.utilisation[Resource::cpu] = share(burned, capacity.cores * span);
  const MeterReading now = after.meter.value_or(MeterReading{});
  const double held = static_cast<double>(std::max(after.resident, now.held));
  sample.utilisation[Resource::memory] = share(held, static_cast<double>(capacity.memory.count));
  if (!after.meter) return sample;
  const MeterReading then = before.meter.value_or(now);  // no figures for half an interval
  sample.utilisation[Resource::disk] =
      share(static_cast<double>(grown(then.disk, now.disk)), capacity.disk.value * span);
  sample.utilisation[Resource::network] =
      share(static_cast<double>(grown(then.network, now.network)), capacity.network.value * span);
  sample.transactions = static_cast<std::uint32_t>(now.transactions);
  sample.tenants = static_cast<std::uint32_t>(now.tenants);
  return sample;
}

}  // namespace

Agent::Agent(Config config) : config_(std::move(config)), host_files_(config_.proc) {}

void Agent::watch(const Watched& node) {
  nodes_.insert_or_assign(node.machine, Node{NodeFiles{config_.proc, node}, {}, {}});
}

void Agent::forget(vm::MachineId machine) {
  nodes_.erase(machine);
}

const Agent::Samples& Agent::sample() {
  samples_.clear();
  sample_host();
  if (config_.host && host_sample_) samples_.emplace_back(*config_.host, *host_sample_);
  for (auto& [machine, node] : nodes_) {
    sample_node(node);
    if (node.sample) samples_.emplace_back(machine, *node.sample);
  }
  return samples_;
}

void Agent::sample_host() {
  std::swap(before_, now_);
  host_files_.read(config_.now(), now_);
  host_sample_.reset();
  if (std::exchange(read_before_, true) && now_.stat && before_.stat && now_.at > before_.at) {
    using vm::Resource;
    vm::Sample& sample = host_sample_.emplace();
    host_cpu_ = cpu_shares(*before_.stat, *now_.stat);
    sample.utilisation[Resource::cpu] = std::clamp(host_cpu_.used(), 0.0, 1.0);
    if (now_.memory) {
      const double total = static_cast<double>(now_.memory->total);
      sample.utilisation[Resource::memory] =
          share(total - static_cast<double>(now_.memory->available), total);
    }
    sample.utilisation[Resource::disk] = disk_use(before_, now_, config_.capacity);
    sample.utilisation[Resource::network] = network_use(before_, now_, config_.capacity);
    sample.tenants = static_cast<std::uint32_t>(nodes_.size());
  }
}

void Agent::sample_node(Node& node) {
  node.sample.reset();
  const auto read = node.files.read(config_.now(), buffer_);
  if (read && node.last && read->at > node.last->at) {
    node.sample = node_sample(*node.last, *read, node.files.watched().capacity);
  }
  node.last = read;
}

bool is_part_or_loop(std::string_view disk) {
  const auto numbered_from = [&disk](std::size_t at) {
    return at < disk.size() && disk.find_first_not_of("0123456789", at) == std::string_view::npos;
  };
  for (const std::string_view name : {"ram", "loop", "fd"}) {
    if (disk.starts_with(name) && numbered_from(name.size())) return true;
  }
  for (const std::string_view name :
       {"hd", "sd", "vd", "xvd"}) {  // sda1: one letter, then a number
    if (disk.starts_with(name) && numbered_from(name.size() + 1)) {
      const char letter = disk[name.size()];
      return letter >= 'a' && letter <= 'z';
    }
  }
  return disk.starts_with("nvme") && disk.rfind('p') != std::string_view::npos &&
         numbered_from(disk.rfind('p') + 1);
}

}  // namespace real
