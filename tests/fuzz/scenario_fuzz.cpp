// Any bytes are a scenario or a list of what is wrong with them, and nothing else can happen.
//
// Lines "--set KEY=VALUE" before the document are settings. What is accepted must come back from
// its own resolved text unchanged.
//
//   cmake --preset fuzz && cmake --build --preset fuzz
//   scenario_fuzz CORPUS scenarios -max_total_time=600
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "vm/scenario_toml.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view option = "--set ";
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> settings;
  while (text.starts_with(option)) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    settings.emplace_back(text.substr(option.size(), end - option.size()));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  // Paths begin in an empty place, so that a run does not depend on where it is started.
  const auto first = vm::parse_scenario(text, "fuzz.toml", "/nonexistent", settings);
  if (!first) {
    for (const vm::Issue& issue : first.issues()) {
      if (issue.message.empty() || to_string(issue).empty()) std::abort();
    }
    return 0;
  }
  const auto again = vm::parse_scenario(first->text, "resolved.toml", "/nonexistent");
  if (!again || again->text != first->text || again->question != first->question) std::abort();
  return 0;
}
