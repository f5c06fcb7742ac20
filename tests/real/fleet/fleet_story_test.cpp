// A fleet from its first command to its last, with the real program on machines of its own and a
// real mail server:
//
//   web1   nothing ever happens, and nobody hears of it
//   web2            cut off ............................ plugged in again
//   db              stress-ng .......................... no more
//   collector                      killed, started again
//
// Each machine has a third of a processor: its /proc counts what its own processes use of it.
//
// Nothing here is judged by how long it took but for what must not have come too early. That is
// read from the archive, which has one clock, and from the order in which the mail server took what
// was sent.
#include <csignal>
#include <fstream>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "real/fleet/archive.hpp"
#include "real/fleet/fleet_status.hpp"
#include "real/fleet/shell_word.hpp"
#include "tests/real/fleet/hosts_fixture.hpp"
#include "tests/real/fleet/smtp_server.hpp"
#include "tests/real/fleet/transcript.hpp"

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using brink_process::Process;
using brink_process::Said;
using brink_process::Words;
using fleet_test::Hosts;
using smtp_server::Mail;

namespace {

constexpr sim::Duration window = 3s, silence = 4s;
constexpr std::size_t web2 = 1, db = 2;

std::string fleet_text(const Hosts& hosts, const std::string& smtp) {
  std::string text = R"([fleet]
name     = "shop"
interval = "500 ms"
window   = "3 s"
silence  = "4 s"
limits   = { cpu = "80 %" }
[collector]
listen = "10.77.0.1:9120"
[smtp]
server = ")" + smtp +
                     R"("
from   = "brink@example.org"
plain  = true
[defaults]
user        = "brink"
key         = "id_ed25519"
known_hosts = "known_hosts"
mail        = ["ops@example.org"]
)";
  const auto add = [&](const std::string& name, std::size_t i, const std::string& more) {
    text += "[host." + name + "]\naddress = \"" + hosts.host(i).address + "\"\n" + more;
  };
  add("web1", 0, "");
  add("web2", web2, "mail    = [\"web@example.org\", \"ops@example.org\"]\n");
  add("db", db, "mail    = [\"dba@example.org\"]\n");
  return text;
}

sim::Time now() {
  return sim::Time{std::chrono::system_clock::now().time_since_epoch()};
}

/// The fleet's folder, its two terminals, and its mails.
class Story {
 public:
  explicit Story(const Hosts& hosts) : folder_(hosts.folder()), smtp_(folder_ / "smtp") {
    for (const char* terminal : {"one", "two"}) fs::create_directory(folder_ / terminal);
    // Three copies cross an encrypted line: a build's debug information, most of it, need not.
    const std::string lean = (folder_ / "brink").string();
    if (kill_table::run_quietly({"strip", "-o", lean, BRINK}) == 0) program_ = lean;
    std::ofstream(folder_ / "fleet.toml") << fleet_text(hosts, smtp_.address());
  }

  fleet_test::Transcript transcript;

  /// In the first terminal, until it is ended.
  void watch(const std::string& step) {
    transcript.command("brink fleet " + step + " fleet.toml");
    shown_ = 0;
    watch_ = start({"fleet", step, "fleet.toml"}, "one");
  }
  Said end_watch(int signal) {
    show_watch();
    watch_->send(signal);
    Said said = watch_->wait();
    watch_.reset();
    return said;
  }
  /// What the first terminal says since it was looked at last.
  void show_watch() {
    const std::string all = watch_->out();
    transcript.output(all.substr(shown_));
    shown_ = all.size();
  }
  /// In the second terminal, to its end.
  Said brink(Words words) {
    transcript.command("brink " + real::shell_command(words));
    Said said = start(std::move(words), "two")->wait();
    transcript.output(said.out + said.err);
    return said;
  }
  template <class Holds>
  void until(const char* what, Holds holds) const {
    const auto deadline = std::chrono::steady_clock::now() + 240s;  // a busy machine's
    while (!holds()) {
      CAPTURE(what, watch_->out(), watch_->err(), mails().size());
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(50ms);
    }
  }

