// Comparison: two runs under one clock, and their figures side by side.
//
// Both are shown at one instant since their start: a simulated run and the real one of the same
// scenario, or two policies under the same load. The longer one's clock is the clock of both, so
// that nothing of either is out of reach.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "viz/model/session.hpp"

namespace viz::model {

struct RunPair {
  const RunView& first;
  const RunView& second;
};

/// One figure of both runs over a range of time; none where a run has nothing to say.
struct ComparedFigure {
  std::string name;  // "cpu, mean"
  std::string unit;  // "%", "ms", "/s", "" for numbers of things
  std::optional<double> first, second;
};

class Comparison {
 public:
  Comparison(std::unique_ptr<Session> first, std::unique_ptr<Session> second);

  /// Both runs after `wall_seconds` more on the wall clock, as Session::frame.
  RunPair frame(double wall_seconds);
  RunPair frame_at(Time at);
  /// Time goes to the clock of both, a selection to both, a change to whichever is live.
  void on(const Command& command);
  void load_all();

 private:
  Session& leader() { return second_leads_ ? *second_ : *first_; }
  Session& follower() { return second_leads_ ? *first_ : *second_; }
  RunPair pair(const RunView& led, const RunView& followed) const;

  std::unique_ptr<Session> first_, second_;
  bool second_leads_ = false;
};

/// Utilisation, failures, latency, throughput and what the answers cost, over [from, to].
std::vector<ComparedFigure> compare(const RunPair& runs, Time from, Time to);

}  // namespace viz::model
