// People register and log in; others try to.
#include "real/accounts.hpp"

#include <csignal>

#include <sys/resource.h>
#include <sys/stat.h>

#include "real/spawn.hpp"
#include "tests/real/fake_proc.hpp"

using namespace real;
using Verdict = Accounts::Verdict;

namespace {

const std::string password = "correct horse battery";

/// Cheap hashes and generous limits, unless a test is about them.
Accounts::Options options_in(const fake_proc::Folder& folder) {
  return {.file = folder.path() / "users.sqlite",
          .cost = {.memory = 8 << 10, .passes = 1},
          .at_once = 1,
          .waiting = 8,
          .per_account = {.per_second = 1e6, .burst = 1e6},
          .per_address = {.per_second = 1e6, .burst = 1e6}};
}

struct Rig {
  fake_proc::Folder folder;
  asio::io_context io;
  Accounts accounts;
  explicit Rig(void (*edit)(Accounts::Options&) = [](Accounts::Options&) {})
      : accounts(io, edited(edit)) {}

  Accounts::Answer play(awaitable<Accounts::Answer> asked) {
    Accounts::Answer answer;
    spawn(io, "test",
          [](awaitable<Accounts::Answer> work, Accounts::Answer& into) -> awaitable<void> {
            into = co_await std::move(work);
          }(std::move(asked), answer));
    io.restart();
    io.run();
    return answer;
  }
  Verdict sign_up(const std::string& name, const std::string& word = password) {
    return play(accounts.register_user(name, word, "192.0.2.1")).verdict;
  }
  Verdict log_in(const std::string& name, const std::string& word = password) {
    return play(accounts.log_in(name, word, "192.0.2.1")).verdict;
  }

 private:
  Accounts::Options edited(void (*edit)(Accounts::Options&)) const {
    Accounts::Options options = options_in(folder);
    edit(options);
    return options;
  }
};

}  // namespace

TEST_CASE("accounts: who registered logs in with his password and no other, also later") {
  Rig rig;
  CHECK(rig.sign_up("alice") == Verdict::welcome);
  CHECK(rig.log_in("alice") == Verdict::welcome);
  CHECK(rig.log_in("alice", password + "x") == Verdict::wrong);
  CHECK(rig.log_in("Alice") == Verdict::wrong);
  CHECK(rig.log_in("bob") == Verdict::wrong);
  CHECK(rig.sign_up("alice", "another password") == Verdict::taken);
  CHECK(rig.log_in("alice", "another password") == Verdict::wrong);
  Accounts again{rig.io, options_in(rig.folder)};
  CHECK(rig.play(again.log_in("alice", password, "192.0.2.1")).verdict == Verdict::welcome);
}

