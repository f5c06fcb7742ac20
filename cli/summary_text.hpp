// The summary that people read: what was asked, what happened, what it cost, whether it is all
// true.
//
// Printed by `brink run` when a run ends and by `brink report` ever after. At its best at 80 to 100
// columns; long lists are cut and say in which CSV file the rest is.
#pragma once

#include <ostream>

#include "record/summary.hpp"

namespace cli {

struct SummaryStyle {
  bool colour = false;
  int width = 100;  // columns of the page; it is never taken for less than 60
};

void print_summary(std::ostream& out, const record::Summary& summary, SummaryStyle style);

}  // namespace cli
