// JournalText: facts and orders as lines of JSON, and facts back again.
//
//   {"at":12500000000,"fact":"copied","with":{"attempt":7,"copied":65536,"dirty":0,"round":1}}
//   {"at":12500000000,"order":"freeze","with":{"attempt":7}}
//
// Instants and spans are whole nanoseconds, sizes whole bytes; doubles are written so that they
// read back as the same bits. Keys stand in one order, so equal orders are equal text. A line that
// makes no sense is refused with the reason: an unknown name, a missing or an extra key, a number
// that is out of its type's range or beyond reason.
#pragma once

#include <string>
#include <string_view>

#include "sim/result.hpp"
#include "vm/control.hpp"

namespace record {

struct TimedFact {
  vm::Time at;
  vm::Fact fact;
};
/// An order is compared as text and never carried out from a file.
struct TimedOrder {
  vm::Time at;
  std::string line;
};
using JournalEntry = std::variant<TimedFact, TimedOrder>;

/// One line, without the end of line.
std::string journal_line(vm::Time at, const vm::Fact& fact);
std::string journal_line(vm::Time at, const vm::Order& order);

/// What a line says, or why it says nothing.
sim::Result<JournalEntry> parse_journal_line(std::string_view line);

}  // namespace record
