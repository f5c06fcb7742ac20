// What the lists of attacks are written with: bytes go out, an answer comes back and is judged.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/attacks/attack.hpp"
#include "tests/real/http_client.hpp"

namespace attacks {

/// All that a target says to these bytes until it closes, or for its limits of time.
inline std::string said_to(const Target& target, const std::string& bytes) {
  http_client::HttpClient client{target.port, fresh_address()};
  if (!target.is_ours) client.give_up_after(std::chrono::seconds{3});
  return client.send(bytes).rest();
}

/// The first answer, on a connection that is asked to end after it.
inline std::string answer_to(const Target& target, const std::string& method,
                             const std::string& path, const std::string& fields = "",
                             const std::string& body = "") {
  std::string text = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields;
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return said_to(target, text + "Connection: close\r\n\r\n" + body);
}

/// Where the next answer begins.
inline std::size_t next_answer(const std::string& said, std::size_t from) {
  const auto digit = [&said](std::size_t at) {
    return at < said.size() && said[at] >= '0' && said[at] <= '9';
  };
  std::size_t at = from;
  while ((at = said.find("HTTP/1.1 ", at)) != std::string::npos) {
    if (digit(at + 9) && digit(at + 10) && digit(at + 11)) return at;
    ++at;
  }
  return at;
}

inline std::size_t answers_in(const std::string& said) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = next_answer(said, at)) != std::string::npos; ++at) ++count;
  return count;
}

/// "400", "closed" where nothing was said, and how many more answers were wormed out.
inline std::string told(const std::string& said) {
  const std::size_t answers = answers_in(said);
  if (answers == 0) return said.empty() ? "closed" : "not HTTP";
  const std::string status = said.substr(next_answer(said, 0) + 9, 3);
  return answers == 1 ? status : status + " and " + std::to_string(answers - 1) + " more";
}

/// Well when it is one of those.
inline Outcome outcome(const std::string& said, const std::vector<std::string>& allowed) {
  const std::string text = told(said);
  return {text, std::find(allowed.begin(), allowed.end(), text) != allowed.end()};
}

inline std::string either(const std::vector<std::string>& allowed) {
  std::string all;
  for (const std::string& one : allowed) all += (all.empty() ? "" : " or ") + one;
  return all;
}

inline bool has_post(const Target& target) {
  return !target.post.empty();
}
inline bool has_login(const Target& target) {
  return !target.name_member.empty();
}
inline bool is_guarded(const Target& target) {
  return !target.guarded.empty();
}

}  // namespace attacks
