// The CSV files of a run, written from its database: when a run ends, and again when asked.
//
// RFC 4180: comma, CRLF, quotes only where needed, one header line. The unit is in the column's
// name; times are seconds from the start, exact to the nanosecond. Numbers are the shortest text
// that reads back as the same number, in no locale, so the same run gives the same bytes.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "record/handles.hpp"

namespace record {

struct CsvColumn {
  enum class Form { plain, seconds, milliseconds };  // the latter two from nanoseconds
  std::string_view name;                             // with its unit
  std::string_view from;                             // SQL
  Form form = Form::plain;
};
struct CsvTable {
  std::string_view file;
  std::string_view from;  // SQL after SELECT's columns
  std::span<const CsvColumn> columns;
  bool only_with_rows = false;  // no file where there are none
};

/// Every CSV file, in the order of docs/RESULTS.md.
std::span<const CsvTable> csv_tables();

/// Writes them to `directory`, which exists. A file is whole or not there.
/// Throws DatabaseError or std::filesystem::filesystem_error. Cost: about 1 us a row.
void export_csv(sqlite3* db, const std::filesystem::path& directory);

}  // namespace record
