// spawn: starts a coroutine under a name.
//
// What it throws comes out of io.run() with that name before it; asio::detached would swallow it.
#pragma once

#include <string>

#include "real/asio.hpp"

namespace real {

/// Starts `task` on `io`. What it throws is rethrown from io.run() as std::runtime_error
/// "name: what".
void spawn(asio::io_context& io, std::string name, awaitable<void> task);

}  // namespace real
