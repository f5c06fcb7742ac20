// brink replay: tells the facts of a run's journal to fresh decision makers and compares what they
// order with what was ordered then.
#include <filesystem>
#include <iostream>

#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "record/journal.hpp"
#include "record/run_directory.hpp"
#include "vm/control_plane.hpp"
#include "vm/scenario_toml.hpp"
#include "vm/spelling.hpp"

namespace cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* explanation =
    "usage: brink replay RUN\n\n"
    "Tells every fact in the journal of a real run to a fresh control plane, with its time, and\n"
    "compares the orders that it gives with those in the journal.\n\n";
constexpr const char* example =
    "\nexample: brink replay results/overload-42\n"
    "exit: 0 the same orders, 1 others (the first difference is shown), 2 no such run,\n"
    "      3 its journal makes no sense\n";

vm::Scenario scenario_of(const fs::path& run) {
  auto loaded = vm::load_scenario(run / record::scenario_name);
  if (loaded) return std::move(*loaded);
  std::string all;
  for (const vm::Issue& issue : loaded.issues()) all += to_string(issue) + "\n";
  all.pop_back();
  throw UsageError(all);
}

/// Compares as it goes: the orders of a fact stand right behind it.
class Replay {
 public:
  explicit Replay(const vm::Scenario& scenario) : plane_(scenario) {}

  /// False at the first difference, which is kept.
  bool on(const record::JournalEntry& entry) {
    if (const auto* order = std::get_if<record::TimedOrder>(&entry)) {
      if (next_ < expected_.size() && expected_[next_] == order->line) {
        ++next_;
        ++orders_;
        return true;
      }
      return differ(next_ < expected_.size() ? expected_[next_] : "nothing more", order->line);
    }
    // The last fact's orders may be missing from a journal that was cut short, but no others.
    if (next_ < expected_.size()) return differ(expected_[next_], "nothing more");
    const auto& [at, fact] = std::get<record::TimedFact>(entry);
    std::vector<vm::Order> orders;
    plane_.step(at, fact, orders);
    expected_.clear();
    next_ = 0;
    for (const vm::Order& order : orders) expected_.push_back(record::journal_line(at, order));
    ++facts_;
    return true;
  }

  std::size_t facts() const { return facts_; }
  std::size_t orders() const { return orders_; }
  const std::string& difference() const { return difference_; }

 private:
  bool differ(const std::string& now, const std::string& then) {
    difference_ = "after fact " + std::to_string(facts_) + "\n  then: " + then + "\n  now:  " + now;
    return false;
  }
  vm::ControlPlane plane_;
  std::vector<std::string> expected_;
  std::size_t next_ = 0, facts_ = 0, orders_ = 0;
  std::string difference_;
};

}  // namespace

int replay(Arguments arguments) {
  std::vector<std::string> runs;
  Options options;
  options.add_rest("RUN", runs);
  if (!options.parse(arguments)) {
    std::cout << explanation << options.shown << example;
    return exit_done;
  }
  if (runs.size() != 1) throw UsageError("expected one RUN; example: results/overload-42");
  const fs::path run = runs.front();
  if (!fs::exists(run / record::journal_name)) {
    throw UsageError(runs.front() + ": has no " + record::journal_name +
                     "; only runs in the real world keep one");
  }
  const vm::Scenario scenario = scenario_of(run);
  const auto entries = record::read_journal(run / record::journal_name);
  if (!entries) throw std::runtime_error(entries.error());
  Replay replayed{scenario};
  for (const record::JournalEntry& entry : *entries) {
    if (replayed.on(entry)) continue;
    std::cout << "the orders differ " << replayed.difference() << '\n';
    return exit_unmet;
  }
  std::cout << replayed.facts() << " facts, " << replayed.orders() << " orders: all the same\n";
  return exit_done;
}

}  // namespace cli
