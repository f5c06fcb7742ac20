// brink report: prints the summary of a run again, from its run.sqlite alone.
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "cli/options.hpp"
#include "cli/summary_text.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "record/reader.hpp"

namespace cli {
namespace {

constexpr const char* explanation =
    "usage: brink report [OPTIONS] RUN...\n\n"
    "Prints the summary of a run again. RUN is a run directory or the run.sqlite in it; the run "
    "may\n"
    "have been killed, or still be under way.\n\n";

constexpr const char* example =
    "\nexample: brink report results/overload-42\n"
    "         brink report results/overload-42 --csv /tmp/overload\n"
    "exit: 0 all expectations met, 1 not, 2 RUN cannot be read, 3 the CSV cannot be written\n";

struct Wanted {
  std::vector<std::string> runs;
  std::string csv;
  bool json = false;
};

int show(const std::string& run, const Wanted& wanted) {
  const auto reader = record::Reader::open(run);
  if (!reader) throw UsageError{reader.error()};
  const auto summary = reader->summary();
  if (!summary) throw UsageError{summary.error()};
  if (!wanted.csv.empty()) {
    std::filesystem::create_directories(wanted.csv);
    reader->export_csv(wanted.csv);
  }
  if (wanted.json) {
    std::cout << record::to_json(*summary) << '\n';
  } else {
    print_summary(std::cout, *summary, {.colour = wants_colour(stdout), .width = columns(stdout)});
  }
  return summary->met() ? exit_done : exit_unmet;
}

}  // namespace

int report(Arguments arguments) {
  namespace po = boost::program_options;
  Wanted wanted;
  Options options;
  options.add_rest("RUN", wanted.runs);
  options.shown.add_options()("json", po::bool_switch(&wanted.json),
                              "print summary.json and nothing else")(
      "csv", po::value(&wanted.csv)->value_name("DIR"), "write the CSV files again, to DIR");
  if (!options.parse(arguments)) {
    std::cout << explanation << options.shown << example;
    return exit_done;
  }
  if (wanted.runs.empty())
    throw UsageError{"report needs a RUN; brink report --help shows an example"};
  if (wanted.runs.size() > 1 && (wanted.json || !wanted.csv.empty())) {
    throw UsageError{"--json and --csv take one RUN at a time"};
  }
  int worst = exit_done;
  for (const std::string& run : wanted.runs) worst = std::max(worst, show(run, wanted));
  return worst;
}

}  // namespace cli
