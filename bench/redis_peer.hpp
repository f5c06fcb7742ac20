// The same move by Redis: a server with its state, written to all the while, hands over to an empty
// one. For the benchmark that stands beside ours.
//
// As durable as ours: every write is in the append-only file and synced before it is acknowledged
// (appendfsync always), on both servers. As quick as it can be told to be: the copy goes from
// memory to the socket without a delay and without compression. The move is REPLICAOF, the wait
// until the other has everything, FAILOVER, and the client's turn to the new server when the old
// one says READONLY. Afterwards each acknowledged key is asked for at the new server.
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/read_until.hpp>

#include "real/asio.hpp"
#include "real/child.hpp"
#include "real/now.hpp"
#include "sim/units.hpp"

namespace bench {

using namespace std::chrono_literals;

inline std::string redis_command(const std::vector<std::string>& words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const auto& word : words) text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return text;
}

/// One server on a Unix socket of its own folder and a port of loopback.
class RedisServer {
 public:
  RedisServer(real::asio::io_context& io, const std::filesystem::path& folder, std::uint16_t port)
      : io_(io), port_(port), control_(io) {
    std::filesystem::create_directories(folder);
    process_ = std::make_unique<real::Child>(io,
                                             std::vector<std::string>{"/usr/bin/redis-server",
                                                                      "--port",
                                                                      std::to_string(port),
                                                                      "--bind",
                                                                      "127.0.0.1",
                                                                      "--dir",
                                                                      folder,
                                                                      "--save",
                                                                      "",
                                                                      "--appendonly",
                                                                      "no",
                                                                      "--appendfsync",
                                                                      "always",
                                                                      "--rdbcompression",
                                                                      "no",
                                                                      "--repl-diskless-sync",
                                                                      "yes",
                                                                      "--repl-diskless-sync-delay",
                                                                      "0",
                                                                      "--repl-backlog-size",
                                                                      "256mb",
                                                                      "--enable-debug-command",
                                                                      "local"},
                                             real::Child::Handlers{});
    control_ = connect();
  }

  real::tcp::socket connect() const {
    for (const auto until = real::now() + 10s;; std::this_thread::sleep_for(20ms)) {
      real::tcp::socket socket{io_};
      boost::system::error_code refused;
      socket.connect({real::asio::ip::address_v4::loopback(), port_}, refused);
      if (!refused) return socket;
      if (real::now() > until) throw std::runtime_error("redis-server does not answer");
    }
  }
  /// Sends a command and waits for its answer: a line or a string.
  std::string ask(const std::vector<std::string>& words) {
    real::asio::write(control_, real::asio::buffer(redis_command(words)));
    std::string line = read_line();
    if (line[0] == '-') throw std::runtime_error(words[0] + ": " + line);
    if (line[0] != '$') return line.substr(1);
    const long size = std::stol(line.substr(1));
    if (size < 0) return {};
    const auto wanted = static_cast<std::size_t>(size) + 2;
    if (in_.size() < wanted) {
      const auto more = wanted - in_.size();
      real::asio::read(control_, real::asio::dynamic_buffer(in_),
                       real::asio::transfer_at_least(more));
    }
    std::string text = in_.substr(0, wanted - 2);
    in_.erase(0, wanted);
    return text;
  }
  /// The figure "name:VALUE" of INFO's section.
  std::string info(const std::string& section, const std::string& name) {
    const std::string text = ask({"INFO", section});
    const auto at = text.find("\n" + name + ":");
    if (at == std::string::npos) return {};
    const auto begin = at + name.size() + 2;
    return text.substr(begin, text.find('\r', begin) - begin);
  }
  std::uint16_t port() const { return port_; }

 private:
  std::string read_line() {
    const std::size_t size =
        real::asio::read_until(control_, real::asio::dynamic_buffer(in_), "\r\n");
    std::string line = in_.substr(0, size - 2);
    in_.erase(0, size);
    return line;
  }

  real::asio::io_context& io_;
  std::uint16_t port_;
  std::unique_ptr<real::Child> process_;
  real::tcp::socket control_;
  std::string in_;
};

/// Open loop, as the writer of our own migrations.
class RedisWriter {
 public:
  RedisWriter(real::asio::io_context& io, RedisServer& owner, double rate)
      : io_(io), rate_(rate), begin_(real::now()) {
    go_to(owner);
  }

  /// Turns to this server; what the one before has not answered is sent here.
  void go_to(RedisServer& owner) {
    for (const auto n : std::exchange(sent_, {})) again_.push_back(n);
    in_.clear();
    socket_ = std::make_unique<real::tcp::socket>(owner.connect());
    socket_->non_blocking(true);
    out_.clear();
    refused_ = false;
    for (const auto n : std::exchange(again_, {})) send(n);
  }
  /// Sends what is due, takes the answers that are there.
  void turn() {
    const double due = rate_ * sim::seconds(real::now() - begin_);
    for (; static_cast<double>(next_) < due; ++next_) send(next_);
    boost::system::error_code later;
    if (!out_.empty()) out_.erase(0, socket_->write_some(real::asio::buffer(out_), later));
    char bytes[65536];
    in_.append(bytes, socket_->read_some(real::asio::buffer(bytes), later));
    std::size_t at = 0;
    for (std::size_t end; (end = in_.find("\r\n", at)) != std::string::npos; at = end + 2)
      take(in_[at]);
    in_.erase(0, at);
    io_.poll();
    std::this_thread::sleep_for(100us);
  }
  /// The owner has said that it no longer is.
  bool refused() const { return refused_; }
  sim::Duration longest_gap() { return std::exchange(longest_, {}); }
  void finish() {
    for (rate_ = 0; !sent_.empty();) turn();
  }
  static std::string key(std::uint64_t n) { return "w:" + std::to_string(n); }

  std::set<std::uint64_t> acknowledged;

 private:
  void send(std::uint64_t n) {
    sent_.push_back(n);
    out_ += redis_command({"SET", key(n), std::string(1024, 'w')});
  }
  void take(char kind) {
    const std::uint64_t n = sent_.front();
    sent_.pop_front();
    if (kind != '+') {
      refused_ = true;
      return again_.push_back(n);
    }
    acknowledged.insert(n);
    const sim::Time at = real::now();
    if (last_ != sim::Time{}) longest_ = std::max(longest_, at - last_);
    last_ = at;
  }

  real::asio::io_context& io_;
  double rate_;
  const sim::Time begin_;
  std::uint64_t next_ = 0;
  std::unique_ptr<real::tcp::socket> socket_;
  std::deque<std::uint64_t> sent_;
  std::vector<std::uint64_t> again_;
  std::string out_, in_;
  bool refused_ = false;
  sim::Time last_{};
  sim::Duration longest_{};
};

}  // namespace bench
