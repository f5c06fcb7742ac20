// Tokens: who somebody is and what he may talk to, until when, signed. JSON Web Tokens with HS256.
//
// A verifier that lets the token say how it is to be verified can be talked into anything, so there
// is one header and a token must have it byte for byte: {"alg":"HS256","typ":"JWT"}. "none", other
// algorithms, keys named or brought by the token are all the same to us: not our header. The order
// of checks is size, header, signature, and only then are the claims decoded; they must be
//
//   sub   who, 1 to 128 bytes            iat   issued, whole seconds since 1970, not in the future
//   aud   for whom, exactly one name     exp   from when on it is void, after iat
//
// and each at most once. Three more may be there, and must make sense where they are: nbf (not
// before), jti (the token's own name, by which it can be revoked) and scope (what its owner may do
// there). Other claims are ignored. Clocks may differ by 60 s. Two keys are accepted
// while the older one is being rolled over. A key serves one purpose: tokens of one run, or of one
// gateway's users, are no tokens anywhere else.
//
//   source   RFC 7515, RFC 7519, RFC 8725
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "real/secret_file.hpp"
#include "sim/result.hpp"

namespace real {

inline constexpr std::size_t token_limit = 4 << 10;  // bytes

struct Claims {
  std::string subject;
  std::string audience;
  std::int64_t issued = 0;  // seconds since 1970
  std::int64_t expires = 0;
  std::string id{};     // differs for every token that we issue; empty: it has none
  std::string scope{};  // empty: it says nothing of it
};

/// Seconds since 1970, by the clock of the wall.
std::int64_t unix_now();

class Tokens {
 public:
  /// Signs with `key`; accepts `previous` as well.
  explicit Tokens(const Key& key, const std::optional<Key>& previous = {})
      : key_(key), previous_(previous) {}

  /// A token for `subject` to show to `audience`, valid for `life` from `now`.
  std::string issue(std::string_view subject, std::string_view audience, std::int64_t now,
                    std::chrono::seconds life, std::string_view scope = {}) const;

  /// What a token claims, or why it is void. The reason names no secret and may be sent back.
  ///
  ///   cost  a few microseconds; a wrong signature is found in the same time wherever it is wrong
  sim::Result<Claims> check(std::string_view token, std::string_view audience,
                            std::int64_t now) const;

 private:
  Key key_;
  std::optional<Key> previous_;
};

/// Whether both are the same, in a time that does not tell where they differ.
bool same_secret(std::string_view a, std::string_view b);

/// base64url without padding, as tokens use it. Decoding is strict: none for padding, spaces, other
/// alphabets, or bits left over at the end.
std::string base64url(std::string_view bytes);
std::optional<std::string> base64url_decoded(std::string_view text);

}  // namespace real
