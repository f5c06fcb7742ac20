// Ledger: the books that prove that nothing was lost and nothing was applied twice.
//
// A write belongs to (client, sequence). Each tenant's state carries a Digest of what was applied
// to it; the digest moves with the state, through copies, migrations and restores, so it is what
// the owner really holds. The ledger keeps the other side: what each client was told. At the end
//
//   held by the owner  ==  acknowledged  +  applied but not acknowledged (timed out, in flight)
//
// must hold for every client, in count and in sum of hashes: then acknowledged is within applied
// and nothing was applied twice. O(clients) memory however many transactions there were. Two
// different sets agree by accident with probability 2^-64; the real world checks full sets as well.
//
// When a crash leaves nothing of a tenant, `wiped` closes its page: what had been acknowledged is
// lost, is counted so, and the books start anew from the empty state.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vm/outcome.hpp"

namespace vm {

/// An order-independent summary of a set of (client, sequence): how many, and the sum of their
/// hashes modulo 2^64. Adding commutes, so copies may arrive in any order.
struct Digest {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;

  void add(TenantId client, std::uint64_t sequence);
  Digest& operator+=(const Digest& other) {
    count += other.count;
    sum += other.sum;
    return *this;
  }
  friend Digest operator-(Digest a, const Digest& b) { return {a.count - b.count, a.sum - b.sum}; }
  bool operator==(const Digest&) const = default;
};

class Ledger {
 public:
  explicit Ledger(std::size_t clients) : pages_(clients) {}

  void issued(TenantId client) { ++page(client).books.issued; }
  void attempted(TenantId client) { ++page(client).books.attempts; }
  void ended(TenantId client, Outcome outcome) {
    ++page(client).books.ended[static_cast<std::size_t>(outcome)];
  }
  void left_in_flight(TenantId client) { ++page(client).books.in_flight; }

  /// The client was told that this write is committed.
  void acknowledged(TenantId client, std::uint64_t sequence);
  /// The write was applied, and its client will never be told so: it gave up, or the run is over.
  void unacknowledged(TenantId client, std::uint64_t sequence);
  /// The owner was seen to apply a write that it had applied before.
  void applied_again(TenantId client) { ++page(client).books.duplicated; }
  /// Nothing is left of the client's state. Returns the acknowledged writes that are lost by it.
  std::uint64_t wiped(TenantId client);

  struct Audit {
    bool balance = true;
    std::vector<std::string> complaints;  // at most 20, then how many more
  };
  /// Closes the books against what the owners hold, by client. Call once, at the end.
  Audit close(std::span<const Digest> held);

  const Books& of(TenantId client) const { return pages_[client.value].books; }

 private:
  struct Page {
    Books books;
    Digest acknowledged;    // since the page was last wiped
    Digest unacknowledged;  // likewise
  };
  Page& page(TenantId client) { return pages_[client.value]; }

  std::vector<Page> pages_;
};

/// Adds every count of `more` to `sum`.
void add(Books& sum, const Books& more);

}  // namespace vm
