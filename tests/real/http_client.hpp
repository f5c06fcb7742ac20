// A client that speaks HTTP by hand, so that a test can send what no library would.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch.hpp>

#include "real/asio.hpp"

namespace http_client {

/// One connection to a port of this host.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : socket_(io_) {
    socket_.connect({real::asio::ip::address_v4::loopback(), port});
  }
  /// The same from an address of our choice, of the many that loopback has: 127.1.2.3.
  HttpClient(std::uint16_t port, const std::string& from) : socket_(io_) {
    socket_.open(real::tcp::v4());
    socket_.bind({real::asio::ip::make_address(from), 0});
    socket_.connect({real::asio::ip::address_v4::loopback(), port});
  }
  HttpClient& send(std::string_view text) {
    boost::system::error_code ignored;  // a server that refuses early closes early
    real::asio::write(socket_, real::asio::buffer(text), ignored);
    return *this;
  }
  /// All until the server closes.
  std::string rest() {
    while (read_more()) {
    }
    return std::exchange(waiting_, {});
  }
  /// One answer with a body of known length; empty where the server closes before it is whole.
  std::string answer() {
    std::size_t head = 0;
    while ((head = waiting_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return "";
    }
    head += 4;
    const std::size_t at = waiting_.find("Content-Length: ");
    const std::size_t body = at < head ? std::stoul(waiting_.substr(at + 16)) : 0;
    while (waiting_.size() < head + body) {
      if (!read_more()) return "";
    }
    std::string one = waiting_.substr(0, head + body);
    waiting_.erase(0, head + body);
    return one;
  }
  real::tcp::socket& socket() { return socket_; }
  /// For servers that are not ours: after so long a silence it gives up, and that is no failure.
  HttpClient& give_up_after(std::chrono::seconds silence) {
    patience_ = silence;
    may_hang_ = true;
    return *this;
  }

 private:
  /// Waits for some bytes, but not for ever: a hang is a failure.
  bool read_more() {
    std::array<char, 65536> chunk{};
    bool done = false, more = false;
    socket_.async_read_some(real::asio::buffer(chunk),
                            [&](boost::system::error_code error, std::size_t size) {
                              done = true;
                              more = !error;
                              waiting_.append(chunk.data(), size);
                            });
    io_.restart();
    io_.run_for(patience_);
    if (!done) {
      socket_.close();
      io_.restart();
      io_.run();
      if (may_hang_) return false;
      FAIL("the server says nothing and does not close");
    }
    return more;
  }

  real::asio::io_context io_;
  real::tcp::socket socket_;
  std::string waiting_;
  std::chrono::seconds patience_{20};
  bool may_hang_ = false;
};

inline int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

inline std::string body_of(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

/// The answer to GET of a path with further fields, on a connection of its own.
inline std::string get(std::uint16_t port, const std::string& path,
                       const std::string& fields = "") {
  HttpClient client{port};
  return client
      .send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
            "Connection: close\r\n\r\n")
      .rest();
}

}  // namespace http_client
