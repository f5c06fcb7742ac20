// Tokens under the attacks of RFC 8725 and OWASP.
#include "real/token.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cmath>

#include <catch2/catch.hpp>
#include <sodium.h>

#include "sim/random.hpp"

using namespace real;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t now = 1'800'000'000;

Key key_of(unsigned char filler) {
  Key key;
  std::fill(key.data(), key.data() + Key::size, filler);
  return key;
}

std::string sign(const std::string& text, const unsigned char* key, std::size_t size) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key, size);
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()),
                                text.size());
  std::array<unsigned char, 32> mac{};
  crypto_auth_hmacsha256_final(&state, mac.data());
  return base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

/// A token with any header and claims, correctly signed with `key`.
std::string forged(const std::string& header, const std::string& claims, const Key& key) {
  const std::string text = base64url(header) + "." + base64url(claims);
  return text + "." + sign(text, key.data(), Key::size);
}

const std::string our_header = R"({"alg":"HS256","typ":"JWT"})";
const std::string good_claims =
    R"({"sub":"alice","aud":"gateway","iat":1800000000,"exp":1800000600})";

}  // namespace

TEST_CASE("token: what was issued is accepted by whom it is for, while it is valid") {
  const Tokens tokens{key_of(1)};
  const std::string token = tokens.issue("alice", "gateway", now, 10min);
  const auto claims = tokens.check(token, "gateway", now + 300);
  REQUIRE(claims);
  CHECK(claims->subject == "alice");
  CHECK(claims->audience == "gateway");
  CHECK(claims->issued == now);
  CHECK(claims->expires == now + 600);
  CHECK(tokens.check(token, "gateway", now + 659));  // clocks may differ by a minute
  CHECK_FALSE(tokens.check(token, "gateway", now + 660));
  CHECK(tokens.check(token, "gateway", now - 60));
  CHECK_FALSE(tokens.check(token, "gateway", now - 61));
  CHECK_FALSE(tokens.check(token, "agent", now));
  CHECK_FALSE(Tokens{key_of(2)}.check(token, "gateway", now));
}

TEST_CASE("token: each has a name of its own, and a scope where it was given one") {
  const Tokens tokens{key_of(1)};
  const auto read = [&tokens](const std::string& token) {
    const auto claims = tokens.check(token, "gateway", now);
    REQUIRE(claims);
    return *claims;
  };
  const Claims plain = read(tokens.issue("alice", "gateway", now, 10min));
  const Claims scoped = read(tokens.issue("alice", "gateway", now, 10min, "admin"));
  CHECK(plain.id.size() == 22);  // 128 bits, 6 in each character
  CHECK(plain.id != scoped.id);
  CHECK(plain.scope.empty());
  CHECK(scoped.scope == "admin");
}

TEST_CASE("token: it is the one of RFC 7515, so that other programs can make and read it") {
  // Computed by Python's hmac and base64 modules over the same header, claims and a key of 32 bytes
  // of 0x01.
  const std::string token =
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
      "eyJzdWIiOiJhbGljZSIsImF1ZCI6ImdhdGV3YXkiLCJpYXQiOjE4MDAwMDAwMDAsImV4cCI6MTgwMDAwMDYwMH0."
      "Gnefu6VltQ6ku22f9IAqjaYNJ8KoOv7YnQkJIxXAsPQ";
  CHECK(forged(our_header, good_claims, key_of(1)) == token);
  CHECK(Tokens{key_of(1)}.check(token, "gateway", now));
}

TEST_CASE("token: the header decides nothing") {
  const Tokens tokens{key_of(1)};
  REQUIRE(tokens.check(forged(our_header, good_claims, key_of(1)), "gateway", now));
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"None","typ":"JWT"})", R"({"alg":"nOnE","typ":"JWT"})",
        R"({"typ":"JWT"})", R"({"alg":"RS256","typ":"JWT"})", R"({"alg":"HS512","typ":"JWT"})",
        R"({"alg":"hs256","typ":"JWT"})", R"({"alg":["HS256"],"typ":"JWT"})",
        R"({"alg":"HS256","typ":"JWT","kid":"../../dev/null"})",
        R"({"alg":"HS256","typ":"JWT","kid":"' OR 1=1 --"})",
        R"({"alg":"HS256","typ":"JWT","jku":"https://evil.example/keys"})",
        R"({"alg":"HS256","typ":"JWT","jwk":{"kty":"oct","k":"AA"}})", "", "[]", "x"}) {
    CAPTURE(header);
    CHECK_FALSE(tokens.check(forged(header, good_claims, key_of(1)), "gateway", now));
    const std::string bare = base64url(header) + "." + base64url(good_claims) + ".";
    CHECK_FALSE(tokens.check(bare, "gateway", now));
  }
  // Signed with nothing, and with a public text as the key.
  const std::string text = base64url(our_header) + "." + base64url(good_claims);
  CHECK_FALSE(tokens.check(text + "." + sign(text, key_of(0).data(), 0), "gateway", now));
  const std::string pem = "-----BEGIN PUBLIC KEY-----";
  CHECK_FALSE(tokens.check(
      text + "." + sign(text, reinterpret_cast<const unsigned char*>(pem.data()), pem.size()),
      "gateway", now));
}

