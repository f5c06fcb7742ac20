// Bodies of the wrong length, form or kind; two requests in one; and attempts to log in.
#include "tests/attacks/sent.hpp"

namespace attacks {
namespace {

Attack sent(const std::string& name, const std::vector<std::string>& allowed,
            const std::string& fields, const std::string& body) {
  return {"body", name, either(allowed),
          [=](const Target& target) {
            return outcome(
                said_to(target, target.method + " " + target.post +
                                    " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n" + body),
                allowed);
          },
          has_post};
}

Attack chunked(const std::string& name, const std::vector<std::string>& allowed,
               const std::string& body) {
  return sent(name, allowed, "Transfer-Encoding: chunked\r\nConnection: close\r\n", body);
}

std::string trailers(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "T" + std::to_string(i) + ": x\r\n";
  return text;
}

std::string chunks(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "400\r\n" + std::string(1024, 'x') + "\r\n";
  return text;
}

/// The second request is hidden where only one of two parsers would see it. It must get no answer.
Attack smuggled(const std::string& name, const std::string& fields, const std::string& body) {
  return {"body", name, "one answer, 4xx or 501",
          [=](const Target& target) {
            const std::string hidden =
                "GET " + target.open + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
            const std::string said = said_to(target, target.method + " " + target.post +
                                                         " HTTP/1.1\r\nHost: localhost\r\n" +
                                                         fields + "\r\n" + body + hidden);
            return outcome(said, {"400", "501"});
          },
          has_post};
}

/// A body of JSON, or of what is none, where somebody logs in.
Attack log_in(const std::string& name, const std::vector<std::string>& allowed,
              const std::function<std::string(const std::string& member)>& body) {
  return {"body", name, either(allowed),
          [=](const Target& target) {
            return outcome(answer_to(target, "POST", target.post, "", body(target.name_member)),
                           allowed);
          },
          has_login};
}

Attack name_of(const std::string& name, const std::string& written) {
  return log_in(name, {"400"}, [written](const std::string& member) {
    return "{\"" + member + "\": \"" + written + "\", \"password\": \"correct horse\"}";
  });
}

std::vector<Attack> lengths() {
  return {
      chunked("chunk of 2^68 bytes", {"400"}, "fffffffffffffffff\r\n"),
      chunked("chunk of -1 bytes", {"400"}, "-1\r\n"),
      chunked("chunk extension of 1 MiB", {"413", "400"},
              "1;" + std::string(1 << 20, 'e') + "\r\nx\r\n0\r\n\r\n"),
      chunked("trailers, 20,000 of them", {"400", "413", "431"},
              "0\r\n" + trailers(20'000) + "\r\n"),
      chunked("chunks without end", {"413"}, chunks(2000)),
      sent("Content-Length of 10 GB, and 1 kB", {"413"}, "Content-Length: 10000000000\r\n",
           std::string(1000, 'x')),
      sent("packed body (gzip bomb)", {"415"}, "Content-Encoding: gzip\r\nContent-Length: 10\r\n",
           "0123456789"),
      smuggled("smuggled, CL.TE", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
               "0\r\n\r\nX"),
      smuggled("smuggled, TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
               "0\r\n\r\n"),
      smuggled("smuggled, TE.TE", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
               "0\r\n\r\n"),
      smuggled("smuggled, CL.CL", "Content-Length: 0\r\nContent-Length: 40\r\n", ""),
  };
}

std::vector<Attack> forms() {
  const auto plain = [](const std::string& text) {
    return [text](const std::string&) { return text; };
  };
  return {
      log_in("JSON 2,000 lists deep", {"400"}, plain(std::string(2000, '['))),
      log_in("JSON that ends early", {"400"}, plain("{\"user\": \"a")),
      log_in("no JSON but a form", {"400"}, plain("user=bob&password=correct+horse")),
      log_in("a number for a name", {"400"},
             [](const std::string& member) {
               return "{\"" + member + "\": 7, \"password\": \"correct horse\"}";
             }),
      log_in("a list for a password", {"400"},
             [](const std::string& member) {
               return "{\"" + member + "\": \"bob\", \"password\": [\"correct horse\"]}";
             }),
      log_in("members that nobody asked for", {"400"},
             [](const std::string& member) {
               return "{\"" + member +
                      "\": \"bob\", \"password\": \"correct horse\", \"scope\": \"admin\"}";
             }),
      log_in("no UTF-8", {"400", "401"}, plain("{\"user\": \"\xff\xfe\", \"password\": \"\xc0\"}")),
      name_of("SQL in a name", "' OR 1=1 --"),
      name_of("a name that is a path", "../../etc/passwd"),
      name_of("a line end in a name", "bob\\r\\nSet-Cookie: a=b"),
      name_of("NUL in a name", "bob\\u0000"),
      log_in("a password of 3,000 bytes (costly hash)", {"400"},
             [](const std::string& member) {
               return "{\"" + member + "\": \"bob\", \"password\": \"" + std::string(3000, 'x') +
                      "\"}";
             }),
  };
}

std::string without_date(std::string said) {
  const std::size_t at = said.find("Date: ");
  if (at != std::string::npos) said.erase(at, said.find("\r\n", at) - at);
  return said;
}

/// Whether a name is known shows neither in words nor in fields. (That it does not show in time
/// either is a matter of how many hashes are computed: tests/real/accounts_test.cpp counts them.)
Outcome unknown_user(const Target& target) {
  const auto ask = [&target](const std::string& name) {
    return without_date(answer_to(
        target, "POST", target.post, "",
        "{\"" + target.name_member + "\": \"" + name + "\", \"password\": \"not this one\"}"));
  };
  const std::string known = ask(target.making ? target.making->subject : "bob");
  const std::string unknown = ask("nobody-0");
  return {told(known) + (known == unknown ? ", the same for both" : ", and they differ"),
          told(known) == "401" && known == unknown};
}

Outcome guessed_passwords(const Target& target) {
  std::map<std::string, int> came;
  for (int i = 0; i < 40; ++i) {
    ++came[told(answer_to(target, "POST", target.post, "",
                          "{\"" + target.name_member + "\": \"victim-0\", \"password\": \"guess " +
                              std::to_string(100'000 + i) + "\"}"))];
  }
  std::string text;
  for (const auto& [status, count] : came) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " times " + status;
  }
  return {text, came["429"] >= 30 && came["200"] == 0};
}

}  // namespace

std::vector<Attack> body_attacks() {
  std::vector<Attack> all = lengths();
  for (Attack& one : forms()) all.push_back(std::move(one));
  all.push_back(
      {"body", "is there a user by this name?", "401, the same for both", unknown_user, has_login});
  all.push_back({"body", "40 guesses at a password, from 40 addresses", "429 after a few",
                 guessed_passwords, has_login});
  return all;
}

}  // namespace attacks
