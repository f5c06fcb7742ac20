// FactLog: where a control loop writes down what its control plane was told and what it ordered.
//
// Facts with their times are enough to get the same orders again: after a crash of the loop, in a
// replay, and for whoever follows a run while it is played. Orders stand behind the fact that they
// followed from, so that a replay has something to compare with.
//
//   append … append ──flush()──> others can read it, and it survives the process
//                   ──sync()───> it survives the machine
#pragma once

#include "vm/control.hpp"

namespace vm {

class FactLog {
 public:
  virtual ~FactLog() = default;
  /// `now` never goes back.
  virtual void append(Time now, const Fact& fact) = 0;
  virtual void append(Time now, const Order& order) = 0;
  virtual void flush() = 0;
  virtual void sync() = 0;
};

}  // namespace vm
