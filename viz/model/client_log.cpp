#include "viz/model/client_log.hpp"

#include <algorithm>

namespace viz::model {
namespace {

constexpr std::size_t shown = 12;  // of the last transactions

std::optional<double> ms(std::uint64_t count, double nanoseconds) {
  return count > 0 ? std::optional{nanoseconds * 1e-6} : std::nullopt;
}

}  // namespace

void show_books(const vm::Books& books, const vm::ClientLatency& latency, ClientView& view) {
  using vm::Outcome;
  view.issued = books.issued;
  view.committed = books[Outcome::committed];
  view.refused = books[Outcome::refused];
  view.timed_out = books[Outcome::timed_out];
  view.failed = books[Outcome::failed];
  view.in_flight = books.in_flight;
  view.retries = books.attempts > books.issued ? books.attempts - books.issued : 0;
  view.acknowledged = books.acknowledged;
  view.lost = books.lost;
  view.duplicated = books.duplicated;
  view.measured = latency.count;
  const auto count = static_cast<double>(std::max<std::uint64_t>(latency.count, 1));
  view.mean_ms = ms(latency.count, static_cast<double>(latency.sum.count()) / count);
  view.max_ms = ms(latency.count, static_cast<double>(latency.max.count()));
}

void ClientLog::append(const std::vector<vm::TransactionRow>& rows) {
  for (const vm::TransactionRow& row : rows) {
    if (full()) return;
    rows_.push_back(row);
    issued_.push_back(row.issued);
  }
}

void ClientLog::count(const vm::TransactionRow& row) {
  ++books_.ended[static_cast<std::size_t>(row.outcome)];
  books_.attempts += row.attempts;
  if (row.outcome != vm::Outcome::committed) return;
  if (row.kind < writes_.size() && writes_[row.kind]) ++books_.acknowledged;
  if (row.issued.time_since_epoch() >= warmup_) latency_.add((row.ended - row.issued).count());
}

void ClientLog::show(Time at, ClientView& view) {
  if (full()) at = std::min(at, rows_.back().ended);
  if (done_ > 0 && rows_[done_ - 1].ended > at) {
    done_ = 0;
    books_ = {};
    latency_.clear();
  }
  for (; done_ < rows_.size() && rows_[done_].ended <= at; ++done_) count(rows_[done_]);
  if (sorted_ < issued_.size()) {
    std::ranges::sort(issued_);  // nearly sorted already: ends come in nearly this order
    sorted_ = issued_.size();
  }
  view.basis = ClientView::Basis::transactions;
  view.at = at;
  vm::Books books = books_;
  // What is in flight at the end of the run never ends, and is in no row.
  books.issued =
      static_cast<std::uint64_t>(std::ranges::upper_bound(issued_, at) - issued_.begin());
  books.in_flight = books.issued - done_;
  books.attempts += books.in_flight;
  show_books(books, {}, view);
  view.lost = view.duplicated = std::nullopt;
  if (writes_.empty()) view.acknowledged = std::nullopt;
  const std::uint64_t n = latency_.count();
  const auto quantile = [&](double q) { return ms(n, static_cast<double>(latency_.quantile(q))); };
  view.measured = n;
  view.mean_ms = ms(n, latency_.mean());
  view.max_ms = ms(n, static_cast<double>(latency_.max()));
  view.p50_ms = quantile(0.5);
  view.p99_ms = quantile(0.99);
  const std::size_t first = done_ > shown ? done_ - shown : 0;
  view.last.assign(rows_.begin() + static_cast<std::ptrdiff_t>(first),
                   rows_.begin() + static_cast<std::ptrdiff_t>(done_));
  std::ranges::reverse(view.last);
}

}  // namespace viz::model
