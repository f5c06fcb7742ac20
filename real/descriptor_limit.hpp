// DescriptorLimit: how many connections a process may hold open at once.
//
// Systems start processes with a low limit, 1,024 on most, for those that still use select(), and
// let them raise it themselves. Who listens does so at its start.
#pragma once

#include <sys/resource.h>

namespace real {

/// As high as this process is allowed to. Where that is refused, it stays as it is: a listener that
/// is out of descriptors waits until others end.
inline void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace real
