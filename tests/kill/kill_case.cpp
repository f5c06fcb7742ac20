#include "tests/kill/kill_case.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <thread>

#include "cli/real_run.hpp"
#include "record/journal.hpp"
#include "record/run_directory.hpp"
#include "tests/kill/network.hpp"
#include "tests/kill/processes.hpp"
#include "tests/real/folder.hpp"
#include "vm/scenario_toml.hpp"

namespace kill_table {
namespace {

using namespace std::chrono_literals;
using real::Moment;

constexpr vm::MachineId first_source{0}, second_copies{3};
/// Whoever is answered to what he asks so long after the blow is served again: it has been noticed.
constexpr vm::Duration aftermath = 2500ms;
/// The second migration has come to its end as well, most often.
constexpr vm::Time earliest_end{4s};

// A tenant is 4 MiB, copied in 0.8 s while some 0.5 MB of it are written again: too much for 70 %
// of a pause of 40 ms at 5 MB/s, so there is a second round, after which the rest fits. Freezing
// may take five pauses; on a busy host it is tried again.
constexpr std::string_view scenario_text = R"([scenario]
name = "kill"
duration = "30 s"

[flavor.near]
cores = 0.2
memory = "MEMORY"
disk = "200 MB/s"
network = "800 Mbit/s"

[flavor.far]
cores = 0.2
memory = "512 MiB"
disk = "200 MB/s"
network = "800 Mbit/s"

[[fleet]]
name = "near"
flavor = "near"
count = 1
spare = 2

[[fleet]]
name = "far"
flavor = "far"
count = 1

[transaction.put]
steps = [{ network = "1 KiB" }]
write = "16 KiB"

[[clients]]
name = "waiting"
count = 4
think = "20 ms"
timeout = "500 ms"
retry = { attempts = 100, backoff = "20 ms", jitter = false }
state = "4 MiB"
keep = "4 MiB"

[[clients]]
name = "coming"
count = 4
rate = "150 /s"
timeout = "2 s"
retry = { attempts = 10, backoff = "50 ms" }
state = "4 MiB"
keep = "4 MiB"

[durability]
log = "synced"
replicas = REPLICAS

[sla]
threshold = { memory = "55 %", cpu = "100 %", disk = "100 %", network = "100 %" }
clear = { memory = "50 %", cpu = "95 %", disk = "95 %", network = "95 %" }
window = "400 ms"
sample = "100 ms"

[failover]
policy = "split"
pause = "40 ms"
bandwidth = "5 MB/s"
attempts = 50
cooldown = "60 s"
at_once = 1
detect = "600 ms"
)";

vm::Scenario scenario_of(const KillCase& c) {
  std::string text{scenario_text};
  const auto put = [&](std::string_view name, const std::string& value) {
    text.replace(text.find(name), name.size(), value);
  };
  // Four tenants of 4 MiB are 61 %; with two copies machine 0 holds four of machine 3 as well.
  put("MEMORY", c.replicas == 2 ? "52 MiB" : "26 MiB");
  put("REPLICAS", std::to_string(c.replicas));
  return *vm::parse_scenario(text, "kill.toml");
}

std::chrono::microseconds under_way(const KillCase& c) {
  if (c.after > 0us) return c.after;
  if (c.moment == Moment::copying) return 300ms;
  if (c.moment == Moment::copy_round) return 40ms;
  return 1ms;
}

/// Another build of brink than the tests' own, where somebody names one.
std::string binary() {
  const char* other = std::getenv("BRINK_BINARY");
  return other == nullptr ? BRINK : other;
}

/// When each client was last told that its write is safe, and the longest that one waited. Ends the
/// run when all is well again: on a busy host that takes longer.
class Watch final : public vm::ObservationSink {
 public:
  Watch(const vm::Scenario& scenario, const std::atomic<bool>& struck, std::atomic<bool>& stop)
      : struck_(struck),
        stop_(stop),
        asking_(scenario.clients[0].count),
        last_(scenario.tenant_count()),
        back_(scenario.tenant_count()) {}

