// brink report: prints the summary of a run again, from its run.sqlite alone.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iostream>

#include "cli/options.hpp"
#include "cli/summary_text.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "cli/view_source.hpp"
#include "record/reader.hpp"
#include "record/run_directory.hpp"
#include "viz/ui/picture.hpp"

namespace cli {
namespace {

constexpr const char* explanation =
    "usage: brink report [OPTIONS] RUN...\n\n"
    "Prints the summary of a run again. RUN is a run directory or the run.sqlite in it; the run "
    "may\n"
    "have been killed, or still be under way.\n\n";

constexpr const char* example =
    "\nexample: brink report results/overload-42\n"
    "         brink report results/overload-42 --png\n"
    "         brink report results/overload-42 --csv /tmp/overload --png /tmp/overload\n"
    "exit: 0 all expectations met, 1 not, 2 RUN cannot be read, 3 files cannot be written\n";

struct Wanted {
  std::vector<std::string> runs;
  std::string csv, png;
  bool json = false;
};

/// What --csv and --png mean without a DIR: the run's own folder. No path can look like it.
constexpr const char* beside_the_run = "//run";

/// Gives --csv and --png that value where none follows them.
std::vector<std::string> completed(Arguments arguments) {
  std::vector<std::string> words{arguments.begin(), arguments.end()};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool alone = i + 1 == words.size() || words[i + 1].starts_with("-");
    if (alone && (words[i] == "--csv" || words[i] == "--png"))
      words[i] += std::string{"="} + beside_the_run;
  }
  return words;
}

std::filesystem::path place(const std::string& wanted, const std::string& run) {
  if (wanted == beside_the_run) return record::database_of(run).parent_path();
  return wanted;
}

/// cpu.png, latency.png ...: what the window's timeline shows, chart by chart.
void write_charts(const std::string& run, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  const auto session = open_recorded(run);
  const viz::ui::PictureOptions options{
      .app = {.width = 1400, .height = 340, .light = true, .calm = true},
      .at = {},
      .selection = {},
      .view = {}};
  for (auto& [name, image] : viz::ui::chart_pictures(*session, options)) {
    std::string file = name + ".png";
    for (char& c : file) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    viz::ui::write_png(image, folder / file);
  }
}

int show(const std::string& run, const Wanted& wanted) {
  const auto reader = record::Reader::open(run);
  if (!reader) throw UsageError{reader.error()};
  const auto summary = reader->summary();
  if (!summary) throw UsageError{summary.error()};
  if (!wanted.csv.empty()) {
    const std::filesystem::path folder = place(wanted.csv, run);
    std::filesystem::create_directories(folder);
    reader->export_csv(folder);
  }
  if (!wanted.png.empty()) write_charts(run, place(wanted.png, run));
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
      "csv", po::value(&wanted.csv)->value_name("DIR"),
      "write the CSV files again, to DIR or into the run's folder")(
      "png", po::value(&wanted.png)->value_name("DIR"),
      "write each chart as a picture, to DIR or into the run's folder");
  if (!options.parse(completed(arguments))) {
    std::cout << explanation << options.shown << example;
    return exit_done;
  }
  if (wanted.runs.empty())
    throw UsageError{"report needs a RUN; brink report --help shows an example"};
  if (wanted.runs.size() > 1 && (wanted.json || !wanted.csv.empty() || !wanted.png.empty())) {
    throw UsageError{"--json, --csv and --png take one RUN at a time"};
  }
  int worst = exit_done;
  for (const std::string& run : wanted.runs) worst = std::max(worst, show(run, wanted));
  return worst;
}

}  // namespace cli
