// read_bitbrains: GWA-T-12, one CSV file a VM.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#define CSV_IO_NO_THREAD
#include <libfccp/csv.h>

#include "vm/spelling.hpp"
#include "vm/usage_trace.hpp"

namespace vm {
namespace {

namespace fs = std::filesystem;

constexpr double step = 300;                      // seconds between samples
constexpr double longest_gap = 3600;              // seconds that one sample may stand for
constexpr std::size_t day = 288;                  // samples
constexpr std::size_t most_samples = 10'000'000;  // of one file: a century
constexpr std::uintmax_t most_bytes = std::uintmax_t{1} << 30;

using Csv = io::CSVReader<8, io::trim_chars<' ', '\t', '\r'>, io::no_quote_escape<';'>,
                          io::throw_on_overflow, io::no_comment>;

struct Sample {
  double cpu = 0;
  std::array<double, 3> others{};
};

Issue wrong(const fs::path& file, std::size_t line, std::string message) {
  return {file.string(), static_cast<int>(line), 0, std::move(message)};
}

std::optional<double> number(std::string_view text, double most) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool all = error == std::errc{} && end == text.data() + text.size();
  if (!all || !(value >= 0 && value <= most)) return std::nullopt;
  return value;
}

/// One row in numbers: seconds, percent, KB promised, KB used, and four KB/s.
struct Row {
  static constexpr std::size_t columns = 8;
  static constexpr std::array<const char*, columns> names{"Timestamp [ms]",
                                                          "CPU usage [%]",
                                                          "Memory capacity provisioned [KB]",
                                                          "Memory usage [KB]",
                                                          "Disk read throughput [KB/s]",
                                                          "Disk write throughput [KB/s]",
                                                          "Network received throughput [KB/s]",
                                                          "Network transmitted throughput [KB/s]"};
  std::array<double, columns> value{};

  double at() const { return value[0]; }
  Sample sample() const {
    const double kilo = 1e3;
    return {std::min(value[1] / 100, 1.0),
            {value[2] > 0 ? std::min(value[3] / value[2], 1.0) : 0, (value[4] + value[5]) / kilo,
             (value[6] + value[7]) / kilo}};
  }
};

/// Appends samples on a grid of five minutes. A row stands until the next one.
class Grid {
 public:
  explicit Grid(std::vector<Sample>& into) : into_(into) {}

  /// What is wrong with it, if anything.
  std::optional<std::string> add(const Row& row) {
    if (!begun_) {
      begun_ = true;
      begin_ = row.at();
    } else if (row.at() <= last_.at()) {
      return "goes back in time; expected rows in order of their time stamps";
    } else if (row.at() - last_.at() > longest_gap) {
      return "a hole: nothing for " + std::to_string(static_cast<long>(row.at() - last_.at())) +
             " s before it; at most 3600 s may be missing";
    }
    // Half a step early or late is still this sample's time.
    const auto slot = static_cast<std::size_t>((row.at() - begin_) / step + 0.5);
    if (slot >= most_samples) return "too many samples";
    while (into_.size() < slot) into_.push_back(last_.sample());
    if (into_.size() == slot) into_.push_back(row.sample());
    last_ = row;
    return std::nullopt;
  }

 private:
  std::vector<Sample>& into_;
  bool begun_ = false;
  Row last_;
  double begin_ = 0;
};

/// The message of fast-cpp-csv-parser's errors, without the file and line, which the issue has.
Issue csv_issue(const fs::path& file, const Csv& csv) {
  const std::size_t line = csv.get_file_line();
  try {
    throw;
  } catch (const io::error::header_missing&) {
    return wrong(file, 0, "has no line; expected the header of GWA-T-12");
  } catch (const io::error::missing_column_in_header& error) {
    return wrong(file, 1,
                 "has no column " + in_quotes(error.column_name) +
                     "; expected the header of GWA-T-12, with ';' between columns");
  } catch (const io::error::too_few_columns&) {
    return wrong(file, line, "has fewer columns than the header");
  } catch (const io::error::too_many_columns&) {
    return wrong(file, line, "has more columns than the header");
  } catch (const io::error::base&) {
    return wrong(file, line, "is no row of a GWA-T-12 file");
  }
}

std::optional<Issue> read_rows(const fs::path& file, std::vector<Sample>& samples) {
  Csv csv(file.string());
  try {
    const auto& n = Row::names;
    csv.read_header(io::ignore_extra_column, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]);
    Grid grid(samples);
    std::array<const char*, Row::columns> text{};
    while (csv.read_row(text[0], text[1], text[2], text[3], text[4], text[5], text[6], text[7])) {
      Row row;
      for (std::size_t i = 0; i < row.value.size(); ++i) {
        const auto value = number(text[i], 1e15);
        if (!value) {
          return wrong(
              file, csv.get_file_line(),
              in_quotes(Row::names[i]) +
                  (text[i][0] == '\0' ? " is a hole; expected a number"
                                      : ": expected a number, found " + in_quotes(text[i])));
        }
        row.value[i] = *value;
      }
      if (auto why = grid.add(row)) return wrong(file, csv.get_file_line(), std::move(*why));
    }
  } catch (const io::error::base&) {
    return csv_issue(file, csv);
  }
  return std::nullopt;
}

/// Every whole day as a VM of its own. Its end is the beginning of the next, or stands still.
std::optional<Issue> read_file(const fs::path& file, UsageTraces& traces) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) return wrong(file, 0, error.message());
  if (size == 0)
    return wrong(file, 0, "is empty; expected the header of GWA-T-12 and a day of rows");
  if (size > most_bytes) return wrong(file, 0, "is larger than 1 GiB");
  std::vector<Sample> samples;
  try {
    if (auto issue = read_rows(file, samples)) return issue;
  } catch (const io::error::can_not_open_file&) {
    return wrong(file, 0, "cannot be opened");
  }
  if (samples.size() < day) {
    return wrong(file, 0,
                 "holds " + std::to_string(samples.size()) +
                     " samples of five minutes, expected a day of them: 288");
  }
  for (std::size_t first = 0; first + day <= samples.size(); first += day) {
    traces.names.push_back(file.filename().string() + " day " + std::to_string(first / day + 1));
    for (std::size_t i = first; i <= first + day; ++i) {
      const Sample& sample = samples[std::min(i, samples.size() - 1)];
      traces.values.push_back(sample.cpu);
      traces.others.push_back(sample.others);
    }
  }
  return std::nullopt;
}

}  // namespace

Loaded<UsageTraces> read_bitbrains(const fs::path& path) {
  std::error_code error;
  std::vector<fs::path> files;
  if (fs::is_directory(path, error)) {
    for (fs::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error))
      if (entry->path().extension() == ".csv") files.push_back(entry->path());
    std::sort(files.begin(), files.end());
  } else if (fs::is_regular_file(path, error)) {
    files.push_back(path);
  }
  if (error) return std::vector<Issue>{wrong(path, 0, error.message())};
  if (files.empty())
    return std::vector<Issue>{wrong(path, 0, "is neither a CSV file nor a folder with some")};
  UsageTraces traces;
  traces.step = step;
  traces.length = day + 1;
  std::vector<Issue> issues;
  for (const fs::path& file : files) {
    if (auto issue = read_file(file, traces)) issues.push_back(std::move(*issue));
    if (issues.size() == 20) break;
  }
  if (!issues.empty()) return issues;
  return traces;
}

}  // namespace vm
