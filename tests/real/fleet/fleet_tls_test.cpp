// A fleet whose ports are open to a network, with the real program on machines of its own:
// everybody speaks TLS and knows whom he talks to.
#include <fstream>
#include <sstream>
#include <thread>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "cli/fleet_source.hpp"
#include "real/http_client.hpp"
#include "real/secret_file.hpp"
#include "tests/cli/brink_process.hpp"
#include "tests/real/fleet/hosts_fixture.hpp"
#include "tests/real/made_certificate.hpp"

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Catch::Contains;
using fleet_test::Hosts;

namespace {

/// What an http_get() came to: the status, or why there is none.
std::string got(const std::string& url, const fs::path& ca = {}, const std::string& token = "") {
  const auto place = real::http_place(url.substr(0, url.find('/', 8)));
  try {
    const auto answer = real::http_get({.place = *place,
                                        .ca = ca,
                                        .target = url.substr(url.find('/', 8)),
                                        .token = token,
                                        .patience = 20s});
    return std::to_string(answer.status);
  } catch (const std::exception& refused) {
    return refused.what();
  }
}

std::string content(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Until there is an agent that sends.
void wait_until_up(const brink_process::Desk& desk, const std::string& file) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  for (;;) {
    const auto status = desk.brink({"fleet", "status", file});
    if (status.out.find(" up") != std::string::npos) return;
    CAPTURE(status.out, status.err);
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(100ms);
  }
}

}  // namespace

TEST_CASE("brink fleet: with certificates agents, collector and window speak TLS", "[fleet][e2e]") {
  std::string why;
  const auto hosts = Hosts::try_start({.count = 1}, why);
  if (!hosts) {
    WARN("skipped: " << why);
    return;
  }
  const fs::path folder = hosts->folder();
  const auto api = made_certificate::make(folder, "api", "IP:" + hosts->host(0).address);
  const auto watch = made_certificate::make(folder, "watch", "IP:10.77.0.1");
  const std::string collector =
      "[fleet]\ninterval = \"100 ms\"\n[collector]\nlisten = \"10.77.0.1:9120\"\n"
      "certificate = \"watch.pem\"\ncertificate_key = \"watch.key\"\n";
  const auto put = [&](const std::string& safety) {
    std::ofstream(folder / "fleet.toml")
        << collector << hosts->fleet_text("listen = \"0.0.0.0:9110\"\n" + safety);
  };
  const std::string certified = "certificate = \"api.pem\"\ncertificate_key = \"api.key\"\n";
  put(certified);
  const std::string file = (folder / "fleet.toml").string();
  const brink_process::Desk desk, other_desk;

  // A key that others can read is no key, and is not sent anywhere.
  fs::permissions(api.key, fs::perms::owner_all | fs::perms::others_read);
  const auto open = desk.brink({"fleet", "up", "--no-watch", file});
  CHECK(open.code == 3);
  CHECK_THAT(open.err, Contains("api.key: others may use this secret"));
  CHECK_FALSE(fs::exists(hosts->home(0) / ".brink"));
  fs::permissions(api.key, fs::perms::owner_read);

  const auto watching = other_desk.start({"fleet", "up", file});
  wait_until_up(desk, file);
  CHECK(watching->err().empty());

  const std::string agent = "//" + hosts->host(0).address + ":9110/healthz";
  CHECK(got("https:" + agent, api.chain) == "200");
  CHECK_THAT(got("https:" + agent, watch.chain), Contains("its certificate: "));
  CHECK_THAT(got("https:" + agent), Contains("its certificate: "));  // no authority has signed it
  CHECK_THAT(got("http:" + agent), Contains("End of file") || Contains("reset"));

  const std::string fleet = "//10.77.0.1:9120/fleet";
  const std::string token = real::read_secret_line(folder / "fleet.sqlite.token");
  CHECK(got("https:" + fleet, watch.chain) == "401");
  CHECK(got("https:" + fleet, watch.chain, token) == "200");
  CHECK_THAT(got("http:" + fleet, {}, token), Contains("End of file") || Contains("reset"));
  const auto place = *cli::fleet_place("https://10.77.0.1:9120");
  CHECK_NOTHROW(cli::open_fleet({.place = place, .ca = watch.chain, .token = token}));
  CHECK_THROWS_WITH(cli::open_fleet({.place = place, .ca = api.chain, .token = token}),
                    Contains("its certificate: "));

  // What lies there is for its owner, and no argument holds any of it.
  const fs::path there = hosts->home(0) / ".brink";
  CHECK(content(there / "certificate.key") == content(api.key));
  CHECK(content(there / "collector.pem") == content(watch.chain));
  struct stat status {};
  REQUIRE(::stat((there / "certificate.key").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);

  // A newer certificate takes the place of the old one.
  const auto newer = made_certificate::make(folder, "api", "IP:" + hosts->host(0).address);
  CHECK_THAT(desk.brink({"fleet", "up", "--no-watch", file}).out, Contains("host0: replaced"));
  CHECK(got("https:" + agent, newer.chain) == "200");
  CHECK_THAT(desk.brink({"fleet", "up", "--no-watch", file}).out, Contains("host0: runs already"));

  // In so many words it is plain HTTP, and the key is gone from there.
  put("plain_http = true\n");
  CHECK_THAT(desk.brink({"fleet", "up", "--no-watch", file}).out, Contains("host0: replaced"));
  CHECK(got("http:" + agent) == "200");
  CHECK_FALSE(fs::exists(there / "certificate.key"));
  CHECK(fs::exists(there / "collector.pem"));

  watching->send(SIGTERM);
  CHECK(watching->wait().code == 0);
  CHECK(desk.brink({"fleet", "down", file}).out == "host0: stopped, removed\n");

  // Agents would not believe a collector whose certificate is somebody else's.
  fs::copy_file(api.chain, folder / "watch.pem", fs::copy_options::overwrite_existing);
  fs::copy_file(api.key, folder / "watch.key", fs::copy_options::overwrite_existing);
  const auto not_for = desk.brink({"fleet", "up", "--no-watch", file});
  CHECK(not_for.code == 3);
  CHECK_THAT(not_for.err, Contains("watch.pem: not made for the host of https://10.77.0.1:9120"));
}
