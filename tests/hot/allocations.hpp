// How often this program has asked for memory. Counts nothing under sanitizers, which bring their
// own operator new.
#pragma once

#include <cstddef>

namespace tests {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool counts_allocations = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool counts_allocations = false;
#else
inline constexpr bool counts_allocations = true;
#endif
#else
inline constexpr bool counts_allocations = true;
#endif

std::size_t allocations();  // of this thread

}  // namespace tests
