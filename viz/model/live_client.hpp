// LiveClient: the one client of a live run that somebody has picked: books as the simulation keeps
// them, and what its transactions have come to since it was picked. The simulation's thread tells,
// the window's asks; neither waits for the other.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "sim/histogram.hpp"
#include "viz/model/client_view.hpp"
#include "vm/model/client_watch.hpp"

namespace viz::model {

class LiveClient final : public vm::model::ClientWatch {
 public:
  explicit LiveClient(Duration warmup) : warmup_(warmup) {}

  // ---- the window's thread

  /// Who is looked at from now on, if anybody; true when that is somebody else than before.
  bool pick(std::optional<vm::TenantId> client);
  /// All below `basis` into the view of a picked client.
  void show(ClientView& view) const;

  // ---- the simulation's thread

  /// Somebody was picked whom it has not been asked about.
  bool waits() const { return wanted_.load() != told_.load(); }
  std::optional<vm::TenantId> whom() override;
  void on(const vm::model::ClientSeen& client) override;
  void on(const vm::TransactionRow& transaction) override;
  /// The run is over; `clients`: by TenantId.
  void finished(const std::vector<vm::ClientOutcome>& clients);

 private:
  void show_since(ClientView& view) const;

  static constexpr std::uint32_t nobody = 0xffffffffu;
  static constexpr std::size_t shown = 12;  // of the last transactions

  const Duration warmup_;
  std::atomic<std::uint32_t> wanted_ = nobody, told_ = nobody;

  // Of the simulation's thread.
  std::optional<Time> since_;  // when it was picked
  sim::Histogram latency_;
  std::deque<vm::TransactionRow> last_;  // newest first

  mutable std::mutex mutex_;        // of all below
  std::optional<ClientView> seen_;  // at the newest instant
  std::vector<vm::ClientOutcome> totals_;
};

}  // namespace viz::model
