// Any bytes are an incomplete head, a whole one, or a refusal with a status; and a head that we let
// pass is one that Beast's parser reads the same way: same length, same host, no second meaning.
//
//   cmake --preset fuzz && cmake --build --preset fuzz --target http_fuzz
//   http_fuzz -max_total_time=600
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <boost/beast/http.hpp>

#include "real/http.hpp"
#include "real/http_head.hpp"

namespace {

namespace http = boost::beast::http;

void require(bool holds) {
  if (!holds) std::abort();
}

void compare_with_beast(std::string_view text, const real::HeadCheck& check) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(64 << 10);
  boost::system::error_code error;
  const std::size_t used = parser.put(boost::asio::buffer(text.substr(0, check.size)), error);
  if (error == http::error::need_more) error = {};
  // Beast may be stricter; then the request is refused later. It must not see an earlier end.
  if (error || !parser.is_header_done()) return;
  require(used == check.size);
  const auto& request = parser.get();
  const auto host = request[http::field::host];
  require(std::string_view{host.data(), host.size()} == check.host);
  const bool both = request.count(http::field::content_length) != 0 &&
                    request.count(http::field::transfer_encoding) != 0;
  require(!both);
  require(request.count(http::field::content_length) <= 1);
  require(request.count(http::field::host) <= 1);
  require(request.target().find_first_of("\r\n \t") == boost::beast::string_view::npos);
}

const real::Router& router() {
  static const real::Router routes = [] {
    real::Router made;
    const auto nothing = real::at_once([](const real::Request&) { return real::Response{}; });
    made.add("GET", "/metrics", nothing);
    made.add("POST", "/tenants/{}/move/{}", nothing);
    return made;
  }();
  return routes;
}

void check_target(std::string_view target) {
  const real::Router::Found found = router().find("POST", target);
  require((found.handler != nullptr) == found.refusal.body.empty());
  for (const std::string& part : found.parts) {
    require(!part.empty());
    // What was not encoded may hold anything here (check_head() has refused it before); what was
    // encoded hides nothing.
    require(target.find('%') == std::string_view::npos || part.size() <= target.size());
  }
  const real::Request request{.method = "GET",
                              .target = std::string{target},
                              .headers = {{"authorization", std::string{target}}},
                              .body = {},
                              .peer = {},
                              .parts = {}};
  request.parameter("name");
  require(request.bearer().size() <= target.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const real::HeadCheck check = real::check_head(text);
  switch (check.state) {
    case real::HeadCheck::State::incomplete:
      require(size < 16 << 10);
      break;
    case real::HeadCheck::State::bad:
      require(check.status >= 400 && check.status < 600 && check.reason[0] != '\0');
      break;
    case real::HeadCheck::State::whole:
      require(check.size <= size && text.substr(0, check.size).ends_with("\r\n\r\n"));
      // A head is judged by its own bytes: what follows it changes nothing.
      require(real::check_head(text.substr(0, check.size)).size == check.size);
      compare_with_beast(text, check);
  }
  check_target(text);
  return 0;
}
