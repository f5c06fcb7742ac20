// Comparison: the figures of two runs beside each other, and what has to be known to read them.
//
// A figure is what an expectation may name (vm/expectation.hpp) and what the run took. The two runs
// need not be of one scenario, seed or world; where they differ in something that explains
// differences, a note says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "record/summary.hpp"

namespace cli {

enum class Unit : std::uint8_t { count, milliseconds, seconds, bytes, share, money };

struct ComparedFigure {
  std::string name;
  Unit unit = Unit::count;
  std::optional<double> first, second;  // none: that run has no such figure

  /// second - first; none unless both are known.
  std::optional<double> difference() const;
  /// Of the first; none where that is 0 and the second is not.
  std::optional<double> percent() const;
};

/// Every figure that at least one of the two has, whole runs first, then group by group.
std::vector<ComparedFigure> compare_figures(const record::Summary& first,
                                            const record::Summary& second);

/// What explains differences: other scenarios, seeds, policies, worlds, ways to hold a machine to
/// its capacity, a run that is not complete. One sentence each.
std::vector<std::string> comparison_notes(const record::Summary& first,
                                          const record::Summary& second);

enum class BooksCompared : std::uint8_t { equal, different, unknown };

/// Equal: both balance, and every group's writes are the same in number.
BooksCompared compare_books(const record::Summary& first, const record::Summary& second);

/// "12.3 ms", "1,234", "99.2 %"; "-" where there is none.
std::string text_of(Unit unit, std::optional<double> value);
/// With its sign: "+12.3 ms"; "=" where there is no difference.
std::string difference_of(const ComparedFigure& figure);
std::string percent_of(const ComparedFigure& figure);

}  // namespace cli
