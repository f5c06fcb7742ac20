// Trace: numbers that somebody recorded, read from CSV.
//
// A request trace has the columns `t_s` (start of an interval, seconds) and `requests` (how many
// came in it); the intervals follow one another without holes and are as long as the first two
// rows lie apart. Other columns are ignored; '#' begins a comment line. Every mistake is an Issue
// with its line; reading stops after twenty of them.
//
// Read with fast-cpp-csv-parser by Ben Strasser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "vm/issue.hpp"
#include "vm/scenario.hpp"

namespace vm {

/// Largest CSV file that is read: 1 GiB, and at most 20 million rows of it.
inline constexpr std::uintmax_t most_trace_bytes = std::uintmax_t{1} << 30;
inline constexpr std::size_t most_trace_rows = 20'000'000;

/// The requests per interval of a trace file. Times within 100 years, at least two rows, at least
/// one request.
///
///   cost  O(rows); 16 bytes a row
Loaded<CountTrace> read_count_trace(const std::filesystem::path& file);

/// One column of finite numbers >= 0, for an empirical distribution. At least one row.
Loaded<std::vector<double>> read_column(const std::filesystem::path& file,
                                        const std::string& column);

}  // namespace vm
