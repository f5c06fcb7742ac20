// brink sweep: one scenario in many variants, side by side on all cores, in one table.
//
// Every combination is loaded before the first is played, so that a mistake in one stops all while
// nothing has been done. Each run keeps its own directory; what one says does not depend on how
// many are played at once.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/scenario_arguments.hpp"
#include "cli/sweep_plan.hpp"
#include "cli/terminal.hpp"
#include "cli/text_table.hpp"
#include "cli/verbs.hpp"
#include "record/recorder.hpp"
#include "record/run_directory.hpp"
#include "record/text_file.hpp"
#include "sim/summary.hpp"
#include "vm/model/run.hpp"
#include "vm/scenario_toml.hpp"
#include "vm/spelling.hpp"

namespace cli {
namespace {

struct Wanted {
  std::filesystem::path out = "results";
  std::vector<std::string> varied;
  std::vector<std::string> figures;
  std::uint32_t seeds = 1;
  std::uint32_t threads = 0;
  bool quiet = false;
};

/// One run of the sweep: which settings, which seed, and what came of it.
struct Job {
  std::vector<std::string> settings;
  std::uint64_t seed = 0;
  std::vector<std::optional<double>> figures;
  std::string trouble;  // what kept it from ending well
  bool met = false;
};

class Sweep {
 public:
  Sweep(std::string file, ScenarioArguments arguments, Wanted wanted)
      : file_(std::move(file)), arguments_(std::move(arguments)), wanted_(std::move(wanted)) {
    for (const std::string& text : wanted_.varied) varied_.push_back(parse_vary(text));
  }

  int play() {
    if (!plan()) return exit_usage;
    std::atomic<bool>& stop = watch_for_interrupt();
    run_all(stop);
    write_csv();
    print();
    return verdict(stop);
  }

 private:
  /// Loads every combination once. False, with all mistakes on stderr, where one cannot be played.
  bool plan() {
    const std::size_t all = combinations(varied_);
    bool right = true;
    for (std::size_t i = 0; i < all; ++i) {
      std::vector<std::string> settings = arguments_.settings;
      const auto values = combination(varied_, i);
      for (std::size_t k = 0; k < varied_.size(); ++k)
        settings.push_back(varied_[k].key + '=' + values[k]);
      const auto scenario = vm::load_scenario(file_, settings, arguments_.seed);
      if (!scenario) {
        right = false;
        for (const vm::Issue& issue : scenario.issues())
          std::fprintf(stderr, "%s\n", to_string(issue).c_str());
        continue;
      }
      if (i == 0) choose_figures(*scenario);
      name_ = scenario->name;
      for (std::uint32_t n = 0; n < wanted_.seeds; ++n) {
        Job job;
        job.settings = settings;
        job.seed = scenario->seed + n;
        jobs_.push_back(std::move(job));
      }
    }
    return right;
  }

  void choose_figures(const vm::Scenario& scenario) {
    if (!wanted_.figures.empty()) {
      figures_ = wanted_.figures;
    } else if (scenario.consolidation) {
      figures_ = {"energy_kwh", "migrations", "host_shutdowns", "threshold_failures",
                  "slatah",     "pdm",        "slav",           "esv"};
    } else {
      figures_ = {"committed_share", "p50_ms",       "p99_ms", "sla_failures", "failovers",
                  "migrations",      "pause_ms_max", "lost",   "cost"};
    }
    std::vector<std::string> groups;
    for (const vm::ClientGroup& group : scenario.clients) groups.push_back(group.name);
    std::vector<std::string> known = vm::expectation_names(groups);
    if (scenario.consolidation)
      for (std::string& name : vm::consolidation_figure_names()) known.push_back(std::move(name));
    const std::vector<std::string_view> names(known.begin(), known.end());
    for (const std::string& figure : figures_) {
      if (std::find(known.begin(), known.end(), figure) != known.end()) continue;
      throw UsageError("--figure: no run has a figure " + vm::in_quotes(figure) +
                       vm::suggestion(figure, names));
    }
  }

