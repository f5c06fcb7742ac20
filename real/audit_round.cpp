#include "real/audit_round.hpp"

#include <algorithm>

namespace real {
namespace {

constexpr std::size_t at_once = 64;
constexpr vm::Duration rest = std::chrono::milliseconds{200};
/// An owner reads all its sequences before it answers; beyond this the question was lost.
constexpr vm::Duration answer_limit = std::chrono::seconds{5};

}  // namespace

AuditRound::AuditRound(std::uint32_t tenants, vm::Duration patience, vm::Time now)
    : patience_(patience), last_progress_(now) {
  for (std::uint32_t i = 0; i < tenants; ++i) waiting_.push_back(vm::TenantId{i});
}

std::optional<vm::TenantId> AuditRound::next(vm::Time now) {
  while (!asked_.empty() && asked_.front().at + answer_limit <= now) {
    waiting_.push_back(asked_.front().tenant);
    asked_.pop_front();
  }
  if (now < not_before_ || waiting_.empty() || asked_.size() >= at_once) return std::nullopt;
  const vm::TenantId tenant = waiting_.front();
  waiting_.pop_front();
  asked_.push_back({tenant, now});
  return tenant;
}

void AuditRound::answered(vm::Time now, vm::TenantId tenant, bool served) {
  const auto asked = std::ranges::find(asked_, tenant, &Asked::tenant);
  if (asked == asked_.end()) return;
  asked_.erase(asked);
  if (served) {
    last_progress_ = now;
  } else {
    waiting_.push_back(tenant);
    not_before_ = now + rest;
  }
}

void AuditRound::link_broken() {
  for (const Asked& asked : asked_) waiting_.push_back(asked.tenant);
  asked_.clear();
}

bool AuditRound::over(vm::Time now) const {
  return (waiting_.empty() && asked_.empty()) || now >= last_progress_ + patience_;
}

vm::Time AuditRound::next_due(bool link) const {
  vm::Time due = last_progress_ + patience_;
  if (!link) return due;
  if (!asked_.empty()) due = std::min(due, asked_.front().at + answer_limit);
  if (!waiting_.empty() && asked_.size() < at_once) due = std::min(due, not_before_);
  return due;
}

}  // namespace real
