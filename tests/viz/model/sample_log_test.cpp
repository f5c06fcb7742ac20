// SampleLog against a search of all rows.
#include "viz/model/sample_log.hpp"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

namespace {

using namespace std::chrono_literals;
using viz::model::Duration;
using viz::model::SampleLog;
using viz::model::Time;

}  // namespace

TEST_CASE("sample_log: the fleet at any instant is every machine's last row before it") {
  // More rows than a block of 65,536 holds, machines that join late and machines that fall silent.
  constexpr std::uint32_t machines = 40, ticks = 4000;
  sim::RandomStream chance{8, "rows"};
  SampleLog log;
  std::vector<vm::SampleRow> plain;
  for (std::uint32_t tick = 1; tick <= ticks; ++tick) {
    for (std::uint32_t m = 0; m < machines; ++m) {
      const bool there = tick > m * 80 && (m % 3 != 0 || tick < 3000);
      if (!there || chance.uniform() < 0.1) continue;
      vm::SampleRow row{Time{tick * 1s}, {m}, vm::MachineState::up, {}};
      row.sample.transactions = tick;
      plain.push_back(row);
      log.append(row);
    }
  }
  REQUIRE(log.size() == plain.size());
  REQUIRE(log.size() > 70'000);

  std::vector<std::uint32_t> last;
  std::uint32_t done = 0;
  Time at{};
  for (int i = 0; i < 120; ++i) {
    // Small steps forward, as when it plays, and jumps to anywhere.
    at = i % 4 != 3 ? at + Duration{1500ms}
                    : Time{Duration{1ms} * static_cast<std::int64_t>(chance.below(4'100'000))};
    log.seek(at, last, done);
    const auto until = std::ranges::upper_bound(plain, at, {}, &vm::SampleRow::at);
    REQUIRE(log.rows_until(at) == static_cast<std::uint32_t>(until - plain.begin()));
    std::vector<std::uint32_t> expected(machines, SampleLog::none);
    for (auto row = plain.begin(); row != until; ++row)
      expected[row->machine.value] = static_cast<std::uint32_t>(row - plain.begin());
    last.resize(machines, SampleLog::none);
    CAPTURE(sim::seconds(at));
    REQUIRE(last == expected);
  }
}
