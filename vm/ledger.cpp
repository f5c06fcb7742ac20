#include "vm/ledger.hpp"

#include <algorithm>

#include "sim/random.hpp"

namespace vm {

void Digest::add(TenantId client, std::uint64_t sequence) {
  // Two rounds, so that neighbouring sequences of neighbouring clients do not cancel in the sum.
  std::uint64_t x = sequence;
  x = sim::splitmix(x) ^ (std::uint64_t{client.value} << 32 | client.value);
  ++count;
  sum += sim::splitmix(x);
}

void Ledger::acknowledged(TenantId client, std::uint64_t sequence) {
  ++page(client).books.acknowledged;
  page(client).acknowledged.add(client, sequence);
}

void Ledger::unacknowledged(TenantId client, std::uint64_t sequence) {
  page(client).unacknowledged.add(client, sequence);
}

std::uint64_t Ledger::wiped(TenantId client) {
  Page& p = page(client);
  const std::uint64_t lost = p.acknowledged.count;
  p.books.lost += lost;
  p.acknowledged = {};
  p.unacknowledged = {};
  return lost;
}

Ledger::Audit Ledger::close(std::span<const Digest> held) {
  SIM_CHECK(held.size() == pages_.size());
  Audit audit;
  std::size_t found = 0;
  const auto complain = [&](std::size_t client, const std::string& what) {
    audit.balance = false;
    if (++found <= 20) {
      audit.complaints.push_back("client " + std::to_string(client) + ": " + what);
    }
  };
  for (std::size_t i = 0; i < pages_.size(); ++i) {
    Page& p = pages_[i];
    Books& books = p.books;
    books.applied = held[i].count;
    books.unacknowledged = p.unacknowledged.count;
    if (!books.balanced()) complain(i, "issued is not the sum of what became of it");
    Digest expected = p.acknowledged;
    expected += p.unacknowledged;
    if (held[i] == expected) continue;
    // Counts tell how many at least; equal counts with different sums are one of each at least.
    if (held[i].count <= expected.count) {
      books.lost += std::max<std::uint64_t>(1, expected.count - held[i].count);
    }
    if (held[i].count >= expected.count) {
      const std::uint64_t twice = std::max<std::uint64_t>(1, held[i].count - expected.count);
      books.duplicated = std::max(books.duplicated, twice);
    }
    complain(i, "the owner holds " + std::to_string(held[i].count) + " writes, " +
                    std::to_string(p.acknowledged.count) + " were acknowledged and " +
                    std::to_string(p.unacknowledged.count) + " applied unacknowledged");
  }
  if (found > audit.complaints.size()) {
    audit.complaints.push_back("and " + std::to_string(found - audit.complaints.size()) +
                               " more clients");
  }
  return audit;
}

void add(Books& sum, const Books& more) {
  sum.issued += more.issued;
  for (std::size_t i = 0; i < outcome_count; ++i) sum.ended[i] += more.ended[i];
  sum.in_flight += more.in_flight;
  sum.attempts += more.attempts;
  sum.acknowledged += more.acknowledged;
  sum.applied += more.applied;
  sum.unacknowledged += more.unacknowledged;
  sum.lost += more.lost;
  sum.duplicated += more.duplicated;
}

}  // namespace vm
