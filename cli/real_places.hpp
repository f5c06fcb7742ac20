// RealPlaces: where a scenario's machines will be started, and whether that can be at all.
//
// Asked before a run begins: what is impossible is a mistake of its user (exit code 2), and nothing
// has been done then; a host that cannot be reached is something outside that failed (3).
#pragma once

#include <filesystem>
#include <iosfwd>
#include <vector>

#include "real/stage.hpp"
#include "vm/scenario.hpp"

namespace cli {

/// The hosts of the scenario's [real] section, made ready; none: its machines are started here.
///
///   binary  brink itself
///   throws  UsageError where the fleet file has mistakes or no such host, or where a flavor that
///           machines will have is more than any host can give; std::runtime_error where a host
///           cannot be reached. Both with a line for each reason.
std::vector<real::Stage::Place> places_of(const vm::Scenario& scenario,
                                          const std::filesystem::path& binary);

/// "Machines would be on", with a line for each host of its [real] section; nothing without one.
///
///   throws  UsageError where the fleet file has mistakes or no such host
void print_places(std::ostream& out, const vm::Scenario& scenario);

/// The flavors of its machines and of those that a failover asks for, each once.
std::vector<vm::FlavorId> flavors_in_use(const vm::Scenario& scenario);

}  // namespace cli
