// TenantLog: where the tenants of each client group live, at any instant.
//
// From the layout that a run begins with and the moves told since. After a crash tenants are
// restored without a word about each: they are taken to be where their failover went. Without a
// layout (the scenario's traces are not at hand) nothing is known and nothing is claimed.
#pragma once

#include <cstdint>
#include <vector>

#include "viz/model/run_view.hpp"
#include "vm/observation.hpp"

namespace viz::model {

class TenantLog {
 public:
  /// `owners`, `groups`: by TenantId, as vm::Layout gives them.
  TenantLog(std::vector<MachineId> owners, std::vector<GroupId> groups);

  bool known() const { return !first_.empty(); }
  void append(const vm::NoticeRow& row);

  /// Owners at `at`, by TenantId. Forward costs the moves in between.
  const std::vector<MachineId>& owners(Time at);
  GroupId group(TenantId tenant) const { return groups_[tenant.value]; }

 private:
  struct Move {
    Time at;
    TenantId tenant;  // nobody: all that live on `from`
    MachineId from, to;
  };
  static constexpr TenantId everybody{0xffffffffu};
  void apply(const Move& move);

  std::vector<MachineId> first_, now_;
  std::vector<GroupId> groups_;
  std::vector<Move> moves_;
  std::vector<bool> crashes_;  // by failover
  std::size_t done_ = 0;
};

}  // namespace viz::model