  std::vector<Mail> mails() const { return smtp_.mails(); }
  /// So many mails were taken, and nobody has one left to send.
  bool has_sent(std::size_t count) const {
    return mails().size() >= count && one("SELECT count(*) FROM outbox WHERE state = 'sent'") ==
                                          static_cast<std::int64_t>(mails().size());
  }
  std::optional<real::FleetStatus> status() const try {
    return real::read_fleet_status(archive(), 0.999, now());
  } catch (const real::StoreError&) {
    return std::nullopt;  // is being made
  }
  /// Whether web1 was sampled after `at`, so that whatever was to be noticed by then was.
  bool is_past(sim::Time at) const {
    const auto known = status();
    if (!known || !known->collecting) return false;
    return std::ranges::any_of(known->hosts, [at](const real::HostStatus& host) {
      return host.name == "web1" && host.last_sample > at;
    });
  }
  std::int64_t one(const std::string& sql) const {
    const real::Database database = real::open_database(archive(), real::Access::read);
    const real::Statement row = real::prepare(database.get(), sql);
    return real::next_row(row) ? real::integer(row, 0) : -1;
  }

 private:
  fs::path archive() const { return folder_ / "fleet.sqlite"; }
  std::unique_ptr<Process> start(Words words, const std::string& terminal) const {
    words.insert(words.begin(), program_);
    return std::make_unique<Process>(std::move(words), Process::Start{.folder = folder_},
                                     folder_ / terminal);
  }

  fs::path folder_;
  std::string program_ = BRINK;
  smtp_server::Server smtp_;
  std::unique_ptr<Process> watch_;
  std::size_t shown_ = 0;
};

bool are_all_up(const Story& story) {
  const auto known = story.status();
  return known && known->hosts.size() == 3 &&
         std::ranges::all_of(known->hosts, [](const real::HostStatus& host) {
           return host.condition == real::HostCondition::up && host.last_sample;
         });
}

/// When each thing was done to the machines.
struct Acts {
  sim::Time cut, stress, plugged, quiet;
};

/// One mail for each beginning and one for each end, to whom it concerns, and none too early.
void check_mails(const std::vector<Mail>& mails, const Acts& acts) {
  REQUIRE(mails.size() == 4);
  std::map<std::string, Mail> opened, closed;  // by machine
  std::set<std::string> ids;
  for (const Mail& mail : mails) {
    const std::string subject = mail.header("Subject");
    CAPTURE(subject);
    CHECK(ids.insert(mail.header("Message-ID")).second);
    const std::string host = subject.find("] web2: ") != std::string::npos ? "web2" : "db";
    CHECK_THAT(subject, Catch::StartsWith("[shop] " + host + ": "));
    if (host == "web2") {
      CHECK(mail.to == Words{"web@example.org", "ops@example.org"});
    } else {
      CHECK(mail.to == Words{"dba@example.org"});
    }
    auto& which = mail.header("In-Reply-To").empty() ? opened : closed;
    CHECK(which.emplace(host, mail).second);
  }
  REQUIRE((opened.size() == 2 && closed.size() == 2));
  for (const char* host : {"web2", "db"}) {
    CHECK(closed[host].header("In-Reply-To") == opened[host].header("Message-ID"));
  }
  CHECK_THAT(opened["web2"].header("Subject"), Catch::Contains("no answer since"));
  CHECK_THAT(closed["web2"].header("Subject"), Catch::Contains("answers again after"));
  CHECK_THAT(opened["db"].header("Subject"), Catch::Contains("cpu at"));
  CHECK_THAT(closed["db"].header("Subject"), Catch::Contains("cpu is below its limit again"));
  CHECK(opened["web2"].taken > acts.cut);
  CHECK(closed["web2"].taken >= acts.plugged + window);
  // That it was over its limit for the window is for the collector's clock to say, further down:
  // on a busy machine samples come late and long, and the first may reach back before the stress.
  CHECK(opened["db"].taken > acts.stress);
  CHECK(closed["db"].taken >= acts.quiet);
}

