// The kill table: the whole system, with real processes, when somebody is struck in the midst of a
// migration. A few combinations among the ordinary tests; all of them through scripts/kill-table.
#include "tests/kill/kill_table.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>

#include <catch2/catch.hpp>

namespace {

using namespace kill_table;

/// What the environment says, as in scripts/kill-table.
std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* wanted = std::getenv(name);
  return wanted == nullptr ? otherwise : std::strtoull(wanted, nullptr, 10);
}

unsigned workers() {
  return static_cast<unsigned>(number("BRINK_KILL_WORKERS", 3));
}

void check(const Line& line) {
  INFO(to_text(line));
  if (line.result.skipped.empty()) {
    CHECK(line.result.well());
  } else {
    WARN(to_text(line));
  }
}

}  // namespace

TEST_CASE("kill table: whoever is struck during a migration, nothing is lost and it goes on",
          "[e2e]") {
  for (const Line& line : play(quick_cases(), workers(), [](const Line&) {})) check(line);
}

TEST_CASE("kill table: all of it", "[.kill-table]") {
  std::vector<KillCase> cases = all_cases();
  if (const std::uint64_t count = number("BRINK_KILL_DRAWN", 0); count > 0) {
    cases = drawn_cases(number("BRINK_KILL_SEED", 1), count);
  }
  if (const char* only = std::getenv("BRINK_KILL_ONLY")) {
    std::erase_if(cases,
                  [&](const KillCase& c) { return describe(c).find(only) == std::string::npos; });
  }
  std::size_t done = 0;
  const auto lines = play(cases, workers(), [&](const Line& line) {
    std::cout << ++done << "/" << cases.size() << "  " << to_text(line) << std::endl;
  });
  const char* file = std::getenv("BRINK_KILL_TABLE");
  if (file != nullptr && *file != '\0') {
    std::ofstream out{file};
    write_table(out, lines);
  }
  std::cout << '\n';
  write_table(std::cout, lines);
  for (const Line& line : lines) check(line);
}
