// What every verb that takes a fleet file shares: how it is read and how its mistakes are told.
#pragma once

#include <optional>
#include <string>

#include "real/fleet/fleet_file.hpp"

namespace cli {

/// Reads the file. With mistakes in it they are printed to stderr, and there is nothing.
std::optional<real::Fleet> load_fleet(const std::string& file);

/// The host by that name; throws UsageError with the nearest one.
const real::FleetHost& host_of(const real::Fleet& fleet, const std::string& name);

}  // namespace cli
