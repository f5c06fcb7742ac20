// MachineLog: which machines there are and what state each is in, at any instant.
//
// Forward costs what changed in between; back starts over, which is cheap: machines change their
// state a few times in a run, not every second.
#pragma once

#include <cstdint>
#include <vector>

#include "viz/model/run_view.hpp"
#include "vm/observation.hpp"

namespace viz::model {

class MachineLog {
 public:
  struct Change {
    Time at;
    MachineId machine;
    Life life = Life::up;
  };

  void append(const vm::MachineRow& row);
  /// Requires the time of states never to go back.
  void append(const vm::MachineStateRow& row);

  std::size_t machines() const { return machines_.size(); }
  const std::vector<Change>& changes() const { return changes_; }
  Time allocated(MachineId machine) const { return allocated_[machine.value]; }
  /// When it was given back; sim::never where it was not, as far as is known.
  Time released(MachineId machine) const { return released_[machine.value]; }

  /// Brings `machines` to `at`: every machine that is known, with its life, and the instant of its
  /// last change in `since`. What else a view holds is left as it is, but a new machine's is empty.
  /// `done` is for this log's own use between calls; 0 starts over.
  void seek(Time at, std::vector<MachineView>& machines, std::vector<Time>& since,
            std::size_t& done) const;

 private:
  std::vector<MachineView> machines_;  // not_yet: as they are before they are allocated
  std::vector<Time> allocated_, released_;
  std::vector<Change> changes_;
};

}  // namespace viz::model
