#include "sim/check.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace sim {
namespace {

thread_local std::string check_context;  // one simulation per thread, so one context per thread

}  // namespace

void set_check_context(std::string text) {
  check_context = std::move(text);
}

void fail_check(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %s", file, line, condition);
  if (!check_context.empty()) std::fprintf(stderr, " (in %s)", check_context.c_str());
  std::fputc('\n', stderr);
  std::abort();
}

}  // namespace sim
