// What the parts of a printed summary share: the page they are printed on, and how figures look.
//
// A part is a heading with a figure or two behind it, and a table below. Parts come in the order in
// which a person asks: how did it go, for whom, what broke, what was done, with what, for how much,
// can I believe it, was it what I wanted.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "cli/text_table.hpp"
#include "record/summary.hpp"

namespace cli {

class SummaryPage {
 public:
  SummaryPage(std::ostream& out, bool colour, std::size_t width)
      : out_(out), colour_(colour), width_(width) {}

  /// A part begins: "FAILOVERS     2", after an empty line.
  void heading(std::string_view title, std::string_view figures = {});
  /// Indented below its heading, wrapped to the page.
  void text(std::string_view text, Colour colour = Colour::none);
  void table(const TextTable& table);
  /// "and 7 more: failovers.csv", where there are more than were shown.
  void more(std::size_t all, std::size_t shown, std::string_view file);
  void blank() { out_ << '\n'; }

  std::size_t width() const { return width_; }

 private:
  std::ostream& out_;
  bool colour_;
  std::size_t width_;
};

// ---- Figures -----------------------------------------------------------------------------------

/// "1,234,567"
std::string counted(std::uint64_t count);
/// "1 failover", "3 failovers"
std::string counted(std::uint64_t count, std::string_view one);
/// "12.3 ms", or "-" where it is unknown
std::string latency(std::optional<double> ms);
/// "99.2 %", or "-"
std::string share(std::optional<double> value);
std::string instant(vm::Time at);
/// "3 web", or "-" for no machine
std::string machine_name(vm::MachineId machine, std::string_view fleet);
/// Three figures below one, two decimals above. No currency: prices have none.
std::string money(double cost);

// ---- Parts -------------------------------------------------------------------------------------

void print_course(SummaryPage& page, const record::Summary& summary);
void print_clients(SummaryPage& page, const record::Summary& summary);
void print_failures(SummaryPage& page, const record::Summary& summary);
void print_failovers(SummaryPage& page, const record::Summary& summary);
/// The headline's two lines of a run of hosts.
std::string consolidation_pace(const record::Summary& summary);
std::string consolidation_events(const record::Summary& summary);
void print_consolidation(SummaryPage& page, const record::Summary& summary);
void print_machines(SummaryPage& page, const record::Summary& summary);
void print_books(SummaryPage& page, const record::Summary& summary);
void print_expectations(SummaryPage& page, const record::Summary& summary);

}  // namespace cli
