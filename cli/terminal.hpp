// Terminal: what may be assumed of the place that output goes to.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace cli {

/// Whether `stream` is a terminal that wants colour: NO_COLOR (no-color.org) says no, and so does
/// TERM=dumb.
bool wants_colour(std::FILE* stream);

bool is_terminal(std::FILE* stream);

/// Columns of the terminal behind `stream`, at least 60; 100 where it is none.
int columns(std::FILE* stream);

enum class Colour { none, red, green, yellow, blue, dim, bold };

/// `text` in a colour, or as it is when `on` is false.
std::string paint(std::string_view text, Colour colour, bool on);

}  // namespace cli
