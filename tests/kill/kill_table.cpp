#include "tests/kill/kill_table.hpp"

#include <algorithm>
#include <atomic>
#include <iomanip>
#include <map>
#include <mutex>
#include <ostream>
#include <sstream>
#include <thread>

#include "sim/random.hpp"

namespace kill_table {
namespace {

using real::Moment;
using enum Role;

constexpr std::array moments{Moment::copying,      Moment::copy_round, Moment::frozen,
                             Moment::copying_rest, Moment::verifying,  Moment::switching,
                             Moment::switched};

std::string away_text(const KillResult& result) {
  if (!result.away) return "not back";
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << *result.away << " s";
  return text.str();
}

std::string verdict(const KillResult& result) {
  if (!result.skipped.empty()) return "not played: " + result.skipped;
  if (!result.struck) return "FAILED: the migration never came so far";
  if (result.well()) return "well";
  std::string text = "FAILED";
  for (const std::string& complaint : result.complaints) text += ": " + complaint;
  return text;
}

/// "copying: kill source" is told from "copying under way: kill source" in its own column.
struct Cells {
  std::string moment, when, blow, copies;
};
Cells cells_of(const KillCase& c) {
  const std::string text = describe(c);
  const auto colon = text.find(": "), comma = text.rfind(", ");
  return {std::string{to_string(c.moment)}, c.held ? "before" : "during",
          text.substr(colon + 2, comma - colon - 2), std::to_string(c.replicas)};
}

}  // namespace

std::vector<KillCase> all_cases() {
  std::vector<KillCase> cases;
  for (const Moment moment : moments) {
    for (const bool held : {true, false}) {
      for (const Role victim : {source, target, gateway, agent}) {
        cases.push_back({moment, Blow::kill, {victim}, 1, held});
      }
    }
    for (const Role victim : {source, target}) {
      cases.push_back({moment, Blow::hang, {victim}, 1, true});
      cases.push_back({moment, Blow::cut_off, {victim}, 1, true});
      cases.push_back({moment, Blow::cut_off, {victim}, 1, false});
    }
    const std::vector<std::vector<Role>> links{{source, target},
                                               {gateway, source},
                                               {gateway, target},
                                               {gateway, agent},
                                               {gateway, clients}};
    for (const auto& link : links) {
      if (link[0] == source && moment == Moment::switched) continue;  // there is none any more
      const bool held = link[0] != source || moment != Moment::copying;
      cases.push_back({moment, Blow::cut, link, 1, held});
    }
    const std::vector<Role> with_second{source, target, second, gateway, agent};
    for (std::size_t i = 0; i < with_second.size(); ++i) {
      cases.push_back({moment, Blow::kill, {with_second[i]}, 2, true});
      for (std::size_t j = i + 1; j < with_second.size(); ++j) {
        cases.push_back({moment, Blow::kill, {with_second[i], with_second[j]}, 2, true});
      }
    }
    for (const Role victim : {source, target, second}) {
      cases.push_back({moment, Blow::cut_off, {victim}, 2, true});
    }
    cases.push_back({moment, Blow::cut, {source, second}, 2, true});
    cases.push_back({moment, Blow::cut, {gateway, second}, 2, true});
  }
  return cases;
}

std::vector<KillCase> drawn_cases(std::uint64_t seed, std::size_t count) {
  sim::RandomStream chance{seed, "kill", 0};
  std::vector<KillCase> cases;
  while (cases.size() < count) {
    KillCase c;
    c.moment = moments[chance.below(moments.size())];
    c.replicas = chance.below(2) == 0 ? 1 : 2;
    c.held = chance.below(4) == 0;
    const std::uint64_t longest = c.moment == Moment::copying ? 400'000 : 20'000;
    if (!c.held) c.after = std::chrono::microseconds{1 + chance.below(longest)};
    const auto kind = chance.below(4);
    c.blow = kind == 0 ? Blow::hang : kind == 1 ? Blow::cut_off : Blow::kill;
    std::vector<Role> roles{source, target, gateway, agent};
    if (c.replicas == 2) roles.push_back(second);
    // Nobody watches over the gateway and the agent but their end, and cables are machines'.
    if (c.blow != Blow::kill)
      std::erase_if(roles, [](Role r) { return r == gateway || r == agent; });
    for (auto left = 1 + chance.below(std::min<std::size_t>(3, roles.size())); left > 0; --left) {
      const auto drawn = roles.begin() + static_cast<std::ptrdiff_t>(chance.below(roles.size()));
      c.victims.push_back(*drawn);
      roles.erase(drawn);
    }
    cases.push_back(c);
  }
  return cases;
}

std::vector<KillCase> quick_cases() {
  return {{Moment::copying, Blow::kill, {source}, 1, false},
          {Moment::frozen, Blow::kill, {gateway}, 1, true},
          {Moment::verifying, Blow::kill, {target}, 1, true},
          {Moment::switching, Blow::cut_off, {target}, 1, true},
          {Moment::copy_round, Blow::cut, {source, target}, 1, true},
          {Moment::switched, Blow::kill, {source, gateway}, 2, true}};
}

std::vector<Line> play(const std::vector<KillCase>& cases, unsigned workers,
                       const std::function<void(const Line&)>& told) {
  std::vector<Line> lines(cases.size());
  std::atomic<std::size_t> next{0};
  std::mutex one_at_a_time;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, workers); ++i) {
    threads.emplace_back([&] {
      for (std::size_t n = next++; n < cases.size(); n = next++) {
        lines[n].what = cases[n];
        try {
          lines[n].result = play(cases[n]);
        } catch (const std::exception& refused) {
          lines[n].result.complaints.emplace_back(refused.what());
        }
        const std::lock_guard lock{one_at_a_time};
        told(lines[n]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return lines;
}

std::string to_text(const Line& line) {
  const KillResult& r = line.result;
  std::ostringstream text;
  text << std::left << std::setw(62) << describe(line.what) << std::right << std::setw(6)
       << r.acknowledged << " acknowledged, " << r.lost << " lost, " << r.duplicated
       << " duplicated, away " << away_text(r) << ", " << r.moved << " moved, " << r.aborted
       << " aborted: " << verdict(r);
  return text.str();
}

void write_table(std::ostream& out, const std::vector<Line>& lines) {
  out << "| step | when | struck | copies | acknowledged | lost | duplicated | back by itself | "
         "away | moved | verdict |\n"
         "|---|---|---|--:|--:|--:|--:|---|--:|--:|---|\n";
  std::uint64_t acknowledged = 0, lost = 0, duplicated = 0;
  std::size_t well = 0, skipped = 0;
  for (const Line& line : lines) {
    const Cells cells = cells_of(line.what);
    const KillResult& r = line.result;
    out << "| " << cells.moment << " | " << cells.when << " | " << cells.blow << " | "
        << cells.copies << " | " << r.acknowledged << " | " << r.lost << " | " << r.duplicated
        << " | " << (r.away ? "yes" : "no") << " | " << away_text(r) << " | " << r.moved << " | "
        << verdict(r) << " |\n";
    acknowledged += r.acknowledged;
    lost += r.lost;
    duplicated += r.duplicated;
    well += r.well() ? 1 : 0;
    skipped += r.skipped.empty() ? 0 : 1;
  }
  out << "\n"
      << lines.size() << " combinations, " << well << " well, " << skipped << " not played, "
      << lines.size() - well - skipped << " failed; " << acknowledged << " writes acknowledged, "
      << lost << " lost, " << duplicated << " duplicated.\n";
}

}  // namespace kill_table
