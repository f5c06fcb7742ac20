// Those who have no token, somebody else's, or one that says less than they want.
#include <array>

#include <sodium.h>

#include "tests/attacks/sent.hpp"

namespace attacks {
namespace {

using real::base64url;

const std::string our_header = R"({"alg":"HS256","typ":"JWT"})";

std::string mac_of(const std::string& text, const std::string& key) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()),
                              key.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()),
                                text.size());
  std::array<unsigned char, 32> mac{};
  crypto_auth_hmacsha256_final(&state, mac.data());
  return base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

std::string forged(const std::string& header, const std::string& claims, const std::string& key) {
  const std::string text = base64url(header) + "." + base64url(claims);
  return text + "." + mac_of(text, key);
}

bool has_jwt(const Target& target) {
  return is_guarded(target) && target.token.starts_with("eyJ");
}

/// A good token's three parts.
struct Parts {
  explicit Parts(const std::string& token)
      : header(token.substr(0, token.find('.'))),
        claims(token.substr(header.size() + 1, token.rfind('.') - header.size() - 1)),
        mac(token.substr(token.rfind('.') + 1)) {}
  std::string header, claims, mac;
  std::string plain_claims() const { return real::base64url_decoded(claims).value(); }
};

Outcome shown(const Target& target, const std::string& token) {
  return outcome(
      answer_to(target, "GET", target.guarded, "Authorization: Bearer " + token + "\r\n"),
      {"401", "400"});
}

/// A token made of a good one.
Attack made_of(const std::string& name,
               const std::function<std::string(const std::string&)>& make) {
  return {"token", name, "401 or 400",
          [make](const Target& target) { return shown(target, make(target.token)); }, has_jwt};
}

/// The good token's claims under another header, signed with something that is no secret.
Attack header(const std::string& name, const std::string& text, const std::string& key = "") {
  return made_of(name, [=](const std::string& token) {
    return forged(text, Parts{token}.plain_claims(), key);
  });
}

Attack unsigned_header(const std::string& name, const std::string& text) {
  return made_of(name, [text](const std::string& token) {
    return base64url(text) + "." + Parts{token}.claims + ".";
  });
}

/// Claims that we would never make, signed with the server's own key.
Attack claims(const std::string& name,
              const std::function<std::string(const TokenMaking&, std::int64_t now)>& make) {
  return {
      "token", name, "401",
      [make](const Target& target) {
        const TokenMaking& making = *target.making;
        const std::string key{reinterpret_cast<const char*>(making.key.data()), real::Key::size};
        return shown(target, forged(our_header, make(making, real::unix_now()), key));
      },
      [](const Target& target) { return is_guarded(target) && target.making.has_value(); }};
}

std::string object(const TokenMaking& making, const std::string& issued, const std::string& expires,
                   const std::string& more = "") {
  std::string text = "{\"sub\":\"" + making.subject + "\",\"aud\":\"" + making.audience +
                     "\",\"jti\":\"x\",\"iat\":" + issued;
  if (!making.scope.empty()) text += ",\"scope\":\"" + making.scope + "\"";
  if (!expires.empty()) text += ",\"exp\":" + expires;
  return text + more + "}";
}

Attack expiring(const std::string& name, const std::string& expires) {
  return claims(name, [expires](const TokenMaking& making, std::int64_t now) {
    return object(making, std::to_string(now), expires);
  });
}

