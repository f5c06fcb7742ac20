// How many small transactions a second does a real run carry, and what of that does the load engine
// cost?
//
//   capacity_bench [RATE] [SECONDS]           e.g. capacity_bench 20000 10
//   capacity_bench --whole [RATE] [SECONDS]
//
// The first is the load engine against a gateway that does nothing but answer, on a thread of its
// own: the floor of every real run's figures. Goal: at most 10 us of CPU a transaction, so that
// 20,000 of them a second leave most of two cores to the gateway and the node. The second is all of
// it: `brink real` with its gateway, its agent, one node that syncs each write before it is
// acknowledged, and the books at the end. Goal: 20,000 a second on two cores.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <unordered_map>

#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/bench.hpp"
#include "bench/folder.hpp"
#include "real/link.hpp"
#include "real/load.hpp"
#include "real/sequence_ranges.hpp"
#include "vm/ledger.hpp"

namespace {

double cpu_of_this_thread() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/// Answers at once, and remembers what it must to be audited.
class Answerer {
 public:
  Answerer()
      : listener_(
            io_, {}, [](const real::Hello&) { return std::string{}; },
            [this](std::shared_ptr<real::Link> link, const real::Hello&) {
              link_ = std::move(link);
              link_->start([this](real::Message& m) { on(m); }, [](const std::string&) {});
            }),
        thread_([this] {
          io_.run();
          cpu_ = cpu_of_this_thread();
        }) {}
  std::string address() const { return listener_.address(); }
  double stop() {
    io_.stop();
    thread_.join();
    return cpu_;
  }

 private:
  struct Owner {
    real::SequenceSet held;
    vm::Digest applied;
  };
  void on(real::Message& message) {
    if (const auto* p = std::get_if<real::Perform>(&message)) {
      Owner& owner = owners_[p->tenant.value];
      if (owner.held.add(p->sequence)) owner.applied.add(p->tenant, p->sequence);
      link_->send(real::Answer{.id = p->id});
    } else if (const auto* audit = std::get_if<real::Audit>(&message)) {
      const Owner& owner = owners_[audit->tenant.value];
      link_->send(real::Audited{.tenant = audit->tenant,
                                .served = true,
                                .count = owner.applied.count,
                                .sum = owner.applied.sum,
                                .held = real::ranges_of(owner.held)});
    }
  }

  real::asio::io_context io_;
  std::shared_ptr<real::Link> link_;
  std::unordered_map<std::uint32_t, Owner> owners_;
  real::Listener listener_;
  double cpu_ = 0;
  std::thread thread_;
};

vm::Scenario small_writes(double rate, int seconds) {
  vm::Scenario s;
  s.name = "capacity";
  s.duration = std::chrono::seconds{seconds};
  s.transactions.push_back({.name = "write",
                            .steps = {{vm::Resource::cpu, sim::Distribution{sim::Constant{0}}}},
                            .memory = {},
                            .write = vm::Bytes{100}});
  vm::ClientGroup group;
  group.name = group.stream = "writers";
  group.count = 1000;
  group.arrivals = vm::Poisson{{{{vm::Time{}, rate}}}};
  group.mix = {1};
  group.timeout = std::chrono::seconds{2};
  s.clients.push_back(group);
  s.durability.log = vm::Log::synced;
  return s;
}

struct Nobody final : vm::ObservationSink {
  void on(const vm::Batch&) override {}
};

int load_engine(double rate, int seconds) {
  const vm::Scenario scenario = small_writes(rate, seconds);
  Answerer gateway;
  Nobody nobody;
  real::asio::io_context io;
  std::optional<real::Load::Report> report;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  real::Load load{
      io,
      scenario,
      {.gateway = gateway.address(),
       .token = {},
       .start_ns = std::chrono::nanoseconds{now + std::chrono::milliseconds{100}}.count()},
      nobody,
      [&](real::Load::Report r) {
        report = std::move(r);
        io.stop();
      }};
  const double before = cpu_of_this_thread();
  load.start();
  io.run();
  const double cpu = cpu_of_this_thread() - before;
  const double gateway_cpu = gateway.stop();

  const vm::GroupOutcome& group = report->outcome.groups.at(0);
  const auto committed = static_cast<double>(group.books[vm::Outcome::committed]);
  bench::row("asked for", rate, "1/s");
  bench::row("committed", committed / seconds, "1/s");
  bench::row("latency p50", static_cast<double>(group.latency.quantile(0.5)) * 1e-3, "us");
  bench::row("latency p99", static_cast<double>(group.latency.quantile(0.99)) * 1e-3, "us");
  bench::row("CPU of the load engine", cpu / committed * 1e6, "us each", "goal: at most 10");
  bench::row("CPU of the gateway that only answers", gateway_cpu / committed * 1e6, "us each");
  for (const std::string& remark : report->remarks) std::printf("%s\n", remark.c_str());
  for (const std::string& complaint : report->outcome.complaints) std::puts(complaint.c_str());
  return report->outcome.books_balance ? 0 : 1;
}

constexpr const char* whole_scenario = R"(
[scenario]
name = "capacity"
duration = "SECONDS s"
[flavor.one]
cores = 1
memory = "1 GiB"
disk = "1 GB/s"
network = "10 Gbit/s"
[[fleet]]
flavor = "one"
[transaction.put]
steps = [{ network = "100 B" }]
write = "100 B"
[[clients]]
name = "writers"
count = 1000
arrivals = "poisson"
rate = "RATE /s"
mix = { put = 1.0 }
timeout = "5 s"
[durability]
log = "synced"
[failover]
policy = "none"
)";

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  return text.replace(text.find(word), word.size(), by);
}

