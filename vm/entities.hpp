// The nouns of the cloud and their numbers. One word for one thing, in code, TOML, CSV and window.
//
// A *machine* has a capacity in four resources. A *tenant* lives on a machine and can be moved; in
// a scenario of clients each client is a tenant, so client and tenant share one number. A *group*
// is one [[clients]] table of a scenario: `count` clients that behave alike. A *fleet* is one
// [[fleet]] table: machines of one flavor, with spares.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/units.hpp"

namespace vm {

using sim::Bytes;
using sim::BytesPerSecond;
using sim::Duration;
using sim::Time;

using MachineId = sim::Id<struct MachineTag>;
using TenantId = sim::Id<struct TenantTag>;  // also the number of the client whose state it is
using FlavorId = sim::Id<struct FlavorTag>;  // index into Scenario::flavors
using FleetId = sim::Id<struct FleetTag>;    // index into Scenario::fleets
using GroupId = sim::Id<struct GroupTag>;    // index into Scenario::clients
using FailoverId = sim::Id<struct FailoverTag>;

/// Numbers every order that wants an answer, so that a late or repeated answer is recognised.
using Attempt = sim::Id<struct AttemptTag>;

/// Which ownership of a tenant this is; grows by one at each switch-over and fences the old owner.
using Epoch = std::uint32_t;

inline constexpr MachineId no_machine{0xffffffffu};

enum class Resource : std::uint8_t { cpu, memory, disk, network };
inline constexpr std::size_t resource_count = 4;
inline constexpr std::array<Resource, resource_count> all_resources{
    Resource::cpu, Resource::memory, Resource::disk, Resource::network};

constexpr std::string_view to_string(Resource resource) {
  constexpr std::array<std::string_view, resource_count> names{"cpu", "memory", "disk", "network"};
  return names[static_cast<std::size_t>(resource)];
}

/// One value for each resource, indexed by Resource.
template <class T>
struct PerResource {
  std::array<T, resource_count> values{};
  constexpr T& operator[](Resource r) { return values[static_cast<std::size_t>(r)]; }
  constexpr const T& operator[](Resource r) const { return values[static_cast<std::size_t>(r)]; }
  bool operator==(const PerResource&) const = default;
};

enum class MachineState : std::uint8_t { booting, up, draining, down };

constexpr std::string_view to_string(MachineState state) {
  constexpr std::array<std::string_view, 4> names{"booting", "up", "draining", "down"};
  return names[static_cast<std::size_t>(state)];
}

/// How a transaction ended, as its client sees it.
enum class Outcome : std::uint8_t { committed, refused, timed_out, failed };
inline constexpr std::size_t outcome_count = 4;

constexpr std::string_view to_string(Outcome outcome) {
  constexpr std::array<std::string_view, outcome_count> names{"committed", "refused", "timed_out",
                                                              "failed"};
  return names[static_cast<std::size_t>(outcome)];
}

/// What a machine can give: cores (a fraction is allowed), bytes, bytes per second.
struct Capacity {
  double cores = 1;
  Bytes memory{};
  BytesPerSecond disk{};
  BytesPerSecond network{};
  bool operator==(const Capacity&) const = default;
};

/// What is seen of a machine over one sample interval that ends at the instant it is told.
struct Sample {
  PerResource<double> utilisation;  // used / capacity, 0 to 1
  std::uint32_t transactions = 0;   // in service at the instant
  std::uint32_t tenants = 0;        // living here at the instant
};

}  // namespace vm
