// What collecting a fleet costs: N agents on loopback, each pushing a sealed sample a second over a
// connection of its own, and a collector in a process of its own. CPU and memory are the
// collector's alone; bytes a day are what its archive grows by, packed.
//
//   collector_bench BRINK [agents, default 1000] [seconds, default 60]
//
// The packed size is measured apart, over ten minutes of samples that are stored without a wait.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "bench/bench.hpp"
#include "bench/folder.hpp"
#include "real/descriptor_limit.hpp"
#include "real/fleet/archive.hpp"
#include "real/fleet/push.hpp"
#include "real/proc_files.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr double goal_cores = 1;
constexpr double goal_mib = 200;
constexpr double goal_gib_a_day = 2;  // for 1,000 agents

std::string against(double figure, double goal, const std::string& unit) {
  return (figure <= goal ? "goal met: " : "GOAL MISSED: ") +
         std::to_string(static_cast<int>(goal)) + " " + unit;
}

/// The collector as a process, killed at the end.
class Child {
 public:
  explicit Child(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    if (::posix_spawn(&pid_, argv[0], &quiet, nullptr, argv.data(), environ) != 0) std::abort();
    posix_spawn_file_actions_destroy(&quiet);
  }
  ~Child() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  double cpu_seconds() const {
    real::TextBuffer buffer;
    const auto text = real::ProcFile{folder() / "stat"}.read(buffer);
    const auto stat = real::parse_process_stat(text.value_or(""));
    return stat
               ? static_cast<double>(stat->user_ticks + stat->system_ticks) / real::ticks_per_second
               : 0;
  }
  double resident_mib() const {
    real::TextBuffer buffer;
    const auto text = real::ProcFile{folder() / "statm"}.read(buffer);
    const auto pages = real::parse_statm(text.value_or(""));
    return pages ? static_cast<double>(pages->resident * real::page_bytes()) / (1 << 20) : 0;
  }

 private:
  fs::path folder() const { return "/proc/" + std::to_string(pid_); }
  pid_t pid_ = 0;
};

std::uint16_t free_port() {
  real::asio::io_context io;
  const real::tcp::acceptor acceptor{io, {real::asio::ip::address_v4::loopback(), 0}};
  return acceptor.local_endpoint().port();
}

std::int64_t ask(const fs::path& file, const char* sql) {
  const auto db = real::open_database(file, real::Access::read);
  const auto row = real::prepare(db.get(), sql);
  return real::next_row(row) ? real::integer(row, 0) : 0;
}

void write_fleet(const fs::path& folder, int agents, std::uint16_t port) {
  std::ofstream file{folder / "fleet.toml"};
  file << "[fleet]\nname = \"bench\"\nsilence = \"30 s\"\n[defaults]\nuser = \"nobody\"\nkey = "
          "\"key\"\n[collector]\nlisten = \"127.0.0.1:"
       << port << "\"\n";
  for (int i = 0; i < agents; ++i) file << "[host.h" << i << "]\n";
  std::ofstream{folder / "key"} << "";
}

/// Agents whose samples are spread over the second, as those of real hosts are.
struct Senders {
  Senders(int agents, std::uint16_t port, const fs::path& keys) : timer(io) {
    for (int i = 0; i < agents; ++i) {
      const std::string name = "h" + std::to_string(i);
      real::Push::Options options;
      options.url = "http://127.0.0.1:" + std::to_string(port);
      options.name = name;
      options.key = real::create_key_file(keys / name);
      pushes.push_back(std::make_unique<real::Push>(io, std::move(options)));
    }
  }
  /// One slice of a hundredth of a second, whoever's turn it is.
  void tick() {
    const auto due = static_cast<std::size_t>(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() *
        static_cast<double>(pushes.size()));
    for (; turn < due; ++turn) {
      const double share = static_cast<double>(turn % 89) / 100;
      pushes[turn % pushes.size()]->add({{share, 0.5, 0.25 * share, 0.1}});
      ++sent;
    }
    timer.expires_after(10ms);
    timer.async_wait([this](boost::system::error_code error) {
      if (!error) tick();
    });
  }
  std::uint64_t waiting() const {
    std::uint64_t all = 0;
    for (const auto& push : pushes) all += push->buffered();
    return all;
  }

  real::asio::io_context io{1};
  real::asio::steady_timer timer;
  std::vector<std::unique_ptr<real::Push>> pushes;
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  std::size_t turn = 0;
  std::uint64_t sent = 0;
};

