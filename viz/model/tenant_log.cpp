#include "viz/model/tenant_log.hpp"

#include <algorithm>

namespace viz::model {

TenantLog::TenantLog(std::vector<MachineId> owners, std::vector<GroupId> groups)
    : first_(std::move(owners)), now_(first_), groups_(std::move(groups)) {}

void TenantLog::append(const vm::NoticeRow& row) {
  if (const auto* migration = std::get_if<vm::MigrationEnded>(&row.notice)) {
    if (migration->aborted || migration->tenant.value >= first_.size()) return;
    moves_.push_back({row.at, migration->tenant, migration->from, migration->to});
  } else if (const auto* triggered = std::get_if<vm::FailoverTriggered>(&row.notice)) {
    const std::size_t number = triggered->failover.value;
    if (number >= crashes_.size()) crashes_.resize(number + 1);
    crashes_[number] = triggered->cause == vm::Cause::crash;
  } else if (const auto* ended = std::get_if<vm::FailoverEnded>(&row.notice)) {
    const std::size_t number = ended->failover.value;
    if (number < crashes_.size() && crashes_[number] && ended->to != vm::no_machine)
      moves_.push_back({row.at, everybody, ended->from, ended->to});
  }
}

void TenantLog::apply(const Move& move) {
  if (move.tenant == everybody) {
    std::ranges::replace(now_, move.from, move.to);
  } else {
    now_[move.tenant.value] = move.to;
  }
}

const std::vector<MachineId>& TenantLog::owners(Time at) {
  if (done_ > 0 && moves_[done_ - 1].at > at) {
    now_ = first_;
    done_ = 0;
  }
  for (; done_ < moves_.size() && moves_[done_].at <= at; ++done_) apply(moves_[done_]);
  return now_;
}

}  // namespace viz::model
