// Mails on their way to a real SMTP server: each once, whatever happens in between.
#include "real/fleet/spool.hpp"

#include "real/fleet/archive.hpp"
#include "tests/real/fleet/smtp_server.hpp"
#include "tests/real/folder.hpp"

using namespace real;
using Catch::Contains;
using smtp_server::Mail;
using smtp_server::Server;
using namespace std::chrono_literals;

namespace fs = std::filesystem;
using smtp_server::Words;

namespace {

const sim::Time start{sim::Duration{1'700'000'000'000'000'000}};

/// An archive in which web1 was over its CPU limit for a while, and silent afterwards.
class Outbox {
 public:
  Outbox()
      : archive_({.file = file(),
                  .hosts = {{"web1", {"ops@example.org", "web@example.org"}}},
                  .mails = true}) {
    ArchiveChange change;
    change.host = 0;
    change.state = {.counter = 1,
                    .session = 1,
                    .next = 60,
                    .uptime_s = 1,
                    .heard = start,
                    .last_sample = start + 60s};
    for (int s = 0; s < 60; ++s) {
      change.samples.push_back(
          {start + 1s * s, {static_cast<std::uint16_t>(s < 30 ? 4321 : 9876), 10, 20, 30}});
    }
    change.orders = {vm::IncidentOpened{.number = 1,
                                        .cause = vm::IncidentCause::cpu,
                                        .start = start + 30s,
                                        .noticed = start + 35s,
                                        .value = 0.9876,
                                        .limit = 0.9}};
    store(change);
  }
  fs::path folder() const { return folder_.path(); }
  fs::path file() const { return folder() / "fleet.sqlite"; }
  void order(vm::IncidentOrders orders) {
    ArchiveChange change;
    change.orders = std::move(orders);
    store(change);
  }
  void close() { order({vm::IncidentClosed{1, start + 55s, start + 60s, 0.99}}); }
  void open_another() {
    order({vm::IncidentOpened{.number = 2, .start = start + 60s, .noticed = start + 66s}});
  }
  std::string states() const {
    const Database db = open_database(file(), Access::read);
    const Statement rows =
        prepare(db.get(), "SELECT incident, kind, state FROM outbox ORDER BY id");
    std::string text;
    while (next_row(rows)) {
      text += std::to_string(integer(rows, 0)) + std::string{" "} + std::string{bytes(rows, 1)} +
              " " + std::string{bytes(rows, 2)} + "; ";
    }
    return text;
  }

 private:
  void store(const ArchiveChange& change) {
    archive_.begin();
    archive_.store(change);
    archive_.commit();
  }
  real_test::Folder folder_;
  Archive archive_;
};

struct Talk {
  std::mutex mutex;
  std::string text;
  std::string all() {
    const std::lock_guard lock{mutex};
    return text;
  }
};

Spool::Options to(const Outbox& outbox, const std::string& server, Talk& talk, bool plain = true) {
  return {.archive = outbox.file(),
          .mailer = {.server = server, .user_file = {}, .plain = plain, .ca_file = {}},
          .from = "brink@example.org",
          .fleet = "shop",
          .report = [&talk](const std::string& what) {
            const std::lock_guard lock{talk.mutex};
            talk.text += what + "\n";
          }};
}

template <class Holds>
bool eventually(Holds holds) {
  for (int i = 0; i < 2000 && !holds(); ++i) std::this_thread::sleep_for(10ms);
  return holds();
}

}  // namespace

TEST_CASE("spool: a mail for each beginning and end, over TLS, to all addresses, with samples") {
  if (!smtp_server::is_there()) return;
  Outbox outbox;
  if (!smtp_server::make_certificate(outbox.folder())) return;
  const fs::path pem = outbox.folder() / "smtp.pem", key = outbox.folder() / "smtp.key";
  const Server server{outbox.folder() / "smtp", {"--tls", pem.string(), key.string()}};
  Talk talk;
  auto options = to(outbox, server.address(), talk, false);
  options.mailer.ca_file = pem;
  Spool spool{options};
  CHECK(eventually([&] { return server.mails().size() == 1; }));
  outbox.close();
  spool.wake();
  CHECK(eventually([&] { return outbox.states() == "1 opened sent; 1 closed sent; "; }));
  const auto mails = server.mails();
  REQUIRE(mails.size() == 2);
  for (const Mail& mail : mails) {
    CHECK(mail.tls);
    CHECK(mail.from == "brink@example.org");
    CHECK(mail.to == std::vector<std::string>{"ops@example.org", "web@example.org"});
  }
  CHECK(mails[0].header("Subject") == "[shop] web1: cpu at 98.8 %, limit 90.0 %");
  CHECK(mails[1].header("Subject") == "[shop] web1: cpu is below its limit again after 25 s");
  CHECK_THAT(mails[0].header("Message-ID"), Contains("<incident-1.opened."));
  CHECK(mails[1].header("In-Reply-To") == mails[0].header("Message-ID"));
  // The second in which it began, one before, and its shares in percent.
  CHECK_THAT(mails[0].data, Contains("22:13:50        98.8       0.1       0.2        0.3"));
  CHECK_THAT(mails[0].data, Contains("22:13:49        43.2"));
  CHECK_THAT(mails[1].data, Contains("At worst it was 99.0 %"));
}

