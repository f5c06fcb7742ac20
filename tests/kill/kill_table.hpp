// KillTable: every combination of a migration's moment and whom is struck then, and the table of
// what came of it.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "tests/kill/kill_case.hpp"

namespace kill_table {

struct Line {
  KillCase what;
  KillResult result;
};

/// All of them, some 250.
std::vector<KillCase> all_cases();
/// So many drawn from `seed`: any moment and any time after it, one to three victims.
std::vector<KillCase> drawn_cases(std::uint64_t seed, std::size_t count);
/// The few that stand for the others in the ordinary tests.
std::vector<KillCase> quick_cases();

/// Plays them, `workers` at a time, each on a thread of its own; `told` hears of each as it ends.
std::vector<Line> play(const std::vector<KillCase>& cases, unsigned workers,
                       const std::function<void(const Line&)>& told);

/// One line of text for a case, and the whole as a table in Markdown, with the sums under it.
std::string to_text(const Line& line);
void write_table(std::ostream& out, const std::vector<Line>& lines);

}  // namespace kill_table
