// FleetWatch: a collector and the spool of its mails, as a fleet file says.
//
//   <database>          the archive
//   <database>.keys/    a key for each agent
//   <database>.token    what GET /fleet must bring where the collector listens beyond loopback;
//                       made, mode 0600, when it is not there
//
// The mails' thread begins when the collector holds the archive and its port.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "real/fleet/collector.hpp"
#include "real/fleet/fleet_file.hpp"
#include "real/fleet/spool.hpp"

namespace real {

/// Throws std::runtime_error for an address that cannot be listened on.
Collector::Options collector_options(const Fleet& fleet);

std::filesystem::path collector_token_file(const Fleet& fleet);

class FleetWatch {
 public:
  struct Hooks {
    std::function<void(const vm::IncidentOrder&)> told = [](const vm::IncidentOrder&) {};
    std::function<void(const std::string&)> report = [](const std::string&) {};  // in `io`
  };

  /// Throws what Collector and Spool do.
  FleetWatch(asio::io_context& io, const Fleet& fleet, Hooks hooks);
  ~FleetWatch();
  FleetWatch(const FleetWatch&) = delete;
  FleetWatch& operator=(const FleetWatch&) = delete;

  Collector& collector() { return *collector_; }
  void close() { collector_->close(); }

 private:
  // The spool ends first: it must not outlive who holds the archive, who may wake it until then.
  std::atomic<Spool*> to_wake_ = nullptr;
  std::unique_ptr<Collector> collector_;
  std::unique_ptr<Spool> spool_;
};

}  // namespace real
