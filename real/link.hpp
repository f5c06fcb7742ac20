// Link: one connection between two parts of a real run, message by message.
//
//   dial() or Listener ── Hello, Welcome ──> Link ── on_message, on_closed ──> its owner
//
// What is sent within one turn of the loop leaves in one write. What a peer does not read is kept
// up to `queue_limit` and then the link is closed: a stuck peer must not eat the memory. Owners
// that send much wait for drained(). A frame that makes no sense closes the link with a reason.
//
// All calls from the thread of its io_context. Handlers never run inside a call to the link, and
// none runs after close().
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "real/asio.hpp"
#include "real/messages.hpp"

namespace real {

class Link : public std::enable_shared_from_this<Link> {
 public:
  using OnMessage = std::function<void(Message&)>;
  using OnClosed = std::function<void(const std::string& reason)>;

  static constexpr std::size_t queue_limit = std::size_t{64} << 20;

  explicit Link(tcp::socket socket);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Reads from now on. `on_closed` is called once unless close() is called first.
  void start(OnMessage on_message, OnClosed on_closed);

  /// Queues one message. After the link was closed it does nothing.
  template <class M>
  void send(const M& message) {
    if (closed_) return;
    encode(message, filling_);
    flush_soon();
  }

  /// Ends it: nothing more is sent or told.
  void close();
  /// Sends Goodbye{reason} after what is queued, then closes. Waits for nobody.
  void say_goodbye(std::string reason);

  bool closed() const { return closed_; }
  /// Bytes that the kernel has not taken yet.
  std::size_t queued() const { return filling_.size() + leaving_.size() - left_; }
  /// Returns once fewer than `bytes` are queued or the link is closed.
  awaitable<void> drained(std::size_t bytes);

  tcp::socket& socket() { return socket_; }
  std::string peer() const { return peer_; }  // host:port

 private:
  friend awaitable<Message> receive_one(std::shared_ptr<Link> link,
                                        std::chrono::milliseconds limit);

  void read();
  bool take_frames();
  void flush_soon();
  void flush();
  void fail(const std::string& reason);

  tcp::socket socket_;
  std::string peer_;
  asio::steady_timer drained_;
  FrameReader frames_;
  std::vector<std::byte> filling_, leaving_;
  std::size_t left_ = 0;  // of leaving_, taken by the kernel
  OnMessage on_message_;
  OnClosed on_closed_;
  bool started_ = false, closed_ = false, writing_ = false, leaving_for_good_ = false;
};

/// The next message of a link that was not started.
///
///   throws  std::runtime_error when the link ends, sends nonsense, or `limit` has passed
awaitable<Message> receive_one(std::shared_ptr<Link> link, std::chrono::milliseconds limit);

/// Connects to host:port, introduces itself and is welcomed. Give `hello` a name first: g++ 12
/// destroys a braced temporary among the arguments of an awaited call twice.
///
///   throws  std::runtime_error with the address in it
awaitable<std::shared_ptr<Link>> dial(asio::io_context& io, std::string address, Hello hello,
                                      std::chrono::milliseconds limit = std::chrono::seconds{5});

/// "host:port", taken apart. The host may be in brackets.
sim::Result<std::pair<std::string, std::string>> split_address(const std::string& address);

/// Accepts links. Who does not introduce himself within five seconds, or not to the liking of
/// `check`, is sent away; at most `connections` are open at once.
class Listener {
 public:
  /// Empty: welcome; else the reason why not.
  using Check = std::function<std::string(const Hello&)>;
  using Accepted = std::function<void(std::shared_ptr<Link>, const Hello&)>;
  struct Options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any
    std::uint32_t id = 0;    // for Welcome
    std::size_t connections = 16'384;
    std::chrono::milliseconds patience = std::chrono::seconds{5};
  };

  /// throws  std::runtime_error "HOST:PORT: address already in use"
  Listener(asio::io_context& io, Options options, Check check, Accepted accepted);
  ~Listener();

  std::string address() const;  // host:port
  std::uint16_t port() const;
  void close();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace real
