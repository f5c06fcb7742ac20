// What a data center's day came to, in the measures of vm/consolidation_outcome.hpp.
#include "record/summary_parts.hpp"

namespace record {

void read_consolidation(sqlite3* db, Summary& s) {
  each_row(db, "SELECT name, value, typeof(value) FROM consolidation_totals ORDER BY position",
           [&](const Statement& row) {
             s.consolidation.push_back({string(row, 0), real(row, 1), text(row, 2) == "integer"});
           });
}

}  // namespace record
