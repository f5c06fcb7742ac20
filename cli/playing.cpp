#include "cli/playing.hpp"

#include <cstdio>
#include <iostream>

#include <sys/resource.h>

#include "cli/summary_text.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "vm/quantity.hpp"

namespace cli {

void Playing::add_to(Options& options) {
  namespace po = boost::program_options;
  options.shown.add_options()("out", po::value(&out)->value_name("DIR"),
                              "where run directories go (default: results)")(
      "transactions", po::bool_switch(&transactions), "also record every transaction (large)")(
      "quiet", po::bool_switch(&quiet), "no progress, no events: the summary alone")(
      "json", po::bool_switch(&json), "print summary.json and nothing else; events go to stderr");
}

void Playing::announce(const vm::Scenario& scenario, const std::filesystem::path& directory) const {
  if (!chatty()) return;
  std::printf("%s, seed %llu -> %s\n", scenario.name.c_str(),
              static_cast<unsigned long long>(scenario.seed), directory.c_str());
  std::fflush(stdout);
}

void Playing::show(const record::Summary& summary, const std::filesystem::path& directory) const {
  if (json) {
    std::cout << record::to_json(summary) << std::endl;
    return;
  }
  print_summary(std::cout, summary, {.colour = wants_colour(stdout), .width = columns(stdout)});
  std::cout.flush();
  // Again, since by now the first line may be far up.
  if (chatty()) std::printf("brink report %s  shows this again\n", directory.c_str());
}

Progress::Style Playing::progress_style() const {
  // With --json standard output is for the object alone.
  std::FILE* events = json ? stderr : stdout;
  return {
      .events = events, .bar = is_terminal(stderr), .colour = wants_colour(events), .quiet = quiet};
}

double cpu_seconds() {
  const auto of = [](int whom) {
    rusage usage{};
    getrusage(whom, &usage);
    const auto s = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return s(usage.ru_utime) + s(usage.ru_stime);
  };
  return of(RUSAGE_SELF) + of(RUSAGE_CHILDREN);
}

int verdict(const record::Recorder& recorder, const vm::Scenario& scenario,
            const vm::RunOutcome& outcome, const std::optional<record::Summary>& summary) {
  const auto outside = [](const std::string& what) {
    std::fprintf(stderr, "brink: %s\n", what.c_str());
    return exit_outside;
  };
  if (const auto failure = recorder.failed()) return outside(*failure);
  const std::string name = recorder.directory().string();
  if (!summary) return outside(name + ": cannot be read back");
  // Expectations that hold by half-time prove nothing, so this is no success.
  if (outcome.interrupted) {
    return outside(name + ": interrupted at " +
                   vm::format_duration(outcome.end.time_since_epoch()) + " of " +
                   vm::format_duration(scenario.duration) + "; all up to there is kept");
  }
  return summary->met() ? exit_done : exit_unmet;
}

}  // namespace cli
