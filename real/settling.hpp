// Settling: gives every tenant its first owner, and its second copy, before a run begins.
//
//   machine up ──Own──> node ──Owned──> (Replicate ──> Replicated) ──> settled
//
// By the scenario's layout, which everybody computes alike. Asking again does no harm, so a gateway
// that was ended meanwhile, or a link that broke, simply begins anew.
#pragma once

#include <set>
#include <vector>

#include "real/node_links.hpp"
#include "real/undone.hpp"
#include "vm/placement.hpp"

namespace real {

class Settling {
 public:
  Settling(const vm::Scenario& scenario, const vm::Layout& layout, NodeLinks& nodes);

  void on_up(vm::MachineId machine);
  void on(vm::MachineId from, const Owned& answer);
  /// False when this answers no order of ours.
  bool on(vm::MachineId from, const Replicated& answer);

  bool over() const { return unowned_.empty() && uncopied_.empty(); }
  /// "machine 3 is not there", ...: for people who wait.
  std::string waits_for() const;

 private:
  void own(vm::TenantId tenant);
  void copy(vm::TenantId tenant);

  const vm::Scenario& scenario_;
  const vm::Layout& layout_;
  NodeLinks& nodes_;
  std::set<vm::TenantId> unowned_, uncopied_;
};

}  // namespace real
