#include "real/token.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>
#include <sodium.h>

#include "sim/check.hpp"

namespace real {
namespace {

using nlohmann::json;

constexpr std::string_view header = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";  // the one of the essay
constexpr std::int64_t leeway = 60;                                          // seconds
constexpr std::int64_t latest = 253'402'300'800;                             // the year 10000
constexpr int base64_variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

static_assert(Key::size == crypto_auth_hmacsha256_KEYBYTES);

using Mac = std::array<unsigned char, crypto_auth_hmacsha256_BYTES>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Mac mac_of(std::string_view text, const Key& key) {
  Mac mac{};
  crypto_auth_hmacsha256(mac.data(), bytes_of(text), text.size(), key.data());
  return mac;
}

bool is_signed(std::string_view text, std::string_view mac, const Key& key) {
  const Mac ours = mac_of(text, key);
  return mac.size() == ours.size() && sodium_memcmp(ours.data(), mac.data(), ours.size()) == 0;
}

/// The claims as an object whose names are all different; discarded where they are not that.
json object_of(const std::string& text) {
  std::vector<std::string> names;
  bool twice = false;
  const auto look = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::key && depth == 1) {
      const auto name = parsed.get<std::string>();
      twice = twice || std::find(names.begin(), names.end(), name) != names.end();
      names.push_back(name);
    }
    return true;
  };
  json claims = json::parse(text, look, false);
  return twice || !claims.is_object() ? json(json::value_t::discarded) : claims;
}

std::optional<std::int64_t> seconds_in(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number_integer()) return {};
  if (found->is_number_unsigned() && found->get<std::uint64_t>() >= std::uint64_t{latest})
    return {};
  const auto value = found->get<std::int64_t>();
  return value < 0 ? std::optional<std::int64_t>{} : value;
}

std::optional<std::string> name_in(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_string()) return {};
  auto value = found->get<std::string>();
  return value.empty() || value.size() > 128 ? std::optional<std::string>{} : value;
}

/// A name that need not be there: empty then. None where it is there and is no name.
std::optional<std::string> name_if_any(const json& claims, const char* name) {
  return claims.contains(name) ? name_in(claims, name) : std::string{};
}

/// Differs for every token: 128 bits of chance.
std::string new_id() {
  std::array<char, 16> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return base64url({bytes.data(), bytes.size()});
}

sim::Result<Claims> claims_in(const std::string& text, std::string_view audience,
                              std::int64_t now) {
  const json claims = object_of(text);
  if (claims.is_discarded()) return sim::Error{"the token's claims make no sense"};
  const auto subject = name_in(claims, "sub"), for_whom = name_in(claims, "aud");
  const auto issued = seconds_in(claims, "iat"), expires = seconds_in(claims, "exp");
  if (!subject || !for_whom || !issued || !expires) {
    return sim::Error{"the token lacks one of sub, aud, iat, exp"};
  }
  if (*for_whom != audience) return sim::Error{"the token is for somebody else"};
  const auto id = name_if_any(claims, "jti"), scope = name_if_any(claims, "scope");
  const auto begins = claims.contains("nbf") ? seconds_in(claims, "nbf") : issued;
  if (!id || !scope || !begins) return sim::Error{"one of jti, scope, nbf makes no sense"};
  if (std::max(*issued, *begins) > now + leeway) return sim::Error{"the token is not valid yet"};
  if (*expires <= *issued) return sim::Error{"the token was never valid"};
  if (*expires <= now - leeway) return sim::Error{"the token has expired"};
  return Claims{*subject, *for_whom, *issued, *expires, *id, *scope};
}

}  // namespace

std::int64_t unix_now() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

std::string Tokens::issue(std::string_view subject, std::string_view audience, std::int64_t now,
                          std::chrono::seconds life, std::string_view scope) const {
  SIM_CHECK(!subject.empty() && subject.size() <= 128 && life.count() > 0);
  json claims{{"sub", subject},
              {"aud", audience},
              {"iat", now},
              {"exp", now + life.count()},
              {"jti", new_id()}};
  if (!scope.empty()) claims["scope"] = scope;
  std::string token{header};
  token.append(".").append(base64url(claims.dump()));
  const Mac mac = mac_of(token, key_);
  return token.append(".").append(
      base64url({reinterpret_cast<const char*>(mac.data()), mac.size()}));
}

sim::Result<Claims> Tokens::check(std::string_view token, std::string_view audience,
                                  std::int64_t now) const {
  if (token.size() > token_limit) return sim::Error{"the token is too long"};
  const std::size_t first = token.find('.'), last = token.rfind('.');
  if (first == std::string_view::npos || token.find('.', first + 1) != last || first == last) {
    return sim::Error{"a token has three parts"};
  }
  if (token.substr(0, first) != header) return sim::Error{"the token is not HS256"};
  const auto mac = base64url_decoded(token.substr(last + 1));
  const auto text = base64url_decoded(token.substr(first + 1, last - first - 1));
  if (!mac || !text) return sim::Error{"the token is not base64url"};
  const std::string_view what = token.substr(0, last);
  if (!is_signed(what, *mac, key_) && !(previous_ && is_signed(what, *mac, *previous_))) {
    return sim::Error{"the token's signature is wrong"};
  }
  return claims_in(*text, audience, now);
}

bool same_secret(std::string_view a, std::string_view b) {
  // Hashes first: sodium_memcmp wants equal lengths, and the length is a secret too.
  std::array<unsigned char, crypto_generichash_BYTES> of_a{}, of_b{};
  crypto_generichash(of_a.data(), of_a.size(), bytes_of(a), a.size(), nullptr, 0);
  crypto_generichash(of_b.data(), of_b.size(), bytes_of(b), b.size(), nullptr, 0);
  return sodium_memcmp(of_a.data(), of_b.data(), of_a.size()) == 0;
}

std::string base64url(std::string_view bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), base64_variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes_of(bytes), bytes.size(), base64_variant);
  text.pop_back();  // its terminating zero
  return text;
}

std::optional<std::string> base64url_decoded(std::string_view text) {
  // libsodium 1.0.18 takes some bytes beyond ASCII for letters (our fuzzer found it).
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  if (!std::all_of(text.begin(), text.end(), letter)) return {};
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int refused =
      sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &size, &end, base64_variant);
  if (refused != 0 || end != text.data() + text.size()) return {};
  bytes.resize(size);
  return bytes;
}

}  // namespace real
