// What benchmarks write goes with them, also when they are killed.
#include "bench/folder.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <thread>

#include <catch2/catch.hpp>

namespace {

namespace fs = std::filesystem;

void fill(const fs::path& folder) {
  fs::create_directories(folder / "node0");
  std::ofstream(folder / "node0" / "log") << "much";
}

}  // namespace

TEST_CASE("bench: a folder goes with its benchmark, whichever else there is") {
  std::optional<bench::Folder> first{std::in_place};
  const bench::Folder second;
  const fs::path path = first->path();
  fill(path);
  first.reset();
  CHECK_FALSE(fs::exists(path));
  CHECK(fs::exists(second.path()));
}

TEST_CASE("bench: a folder goes with a benchmark that is killed") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t benchmark = ::fork();
  REQUIRE(benchmark >= 0);
  if (benchmark == 0) {
    const bench::Folder folder;
    fill(folder.path());
    const std::string name = folder.path();
    if (::write(ends[1], name.data(), name.size()) < 0) ::_exit(1);
    for (;;) ::pause();
  }
  ::close(ends[1]);
  std::array<char, 4096> name{};
  const auto length = ::read(ends[0], name.data(), name.size() - 1);
  const fs::path path{name.data()};
  CHECK(length > 0);
  CHECK(fs::exists(path / "node0" / "log"));
  ::kill(benchmark, SIGKILL);
  ::waitpid(benchmark, nullptr, 0);
  for (int i = 0; i < 1'000 && fs::exists(path); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  CHECK_FALSE(fs::exists(path));
  ::close(ends[0]);
}
