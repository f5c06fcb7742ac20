// The meter between a node and the agent.
#include "real/meter.hpp"

#include <thread>

#include <sys/stat.h>

#include "tests/real/fake_proc.hpp"

using namespace real;
using namespace sim::literals;

TEST_CASE("meter: what the node counts the agent reads, at once") {
  const fake_proc::Folder folder;
  Meter meter{folder.path()};
  MeterReader reader{folder.path()};
  meter.hold(5_MiB);
  meter.let_go(1_MiB);
  meter.disk_served(4_KiB);
  meter.network_served(8_KiB);
  meter.transaction_began();
  meter.transaction_began();
  meter.transaction_ended();
  meter.tenants_are(7);
  const auto read = reader.read();
  REQUIRE(read);
  CHECK(read->held == 4u << 20);
  CHECK(read->disk == 4096);
  CHECK(read->network == 8192);
  CHECK(read->transactions == 1);
  CHECK(read->tenants == 7);
  struct stat status {};
  REQUIRE(stat((folder.path() / meter_file).c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("meter: threads count together without losing any") {
  const fake_proc::Folder folder;
  Meter meter{folder.path()};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&meter] {
      for (int n = 0; n < 10'000; ++n) meter.disk_served({3});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto read = MeterReader{folder.path()}.read();
  REQUIRE(read);
  CHECK(read->disk == 4 * 10'000 * 3);
}

TEST_CASE("meter: a file that is none, cut short or replaced is told as such") {
  const fake_proc::Folder folder;
  MeterReader reader{folder.path()};
  CHECK_FALSE(reader.read());  // not there yet
  folder.put(meter_file, "short");
  CHECK_FALSE(reader.read());
  folder.put(meter_file, std::string(4096, 'x'));
  CHECK_FALSE(reader.read());
  {
    Meter first{folder.path()};
    first.tenants_are(1);
    REQUIRE(reader.read());
  }
  // A node that starts anew in the same place, and one that puts a new file there.
  Meter second{folder.path()};
  CHECK(reader.read()->tenants == 0);
  fake_proc::fs::remove(folder.path() / meter_file);
  Meter third{folder.path()};
  third.tenants_are(3);
  const auto read = reader.read();
  REQUIRE(read);
  CHECK(read->tenants == 3);
}

TEST_CASE("meter: a folder that is not there is an error with its name") {
  CHECK_THROWS_WITH(Meter{"/nonexistent/node-1"}, Catch::Contains("/nonexistent/node-1/meter"));
}
