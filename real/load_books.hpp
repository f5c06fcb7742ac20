// LoadBooks: what every client was told, and at the end what the owners hold: lost and duplicated
// are counted from full sets, never assumed to be none.
//
//   lost            acknowledged and not found in the owner's store
//   duplicated      the owner counted more applications than it has different writes
//   unacknowledged  found, though the client was told otherwise or nothing: harmless
//
// The owner's running digest is compared with one made from the sequences that it has in its store
// now: equal counts of different writes would show. A tenant that nobody serves has lost all.
//
// Every loss is a complaint, except where the scenario says that acknowledged means in memory: what
// a crash takes then is lost as agreed, and only counted. Sans-IO.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "real/messages.hpp"
#include "real/sequence_ranges.hpp"
#include "vm/ledger.hpp"
#include "vm/outcome.hpp"
#include "vm/scenario.hpp"

namespace real {

class LoadBooks {
 public:
  explicit LoadBooks(const vm::Scenario& scenario);

  /// A transaction is issued. Returns its sequence: each client counts its own from 0.
  std::uint64_t issue(vm::TenantId client) { return page(client).books.issued++; }
  void attempted(vm::TenantId client) { ++page(client).books.attempts; }
  void ended(vm::TenantId client, vm::Outcome outcome) {
    ++page(client).books.ended[static_cast<std::size_t>(outcome)];
  }
  void left_in_flight(vm::TenantId client) { ++page(client).books.in_flight; }
  /// The client was told that this write is committed.
  void acknowledge(vm::TenantId client, std::uint64_t sequence) {
    if (page(client).acknowledged.add(sequence)) ++page(client).books.acknowledged;
  }

  /// An owner's answer. False when it is none: nobody serves the tenant now, or there is no such.
  bool try_audit(const Audited& answer);
  bool audited(vm::TenantId client) const { return pages_[client.value].audited; }
  std::uint32_t clients() const { return static_cast<std::uint32_t>(pages_.size()); }

  struct Closed {
    bool balance = true;
    std::vector<vm::Books> groups;        // by GroupId
    std::vector<vm::Books> clients;       // by TenantId
    std::vector<std::string> complaints;  // at most 20, then how many more
  };
  /// Call once, when every owner has answered or will not.
  Closed close();

 private:
  struct Page {
    vm::Books books;
    SequenceSet acknowledged;
    bool audited = false;
    std::vector<std::string> findings;
  };
  Page& page(vm::TenantId client) { return pages_[client.value]; }

  const vm::Scenario& scenario_;
  std::vector<Page> pages_;
};

}  // namespace real
