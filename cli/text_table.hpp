// TextTable: columns that line up, in a given width, with colour that does not count.
//
// A column is as wide as its widest cell. When the table is wider than the page, columns that may
// go are left out, the last one first; then the widest left-aligned one is cut short with "…".
// Widths are counted in UTF-8 characters. What comes from a file is shown without control
// characters: an escape sequence in a name must not reach a terminal.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.hpp"

namespace cli {

/// Characters of a UTF-8 text, each taken to be one column wide.
std::size_t display_width(std::string_view text);

/// `text` with "?" for each control character.
std::string printable(std::string_view text);

/// `text` in lines of at most `width` characters, broken at spaces where there are any.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

class TextTable {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align = Align::right;
    bool may_go = false;
  };
  struct Cell {
    Cell(std::string content, Colour tint = Colour::none)
        : text(std::move(content)), colour(tint) {}
    Cell(const char* content) : text(content) {}
    std::string text;
    Colour colour = Colour::none;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// Requires a cell for each column.
  void add(std::vector<Cell> row);

  /// Columns that it takes when nothing is left out or cut.
  std::size_t width() const;

  /// One line for the titles (unless all are empty) and one a row, each indented by `indent`, none
  /// wider than `width` where columns can be left out or cut.
  void print(std::ostream& out, std::size_t indent, std::size_t width, bool colour) const;

 private:
  std::vector<std::size_t> widths() const;
  std::vector<bool> fit(std::vector<std::size_t>& widths, std::size_t room) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace cli
