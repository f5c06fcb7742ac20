#include "viz/model/live_client.hpp"

#include <utility>

namespace viz::model {

// ---- The window's thread -----------------------------------------------------------------------

bool LiveClient::pick(std::optional<vm::TenantId> client) {
  const std::uint32_t wanted = client ? client->value : nobody;
  return wanted_.exchange(wanted) != wanted;
}

void LiveClient::show(ClientView& view) const {
  ClientView answer;
  {
    const std::lock_guard lock{mutex_};
    if (seen_ && seen_->id == view.id) answer = *seen_;
    if (view.id.value < totals_.size()) {
      const vm::ClientOutcome& total = totals_[view.id.value];
      show_books(total.books, total.latency, answer);
      answer.basis = ClientView::Basis::whole_run;
      answer.served = true;
      answer.frozen = false;
    }
  }
  // The simulation knows who owns its state now; the run's story, who did at the playhead.
  answer.id = view.id;
  answer.group = view.group;
  answer.machine = view.machine;
  answer.migrations = view.migrations;
  answer.moving = view.moving;
  answer.loading = answer.basis == ClientView::Basis::nothing;
  view = std::move(answer);
}

// ---- The simulation's thread -------------------------------------------------------------------

std::optional<vm::TenantId> LiveClient::whom() {
  const std::uint32_t wanted = wanted_.load();
  if (told_.exchange(wanted) != wanted) {
    since_.reset();
    latency_.clear();
    last_.clear();
  }
  if (wanted == nobody) return std::nullopt;
  return vm::TenantId{wanted};
}

void LiveClient::on(const vm::TransactionRow& row) {
  last_.push_front(row);
  if (last_.size() > shown) last_.pop_back();
  const bool counts = row.issued.time_since_epoch() >= warmup_;
  if (counts && row.outcome == vm::Outcome::committed)
    latency_.add((row.ended - row.issued).count());
}

void LiveClient::on(const vm::model::ClientSeen& client) {
  if (!since_) since_ = client.at;
  ClientView view;
  view.id = client.client;
  view.basis = ClientView::Basis::newest;
  view.at = client.at;
  view.served = client.served;
  view.frozen = client.frozen;
  show_books(client.books, client.latency, view);
  show_since(view);
  const std::lock_guard lock{mutex_};
  seen_ = std::move(view);
}

/// What is counted since it was picked. Where that was before the warm-up was over, it is all.
void LiveClient::show_since(ClientView& view) const {
  if (latency_.count() > 0) {
    view.p50_ms = sim::milliseconds(Duration{latency_.quantile(0.5)});
    view.p99_ms = sim::milliseconds(Duration{latency_.quantile(0.99)});
  }
  if (since_->time_since_epoch() > warmup_) view.percentiles_since = since_;
  view.last.assign(last_.begin(), last_.end());
}

void LiveClient::finished(const std::vector<vm::ClientOutcome>& clients) {
  const std::lock_guard lock{mutex_};
  totals_ = clients;
  if (seen_ && seen_->id.value == told_) show_since(*seen_);
}

}  // namespace viz::model
