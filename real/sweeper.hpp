// Sweeper: makes the rows of holdings that nobody needs any more go away, a thousand at a time with
// rests in between, so that no commit waits long behind it; one holding after the other, so that it
// stays so gentle however many there are.
#pragma once

#include <deque>
#include <memory>

#include "real/node_parts.hpp"

namespace real {

class Sweeper {
 public:
  explicit Sweeper(NodeParts& node) : node_(node) {}

  /// The holding is dropped now, for a restart too, and gone when its rows are.
  void drop(const Holding& holding);
  /// Its rows go, it stays: a fenced one has to say who owns the tenant now.
  void empty(const Holding& holding);

 private:
  struct Sweep {
    Slot slot;
    bool forget;
  };
  using Queue = std::deque<Sweep>;

  void add(Sweep sweep);
  static awaitable<void> work(NodeParts& node, std::shared_ptr<Queue> queue);
  static awaitable<bool> sweep(NodeParts& node, Slot slot);

  NodeParts& node_;
  const std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();  // the first is being swept
};

/// Submits a change and waits for its group: true when it is stored. Give it a variable: g++ 12
/// destroys an aggregate twice that is made within a co_await.
awaitable<bool> commit(Store& store, Change& change);

}  // namespace real
