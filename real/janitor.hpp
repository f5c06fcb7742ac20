// Janitor: takes away what a run has on this host beside its results: a temporary folder, and the
// control groups that are listed in it.
//
//   stage ── starts ──> janitor (a process of its own, follows its standard input)
//     └── ends, however it ends: the input closes ──> folder and groups go
//
// A stage that ends in good order has removed all itself, and there is nothing left to do. One that
// was killed takes its children with it, and none of them can tidy up: this one outlives it.
#pragma once

#include <chrono>
#include <filesystem>

namespace real {

/// Notes that `group`, a control group's folder, goes when `folder` goes. Throws nothing: at worst
/// an empty group stays.
void note_group(const std::filesystem::path& folder, const std::filesystem::path& group);

/// Removes the groups and then the folder. Processes that are just ending still hold them: it tries
/// again for `patience`.
///
///   returns  whether nothing is left
bool clean_up(const std::filesystem::path& folder, std::chrono::milliseconds patience);

/// Waits for the end of standard input, whatever else happens to us, and then cleans up.
///
///   throws  std::runtime_error with the name of a folder that is none of a run
bool clean_up_after(const std::filesystem::path& folder);

/// How a run's temporary folder is called, before six letters of chance.
inline constexpr const char* folder_prefix = "brink-";

}  // namespace real
