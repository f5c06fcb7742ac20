// TomlWriter: a scenario's document back to text, in the order in which it was written.
//
// Sections stand under headers ([sla], [flavor.small], [[fleet]]), everything below them in one
// line or, where a list is long, in one line an element. Comments are not kept; toml++ does not
// hold them. Ours and not toml++'s own formatter, because that one sorts by name and casts the
// logarithm of a number below 1 to an unsigned width, which is undefined.
#pragma once

#include <string>
#include <string_view>

#include "vm/toml_reader.hpp"

namespace vm {

/// Text that parses to the same document. Requires that it was accepted as a scenario: tables,
/// lists, texts, finite numbers, true and false.
std::string write_toml(toml::table& root);

/// A text as TOML writes it: in quotes, with what must be escaped.
std::string toml_text(std::string_view text);

}  // namespace vm
