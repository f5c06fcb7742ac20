#include "real/accounts.hpp"

#include <algorithm>
#include <chrono>
#include <new>

#include "real/token.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;

constexpr auto wait_when_busy = 1s;

sim::Time now_for_limits() {
  return sim::Time{std::chrono::steady_clock::now().time_since_epoch()};
}

/// Counts a place in the queue for as long as it is taken. The coroutine that holds it may end with
/// the io_context, after the accounts.
class Place {
 public:
  explicit Place(std::shared_ptr<std::size_t> taken) : taken_(std::move(taken)) { ++*taken_; }
  ~Place() { --*taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::shared_ptr<std::size_t> taken_;
};

}  // namespace

bool is_fit_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= 64 && letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&letter](char c) { return letter(c) || c == '.' || c == '_' || c == '-'; });
}

Accounts::Accounts(asio::io_context& io, Options options)
    : io_(io),
      options_(std::move(options)),
      users_(options_.file),
      per_account_(options_.per_account),
      per_address_(options_.per_address),
      pool_(options_.at_once) {
  decoy_ = hash(base64url({reinterpret_cast<const char*>(Key::random().data()), Key::size}));
}

Accounts::~Accounts() {
  pool_.stop();
  pool_.join();
}

/// Does `work` on a thread of the pool; the caller goes on in the io_context with its result.
template <class Work>
auto Accounts::on_pool(Work work) {
  using Out = decltype(work());
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Out)>(
      [this](auto handler, Work todo) {
        auto back = asio::make_work_guard(io_);
        asio::post(pool_, [todo = std::move(todo), handler = std::move(handler),
                           back = std::move(back)]() mutable {
          Out out = todo();
          asio::post(back.get_executor(),
                     [handler = std::move(handler), out = std::move(out)]() mutable {
                       handler(std::move(out));
                     });
        });
      },
      use_awaitable, std::move(work));
}

std::optional<Accounts::Answer> Accounts::turn_down(const std::string& name,
                                                    const std::string& password,
                                                    const std::string& address) {
  if (!is_fit_name(name) || !is_fit_password(password)) return Answer{Verdict::unfit};
  const sim::Time now = now_for_limits();
  if (const auto wait = per_address_.take(address, now); wait > 0s) {
    return Answer{Verdict::too_many, wait};
  }
  if (const auto wait = per_account_.take(name, now); wait > 0s) {
    return Answer{Verdict::too_many, wait};
  }
  if (*under_way_ >= options_.at_once + options_.waiting) {
    return Answer{Verdict::busy, wait_when_busy};
  }
  return {};
}

awaitable<Accounts::Answer> Accounts::register_user(std::string name, std::string password,
                                                    std::string address) {
  if (const auto refusal = turn_down(name, password, address)) co_return *refusal;
  const Place place{under_way_};
  const std::string hashed = co_await on_pool([this, &password] { return hash(password); });
  wipe(password);
  if (hashed.empty()) throw std::bad_alloc{};
  co_return Answer{users_.add(name, hashed, unix_now()) ? Verdict::welcome : Verdict::taken};
}

awaitable<Accounts::Answer> Accounts::log_in(std::string name, std::string password,
                                             std::string address) {
  if (const auto refusal = turn_down(name, password, address)) co_return *refusal;
  const Place place{under_way_};
  const auto known = users_.hash_of(name);
  const std::string& against = known ? *known : decoy_;
  const bool right =
      co_await on_pool([this, &against, &password] { return is_right(against, password); });
  wipe(password);
  if (!right || !known) co_return Answer{Verdict::wrong};
  co_return Answer{.verdict = Verdict::welcome, .scope = users_.scope_of(name).value_or("")};
}

std::string Accounts::hash(const std::string& password) {
  ++hashes_;
  return password_hash(password, options_.cost);
}

bool Accounts::is_right(const std::string& hash, const std::string& password) {
  ++hashes_;
  return is_password(hash, password);
}

}  // namespace real
