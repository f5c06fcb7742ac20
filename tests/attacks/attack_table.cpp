#include <ostream>

#include "tests/attacks/attack.hpp"

namespace attacks {
namespace {

/// A cell of Markdown shows what it is given, and stays one cell.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') {
      out += "\\|";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '\\' || c == '`' || c == '*' || c == '_') {
      (out += '\\') += c;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::vector<Attack> single_attacks() {
  std::vector<Attack> all;
  for (const auto& some : {head_attacks(), body_attacks(), token_attacks(), name_attacks()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

void write_table(std::ostream& out, const std::vector<Attack>& attacks,
                 const std::vector<Column>& columns) {
  std::string group;
  for (const Attack& attack : attacks) {
    if (attack.group != group) {
      out << (group.empty() ? "" : "\n") << "## " << attack.group << "\n\n| attack | must be |";
      for (const Column& column : columns) out << " " << column.title << " |";
      out << "\n|---|---|";
      for (std::size_t i = 0; i < columns.size(); ++i) out << "---|";
      out << "\n";
      group = attack.group;
    }
    out << "| " << cell(attack.name) << " | " << cell(attack.must) << " |";
    for (const Column& column : columns) {
      const auto found = column.outcomes.find(attack.name);
      if (found == column.outcomes.end()) {
        out << " |";
      } else {
        const auto& [text, well] = found->second;
        out << " " << (well ? cell(text) : "**" + cell(text) + "**") << " |";
      }
    }
    out << "\n";
  }
}

}  // namespace attacks
