// TomlGuard: what toml++ 3.3 must not be shown.
//
// Its parser meets some texts with undefined behaviour where it should say that they are no TOML:
// it takes a character such as 'e' with an accent, where only ASCII may stand, for impossible; and
// a key of a million parts becomes a million tables in one another, which overrun the stack when
// they are taken down. Fuzzing found the first, reading the second. The guard walks over a text
// once, knows no more of TOML than where its comments, quotes and numbers end, and names the first
// such place. Up to there, or to toml++'s own first error, both see the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vm {

struct Trap {
  int line = 1;
  int column = 1;  // in characters
  std::string what;
};

/// The first place that toml++ must not be shown, if any: a character beyond ASCII outside of
/// quotes and comments, or where a backslash in quotes skips blanks up to it; a key of more than
/// a hundred parts. Cost: O(|text|).
std::optional<Trap> find_trap(std::string_view text);

}  // namespace vm