TEST_CASE("accounts: the file is its owner's, and holds Argon2id hashes of OWASP's cost") {
  const fake_proc::Folder folder;
  asio::io_context io;
  const auto file = folder.path() / "users.sqlite";
  {
    Accounts accounts{io, {.file = file}};  // the defaults
    spawn(io, "test", [](Accounts& all) -> awaitable<void> {
      const auto answer = co_await all.register_user("alice", password, "192.0.2.1");
      CHECK(answer.verdict == Verdict::welcome);
    }(accounts));
    io.run();
  }
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  const auto hash = UserStore{file}.hash_of("alice");
  REQUIRE(hash);
  CHECK(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  CHECK(hash->find("horse") == std::string::npos);
}

TEST_CASE("accounts: an unknown name costs as much as a known one") {
  Rig rig;
  rig.sign_up("alice");
  const auto cost = [&rig](const std::string& name) {
    const std::uint64_t before = rig.accounts.hashes();
    rig.log_in(name, "wrong password");
    return rig.accounts.hashes() - before;
  };
  CHECK(cost("alice") == 1);
  CHECK(cost("nobody") == 1);
}

TEST_CASE("accounts: names and passwords that cannot be cost nothing") {
  Rig rig;
  const std::uint64_t before = rig.accounts.hashes();
  for (const std::string name :
       {"", ".", "-x", "a b", "a\nb", "'; DROP TABLE users; --", "<script>", "\xc3\xa4", "../x"}) {
    CAPTURE(name);
    CHECK(rig.sign_up(name) == Verdict::unfit);
    CHECK(rig.log_in(name) == Verdict::unfit);
  }
  CHECK(rig.sign_up(std::string(65, 'a')) == Verdict::unfit);
  CHECK(rig.sign_up(std::string("a\0b", 3)) == Verdict::unfit);
  CHECK(rig.sign_up("alice", "too short") == Verdict::unfit);
  CHECK(rig.sign_up("alice", std::string(257, 'x')) == Verdict::unfit);
  CHECK(rig.accounts.hashes() == before);
  CHECK(rig.sign_up("a-b_c.9", std::string(256, 'x')) == Verdict::welcome);
}

TEST_CASE("accounts: an account and an address have so many attempts, which cost no hash beyond") {
  Rig rig{[](Accounts::Options& o) {
    o.per_account = {.per_second = 1e-3, .burst = 3};
    o.per_address = {.per_second = 1e-3, .burst = 6};
  }};
  const std::uint64_t before = rig.accounts.hashes();
  for (int i = 0; i < 3; ++i) CHECK(rig.log_in("alice") == Verdict::wrong);
  const auto refused = rig.play(rig.accounts.log_in("alice", password, "192.0.2.1"));
  CHECK(refused.verdict == Verdict::too_many);
  CHECK(sim::seconds(refused.wait) == Approx(1000).margin(10));
  // Another account from there, until the address has no more; the account from elsewhere neither.
  CHECK(rig.log_in("bob") == Verdict::wrong);
  CHECK(rig.log_in("carol") == Verdict::wrong);
  CHECK(rig.log_in("dave") == Verdict::too_many);
  CHECK(rig.play(rig.accounts.log_in("alice", password, "192.0.2.2")).verdict == Verdict::too_many);
  CHECK(rig.play(rig.accounts.log_in("erin", password, "192.0.2.2")).verdict == Verdict::wrong);
  CHECK(rig.accounts.hashes() - before == 6);
}

TEST_CASE("accounts: hashes wait in a short queue, and the loop goes on meanwhile") {
  Rig rig{[](Accounts::Options& o) {
    o.cost = {.memory = 1 << 20, .passes = 3};
    o.waiting = 2;
  }};
  int busy = 0, wrong = 0;
  for (int i = 0; i < 20; ++i) {
    spawn(rig.io, "test", [](Accounts& accounts, int& refused, int& told) -> awaitable<void> {
      const auto answer = co_await accounts.log_in("alice", password, "192.0.2.1");
      (answer.verdict == Verdict::busy ? refused : told) += 1;
    }(rig.accounts, busy, wrong));
  }
  rig.io.restart();
  rig.io.run();
  CHECK(wrong == 3);  // one on the thread, two waiting
  CHECK(busy == 17);
  CHECK(rig.log_in("alice") == Verdict::wrong);  // places come back
}

TEST_CASE("accounts: what a user may do stands in the file, which another process may change") {
  Rig rig;
  const auto file = rig.folder.path() / "users.sqlite";
  UserStore beside{file};
  CHECK(beside.add("root", password_hash(password, {.memory = 8 << 10, .passes = 1}), 7, "admin"));
  CHECK_FALSE(beside.add("root", "x", 7, "read"));
  const auto answer = rig.play(rig.accounts.log_in("root", password, "192.0.2.1"));
  CHECK(answer.verdict == Verdict::welcome);
  CHECK(answer.scope == "admin");
  rig.sign_up("alice");
  CHECK(rig.accounts.scope_of("alice") == "");
  CHECK(rig.accounts.count() == 2);
  CHECK(beside.remove("root"));
  CHECK_FALSE(beside.remove("root"));
  CHECK_FALSE(rig.accounts.scope_of("root"));
  CHECK(rig.log_in("root") == Verdict::wrong);
}

TEST_CASE("accounts: a file of before there were scopes goes on being used") {
  const fake_proc::Folder folder;
  const auto file = folder.path() / "users.sqlite";
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  const char* old =
      "CREATE TABLE users (name TEXT PRIMARY KEY NOT NULL, hash TEXT NOT NULL, created INTEGER "
      "NOT NULL) STRICT, WITHOUT ROWID; INSERT INTO users VALUES ('alice', 'h', 7)";
  CHECK(sqlite3_exec(db, old, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
  ::chmod(file.c_str(), 0600);
  for (int i = 0; i < 2; ++i) {
    const UserStore users{file};
    CHECK(users.hash_of("alice") == "h");
    CHECK(users.scope_of("alice") == "");
  }
}

TEST_CASE("accounts: a file that others may use is refused") {
  const fake_proc::Folder folder;
  folder.put("users.sqlite", "");
  ::chmod((folder.path() / "users.sqlite").c_str(), 0640);
  CHECK_THROWS_WITH(UserStore{folder.path() / "users.sqlite"}, Catch::Contains("others may use"));
}

TEST_CASE("accounts: where the disk refuses, the error says why") {
  const fake_proc::Folder folder;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit small{16 << 10, before.rlim_max};  // less than SQLite's index of its log
  std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  CHECK_THROWS_WITH(UserStore{folder.path() / "users.sqlite"},
                    Catch::EndsWith("users.sqlite: disk I/O error: File too large"));
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(UserStore{folder.path() / "users.sqlite"}.count() == 0);
}

TEST_CASE("accounts: a file that cannot be is an error with its name") {
  asio::io_context io;
  CHECK_THROWS_WITH((Accounts{io, {.file = "/nonexistent/users.sqlite"}}),
                    Catch::Contains("/nonexistent/users.sqlite"));
  const fake_proc::Folder folder;
  folder.put("users.sqlite", std::string(5000, 'x'));
  ::chmod((folder.path() / "users.sqlite").c_str(), 0600);
  CHECK_THROWS_WITH((Accounts{io, {.file = folder.path() / "users.sqlite"}}),
                    Catch::Contains("users.sqlite: file is not a database"));
}
