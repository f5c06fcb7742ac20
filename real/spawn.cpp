#include "real/spawn.hpp"

#include <exception>
#include <stdexcept>

namespace real {

void spawn(asio::io_context& io, std::string name, awaitable<void> task) {
  asio::co_spawn(io, std::move(task), [name = std::move(name)](const std::exception_ptr& error) {
    if (!error) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      throw std::runtime_error(name + ": " + e.what());
    }
  });
}

}  // namespace real