  void on(const vm::Batch& batch) override {
    if (struck_ && struck_at_ == sim::never) struck_at_ = batch.now;
    for (const vm::TransactionRow& row : batch.transactions) {
      if (row.outcome == vm::Outcome::committed) acknowledged(row);
    }
    for (const vm::NoticeRow& row : batch.notices) {
      if (const auto* ended = std::get_if<vm::MigrationEnded>(&row.notice)) {
        ++(ended->aborted ? aborted : moved);
      }
    }
    if (batch.now > earliest_end && all_back()) stop_ = true;
  }

  /// Seconds; none while somebody is not served.
  std::optional<double> away() const {
    return all_back() ? std::optional{sim::seconds(longest_)} : std::nullopt;
  }
  std::uint32_t moved = 0, aborted = 0;

 private:
  void acknowledged(const vm::TransactionRow& row) {
    vm::Time& last = last_[row.client.value];
    if (row.client.value < asking_ && last != vm::Time{}) {
      longest_ = std::max(longest_, row.ended - last);
    }
    last = std::max(last, row.ended);
    const bool after = struck_at_ != sim::never && row.issued > struck_at_ + aftermath;
    if (after) back_[row.client.value] = true;
  }
  bool all_back() const { return std::ranges::count(back_, false) == 0; }

  const std::atomic<bool>& struck_;
  std::atomic<bool>& stop_;
  std::uint32_t asking_;  // of the clients, those that ask again when they are answered
  std::vector<vm::Time> last_;
  std::vector<bool> back_;
  vm::Time struck_at_ = sim::never;
  vm::Duration longest_{};
};

/// Does what the case says, once.
class Striker {
 public:
  Striker(const KillCase& c, const Network* network, std::atomic<bool>& struck)
      : case_(c), network_(network), struck_(struck) {}

  void on(real::Stage& stage, const real::Reached& at) {
    for (const Part& part : parts_of(stage.folder())) {
      if (part.verb == "node") nodes_.push_back(part);
    }
    if (struck_ || at.moment != case_.moment || at.from != first_source) return;
    struck_ = true;
    parts_ = parts_of(stage.folder());
    from_ = at.from;
    to_ = at.to;
    if (case_.held) return strike();
    late_ = std::jthread{[this] {
      std::this_thread::sleep_for(under_way(case_));
      strike();
    }};
  }

  /// Nothing was there to be struck.
  bool missed() const { return missed_; }
  const std::vector<Part>& nodes() const { return nodes_; }

 private:
  vm::MachineId machine(Role role) const {
    if (role == Role::source) return from_;
    if (role == Role::target) return to_;
    return role == Role::second ? second_copies : vm::no_machine;
  }
  pid_t pid(Role role) const {
    if (role == Role::clients) return -1;
    const vm::MachineId id = machine(role);
    const std::string verb = role == Role::gateway ? "gateway"
                             : role == Role::agent ? "agent"
                                                   : "node";
    return find(parts_, verb, id).value_or(-1);
  }

  void strike() {
    switch (case_.blow) {
      case Blow::kill:
      case Blow::hang:
        for (const Role victim : case_.victims) {
          const pid_t whom = pid(victim);
          const bool hit =
              whom > 0 && ::kill(whom, case_.blow == Blow::kill ? SIGKILL : SIGSTOP) == 0;
          if (!hit) missed_ = true;
        }
        return;
      case Blow::cut: {
        const Role one = case_.victims[0], other = case_.victims[1];
        std::size_t count = 0;  // the kernel's table is read while it changes
        for (int tries = 0; tries < 3 && count == 0; ++tries) {
          count = other == Role::clients ? cut_accepted(pid(one), pid(Role::agent))
                                         : cut(pid(one), pid(other));
        }
        if (count == 0) missed_ = true;
        return;
      }
      case Blow::cut_off:
        for (const Role victim : case_.victims) network_->cut_off(machine(victim));
        return;
    }
  }