TEST_CASE("spool: where STARTTLS is missing or its certificate is another's, nothing is sent") {
  if (!smtp_server::is_there()) return;
  Outbox outbox;
  Talk talk;
  {
    const Server plain{outbox.folder() / "plain"};  // as behind somebody who strips the offer
    const Spool spool{to(outbox, plain.address(), talk, false)};
    CHECK(eventually([&] { return talk.all().find("waits") != std::string::npos; }));
    CHECK(plain.mails().empty());
  }
  if (!smtp_server::make_certificate(outbox.folder())) return;
  const Words words{"--tls", (outbox.folder() / "smtp.pem").string(),
                    (outbox.folder() / "smtp.key").string()};
  const Server unknown{outbox.folder() / "unknown", words};
  {
    Talk other;  // the certificate is nobody's that the system trusts
    const Spool spool{to(outbox, unknown.address(), other, false)};
    CHECK(eventually([&] { return other.all().find("certificate") != std::string::npos; }));
  }
  CHECK(unknown.mails().empty());
  CHECK(outbox.states() == "1 opened waiting; ");
}

TEST_CASE("spool: a server that is away, or refuses, loses nothing and gets nothing twice") {
  if (!smtp_server::is_there()) return;
  Outbox outbox;
  outbox.close();
  outbox.open_another();
  Talk talk;
  std::string port;
  {
    const Server gone{outbox.folder() / "gone"};
    port = std::to_string(gone.port());
  }
  const Spool spool{to(outbox, "127.0.0.1:" + port, talk)};
  CHECK(eventually([&] { return talk.all().find("waits") != std::string::npos; }));
  CHECK(outbox.states() == "1 opened waiting; 1 closed waiting; 2 opened waiting; ");
  const Server server{outbox.folder() / "smtp", {"--port", port, "--refuse", "1"}};
  CHECK(eventually(
      [&] { return outbox.states() == "1 opened sent; 1 closed sent; 2 opened sent; "; }));
  const auto mails = server.mails();
  REQUIRE(mails.size() == 3);
  // The first was refused once; the end of its incident waited for it, the other one did not.
  CHECK_THAT(mails[0].header("Subject"), Contains("no answer since"));
  CHECK_THAT(mails[1].header("Subject"), Contains("98.8 %"));
  CHECK_THAT(mails[2].header("Subject"), Contains("below its limit again"));
}

TEST_CASE("spool: a mail whose answer never came is not sent again, and that is said") {
  if (!smtp_server::is_there()) return;
  Outbox outbox;
  Talk talk;
  const Server server{outbox.folder() / "smtp", {"--vanish", "1"}};
  {
    Spool spool{to(outbox, server.address(), talk)};
    CHECK(eventually([&] { return outbox.states() == "1 opened unsure; "; }));
    CHECK_THAT(talk.all(), Contains("may be lost"));
    outbox.close();
    spool.wake();
    CHECK(eventually([&] { return outbox.states() == "1 opened unsure; 1 closed sent; "; }));
  }
  CHECK(server.mails().size() == 1);
}

TEST_CASE("spool: what was being handed over when the collector was killed is unsure after") {
  if (!smtp_server::is_there()) return;
  Outbox outbox;
  outbox.open_another();
  {
    const Database db = open_database(outbox.file(), Access::write);
    execute(db.get(), "UPDATE outbox SET state = 'handed' WHERE incident = 1");
  }
  Talk talk;
  const Server server{outbox.folder() / "smtp"};
  const Spool spool{to(outbox, server.address(), talk)};
  CHECK(eventually([&] { return outbox.states() == "1 opened unsure; 2 opened sent; "; }));
  CHECK_THAT(talk.all(), Contains("incident 1"));
  CHECK(server.mails().size() == 1);
}