  void run_all(std::atomic<bool>& stop) {
    const std::uint32_t cores = std::max(1u, std::thread::hardware_concurrency());
    const std::size_t threads =
        std::min<std::size_t>(jobs_.size(), wanted_.threads > 0 ? wanted_.threads : cores);
    std::atomic<std::size_t> next = 0, done = 0;
    const auto work = [&] {
      for (std::size_t i = next++; i < jobs_.size(); i = next++) {
        if (stop) {
          jobs_[i].trouble = "not played";
        } else {
          run_one(jobs_[i], stop);
        }
        tell(++done);
      }
    };
    std::vector<std::jthread> pool;
    for (std::size_t t = 1; t < threads; ++t) pool.emplace_back(work);
    work();
  }

  void run_one(Job& job, std::atomic<bool>& stop) {
    try {
      const auto scenario = vm::load_scenario(file_, job.settings, job.seed);
      if (!scenario) throw std::runtime_error(to_string(scenario.issues().front()));
      const auto directory =
          record::create_run_directory(wanted_.out, scenario->name, scenario->seed);
      record::Recorder recorder{directory, *scenario, "simulated"};
      const auto started = std::chrono::steady_clock::now();
      const auto outcome = vm::model::run(*scenario, {.sink = &recorder, .stop = &stop});
      const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - started;
      const auto summary = recorder.finish(outcome, wall.count(), wall.count());
      if (const auto failure = recorder.failed()) throw std::runtime_error(*failure);
      if (!summary) throw std::runtime_error(directory.string() + " cannot be read back");
      if (outcome.interrupted) throw std::runtime_error("interrupted");
      for (const std::string& name : figures_)
        job.figures.push_back(record::figure(*summary, name));
      job.met = summary->met();
    } catch (const std::exception& failure) {
      job.trouble = failure.what();
    }
  }

  void tell(std::size_t done) {
    if (wanted_.quiet || !is_terminal(stderr)) return;
    const std::lock_guard lock{mutex_};
    std::fprintf(stderr, "\r%zu of %zu runs%s", done, jobs_.size(),
                 done == jobs_.size() ? "\n" : "");
  }

  /// Every run, a row each.
  void write_csv() {
    std::filesystem::create_directories(wanted_.out);
    csv_ = wanted_.out / (name_ + "-sweep.csv");
    record::TextFile out{csv_};
    for (const Varied& one : varied_) out.write(quoted(one.key) + ',');
    out.write("seed");
    for (const std::string& figure : figures_) out.write(',' + figure);
    out.write(",met\r\n");
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      const Job& job = jobs_[i];
      if (!job.trouble.empty()) continue;
      for (const std::string& value : combination(varied_, i / wanted_.seeds))
        out.write(quoted(value) + ',');
      out.write_number(job.seed);
      for (const auto& value : job.figures) {
        out.write(',');
        if (value) out.write_number(*value);
      }
      out.write(job.met ? ",1\r\n" : ",0\r\n");
    }
    out.close();
  }

  static std::string quoted(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? std::string{"\"\""} : std::string{c};
    return quoted + '"';
  }

  /// A combination a row; with several seeds the means and their 95 % confidence.
  void print() {
    std::vector<TextTable::Column> columns;
    for (const Varied& one : varied_)
      columns.push_back({one.key.substr(one.key.rfind('.') + 1), TextTable::Align::left});
    for (const std::string& figure : figures_) columns.push_back({figure, TextTable::Align::right});
    columns.push_back({"", TextTable::Align::left});
    TextTable table{columns};
    for (std::size_t i = 0; i < jobs_.size(); i += wanted_.seeds) {
      std::vector<TextTable::Cell> row;
      for (const std::string& value : combination(varied_, i / wanted_.seeds))
        row.emplace_back(value);
      for (std::size_t f = 0; f < figures_.size(); ++f) row.emplace_back(cell(i, f));
      row.push_back(remark(i));
      table.add(std::move(row));
    }
    std::cout << printable(name_) << ": " << jobs_.size() << (jobs_.size() == 1 ? " run" : " runs");
    if (wanted_.seeds > 1) {
      std::cout << ", " << wanted_.seeds
                << " seeds each: mean and half of its 95 % confidence interval";
    }
    std::cout << "\n\n";
    table.print(std::cout, 0, static_cast<std::size_t>(std::max(columns_of_page(), 60)),
                wants_colour(stdout));
    std::cout << "\n" << csv_.string() << "\n";
    std::cout.flush();
  }

