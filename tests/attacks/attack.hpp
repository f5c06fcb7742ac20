// Attack: something that is done to a server, and what may come of it. All of them stand in lists,
// so that they are played against every server and make one table.
#pragma once

#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "tests/attacks/target.hpp"

namespace attacks {

struct Outcome {
  std::string text;  // "400, closed"
  bool well = false;
};

struct Attack {
  std::string group, name;
  std::string must;  // what may come of it, in words
  std::function<Outcome(const Target&)> play;
  std::function<bool(const Target&)> fits = [](const Target&) { return true; };
};

std::vector<Attack> head_attacks();   // requests that make no sense, or two
std::vector<Attack> body_attacks();   // of the wrong length, form or kind
std::vector<Attack> token_attacks();  // for those who have none, or one that says less
std::vector<Attack> name_attacks();   // by processes' names
/// By many, or by slow ones. Each lasts as long as the target's limits: play them side by side.
std::vector<Attack> crowd_attacks();

/// All but the crowds, one after the other.
std::vector<Attack> single_attacks();

/// What came of attacks, by their number, for one target.
struct Column {
  std::string title;
  std::map<std::string, Outcome> outcomes;  // by the attack's name
};
void write_table(std::ostream& out, const std::vector<Attack>& attacks,
                 const std::vector<Column>& columns);

}  // namespace attacks
