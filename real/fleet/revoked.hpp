// Revoked: the tokens that their owners have given back before they expired.
//
// A token is named by its jti and forgotten when it has expired anyway, so the list is as long as
// what was given back in one token's life. When that is more than the list holds, all tokens issued
// so far are void: everybody logs in anew, and nothing that was given back comes back to life.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "real/token.hpp"

namespace real {

class Revoked {
 public:
  explicit Revoked(std::size_t most = 4096) : most_(most) {}

  void add(const Claims& token, std::int64_t now) {
    // Others' clocks may be behind by as much as a verifier lets them be.
    std::erase_if(until_, [now](const auto& entry) { return entry.second < now; });
    if (until_.size() >= most_) {
      void_up_to_ = now;
      until_.clear();
      return;
    }
    until_[token.id] = token.expires + leeway;
  }

  bool is(const Claims& token) const {
    return token.issued <= void_up_to_ || until_.contains(token.id);
  }

 private:
  static constexpr std::int64_t leeway = 60;  // seconds

  std::size_t most_;
  std::map<std::string, std::int64_t> until_;  // by their names, seconds since 1970
  std::int64_t void_up_to_ = -1;               // when they were issued, seconds since 1970
};

}  // namespace real
