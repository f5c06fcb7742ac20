// User store: names, password hashes and what each may do, in one SQLite file.
//
// Nothing else is kept of anybody. The file is created with mode 0600, and refused where others may
// use it. A user is durable when add() returns. Another process may add and remove users meanwhile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "real/sqlite.hpp"

namespace real {

class UserStore {
 public:
  /// Opens or creates the file. Throws StoreError, and std::runtime_error with its name.
  explicit UserStore(const std::filesystem::path& file);

  /// Adds a user; false when there is one by this name. Throws StoreError.
  ///
  ///   scope  what he may do, in the words of whoever asks scope_of()
  bool add(std::string_view name, std::string_view hash, std::int64_t now,
           std::string_view scope = {});
  /// False when there was none by this name. Throws StoreError.
  bool remove(std::string_view name);
  /// The hash of a user's password; none where there is no such user. Throws StoreError.
  std::optional<std::string> hash_of(std::string_view name) const;
  std::optional<std::string> scope_of(std::string_view name) const;
  std::int64_t count() const;

 private:
  void make_tables();
  /// The first column of the only row for `name`; none where there is none.
  std::optional<std::string> look_up(const Statement& statement, std::string_view name) const;

  Database db_;
  Statement add_, remove_, find_, scope_, count_;
};

}  // namespace real
