#include "vm/trace.hpp"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

/// A file that is gone at the end of the test.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& text) {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("brink_trace_test_" + std::to_string(::getpid()) + '_' + std::to_string(++number));
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~ScratchFile() { std::filesystem::remove(path_); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Wrong {
  std::string text;
  int line;
  std::string says;
};

TEST_CASE("trace: requests per interval, as long as the rows lie apart") {
  const ScratchFile file("# a comment\nt_s,requests\n0,17613\n60,17782\n\n120,0\n");
  const auto trace = vm::read_count_trace(file.path());
  REQUIRE(trace);
  REQUIRE(trace->intervals.size() == 3);
  CHECK(trace->intervals[0].start == sim::Time{0s});
  CHECK(trace->intervals[0].requests == 17613);
  CHECK(trace->intervals[2].start == sim::Time{120s});
  CHECK(trace->intervals[2].requests == 0);
  CHECK(trace->end == sim::Time{180s});
  CHECK(trace->file == file.path().string());
}

TEST_CASE("trace: other columns, spaces, line ends and a byte order mark do not matter") {
  const ScratchFile file("\xef\xbb\xbfhits , requests,t_s\r\nx, 5 , 10\r\ny,6,10.25\r\n");
  const auto trace = vm::read_count_trace(file.path());
  REQUIRE(trace);
  CHECK(trace->intervals[0].start == sim::Time{10s});
  CHECK(trace->intervals[1].requests == 6);
  CHECK(trace->end == sim::Time{10'500ms});
}

TEST_CASE("trace: each mistake is told with its line") {
  const auto wrong = GENERATE(values<Wrong>({
      {"", 0, "is empty"},
      {"# nothing\n\n", 0, "expected the header 't_s,requests'"},
      {"t,requests\n0,1\n60,1\n", 1, "has no column 't_s'"},
      {"t_s,t_s,requests\n0,0,1\n", 1, "has the column 't_s' twice"},
      {"t_s,requests\n0,1\nsixty,1\n", 3, "t_s: expected seconds from 0 to 100 years"},
      {"t_s,requests\n0,1\n60,many\n", 3, "requests: expected a whole number"},
      {"t_s,requests\n0,1\n60,-5\n", 3, "found '-5'"},
      {"t_s,requests\n0,1\n60,1.5\n", 3, "found '1.5'"},
      {"t_s,requests\n0,1\n60,9999999999999\n", 3, "from 0 to 1e12"},
      {"t_s,requests\n-60,1\n0,1\n", 2, "found '-60'"},
      {"t_s,requests\n0,1\ninf,1\n", 3, "found 'inf'"},
      {"t_s,requests\n0,1\nnan,1\n", 3, "found 'nan'"},
      {"t_s,requests\n0,1\n60,1\n180,1\n", 4,
       "a hole: 180 after 60, where the first interval is 1 min"},
      {"t_s,requests\n0,1\n60,1\n30,1\n", 4, "stands still or goes back: 30 after 60"},
      {"t_s,requests\n0,1\n0,1\n", 3, "stands still"},
      {"t_s,requests\n0,1\n60\n", 3, "has fewer columns than the header"},
      {"t_s,requests\n0,1\n60,1,1\n", 3, "has more columns than the header"},
      {"t_s,requests\n0,1\n", 0, "needs at least two rows"},
      {"t_s,requests\n", 0, "needs at least two rows"},
      {"t_s,requests\n0,0\n60,0\n", 0, "has not one request"},
      {"\x7f"
       "ELF\x02\x01\x01\n\x80\x81",
       1, "has no column 't_s'"},
  }));
  CAPTURE(wrong.text);
  const ScratchFile file(wrong.text);
  const auto trace = vm::read_count_trace(file.path());
  REQUIRE_FALSE(trace);
  CHECK(trace.issues()[0].file == file.path().string());
  CHECK(trace.issues()[0].line == wrong.line);
  CHECK_THAT(trace.issues()[0].message, Catch::Contains(wrong.says));
}

TEST_CASE("trace: all mistakes at once, but not more than twenty") {
  std::string text = "t_s,requests\n0,x\n60,1\nx,1\n";
  const ScratchFile some(text);
  CHECK(vm::read_count_trace(some.path()).issues().size() == 2);
  for (int i = 0; i < 100'000; ++i) text += "x,1\n";
  const ScratchFile many(text);
  CHECK(vm::read_count_trace(many.path()).issues().size() == 20);
}

TEST_CASE("trace: a missing file, a directory and a device are refused") {
  CHECK(to_string(vm::read_count_trace("/nonexistent/day.csv").issues()[0]) ==
        "/nonexistent/day.csv: no such file");
  CHECK_THAT(vm::read_count_trace("/").issues()[0].message, Catch::Contains("is a directory"));
  CHECK_THAT(vm::read_count_trace("/dev/zero").issues()[0].message,
             Catch::Contains("is no regular file"));
}

TEST_CASE("trace: a file above the limit is refused unread") {
  const ScratchFile file("t_s,requests\n");
  std::filesystem::resize_file(file.path(), vm::most_trace_bytes + 1);  // sparse: costs no disk
  CHECK_THAT(vm::read_count_trace(file.path()).issues()[0].message,
             Catch::Contains("is too big: 1 GiB, at most 1 GiB"));
}

TEST_CASE("trace: one column of numbers for an empirical distribution") {
  const ScratchFile file("what,cpu_ms\na,1.5\nb,0\nc,2e1\n");
  const auto values = vm::read_column(file.path(), "cpu_ms");
  REQUIRE(values);
  CHECK(*values == std::vector<double>{1.5, 0, 20});

  const auto missing = vm::read_column(file.path(), "value");
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.issues()[0].message, Catch::Contains("has no column 'value'"));
  const auto letters = vm::read_column(file.path(), "what");
  REQUIRE_FALSE(letters);
  CHECK(letters.issues().size() == 3);
  CHECK(letters.issues()[0].line == 2);
  const ScratchFile header("value\n");
  CHECK_THAT(vm::read_column(header.path(), "value").issues()[0].message,
             Catch::Contains("no row below its header"));
}

// The minute file of the World Cup day, where it lies beside the project: 75.2 million requests.
TEST_CASE("trace: the busiest day of the World Cup 1998 is read whole") {
  const char* folder = std::getenv("BRINK_TRACES");
  const auto file = std::filesystem::path(folder ? folder : "") / "worldcup98_1998-06-30.csv";
  if (folder == nullptr || !std::filesystem::exists(file)) {
    WARN("BRINK_TRACES names no folder with " << file.filename() << ": not tested");
    return;
  }
  const auto trace = vm::read_count_trace(file);
  REQUIRE(trace);
  std::uint64_t requests = 0;
  for (const auto& interval : trace->intervals) requests += interval.requests;
  CHECK(trace->intervals.size() == 1440);
  CHECK(trace->end == sim::Time{24h});
  CHECK(requests == 75'207'657);  // as counted by another program
}

}  // namespace