std::vector<Attack> headers() {
  return {
      unsigned_header("alg none", R"({"alg":"none","typ":"JWT"})"),
      unsigned_header("alg None", R"({"alg":"None","typ":"JWT"})"),
      unsigned_header("alg nOnE", R"({"alg":"nOnE","typ":"JWT"})"),
      unsigned_header("alg missing", R"({"typ":"JWT"})"),
      unsigned_header("alg HS256, not signed", our_header),
      header("signed with an empty key", our_header),
      header("signed with the key \"secret\"", our_header, "secret"),
      header("alg RS256, the public key as the secret", R"({"alg":"RS256","typ":"JWT"})",
             "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"),
      header("kid ../../dev/null, empty key",
             R"({"alg":"HS256","typ":"JWT","kid":"../../../../dev/null"})"),
      header("kid of SQL", R"({"alg":"HS256","typ":"JWT","kid":"x' UNION SELECT 'key' --"})",
             "key"),
      header("jku, a key from elsewhere",
             R"({"alg":"HS256","typ":"JWT","jku":"https://evil.example/keys"})", "key"),
      header("jwk, a key of its own",
             R"({"alg":"HS256","typ":"JWT","jwk":{"kty":"oct","k":"a2V5"}})", "key"),
  };
}

std::vector<Attack> forms() {
  return {
      made_of("none", [](const std::string&) { return ""; }),
      made_of("signature cut by one letter",
              [](const std::string& token) { return token.substr(0, token.size() - 1); }),
      made_of("signature cut off",
              [](const std::string& token) { return token.substr(0, token.rfind('.') + 1); }),
      made_of("signature of zeros",
              [](const std::string& token) {
                return token.substr(0, token.rfind('.') + 1) + std::string(43, 'A');
              }),
      made_of("claims changed, signature kept",
              [](const std::string& token) {
                const Parts parts{token};
                std::string text = parts.plain_claims();
                const std::size_t at = text.find("\"sub\":\"") + 7;
                text.replace(at, text.find('"', at) - at, "root");
                return parts.header + "." + base64url(text) + "." + parts.mac;
              }),
      made_of("scope admin added, signature kept",
              [](const std::string& token) {
                const Parts parts{token};
                std::string text = parts.plain_claims();
                text.back() = ',';
                return parts.header + "." + base64url(text + "\"scope\":\"admin\"}") + "." +
                       parts.mac;
              }),
      made_of("two parts",
              [](const std::string& token) { return token.substr(0, token.rfind('.')); }),
      made_of("four parts", [](const std::string& token) { return token + ".x"; }),
      made_of("padding", [](const std::string& token) { return token + "="; }),
      made_of(
          "a blank inside",
          [](const std::string& token) { return token.substr(0, 50) + " " + token.substr(50); }),
      made_of("another form of the same bytes",
              [](const std::string& token) {
                // The last letter of 43 carries two bits that mean nothing.
                std::string other = token;
                other.back() = static_cast<char>(other.back() + 1);
                return other;
              }),
      made_of("8 KiB of it", [](const std::string&) { return std::string(8 << 10, 'a'); }),
      {"token", "as a password (Basic)", "401",
       [](const Target& target) {
         return outcome(answer_to(target, "GET", target.guarded,
                                  "Authorization: Basic " + target.token + "\r\n"),
                        {"401"});
       },
       is_guarded},
      {"token", "two of them, the bad one first", "401",
       [](const Target& target) {
         return outcome(
             answer_to(target, "GET", target.guarded,
                       "Authorization: Bearer x\r\nAuthorization: Bearer " + target.token + "\r\n"),
             {"401", "400"});
       },
       is_guarded},
  };
}

std::vector<Attack> wrong_claims() {
  const auto at = [](std::int64_t seconds) { return std::to_string(seconds); };
  std::vector<Attack> all{
      claims("expired", [at](const TokenMaking& m,
                             std::int64_t now) { return object(m, at(now - 1000), at(now - 61)); }),
      claims("not valid yet (nbf)",
             [at](const TokenMaking& m, std::int64_t now) {
               return object(m, at(now), at(now + 900), ",\"nbf\":" + at(now + 100));
             }),
      claims("issued tomorrow",
             [at](const TokenMaking& m, std::int64_t now) {
               return object(m, at(now + 86'400), at(now + 90'000));
             }),
      claims("exp twice, the first expired",
             [at](const TokenMaking& m, std::int64_t now) {
               return object(m, at(now), "1,\"exp\":" + at(now + 900));
             }),
      claims("sub twice",
             [at](const TokenMaking& m, std::int64_t now) {
               return object(m, at(now), at(now + 900), ",\"sub\":\"root\"");
             }),
      claims("sub twice, once in escapes",
             [at](const TokenMaking& m, std::int64_t now) {
               return object(m, at(now), at(now + 900), R"(,"\u0073ub":"root")");
             }),
      claims("for another server, same key",
             [at](TokenMaking m, std::int64_t now) {
               m.audience += " 2";
               return object(m, at(now), at(now + 900));
             }),
      claims("without a life",
             [at](const TokenMaking& m, std::int64_t now) { return object(m, at(now), at(now)); }),
  };
  for (const auto& [name, exp] : std::initializer_list<std::pair<const char*, const char*>>{
           {"exp missing", ""},
           {"exp negative", "-1"},
           {"exp of 2^64", "18446744073709551616"},
           {"exp of 2^63 - 1", "9223372036854775807"},
           {"exp a fraction", "4102444800.5"},
           {"exp as 1e300", "1e300"},
           {"exp a text", "\"4102444800\""},
           {"exp true", "true"},
           {"exp a list", "[4102444800]"}}) {
    all.push_back(expiring(name, exp));
  }
  return all;
}

/// Without this one the others would prove nothing.
Outcome good_claims(const Target& target) {
  const std::int64_t now = real::unix_now();
  const std::string key{reinterpret_cast<const char*>(target.making->key.data()), real::Key::size};
  const std::string token = forged(
      our_header, object(*target.making, std::to_string(now), std::to_string(now + 900)), key);
  return outcome(
      answer_to(target, "GET", target.guarded, "Authorization: Bearer " + token + "\r\n"), {"200"});
}

Outcome reading_token_on_admin(const Target& target) {
  return outcome(answer_to(target, "POST", target.admin,
                           "Authorization: Bearer " + target.token + "\r\n", target.admin_body),
                 {"403"});
}

Outcome address_line_on_admin(const Target& target) {
  return outcome(
      answer_to(target, "POST", target.admin + "?token=" + target.token, "", target.admin_body),
      {"401"});
}

/// Given back and shown again. On a token of its own, made with the target's key.
Outcome revoked(const Target& target) {
  const TokenMaking& making = *target.making;
  const std::string token = real::Tokens{making.key}.issue(
      making.subject, making.audience, real::unix_now(), std::chrono::minutes{10}, making.scope);
  const std::string field = "Authorization: Bearer " + token + "\r\n";
  const std::string before = told(answer_to(target, "GET", target.guarded, field));
  answer_to(target, "POST", target.revoke, field);
  const std::string after = told(answer_to(target, "GET", target.guarded, field));
  return {before + ", then " + after, before == "200" && after == "401"};
}

/// 200 on each connection, sent ahead, each connection from another address.
Outcome flood(const Target& target) {
  constexpr std::size_t at_once = 200;
  const std::size_t wanted = target.bad_tokens;
  const Parts parts{target.token};
  std::string many;
  for (std::size_t i = 0; i < at_once; ++i) {
    std::string mac = parts.mac;
    mac[i % mac.size()] = mac[i % mac.size()] == 'A' ? 'B' : 'A';
    many += "GET " + target.guarded + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
            parts.header + "." + parts.claims + "." + mac + "\r\n\r\n";
  }
  std::size_t refused = 0, let_in = 0;
  for (std::size_t sent = 0; sent < wanted; sent += at_once) {
    http_client::HttpClient client{target.port, fresh_address()};
    client.send(many);
    boost::system::error_code ignored;
    client.socket().shutdown(real::tcp::socket::shutdown_send, ignored);
    const std::string said = client.rest();
    for (std::size_t at = 0; (at = said.find("HTTP/1.1 ", at)) != std::string::npos; at += 9) {
      const std::string status = said.substr(at + 9, 3);
      (status == "401" || status == "429" ? refused : let_in) += 1;
    }
  }
  const bool goes_on = told(answer_to(target, "GET", target.guarded,
                                      "Authorization: Bearer " + target.token + "\r\n")) == "200";
  return {std::to_string(let_in) + " of " + std::to_string(wanted) + " let in; a good one " +
              (goes_on ? "is" : "is not"),
          let_in == 0 && refused > wanted / 2 && goes_on};
}

}  // namespace

std::vector<Attack> token_attacks() {
  const auto has_admin = [](const Target& target) { return !target.admin.empty(); };
  std::vector<Attack> all;
  for (const auto& some : {forms(), headers(), wrong_claims()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  all.push_back({"token", "none of these: claims as they should be, signed with the key", "200",
                 good_claims, [](const Target& target) { return target.making.has_value(); }});
  all.push_back({"token", "a reading token where an admin's is needed", "403",
                 reading_token_on_admin, has_admin});
  all.push_back(
      {"token", "?token= where only the field counts", "401", address_line_on_admin, has_admin});
  all.push_back(
      {"token", "revoked, and shown again", "200, then 401", revoked,
       [](const Target& target) { return !target.revoke.empty() && target.making.has_value(); }});
  all.push_back({"token", "bad ones without end", "0 let in; a good one is", flood, has_jwt});
  return all;
}

}  // namespace attacks
