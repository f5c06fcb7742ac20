// What every verb that takes scenario files shares: --seed, --set, and how mistakes are told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "vm/scenario.hpp"

namespace cli {

struct ScenarioArguments {
  std::vector<std::string> files;
  std::vector<std::string> settings;
  std::optional<std::uint64_t> seed;

  /// Adds --seed, --set and the positional files to a verb's options, which fill in this object
  /// when they are parsed: it stays where it is until then.
  void add_to(Options& options);

  /// Reads every file. With a mistake in any of them all mistakes are printed to stderr, and there
  /// is nothing. Throws UsageError when no file was named.
  std::optional<std::vector<vm::Scenario>> load();
};

}  // namespace cli