/// Its standard output; throws where it does not end with 0.
std::string said_by(const std::string& command) {
  FILE* const out = ::popen(command.c_str(), "r");
  if (out == nullptr) throw std::runtime_error("no process");
  std::string text;
  char part[4096];
  while (const std::size_t n = std::fread(part, 1, sizeof part, out)) text.append(part, n);
  if (::pclose(out) != 0) throw std::runtime_error(command + ": failed");
  return text;
}

int whole(double rate, int seconds) {
  namespace fs = std::filesystem;
  try {
    const bench::Folder desk;
    const std::string folder = desk.path();
    std::ofstream(folder + "/capacity.toml") << replaced(
        replaced(whole_scenario, "RATE", std::to_string(rate)), "SECONDS", std::to_string(seconds));
    const fs::path brink = fs::canonical("/proc/self/exe").parent_path() / "brink";
    const auto summary = nlohmann::json::parse(
        said_by(brink.string() + " real " + folder + "/capacity.toml --out " + folder + " --json"));
    const auto& done = summary.at("transactions");
    const auto& latency = summary.at("latency_ms");
    bench::row("asked for", rate, "1/s", "goal: 20000");
    bench::row("committed", done.at("committed").get<double>() / seconds, "1/s",
               "of " +
                   std::to_string(done.at("issued").get<std::uint64_t>() /
                                  static_cast<std::uint64_t>(seconds)) +
                   " issued");
    bench::row("latency p50", latency.at("p50").get<double>(), "ms");
    bench::row("latency p99", latency.at("p99").get<double>(), "ms");
    bench::row("lost", done.at("lost").get<double>(), "");
    bench::row("duplicated", done.at("duplicated").get<double>(), "");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "capacity_bench: %s\n", e.what());
    return 3;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words{argv + 1, argv + argc};
  const bool all = !words.empty() && words[0] == "--whole";
  if (all) words.erase(words.begin());
  const double rate = words.empty() ? 20'000 : std::atof(words[0].c_str());
  const int seconds = words.size() < 2 ? 10 : std::atoi(words[1].c_str());
  if (rate <= 0 || seconds <= 0) {
    std::fprintf(stderr, "usage: capacity_bench [--whole] [RATE] [SECONDS]\n");
    return 2;
  }
  return all ? whole(rate, seconds) : load_engine(rate, seconds);
}
