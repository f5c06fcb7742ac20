// Any bytes are a list of commands or a list of what is wrong with them; and what is a list comes
// back from its own text unchanged, with nothing in it that could surprise who runs it.
//
//   cmake --preset fuzz && cmake --build --preset fuzz --target commands_fuzz
//   commands_fuzz -max_total_time=600
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "real/fleet/allow_file.hpp"
#include "vm/toml_reader.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto commands = real::parse_allow_file(text, "fuzz.toml");
  if (!commands) {
    for (const vm::Issue& issue : commands.issues()) require(!to_string(issue).empty());
    return 0;
  }
  require(commands->size() <= real::most_allowed);
  for (const real::AllowedCommand& command : *commands) {
    require(vm::is_name(command.name) && !command.words.empty());
    require(command.words.front().starts_with('/'));
    for (const std::string& word : command.words) {
      require(word.find('\0') == std::string::npos && word.find('\n') == std::string::npos);
    }
  }
  const auto again = real::parse_allow_file(real::write_allow_file(*commands), "again.toml");
  require(again && *again == *commands);
  return 0;
}
