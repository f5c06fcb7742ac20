#include "cli/text_table.hpp"

#include <algorithm>
#include <optional>

#include "sim/check.hpp"

namespace cli {
namespace {

constexpr std::size_t gap = 2;        // between columns
constexpr std::size_t narrowest = 8;  // of a column that was cut

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

std::string cut(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  std::size_t bytes = 0;
  for (std::size_t characters = 0; bytes < text.size(); ++bytes) {
    if (begins_character(text[bytes]) && ++characters == width) break;
  }
  return text.substr(0, bytes) + "…";
}

std::size_t total(const std::vector<std::size_t>& widths, const std::vector<bool>& shown) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (shown[i]) sum += widths[i] + (sum > 0 ? gap : 0);
  }
  return sum;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string printable(std::string_view text) {
  std::string shown{text};
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, '?');
  return shown;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (!lines.empty() && display_width(lines.back()) + 1 + display_width(word) <= width) {
      lines.back().append(" ").append(word);
    } else {
      lines.emplace_back(word);
    }
  }
  return lines;
}

void TextTable::add(std::vector<Cell> row) {
  SIM_CHECK(row.size() == columns_.size());
  for (Cell& cell : row) cell.text = printable(cell.text);
  rows_.push_back(std::move(row));
}

std::vector<std::size_t> TextTable::widths() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = display_width(columns_[i].title);
    for (const auto& row : rows_) widest = std::max(widest, display_width(row[i].text));
    widths.push_back(widest);
  }
  return widths;
}

std::size_t TextTable::width() const {
  return total(widths(), std::vector<bool>(columns_.size(), true));
}

std::vector<bool> TextTable::fit(std::vector<std::size_t>& widths, std::size_t room) const {
  std::vector<bool> shown(columns_.size(), true);
  for (std::size_t i = columns_.size(); i-- > 0 && total(widths, shown) > room;) {
    if (columns_[i].may_go) shown[i] = false;
  }
  while (total(widths, shown) > room) {
    std::optional<std::size_t> widest;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool can_shrink = shown[i] && columns_[i].align == Align::left && widths[i] > narrowest;
      if (can_shrink && (!widest || widths[i] > widths[*widest])) widest = i;
    }
    if (!widest) break;
    --widths[*widest];
  }
  return shown;
}

void TextTable::print(std::ostream& out, std::size_t indent, std::size_t width, bool colour) const {
  auto column_widths = widths();
  const auto shown = fit(column_widths, width > indent ? width - indent : 0);
  const auto print_row = [&](auto cell_of) {
    std::string line(indent, ' ');
    std::size_t owed = 0;  // spaces, written only when something follows
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!shown[i]) continue;
      const Cell cell = cell_of(i);
      const std::string text = cut(cell.text, column_widths[i]);
      const std::size_t space = column_widths[i] - display_width(text);
      const bool left = columns_[i].align == Align::left;
      if (!text.empty()) {
        line.append(owed + (left ? 0 : space), ' ');
        line += paint(text, cell.colour, colour);
        owed = gap + (left ? space : 0);
      } else {
        owed += space + gap;
      }
    }
    out << line << '\n';
  };
  const bool titled = std::any_of(columns_.begin(), columns_.end(),
                                  [](const Column& column) { return !column.title.empty(); });
  if (titled) print_row([&](std::size_t i) { return Cell{columns_[i].title, Colour::dim}; });
  for (const auto& row : rows_) print_row([&](std::size_t i) { return row[i]; });
}

}  // namespace cli