  static int columns_of_page() { return is_terminal(stdout) ? cli::columns(stdout) : 200; }

  std::string cell(std::size_t first, std::size_t figure) const {
    sim::Welford mean;
    for (std::size_t i = first; i < first + wanted_.seeds; ++i) {
      const Job& job = jobs_[i];
      if (job.trouble.empty() && job.figures[figure]) mean.add(*job.figures[figure]);
    }
    if (mean.count() == 0) return "-";
    std::string text = digits(mean.mean());
    if (mean.count() > 1) text += " ± " + digits(mean.interval().half_width);
    return text;
  }

  /// Whole numbers as such, others with six figures.
  static std::string digits(double value) {
    char text[48];
    const bool whole = std::fabs(value) < 1e15 && value == std::floor(value);
    std::snprintf(text, sizeof text, whole ? "%.0f" : "%.6g", value);
    return text;
  }

  TextTable::Cell remark(std::size_t first) const {
    std::size_t unmet = 0;
    for (std::size_t i = first; i < first + wanted_.seeds; ++i) {
      if (!jobs_[i].trouble.empty()) return {jobs_[i].trouble, Colour::red};
      if (!jobs_[i].met) ++unmet;
    }
    if (unmet == 0) return "";
    if (wanted_.seeds == 1) return {"not met", Colour::yellow};
    return {std::to_string(unmet) + " not met", Colour::yellow};
  }

  int verdict(const std::atomic<bool>& stop) const {
    int worst = stop ? exit_outside : exit_done;
    for (const Job& job : jobs_) {
      if (!job.trouble.empty()) worst = exit_outside;
      if (!job.met) worst = std::max(worst, exit_unmet);
    }
    return worst;
  }

  std::string file_;
  ScenarioArguments arguments_;
  Wanted wanted_;
  std::vector<Varied> varied_;
  std::string name_;
  std::vector<std::string> figures_;
  std::vector<Job> jobs_;  // combinations in order, the seeds of each together
  std::filesystem::path csv_;
  std::mutex mutex_;  // of stderr
};

constexpr const char* explanation =
    "usage: brink sweep [OPTIONS] FILE --vary KEY=A,B,C...\n\n"
    "Plays a scenario with every combination of the values, on all cores. One table here and as\n"
    "CSV; every run keeps its directory.\n\n";

constexpr const char* example =
    "\nexample: brink sweep scenarios/overload.toml --vary failover.policy=split,none --seeds 5\n"
    "exit: 0 all expectations of all runs met, 1 not, 2 bad input, 3 something outside failed\n";

}  // namespace

int sweep(Arguments arguments) {
  namespace po = boost::program_options;
  Wanted wanted;
  ScenarioArguments scenarios;
  Options options;
  scenarios.add_to(options);
  options.shown.add_options()("vary",
                              po::value(&wanted.varied)->composing()->value_name("KEY=A,B,C"),
                              "a key and its values; repeatable: every value meets every other")(
      "figure", po::value(&wanted.figures)->composing()->value_name("NAME"),
      "a column of the table, named as expectations name it; repeatable")(
      "seeds", po::value(&wanted.seeds)->value_name("N"),
      "play each combination under N seeds, from the scenario's on")(
      "threads", po::value(&wanted.threads)->value_name("N"), "at once (default: all cores)")(
      "out", po::value(&wanted.out)->value_name("DIR"),
      "where run directories and the table go (default: results)")(
      "quiet", po::bool_switch(&wanted.quiet), "no progress: the table alone");
  if (!options.parse(arguments)) {
    std::cout << explanation << options.shown << example;
    return exit_done;
  }
  if (scenarios.files.size() != 1) {
    throw UsageError("sweep needs one FILE; brink sweep --help shows an example");
  }
  if (wanted.varied.empty()) throw UsageError("sweep needs at least one --vary KEY=A,B,C");
  if (wanted.seeds == 0) throw UsageError("--seeds: expected at least 1");
  const std::string file = scenarios.files.front();
  return Sweep{file, std::move(scenarios), std::move(wanted)}.play();
}

}  // namespace cli
