// How long does a migration keep everybody waiting, and how fast is it? And what does a small
// transaction cost a node?
//
//   migration_bench [RECORDS [MIGRATIONS [WRITES_PER_SECOND]]]      default 1000000 10 2000
//   migration_bench --transactions [COUNT [TENANTS]]                default 200000 200
//
// Two processes are the nodes, `brink node` as it is; this one plays the gateway: it writes at its
// rate, open loop, moves the tenant to and fro by the orders of the migration table, and holds what
// the freeze takes back. The pause is the longest time between two acknowledgements from the first
// byte copied to the last redirect; everything acknowledged is synced. At the end the owner's full
// set is compared with what was acknowledged. Then Redis does the same, where it is installed
// (bench/redis_peer.hpp).
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <unistd.h>

#include "bench/bench.hpp"
#include "bench/folder.hpp"
#include "bench/node_gateway.hpp"
#include "bench/redis_peer.hpp"
#include "real/now.hpp"

namespace {

using namespace real;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using bench::cpu_seconds;
using bench::NodeGateway;

constexpr vm::TenantId tenant{1};
/// Of the copy, in bytes/s: a quarter above what is wanted. Unlimited it is faster still, and its
/// writing keeps the disk from the transactions' syncs.
constexpr double bandwidth = 187e6;

/// Open loop: a write every so often, whatever happens to the others.
class Writer {
 public:
  Writer(NodeGateway& gateway, double rate) : gateway_(gateway), rate_(rate), begin_(now()) {
    gateway.on_answer = [this](const Answer& answer) { take(answer); };
    gateway.each_turn = [this] { send_due(); };
  }

  void send_due() {
    const double due = rate_ * sim::seconds(now() - begin_);
    for (; static_cast<double>(next_) < due; ++next_) send(next_);
  }
  void hold() { holding_ = true; }
  void go_to(std::size_t owner, vm::Epoch epoch) {
    owner_ = owner;
    epoch_ = epoch;
    holding_ = false;
    for (const auto n : std::exchange(held_, {})) send(n);
  }
  /// Longest time without an acknowledgement since the last call.
  vm::Duration longest_gap() { return std::exchange(longest_, {}); }
  void finish() {
    gateway_.each_turn = {};
    while (acknowledged.size() < next_) gateway_.turn();
  }

  std::set<std::uint64_t> acknowledged;

 private:
  void send(std::uint64_t n) {
    if (holding_) return held_.push_back(n);
    gateway_.send(owner_, Perform{.id = n,
                                  .tenant = tenant,
                                  .sequence = n,
                                  .epoch = epoch_,
                                  .value = std::string(1024, 'w'),
                                  .steps = {}});
  }
  void take(const Answer& answer) {
    if (answer.result == Result::frozen) return held_.push_back(answer.id);
    if (answer.result != Result::committed) throw std::runtime_error("a write was not committed");
    acknowledged.insert(answer.id);
    const vm::Time at = now();
    if (last_ != vm::Time{}) longest_ = std::max(longest_, at - last_);
    last_ = at;
  }

