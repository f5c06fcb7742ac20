#include "real/http.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace real {
namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const std::size_t end = text.find(at);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The segments of a path, decoded; none where one makes no sense.
std::optional<std::vector<std::string>> segments_of(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (!path.starts_with('/')) return {};
  std::vector<std::string> segments;
  for (const std::string_view piece : split(path.substr(1), '/')) {
    auto segment = percent_decoded(piece);
    if (!segment) return {};
    segments.push_back(std::move(*segment));
  }
  return segments;
}

/// The parts in the places of "{}", where the path fits.
std::optional<std::vector<std::string>> match(const std::vector<std::string>& route,
                                              const std::vector<std::string>& path) {
  if (route.size() != path.size()) return {};
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < route.size(); ++i) {
    if (route[i] == "{}" && !path[i].empty()) {
      parts.push_back(path[i]);
    } else if (route[i] != path[i]) {
      return {};
    }
  }
  return parts;
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::string_view Request::bearer() const {
  constexpr std::string_view scheme = "bearer ";
  const std::string_view value = header("authorization");
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  if (value.size() < scheme.size() || !std::equal(scheme.begin(), scheme.end(), value.begin(),
                                                  [&same](char b, char a) { return same(a, b); })) {
    return {};
  }
  return value.substr(scheme.size());
}

std::optional<std::string> Request::parameter(std::string_view name) const {
  const std::size_t mark = target.find('?');
  if (mark == std::string::npos) return {};
  for (const std::string_view piece : split(std::string_view{target}.substr(mark + 1), '&')) {
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos || piece.substr(0, equals) != name) continue;
    return percent_decoded(piece.substr(equals + 1));
  }
  return {};
}

Response refuse(unsigned status, std::string reason) {
  return {.status = status, .body = std::move(reason) + "\n"};
}

std::string_view reason_phrase(unsigned status) {
  struct Phrase {
    unsigned status;
    std::string_view text;
  };
  constexpr std::array phrases{
      Phrase{200, "OK"},
      Phrase{201, "Created"},
      Phrase{202, "Accepted"},
      Phrase{204, "No Content"},
      Phrase{400, "Bad Request"},
      Phrase{401, "Unauthorized"},
      Phrase{403, "Forbidden"},
      Phrase{404, "Not Found"},
      Phrase{405, "Method Not Allowed"},
      Phrase{408, "Request Timeout"},
      Phrase{409, "Conflict"},
      Phrase{413, "Content Too Large"},
      Phrase{414, "URI Too Long"},
      Phrase{415, "Unsupported Media Type"},
      Phrase{417, "Expectation Failed"},
      Phrase{421, "Misdirected Request"},
      Phrase{422, "Unprocessable Content"},
      Phrase{429, "Too Many Requests"},
      Phrase{431, "Request Header Fields Too Large"},
      Phrase{500, "Internal Server Error"},
      Phrase{501, "Not Implemented"},
      Phrase{503, "Service Unavailable"},
      Phrase{504, "Gateway Timeout"},
      Phrase{505, "HTTP Version Not Supported"},
  };
  for (const Phrase& phrase : phrases) {
    if (phrase.status == status) return phrase.text;
  }
  return "Status";
}

Handler at_once(std::function<Response(const Request&)> answer) {
  return [answer = std::move(answer)](const Request& request) -> awaitable<Response> {
    co_return answer(request);
  };
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return {};
    const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return {};
    const int value = high * 16 + low;
    if (value < 0x20 || value == 0x7f) return {};
    plain += static_cast<char>(value);
    i += 2;
  }
  return plain;
}

void Router::add(std::string method, std::string_view route, Handler handler) {
  Route& added = routes_.emplace_back();
  added.method = std::move(method);
  for (const std::string_view segment : split(route.substr(1), '/')) {
    added.segments.emplace_back(segment);
  }
  added.handler = std::move(handler);
}

Router::Found Router::find(std::string_view method, std::string_view target) const {
  const auto path = segments_of(target);
  if (!path) return {nullptr, {}, refuse(400, "the path makes no sense")};
  std::string allowed;
  for (const Route& route : routes_) {
    auto parts = match(route.segments, *path);
    if (!parts) continue;
    if (route.method == method || (method == "HEAD" && route.method == "GET")) {
      return {&route.handler, std::move(*parts), {}};
    }
    allowed += (allowed.empty() ? "" : ", ") + route.method;
    if (route.method == "GET") allowed += ", HEAD";
  }
  if (allowed.empty()) return {nullptr, {}, refuse(404, "there is nothing here")};
  Response refusal = refuse(405, "not with this method");
  refusal.headers.emplace_back("Allow", std::move(allowed));
  return {nullptr, {}, std::move(refusal)};
}

}  // namespace real
