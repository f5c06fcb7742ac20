#include "cli/summary_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/summary_page.hpp"
#include "vm/quantity.hpp"

namespace cli {
namespace {

std::string seed_and_world(const record::Summary& s) {
  std::string text = "seed " + s.seed + ", " + s.world;
  if (s.fingerprint) text += ", fingerprint " + *s.fingerprint;
  return text;
}

/// How much it was, how long it took, and how it ended for the clients.
std::string pace(const record::Summary& s) {
  std::string text = counted(s.counts.issued, "transaction") + " in " +
                     vm::format_duration(s.end.time_since_epoch());
  if (s.wall_s && *s.wall_s > 0) {
    const double rate = static_cast<double>(s.counts.issued) / *s.wall_s;
    text += ", " + s.world + " in " + vm::format_duration(sim::from_seconds(*s.wall_s)) + " (" +
            counted(static_cast<std::uint64_t>(std::llround(rate))) + " a second";
    if (s.cpu_s) text += ", CPU " + vm::format_duration(sim::from_seconds(*s.cpu_s));
    text += ")";
  }
  if (const auto good = s.counts.committed_share()) {
    text += "; " + share(good) + " of those that ended committed";
  }
  return text + ".";
}

/// What broke and what was done about it.
std::string events(const record::Summary& s) {
  if (s.sla_failures.empty() && s.failovers.empty()) {
    return s.finished ? "The SLA held all the time." : "No SLA failure was kept.";
  }
  std::string text = counted(s.sla_failures.size(), "SLA failure") + ", " +
                     counted(s.failovers.size(), "failover");
  const auto moved = s.migrations.count - s.migrations.aborted;
  if (moved > 0) {
    text += ", " + counted(moved, "tenant") + " moved";
    if (s.migrations.pause_max) {
      text += " with a longest pause of " + vm::format_duration(*s.migrations.pause_max);
    }
  }
  if (s.writes) text += "; lost " + counted(s.writes->lost);
  return text + ".";
}

void print_headline(SummaryPage& page, const record::Summary& s) {
  page.heading(s.scenario, seed_and_world(s));
  if (!s.question.empty()) page.text(s.question, Colour::bold);
  page.blank();
  const std::string reached =
      vm::format_duration(s.end.time_since_epoch()) + " of " + vm::format_duration(s.duration);
  if (!s.finished) {
    page.text("UNFINISHED: recording ended at " + reached +
                  ". What follows was kept; books and percentiles of such a run are unknown.",
              Colour::yellow);
  } else if (s.interrupted) {
    page.text("INTERRUPTED at " + reached + ".", Colour::yellow);
  }
  const bool hosts = !s.consolidation.empty();
  page.text(hosts ? consolidation_pace(s) : pace(s));
  page.text(hosts ? consolidation_events(s) : events(s));
}

}  // namespace

// ---- The page and its figures ------------------------------------------------------------------

void SummaryPage::heading(std::string_view title, std::string_view figures) {
  constexpr std::size_t column = 14;  // where the figures stand, in every part
  const std::string name = printable(title);
  out_ << '\n' << paint(name, Colour::bold, colour_);
  std::size_t at = display_width(name);
  const std::size_t room = width_ - std::max(column, at + 2);
  for (const std::string& line : wrapped(printable(figures), room)) {
    out_ << (at == 0 ? "\n" : "") << std::string(at < column ? column - at : 2, ' ') << line;
    at = 0;
  }
  out_ << '\n';
}

void SummaryPage::text(std::string_view text, Colour colour) {
  for (const std::string& line : wrapped(printable(text), width_ - 2)) {
    out_ << "  " << paint(line, colour, colour_) << '\n';
  }
}

void SummaryPage::table(const TextTable& table) {
  table.print(out_, 2, width_, colour_);
}

void SummaryPage::more(std::size_t all, std::size_t shown, std::string_view file) {
  if (all <= shown) return;
  text("and " + counted(all - shown) + " more: " + std::string{file}, Colour::dim);
}

std::string counted(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string counted(std::uint64_t count, std::string_view one) {
  return counted(count) + " " + std::string{one} + (count == 1 ? "" : "s");
}

std::string latency(std::optional<double> ms) {
  return ms ? vm::format_duration(sim::from_seconds(*ms * 1e-3)) : "-";
}

std::string share(std::optional<double> value) {
  return value ? vm::format_percent(*value) : "-";
}

std::string instant(vm::Time at) {
  return vm::format_duration(at.time_since_epoch());
}

std::string machine_name(vm::MachineId machine, std::string_view fleet) {
  if (machine == vm::no_machine) return "-";
  return std::to_string(machine.value) + (fleet.empty() ? "" : " " + std::string{fleet});
}

std::string money(double cost) {
  char text[64];
  std::snprintf(text, sizeof text, cost == 0 || cost >= 1 ? "%.2f" : "%.3g", cost);
  return text;
}

void print_summary(std::ostream& out, const record::Summary& summary, SummaryStyle style) {
  // Beyond 110 columns lines get hard to follow, and a table does not get better by air.
  const auto width = static_cast<std::size_t>(std::clamp(style.width, 60, 110));
  SummaryPage page{out, style.colour, width};
  print_headline(page, summary);
  print_consolidation(page, summary);
  print_course(page, summary);
  print_clients(page, summary);
  const bool hosts = !summary.consolidation.empty();  // nobody issues anything there
  print_failures(page, summary);
  if (!hosts) print_failovers(page, summary);
  print_machines(page, summary);
  if (!hosts) print_books(page, summary);
  print_expectations(page, summary);
  page.blank();
}

}  // namespace cli
