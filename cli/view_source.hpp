// ViewSource: gives the window its runs. The only place where what is drawn meets what is recorded.
#pragma once

#include <filesystem>
#include <memory>

#include "record/run_rows.hpp"
#include "viz/model/run_store.hpp"
#include "viz/model/session.hpp"
#include "vm/scenario.hpp"

namespace cli {

/// A run's directory or its run.sqlite: finished, killed half-way, or being written by somebody
/// else, which is then followed. Returns as soon as it is known to be a run; rows come behind it.
///
///   throws  UsageError with one line that says what is wrong: missing, foreign, newer, cut short
std::unique_ptr<viz::model::Session> open_recorded(const std::filesystem::path& run);

/// A scenario, simulated while it is looked at, and kept in a run directory of its own under `out`
/// like any other run, changes made to it included. Throws what record::Recorder throws.
std::unique_ptr<viz::model::Session> open_live(vm::Scenario scenario,
                                               const std::filesystem::path& out);

/// What the tables of a run, and its scenario if it can still be read, say of its beginning.
viz::model::RunStart start_of(const record::RunHead& head, const std::filesystem::path& run);

}  // namespace cli
