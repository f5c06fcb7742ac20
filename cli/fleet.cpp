// brink fleet: what is done with the machines of a fleet file, one word each.
#include <array>
#include <iostream>
#include <vector>

#include "cli/verbs.hpp"
#include "vm/spelling.hpp"

namespace cli {

int fleet(Arguments arguments) {
  struct Part {
    std::string_view name;
    int (*play)(Arguments);
  };
  constexpr std::array<Part, 2> parts{{{"status", fleet_status}, {"watch", fleet_watch}}};
  const std::string name = arguments.empty() ? "" : arguments.front();
  for (const Part& part : parts) {
    if (part.name == name) return part.play(arguments.subspan(1));
  }
  std::vector<std::string_view> names;
  for (const Part& part : parts) names.push_back(part.name);
  throw UsageError("brink fleet " + vm::in_quotes(name) + " is none" + vm::suggestion(name, names) +
                   ": status FILE, watch FILE");
}

}  // namespace cli
