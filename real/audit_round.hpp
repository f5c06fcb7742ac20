// AuditRound: asking every tenant's owner at the end of a run which writes it holds, a few dozen at
// a time, until all have answered or nobody has for `patience`. Sans-IO.
//
//   waiting ──next()──> asked ──answered──> done
//      ^──nobody serves it, no answer, link broken──┘
//
// A tenant that nobody serves may be on its way to a new owner, so all wait a little then.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "vm/entities.hpp"

namespace real {

class AuditRound {
 public:
  /// Tenants 0 to `tenants` - 1, from now on.
  AuditRound(std::uint32_t tenants, vm::Duration patience, vm::Time now);

  /// Whom to ask now; none: nobody for the time being. A tenant is given out to be asked.
  std::optional<vm::TenantId> next(vm::Time now);

  /// An owner has answered, or (`served` false) somebody said that there is none. Answers to what
  /// was not asked are ignored.
  void answered(vm::Time now, vm::TenantId tenant, bool served);

  /// Whatever was asked will not be answered.
  void link_broken();

  bool over(vm::Time now) const;
  /// When next() or over() may say something new though nothing has happened.
  vm::Time next_due(bool link) const;

 private:
  struct Asked {
    vm::TenantId tenant;
    vm::Time at;
  };

  vm::Duration patience_;
  vm::Time last_progress_;
  vm::Time not_before_{};
  std::deque<vm::TenantId> waiting_;
  std::deque<Asked> asked_;  // the oldest first
};

}  // namespace real
