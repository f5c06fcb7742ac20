// `brink fleet watch` killed and started again ten times while agents push: every sample is there
// once, time without a collector is filled by what the agents kept, and every incident is told once
// when it begins and once when it ends. An hour's worth of trouble in 15 seconds:
//
//   s      1   2   3   4   5   6   7   8   9  10  11  12  13
//   kills  x   x   x   x   x   x              x   x  x   x
//   web1               over its CPU limit
//   web2    dead ...............................  back
#include <array>
#include <csignal>
#include <set>

#include <nlohmann/json.hpp>

#include "real/fleet/archive.hpp"
#include "real/fleet/push.hpp"
#include "tests/cli/brink_process.hpp"
#include "tests/real/fleet/smtp_server.hpp"

using namespace real;
using brink_process::Desk;
using brink_process::Process;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::array kills{1000ms, 2000ms, 3000ms,  4000ms,  5000ms,
                           6000ms, 9500ms, 10500ms, 11300ms, 12300ms};
constexpr auto interval = 100ms;
constexpr std::size_t agents = 5;

std::uint16_t free_port() {
  asio::io_context io;
  const tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
  return acceptor.local_endpoint().port();
}

std::string fleet_text(std::uint16_t port, const std::string& smtp) {
  std::string text =
      "[fleet]\nname = \"test\"\ninterval = \"100 ms\"\nwindow = \"500 ms\"\n"
      "silence = \"2 s\"\nmail = [\"ops@example.org\"]\n"
      "[defaults]\nuser = \"nobody\"\nkey = \"key\"\n[collector]\nlisten = "
      "\"127.0.0.1:" +
      std::to_string(port) + "\"\ndatabase = \"fleet.sqlite\"\n";
  if (!smtp.empty()) {
    text += "[smtp]\nserver = \"" + smtp + "\"\nfrom = \"brink@example.org\"\nplain = true\n";
  }
  for (std::size_t i = 0; i < agents; ++i) {
    text += "[host.web" + std::to_string(i) + "]\n";
  }
  return text;
}

/// Agents in this process, whose hosts follow the plan above.
class Agents {
 public:
  Agents(asio::io_context& io, const Desk& desk, std::uint16_t port) : io_(io), timer_(io) {
    std::filesystem::create_directory(desk / "fleet.sqlite.keys");
    for (std::size_t i = 0; i < agents; ++i) {
      Push::Options options;
      options.name = "web" + std::to_string(i);
      options.url = "http://127.0.0.1:" + std::to_string(port);
      options.key = create_key_file(desk / "fleet.sqlite.keys" / options.name);
      options.interval = interval;
      options_.push_back(options);
    }
    pushes_.resize(agents);
    sent_.resize(agents);
    tick();
  }
  void stop() { timer_.cancel(); }
  std::size_t buffered() const {
    std::size_t all = 0;
    for (const auto& push : pushes_) all += push ? push->buffered() : 0;
    return all;
  }
  std::int64_t sent(std::size_t agent) const { return sent_[agent]; }
  std::chrono::steady_clock::duration since() const { return Clock::now() - began_; }

 private:
  void tick() {
    for (std::size_t i = 0; i < agents; ++i) {
      const bool dead = i == 2 && since() > 1500ms && since() < 11'000ms;
      if (dead) {
        pushes_[i].reset();
        continue;
      }
      if (!pushes_[i]) pushes_[i] = std::make_unique<Push>(io_, options_[i]);
      const bool over = i == 1 && since() > 2500ms && since() < 7500ms;
      pushes_[i]->add({{over ? 1.0 : 0.25, 0.5, 0, 0}});
      ++sent_[i];
    }
    timer_.expires_after(interval);
    timer_.async_wait([this](boost::system::error_code error) {
      if (!error) tick();
    });
  }

  asio::io_context& io_;
  asio::steady_timer timer_;
  std::vector<Push::Options> options_;
  std::vector<std::unique_ptr<Push>> pushes_;
  std::vector<std::int64_t> sent_;
  Clock::time_point began_ = Clock::now();
};

std::vector<std::vector<std::int64_t>> rows(const Desk& desk, const std::string& sql) {
  const Database db = open_database(desk / "fleet.sqlite", Access::read);
  const Statement statement = prepare(db.get(), sql);
  std::vector<std::vector<std::int64_t>> all;
  while (next_row(statement)) {
    auto& row = all.emplace_back();
    for (int i = 0; i < sqlite3_column_count(statement.get()); ++i) {
      row.push_back(integer(statement, i));
    }
  }
  return all;
}

