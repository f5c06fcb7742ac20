#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "vm/usage_trace.hpp"

namespace {

const std::string header =
    "Timestamp [ms];\tCPU cores;\tCPU capacity provisioned [MHZ];\tCPU usage [MHZ];\tCPU usage [%];"
    "\tMemory capacity provisioned [KB];\tMemory usage [KB];\tDisk read throughput [KB/s];"
    "\tDisk write throughput [KB/s];\tNetwork received throughput [KB/s];"
    "\tNetwork transmitted throughput [KB/s]\n";

/// 12.5 % of the CPU, a quarter of its memory, 3 MB/s of disk and 0.5 MB/s of network.
std::string row(long at, const std::string& cpu = "12.5", const std::string& rest = "") {
  return std::to_string(at) + ";\t2;\t5200.0;\t650.0;\t" + cpu +
         ";\t2000.0;\t500.0;\t1000.0;\t2000.0;\t100.0;\t400.0" + rest + "\n";
}

std::string rows(int count, const std::function<std::string(int)>& one = nullptr) {
  std::string text = header;
  for (int i = 0; i < count; ++i) text += one ? one(i) : row(1'376'314'846 + 300L * i);
  return text;
}

/// A file that is gone at the end of the test.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& text) {
    static int number = 0;
    path_ =
        std::filesystem::temp_directory_path() /
        ("brink_bitbrains_" + std::to_string(::getpid()) + '_' + std::to_string(++number) + ".csv");
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~ScratchFile() { std::filesystem::remove(path_); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The only issue of a file that has one: without its path.
std::string issue(const std::string& text) {
  const ScratchFile file(text);
  const auto traces = vm::read_bitbrains(file.path());
  REQUIRE_FALSE(traces);
  REQUIRE(traces.issues().size() == 1);
  CHECK(traces.issues()[0].file == file.path().string());
  return std::to_string(traces.issues()[0].line) + ": " + traces.issues()[0].message;
}

TEST_CASE("bitbrains: each whole day of a file drives a VM, in all four resources") {
  const ScratchFile file(
      rows(2 * 288 + 100, [](int i) { return row(300L * i, i < 288 ? "12.5" : "50"); }));
  const auto traces = vm::read_bitbrains(file.path());
  if (!traces) FAIL(to_string(traces.issues()[0]));
  REQUIRE(traces->size() == 2);
  CHECK(traces->length == 289);
  CHECK(traces->names[1].find("day 2") != std::string::npos);
  CHECK(traces->of(0)[0] == 0.125);
  CHECK(traces->of(0)[288] == 0.5);  // the day's end is the beginning of the next
  CHECK(traces->of(1)[288] == 0.5);
  REQUIRE(traces->others.size() == 2 * 289);
  CHECK(traces->others[0] == std::array<double, 3>{0.25, 3, 0.5});
}

TEST_CASE("bitbrains: a row that is late stands for its time, a missing one is the one before") {
  // 1 % in row 0, 2 % in row 1 ... Row 3 is missing; every row is i seconds late.
  const ScratchFile file(rows(289, [](int i) {
    return i == 3 ? std::string() : row(300L * i + i / 10, std::to_string(i % 50 + 1));
  }));
  const auto traces = vm::read_bitbrains(file.path());
  if (!traces) FAIL(to_string(traces.issues()[0]));
  CHECK(traces->of(0)[2] == 0.03);
  CHECK(traces->of(0)[3] == 0.03);
  CHECK(traces->of(0)[4] == 0.05);
  CHECK(traces->of(0)[287] == 0.38);
}

TEST_CASE("bitbrains: what is wrong is told with its line") {
  CHECK(issue("") == "0: is empty; expected the header of GWA-T-12 and a day of rows");
  CHECK_THAT(issue(rows(287)), Catch::Contains("holds 287 samples"));
  CHECK_THAT(issue(header), Catch::Contains("holds 0 samples"));
  CHECK_THAT(issue("Timestamp [ms];CPU cores\n1;2\n"),
             Catch::StartsWith("1: has no column") && Catch::Contains("CPU usage [%]"));
  const auto with = [](const std::string& wrong) {
    return rows(300, [&](int i) { return i == 9 ? wrong : row(300L * i); });
  };
  CHECK_THAT(issue(with(row(2700, "x"))), Catch::StartsWith("11: ") && Catch::Contains("'x'"));
  CHECK_THAT(issue(with(row(2700, ""))), Catch::StartsWith("11: ") && Catch::Contains("hole"));
  CHECK_THAT(issue(with(row(2700, "-1"))), Catch::StartsWith("11: "));
  CHECK_THAT(issue(with(row(2700, "nan"))), Catch::StartsWith("11: "));
  CHECK(issue(with("2700;1;2\n")) == "11: has fewer columns than the header");
  CHECK(issue(with(row(2700, "1", ";7"))) == "11: has more columns than the header");
  CHECK_THAT(issue(with(row(100))), Catch::StartsWith("11: goes back in time"));
  CHECK_THAT(issue(with(row(2400 + 3601))), Catch::StartsWith("11: a hole: nothing for 3601 s"));
}

TEST_CASE("bitbrains: where nothing is, it says so") {
  const auto traces = vm::read_bitbrains("/nowhere/at/all.csv");
  REQUIRE_FALSE(traces);
}

}  // namespace