  const KillCase& case_;
  const Network* network_;
  std::vector<Part> parts_;
  vm::MachineId from_, to_;
  std::vector<Part> nodes_;  // that there have been
  std::atomic<bool>& struck_;
  std::atomic<bool> missed_{false};
  std::jthread late_;
};

void check_nothing_is_left(const std::filesystem::path& folder, const Striker& striker,
                           bool own_network, KillResult& result) {
  const auto complain = [&](const std::string& what) { result.complaints.push_back(what); };
  for (const Part& part : parts_of(folder)) complain("a process is left: " + part.verb);
  if (std::filesystem::exists(folder)) complain("its folder is left");
  for (const std::string& group : groups_of(striker.nodes())) complain(group + " is left");
  if (!own_network) return;
  for (const std::string& port : listening_here()) complain("port " + port + " is left");
}

}  // namespace

std::string describe(const KillCase& c) {
  constexpr std::array blows{"kill", "hang", "cut", "cut off"};
  constexpr std::array roles{"source", "target", "second", "gateway", "agent", "clients"};
  std::string text{to_string(c.moment)};
  if (!c.held) text += " under way";
  if (c.after > 0us) text += " for " + std::to_string(c.after.count()) + " us";
  text += ": ";
  text += blows[static_cast<std::size_t>(c.blow)];
  for (std::size_t i = 0; i < c.victims.size(); ++i) {
    text += i == 0 ? " " : c.blow == Blow::cut ? "-" : " and ";
    text += roles[static_cast<std::size_t>(c.victims[i])];
  }
  return text + (c.replicas == 2 ? ", 2 copies" : ", 1 copy");
}

KillResult play(const KillCase& c) {
  const vm::Scenario scenario = scenario_of(c);
  const real_test::Folder directory;
  std::ofstream{directory.path() / record::scenario_name} << scenario.text;
  const std::unique_ptr<Network> network = Network::try_enter();
  KillResult result;
  if (c.blow == Blow::cut_off && !network) {
    result.skipped = "no network namespaces here";
    return result;
  }
  std::atomic<bool> stop{false}, struck{false};
  Watch watch{scenario, struck, stop};
  Striker striker{c, network.get(), struck};
  std::filesystem::path folder;
  std::vector<std::string> said;
  {
    cli::RealRun::Options options{
        .scenario = scenario,
        .directory = directory.path(),
        .binary = binary(),
        .transactions = true,
        .report = [&](const std::string& line) { said.push_back(line); },
        .on_reached = [&](real::Stage& stage, const real::Reached& at) { striker.on(stage, at); },
        .quarters = {}};
    if (c.blow == Blow::cut_off) {
      options.quarters = [&](vm::MachineId machine) { return network->quarters(machine); };
    }
    cli::RealRun run{std::move(options), watch, stop};
    folder = run.stage().folder();
    const vm::RunOutcome outcome = run.play();
    for (const vm::GroupOutcome& group : outcome.groups) {
      result.acknowledged += group.books.acknowledged;
      result.lost += group.books.lost;
      result.duplicated += group.books.duplicated;
    }
    result.away = watch.away();
    if (!run.failure().empty()) result.complaints.push_back(run.failure());
    if (!outcome.books_balance) result.complaints.push_back("the books do not balance");
    for (const std::string& complaint : outcome.complaints) result.complaints.push_back(complaint);
  }
  result.struck = struck;
  result.moved = watch.moved;
  result.aborted = watch.aborted;
  if (striker.missed()) result.complaints.push_back("there was nothing to strike");
  check_nothing_is_left(folder, striker, network != nullptr, result);
  if (run_quietly({binary(), "replay", directory.path()}) != 0) {
    result.complaints.push_back("its journal gives other orders");
  }
  return result;
}

}  // namespace kill_table
