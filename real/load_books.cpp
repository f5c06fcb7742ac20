#include "real/load_books.hpp"

#include <algorithm>

#include "real/holding.hpp"

namespace real {
namespace {

constexpr std::size_t complaint_limit = 20;
constexpr std::size_t ranges_shown = 5;

std::string text_of(const std::vector<Range>& ranges) {
  std::string text;
  for (std::size_t i = 0; i < std::min(ranges.size(), ranges_shown); ++i) {
    const auto& [first, last] = ranges[i];
    text += (i == 0 ? "" : ", ") + std::to_string(first);
    if (last != first) text += " to " + std::to_string(last);
  }
  return ranges.size() > ranges_shown ? text + ", ..." : text;
}

vm::Digest digest_of(vm::TenantId client, const std::vector<Range>& ranges) {
  vm::Digest digest;
  for (const auto& [first, last] : ranges) {
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      digest.add(client, sequence);
    }
  }
  return digest;
}

/// What of `held` lies in [begin, end).
std::vector<Range> between(const std::vector<Range>& held, std::uint64_t begin, std::uint64_t end) {
  std::vector<Range> found;
  for (const auto& [first, last] : held) {
    if (last >= begin && first < end)
      found.push_back({std::max(first, begin), std::min(last, end - 1)});
  }
  return found;
}

}  // namespace

LoadBooks::LoadBooks(const vm::Scenario& scenario)
    : scenario_(scenario), pages_(scenario.tenant_count()) {}

bool LoadBooks::try_audit(const Audited& answer) {
  if (!answer.served || answer.tenant.value >= pages_.size()) return false;
  Page& p = page(answer.tenant);
  if (p.audited) return true;  // asked twice over a broken link
  p.audited = true;
  const auto complain = [&](std::string what) { p.findings.push_back(std::move(what)); };

  if (!ascending(answer.held)) {
    complain("its owner's answer makes no sense: ranges that do not ascend");
    p.books.lost = p.books.acknowledged;
    return true;
  }
  std::vector<Range> held = between(answer.held, 0, people_begin);
  std::vector<Range> of_people = between(answer.held, people_begin, filler_begin);
  if (count_of(of_people) > answer.count) {  // or a range without end would take as long to add up
    complain("its owner holds more writes than it counted");
    of_people.clear();
  }

  std::vector<Range> invented;  // a client's sequences are 0 to issued - 1
  if (p.books.issued == 0) {
    invented = held;
  } else {
    invented = difference(held, std::vector<Range>{{0, p.books.issued - 1}});
  }
  if (!invented.empty()) {
    complain("its owner holds writes that nobody sent: " + text_of(invented));
    held = difference(held, invented);  // or a range without end would take as long to add up
  }

  const std::vector<Range> acknowledged = ranges_of(p.acknowledged);
  const auto missing = difference(acknowledged, held);
  p.books.lost = count_of(missing);
  p.books.unacknowledged = count_of(difference(held, acknowledged));
  p.books.applied = answer.count - count_of(of_people);
  if (!missing.empty() && scenario_.durability.log == vm::Log::synced) {
    complain(std::to_string(p.books.lost) + " acknowledged and not found: " + text_of(missing));
  }
  held.insert(held.end(), of_people.begin(), of_people.end());
  const vm::Digest stored = digest_of(answer.tenant, held);
  if (answer.count > stored.count) {
    p.books.duplicated = answer.count - stored.count;
    complain("its owner applied " + std::to_string(answer.count) + " writes, and holds " +
             std::to_string(stored.count) + " different ones");
  } else if (answer.count < stored.count) {
    complain("its owner holds " + std::to_string(stored.count) + " writes, and counted " +
             std::to_string(answer.count) + " when it applied them");
  } else if (answer.sum != stored.sum) {
    complain("its owner's digest is of other writes than those that it holds");
  }
  return true;
}

LoadBooks::Closed LoadBooks::close() {
  Closed closed;
  std::size_t found = 0;
  std::uint32_t tenant = 0;
  for (const vm::ClientGroup& group : scenario_.clients) {
    vm::Books& sum = closed.groups.emplace_back();
    for (std::uint32_t i = 0; i < group.count; ++i, ++tenant) {
      Page& p = pages_[tenant];
      if (!p.audited && p.books.acknowledged > 0) {
        p.books.lost = p.books.acknowledged;
        p.findings.push_back("nobody could say what it holds; " +
                             std::to_string(p.books.acknowledged) + " were acknowledged");
      }
      if (!p.books.balanced()) {
        p.findings.push_back("issued is not the sum of what became of it");
      }
      for (const std::string& finding : p.findings) {
        closed.balance = false;
        if (++found > complaint_limit) continue;
        closed.complaints.push_back("client " + std::to_string(tenant) + ": " + finding);
      }
      add(sum, p.books);
      closed.clients.push_back(p.books);
    }
  }
  if (found > complaint_limit) {
    closed.complaints.push_back("and " + std::to_string(found - complaint_limit) + " more");
  }
  return closed;
}

}  // namespace real
