// Verbs: what `brink` can do, one file each. A verb gets the arguments after its name and returns
// the exit code:
//
//   0  done, and every expectation met
//   1  it ran, and an expectation failed or the books do not balance
//   2  bad usage or bad input; nothing was done
//   3  something outside failed during the run or interrupted it; what was recorded is kept
//
// A UsageError becomes 2, any other exception 3; both are caught once, in cli/main.cpp.
#pragma once

#include <span>
#include <stdexcept>
#include <string>

namespace cli {

inline constexpr int exit_done = 0;
inline constexpr int exit_unmet = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_outside = 3;

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Arguments = std::span<const std::string>;

int run(Arguments arguments);
int check(Arguments arguments);
int report(Arguments arguments);
int agent(Arguments arguments);
int compare(Arguments arguments);
int real_world(Arguments arguments);  // brink real
int replay(Arguments arguments);
int gateway(Arguments arguments);
int node(Arguments arguments);
int janitor(Arguments arguments);
int remote(Arguments arguments);
int fleet(Arguments arguments);
int fleet_status(Arguments arguments);  // brink fleet status
int fleet_watch(Arguments arguments);   // brink fleet watch
int sweep(Arguments arguments);
int view(Arguments arguments);

}  // namespace cli
