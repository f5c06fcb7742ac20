// Who was served and how fast, what the books say, and what was expected.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/summary_page.hpp"

namespace cli {
namespace {

using Align = TextTable::Align;

std::vector<TextTable::Cell> count_row(const std::string& name, const record::Counts& counts,
                                       const record::Counts& last) {
  const auto bad = [](std::uint64_t n) {
    return TextTable::Cell{counted(n), n > 0 ? Colour::yellow : Colour::none};
  };
  return {name,
          counted(counts.issued),
          counted(counts.committed),
          bad(counts.refused),
          bad(counts.timed_out),
          bad(counts.failed),
          counted(counts.retries),
          share(counts.committed_share()),
          share(last.committed_share())};
}

std::vector<TextTable::Cell> latency_row(const std::string& name,
                                         const std::optional<record::Latency>& l) {
  if (!l) return {name, "-", "-", "-", "-", "-", "-"};
  return {name,
          latency(l->mean_ms),
          latency(l->p50_ms),
          latency(l->p90_ms),
          latency(l->p99_ms),
          latency(l->p999_ms),
          latency(l->max_ms)};
}

/// The figure as its expectation writes it: a share in per cent where that is how it was wanted.
std::string got(const vm::Verdict& verdict) {
  if (!verdict.got) return "unknown";
  if (verdict.want.ends_with('%')) return share(verdict.got);
  char text[40];
  std::snprintf(text, sizeof text, *verdict.got == std::floor(*verdict.got) ? "%.15g" : "%.6g",
                *verdict.got);
  return text;
}

}  // namespace

void print_clients(SummaryPage& page, const record::Summary& s) {
  constexpr std::size_t most = 20;
  if (s.groups.empty()) return;
  page.heading("CLIENTS");
  TextTable counts{{{"", Align::left},
                    {"issued"},
                    {"committed"},
                    {"refused"},
                    {"timed out"},
                    {"failed"},
                    {"retries", Align::right, true},
                    {"share"},
                    {"last tenth"}}};
  TextTable latencies{{{"", Align::left}, {"mean"}, {"p50"}, {"p90"}, {"p99"}, {"p99.9"}, {"max"}}};
  const std::size_t shown = std::min(most, s.groups.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const record::GroupSummary& g = s.groups[i];
    counts.add(count_row(g.name, g.counts, g.last));
    latencies.add(latency_row(g.name, g.latency));
  }
  if (s.groups.size() > 1) {
    counts.add(count_row("all", s.counts, s.last));
    latencies.add(latency_row("all", s.latency));
  }
  page.table(counts);
  page.more(s.groups.size(), shown, "summary.json");
  page.heading("LATENCY", s.finished ? "of what committed, from the intended instant"
                                     : "of what was kept, warm-up included");
  page.table(latencies);
}

void print_books(SummaryPage& page, const record::Summary& s) {
  constexpr std::size_t most = 10;
  const bool unwell = s.books_balance == false;
  if (!s.writes) {
    page.heading("BOOKS", "unknown: the run did not finish");
    return;
  }
  page.heading("BOOKS",
               "lost " + counted(s.writes->lost) + ", duplicated " + counted(s.writes->duplicated));
  const record::Counts& c = s.counts;
  page.text(counted(c.issued) + " issued = " + counted(c.committed) + " committed + " +
            counted(c.refused) + " refused + " + counted(c.timed_out) + " timed out + " +
            counted(c.failed) + " failed + " + counted(c.in_flight) + " in flight");
  page.text(counted(s.writes->acknowledged) + " writes acknowledged, " +
            counted(s.writes->applied) + " applied, " + counted(s.writes->unacknowledged) +
            " of these to clients that were told otherwise or nothing yet");
  if (unwell) page.text("THE BOOKS DO NOT BALANCE", Colour::red);
  for (std::size_t i = 0; i < std::min(most, s.complaints.size()); ++i) {
    page.text(s.complaints[i], Colour::red);
  }
  page.more(s.complaints.size(), most, "summary.json");
}

void print_expectations(SummaryPage& page, const record::Summary& s) {
  if (s.verdicts.empty()) return;
  const auto unmet = static_cast<std::uint64_t>(
      std::count_if(s.verdicts.begin(), s.verdicts.end(), [](const auto& v) { return !v.met; }));
  page.heading("EXPECTED", unmet == 0
                               ? "all of it met"
                               : counted(unmet) + " of " + counted(s.verdicts.size()) + " NOT MET");
  TextTable table{{{"", Align::left}, {"", Align::left}, {"", Align::left}, {"", Align::left}}};
  for (const vm::Verdict& v : s.verdicts) {
    table.add({{v.met ? "ok" : "NOT MET", v.met ? Colour::green : Colour::red},
               v.name,
               v.want,
               "got " + got(v)});
  }
  page.table(table);
}

}  // namespace cli
