// What every benchmark needs: a clock that only goes forward, a result that the compiler may not
// throw away, and rows that line up.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

namespace bench {

/// Seconds that `work` takes, by the monotonic clock.
template <class Work>
double seconds_of(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Makes the compiler believe that somebody reads `value`.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

/// One row: what was measured, the figure with its unit, and a remark (a ratio, the peer's figure).
inline void row(const std::string& what, double figure, const char* unit,
                const std::string& remark = "") {
  std::printf("%-44s %12.2f %-12s %s\n", what.c_str(), figure, unit, remark.c_str());
  std::fflush(stdout);
}

}  // namespace bench
