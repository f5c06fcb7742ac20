// brink report: prints the summary of a run again, from its run.sqlite alone.
#include <algorithm>
#include <filesystem>
#include <iostream>

#include <boost/program_options.hpp>

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

struct Options {
  std::vector<std::string> runs;
  std::string csv;
  bool json = false;
};

int show(const std::string& run, const Options& options) {
  const auto reader = record::Reader::open(run);
  if (!reader) throw UsageError{reader.error()};
  const auto summary = reader->summary();
  if (!summary) throw UsageError{summary.error()};
  if (!options.csv.empty()) {
    std::filesystem::create_directories(options.csv);
    reader->export_csv(options.csv);
  }
  if (options.json) {
    std::cout << record::to_json(*summary) << '\n';
  } else {
    print_summary(std::cout, *summary, {.colour = wants_colour(stdout), .width = columns(stdout)});
  }
  std::cout.flush();
  if (!std::cout) throw std::runtime_error{"cannot write to standard output"};
  return summary->met() ? exit_done : exit_unmet;
}

}  // namespace

int report(Arguments arguments) {
  namespace po = boost::program_options;
  Options options;
  po::options_description visible{"options"};
  visible.add_options()("json", po::bool_switch(&options.json),
                        "print summary.json and nothing else")(
      "csv", po::value(&options.csv)->value_name("DIR"), "write the CSV files again, to DIR")(
      "help", "show this help");
  po::options_description all;
  all.add(visible).add_options()("run", po::value(&options.runs));
  po::positional_options_description positional;
  positional.add("run", -1);
  po::variables_map values;
  po::store(po::command_line_parser(std::vector<std::string>{arguments.begin(), arguments.end()})
                .options(all)
                .positional(positional)
                .run(),
            values);
  if (values.count("help") != 0) {
    std::cout << explanation << visible << example;
    return exit_done;
  }
  po::notify(values);
  if (options.runs.empty())
    throw UsageError{"report needs a RUN; brink report --help shows an example"};
  if (options.runs.size() > 1 && (options.json || !options.csv.empty())) {
    throw UsageError{"--json and --csv take one RUN at a time"};
  }
  int worst = exit_done;
  for (const std::string& run : options.runs) worst = std::max(worst, show(run, options));
  return worst;
}

}  // namespace cli
