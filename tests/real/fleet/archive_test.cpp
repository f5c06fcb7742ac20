// The collector's archive: what is stored together, packed, averaged, forgotten and found again.
#include "real/fleet/archive.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/real/folder.hpp"

using namespace real;
using namespace std::chrono_literals;

namespace {

/// The beginning of a minute and of an hour, in 2023.
const sim::Time start{sim::Duration{1'700'000'000'000'000'000} / 1h * 1h};

Archive::Options two_hosts(const std::filesystem::path& folder) {
  return {.file = folder / "fleet.sqlite",
          .hosts = {{"web1", {"ops@example.org", "web@example.org"}}, {"web2", {}}},
          .mails = true};
}

/// A batch of one sample of host 0 that gives no rise to anything.
ArchiveChange one_sample(sim::Time at, std::uint16_t cpu, std::uint64_t counter) {
  ArchiveChange change;
  change.host = 0;
  change.state = {.counter = counter,
                  .session = 7,
                  .next = counter,
                  .uptime_s = 60,
                  .heard = at,
                  .last_sample = at};
  change.samples = {{at, {cpu, 1, 2, 3}}};
  change.alive = at;
  return change;
}

ArchiveChange with(sim::Time at, vm::IncidentOrders orders) {
  ArchiveChange change;
  change.orders = std::move(orders);
  change.alive = at;
  return change;
}

void store(Archive& archive, const ArchiveChange& change) {
  archive.begin();
  archive.store(change);
  archive.commit();
}

std::vector<std::int64_t> ask(const std::filesystem::path& folder, const std::string& sql) {
  const Database db = open_database(folder / "fleet.sqlite", Access::read);
  const Statement statement = prepare(db.get(), sql);
  std::vector<std::int64_t> values;
  while (next_row(statement)) {
    for (int i = 0; i < sqlite3_column_count(statement.get()); ++i) {
      values.push_back(integer(statement, i));
    }
  }
  return values;
}

using Values = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("archive: a batch, its counter and what it gave rise to are stored together or not") {
  const real_test::Folder folder;
  const vm::IncidentOrders orders{vm::IncidentOpened{.number = 1, .start = start}};
  {
    Archive archive{two_hosts(folder.path())};
    CHECK_FALSE(archive.alive());
    CHECK_FALSE(archive.states()[0].heard);
    ArchiveChange change = one_sample(start + 1s, 9800, 5);
    change.orders = orders;
    archive.begin();
    archive.store(change);
    archive.rollback();
  }
  for (const char* table : {"fresh", "incidents", "outbox"}) {
    CHECK(ask(folder.path(), std::string{"SELECT count(*) FROM "} + table) == Values{0});
  }
  {
    Archive archive{two_hosts(folder.path())};
    CHECK_FALSE(archive.alive());
    ArchiveChange change = one_sample(start + 1s, 9800, 5);
    change.orders = orders;
    store(archive, change);
  }
  Archive archive{two_hosts(folder.path())};
  CHECK(archive.alive() == start + 1s);
  CHECK(archive.states()[0].counter == 5);
  CHECK(archive.states()[0].session == 7);
  CHECK(archive.states()[0].last_sample == start + 1s);
  CHECK_FALSE(archive.states()[1].heard);
  CHECK(archive.next_incident() == 2);
  // One mail to both addresses of web1.
  CHECK(ask(folder.path(),
            "SELECT count(*) FROM outbox WHERE recipients = "
            "'ops@example.org,web@example.org' AND kind = 'opened'") == Values{1});
}

TEST_CASE("archive: minutes that are over are packed, summed, and added to when a batch is late") {
  const real_test::Folder folder;
  Archive archive{two_hosts(folder.path())};
  for (int s = 0; s < 60; ++s) {
    store(archive, one_sample(start + 1s * s + 250ms, s < 30 ? 1000 : 3000, 1 + s));
  }
  archive.keep(start + 65s);  // not yet: samples of the minute may still be on their way
  CHECK(ask(folder.path(), "SELECT count(*) FROM raw") == Values{0});
  archive.keep(start + 70s);
  CHECK(ask(folder.path(), "SELECT length(samples) FROM raw") == Values{600});
  CHECK(ask(folder.path(), "SELECT count(*) FROM fresh") == Values{0});
  // 30 * 1000 + 30 * 3000
  const Values sums{60, 120'000, 60, 3000, 3};
  CHECK(ask(folder.path(), "SELECT count, cpu, memory, cpu_max, network_max FROM minutes") == sums);
  CHECK(ask(folder.path(), "SELECT count, cpu, memory, cpu_max, network_max FROM hours") == sums);

  store(archive, one_sample(start + 59s + 900ms, 9000, 100));  // kept at the agent until now
  store(archive, one_sample(start + 61s, 500, 101));
  archive.keep(start + 130s);
  const Values later{61, 129'000, 61, 9000, 3, 1, 500, 1, 500, 3};
  CHECK(ask(folder.path(),
            "SELECT count, cpu, memory, cpu_max, network_max FROM minutes ORDER BY "
            "id") == later);
  CHECK(ask(folder.path(), "SELECT count, cpu, cpu_max FROM hours") == Values{62, 129'500, 9000});
  CHECK(ask(folder.path(), "SELECT length(samples) FROM raw ORDER BY id") == Values{610, 10});
}

TEST_CASE("archive: the samples before a restart are found, packed and unpacked ones in order") {
  const real_test::Folder folder;
  {
    Archive archive{two_hosts(folder.path())};
    for (int s = 0; s < 75; ++s) {
      store(archive, one_sample(start + 1s * s, static_cast<std::uint16_t>(s), 1 + s));
      if (s == 72) archive.keep(start + 72s);
    }
  }
  const Archive archive{two_hosts(folder.path())};
  std::vector<std::uint16_t> found;
  archive.recent(20s, [&](std::size_t host, const std::vector<ArchivedSample>& samples) {
    CHECK(host == 0);
    for (const auto& sample : samples) {
      CHECK(sample.at == start + 1s * sample.shares[0]);
      found.push_back(sample.shares[0]);
    }
  });
  REQUIRE(found.size() == 20);
  CHECK(found.front() == 55);
  CHECK(found.back() == 74);
}

TEST_CASE("archive: each level is forgotten in its own time, and numbers are not used twice") {
  const real_test::Folder folder;
  auto options = two_hosts(folder.path());
  options.raw = 10min;
  options.minutes = 3h;
  options.hours = 48h;
  Archive archive{options};
  store(archive, one_sample(start, 1, 1));
  store(archive, with(start, {vm::IncidentOpened{.number = 8, .start = start, .noticed = start},
                              vm::IncidentClosed{8, start + 1s, start + 6s, 0}}));
  const auto counts = [&](sim::Duration later) {
    archive.keep(start + later);
    return ask(folder.path(),
               "SELECT (SELECT count(*) FROM raw), (SELECT count(*) FROM minutes), (SELECT "
               "count(*) FROM hours), (SELECT count(*) FROM outbox)");
  };
  CHECK(counts(9min) == Values{1, 1, 1, 2});
  CHECK(counts(12min) == Values{0, 1, 1, 2});
  CHECK(counts(4h) == Values{0, 0, 1, 2});
  CHECK(counts(50h) == Values{0, 0, 0, 0});
  CHECK(archive.next_incident() == 9);
}

TEST_CASE("archive: intervals are opened, ended, cut by a pause of the collector, and filled") {
  const real_test::Folder folder;
  Archive archive{two_hosts(folder.path())};
  store(archive, one_sample(start, 1, 1));  // web1 has been heard of, web2 never
  store(archive, with(start + 20s, {vm::HostDown{vm::MachineId{0}, start + 10s}}));
  ArchiveChange back = with(start + 30s, {vm::HostUp{vm::MachineId{0}, start + 30s}});
  back.back_from = "host restarted";
  store(archive, back);
  const auto rows = [&](const std::string& kind) {
    const Database db = open_database(folder.path() / "fleet.sqlite", Access::read);
    const Statement all =
        prepare(db.get(), "SELECT start, coalesce(end, 0), cause FROM intervals WHERE kind = '" +
                              kind + "' ORDER BY start");
    std::string text;
    while (next_row(all)) {
      const auto second = [&](int column) {
        return (integer(all, column) - since_1970(start)) / 1'000'000'000;
      };
      text += std::to_string(second(0)) + ".." +
              (integer(all, 1) == 0 ? "" : std::to_string(second(1))) + " " +
              std::string{bytes(all, 2)} + "; ";
    }
    return text;
  };
  CHECK(rows("down") == "10..30 host restarted; ");
  store(archive, with(start + 60s, {vm::HostDown{vm::MachineId{0}, start + 50s}}));
  CHECK(rows("down") == "10..30 host restarted; 50.. silent; ");
  store(archive, with(start + 200s, {vm::Unwatched{start + 100s, start + 200s}}));
  CHECK(rows("down") == "10..30 host restarted; 50..100 silent; ");
  CHECK(rows("unwatched") == "100..200 collector away; ");
  const auto fill = [&](int from, int to) {
    store(archive,
          with(start + 210s, {vm::Filled{vm::MachineId{0}, start + 1s * from, start + 1s * to}}));
    return rows("unwatched");
  };
  CHECK(fill(120, 130) == "100..120 collector away; 130..200 collector away; ");
  CHECK(fill(150, 200) == "100..120 collector away; 130..150 collector away; ");
  CHECK(fill(100, 110) == "110..120 collector away; 130..150 collector away; ");
  CHECK(archive.unwatched(0, start + 125s).size() == 1);
  CHECK(fill(115, 140) == "110..115 collector away; 140..150 collector away; ");
  CHECK(fill(0, 300).empty());
}

TEST_CASE("archive: an interval that ends for no cause of its own keeps the one it has") {
  const real_test::Folder folder;
  Archive archive{two_hosts(folder.path())};
  store(archive, one_sample(start, 5, 1));
  store(archive, with(start + 9s, {vm::HostDown{vm::MachineId{0}, start}}));
  // As the machine orders it when the collector has stood still: there was no batch to say why.
  store(archive, with(start + 30s, {vm::HostUp{vm::MachineId{0}, start + 30s}}));
  const auto is = [](sim::Time at) { return std::to_string(since_1970(at)); };
  CHECK(ask(folder.path(), "SELECT count(*) FROM intervals WHERE cause = 'silent' AND end = " +
                               is(start + 30s)) == Values{1});
}

TEST_CASE("archive: a retirement ends once, and no other in its place") {
  const real_test::Folder folder;
  Archive archive{two_hosts(folder.path())};
  const Database db = open_database(folder.path() / "fleet.sqlite", Access::write);
  const auto retire = [&](sim::Time at) {
    run(prepare(db.get(),
                "INSERT INTO intervals (host, kind, start, cause) VALUES (1, 'retired', "
                "?, 'taken down')"),
        since_1970(at));
  };
  const auto open = [&] {
    return ask(folder.path(), "SELECT start FROM intervals WHERE end IS NULL");
  };
  retire(start);
  store(archive, with(start + 5s, {vm::Enlisted{vm::MachineId{0}, start, start + 4s}}));
  CHECK(open().empty());
  // Somebody has been quicker: it was ended already, and another one has begun.
  retire(start + 6s);
  store(archive, with(start + 7s, {vm::Enlisted{vm::MachineId{0}, start, start + 7s}}));
  store(archive, with(start + 7s, {vm::Enlisted{vm::MachineId{1}, start + 6s, start + 7s}}));
  CHECK(open() == Values{since_1970(start + 6s)});
  CHECK(ask(folder.path(), "SELECT end FROM intervals WHERE end IS NOT NULL") ==
        Values{since_1970(start + 4s)});
}

TEST_CASE("archive: incidents come back as they were left, and go with their host") {
  const real_test::Folder folder;
  {
    Archive archive{two_hosts(folder.path())};
    store(archive, one_sample(start, 1, 1));
    store(archive, with(start + 9s, {vm::IncidentOpened{.number = 1,
                                                        .cause = vm::IncidentCause::cpu,
                                                        .start = start,
                                                        .noticed = start + 1s,
                                                        .value = 0.98,
                                                        .limit = 0.9,
                                                        .calm = 5s},
                                     vm::IncidentClosed{1, start + 2s, start + 7s, 0.99},
                                     vm::IncidentOpened{.number = 2,
                                                        .cause = vm::IncidentCause::cpu,
                                                        .start = start + 8s,
                                                        .noticed = start + 8s,
                                                        .value = 0.97,
                                                        .calm = 10s},
                                     vm::IncidentCalm{2, start + 9s, 0.985},
                                     vm::IncidentOpened{.number = 3,
                                                        .host = vm::MachineId{1},
                                                        .start = start + 9s,
                                                        .noticed = start + 9s},
                                     vm::IncidentOpened{.number = 4,
                                                        .cause = vm::IncidentCause::disk,
                                                        .start = start,
                                                        .noticed = start + 1s},
                                     vm::IncidentClosed{4, start + 2s, start + 3s, 1}}));
  }
  {
    const Archive archive{two_hosts(folder.path())};
    const auto known = archive.incidents(start + 4s);
    REQUIRE(known.size() == 2);  // the disk's was closed too long ago
    CHECK(known[0].number == 2);
    CHECK(known[0].cause == vm::IncidentCause::cpu);
    CHECK(known[0].calm_since == start + 9s);
    CHECK_FALSE(known[0].closed);
    CHECK(known[0].worst == 0.985);
    CHECK(known[0].calm == 10s);
    CHECK(known[1].host == vm::MachineId{1});
    CHECK(known[1].cause == vm::IncidentCause::silent);
  }
  auto options = two_hosts(folder.path());
  options.hosts.pop_back();
  const Archive archive{options};
  CHECK(archive.incidents(start + 4s).size() == 1);
  CHECK(ask(folder.path(), "SELECT count(*) FROM incidents WHERE closed IS NULL") == Values{1});
}

TEST_CASE("archive: a file of somebody else's is not touched") {
  const real_test::Folder folder;
  {
    const Database db = open_database(folder.path() / "fleet.sqlite", Access::create);
    execute(db.get(), "CREATE TABLE hosts (x); PRAGMA user_version = 9");
  }
  CHECK_THROWS_AS(Archive{two_hosts(folder.path())}, StoreError);
}
