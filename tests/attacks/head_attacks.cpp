// Requests whose heads make no sense, are too much, or mean two things.
#include "tests/attacks/sent.hpp"

namespace attacks {
namespace {

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "X-" + std::to_string(i) + ": y\r\n";
  return text;
}

/// Bytes that hold no path of the target but its open one.
Attack bytes(const std::string& name, const std::vector<std::string>& allowed,
             const std::function<std::string(const std::string& open)>& make) {
  return {"head", name, either(allowed), [allowed, make](const Target& target) {
            return outcome(said_to(target, make(target.open)), allowed);
          }};
}

/// A field more in an otherwise good request.
Attack field(const std::string& name, const std::vector<std::string>& allowed,
             const std::string& fields) {
  return bytes(name, allowed, [fields](const std::string& open) {
    return "GET " + open + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
           "Connection: close\r\n\r\n";
  });
}

/// A request line in front of good fields.
Attack line(const std::string& name, const std::vector<std::string>& allowed,
            const std::string& text) {
  return bytes(name, allowed, [text](const std::string&) {
    return text + "\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  });
}

std::vector<Attack> paths() {
  const std::vector<std::string> no_file{"404", "400"};
  std::vector<Attack> all;
  for (const char* path :
       {"/../../../../etc/passwd", "/..%2f..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
        "/....//....//etc/passwd", "/..\\..\\etc\\passwd", "/%252e%252e%252fetc%252fpasswd",
        "/..%c0%af..%c0%afetc/passwd", "//etc/passwd", "/./.././etc/passwd"}) {
    all.push_back(line("path traversal " + std::string{path}, no_file,
                       "GET " + std::string{path} + " HTTP/1.1"));
  }
  all.push_back(line("NUL in the path, encoded", no_file, "GET /healthz%00.html HTTP/1.1"));
  all.push_back(line("NUL in the path", {"400"}, std::string{"GET /heal\0thz HTTP/1.1", 22}));
  all.push_back(
      line("line end in the path, encoded", no_file, "GET /x%0d%0aSet-Cookie:%20a=b HTTP/1.1"));
  all.push_back(line("absolute URL", {"400"}, "GET http://localhost/healthz HTTP/1.1"));
  all.push_back(line("URL of 8 KiB", {"414"}, "GET /" + std::string(8 << 10, 'a') + " HTTP/1.1"));
  all.push_back(
      line("URL of 1 MiB", {"414", "431"}, "GET /" + std::string(1 << 20, 'a') + " HTTP/1.1"));
  all.push_back(
      line("URL of 8 MiB", {"414", "431"}, "GET /" + std::string(8 << 20, 'a') + " HTTP/1.1"));
  return all;
}

std::vector<Attack> methods() {
  return {
      line("TRACE", {"405"}, "TRACE /healthz HTTP/1.1"),
      line("CONNECT", {"400"}, "CONNECT localhost:80 HTTP/1.1"),
      line("method of 8 KiB", {"400", "404", "405", "431"},
           std::string(8 << 10, 'A') + " /healthz HTTP/1.1"),
      line("HTTP/9.9", {"505"}, "GET /healthz HTTP/9.9"),
      line("preface of HTTP/2", {"400", "505"}, "PRI * HTTP/2.0"),
      bytes("HTTP/0.9", {"400"}, [](const std::string& open) { return "GET " + open + "\r\n"; }),
      bytes("garbage", {"400"}, [](const std::string&) { return "\x01\x02\x03\xff\xfe"; }),
      bytes("greeting of TLS", {"400"},
            [](const std::string&) { return "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03"; }),
      bytes("line ends only", {"400"}, [](const std::string&) { return std::string(4096, '\n'); })};
}

std::vector<Attack> sizes() {
  const std::vector<std::string> too_large{"431"};
  std::vector<Attack> all;
  for (const auto& [name, size] : std::initializer_list<std::pair<const char*, std::size_t>>{
           {"one field of 1,044,480 bytes", 1'044'480},
           {"one field of 2 MiB", 2 << 20},
           {"one field of 16 MiB", 16 << 20}}) {
    all.push_back(field(name, too_large, "X: " + std::string(size, 'a') + "\r\n"));
  }
  for (const int count : {101, 1'000, 10'000, 100'000}) {
    all.push_back(field(std::to_string(count) + " fields", too_large, lines(count)));
  }
  return all;
}

std::vector<Attack> ambiguities() {
  const std::vector<std::string> bad{"400"};
  return {
      field("Content-Length negative", bad, "Content-Length: -1\r\n"),
      field("Content-Length beyond 64 bits", bad, "Content-Length: 18446744073709551616\r\n"),
      field("Content-Length twice, different", bad, "Content-Length: 5\r\nContent-Length: 6\r\n"),
      field("Content-Length and Transfer-Encoding", bad,
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
      field("Transfer-Encoding: xchunked", {"501"}, "Transfer-Encoding: xchunked\r\n"),
      field("Transfer-Encoding with a blank before the colon", bad,
            "Transfer-Encoding : chunked\r\n"),
      bytes(
          "bare line feeds", bad,
          [](const std::string& open) { return "GET " + open + " HTTP/1.1\nHost: localhost\n\n"; }),
      field("folded line", bad, "X: a\r\n b\r\n"),
      field("NUL in a field", bad, std::string{"X: a\0b\r\n", 8}),
      field("carriage return in a field", bad, "X: a\rSet-Cookie: b\r\n"),
      bytes("no Host", bad,
            [](const std::string& open) { return "GET " + open + " HTTP/1.1\r\n\r\n"; }),
      field("two Hosts", bad, "Host: other\r\n"),
  };
}

/// What a page in a browser can make its user's browser ask.
std::vector<Attack> from_browsers() {
  const auto host = [](const std::string& name) {
    return bytes("Host: " + name, {"421", "400"}, [name](const std::string& open) {
      return "GET " + open + " HTTP/1.1\r\nHost: " + name + "\r\n\r\n";
    });
  };
  const auto foreign = [](const std::string& name, const std::string& method,
                          const std::string& fields, const std::vector<std::string>& allowed) {
    return Attack{"head", name, either(allowed) + ", nothing allowed", [=](const Target& target) {
                    const std::string said = answer_to(target, method, target.open, fields);
                    Outcome came = outcome(said, allowed);
                    if (said.find("Access-Control-") != std::string::npos) {
                      came = {came.text + ", allows others' pages", false};
                    }
                    return came;
                  }};
  };
  return {
      host("evil.example"),
      host("localhost.evil.example"),
      host("localhost@evil.example"),
      host("127.0.0.1.evil.example:80"),
      foreign("a page of others asks for leave (CORS)", "OPTIONS",
              "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n", {"405"}),
      foreign("a page of others reads", "GET", "Origin: https://evil.example\r\n", {"200"}),
      foreign("upgrade to a WebSocket", "GET",
              "Upgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
              "Sec-WebSocket-Version: 13\r\n",
              {"200"}),
      foreign("upgrade to HTTP/2", "GET", "Upgrade: h2c\r\nHTTP2-Settings: AAAA\r\n", {"200"}),
      foreign("a thousand ranges", "GET",
              "Range: bytes=" +
                  [] {
                    std::string all = "0-";
                    for (int i = 0; i < 1000; ++i) all += ",0-";
                    return all;
                  }() +
                  "\r\n",
              {"200"})};
}

}  // namespace

std::vector<Attack> head_attacks() {
  std::vector<Attack> all;
  for (const auto& some : {paths(), methods(), sizes(), ambiguities(), from_browsers()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace attacks
