// The directory of one run: `results/NAME-SEED`, numbered (`-2`, `-3`, ...) where it exists.
//
// The names of the files in it are said here and nowhere else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace record {

inline constexpr const char* database_name = "run.sqlite";
inline constexpr const char* scenario_name = "scenario.toml";
inline constexpr const char* summary_name = "summary.json";

/// Makes a directory that nobody else has for a run of scenario `name` under `seed`, and `out`
/// around it where that is missing. Two runs that start at once get two directories. Whatever could
/// lead out of `out` in a name becomes "_".
///
///   returns  the path of the new, empty directory
///   throws   std::filesystem::filesystem_error with the name that was refused
std::filesystem::path create_run_directory(const std::filesystem::path& out, std::string_view name,
                                           std::uint64_t seed);

/// The database of `run`, which is a run's directory or its run.sqlite.
std::filesystem::path database_of(const std::filesystem::path& run);

}  // namespace record
