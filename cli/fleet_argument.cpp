#include "cli/fleet_argument.hpp"

#include <cstdio>
#include <string_view>
#include <vector>

#include "cli/verbs.hpp"
#include "vm/spelling.hpp"

namespace cli {

std::optional<real::Fleet> load_fleet(const std::string& file) {
  auto fleet = real::read_fleet(file);
  if (fleet) return std::move(*fleet);
  for (const vm::Issue& issue : fleet.issues()) {
    std::fprintf(stderr, "%s\n", to_string(issue).c_str());
  }
  return std::nullopt;
}

const real::FleetHost& host_of(const real::Fleet& fleet, const std::string& name) {
  if (const real::FleetHost* host = fleet.find(name)) return *host;
  std::vector<std::string_view> names;
  for (const real::FleetHost& host : fleet.hosts) names.push_back(host.name);
  throw UsageError(fleet.file.string() + " has no host " + vm::in_quotes(name) +
                   vm::suggestion(name, names));
}

}  // namespace cli
