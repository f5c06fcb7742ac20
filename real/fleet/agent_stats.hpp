// AgentStats: what an agent knows of its host, as JSON for people and programs.
//
//   GET /stats         the last sample, the counters behind it, how long host and agent are up
//   GET /processlist   the processes that use most, by their short names
//
// docs/AGENT.md shows both. What could not be read is left out.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "real/agent.hpp"
#include "real/process_list.hpp"

namespace real {

struct AgentFigures {
  std::string name;       // of the agent
  double interval_s = 1;  // between samples
  double agent_up_s = 0;  // since the agent began
};

nlohmann::json stats_of(const Agent& agent, const AgentFigures& figures);

/// The first `count` processes. Their names may be no UTF-8: dump() must be told to replace.
///
///   total  bytes of memory of the host; 0: not known, and no shares are told
nlohmann::json processes_of(ProcessList& list, std::size_t count, ProcessList::By by,
                            std::uint64_t total);

/// Bytes of memory of the host; 0: not known.
std::uint64_t memory_of(const Agent& agent);

}  // namespace real
