#include "cli/real_run.hpp"

#include <algorithm>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>

#include "real/load.hpp"
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

}  // namespace

class RealRun::Play {
 public:
  Play(Options options, vm::ObservationSink& sink, std::atomic<bool>& stop)
      : options_(std::move(options)),
        scenario_(options_.scenario),
        meeting_(sink),
        stop_(stop),
        chronicle_(scenario_),
        journal_(options_.directory / record::journal_name),
        signals_(io_, SIGINT, SIGTERM, SIGHUP),
        follow_(io_),
        stage_(io_, options_for_stage(),
               {.on_ready = [this] { begin(); },
                .on_fault = [this](vm::MachineId m, std::string what) { tell_fault(m, what); },
                .read_journal = [this] { read_journal(); },
                .report = options_.report,
                .on_failure = [this](std::string why) { fail(std::move(why)); }}) {}

  vm::RunOutcome play();
  const std::string& failure() const { return failure_; }
  const real::Stage& stage() const { return stage_; }
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
  real::Stage::Options options_for_stage();

  const Options options_;
  const vm::Scenario& scenario_;
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

real::Stage::Options RealRun::Play::options_for_stage() {
  using std::filesystem::absolute;
  real::Stage::Options stage{
      .scenario = scenario_,
      .binary = options_.binary,
      .scenario_file = absolute(options_.directory / record::scenario_name),
      .journal = absolute(options_.directory / record::journal_name),
      .http = options_.http,
      .users = options_.users.empty() ? options_.users : absolute(options_.users),
      .http_words = options_.http_words,
      .on_reached = {},
      .quarters = options_.quarters,
      .places = options_.places,
      .patience = options_.patience};
  if (options_.on_reached) {
    stage.on_reached = [this](const real::Reached& at) { options_.on_reached(stage_, at); };
  }
  return stage;
}

vm::RunOutcome RealRun::Play::play() {
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
void RealRun::Play::begin() {
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
                          .transactions = options_.transactions},
      meeting_,
      [this](real::Load::Report report) {
        boost::asio::post(
            io_, [this, report = std::move(report)]() mutable { finish(std::move(report)); });
      },
      [this](std::string why) {
        boost::asio::post(io_, [this, why = std::move(why)] { fail("clients: " + why); });
      });
}

void RealRun::Play::finish(real::Load::Report report) {
  for (const std::string& remark : report.remarks) options_.report(remark);
  report_ = std::move(report);
  io_.stop();
}

void RealRun::Play::follow() {
  follow_.expires_after(follow_interval);
  follow_.async_wait([this](boost::system::error_code cancelled) {
    if (cancelled) return;
    read_journal();
    if (options_.meanwhile && start_) options_.meanwhile(wall(), stage_);
    if (stop_) end_early();
    follow();
  });
}

/// What happens after the last instant, while clients ask for their books, belongs to no run.
void RealRun::Play::read_journal() {
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

void RealRun::Play::tell_fault(vm::MachineId machine, const std::string& what) {
  vm::Batch batch;
  batch.now = now();
  batch.faults.push_back({batch.now, machine, what});
  meeting_.on(batch);
}

void RealRun::Play::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code cancelled, int) {
    if (cancelled) return;
    if (ending_) return io_.stop();  // asked twice: nobody is waited for any more
    stop_ = true;
    end_early();
    wait_for_signal();
  });
}

/// Clients begin nothing more, what is under way ends, and the books are closed.
void RealRun::Play::end_early() {
  if (std::exchange(ending_, true)) return;
  if (load_) return load_->stop();
  io_.stop();
}

void RealRun::Play::fail(std::string why) {
  if (failure_.empty()) failure_ = std::move(why);
  io_.stop();
}

// ---- RealRun -----------------------------------------------------------------------------------

RealRun::RealRun(Options options, vm::ObservationSink& sink, std::atomic<bool>& stop)
    : play_(std::make_unique<Play>(std::move(options), sink, stop)) {}

RealRun::~RealRun() = default;

vm::RunOutcome RealRun::play() {
  return play_->play();
}

const std::string& RealRun::failure() const {
  return play_->failure();
}

double RealRun::wall() const {
  return play_->wall();
}

const real::Stage& RealRun::stage() const {
  return play_->stage();
}

}  // namespace cli
