// Outposts and their wardens, without SSH between them: the words that would go through it start
// the warden here, in a folder of its own.
#include "real/outpost.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "real/bringing.hpp"
#include "real/store.hpp"
#include "real/warden.hpp"
#include "tests/kill/processes.hpp"
#include "tests/real/folder.hpp"

namespace {

using namespace std::chrono_literals;
using namespace real;
namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream{file, std::ios::binary}.rdbuf();
  return text.str();
}

void until(asio::io_context& io, const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) FAIL("nothing happens for half a minute");
    io.restart();
    io.run_one_for(20ms);
  }
}

/// A host that is a folder of this one.
class Site {
 public:
  explicit Site(asio::io_context& context, std::chrono::milliseconds patience = 20s)
      : io(context),
        outpost(std::make_unique<Outpost>(
            io,
            Outpost::Options{.name = "site",
                             .address = "127.0.0.1",
                             .words = {BRINK, "warden", runs()},
                             .patience = patience,
                             .beat = 50ms},
            Outpost::Handlers{.on_ready = [] {}, .on_lost = [this](const auto& w) { why = w; }})) {
    std::signal(SIGPIPE, SIG_IGN);
    wait([&] { return outpost->ready(); });
  }
  void wait(const std::function<bool()>& done) const { until(io, done); }
  fs::path runs() const { return directory_.path() / "runs"; }
  bool empty() const { return fs::is_empty(runs()); }
  pid_t warden() const {
    const auto found = kill_table::find(kill_table::parts_of(runs()), "warden");
    REQUIRE(found);
    return *found;
  }
  /// What the warden answers to a piece, in words.
  std::string write(const std::string& path, const std::string& bytes, std::uint64_t at = 0) {
    return answer([&](Outpost::Then then) { outpost->write(path, at, bytes, std::move(then)); });
  }
  std::string read(const std::string& path, std::uint64_t at = 0) {
    return answer([&](Outpost::Then then) { outpost->read(path, at, std::move(then)); });
  }

 private:
  std::string answer(const std::function<void(Outpost::Then)>& ask) {
    std::optional<std::string> said;
    ask([&](const sim::Result<std::string>& bytes) {
      said = bytes ? *bytes : "refused: " + bytes.error();
    });
    wait([&] { return said.has_value(); });
    return *said;
  }
  real_test::Folder directory_;

 public:
  asio::io_context& io;
  std::string why;
  std::unique_ptr<Outpost> outpost;
};

struct Heard {
  std::vector<std::string> out, err;
  std::string end;
  Process::Handlers handlers() {
    return {.on_output = [this](const std::string& line) { out.push_back(line); },
            .on_error = [this](const std::string& line) { err.push_back(line); },
            .on_end = [this](const std::string& how) { end = how; }};
  }
};

/// Says its number and lives on, whatever becomes of its input.
const std::vector<std::string> stubborn{"/bin/sh", "-c", "echo $$; exec sleep 1000"};

bool is_alive(const std::string& pid) {
  const std::string stat = text_of("/proc/" + pid + "/stat");
  return !stat.empty() && stat.find(") Z") == std::string::npos;
}

bool gone_soon(const std::function<bool()>& gone) {
  for (int i = 0; i < 1000 && !gone(); ++i) std::this_thread::sleep_for(10ms);
  return gone();
}

}  // namespace

TEST_CASE("outpost: a process there says what it has to say, and how it ended") {
  asio::io_context io;
  const Site site{io};
  Heard heard, nobody;
  const auto process = site.outpost->start(
      {"/bin/sh", "-c", "echo 'one \"two\"'; echo trouble >&2; exit 3"}, heard.handlers());
  site.wait([&] { return !heard.end.empty(); });
  CHECK(heard.out == std::vector<std::string>{"one \"two\""});
  CHECK(heard.err == std::vector<std::string>{"trouble"});
  CHECK(heard.end == "exit code 3");
  CHECK_FALSE(process->running());
  const auto none = site.outpost->start({"/nonexistent/brink"}, nobody.handlers());
  site.wait([&] { return !nobody.end.empty(); });
  REQUIRE(nobody.err.size() == 1);
  CHECK(nobody.err[0].find("/nonexistent/brink") != std::string::npos);
}

TEST_CASE("outpost: a kill there is a kill, and a closed input is the word to end") {
  asio::io_context io;
  const Site site{io};
  Heard killed, asked;
  const auto one = site.outpost->start(stubborn, killed.handlers());
  const auto two = site.outpost->start({"/bin/cat"}, asked.handlers());
  site.wait([&] { return !killed.out.empty(); });
  one->kill(SIGKILL);
  two->close_input();
  site.wait([&] { return !killed.end.empty() && !asked.end.empty(); });
  CHECK(killed.end == "killed by signal 9");
  CHECK(asked.end == "exit code 0");
}

TEST_CASE("outpost: files are kept for their owner, within the run's folder and nowhere else") {
  asio::io_context io;
  Site site{io};
  CHECK(site.write("key", "secret").empty());
  const fs::path folder = site.outpost->folder();
  CHECK(text_of(folder / "key") == "secret");
  CHECK((fs::status(folder / "key").permissions() & fs::perms::all) == fs::perms(0600));
  CHECK((fs::status(folder).permissions() & fs::perms::all) == fs::perms(0700));
  CHECK(site.write("machine1/store", "cdef", 2).empty());
  CHECK(site.write("machine1/store", "ab").empty());
  CHECK(site.read("machine1/store") == "abcdef");
  CHECK(site.read("machine1/store", 4) == "ef");
  for (const std::string path : {"../key", "a/../../key", "/etc/passwd", ""}) {
    CAPTURE(path);
    CHECK(site.write(path, "x").find("is not within the run's folder") != std::string::npos);
    CHECK(site.read(path).find("is not within the run's folder") != std::string::npos);
  }
  fs::create_symlink("/etc/passwd", folder / "link");
  CHECK(site.read("link").find("refused: ") == 0);
  CHECK(site.write("link", "x").find("refused: ") == 0);
}

