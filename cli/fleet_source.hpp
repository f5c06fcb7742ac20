// FleetSource: a fleet of real machines as the window sees it: each host a machine, each incident
// an SLA failure, a host that is down a machine that is.
//
// Asks the collector of `brink fleet watch` for the past (GET /fleet/past: a day, or what of it is
// not too much), then for GET /fleet once a second, and turns what is new into the rows of a run
// that grows; the window cannot tell the difference. The past is told in means of a minute.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "real/http_client.hpp"
#include "viz/model/run_store.hpp"
#include "viz/model/session.hpp"
#include "vm/observation.hpp"

namespace cli {

/// "HOST:PORT" or "https://HOST:PORT", as a person types it; none for what is a path.
std::optional<real::HttpPlace> fleet_place(const std::string& text);

/// A collector, and how it is asked.
struct FleetPlace {
  real::HttpPlace place;
  std::filesystem::path ca{};  // of https://: whom to believe; empty: the system's
  std::string token{};         // that it wants of strangers; empty: none
};

/// Asks once before it returns.
///
///   throws  UsageError with one line: nobody there, no collector, token or certificate refused
std::unique_ptr<viz::model::Session> open_fleet(FleetPlace fleet);

/// Turns one answer of GET /fleet after the other into rows. For tests too.
class FleetRows {
 public:
  /// `past`: the answer of GET /fleet/past. Where that is none, since a collector may be older, it
  /// begins with the first open incident, a day ago at most, or with `answer`.
  ///
  ///   throws  std::runtime_error when `answer` is no fleet
  explicit FleetRows(const std::string& answer, const std::string& past = {});

  const viz::model::RunStart& start() const { return start_; }
  /// Rows that are new since the answer before, with the first one those of the past. Hosts that
  /// have come since the first are left out.
  vm::Batch next(const std::string& answer);

 private:
  struct Host {
    double sampled = 0;  // seconds since 1970
    std::optional<vm::MachineState> state{};
  };
  struct Incident {
    std::uint32_t failure = 0;
    bool ended = false;
  };

  sim::Time at(double unix_seconds) const;
  std::optional<vm::MachineId> machine(const std::string& name) const;
  void add_past(vm::Batch& batch);
  void add_incident(const nlohmann::json& incident, sim::Time before, vm::Batch& batch);

  viz::model::RunStart start_;
  nlohmann::json past_;  // null: none, or told
  double origin_ = 0;    // seconds since 1970
  sim::Time last_{};
  std::vector<Host> hosts_;
  std::map<std::uint64_t, Incident> incidents_;
};

}  // namespace cli