TEST_CASE("token: a change of any character voids it") {
  const Tokens tokens{key_of(1)};
  const std::string token = tokens.issue("alice", "gateway", now, 10min);
  for (std::size_t at = 0; at < token.size(); ++at) {
    std::string changed = token;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    CAPTURE(at, changed);
    CHECK_FALSE(tokens.check(changed, "gateway", now));
    CHECK_FALSE(tokens.check(token.substr(0, at), "gateway", now));
  }
}

TEST_CASE("token: the form is strict") {
  const Tokens tokens{key_of(1)};
  const std::string token = tokens.issue("alice", "gateway", now, 10min);
  for (const std::string& other :
       {token + "=", token + " ", " " + token, token + "\n", token + ".", token + ".x", "." + token,
        std::string{}, std::string{"."}, std::string{".."}, std::string{"..."},
        std::string(1 << 20, 'a'), token + std::string(1, '\0')}) {
    CAPTURE(other.substr(0, 300));
    CHECK_FALSE(tokens.check(other, "gateway", now));
  }
  CHECK_FALSE(base64url_decoded("QQ="));
  CHECK_FALSE(
      base64url_decoded("QR"));  // bits left over at the end: the same bytes in another form
  CHECK_FALSE(base64url_decoded("Q+"));
  CHECK_FALSE(base64url_decoded("Q Q"));
  CHECK_FALSE(base64url_decoded("D\xe2\xa2u060a"));  // libsodium alone would take it
  CHECK(base64url_decoded("QQ") == "A");
  CHECK(base64url_decoded("") == "");
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string bytes(size, '\xfb');
    CHECK(base64url_decoded(base64url(bytes)) == bytes);
  }
}

TEST_CASE("token: claims are there once, of the right type and in range") {
  const Tokens tokens{key_of(1)};
  const auto accepts = [&tokens](const std::string& claims) {
    return static_cast<bool>(tokens.check(forged(our_header, claims, key_of(1)), "gateway", now));
  };
  const std::string start = R"({"sub":"alice","aud":"gateway","iat":1800000000,)";
  CHECK(accepts(start + R"("exp":1800000600})"));
  CHECK(accepts(start + R"("exp":1800000600,"scope":"more","x":{"a":[1]}})"));
  CHECK_FALSE(accepts(start + R"("x":1})"));  // no exp
  for (const char* exp : {"-1", "1800000600.0", "1.8e9", "\"1800000600\"", "true", "null", "[]",
                          "99999999999999999999", "9223372036854775807", "18446744073709551615",
                          "253402300800", "1800000000", "1799999999", "0"}) {
    CAPTURE(exp);
    CHECK_FALSE(accepts(start + "\"exp\":" + exp + "}"));
  }
  CHECK_FALSE(accepts(start + R"("exp":1,"exp":1800000600})"));
  CHECK_FALSE(accepts(start + R"("sub":"root","exp":1800000600})"));
  CHECK_FALSE(accepts(start + R"("\u0073ub":"root","exp":1800000600})"));  // the same name
  CHECK_FALSE(accepts(R"({"sub":"","aud":"gateway","iat":1800000000,"exp":1800000600})"));
  CHECK_FALSE(accepts(R"({"sub":7,"aud":"gateway","iat":1800000000,"exp":1800000600})"));
  CHECK_FALSE(accepts(R"({"sub":"a","aud":["gateway"],"iat":1800000000,"exp":1800000600})"));
  CHECK_FALSE(accepts(R"({"sub":"a","aud":"gateway","iat":1900000000,"exp":1900000600})"));
  const auto accepts_beside = [&](const std::string& claim) {
    return accepts(start + claim + R"(,"exp":1800000600})");
  };
  CHECK(accepts_beside(R"("nbf":1800000060)"));  // clocks may differ by a minute
  for (const char* claim :
       {R"("nbf":1800000061)", R"("nbf":"1800000000")", R"("nbf":1.8e9)", R"("nbf":-1)",
        R"("nbf":{"a":[1]})", R"("nbf":0,"nbf":0)", R"("scope":7)", R"("scope":["admin"])",
        R"("scope":"")", R"("jti":7)", R"("jti":null)"}) {
    CAPTURE(claim);
    CHECK_FALSE(accepts_beside(claim));
  }
  CHECK_FALSE(accepts("[" + good_claims + "]"));
  CHECK_FALSE(accepts(good_claims + "x"));
  CHECK_FALSE(accepts(""));
  CHECK_FALSE(accepts(std::string(1000, '[')));
}

