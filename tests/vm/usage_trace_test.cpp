#include "vm/usage_trace.hpp"

#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "tests/vm/scenario_text.hpp"

namespace {

using scenario_text::ScratchFolder;

/// A day in which line `at` (from 1) says `instead`.
std::string day(int lines = 288, int at = 0, const std::string& instead = {}) {
  std::string text;
  for (int i = 1; i <= lines; ++i) text += (i == at ? instead : std::to_string(i % 100)) + '\n';
  return text;
}

TEST_CASE("usage trace: a folder of PlanetLab files, in the order of their names") {
  const ScratchFolder folder;
  folder.file("b_host", day());
  folder.file("Zebra", day(288, 1, "100"));
  folder.file("a_last", day());
  folder.file(".hidden", "not a trace");
  const auto byte = vm::read_planetlab(folder.path(), vm::FileOrder::byte);
  REQUIRE(byte);
  CHECK(byte->names == std::vector<std::string>{"Zebra", "a_last", "b_host"});
  CHECK(byte->length == 289);
  CHECK(byte->of(0)[0] == 1.0);
  CHECK(byte->of(1)[0] == 0.01);
  CHECK(byte->of(1)[287] == 0.88);
  CHECK(byte->of(1)[288] == 0.88);  // the last one once more
  const auto upper = vm::read_planetlab(folder.path(), vm::FileOrder::upper);
  REQUIRE(upper);
  CHECK(upper->names == std::vector<std::string>{"a_last", "b_host", "Zebra"});
}

TEST_CASE("usage trace: as capitals, an underscore stands behind the letters") {
  const ScratchFolder folder;
  folder.file("ab_c", day());
  folder.file("abzc", day());
  CHECK(vm::read_planetlab(folder.path(), vm::FileOrder::byte)->names[0] == "ab_c");
  CHECK(vm::read_planetlab(folder.path(), vm::FileOrder::upper)->names[0] == "abzc");
}

TEST_CASE("usage trace: line ends of any system, and a last line without one") {
  const ScratchFolder folder;
  std::string text;
  for (const char c : day()) text += c == '\n' ? std::string{"\r\n"} : std::string{c};
  text.erase(text.size() - 2);
  folder.file("windows", text);
  const auto traces = vm::read_planetlab(folder.path(), vm::FileOrder::byte);
  REQUIRE(traces);
  CHECK(traces->of(0)[287] == 0.88);
}

TEST_CASE("usage trace: each mistake is one issue with file and line") {
  struct Wrong {
    std::string text;
    int line;
    std::string says;
  };
  const auto wrong =
      GENERATE(Wrong{day(288, 17, ""), 17, "a hole"}, Wrong{day(288, 5, "4x"), 5, "'4x'"},
               Wrong{day(288, 5, "seven"), 5, "'seven'"}, Wrong{day(288, 9, "-1"), 9, "'-1'"},
               Wrong{day(288, 288, "101"), 288, "'101'"}, Wrong{day(288, 3, "1.5"), 3, "'1.5'"},
               Wrong{day(287), 287, "ends after 287 lines, expected 288"},
               Wrong{day(289), 289, "more than 288 lines"}, Wrong{"", 0, "is empty"},
               Wrong{day(288, 2, "99999999999999999999"), 2, "expected a whole percent"},
               Wrong{std::string(2'000'000, '1'), 0, "larger than 1 MiB"});
  const ScratchFolder folder;
  folder.file("good", day());
  folder.file("wrong", wrong.text);
  const auto traces = vm::read_planetlab(folder.path(), vm::FileOrder::byte);
  REQUIRE_FALSE(traces);
  REQUIRE(traces.issues().size() == 1);
  const auto& issue = traces.issues()[0];
  CHECK(issue.file == (folder.path() / "wrong").string());
  CHECK(issue.line == wrong.line);
  CHECK_THAT(issue.message, Catch::Contains(wrong.says));
}

TEST_CASE("usage trace: no folder, no files, something else than a folder") {
  const ScratchFolder folder;
  const auto says = [](const std::filesystem::path& path) {
    const auto traces = vm::read_planetlab(path, vm::FileOrder::byte);
    REQUIRE_FALSE(traces);
    REQUIRE(traces.issues().size() == 1);
    return traces.issues()[0].message;
  };
  CHECK_THAT(says(folder.path()), Catch::Contains("holds no file"));
  CHECK(says(folder.path() / "nowhere") == "no such folder");
  folder.file("file", day());
  CHECK_THAT(says(folder.path() / "file"), Catch::Contains("is no folder"));
  std::filesystem::create_directory(folder.path() / "inner");
  CHECK_THAT(says(folder.path()), Catch::Contains("is no regular file"));
  CHECK(says(folder.path() / "inne") == "no such folder; did you mean 'inner'?");
  CHECK(says(folder.path() / "inne/") == "no such folder; did you mean 'inner'?");
}

TEST_CASE("usage trace: twenty wrong files are enough") {
  const ScratchFolder folder;
  for (int i = 0; i < 30; ++i) folder.file("wrong" + std::to_string(i), "x");
  const auto traces = vm::read_planetlab(folder.path(), vm::FileOrder::byte);
  REQUIRE_FALSE(traces);
  REQUIRE(traces.issues().size() == 21);
  CHECK(traces.issues().back().file == folder.path().string());
  CHECK(traces.issues().back().message == "no more of its files were read after 20 wrong ones");
}

TEST_CASE("usage trace: where all twenty files are wrong, there are no others to tell of") {
  const ScratchFolder folder;
  for (int i = 0; i < 20; ++i) folder.file("wrong" + std::to_string(i), "x");
  const auto traces = vm::read_planetlab(folder.path(), vm::FileOrder::byte);
  REQUIRE_FALSE(traces);
  CHECK(traces.issues().size() == 20);
}

}  // namespace
