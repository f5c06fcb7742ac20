// Sweeper: makes the rows of holdings that nobody needs any more go away, a thousand at a time with
// rests in between, so that no commit waits long behind it.
#pragma once

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
  static awaitable<void> sweep(NodeParts& node, Slot slot, bool forget);

  NodeParts& node_;
};

/// Submits a change and waits for its group: true when it is stored. Give it a variable: g++ 12
/// destroys an aggregate twice that is made within a co_await.
awaitable<bool> commit(Store& store, Change& change);

}  // namespace real
