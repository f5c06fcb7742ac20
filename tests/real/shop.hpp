// A store and the loop that it tells, and what tests put into one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "real/store.hpp"

namespace real_test {

inline constexpr vm::TenantId tenant{7};

inline real::Holding owned(real::Slot slot, vm::Bytes keep = {}) {
  return {.slot = slot,
          .tenant = tenant,
          .epoch = 3,
          .standing = real::Standing::owner,
          .keep = keep,
          .new_owner = {}};
}

inline real::Row row(std::uint64_t sequence, std::size_t size = 100) {
  return {sequence, std::string(size, static_cast<char>('a' + sequence % 26))};
}

struct Shop {
  explicit Shop(const std::filesystem::path& directory, real::StoreOptions options = {})
      : store(io, directory, options) {}

  bool put(real::Change change) {
    std::optional<bool> answer;
    store.submit(std::move(change), [&](bool stored) { answer = stored; });
    while (!answer) {
      io.restart();
      io.run_for(std::chrono::milliseconds{1});
    }
    return *answer;
  }

  real::asio::io_context io;
  real::Store store;
};

}  // namespace real_test
