#include "vm/trace.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string_view>

// Its reader thread would only hide the latency of a slow disk, and costs every program a thread.
#define CSV_IO_NO_THREAD
#include <libfccp/csv.h>

#include "vm/quantity.hpp"
#include "vm/spelling.hpp"
#include "vm/text_file.hpp"

namespace vm {
namespace {

template <unsigned columns>
using Csv = io::CSVReader<columns, io::trim_chars<' ', '\t'>, io::no_quote_escape<','>,
                          io::throw_on_overflow, io::single_and_empty_line_comment<'#'>>;

constexpr std::size_t most_issues = 20;

class TraceIssues {
 public:
  explicit TraceIssues(std::string file) : file_(std::move(file)) {}
  void add(std::size_t line, std::string message) {
    list_.push_back({file_, static_cast<int>(line), 0, std::move(message)});
  }
  bool full() const { return list_.size() >= most_issues; }
  bool empty() const { return list_.empty(); }
  std::vector<Issue> take() { return std::move(list_); }

 private:
  std::string file_;
  std::vector<Issue> list_;
};

/// Why the file cannot be read at all, if so.
std::optional<std::string> unreadable(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found)
    return "no such file" + suggestion_beside(file);
  if (error) return error.message();
  if (std::filesystem::is_directory(status)) return "is a directory, expected a CSV file";
  if (!std::filesystem::is_regular_file(status)) return "is no regular file";
  const auto size = std::filesystem::file_size(file, error);
  if (error) return error.message();
  if (size == 0) return "is empty";
  if (size > most_trace_bytes) {
    return "is too big: " + format_bytes({static_cast<std::int64_t>(size)}) + ", at most " +
           format_bytes({static_cast<std::int64_t>(most_trace_bytes)});
  }
  return std::nullopt;
}

/// Runs `read` and turns what the CSV reader throws into issues; `line` tells where it stood.
template <class Read, class Line>
void guarded(TraceIssues& issues, const std::string& header, Read read, Line line) {
  try {
    read();
  } catch (const io::error::can_not_open_file& error) {
    issues.add(
        0, error.errno_value == EACCES ? "may not be read: permission denied" : "cannot be opened");
  } catch (const io::error::header_missing&) {
    issues.add(0, "has no line but comments; expected the header " + in_quotes(header));
  } catch (const io::error::missing_column_in_header& error) {
    issues.add(1, "has no column " + in_quotes(error.column_name) + "; expected the header " +
                      in_quotes(header));
  } catch (const io::error::duplicated_column_in_header& error) {
    issues.add(1, "has the column " + in_quotes(error.column_name) + " twice");
  } catch (const io::error::line_length_limit_exceeded&) {
    issues.add(line(), "a line of more than 16 MiB");
  } catch (const io::error::base&) {
    issues.add(line(), "the header could not be read");
  }
}

/// Reads rows to the end; a row with a wrong number of columns is an issue, not the end.
template <class Reader, class Row, class... Columns>
void for_each_row(Reader& csv, TraceIssues& issues, Row row, Columns&... columns) {
  for (std::size_t rows = 0; !issues.full();) {
    try {
      if (!csv.read_row(columns...)) return;
    } catch (const io::error::too_few_columns&) {
      issues.add(csv.get_file_line(), "has fewer columns than the header");
      continue;
    } catch (const io::error::too_many_columns&) {
      issues.add(csv.get_file_line(), "has more columns than the header");
      continue;
    }
    if (++rows > most_trace_rows) {
      issues.add(csv.get_file_line(),
                 "more than " + std::to_string(most_trace_rows) + " rows: too many");
      return;
    }
    row(csv.get_file_line());
  }
}

std::optional<double> number(std::string_view text, double most) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || !(value >= 0 && value <= most)) return std::nullopt;
  return value;
}

/// Takes the rows of a request trace one by one and says what is wrong with each.
class CountTraceBuilder {
 public:
  CountTraceBuilder(CountTrace& trace, TraceIssues& issues) : trace_(trace), issues_(issues) {}

