#include "tests/attacks/crowd.hpp"

#include <algorithm>
#include <array>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/attacks/target.hpp"

namespace attacks {
namespace {

using real::Descriptor;

constexpr int patience_ms = 5000;
constexpr std::size_t noted = 64;  // bytes of what each is told

sockaddr_in address_of(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

/// Connected, or on the way: the queue of those who wait to be accepted may be full.
Descriptor connect_to(std::uint16_t port, const std::string& from, int window) {
  Descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (window > 0) ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
  const sockaddr_in here = address_of(from, 0), there = address_of("127.0.0.1", port);
  ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here);
  ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there);
  return socket;
}

}  // namespace

Crowd::Crowd(std::uint16_t port, std::size_t count, const std::string& from, int window) {
  for (std::size_t i = 0; i < count; ++i) all_.push_back({connect_to(port, from, window), {}});
}

void Crowd::send(const std::string& bytes) {
  for (One& one : all_) {
    if (one.socket) (void)!::send(one.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
}

bool Crowd::read() {
  std::array<char, 16384> chunk{};
  for (One& one : all_) {
    if (!one.socket) continue;
    const ssize_t got = ::recv(one.socket.get(), chunk.data(), chunk.size(), 0);
    if (got > 0 && one.said.size() < noted)
      one.said.append(chunk.data(), static_cast<std::size_t>(got));
    const bool waits = got < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN);
    if (got <= 0 && !waits) one.socket.close();
  }
  return left() > 0;
}

bool Crowd::look() {
  for (One& one : all_) {
    pollfd asked{one.socket.get(), 0, 0};
    if (one.socket && ::poll(&asked, 1, 0) > 0 && (asked.revents & (POLLERR | POLLHUP)) != 0) {
      one.socket.close();
    }
  }
  return left() > 0;
}

void Crowd::reset() {
  for (One& one : all_) {
    const linger at_once{1, 0};
    if (one.socket) ::setsockopt(one.socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    one.socket.close();
  }
}

std::size_t Crowd::left() const {
  return static_cast<std::size_t>(std::count_if(
      all_.begin(), all_.end(), [](const One& one) { return static_cast<bool>(one.socket); }));
}

std::size_t Crowd::told(const std::string& status) const {
  return static_cast<std::size_t>(std::count_if(all_.begin(), all_.end(), [&](const One& one) {
    return one.said.find(" " + status + " ") != std::string::npos;
  }));
}

void Witness::look() {
  ++looks_;
  const Descriptor socket = connect_to(port_, fresh_address(), 0);
  const std::string request =
      "GET " + path_ + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  pollfd ready{socket.get(), POLLOUT, 0};
  if (::poll(&ready, 1, patience_ms) <= 0) return;
  (void)!::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
  ready.events = POLLIN;
  if (::poll(&ready, 1, patience_ms) <= 0) return;
  std::array<char, 64> said{};
  const ssize_t got = ::recv(socket.get(), said.data(), said.size() - 1, 0);
  if (got > 0 && std::string{said.data()}.starts_with("HTTP/1.1 200 ")) ++served_;
}

}  // namespace attacks