TEST_CASE("outpost: whoever ends in good order leaves nothing there") {
  asio::io_context io;
  Site site{io};
  Heard heard;
  const auto process = site.outpost->start(stubborn, heard.handlers());
  site.wait([&] { return !heard.out.empty(); });
  (void)site.write("machine1/store", "rows");
  site.outpost->ask_to_end();
  CHECK(gone_soon([&] { return !site.outpost->still_there(); }));
  CHECK(site.empty());
  CHECK_FALSE(is_alive(heard.out[0]));
}

TEST_CASE("outpost: when the relay is killed, the host is lost, and nothing is left there") {
  asio::io_context io;
  const Site site{io};
  Heard heard;
  const auto process = site.outpost->start(stubborn, heard.handlers());
  site.wait([&] { return !heard.out.empty(); });
  // Without SSH the relay is the warden itself, so this is the warden's death as well: its folder
  // stays, and the next one there removes it.
  site.outpost->kill_relay();
  site.wait([&] { return !heard.end.empty(); });
  CHECK(heard.end == "site is lost");
  CHECK(site.why == "killed by signal 9");
  CHECK(site.outpost->lost());
  CHECK(gone_soon([&] { return !is_alive(heard.out[0]); }));
  CHECK_FALSE(site.empty());
  sweep_abandoned(site.runs());
  CHECK(site.empty());
  Heard late;
  const auto none = site.outpost->start({"/bin/true"}, late.handlers());
  site.wait([&] { return !late.end.empty(); });
  CHECK(late.end == "site is lost");
}

TEST_CASE("outpost: a warden leaves alone what another one is using") {
  asio::io_context io;
  const Site site{io};
  const fs::path young = site.runs() / "brink-young", other = site.runs() / "other";
  fs::create_directory(young);  // its lock is about to be made
  fs::create_directory(other);
  sweep_abandoned(site.runs());
  CHECK(fs::exists(site.outpost->folder()));
  CHECK(fs::exists(young));
  fs::last_write_time(young, fs::file_time_type::clock::now() - 2min);
  sweep_abandoned(site.runs());
  CHECK_FALSE(fs::exists(young));
  CHECK(fs::exists(other));
}

TEST_CASE("outpost: a host that is silent is lost, and ends everything by itself") {
  asio::io_context io;
  const Site site{io, 500ms};
  Heard heard;
  const auto process = site.outpost->start(stubborn, heard.handlers());
  site.wait([&] { return !heard.out.empty(); });
  SECTION("it hangs") {
    ::kill(site.warden(), SIGSTOP);
    site.wait([&] { return !heard.end.empty(); });
    CHECK(site.why.find("has not answered") != std::string::npos);
  }
  SECTION("we hang") {
    std::this_thread::sleep_for(500ms);
    CHECK(gone_soon([&] { return site.empty(); }));
    CHECK_FALSE(is_alive(heard.out[0]));
    site.wait([&] { return !heard.end.empty(); });
  }
  CHECK(site.outpost->lost());
}

TEST_CASE("outpost: a machine's files go from one host to another") {
  asio::io_context io;
  const Site from{io}, to{io};
  const std::string store = Store::file_name;
  // 100 KiB and a bit: more pieces than one, the last of them short.
  std::string bytes(100 * 1024 + 17, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 >> 3);
  const fs::path there = from.outpost->folder() / "machine3";
  fs::create_directory(there);
  std::ofstream{there / store, std::ios::binary} << bytes;
  const bool with_log = GENERATE(true, false);
  if (with_log) std::ofstream{there / (store + "-wal"), std::ios::binary} << "log";
  std::optional<std::string> why;
  bring_store(*from.outpost, "machine3", *to.outpost, "machine3-1",
              [&](const std::string& reason) { why = reason; });
  until(io, [&] { return why.has_value(); });
  CHECK(why->empty());
  const fs::path here = to.outpost->folder() / "machine3-1";
  CHECK(text_of(here / store) == bytes);
  CHECK(fs::exists(here / (store + "-wal")) == with_log);
  if (with_log) CHECK(text_of(here / (store + "-wal")) == "log");
}

TEST_CASE("outpost: files that are not there, or whose host is lost, are not brought") {
  asio::io_context io;
  const Site from{io}, to{io};
  std::optional<std::string> why;
  bring_store(*from.outpost, "machine3", *to.outpost, "machine3-1",
              [&](const std::string& reason) { why = reason; });
  until(io, [&] { return why.has_value(); });
  CHECK(why->find("No such file") != std::string::npos);
  why.reset();
  from.outpost->kill_relay();
  bring_store(*from.outpost, "machine3", *to.outpost, "machine3-1",
              [&](const std::string& reason) { why = reason; });
  until(io, [&] { return why.has_value(); });
  CHECK(*why == "site is lost");
}

TEST_CASE("outpost: what a login says to everybody is no hello") {
  CHECK_FALSE(parse_hello("Welcome to Debian"));
  CHECK_FALSE(parse_hello("{\"hello\":2,\"folder\":\"/x\"}"));
  CHECK_FALSE(parse_hello("[\"hello\"]"));
  const auto facts = parse_hello(hello_of_this_host("/x"));
  REQUIRE(facts);
  CHECK(facts->folder == "/x");
  CHECK(facts->cpus >= 1);
  CHECK(facts->memory.count > 1 << 20);
  CHECK(facts->unix_seconds > 1'700'000'000);
}
