// ScenarioToml: from a scenario file to a Scenario, or to everything that is wrong with it.
//
// Strict: an unknown key, a missing unit, a name that nothing has, a number that makes no sense
// each are an issue with file, line, column, what was expected and the nearest valid name. All of
// them are found in one reading. docs/SCENARIOS.md describes every key.
//
// Settings ("clients.shoppers.rate=900 /s") are laid over the file first, so a mistake in one is
// found by the same rules and reported under its own text. Everything keeps the order of the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "vm/issue.hpp"
#include "vm/scenario.hpp"

namespace vm {

/// Largest scenario file that is read: 16 MiB.
inline constexpr std::size_t most_scenario_bytes = std::size_t{16} << 20;

using LoadedScenario = Loaded<Scenario>;

/// Reads a scenario file. A missing or unreadable file, a directory or a file too big is an issue
/// like any other; a big one is refused unread.
///
///   settings  "KEY=VALUE" each, later ones over earlier ones
///   seed      overrides the file's
LoadedScenario load_scenario(const std::filesystem::path& file,
                             std::span<const std::string> settings = {},
                             std::optional<std::uint64_t> seed = std::nullopt);

/// The same from text. Issues name it `name`; relative paths in it start at `base`.
/// `Scenario::text` of the result parses to the same Scenario, from any directory.
LoadedScenario parse_scenario(std::string_view text, std::string_view name,
                              const std::filesystem::path& base = {},
                              std::span<const std::string> settings = {},
                              std::optional<std::uint64_t> seed = std::nullopt);

}  // namespace vm
