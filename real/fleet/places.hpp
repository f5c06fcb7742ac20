// Places: hosts of a fleet, made ready for machines of a real run.
//
// Each host is connected to once, several at a time: this very brink is sent where it is not there
// yet, and asked what the host can give. After that `brink remote` is the way to its warden. A host
// whose clock is far from ours is no place: tokens would be void there.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "real/fleet/fleet_file.hpp"
#include "real/stage.hpp"
#include "sim/result.hpp"

namespace real {

struct PlacesWanted {
  const Fleet& fleet;
  std::vector<std::string> hosts{};   // by name, each in the fleet; empty: all
  std::filesystem::path binary;       // brink itself
  std::chrono::seconds patience{20};  // for each answer: a digest of the binary may be one
};

/// In the order of `hosts`: the place, or why it is none. Blocking; throws std::system_error when
/// the binary cannot be read.
std::vector<sim::Result<Stage::Place>> make_ready(const PlacesWanted& wanted);

}  // namespace real
