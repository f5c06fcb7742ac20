// AllowFile: the commands that may be run on a machine for people far away, each by its name.
//
//   uptime  = ["/usr/bin/uptime"]
//   restart = ["/usr/bin/systemctl", "restart", "shop.service"]
//
// What is asked for is one of these names and nothing else: no word of the command comes from
// whoever asks, so there is nothing to quote and nothing to escape. The file is obeyed, so only its
// owner may write it. A fleet file says the same as `commands = { … }` of a host.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "vm/issue.hpp"

namespace real {

struct AllowedCommand {
  std::string name;                // letters, digits, '-', '_'
  std::vector<std::string> words;  // words[0] is an absolute path; no control characters
  bool operator==(const AllowedCommand&) const = default;
};

using LoadedCommands = vm::Loaded<std::vector<AllowedCommand>>;

/// Largest file, and most commands in it.
inline constexpr std::size_t most_allow_bytes = std::size_t{64} << 10;
inline constexpr std::size_t most_allowed = 64;

/// Reads a file. Its mistakes are issues, with their places.
///
///   throws  std::system_error, std::runtime_error when the file cannot be read or others may
///           write it
LoadedCommands read_allow_file(const std::filesystem::path& file);
/// The same from text. Issues name it `name`.
LoadedCommands parse_allow_file(std::string_view text, std::string_view name);

/// Text that parses to these.
std::string write_allow_file(const std::vector<AllowedCommand>& commands);

}  // namespace real
