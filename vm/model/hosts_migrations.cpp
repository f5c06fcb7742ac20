// Hosts: migrations, from the plan until the last VM has arrived.
#include <algorithm>

#include "vm/model/hosts.hpp"

namespace vm::model {

template <class Visit>
void Hosts::for_each_touched(Visit visit) {
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    fetch(touched_, i);
    hosts_[touched_[i]].touched = false;
    visit(touched_[i]);
  }
  touched_.clear();
}

void Hosts::start_migrations(std::span<const VmMove> moves, double now) {
  planned_at_ = now;
  for (const VmMove& move : moves) {
    vms_[move.vm].moving = true;
    host_facts_[move.to].vms.push_back(move.vm);
    activate(move.to);
    const double takes = vms_[move.vm].memory / center_.policy.memory_per_second;
    arrivals_.push_back({now + takes, move});
    touch(move.to);
    touch(vms_[move.vm].home);
  }
  for_each_touched([&](HostIndex h) { measure(h, now); });
  outcome_.migrations += moves.size();
  std::stable_sort(arrivals_.begin(), arrivals_.end(),
                   [](const Arrival& a, const Arrival& b) { return a.at < b.at; });
}

void Hosts::finish_migrations() {
  for (std::size_t i = 0; i < arrivals_.size();) {
    const double now = arrivals_[i].at;
    tick(now);
    for (; i < arrivals_.size() && arrivals_[i].at == now; ++i) arrive(arrivals_[i].move, now);
    // The reference measures all once more: at the same instant that changes nobody else.
    for_each_touched([&](HostIndex h) {
      measure(h, now);
      remove_ended(h);
      if (!keep_active(h)) deactivate(h);
    });
  }
  arrivals_.clear();
}

void Hosts::touch(HostIndex host) {
  if (hosts_[host].touched) return;
  hosts_[host].touched = true;
  touched_.push_back(host);
}

void Hosts::arrive(const VmMove& move, double now) {
  Vm& vm = vms_[move.vm];
  const auto take_from = [&](HostIndex h) {
    touch(h);
    auto& list = host_facts_[h].vms;
    list.erase(std::find(list.begin(), list.end(), move.vm));
  };
  take_from(vm.home);
  take_from(move.to);
  host_facts_[move.to].vms.push_back(move.vm);
  vm.home = move.to;
  if (!vm.moving) return;  // its second move of the plan: it arrived at once
  vm.moving = false;
  ++outcome_.vm_moves;
  outcome_.migration.add(now - planned_at_);
}

}  // namespace vm::model
