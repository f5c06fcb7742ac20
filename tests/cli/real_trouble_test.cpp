// brink real among people who mean it no good and on a host that has no room: what it is given is
// refused, or it goes on; nothing that was acknowledged is lost.
#include <sys/resource.h>

#include "real/link.hpp"
#include "real/secret_file.hpp"
#include "real/spawn.hpp"
#include "real/token.hpp"
#include "tests/cli/real_place.hpp"

namespace {

using namespace real_place;
using real::asio::ip::tcp;

tcp::endpoint endpoint_of(const std::string& address) {
  const auto parts = real::split_address(address);
  REQUIRE(parts);
  return {real::asio::ip::make_address(parts->first),
          static_cast<std::uint16_t>(std::stoul(parts->second))};
}

/// host:port at which a process listens. The kernel's table may be read while it changes.
std::string door_of(int process) {
  for (int i = 0; i < 1'000; ++i) {
    const auto doors = kill_table::doors_of(process);
    if (!doors.empty()) return doors.front();
    std::this_thread::sleep_for(10ms);
  }
  FAIL("it does not listen");
  return {};
}

/// Descriptors that this process may still open, with the limit as high as it goes.
std::size_t room_for_sockets() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::size_t>(limit.rlim_max) - 200;
}

std::vector<tcp::socket> connect_idly(real::asio::io_context& io, const std::string& address,
                                      std::size_t count) {
  std::vector<tcp::socket> idle;
  for (std::size_t i = 0; i < count; ++i) {
    boost::system::error_code refused;
    idle.emplace_back(io).connect(endpoint_of(address), refused);
    if (refused) break;
  }
  return idle;
}

/// Whether somebody with a token is let in.
bool lets_in(real::asio::io_context& io, const std::string& address, const fs::path& key_file) {
  const real::Tokens tokens{real::read_key_file(key_file)};
  bool welcome = false;
  real::spawn(io, "visitor",
              [](real::asio::io_context& context, const real::Tokens& issuer, std::string to,
                 bool& done) -> real::awaitable<void> {
                const real::Hello hello{.role = real::Role::client,
                                        .token = issuer.issue("visitor", "client", real::unix_now(),
                                                              std::chrono::seconds{60})};
                const auto link = co_await real::dial(context, to, hello);
                done = true;
                link->close();
              }(io, tokens, address, welcome));
  try {
    io.run();
  } catch (const std::runtime_error& turned_away) {
    UNSCOPED_INFO(turned_away.what());
  }
  io.restart();
  return welcome;
}

}  // namespace

TEST_CASE("real: a flavor that this host cannot give is refused before anything is done") {
  const Place place;
  const auto [setting, says] = GENERATE(table<std::string, std::string>(
      {{"flavor.small.cores=100000", "100000 cores, this host has"},
       {"flavor.small.memory=\"1000 TiB\"", "MiB of memory, this host has"}}));
  const Said said = place.start({"--set", setting})->wait();
  CAPTURE(said.out, said.err);
  CHECK(said.code == 2);
  CHECK(said.err.find("flavor 'small' cannot be given: ") != std::string::npos);
  CHECK(said.err.find(says) != std::string::npos);
  CHECK(place.desk.list("results").empty());
  place.check_nothing_left();
}

TEST_CASE("gateway: a port that is taken is exit 3, and named", "[e2e]") {
  const Place place;
  real::create_key_file(place.desk / "key");
  real::asio::io_context io;
  const tcp::acceptor taken{io, {real::asio::ip::address_v4::loopback(), 0}};
  const std::string address = "127.0.0.1:" + std::to_string(taken.local_endpoint().port());
  const Said said = place.desk.brink({"gateway", "--scenario", "crowd.toml", "--journal",
                                      "journal.jsonl", "--key-file", "key", "--listen", address});
  CHECK(said.code == 3);
  CHECK(said.err.find(address) != std::string::npos);
  CHECK(said.err.find("in use") != std::string::npos);
}

TEST_CASE("real: ten thousand idle connections at the gateway and at a machine disturb nobody",
          "[e2e]") {
  std::size_t count = 10'000;
  if (room_for_sockets() < count + 1'000) {
    count = room_for_sockets() / 2;
    WARN("only " << count << " connections: more descriptors are not allowed here");
  }
  const Place place;
  // As most systems start processes: with room for a thousand.
  const auto run = place.start_through({"/bin/sh", "-c", "ulimit -Sn 1024 && exec \"$@\"", "sh"},
                                       {"scenario.duration=\"50 s\""});
  const int gateway = *place.until_there("gateway", 1).begin();
  const int node = *place.until_there("node", 3).begin();
  place.until_played();
  const fs::path folder = [&] {
    for (const std::string& name : place.desk.list(".")) {
      if (name.find("brink-") == 0) return place.desk / name;
    }
    return fs::path{};
  }();
  real::asio::io_context io;
  const std::string door = door_of(gateway), back_door = door_of(node);
  const auto at_gateway = connect_idly(io, door, count);
  const auto at_node = connect_idly(io, back_door, count / 10);
  CHECK(at_gateway.size() == count);
  CHECK(at_node.size() == count / 10);
  CHECK(lets_in(io, door, folder / "key"));
  run->send(SIGINT);
  const Said said = run->wait();
  CAPTURE(said.out, said.err);
  CHECK(said.code == 3);
  CHECK(said.err.find("interrupted at") != std::string::npos);
  CHECK(said.err.find("started again") == std::string::npos);
  const auto summary = place.summary();
  CHECK(summary["transactions"]["committed"] > 0);
  CHECK(summary["transactions"]["lost"] == 0);
  place.check_nothing_left();
}

TEST_CASE("real: a disk that fills up refuses writes, loses none, and breaks the SLA", "[e2e]") {
  const Place place;
  const fs::path small = place.desk / "small";
  fs::create_directory(small);
  const auto mounted = [&](const std::string& then) {
    return Words{"/usr/bin/unshare",
                 "--mount",
                 ::geteuid() == 0 ? "--propagation=private" : "--map-root-user",
                 "/bin/sh",
                 "-c",
                 "mount -t tmpfs -o size=6m none \"$TMPDIR\" && " + then,
                 "sh"};
  };
  if (place.start_through(mounted("exit 0"), {}, small)->wait().code != 0) {
    WARN("no disk of our own can be mounted here");
    return;
  }
  // 800 writes of 16 KiB are twice what it holds.
  const Said said =
      place
          .start_through(mounted("exec \"$@\""),
                         {"scenario.duration=\"8 s\"", "clients.people.rate=\"100 /s\"",
                          "transaction.put.write=\"16 KiB\"",
                          "sla.availability={ objective = \"99 %\", short = \"1 s\", "
                          "long = \"2 s\", burn = 2.0 }"},
                         small)
          ->wait();
  CAPTURE(said.out, said.err);
  CHECK(said.code == 0);
  const auto summary = place.summary();
  CHECK(summary["transactions"]["committed"] > 20);
  CHECK(summary["transactions"]["refused"] > 20);
  CHECK(summary["transactions"]["lost"] == 0);
  CHECK(summary["transactions"]["duplicated"] == 0);
  CHECK(said.out.find("availability") != std::string::npos);
  CHECK(summary["sla_failures"] >= 1);
  CHECK(processes(small.string() + "/brink-").empty());
}