TEST_CASE("token: while a key is rolled over both are accepted, and then no more") {
  const Key old_key = key_of(1), new_key = key_of(2);
  const std::string old_token = Tokens{old_key}.issue("a", "x", now, 10min);
  const Tokens rolling{new_key, old_key};
  CHECK(rolling.check(old_token, "x", now));
  CHECK(Tokens{new_key}.check(rolling.issue("a", "x", now, 10min), "x", now));
  CHECK_FALSE(Tokens{new_key}.check(old_token, "x", now));
}

TEST_CASE("token: time does not tell where a signature is wrong") {
  // Welch's t between the times of tokens that are wrong in the first and in the last byte of the
  // signature. 4.5 is the customary bound for "leaks"; a compare that stops early gives hundreds
  // when it is long, but a scheduler may give a little: the best of three is taken.
  const Tokens tokens{key_of(1)};
  // Another letter of the same kind, so that both wrong tokens take the same way through the
  // decoder: what they look like is no secret. The last character carries two bits that must be
  // zero.
  const auto other = [](char c) {
    return static_cast<char>(c == 'A' || c == 'a' || c == '0' ? c + 1 : c - 1);
  };
  std::string token, first, last;
  std::size_t mac = 0, end = 0;
  for (std::int64_t at = now;
       token.empty() || !std::isalnum(token[mac]) || !std::isalnum(token[end]); ++at) {
    token = tokens.issue("alice", "gateway", at, 10min);
    mac = token.rfind('.') + 1;
    end = token.size() - 2;
  }
  first = last = token;
  first[mac] = other(first[mac]);
  last[end] = other(last[end]);
  std::string shown = token;  // one place in memory for both: alignment takes time too
  const auto time_of = [&](const std::string& wrong) {
    shown.assign(wrong);
    const auto start = std::chrono::steady_clock::now();
    const bool accepted = static_cast<bool>(tokens.check(shown, "gateway", now));
    const auto spent = std::chrono::steady_clock::now() - start;
    if (accepted) return 1e9;
    return static_cast<double>(spent.count());
  };
  sim::RandomStream chance{1, "test.timing"};
  double best = 1e9;
  for (int attempt = 0; attempt < 3 && best > 4.5; ++attempt) {
    constexpr int pairs = 20'000;
    double sum[2] = {}, squares[2] = {}, count[2] = {};
    for (int i = 0; i < 2 * pairs; ++i) {
      const int which = chance.uniform() < 0.5 ? 0 : 1;  // any pattern would meet the allocator's
      const double t = time_of(which == 0 ? first : last);
      if (t > 20'000) continue;  // an interruption, not a comparison
      sum[which] += t;
      squares[which] += t * t;
      count[which] += 1;
    }
    const auto mean = [&](int i) { return sum[i] / count[i]; };
    const auto error = [&](int i) {
      return (squares[i] / count[i] - mean(i) * mean(i)) / count[i];
    };
    best = std::min(best, std::abs(mean(0) - mean(1)) / std::sqrt(error(0) + error(1)));
  }
  CHECK(best < 4.5);
}

TEST_CASE("token: secrets are compared whole") {
  CHECK(same_secret("abc", "abc"));
  CHECK_FALSE(same_secret("abc", "abcd"));
  CHECK_FALSE(same_secret("", "abc"));
  CHECK(same_secret("", ""));
}
