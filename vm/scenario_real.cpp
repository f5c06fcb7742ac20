// [real]: the hosts on which `brink real` starts machines. The simulated world has no use for it.
//
// What the fleet file says is read by who goes there: its layer knows SSH, and this one does not.
// So a scenario stays one where the file is not there (any more), which a recorded run needs.
#include <algorithm>

#include <arpa/inet.h>

#include "vm/scenario_readers.hpp"
#include "vm/spelling.hpp"

namespace vm {
namespace {

constexpr std::size_t most_hosts = 1000;

/// An address that others can be told: one of an interface, not "any of them".
bool is_address(const std::string& text) {
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1) return four.s_addr != INADDR_ANY;
  return ::inet_pton(AF_INET6, text.c_str(), &six) == 1 && !IN6_IS_ADDR_UNSPECIFIED(&six);
}

void read_hosts(const Value& value, std::vector<std::string>& hosts) {
  auto* names = value.as_array("[\"web1\", \"web2\"]", most_hosts);
  if (names == nullptr) return;
  for (toml::node& name : *names) {
    const Value element = value.at(name);
    const auto host = element.as_text();
    if (!host) continue;
    if (host->empty()) element.wrong("expected the name of a host of the fleet file");
    if (std::ranges::find(hosts, *host) != hosts.end()) {
      element.wrong(in_quotes(*host) + " stands here twice");
    }
    hosts.push_back(*host);
  }
}

}  // namespace

void read_real(TableReader& root, Draft& draft) {
  const auto value = root.find("real");
  auto* table = value ? value->as_table("[real]") : nullptr;
  if (table == nullptr) return;
  RealHosts real;
  TableReader reader(*table, "[real]", root.issues());
  if (const auto fleet = reader.need("fleet", "\"fleet.toml\"")) {
    if (const auto file = resolve_file(*fleet, draft.base)) real.fleet = file->string();
  }
  if (const auto hosts = reader.find("hosts")) read_hosts(*hosts, real.hosts);
  if (const auto listen = reader.find("listen")) {
    if (const auto address = listen->as_text()) {
      real.listen = *address;
      if (!is_address(*address)) {
        listen->wrong("expected an address of this machine, such as \"10.0.0.1\", found " +
                      in_quotes(*address));
      }
    }
  }
  draft.scenario.real = std::move(real);
}

}  // namespace vm
