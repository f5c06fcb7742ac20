// Every attack of the lists against every server that we have; and all of them against an agent's
// process, whose memory they must not fill.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/attacks/attack.hpp"

namespace {

using namespace attacks;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;  // whose own books are larger than the agent
#else
constexpr bool sanitized = false;
#endif

constexpr std::size_t many_bad_tokens = 100'000;
constexpr std::uint64_t most_memory = std::uint64_t{50} << 20;

std::vector<Attack> fitting(const std::vector<Attack>& attacks, const Target& target) {
  std::vector<Attack> some;
  for (const Attack& attack : attacks) {
    if (attack.fits(target)) some.push_back(attack);
  }
  return some;
}

void play(const std::vector<Attack>& attacks, const Target& target, Column& into) {
  for (const Attack& attack : fitting(attacks, target)) {
    INFO(target.name << ", " << attack.name);
    into.outcomes[attack.name] = attack.play(target);
  }
}

/// Side by side: most of the time they wait. The flood of connections last and alone, for it takes
/// the places of the others.
void play_crowds(const Target& target, Column& into) {
  const std::vector<Attack> crowds = fitting(crowd_attacks(), target);
  std::vector<Outcome> outcomes(crowds.size());
  std::vector<std::thread> threads;
  const auto alone = [](const Attack& attack) {
    return attack.name.find("held by") != attack.name.npos;
  };
  for (std::size_t i = 0; i < crowds.size(); ++i) {
    if (alone(crowds[i])) continue;
    threads.emplace_back([&, i] { outcomes[i] = crowds[i].play(target); });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < crowds.size(); ++i) {
    if (alone(crowds[i])) outcomes[i] = crowds[i].play(target);
    into.outcomes[crowds[i].name] = outcomes[i];
  }
}

void check(const Column& column) {
  CHECK(column.outcomes.size() > 10);
  for (const auto& [name, outcome] : column.outcomes) {
    INFO(column.title << ", " << name << ": " << outcome.text);
    CHECK(outcome.well);
  }
}

std::vector<Attack> all_attacks() {
  std::vector<Attack> all = single_attacks();
  for (Attack& attack : crowd_attacks()) all.push_back(std::move(attack));
  return all;
}

}  // namespace

TEST_CASE("attacks: each on each server is answered as it must be", "[e2e]") {
  for (const NamedTarget& named : our_targets()) {
    Column column{named.name, {}};
    const auto target = named.start(Pace::quick);
    play(single_attacks(), *target, column);
    check(column);
  }
}

TEST_CASE("attacks: crowds and slow ones are gone in time, and others served meanwhile", "[e2e]") {
  for (const NamedTarget& named : our_targets()) {
    Column column{named.name, {}};
    play_crowds(*named.start(Pace::quick), column);
    for (const auto& [name, outcome] : column.outcomes) {
      INFO(column.title << ", " << name << ": " << outcome.text);
      CHECK(outcome.well);
    }
  }
}

TEST_CASE("attacks: through all of them an agent's process stays under 50 MB", "[e2e]") {
  const auto agent = agent_process();
  Column column{"agent", {}};
  play(single_attacks(), *agent, column);
  play_crowds(*agent, column);
  check(column);
  CAPTURE(agent->peak_memory());
  if (!sanitized) CHECK(agent->peak_memory() < most_memory);
}

TEST_CASE("attacks: the table of them all", "[.attack-table]") {
  std::vector<Column> columns;
  std::uint64_t peak = 0;
  {
    const auto agent = agent_process();
    agent->bad_tokens = many_bad_tokens;
    Column& column = columns.emplace_back(Column{"agent", {}});
    play(single_attacks(), *agent, column);
    play_crowds(*agent, column);
    peak = agent->peak_memory();
  }
  for (const NamedTarget& named : our_targets()) {
    const auto target = named.start(Pace::real);
    target->bad_tokens = many_bad_tokens;
    Column fresh{named.name, {}};
    play(single_attacks(), *target, fresh);
    if (named.name == "agent") {  // what only a known key can make
      columns.front().outcomes.merge(fresh.outcomes);
    } else {
      play_crowds(*target, fresh);
      columns.push_back(std::move(fresh));
    }
  }
  for (const Column& column : columns) check(column);
  if (const auto peer = node_exporter()) {
    Column column{"node_exporter", {}};
    play(head_attacks(), *peer, column);
    play_crowds(*peer, column);
    columns.push_back(std::move(column));
  }
  const char* file = std::getenv("BRINK_ATTACK_TABLE");
  std::ofstream written{file != nullptr ? file : "/dev/null"};
  for (std::ostream* out : {static_cast<std::ostream*>(&written), &std::cout}) {
    write_table(*out, all_attacks(), columns);
    *out << "\nThrough all of them the agent's process had at most " << (peak >> 20)
         << " MiB of memory.\n";
  }
  CHECK((sanitized || peak < most_memory));
}
