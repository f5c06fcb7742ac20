// FleetText: a fleet file that is a text, read from memory: the fleet that it is, or its mistakes.
#pragma once

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "real/fleet/fleet_file.hpp"

namespace fleet_text {

inline real::Fleet parsed(std::string_view text) {
  auto fleet = real::parse_fleet(text, "fleet.toml", "/etc/fleets");
  if (!fleet) {
    for (const vm::Issue& issue : fleet.issues()) UNSCOPED_INFO(to_string(issue));
  }
  REQUIRE(fleet);
  return *fleet;
}

inline std::vector<std::string> issues_of(std::string_view text) {
  const auto fleet = real::parse_fleet(text, "f", "/etc/fleets");
  REQUIRE_FALSE(fleet);
  std::vector<std::string> said;
  for (const vm::Issue& issue : fleet.issues()) said.push_back(to_string(issue));
  return said;
}

}  // namespace fleet_text
