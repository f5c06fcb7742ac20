// What an archive says about the last hours, for a window that is opened now.
#include "real/fleet/fleet_past.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "real/fleet/archive.hpp"
#include "tests/real/folder.hpp"

using namespace real;
using namespace std::chrono_literals;

namespace {

/// The beginning of an hour, in 2023.
const sim::Time start{sim::Duration{1'700'000'000'000'000'000} / 1h * 1h};

Archive::Options hosts(const std::filesystem::path& folder, std::size_t count) {
  Archive::Options options{.file = folder / "fleet.sqlite", .hosts = {}, .mails = false};
  for (std::size_t i = 0; i < count; ++i) {
    options.hosts.push_back({"web" + std::to_string(1000 + i), {}});
  }
  return options;
}

/// A sample every ten seconds of each host; host i uses i % of its CPU, in odd minutes twice that.
void sample(Archive& archive, std::size_t count, int minutes) {
  for (int n = 0; n < 6 * minutes; ++n) {
    archive.begin();
    for (std::size_t i = 0; i < count; ++i) {
      ArchiveChange change;
      change.host = i;
      change.alive = start + 10s * n;
      change.state = {.counter = 1,
                      .session = 7,
                      .next = 1,
                      .uptime_s = 60,
                      .heard = change.alive,
                      .last_sample = change.alive};
      const auto cpu = static_cast<std::uint16_t>(100 * i * (n / 6 % 2 == 0 ? 1 : 2));
      change.samples = {{change.alive, {cpu, 5'000, 0, 1}}};
      archive.store(change);
    }
    archive.commit();
  }
  archive.keep(start + 1min * minutes + 10s);
}

void store(Archive& archive, sim::Time at, vm::IncidentOrders orders) {
  ArchiveChange change;
  change.alive = at;
  change.orders = std::move(orders);
  archive.begin();
  archive.store(change);
  archive.commit();
}

}  // namespace

TEST_CASE("fleet past: minutes, times away and incidents of a span, and of no more") {
  const real_test::Folder folder;
  Archive archive{hosts(folder.path(), 3)};
  sample(archive, 3, 10);
  const auto incident = [](std::uint64_t number, sim::Duration at) {
    vm::IncidentOpened opened;
    opened.number = number;
    opened.host = vm::MachineId{1};
    opened.cause = vm::IncidentCause::cpu;
    opened.start = start + at;
    opened.noticed = start + at + 1s;
    opened.value = 0.99;
    opened.limit = 0.98;
    return opened;
  };
  const auto closed = [](std::uint64_t number, sim::Duration at) {
    vm::IncidentClosed close;
    close.number = number;
    close.end = close.noticed = start + at;
    close.worst = 1;
    return close;
  };
  store(archive, start + 10min,
        {incident(1, 1min), closed(1, 2min), incident(2, 3min), closed(2, 7min), incident(3, 9min),
         vm::HostDown{vm::MachineId{2}, start + 1min}, vm::HostUp{vm::MachineId{2}, start + 2min},
         vm::HostDown{vm::MachineId{2}, start + 4min}, vm::HostUp{vm::MachineId{2}, start + 6min},
         vm::HostDown{vm::MachineId{2}, start + 8min},
         vm::Unwatched{start + 9min, start + 9min + 30s}});

  const FleetPast past = read_fleet_past(folder.path() / "fleet.sqlite", 5min, start + 10min);
  CHECK(past.since == start + 5min);
  REQUIRE(past.hosts.size() == 3);
  CHECK(past.hosts[1].name == "web1001");
  REQUIRE(past.hosts[1].minutes.size() == 5);
  CHECK(past.hosts[1].minutes[0].start == start + 5min);
  CHECK(past.hosts[1].minutes[0].mean[vm::Resource::cpu] == Approx(0.02));
  CHECK(past.hosts[1].minutes[1].mean[vm::Resource::cpu] == Approx(0.01));
  CHECK(past.hosts[1].minutes[1].mean[vm::Resource::memory] == Approx(0.5));
  CHECK(past.hosts[2].minutes[4].mean[vm::Resource::cpu] == Approx(0.04));
  REQUIRE(past.hosts[1].away.size() == 1);
  CHECK(past.hosts[1].away[0].condition == HostCondition::unwatched);
  REQUIRE(past.hosts[2].away.size() == 3);
  CHECK(past.hosts[2].away[0].condition == HostCondition::down);
  CHECK(past.hosts[2].away[0].start == start + 4min);
  CHECK(past.hosts[2].away[0].end == start + 6min);
  CHECK(past.hosts[2].away[1].end == start + 9min);  // what was after it nobody saw
  CHECK(past.hosts[2].away[2].condition == HostCondition::unwatched);
  REQUIRE(past.incidents.size() == 2);  // the newest first; what ended before is not of it
  CHECK(past.incidents[0].number == 3);
  CHECK(past.incidents[1].number == 2);

  const auto json = nlohmann::json::parse(to_json(past));
  CHECK(json["hosts"][2]["minutes"][4][1] == Approx(0.04));
  CHECK(json["hosts"][2]["away"][2]["condition"] == "unwatched");
  CHECK(json["incidents"].size() == 2);
}

TEST_CASE("fleet past: the span is at most a day, and what of it is not too much") {
  const real_test::Folder folder;
  Archive archive{hosts(folder.path(), 1'000)};
  const auto file = folder.path() / "fleet.sqlite";
  CHECK(read_fleet_past(file, 24h, start).since == start - 1h);
  CHECK(read_fleet_past(file, 10min, start).since == start - 10min);
  CHECK(read_fleet_past(file, -1h, start).since == start);
  const real_test::Folder other;
  Archive small{hosts(other.path(), 2)};
  CHECK(read_fleet_past(other.path() / "fleet.sqlite", 300h, start).since == start - 24h);
  CHECK_THROWS_AS(read_fleet_past(folder.path() / "nothing", 1h, start), StoreError);
}
