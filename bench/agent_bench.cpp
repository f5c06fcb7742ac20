// What watching a host costs: CPU time of one sample and of one scrape, and memory, beside
// node_exporter where it is installed (Debian: prometheus-node-exporter), with the same five
// collectors and with its defaults.
//
//   agent_bench BRINK [samples, default 20000] [scrapes, default 150, at most 150]
//
// More scrapes at once than 150 would meet the agent's limit on them. CPU is what the scheduler
// says (schedstat), of all threads; the client's is not in it.
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "bench/bench.hpp"
#include "real/agent.hpp"
#include "real/asio.hpp"
#include "real/metrics.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr double goal_us = 60;  // CPU of a sample
constexpr double goal_mib = 5;
constexpr std::size_t least_page = 5'000;  // a shorter one is a refusal

double thread_cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::string against(double figure, double goal, const char* unit) {
  return (figure <= goal ? "goal met: " : "GOAL MISSED: ") +
         std::to_string(static_cast<int>(goal)) + " " + unit;
}

void bench_samples(int samples) {
  real::Agent agent{{}};
  for (int i = 0; i < 100; ++i) agent.sample();
  double before = thread_cpu_seconds();
  for (int i = 0; i < samples; ++i) agent.sample();
  const double us = (thread_cpu_seconds() - before) * 1e6 / samples;
  bench::row("agent: one sample of the host", us, "us CPU", against(us, goal_us, "us"));

  real::MetricsText page;
  before = thread_cpu_seconds();
  for (int i = 0; i < samples; ++i) real::write_metrics(agent.host_reading(), agent, page);
  bench::row("agent: writing its page", (thread_cpu_seconds() - before) * 1e6 / samples, "us CPU",
             std::to_string(page.text().size()) + " bytes");
}

/// A child that is killed at the end.
class Child {
 public:
  explicit Child(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    for (const int out : {1, 2}) {
      posix_spawn_file_actions_addopen(&quiet, out, "/dev/null", O_WRONLY, 0);
    }
    if (::posix_spawn(&pid_, argv[0], &quiet, nullptr, argv.data(), environ) != 0) std::abort();
    posix_spawn_file_actions_destroy(&quiet);
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  double cpu_seconds() const {
    real::TextBuffer buffer;
    double all = 0;
    for (const auto& thread : fs::directory_iterator(folder() / "task")) {
      const auto text = real::ProcFile{thread.path() / "schedstat"}.read(buffer);
      const auto time = real::parse_schedstat(text.value_or(""));
      if (time) all += static_cast<double>(time->on_cpu_ns) * 1e-9;
    }
    return all;
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

/// Bytes of one scrape on a connection of its own, as Prometheus does after a pause; 0: not up yet.
std::size_t scrape(std::uint16_t port) {
  real::asio::io_context io;
  real::tcp::socket socket{io};
  boost::system::error_code error;
  socket.connect({real::asio::ip::address_v4::loopback(), port}, error);
  if (error) return 0;
  const std::string request =
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  real::asio::write(socket, real::asio::buffer(request), error);
  std::string page;
  real::asio::read(socket, real::asio::dynamic_buffer(page), error);
  return page.size();
}

void bench_scrapes(const std::string& name, int scrapes, std::vector<std::string> words,
                   std::uint16_t port, bool ours) {
  const Child child{std::move(words)};
  for (int i = 0; i < 500 && scrape(port) == 0; ++i) std::this_thread::sleep_for(10ms);
  for (int i = 0; i < 20; ++i) scrape(port);
  const auto cost_of_one = [&](std::chrono::milliseconds pause) {
    const double before = child.cpu_seconds();
    for (int i = 0; i < scrapes; ++i) {
      if (scrape(port) < least_page) std::abort();
      std::this_thread::sleep_for(pause);
    }
    return (child.cpu_seconds() - before) * 1e6 / scrapes;
  };
  bench::row(name + ": one scrape of many", cost_of_one(0ms), "us CPU");
  bench::row(name + ": one scrape now and then", cost_of_one(20ms), "us CPU", "caches cold");
  const double mib = child.resident_mib();
  bench::row(name + ": resident memory", mib, "MiB", ours ? against(mib, goal_mib, "MiB") : "");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: agent_bench BRINK [samples] [scrapes]\n");
    return 2;
  }
  const int samples = argc > 2 ? std::atoi(argv[2]) : 20'000;
  const int scrapes = argc > 3 ? std::atoi(argv[3]) : 150;
  bench_samples(samples);
  const std::uint16_t port = free_port();
  bench_scrapes("agent", scrapes,
                {argv[1], "agent", "--listen", "127.0.0.1:" + std::to_string(port)}, port, true);

  const std::string peer = "/usr/bin/prometheus-node-exporter";
  if (!fs::exists(peer)) {
    std::printf("node_exporter is not installed: apt-get install prometheus-node-exporter\n");
    return 0;
  }
  const std::uint16_t other = free_port();
  const std::string listen = "--web.listen-address=127.0.0.1:" + std::to_string(other);
  bench_scrapes(
      "node_exporter, 5 collectors", scrapes,
      {peer, listen, "--collector.disable-defaults", "--collector.cpu", "--collector.meminfo",
       "--collector.diskstats", "--collector.netdev", "--collector.loadavg"},
      other, false);
  const std::uint16_t third = free_port();
  bench_scrapes("node_exporter", scrapes,
                {peer, "--web.listen-address=127.0.0.1:" + std::to_string(third)}, third, false);
}
