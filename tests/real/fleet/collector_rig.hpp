// A collector in a thread of its own, with two hosts whose keys lie beside its archive.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "real/fleet/collector.hpp"
#include "tests/real/folder.hpp"
#include "tests/real/http_client.hpp"

namespace collector_rig {

using namespace std::chrono_literals;

class Rig {
 public:
  explicit Rig(std::vector<std::string> hosts = {"web1", "web2"}) : hosts_(std::move(hosts)) {
    std::filesystem::create_directory(keys());
    for (const auto& host : hosts_) keys_.push_back(real::create_key_file(keys() / host));
  }
  ~Rig() { stop(); }

  std::filesystem::path path() const { return folder_.path(); }
  std::filesystem::path database() const { return path() / "fleet.sqlite"; }
  std::filesystem::path keys() const { return path() / "fleet.sqlite.keys"; }
  const real::Key& key(std::size_t host) const { return keys_[host]; }

  /// change  is given the options before it starts
  template <class Edit>
  void start(Edit edit) {
    real::Collector::Options options;
    options.fleet = "test";
    for (const auto& host : hosts_) options.hosts.push_back({.name = host});
    options.archive.file = database();
    options.keys = keys();
    options.pace = 10ms;
    options.http.port = port_;
    edit(options);
    io_ = std::make_unique<real::asio::io_context>(1);
    collector_ = std::make_unique<real::Collector>(*io_, std::move(options));
    port_ = collector_->port();
    thread_ = std::thread{[this] { io_->run(); }};
  }
  void start() {
    start([](auto&) {});
  }
  /// Also writes what has come.
  void stop() {
    if (!thread_.joinable()) return;
    io_->stop();
    thread_.join();
    collector_.reset();
    io_.reset();
  }
  std::uint16_t port() const { return port_; }

  /// PUT of a body for a host by name.
  std::string put(const std::string& name, const std::string& body) const {
    http_client::HttpClient client{port_};
    return client
        .send("PUT /agents/" + name + "/samples HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body)
        .rest();
  }
  std::int64_t ask(const std::string& sql) const {
    const auto db = real::open_database(database(), real::Access::read);
    const auto row = real::prepare(db.get(), sql);
    return real::next_row(row) ? real::integer(row, 0) : -1;
  }
  /// Bytes of samples in the archive, packed or not, over the bytes of one.
  std::int64_t samples() const {
    return ask("SELECT (SELECT coalesce(sum(length(samples)), 0) FROM fresh) + (SELECT "
               "coalesce(sum(length(samples)), 0) FROM raw)") /
           static_cast<std::int64_t>(real::packed_sample);
  }

 private:
  real_test::Folder folder_;
  std::vector<std::string> hosts_;
  std::vector<real::Key> keys_;
  std::uint16_t port_ = 0;
  std::unique_ptr<real::asio::io_context> io_;
  std::unique_ptr<real::Collector> collector_;
  std::thread thread_;
};

/// Waits until `holds` does; false after 20 s.
template <class Holds>
bool eventually(Holds holds) {
  for (int i = 0; i < 2000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

}  // namespace collector_rig
