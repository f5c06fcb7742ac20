// Transactions: from a Perform to the end of its steps.
//
//   admitted? ── no ──> refused, moved or frozen
//       └─ memory held ─> cpu, disk, network steps in order ─> write, or answer if it has none
//
// CPU is burnt (real/processor.hpp); disk steps are paced by the flavor's rate and really written;
// network steps are paced, and their bytes leave with the answer. Admission is the simulated
// world's: epoch, frozen, full disk, queue limit, admission rate, memory, in that order.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "real/node_parts.hpp"
#include "real/processor.hpp"
#include "real/scratch.hpp"
#include "real/writes.hpp"

namespace real {

class Transactions {
 public:
  struct Options {
    vm::Flavor flavor;
    vm::Duration window{};  // of the SLA: recent work is summed up by it
    std::filesystem::path directory;
  };

  Transactions(NodeParts& node, Writes& writes, CpuShare& share, Options options);

  void perform(Perform& order);

  /// Everything in service for the tenant ends here, unapplied, with this answer.
  void take_back(vm::TenantId tenant, Result result, const std::string& owner = {});
  void slow_down(double left) { processor_.slow_down(left); }
  std::uint32_t window() const;

  Pacer& network() { return network_; }

 private:
  struct Transaction {
    Waiter waiter;
    vm::TenantId tenant{};
    std::uint64_t sequence = 0;
    vm::Bytes memory{};
    Block block;
    std::string value;
    std::vector<Demand> steps;
    std::size_t step = 0;
    int parts = 0;  // of the step under way: a disk step is paced and written
    bool in_use = false;
  };

  bool admit(const Perform& order);
  bool take_token();
  std::uint32_t place();
  void begin_step(std::uint32_t number);
  void end_part(std::uint32_t number);
  void leave(std::uint32_t number);
  void complete(std::uint32_t number);

  NodeParts& node_;
  Writes& writes_;
  const Options options_;
  Processor processor_;
  Pacer disk_, network_;
  Scratch scratch_;
  std::vector<Transaction> slots_;
  std::vector<std::uint32_t> free_;
  std::uint32_t in_service_ = 0;
  double tokens_ = 0;
  vm::Time tokens_at_{};
};

}  // namespace real
