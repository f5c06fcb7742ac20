#include "real/json_answer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "vm/spelling.hpp"

namespace real {
namespace {

using nlohmann::json;

/// In a JSON text the three stand inside of strings only.
std::string text_of(const json& value) {
  const std::string plain = value.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string text;
  text.reserve(plain.size());
  for (const char c : plain) {
    if (c == '<') {
      text += "\\u003c";
    } else if (c == '>') {
      text += "\\u003e";
    } else if (c == '&') {
      text += "\\u0026";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

Response tell(unsigned status, const json& body) {
  return {.status = status, .body = text_of(body) + "\n", .type = "application/json"};
}

Response object_to(const std::string& what, unsigned status) {
  return tell(status, {{"error", what}});
}

Response later(unsigned status, const std::string& what, sim::Duration wait) {
  Response response = object_to(what, status);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  response.headers.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(1, seconds)));
  return response;
}

sim::Result<json> object_of(const Request& request, std::initializer_list<std::string_view> names) {
  json body = json::parse(request.body, nullptr, false);
  if (!body.is_object()) return sim::Error{"expected a JSON object"};
  for (const auto& [name, value] : body.items()) {
    if (std::ranges::find(names, name) != names.end()) continue;
    const std::vector<std::string_view> known{names};
    return sim::Error{"unknown member " + vm::in_quotes(name) + ", expected " + [&] {
      std::string list;
      for (const auto& n : known) list += (list.empty() ? "" : ", ") + std::string{n};
      return list;
    }()};
  }
  return body;
}

sim::Result<std::pair<std::string, std::string>> credentials(const Request& request,
                                                             std::string_view name_member) {
  const auto body = object_of(request, {name_member, "password"});
  if (!body) return sim::Error{body.error()};
  std::array<std::string, 2> texts;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string member{i == 0 ? name_member : "password"};
    const auto found = body->find(member);
    if (found == body->end() || !found->is_string()) {
      return sim::Error{"\"" + member + "\": expected text"};
    }
    texts[i] = found->get<std::string>();
  }
  return std::pair{std::move(texts[0]), std::move(texts[1])};
}

Response verdict(const Accounts::Answer& answer, Response welcome) {
  using Verdict = Accounts::Verdict;
  switch (answer.verdict) {
    case Verdict::welcome:
      return welcome;
    case Verdict::wrong:
      return object_to("wrong name or password", 401);
    case Verdict::taken:
      return object_to("this name is taken", 409);
    case Verdict::unfit:
      return object_to("a password has 10 to 256 bytes, a name 1 to 64 of a-z A-Z 0-9 . _ -", 400);
    case Verdict::busy:
      return later(503, "too many others at this moment", answer.wait);
    case Verdict::too_many:
      return later(429, "too many attempts", answer.wait);
  }
  return object_to("unreachable", 500);
}

}  // namespace real
