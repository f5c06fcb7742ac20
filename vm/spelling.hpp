// Spelling: what somebody probably meant, and how to show what they wrote.
//
// Every message about a wrong name offers the nearest valid one, if any is near enough to be
// meant. What comes from a foreign file is shown short and without control characters: an escape
// sequence in a key must not reach a terminal.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace vm {

/// Fewest insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
///
///   cost    O(|a| |b|); allocates three rows
///   source  Damerau 1964, in the restricted form (no part is edited twice)
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The valid name that `word` is a misspelling of: at most a third of its letters wrong (one in a
/// short word), capitals and '-' for '_' not counted; the first of equals. Empty: none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> valid);

/// "; did you mean 'timeout'?", or else "; valid: 'a', 'b'", or empty without valid names.
std::string suggestion(std::string_view word, std::span<const std::string_view> valid);

/// 'text' between quotes: at most 60 bytes of it, control characters written as \xNN.
std::string in_quotes(std::string_view text);

}  // namespace vm
