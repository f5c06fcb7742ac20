// FleetSource: a fleet of real machines as the window sees it: each host a machine, each incident
// an SLA failure, a host that is down a machine that is.
//
// Asks the collector of `brink fleet watch` for GET /fleet once a second and turns what is new into
// the rows of a run that grows; the window cannot tell the difference. It begins when the first
// open incident did, a day ago at most, and else when it is opened: what was before is the
// archive's, for `brink fleet status`.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
  /// throws  std::runtime_error when `answer` is no fleet
  explicit FleetRows(const std::string& answer);

  const viz::model::RunStart& start() const { return start_; }
  /// Rows that are new since the answer before. Hosts that have come since the first are left out.
  vm::Batch next(const std::string& answer);

 private:
  struct Host {
    double sampled = 0;  // seconds since 1970
    std::string condition;
  };
  struct Incident {
    std::uint32_t failure = 0;
    bool ended = false;
  };

  sim::Time at(double unix_seconds) const;

  viz::model::RunStart start_;
  double origin_ = 0;  // seconds since 1970
  sim::Time last_{};
  std::vector<Host> hosts_;
  std::map<std::uint64_t, Incident> incidents_;
};

}  // namespace cli
