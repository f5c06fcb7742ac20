#include "real/sweeper.hpp"

#include "real/spawn.hpp"

namespace real {
namespace {

constexpr std::uint32_t rows_at_once = 1'000;
/// At 10 MB/s for rows of 1 KiB: what is gone is of no hurry, and the disk is the tenants'.
constexpr auto rest = std::chrono::milliseconds{100};
constexpr auto rest_after_refusal = std::chrono::seconds{1};

}  // namespace

awaitable<bool> commit(Store& store, Change& change) {
  co_return co_await asio::async_initiate<decltype(use_awaitable), void(bool)>(
      [&](auto handler) {
        // std::function wants to be copied, a handler cannot be.
        const auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        store.submit(std::move(change), [shared](bool stored) { (*shared)(stored); });
      },
      use_awaitable);
}

void Sweeper::drop(const Holding& holding) {
  Holding dropped = holding;
  dropped.standing = Standing::dropped;
  node_.store.submit(Settle{dropped}, {});
  add({.slot = holding.slot, .forget = true});
}

void Sweeper::empty(const Holding& holding) {
  add({.slot = holding.slot, .forget = false});
}

void Sweeper::add(Sweep sweep) {
  queue_->push_back(sweep);
  if (queue_->size() == 1) spawn(node_.io, "sweeper", work(node_, queue_));
}

awaitable<void> Sweeper::work(NodeParts& node, std::shared_ptr<Queue> queue) {
  while (!queue->empty()) {
    const Sweep first = queue->front();
    if (!co_await sweep(node, first.slot)) co_return;
    // Refused, it is done at the next start.
    if (first.forget) node.store.submit(Forget{first.slot}, {});
    queue->pop_front();
  }
}

/// False when the node has ended meanwhile.
awaitable<bool> Sweeper::sweep(NodeParts& node, Slot slot) {
  const std::weak_ptr<bool> alive = node.alive;
  asio::steady_timer timer{node.io};
  while (true) {
    Change erase = Erase{slot, rows_at_once};
    const bool stored = co_await commit(node.store, erase);
    if (alive.expired()) co_return false;
    if (stored && node.store.figures(slot).rows == 0) co_return true;
    timer.expires_after(stored ? std::chrono::milliseconds{rest} : rest_after_refusal);
    boost::system::error_code never;
    co_await timer.async_wait(asio::redirect_error(use_awaitable, never));
    if (alive.expired()) co_return false;
  }
}

}  // namespace real
