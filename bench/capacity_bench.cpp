// What the load engine costs: small writes at a fixed rate against a gateway that does nothing but
// answer, on a thread of its own. Its figures are the floor of every real run's: what a gateway and
// a node take comes on top.
//
//   capacity_bench [RATE] [SECONDS]   e.g. capacity_bench 20000 10
//
// Goal: at most 10 us of CPU a transaction, so that 20,000 of them a second leave most of two cores
// to the gateway and the node.
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>
#include <unordered_map>

#include <sys/resource.h>

#include "bench/bench.hpp"
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

}  // namespace

int main(int argc, char** argv) {
  const double rate = argc > 1 ? std::atof(argv[1]) : 20'000;
  const int seconds = argc > 2 ? std::atoi(argv[2]) : 10;
  if (rate <= 0 || seconds <= 0) {
    std::fprintf(stderr, "usage: capacity_bench [RATE] [SECONDS]\n");
    return 2;
  }
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