  void row(std::size_t line, std::string_view t_s, std::string_view requests) {
    const auto start_s = number(t_s, most_seconds);
    if (!start_s) {
      issues_.add(line, "t_s: expected seconds from 0 to 100 years, found " + in_quotes(t_s));
    }
    std::uint64_t count = 0;
    const auto* last = requests.data() + requests.size();
    const auto [end, error] = std::from_chars(requests.data(), last, count);
    constexpr std::uint64_t most = 1'000'000'000'000;
    if (error != std::errc{} || end != last || count > most) {
      issues_.add(line,
                  "requests: expected a whole number from 0 to 1e12, found " + in_quotes(requests));
    } else if (start_s) {
      interval(line, Time{sim::from_seconds(*start_s)}, count);
    }
  }

  void finish() {
    if (!issues_.empty()) return;
    if (trace_.intervals.size() < 2) {
      issues_.add(0, "needs at least two rows: their distance is the length of an interval");
    } else if (total_ == 0) {
      issues_.add(0, "has not one request");
    } else {
      trace_.end = trace_.intervals.back().start + step_;
    }
  }

 private:
  void interval(std::size_t line, Time start, std::uint64_t count) {
    if (!trace_.intervals.empty()) {
      const Time before = trace_.intervals.back().start;
      if (start <= before) {
        issues_.add(line,
                    "t_s: time stands still or goes back: " + at(start) + " after " + at(before));
        return;
      }
      const Duration step = start - before;
      if (step_ == Duration::zero()) step_ = step;
      // Times with few decimals do not lie apart evenly to the last nanosecond.
      if (std::abs((step - step_).count()) > step_.count() / 1000) {
        issues_.add(line, "t_s: a hole: " + at(start) + " after " + at(before) +
                              ", where the first interval is " + format_duration(step_));
      }
    }
    trace_.intervals.push_back({start, count});
    total_ += count;
  }

  /// Seconds as they stand in the file.
  static std::string at(Time time) {
    std::string text = std::to_string(sim::seconds(time));
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
  }

  CountTrace& trace_;
  TraceIssues& issues_;
  Duration step_{};  // of the first two rows; zero before them
  std::uint64_t total_ = 0;
};

}  // namespace

Loaded<CountTrace> read_count_trace(const std::filesystem::path& file) {
  TraceIssues issues(file.string());
  if (const auto why = unreadable(file)) {
    issues.add(0, *why);
    return issues.take();
  }
  CountTrace trace;
  trace.file = file.string();
  std::size_t line = 1;
  const auto read = [&] {
    Csv<2> csv(trace.file);
    csv.read_header(io::ignore_extra_column, "t_s", "requests");
    CountTraceBuilder builder(trace, issues);
    const char* t_s = nullptr;
    const char* requests = nullptr;
    const auto row = [&](std::size_t at) {
      line = at;
      builder.row(at, t_s, requests);
    };
    for_each_row(csv, issues, row, t_s, requests);
    builder.finish();
  };
  guarded(issues, "t_s,requests", read, [&] { return line; });
  if (!issues.empty()) return issues.take();
  trace.intervals.shrink_to_fit();
  return trace;
}

Loaded<std::vector<double>> read_column(const std::filesystem::path& file,
                                        const std::string& column) {
  TraceIssues issues(file.string());
  if (const auto why = unreadable(file)) {
    issues.add(0, *why);
    return issues.take();
  }
  std::vector<double> values;
  std::size_t line = 1;
  const auto read = [&] {
    Csv<1> csv(file.string());
    csv.read_header(io::ignore_extra_column, column);
    const char* text = nullptr;
    const auto row = [&](std::size_t at) {
      line = at;
      if (const auto value = number(text, 1e18)) {
        values.push_back(*value);
      } else {
        issues.add(at, column + ": expected a number from 0 to 1e18, found " + in_quotes(text));
      }
    };
    for_each_row(csv, issues, row, text);
    if (values.empty() && issues.empty()) issues.add(0, "has no row below its header");
  };
  guarded(issues, column, read, [&] { return line; });
  if (!issues.empty()) return issues.take();
  return values;
}

}  // namespace vm