void bench_collecting(const std::string& brink, int agents, int seconds) {
  const bench::Folder folder;
  const std::uint16_t port = free_port();
  write_fleet(folder.path(), agents, port);
  const fs::path keys = folder.path() / "fleet.sqlite.keys";
  fs::create_directory(keys);
  Senders senders{agents, port, keys};
  const Child child{{brink, "fleet", "watch", (folder.path() / "fleet.toml").string()}};
  const auto run_for = [&](std::chrono::milliseconds span) {
    senders.io.restart();
    senders.io.run_for(span);
  };
  senders.tick();
  const int warm = std::min(5, seconds);
  run_for(std::chrono::seconds{warm});
  const fs::path file = folder.path() / "fleet.sqlite";
  const auto taken = [&file] {
    return static_cast<double>(ask(file, "SELECT sum(next) FROM hosts"));
  };
  const double before = child.cpu_seconds(), taken_before = taken();
  // Senders that cannot keep up take longer than they were given.
  const double span = bench::seconds_of([&] { run_for(std::chrono::seconds{seconds}); });
  const double cores = (child.cpu_seconds() - before) / span;
  const double rate = (taken() - taken_before) / span;
  senders.timer.cancel();
  for (int i = 0; i < 2000 && senders.waiting() > 0; ++i) run_for(10ms);

  const std::string name = std::to_string(agents) + " agents at 1/s: ";
  bench::row(name + "stored", rate, "samples/s");
  bench::row(name + "CPU of the collector", cores, "cores",
             agents <= 1000 ? against(cores, goal_cores, "core") : "");
  bench::row(name + "resident memory", child.resident_mib(), "MiB",
             agents <= 1000 ? against(child.resident_mib(), goal_mib, "MiB") : "");
  const std::int64_t stored = (ask(file, "SELECT coalesce(sum(length(samples)), 0) FROM fresh") +
                               ask(file, "SELECT coalesce(sum(length(samples)), 0) FROM raw")) /
                              static_cast<std::int64_t>(real::packed_sample);
  bench::row(name + "samples sent", static_cast<double>(senders.sent), "");
  const auto waiting = static_cast<double>(senders.waiting());
  bench::row(name + "of them still at the agents", waiting, "");
  // Some may be stored whose answer was not read yet.
  const double lost =
      std::max(0.0, static_cast<double>(senders.sent) - waiting - static_cast<double>(stored));
  bench::row(name + "of them lost", lost, "", lost <= 0 ? "goal met: none" : "GOAL MISSED: none");
}

/// What the archive takes for a sample once it is packed, with its share of the averages.
void bench_size(int agents, int minutes) {
  const bench::Folder folder;
  real::Archive::Options options;
  options.file = folder.path() / "fleet.sqlite";
  for (int i = 0; i < agents; ++i) options.hosts.push_back({"h" + std::to_string(i), {}});
  real::Archive archive{options};
  const sim::Time start{sim::Duration{1'700'000'000s} / 1h * 1h};
  const double seconds = bench::seconds_of([&] {
    for (int s = 0; s < 60 * minutes; ++s) {
      archive.begin();
      for (int h = 0; h < agents; ++h) {
        real::ArchiveChange change;
        change.host = static_cast<std::size_t>(h);
        change.alive = start + 1s * s;
        change.state = {.counter = 1,
                        .session = 1,
                        .next = 1,
                        .uptime_s = 1,
                        .heard = change.alive,
                        .last_sample = change.alive};
        const auto share = static_cast<std::uint16_t>((s * 7919 + h * 104729) % 10'000);
        change.samples = {{change.alive, {share, 5000, 17, 42}}};
        archive.store(change);
      }
      archive.commit();
      if (s % 60 == 59) archive.keep(start + 1s * (s + 20));
    }
    archive.keep(start + 1min * (minutes + 1));
  });
  const double samples = 60.0 * minutes * agents;
  const auto bytes = static_cast<double>(ask(options.file, "PRAGMA page_count") -
                                         ask(options.file, "PRAGMA freelist_count")) *
                     static_cast<double>(ask(options.file, "PRAGMA page_size"));
  bench::row("archive: a sample, packed, averages included", bytes / samples, "bytes");
  const double gib = bytes / samples * 86'400 * 1000 / (1 << 30);
  bench::row("archive: a day of 1000 agents at 1/s", gib, "GiB",
             // Of a few samples, the empty file is most.
             agents >= 1000 ? against(gib, goal_gib_a_day, "GiB") : "");
  bench::row("archive: storing and packing a sample", seconds / samples * 1e6, "us");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: collector_bench BRINK [agents] [seconds]\n");
    return 2;
  }
  const int agents = argc > 2 ? std::atoi(argv[2]) : 1000;
  const int seconds = argc > 3 ? std::atoi(argv[3]) : 60;
  real::raise_descriptor_limit();
  bench_size(std::min(agents, 1000), seconds >= 60 ? 10 : 2);
  bench_collecting(argv[1], agents, seconds);
}
