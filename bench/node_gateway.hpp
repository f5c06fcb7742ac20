// NodeGateway: for benchmarks, what a gateway is to machines: it starts `brink node` processes as
// they are, and says to each what it likes.
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include <unistd.h>

#include "real/link.hpp"
#include "real/secret_file.hpp"
#include "real/spawn.hpp"
#include "real/token.hpp"
#include "tests/real/node_process.hpp"

namespace bench {

using namespace real;
using namespace std::chrono_literals;

/// That a process has used so far, all its threads together.
inline double cpu_seconds(pid_t pid) {
  std::ifstream stat{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text;
  std::getline(stat, text);
  std::istringstream rest{text.substr(text.rfind(')') + 2)};
  std::string skipped;
  for (int i = 0; i < 11; ++i) rest >> skipped;
  double user = 0, system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// One thread. Throws std::runtime_error when a machine is lost or gives up a copy.
class NodeGateway {
 public:
  NodeGateway(const std::filesystem::path& brink, const std::filesystem::path& folder,
              std::uint32_t nodes) {
    const std::filesystem::path file = folder / "run.key";
    const Tokens tokens{create_key_file(file)};
    token_ = tokens.issue("bench", "gateway", unix_now(), std::chrono::hours{1});
    for (std::uint32_t i = 0; i < nodes; ++i) {
      const std::filesystem::path directory = folder / ("node" + std::to_string(i));
      nodes_.push_back(std::make_unique<real_test::NodeProcess>(brink, directory, file, i, "8GiB"));
      connect(i);
    }
  }

  template <class M>
  void send(std::size_t node, const M& message) {
    links_[node]->send(message);
  }
  template <class M>
  M await() {
    while (true) {
      for (auto it = inbox_.begin(); it != inbox_.end(); ++it) {
        if (const auto* broken = std::get_if<Broken>(&*it))
          throw std::runtime_error(broken->reason);
        if (auto* wanted = std::get_if<M>(&*it)) {
          M message = std::move(*wanted);
          inbox_.erase(it);
          return message;
        }
      }
      turn();
    }
  }
  void turn() {
    io_.restart();
    io_.run_one_for(1ms);
    io_.poll();
    if (each_turn) each_turn();
  }

  std::function<void(const Answer&)> on_answer;
  std::function<void()> each_turn;
  real_test::NodeProcess& node(std::size_t i) { return *nodes_[i]; }

 private:
  void connect(std::size_t i) {
    bool done = false;
    spawn(io_, "gateway", [](NodeGateway& self, std::size_t at, bool& over) -> awaitable<void> {
      const real::Hello hello{.role = Role::gateway, .token = self.token_};
      self.links_.push_back(co_await dial(self.io_, self.nodes_[at]->address, hello));
      self.links_.back()->start(
          [&self](Message& message) {
            if (const auto* answer = std::get_if<Answer>(&message)) return self.on_answer(*answer);
            self.inbox_.push_back(std::move(message));
          },
          [](const std::string& reason) { throw std::runtime_error(reason); });
      over = true;
    }(*this, i, done));
    while (!done) turn();
  }

  asio::io_context io_;
  std::string token_;
  std::vector<std::unique_ptr<real_test::NodeProcess>> nodes_;
  std::vector<std::shared_ptr<Link>> links_;
  std::deque<Message> inbox_;
};

}  // namespace bench
