// Any bytes are no token, unless they are ours; and any claims, correctly signed, are accepted with
// sense in them or refused.
//
//   cmake --preset fuzz && cmake --build --preset fuzz --target token_fuzz
//   token_fuzz -max_total_time=600
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <sodium.h>

#include "real/token.hpp"

namespace {

constexpr std::int64_t now = 1'800'000'000;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string signed_with(std::string_view claims, const real::Key& key) {
  std::string text =
      real::base64url(R"({"alg":"HS256","typ":"JWT"})") + "." + real::base64url(claims);
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256(mac.data(), reinterpret_cast<const unsigned char*>(text.data()),
                         text.size(), key.data());
  return text + "." + real::base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const real::Key key = real::Key::random();
  static const real::Tokens tokens{key};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  require(!tokens.check(text, "gateway", now));  // the key is random: nobody can have signed it
  const auto claims = tokens.check(signed_with(text, key), "gateway", now);
  if (claims) {
    require(claims->audience == "gateway" && !claims->subject.empty());
    require(claims->issued <= now + 60 && claims->expires > now - 60);
  } else {
    require(!claims.error().empty());
  }
  const auto bytes = real::base64url_decoded(text);
  if (bytes) require(real::base64url(*bytes) == text);  // one form for the same bytes
  return 0;
}
