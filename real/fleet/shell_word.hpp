// ShellWord: one word for a shell that will take it apart again.
//
// SSH hands a command over as one text, which the user's shell there reads. So whatever is to
// arrive as one word has to be quoted here, and nothing else may be put into a command.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace real {

/// `word` as a POSIX shell reads it back: as it is where that is plain, else in single quotes.
/// Requires: no character of value zero, which no word can have.
std::string shell_word(std::string_view word);

/// Words with blanks between them, each quoted.
std::string shell_command(std::span<const std::string> words);

/// What a foreign machine has said, fit for a line on a terminal: without control characters and
/// line ends, at most 400 bytes.
std::string one_line(std::string_view said);

}  // namespace real
