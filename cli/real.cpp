// brink real: plays scenarios with real processes and keeps what they did.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <thread>

#include "cli/playing.hpp"
#include "cli/scenario_arguments.hpp"
#include "cli/verbs.hpp"
#include "real/load.hpp"
#include "real/stage.hpp"
#include "record/journal.hpp"
#include "record/run_directory.hpp"
#include "vm/chronicle.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;
using WallClock = std::chrono::steady_clock;

/// Between "everybody is there" and the first instant of the run: time for the clients to connect.
constexpr auto run_up = 300ms;
constexpr auto follow_interval = 50ms;

/// Lets the thread of the load and the thread of the stage tell one sink. `now` and `issued` only
/// grow, whoever tells them.
class Meeting : public vm::ObservationSink {
 public:
  explicit Meeting(vm::ObservationSink& sink) : sink_(sink) {}
  void on(const vm::Batch& batch) override {
    const std::lock_guard lock{mutex_};
    vm::Batch together = batch;
    together.now = now_ = std::max(now_, batch.now);
    together.issued = issued_ = std::max(issued_, batch.issued);
    sink_.on(together);
  }

 private:
  std::mutex mutex_;
  vm::ObservationSink& sink_;
  vm::Time now_{};
  std::uint64_t issued_ = 0;
};

/// The load on a thread of its own, so that nothing we do delays a transaction.
class LoadThread {
 public:
  LoadThread(const vm::Scenario& scenario, real::Load::Options options, vm::ObservationSink& sink,
             real::Load::Done done, std::function<void(std::string)> failed)
      : load_(io_, scenario, std::move(options), sink, std::move(done)) {
    load_.start();
    thread_ = std::thread{[this, failed = std::move(failed)] {
      try {
        io_.run();
      } catch (const std::exception& e) {
        failed(e.what());
      }
    }};
  }
  ~LoadThread() {
    io_.stop();
    thread_.join();
  }
  void stop() { load_.stop(); }

 private:
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  real::Load load_;
  std::thread thread_;
};

/// One run: stage and load, the journal that is followed, and how it ends.
class RealRun {
 public:
  RealRun(const vm::Scenario& scenario, const std::filesystem::path& directory,
          const Playing& playing, vm::ObservationSink& sink, std::atomic<bool>& stop)
      : scenario_(scenario),
        playing_(playing),
        meeting_(sink),
        stop_(stop),
        chronicle_(scenario),
        journal_(directory / record::journal_name),
        signals_(io_, SIGINT, SIGTERM, SIGHUP),
        follow_(io_),
        stage_(io_,
               {.scenario = scenario,
                .binary = std::filesystem::read_symlink("/proc/self/exe"),
                .scenario_file = std::filesystem::absolute(directory / record::scenario_name),
                .journal = std::filesystem::absolute(directory / record::journal_name)},
               {.on_ready = [this] { begin(); },
                .on_fault = [this](vm::MachineId m, std::string what) { tell_fault(m, what); },
                .read_journal = [this] { read_journal(); },
                .report = [this](const std::string& what) { report(what); },
                .on_failure = [this](std::string why) { fail(std::move(why)); }}) {}

  /// Returns when it is over and every process has ended.
  vm::RunOutcome play();
  /// Why it could not be played to its end; empty when it could, or was asked to stop.
  const std::string& failure() const { return failure_; }
  /// Seconds since the run's first instant.
  double wall() const {
    return start_ ? std::chrono::duration<double>(WallClock::now() - *start_).count() : 0;
  }

 private:
  vm::Time now() const {
    if (!start_) return {};
    return std::max(vm::Time{}, vm::Time{WallClock::now() - *start_});
  }
  void begin();
  void follow();
  void read_journal();
  void wait_for_signal();
  void end_early();
  void finish(real::Load::Report report);
  void fail(std::string why);
  void tell_fault(vm::MachineId machine, const std::string& what);
  void report(const std::string& what) const {
    if (!playing_.quiet) std::fprintf(stderr, "brink: %s\n", what.c_str());
  }

  const vm::Scenario& scenario_;
  const Playing& playing_;
  Meeting meeting_;
  std::atomic<bool>& stop_;
  vm::Chronicle chronicle_;
  record::JournalReader journal_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_;
  boost::asio::steady_timer follow_;
  real::Stage stage_;
  std::optional<WallClock::time_point> start_;
  std::optional<LoadThread> load_;
  std::optional<real::Load::Report> report_;
  std::string failure_;
  bool ending_ = false;
};

vm::RunOutcome RealRun::play() {
  wait_for_signal();
  stage_.start();
  follow();
  io_.run();
  load_.reset();
  read_journal();
  stage_.close();
  vm::RunOutcome outcome;
  if (report_) {
    outcome = std::move(report_->outcome);
  } else {
    outcome.world = "real";
    outcome.interrupted = true;
    outcome.end = std::min(now(), vm::Time{scenario_.duration});
    for (std::uint32_t g = 0; g < scenario_.clients.size(); ++g) {
      outcome.groups.push_back({.group = vm::GroupId{g}, .books = {}, .latency = {}});
    }
  }
  outcome.machines = chronicle_.machines(outcome.end);
  return outcome;
}

