#include "real/http_head.hpp"

#include <algorithm>
#include <optional>

namespace real {
namespace {

HeadCheck bad(unsigned status, const char* reason) {
  return {.state = HeadCheck::State::bad, .status = status, .reason = reason};
}

char small(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same(std::string_view text, std::string_view in_small_letters) {
  return std::equal(text.begin(), text.end(), in_small_letters.begin(), in_small_letters.end(),
                    [](char a, char b) { return small(a) == b; });
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_token(std::string_view text) {
  constexpr std::string_view signs = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&signs](char c) {
    return is_digit(c) || (small(c) >= 'a' && small(c) <= 'z') ||
           signs.find(c) != std::string_view::npos;
  });
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

std::optional<HeadCheck> check_request_line(std::string_view line, const HeadLimits& limits,
                                            bool& version_1_0) {
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad(400, "no request line");
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(line.substr(0, first))) return bad(400, "the method makes no sense");
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) ||
      version[6] != '.' || !is_digit(version[7])) {
    return bad(400, "no HTTP version");
  }
  version_1_0 = version == "HTTP/1.0";
  if (!version_1_0 && version != "HTTP/1.1") return bad(505, "HTTP/1.1 is spoken here");
  if (target.size() > limits.target) return bad(414, "the target is too long");
  // Origin form only: nobody is served through us. A fragment never goes over the wire.
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
  if (!target.starts_with('/') || !std::all_of(target.begin(), target.end(), visible)) {
    return bad(400, "the target is no path");
  }
  return {};
}

/// The fields that say where a request ends and whom it is for: each at most once, and consistent.
class Framing {
 public:
  std::optional<HeadCheck> add(std::string_view name, std::string_view value) {
    if (same(name, "host")) {
      if (has_host_) return bad(400, "two Host fields");
      if (value.empty()) return bad(400, "an empty Host field");
      has_host_ = true;
      host_ = value;
    } else if (same(name, "content-length")) {
      // 15 digits are more than any limit on a body, and fit every integer on the way.
      const bool number =
          !value.empty() && value.size() <= 15 && std::all_of(value.begin(), value.end(), is_digit);
      if (has_length_ || !number) return bad(400, "the Content-Length makes no sense");
      has_length_ = true;
    } else if (same(name, "transfer-encoding")) {
      if (has_coding_) return bad(400, "two Transfer-Encoding fields");
      if (!same(value, "chunked")) return bad(501, "no transfer coding but chunked");
      has_coding_ = true;
    } else if (same(name, "content-encoding") && !same(value, "identity")) {
      return bad(415, "no content coding is understood");
    }
    return {};
  }

  HeadCheck whole(std::size_t size, bool version_1_0) const {
    if (has_length_ && has_coding_) return bad(400, "a Content-Length and a Transfer-Encoding");
    if (has_coding_ && version_1_0) return bad(400, "a Transfer-Encoding in HTTP/1.0");
    if (!has_host_ && !version_1_0) return bad(400, "no Host field");
    return {.state = HeadCheck::State::whole, .size = size, .host = host_};
  }

 private:
  bool has_host_ = false, has_length_ = false, has_coding_ = false;
  std::string_view host_;
};

std::optional<HeadCheck> check_field(std::string_view line, Framing& framing) {
  if (line.front() == ' ' || line.front() == '\t') return bad(400, "a folded line");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return bad(400, "a field's name makes no sense");
  }
  std::string_view value = line.substr(colon + 1);
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!value.empty() && blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && blank(value.back())) value.remove_suffix(1);
  if (std::any_of(value.begin(), value.end(), is_control)) {
    return bad(400, "a control character in a field");
  }
  return framing.add(line.substr(0, colon), value);
}

}  // namespace

HeadCheck check_head(std::string_view text, const HeadLimits& limits) {
  const std::string_view all = text.substr(0, limits.bytes);
  Framing framing;
  bool version_1_0 = false;
  std::size_t at = 0;
  for (std::size_t lines = 0;; ++lines) {
    const std::size_t end = all.find('\n', at);
    if (end == std::string_view::npos) break;
    if (end == at || all[end - 1] != '\r') return bad(400, "a line that does not end in CR LF");
    const std::string_view line = all.substr(at, end - 1 - at);
    at = end + 1;
    std::optional<HeadCheck> refusal;
    if (lines == 0) {
      refusal = check_request_line(line, limits, version_1_0);
    } else if (line.empty()) {
      return framing.whole(at, version_1_0);
    } else if (lines > limits.fields) {
      return bad(431, "too many fields");
    } else {
      refusal = check_field(line, framing);
    }
    if (refusal) return *refusal;
  }
  if (text.size() >= limits.bytes) return bad(431, "the head is too large");
  // A greeting in another protocol may never send a line end: TLS begins with 0x16.
  if (!text.empty() && !is_token(text.substr(0, 1))) return bad(400, "this is not HTTP");
  return {};
}

bool is_host(std::string_view host, std::string_view name) {
  if (host.size() < name.size() || !same(host.substr(0, name.size()), name)) return false;
  const std::string_view port = host.substr(name.size());
  return port.empty() || (port.front() == ':' && port.size() <= 6 &&
                          std::all_of(port.begin() + 1, port.end(), is_digit));
}

}  // namespace real
