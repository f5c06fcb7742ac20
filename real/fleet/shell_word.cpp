#include "real/fleet/shell_word.hpp"

#include <algorithm>

#include "sim/check.hpp"

namespace real {

std::string shell_word(std::string_view word) {
  SIM_CHECK(word.find('\0') == std::string_view::npos);
  constexpr std::string_view plain = "@%+=:,./-_";
  const bool is_plain = !word.empty() && std::ranges::all_of(word, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           plain.find(c) != std::string_view::npos;
  });
  if (is_plain) return std::string{word};
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";  // out of the quotes, one of its own, and in again
    } else {
      quoted += c;
    }
  }
  return quoted + '\'';
}

std::string shell_command(std::span<const std::string> words) {
  std::string command;
  for (const std::string& word : words) {
    if (!command.empty()) command += ' ';
    command += shell_word(word);
  }
  return command;
}

std::string one_line(std::string_view said) {
  constexpr std::size_t most = 400;
  while (!said.empty() && (said.back() == '\n' || said.back() == '\r')) said.remove_suffix(1);
  std::string line{said.substr(0, most)};
  std::ranges::replace_if(
      line,
      [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f || (byte >= 0x80 && byte < 0xa0);
      },
      ' ');
  return line;
}

}  // namespace real