/// Everybody is there: the first instant is named, and the clients begin.
void RealRun::begin() {
  start_ = WallClock::now() + run_up;
  vm::Batch batch;
  chronicle_.begin(batch);
  meeting_.on(batch);
  stage_.begin(*start_);
  load_.emplace(
      scenario_,
      real::Load::Options{.gateway = stage_.gateway(),
                          .token = [this] { return stage_.token(real::Role::client); },
                          .start_ns = start_->time_since_epoch() / 1ns,
                          .transactions = playing_.transactions},
      meeting_,
      [this](real::Load::Report report) {
        boost::asio::post(
            io_, [this, report = std::move(report)]() mutable { finish(std::move(report)); });
      },
      [this](std::string why) {
        boost::asio::post(io_, [this, why = std::move(why)] { fail("clients: " + why); });
      });
}

void RealRun::finish(real::Load::Report report) {
  for (const std::string& remark : report.remarks) this->report(remark);
  report_ = std::move(report);
  io_.stop();
}

void RealRun::follow() {
  follow_.expires_after(follow_interval);
  follow_.async_wait([this](boost::system::error_code cancelled) {
    if (cancelled) return;
    read_journal();
    if (stop_) end_early();
    follow();
  });
}

/// What happens after the last instant, while clients ask for their books, belongs to no run.
void RealRun::read_journal() {
  const auto entries = journal_.poll();
  if (!entries) return fail(entries.error());
  vm::Batch batch;
  const vm::Time end{scenario_.duration};
  for (const record::JournalEntry& entry : *entries) {
    const auto* told = std::get_if<record::TimedFact>(&entry);
    if (told == nullptr) continue;
    stage_.heard(told->fact);
    if (told->at <= end) chronicle_.tell(told->at, told->fact, batch);
  }
  if (batch.rows() > 0) meeting_.on(batch);
}

void RealRun::tell_fault(vm::MachineId machine, const std::string& what) {
  vm::Batch batch;
  batch.now = now();
  batch.faults.push_back({batch.now, machine, what});
  meeting_.on(batch);
}

void RealRun::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code cancelled, int) {
    if (cancelled) return;
    if (ending_) return io_.stop();  // asked twice: nobody is waited for any more
    stop_ = true;
    end_early();
    wait_for_signal();
  });
}

/// Clients begin nothing more, what is under way ends, and the books are closed.
void RealRun::end_early() {
  if (std::exchange(ending_, true)) return;
  if (load_) return load_->stop();
  io_.stop();
}

void RealRun::fail(std::string why) {
  if (failure_.empty()) failure_ = std::move(why);
  io_.stop();
}

int play(const vm::Scenario& scenario, const Playing& playing, std::atomic<bool>& stop) {
  const auto directory = record::create_run_directory(playing.out, scenario.name, scenario.seed);
  record::Recorder recorder{directory, scenario, "real"};
  Progress progress{scenario, playing.progress_style()};
  Watcher watcher{recorder, progress, stop};
  playing.announce(scenario, directory);
  const double cpu_started = cpu_seconds();
  RealRun run{scenario, directory, playing, watcher, stop};
  const vm::RunOutcome outcome = run.play();
  const double wall = run.wall();
  progress.clear_bar();
  const auto summary = recorder.finish(outcome, wall, cpu_seconds() - cpu_started);
  if (!run.failure().empty()) {
    std::fprintf(stderr, "brink: %s: %s\n", directory.c_str(), run.failure().c_str());
    return exit_outside;
  }
  if (summary) playing.show(*summary, directory);
  return verdict(recorder, scenario, outcome, summary);
}

void print_help(const Options& options) {
  std::cout << "usage: brink real [OPTIONS] FILE...\n\n"
               "Plays each scenario with real processes on this host: a gateway, an agent, and a\n"
               "node for each machine; clients send at the scenario's instants. What each client\n"
               "was told is looked up in the nodes' stores at the end.\n\n"
            << options.shown
            << "\nexample: brink real scenarios/overload.toml --set "
               "failover.policy=\"fresh-machine\"\n"
               "exit: 0 all expectations met, 1 not, 2 bad input, 3 something outside failed or\n"
               "interrupted it\n";
}

}  // namespace

int real_world(Arguments arguments) {
  Playing playing;
  ScenarioArguments scenarios;
  Options options;
  scenarios.add_to(options);
  playing.add_to(options);
  if (!options.parse(arguments)) {
    print_help(options);
    return exit_done;
  }
  if (playing.json && scenarios.files.size() > 1) {
    throw UsageError("--json takes one FILE at a time");
  }
  const auto loaded = scenarios.load();
  if (!loaded) return exit_usage;
  for (const vm::Scenario& scenario : *loaded) {
    if (scenario.changes.empty()) continue;
    throw UsageError(scenario.name + ": has [[change]], which only a simulation can repeat");
  }
  std::atomic<bool> stop{false};
  int worst = exit_done;
  for (const vm::Scenario& scenario : *loaded) {
    if (stop) {
      std::fprintf(stderr, "brink: %s: not played\n", scenario.name.c_str());
      continue;
    }
    worst = std::max(worst, play(scenario, playing, stop));
  }
  return worst;
}

}  // namespace cli
