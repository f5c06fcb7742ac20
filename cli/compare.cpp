// brink compare: every figure of two runs side by side, from their run.sqlite alone.
#include <iostream>

#include <nlohmann/json.hpp>

#include "cli/comparison.hpp"
#include "cli/options.hpp"
#include "cli/summary_page.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "record/reader.hpp"

namespace cli {
namespace {

constexpr const char* explanation =
    "usage: brink compare [OPTIONS] RUN RUN\n\n"
    "Prints the figures of two runs side by side, with the difference of the second from the\n"
    "first. RUN is a run directory or the run.sqlite in it, of either world.\n\n";

constexpr const char* example =
    "\nexample: brink compare results/overload-42 results/overload-42-2\n"
    "exit: 0 compared, 2 a RUN cannot be read\n";

using Json = nlohmann::ordered_json;

struct Run {
  std::string path;
  record::Summary summary;
};

Run open(const std::string& path) {
  const auto reader = record::Reader::open(path);
  if (!reader) throw UsageError{reader.error()};
  auto summary = reader->summary();
  if (!summary) throw UsageError{summary.error()};
  return {path, std::move(*summary)};
}

std::string text_of(BooksCompared books) {
  switch (books) {
    case BooksCompared::equal:
      return "equal: both balance, with the same writes";
    case BooksCompared::different:
      return "different";
    case BooksCompared::unknown:
      return "unknown: not both runs finished";
  }
  return "unknown";
}

// ---- For people --------------------------------------------------------------------------------

void print_runs(SummaryPage& page, const Run& first, const Run& second) {
  using Align = TextTable::Align;
  TextTable runs{{{"", Align::left},
                  {"run", Align::left},
                  {"scenario", Align::left},
                  {"seed", Align::left},
                  {"world", Align::left},
                  {"capacity", Align::left, true}}};
  for (const Run* run : {&first, &second}) {
    const record::Summary& s = run->summary;
    runs.add({run == &first ? "first" : "second", run->path, s.scenario, s.seed, s.world,
              s.capacity.empty() ? "not said" : s.capacity});
  }
  page.heading("RUNS");
  page.table(runs);
  for (const std::string& note : comparison_notes(first.summary, second.summary)) page.text(note);
}

void print_figures(SummaryPage& page, const Run& first, const Run& second) {
  const auto figures = compare_figures(first.summary, second.summary);
  const auto other =
      std::ranges::count_if(figures, [](const ComparedFigure& f) { return f.difference() != 0.0; });
  page.heading("FIGURES", counted(figures.size()) + ", " +
                              counted(static_cast<std::uint64_t>(other)) + " of them different");
  TextTable table{{{"", TextTable::Align::left}, {"first"}, {"second"}, {"difference"}, {""}}};
  for (const ComparedFigure& f : figures) {
    const Colour tint = f.difference() == 0.0 ? Colour::dim : Colour::none;
    table.add({{f.name, tint},
               {text_of(f.unit, f.first), tint},
               {text_of(f.unit, f.second), tint},
               {difference_of(f), tint},
               {percent_of(f), tint}});
  }
  page.table(table);
}

void print(const Run& first, const Run& second) {
  const auto width = static_cast<std::size_t>(columns(stdout));
  SummaryPage page{std::cout, wants_colour(stdout), std::min<std::size_t>(width, 110)};
  print_runs(page, first, second);
  print_figures(page, first, second);
  const BooksCompared books = compare_books(first.summary, second.summary);
  page.heading("BOOKS", text_of(books));
  for (const Run* run : {&first, &second}) {
    if (run->summary.books_balance == false) {
      page.text("THE BOOKS OF " + run->path + " DO NOT BALANCE", Colour::red);
    }
  }
  page.blank();
}

// ---- For programs ------------------------------------------------------------------------------

Json json(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json json(const Run& run) {
  const record::Summary& s = run.summary;
  return {{"run", run.path},
          {"scenario", s.scenario},
          {"seed", s.seed},
          {"world", s.world},
          {"capacity", s.capacity.empty() ? Json(nullptr) : Json(s.capacity)},
          {"finished", s.finished},
          {"books_balance", s.books_balance ? Json(*s.books_balance) : Json(nullptr)}};
}

std::string to_json(const Run& first, const Run& second) {
  Json object{{"first", json(first)}, {"second", json(second)}};
  const BooksCompared books = compare_books(first.summary, second.summary);
  object["books_equal"] =
      books == BooksCompared::unknown ? Json(nullptr) : Json(books == BooksCompared::equal);
  object["notes"] = comparison_notes(first.summary, second.summary);
  Json& figures = object["figures"] = Json::array();
  for (const ComparedFigure& f : compare_figures(first.summary, second.summary)) {
    figures.push_back({{"name", f.name},
                       {"first", json(f.first)},
                       {"second", json(f.second)},
                       {"difference", json(f.difference())},
                       {"percent", json(f.percent())}});
  }
  return object.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

int compare(Arguments arguments) {
  namespace po = boost::program_options;
  std::vector<std::string> runs;
  bool as_json = false;
  Options options;
  options.add_rest("RUN", runs);
  options.shown.add_options()("json", po::bool_switch(&as_json),
                              "print one JSON object and nothing else");
  if (!options.parse(arguments)) {
    std::cout << explanation << options.shown << example;
    return exit_done;
  }
  if (runs.size() != 2) {
    throw UsageError{"compare needs two RUNs, got " + std::to_string(runs.size()) +
                     "; brink compare --help shows an example"};
  }
  const Run first = open(runs[0]), second = open(runs[1]);
  if (as_json) {
    std::cout << to_json(first, second) << '\n';
  } else {
    print(first, second);
  }
  return exit_done;
}

}  // namespace cli
