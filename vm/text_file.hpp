// TextFile: the text of a file that somebody else wrote, or what is wrong with the file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "vm/issue.hpp"

namespace vm {

/// Reads a whole file. A missing or unreadable file, a directory or one with more than `most` bytes
/// is an issue; a big one is refused unread, and a pipe or device is read no further than that.
///
///   what  the kind of file, for messages: "scenario"
Loaded<std::string> read_text_file(const std::filesystem::path& file, std::size_t most,
                                   const std::string& what);

/// For a path that is not there: "; did you mean 'overload.toml'?", the nearest name beside it with
/// the same ending, or empty where none is near. Looks at 1,000 of them at most.
std::string suggestion_beside(const std::filesystem::path& missing);

/// "is too big for a scenario: at most 16 MiB".
std::string too_big_for(const std::string& what, std::size_t most);

}  // namespace vm