/// By the collector's own clock: nobody was blamed before his time, or forgiven.
void check_incidents(const Story& story) {
  const auto count = [&story](const std::string& which) {
    return story.one("SELECT count(*) FROM incidents WHERE " + which);
  };
  const auto ns = [](sim::Duration span) { return std::to_string(span.count()); };
  CHECK(count("1") == 2);
  CHECK(count("cause = 'silent' AND noticed - start > " + ns(silence)) == 1);
  // A window of samples, of which the first may have come a little late.
  CHECK(count("cause = 'cpu' AND noticed - start > " + ns(window * 2 / 3)) == 1);
  CHECK(count("closed - end >= " + ns(window) + " AND calm = " + ns(window)) == 2);
  const std::string down = "SELECT count(*) FROM intervals WHERE kind = 'down' AND host ";
  const std::string id = "(SELECT id FROM hosts WHERE name = 'web2')";
  CHECK(story.one(down + "= " + id) >= 1);
  CHECK(story.one(down + "<> " + id) == 0);
}

}  // namespace

TEST_CASE("brink fleet: one host overloaded, one cut off, the collector killed: each mail once",
          "[fleet][e2e]") {
  if (!smtp_server::is_there()) return;
  if (kill_table::run_quietly({"stress-ng", "--version"}) != 0) {
    WARN("skipped: there is no stress-ng");
    return;
  }
  std::string why;
  const auto hosts =
      Hosts::try_start({.count = 3, .processors = Hosts::Options::Processors::own}, why);
  if (!hosts) {
    WARN("skipped: " << why);
    return;
  }
  Story story{*hosts};
  auto& transcript = story.transcript;
  Acts acts;

  story.watch("up");
  story.until("all are up", [&] { return are_all_up(story); });
  story.show_watch();
  CHECK(story.brink({"fleet", "status", "fleet.toml"}).code == 0);

  transcript.note("web2's cable is pulled out of the switch:");
  transcript.command("ip link set machine1 nomaster");
  acts.cut = now();
  hosts->cut_off(web2);
  transcript.note("and db has more to compute than a third of a processor can:");
  acts.stress = now();
  const std::string stress = "stress-ng --cpu 1 >stress.log 2>&1 & echo $! >stress.pid";
  CHECK(story.brink({"remote", "fleet.toml", "db", "--", "sh", "-c", stress}).code == 0);
  story.until("two mails", [&] { return story.has_sent(2); });
  transcript.note("a few seconds later, in the first terminal:");
  story.show_watch();
  CHECK(story.brink({"fleet", "status", "fleet.toml"}).code == 1);
  transcript.note("what dba@example.org gets:");
  for (const Mail& mail : story.mails()) {
    if (mail.to == Words{"dba@example.org"}) transcript.mail(mail);
  }

  transcript.note("the collector dies in the middle of it, and is started again:");
  transcript.command("kill -9 %1");
  CHECK(story.end_watch(SIGKILL).code == -SIGKILL);
  story.watch("watch");
  const sim::Time restarted = now();
  // Longer than it takes to find both out once more.
  story.until("enough time for another mail",
              [&] { return story.is_past(restarted + silence + window); });
  story.show_watch();
  CHECK(story.mails().size() == 2);

  transcript.note("the stress ends, and the cable is put back:");
  acts.quiet = now();
  const std::string calm = "kill $(cat stress.pid)";
  CHECK(story.brink({"remote", "fleet.toml", "db", "--", "sh", "-c", calm}).code == 0);
  acts.plugged = now();
  hosts->reconnect(web2);
  transcript.command("ip link set machine1 master bridge0");
  story.until("four mails", [&] { return story.has_sent(4); });
  const sim::Time over = now();
  story.until("enough time for one more", [&] { return story.is_past(over + window); });
  transcript.note("in the first terminal, a few seconds later:");
  story.show_watch();
  const Said last = story.brink({"fleet", "status", "fleet.toml"});
  CHECK(last.code == 0);
  transcript.note("the mails, all of them:");
  for (const Mail& mail : story.mails()) {
    transcript.output(transcript.recipients(mail) + "  " + mail.header("Subject") + "\n");
  }
  check_mails(story.mails(), acts);
  check_incidents(story);

  transcript.note("Ctrl-C in the first terminal, and all of it is removed:");
  CHECK(story.end_watch(SIGINT).code == 0);
  CHECK(story.brink({"fleet", "down", "fleet.toml"}).code == 0);
  for (const std::size_t i : {0u, 1u, 2u}) CHECK_FALSE(fs::exists(hosts->home(i) / ".brink"));
  CHECK(story.mails().size() == 4);
  transcript.save();
}
