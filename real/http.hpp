// HTTP: a request as a handler sees it, its answer, and the router between them.
//
// Only well-formed requests get here: http_server.hpp has refused the others. A path is matched
// segment by segment after percent-decoding; "{}" in a route stands for any one segment and comes
// to the handler in `parts`. A path that there is under another method is 405 with what is allowed;
// HEAD is answered as GET without the body.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "real/asio.hpp"

namespace real {

struct Request {
  std::string method;
  std::string target;                                        // as it came: "/users/a%20b?x=1"
  std::vector<std::pair<std::string, std::string>> headers;  // names in small letters
  std::string body;
  std::string peer;                // address of the other end, without the port
  std::vector<std::string> parts;  // of the path, in the places of "{}"

  /// The first value under `name` (in small letters); empty where there is none.
  std::string_view header(std::string_view name) const;
  /// The value of "Authorization: Bearer VALUE"; empty where there is none.
  std::string_view bearer() const;
  /// A parameter of the query, decoded. None where it is not there or makes no sense.
  std::optional<std::string> parameter(std::string_view name) const;
};

struct Response {
  unsigned status = 200;
  std::string body{};
  std::string_view type = "text/plain; charset=utf-8";  // a literal
  std::vector<std::pair<std::string, std::string>> headers{};
};

/// An answer of one line of text.
Response refuse(unsigned status, std::string reason);
/// "Not Found" and so on; "Status" for numbers that we do not use.
std::string_view reason_phrase(unsigned status);

/// Answers one request. The request lives until the answer is there.
using Handler = std::function<awaitable<Response>(const Request&)>;
/// A handler that waits for nothing.
Handler at_once(std::function<Response(const Request&)> answer);

/// Undoes "%41". None for a '%' without two hexadecimal digits, or one that hides a control
/// character, which no name of ours has.
std::optional<std::string> percent_decoded(std::string_view text);

class Router {
 public:
  /// route  "/tenants/{}/audit"; the later of two that fit the same path is never asked
  void add(std::string method, std::string_view route, Handler handler);

  struct Found {
    const Handler* handler = nullptr;  // none: `refusal` is the answer
    std::vector<std::string> parts;
    Response refusal;
  };
  Found find(std::string_view method, std::string_view target) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    Handler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace real