std::int64_t one(const Desk& desk, const std::string& sql) {
  const auto all = rows(desk, sql);
  return all.empty() ? -1 : all[0][0];
}

}  // namespace

TEST_CASE("fleet watch: killed ten times, it loses no sample, no interval and no alert", "[e2e]") {
  const Desk desk;
  std::optional<smtp_server::Server> smtp;
  if (smtp_server::is_there()) smtp.emplace(desk / "smtp");
  const std::uint16_t port = free_port();
  desk.put("fleet.toml", fleet_text(port, smtp ? smtp->address() : ""));
  desk.put("key", "");

  asio::io_context io;
  Agents all{io, desk, port};
  auto watch = desk.start({"fleet", "watch", "fleet.toml"});
  for (const auto at : kills) {
    io.run_for(at - all.since());
    watch->send(SIGKILL);
    const auto said = watch->wait();
    INFO(said.err);
    REQUIRE(said.code == -SIGKILL);
    watch = desk.start({"fleet", "watch", "fleet.toml"});
  }
  const auto is_settled = [&] {
    return one(desk, "SELECT count(*) FROM incidents WHERE closed IS NULL") == 0 &&
           one(desk, "SELECT count(*) FROM outbox WHERE state = 'waiting'") == 0;
  };
  for (int i = 0; i < 100 && !is_settled(); ++i) io.run_for(200ms);
  CHECK(is_settled());
  io.run_for(1s);  // a sample after the last start says that all was well until then
  all.stop();
  for (int i = 0; i < 1000 && all.buffered() > 0; ++i) io.run_for(10ms);
  CHECK(all.buffered() == 0);
  watch->send(SIGTERM);
  CHECK(watch->wait().code == 0);

  for (const std::size_t agent : {0u, 1u, 3u, 4u}) {
    CAPTURE(agent);
    std::string left;
    for (const auto& row : rows(desk,
                                "SELECT (start - (SELECT min(since) FROM hosts)) / 1000000, "
                                "(end - (SELECT min(since) FROM hosts)) / 1000000, host FROM "
                                "intervals ORDER BY host, start")) {
      left += "host " + std::to_string(row[2]) + " from " + std::to_string(row[0]) + " to " +
              std::to_string(row[1]) + " ms\n";
    }
    INFO(left);
    const std::string host =
        "host = (SELECT id FROM hosts WHERE name = 'web" + std::to_string(agent) + "')";
    const auto packed = one(desk,
                            "SELECT (SELECT coalesce(sum(length(samples)), 0) FROM fresh "
                            "WHERE " +
                                host +
                                ") + (SELECT coalesce(sum(length(samples)), 0) "
                                "FROM raw WHERE id & 0xfffff = (SELECT id FROM hosts WHERE name = "
                                "'web" +
                                std::to_string(agent) + "'))");
    CHECK(packed == all.sent(agent) * static_cast<std::int64_t>(packed_sample));
    CHECK(one(desk, "SELECT coalesce(sum(samples), 0) FROM gaps WHERE " + host) == 0);
    CHECK(one(desk, "SELECT count(*) FROM intervals WHERE kind = 'down' AND " + host) == 0);
    // Whatever the collector missed, the agent's samples have filled.
    CHECK(one(desk, "SELECT count(*) FROM intervals WHERE kind = 'unwatched' AND " + host) == 0);
  }
  // One incident of each kind, one mail for its beginning and one for its end.
  CHECK(one(desk, "SELECT count(*) FROM incidents WHERE cause = 'cpu'") == 1);
  CHECK(one(desk, "SELECT count(*) FROM incidents WHERE cause = 'silent'") == 1);
  CHECK(one(desk, "SELECT count(*) FROM incidents") == 2);
  CHECK(one(desk, "SELECT count(*) FROM intervals WHERE kind = 'down'") >= 1);
  if (!smtp) return;
  const auto in_state = [&](const std::string& state) {
    return one(desk, "SELECT count(*) FROM outbox WHERE state = '" + state + "'");
  };
  // A kill between final dot and answer would leave one unsure: lost or not, never sent again.
  CHECK(in_state("sent") + in_state("unsure") == 4);
  std::set<std::string> ids;
  for (const auto& mail : smtp->mails()) ids.insert(mail.header("Message-ID"));
  const auto mails = static_cast<std::int64_t>(smtp->mails().size());
  CHECK(mails == static_cast<std::int64_t>(ids.size()));
  CHECK(mails >= in_state("sent"));
  CHECK(mails <= in_state("sent") + in_state("unsure"));
}