  NodeGateway& gateway_;
  const double rate_;
  const vm::Time begin_;
  std::uint64_t next_ = 0;
  std::size_t owner_ = 0;
  vm::Epoch epoch_ = 1;
  bool holding_ = false;
  std::vector<std::uint64_t> held_;
  vm::Time last_{};
  vm::Duration longest_{};
};

struct Moved {
  double seconds = 0, bytes = 0, gap_ms = 0, pause_ms = 0;
};

/// By the table of docs/FAILOVER.md: rounds until what is left fits 70 % of a pause of 20 ms at
/// 150 MB/s, then freeze, rest, verify, switch over.
Moved move(NodeGateway& gateway, Writer& writer, std::size_t from, vm::Attempt attempt,
           vm::Epoch epoch) {
  const std::size_t to = 1 - from;
  writer.longest_gap();
  const vm::Time begin = now();
  gateway.send(from, StartCopy{attempt, tenant, vm::MachineId{static_cast<std::uint32_t>(to)},
                               gateway.node(to).address, bandwidth});
  Copied copied = gateway.await<Copied>();
  Moved moved{.bytes = static_cast<double>(copied.copied.count)};
  std::uint32_t round = 0;
  while (copied.dirty.count > 150'000 && round < 30) {
    gateway.send(from, CopyRound{attempt, ++round});
    copied = gateway.await<Copied>();
    moved.bytes += static_cast<double>(copied.copied.count);
  }
  const vm::Time frozen = now();
  writer.hold();
  gateway.send(from, Freeze{attempt});
  gateway.await<Frozen>();
  gateway.send(from, CopyRound{attempt, ++round});
  moved.bytes += static_cast<double>(gateway.await<Copied>().copied.count);
  gateway.send(from, Verify{attempt});
  if (!gateway.await<Verified>().equal) throw std::runtime_error("the copies are not equal");
  gateway.send(to, TakeOver{attempt, tenant, epoch});
  gateway.await<TakenOver>();
  writer.go_to(to, epoch);
  moved.pause_ms = sim::milliseconds(now() - frozen);
  gateway.send(from, Fence{tenant, epoch, gateway.node(to).address});
  gateway.await<Fenced>();
  const vm::Time end = now();
  moved.seconds = sim::seconds(end - begin);
  for (const vm::Time until = end + 50ms; now() < until;) gateway.turn();
  moved.gap_ms = sim::milliseconds(writer.longest_gap());
  return moved;
}

void check_books(NodeGateway& gateway, std::size_t owner, const Writer& writer) {
  gateway.send(owner, Audit{tenant});
  std::uint64_t held = 0, count = 0, missing = 0;
  std::vector<Range> ranges;
  for (bool more = true; more;) {
    const Audited part = gateway.await<Audited>();
    ranges.insert(ranges.end(), part.held.begin(), part.held.end());
    count = part.count;
    more = part.more;
  }
  for (const Range& range : ranges) held += range.last - range.first + 1;
  for (const auto n : writer.acknowledged) {
    const auto after = std::ranges::upper_bound(ranges, n, {}, &Range::first);
    if (after == ranges.begin() || std::prev(after)->last < n) ++missing;
  }
  bench::row("acknowledged writes", static_cast<double>(writer.acknowledged.size()), "");
  bench::row("  of them lost", static_cast<double>(missing), "");
  bench::row("  applied twice", static_cast<double>(count - held), "");
  if (missing != 0 || count != held) std::exit(1);
}

void tell(int number, const Moved& one) {
  std::printf("  %2d: %.2f s, %.0f MB/s, longest gap %.1f ms", number, one.seconds,
              one.bytes / one.seconds / 1e6, one.gap_ms);
  if (one.pause_ms > 0) std::printf(", of it frozen %.1f ms", one.pause_ms);
  std::printf("\n");
  std::fflush(stdout);
}

struct Middle {
  double gap_ms = 0, rate = 0;
};

Middle tell_middle(const std::string& who, const std::vector<Moved>& all) {
  const auto sorted = [&all](auto value) {
    std::vector<double> values;
    for (const Moved& one : all) values.push_back(value(one));
    std::ranges::sort(values);
    return values;
  };
  const auto middle = [](const std::vector<double>& v) {
    return (v[(v.size() - 1) / 2] + v[v.size() / 2]) / 2;
  };
  const auto gaps = sorted([](const Moved& one) { return one.gap_ms; });
  const double rate =
      middle(sorted([](const Moved& one) { return one.bytes / one.seconds / 1e6; }));
  bench::row(who + ": longest gap, median", middle(gaps), "ms", "wanted: <= 20");
  bench::row(who + ": longest gap, worst", gaps.back(), "ms");
  bench::row(who + ": rate, median", rate, "MB/s", "wanted: >= 150");
  return {middle(gaps), rate};
}

Middle migrations(const fs::path& brink, const fs::path& folder, std::int64_t records, int times,
                  double rate) {
  NodeGateway gateway{brink, folder, 2};
  gateway.on_answer = [](const Answer&) {};
  gateway.send(0, Own{tenant, 1, {records * 1024}, {}});
  gateway.await<Owned>();
  Writer writer{gateway, rate};
  const auto write_for = [&](vm::Duration span) {
    for (const vm::Time until = now() + span; now() < until;) gateway.turn();
  };
  const vm::Duration pause = records > 100'000 ? 2s : 200ms;
  // What the disk does to syncs when nothing moves, for about as long as a migration takes.
  const auto rest = [&](const char* when) {
    write_for(pause);
    writer.longest_gap();
    write_for(3 * pause);
    bench::row(when, sim::milliseconds(writer.longest_gap()), "ms");
  };
  rest("nothing moves, before: longest gap");
  std::vector<Moved> all;
  std::size_t owner = 0;
  for (int i = 0; i < times; ++i) {
    write_for(pause);
    const auto number = static_cast<std::uint32_t>(i + 1);
    all.push_back(move(gateway, writer, owner, vm::Attempt{number}, number + 1));
    owner = 1 - owner;
    tell(i + 1, all.back());
  }
  rest("nothing moves, after: longest gap");
  writer.finish();
  const Middle middle = tell_middle("migration", all);
  check_books(gateway, owner, writer);
  return middle;
}

/// One hand-over, from the first byte to the first acknowledgements of the new owner.
Moved hand_over(bench::RedisServer& from, bench::RedisServer& to, bench::RedisWriter& writer,
                std::int64_t records) {
  writer.longest_gap();
  const vm::Time begin = now();
  to.ask({"REPLICAOF", "127.0.0.1", std::to_string(from.port())});
  const auto behind = [&] {
    return to.info("replication", "master_link_status") != "up" ||
           from.info("replication", "connected_slaves") != "1" ||
           from.info("replication", "slave0").find("state=online") == std::string::npos;
  };
  for (vm::Time look = now(); now() < look || behind();) {
    if (now() >= look) look = now() + 20ms;
    writer.turn();
  }
  from.ask({"FAILOVER", "TO", "127.0.0.1", std::to_string(to.port())});
  while (!writer.refused()) writer.turn();
  writer.go_to(to);
  const vm::Time end = now();
  for (const vm::Time until = end + 50ms; now() < until;) writer.turn();
  return {.seconds = sim::seconds(end - begin),
          .bytes = static_cast<double>(records * 1024),
          .gap_ms = sim::milliseconds(writer.longest_gap())};
}

Middle redis(const fs::path& folder, std::int64_t records, int times, double rate) {
  asio::io_context io;
  const auto port = static_cast<std::uint16_t>(20'000 + ::getpid() % 10'000);
  std::array<std::unique_ptr<bench::RedisServer>, 2> servers;
  for (std::size_t i = 0; i < 2; ++i) {
    servers[i] = std::make_unique<bench::RedisServer>(io, folder / ("redis" + std::to_string(i)),
                                                      static_cast<std::uint16_t>(port + i));
  }
  servers[0]->ask({"DEBUG", "POPULATE", std::to_string(records), "record", "1024"});
  for (auto& server : servers) server->ask({"CONFIG", "SET", "appendonly", "yes"});
  while (servers[0]->info("persistence", "aof_rewrite_in_progress") != "0" ||
         servers[0]->info("persistence", "aof_rewrite_scheduled") != "0") {
    std::this_thread::sleep_for(100ms);
  }
  bench::RedisWriter writer{io, *servers[0], rate};
  std::vector<Moved> all;
  std::size_t owner = 0;
  for (int i = 0; i < times; ++i) {
    for (const vm::Time until = now() + 2s; now() < until;) writer.turn();
    all.push_back(hand_over(*servers[owner], *servers[1 - owner], writer, records));
    servers[owner]->ask({"REPLICAOF", "NO", "ONE"});  // the next move is a whole one again
    servers[owner]->ask({"FLUSHALL", "ASYNC"});
    owner = 1 - owner;
    tell(i + 1, all.back());
  }
  writer.finish();
  const Middle middle = tell_middle("Redis", all);
  std::size_t missing = 0;
  for (const auto n : writer.acknowledged) {
    if (servers[owner]->ask({"EXISTS", bench::RedisWriter::key(n)}) != "1") ++missing;
  }
  bench::row("acknowledged writes", static_cast<double>(writer.acknowledged.size()), "");
  bench::row("  of them lost", static_cast<double>(missing), "");
  return middle;
}

void beside(const Middle& ours, const fs::path& folder, std::int64_t records, int times,
            double rate) {
  if (!fs::exists("/usr/bin/redis-server")) {
    std::printf("Redis left out: there is no /usr/bin/redis-server (package redis-server)\n");
    return;
  }
  const Middle theirs = redis(folder, records, times, rate);
  bench::row("gap, Redis / ours", theirs.gap_ms / ours.gap_ms, "");
  bench::row("rate, ours / Redis", ours.rate / theirs.rate, "");
}

void transactions(const fs::path& brink, const fs::path& folder, std::uint64_t count,
                  std::uint32_t tenants) {
  NodeGateway gateway{brink, folder, 1};
  std::uint64_t done = 0;
  gateway.on_answer = [&](const Answer&) { ++done; };
  for (std::uint32_t i = 0; i < tenants; ++i) {
    gateway.send(0, Own{vm::TenantId{i}, 1, {1024}, {}});
    gateway.await<Owned>();
  }
  const double before = cpu_seconds(gateway.node(0).pid());
  const vm::Time begin = now();
  std::uint64_t sent = 0;
  constexpr double rate = 20'000;
  while (done < count) {
    const auto due = static_cast<std::uint64_t>(rate * sim::seconds(now() - begin));
    for (; sent < std::min(due, count); ++sent) {
      gateway.send(0, Perform{.id = sent,
                              .tenant = vm::TenantId{static_cast<std::uint32_t>(sent % tenants)},
                              .sequence = sent / tenants,
                              .epoch = 1,
                              .value = std::string(100, 'w'),
                              .steps = {}});
    }
    gateway.turn();
  }
  const double seconds = sim::seconds(now() - begin);
  const double used = cpu_seconds(gateway.node(0).pid()) - before;
  bench::row("transactions acknowledged", static_cast<double>(count) / seconds, "/s",
             "offered: 20000");
  bench::row("CPU of the node for each", used / static_cast<double>(count) * 1e6, "us",
             "wanted: <= 20");
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> words{argv + 1, argv + argc};
  if (std::ranges::count(words, "--help") > 0) {
    std::puts(
        "migration_bench [RECORDS [MIGRATIONS [WRITES_PER_SECOND]]]   1000000 10 2000\n"
        "migration_bench --transactions [COUNT [TENANTS]]             200000 200");
    return 0;
  }
  const auto number = [&](std::size_t i, std::int64_t otherwise) {
    return i < words.size() ? std::stoll(words[i]) : otherwise;
  };
  const fs::path brink = fs::canonical("/proc/self/exe").parent_path() / "brink";
  try {
    const bench::Folder folder;
    const fs::path& name = folder.path();
    if (!words.empty() && words[0] == "--transactions") {
      transactions(brink, name, static_cast<std::uint64_t>(number(1, 200'000)),
                   static_cast<std::uint32_t>(number(2, 200)));
    } else {
      const std::int64_t records = number(0, 1'000'000);
      const int times = static_cast<int>(number(1, 10));
      const auto rate = static_cast<double>(number(2, 2'000));
      const Middle ours = migrations(brink, name, records, times, rate);
      beside(ours, name, records, times, rate);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "migration_bench: %s\n", e.what());
    return 3;
  }
}
