#include "record/run_directory.hpp"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/record/small_run.hpp"

namespace {

namespace fs = std::filesystem;
using record::create_run_directory;
using small_run::TemporaryDirectory;

}  // namespace

TEST_CASE("run directory: named after scenario and seed, numbered where that exists") {
  const TemporaryDirectory out;
  CHECK(create_run_directory(out.path, "overload", 42) == out.path / "overload-42");
  CHECK(create_run_directory(out.path, "overload", 42) == out.path / "overload-42-2");
  CHECK(create_run_directory(out.path, "overload", 42) == out.path / "overload-42-3");
  CHECK(create_run_directory(out.path, "overload", 43) == out.path / "overload-43");
  CHECK(fs::is_directory(out.path / "overload-42-3"));
}

TEST_CASE("run directory: the folder around it is made, a file in its way is stepped around") {
  const TemporaryDirectory out;
  const auto deep = out.path / "a" / "b";
  CHECK(create_run_directory(deep, "x", 1) == deep / "x-1");
  fs::copy_file("/proc/self/comm", deep / "y-1");
  CHECK(create_run_directory(deep, "y", 1) == deep / "y-1-2");
}

TEST_CASE("run directory: a name cannot lead out of the folder") {
  const TemporaryDirectory out;
  CHECK(create_run_directory(out.path, "../../etc", 1).filename() == "_._.._etc-1");
  CHECK(create_run_directory(out.path, "", 1).filename() == "run-1");
  CHECK(create_run_directory(out.path, "a b\n/c", 1).parent_path() == out.path);
}

TEST_CASE("run directory: runs that start at once never share one") {
  const TemporaryDirectory out;
  constexpr std::size_t threads = 4, each = 25;
  std::vector<std::vector<fs::path>> made(threads);
  {
    std::vector<std::jthread> all;
    for (auto& mine : made) {
      all.emplace_back([&mine, &out] {
        for (std::size_t i = 0; i < each; ++i) {
          mine.push_back(create_run_directory(out.path, "race", 7));
        }
      });
    }
  }
  std::set<fs::path> distinct;
  for (const auto& mine : made) distinct.insert(mine.begin(), mine.end());
  CHECK(distinct.size() == threads * each);
}

TEST_CASE("run directory: a place that refuses is named") {
  CHECK_THROWS_WITH(create_run_directory("/proc/nowhere", "overload", 42),
                    Catch::Contains("/proc/nowhere"));
  // The folder is there, but nothing can be made in it, by root neither.
  CHECK_THROWS_WITH(create_run_directory("/proc/self", "overload", 42),
                    Catch::Contains("/proc/self/overload-42"));
}
