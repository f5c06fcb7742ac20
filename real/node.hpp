// Node: one machine of the real world. Holds tenants, carries transactions out, and moves tenants
// to other nodes when the gateway says so.
//
//   gateway ──Perform──> Transactions ──> Writes ──> Store ──> Answer
//           ──orders──> Tenancy (who lives here)   Moves (who is copied elsewhere)
//   node    ──copies──> CopyTarget
//
// One thread runs all of that (the loop); beside it the burners, the store's two threads, the
// scratch file's, and one for each copy that is being read. The gateway that connects last is the
// one that is answered; what an earlier one had begun goes on. A gateway that is gone changes
// nothing by itself: what is frozen stays frozen until one comes and says what is to be.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "real/asio.hpp"
#include "real/capacity.hpp"
#include "real/link.hpp"
#include "vm/scenario.hpp"

namespace real {

class Node {
 public:
  struct Options {
    vm::MachineId machine;
    vm::Flavor flavor;                // what it can give, and whom it lets in
    std::filesystem::path directory;  // store, meter, scratch; exists
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;                         // 0: any
    vm::Duration window = std::chrono::seconds{5};  // of the SLA
    bool rated_only = false;                        // no cgroup even where there could be one
    vm::Bytes store_limit{};                        // 0: what the disk has
    Listener::Check check;                          // who may connect
    std::function<std::string()> token;  // with which it introduces itself to other nodes
  };

  /// throws  std::runtime_error and std::system_error with the file or the port in it
  Node(asio::io_context& io, Options options);
  /// Commits what is under way, ends its threads, removes its cgroup. Nobody is told.
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  std::string address() const;  // host:port
  const CpuShare& share() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace real
