// Accounts: people register and log in with a name and a password.
//
// A password is kept as its Argon2id hash, which takes 19 MiB and some 60 ms on purpose, and so
// makes logging in the cheapest way to wear a server out. Therefore:
//
//   - hashes run on threads of their own, as many at once as `at_once`, and a short queue waits for
//     them; beyond that the answer is `busy`
//   - each address and each account has so many attempts; beyond them it is `too_many`, and no hash
//     is computed
//   - an unknown name costs the same hash as a known one, against a decoy, so time tells nobody who
//     has an account. Registering does tell: a name can be taken only once
//
// Call from the thread of the io_context, which must live longer. Waits are in `wait`.
//
//   source   OWASP Authentication Cheat Sheet
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "real/asio.hpp"
#include "real/password.hpp"
#include "real/rate_limit.hpp"
#include "real/user_store.hpp"

namespace real {

/// Names: 1 to 64 of a-z A-Z 0-9 . _ -, not beginning with a sign.
bool is_fit_name(std::string_view name);

class Accounts {
 public:
  struct Options {
    std::filesystem::path file;
    PasswordCost cost{};
    std::size_t at_once = 1;  // hashes: one for each core that may go to it
    std::size_t waiting = 8;  // beside those
    RateLimit::Config per_account{.per_second = 0.2, .burst = 5};
    RateLimit::Config per_address{.per_second = 1, .burst = 20};
  };
  enum class Verdict {
    welcome,   // logged in, or registered
    wrong,     // no such name or another password: not told apart
    taken,     // registering: there is one by this name
    unfit,     // no name or no password could look like this
    busy,      // too many others at this moment
    too_many,  // attempts from this address or for this account
  };
  struct Answer {
    Verdict verdict = Verdict::wrong;
    sim::Duration wait{};  // busy, too_many: until it makes sense to come again
    std::string scope{};   // logged in: what the file says that he may do
  };

  /// Opens the file. Throws std::runtime_error.
  Accounts(asio::io_context& io, Options options);
  ~Accounts();
  Accounts(const Accounts&) = delete;
  Accounts& operator=(const Accounts&) = delete;

  /// address  of who asks, without its port
  /// throws   std::runtime_error when the file refuses, std::bad_alloc
  awaitable<Answer> register_user(std::string name, std::string password, std::string address);
  awaitable<Answer> log_in(std::string name, std::string password, std::string address);

  /// What a user may do, as the file says at this moment; none where he is no user (any more).
  std::optional<std::string> scope_of(std::string_view name) const { return users_.scope_of(name); }
  std::int64_t count() const { return users_.count(); }

  /// Hashes computed so far: what equal treatment means in a test.
  std::uint64_t hashes() const { return hashes_; }

 private:
  std::optional<Answer> turn_down(const std::string& name, const std::string& password,
                                  const std::string& address);
  std::string hash(const std::string& password);
  bool is_right(const std::string& hash, const std::string& password);
  template <class Work>
  auto on_pool(Work work);

  asio::io_context& io_;
  Options options_;
  UserStore users_;
  RateLimit per_account_, per_address_;
  std::string decoy_;
  std::atomic<std::uint64_t> hashes_{0};
  std::shared_ptr<std::size_t> under_way_ = std::make_shared<std::size_t>(0);
  asio::thread_pool pool_;  // last: its threads end before the rest goes
};

}  // namespace real
