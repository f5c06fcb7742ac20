// Crowd: many connections of one attacker, and a witness who looks whether others are still served.
// By system calls and without assertions, so that several can play on threads of their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "real/posix.hpp"

namespace attacks {

class Crowd {
 public:
  /// Opens `count` connections from one address.
  ///
  ///   window  bytes that each takes in before its reader stalls it; 0: as usual
  Crowd(std::uint16_t port, std::size_t count, const std::string& from, int window = 0);

  /// Sends to those that are open what fits; never waits.
  void send(const std::string& bytes);
  /// Reads what is there and notes who has been closed. False when nobody is left.
  bool read();
  /// The same without reading: only those that were reset are seen.
  bool look();
  /// Resets all that are left.
  void reset();

  std::size_t left() const;
  std::size_t count() const { return all_.size(); }
  /// How many were told this status.
  std::size_t told(const std::string& status) const;

 private:
  struct One {
    real::Descriptor socket;
    std::string said;  // its first bytes
  };
  std::vector<One> all_;
};

/// Asks for a page again and again, from other addresses, while it lives.
class Witness {
 public:
  Witness(std::uint16_t port, std::string path) : port_(port), path_(std::move(path)) {}
  /// Asks once; waits at most five seconds for the answer.
  void look();
  /// Whether all looks but one in ten (the machine may be busy) were answered with 200.
  bool is_served() const { return served_ * 10 >= looks_ * 9; }

 private:
  std::uint16_t port_;
  std::string path_;
  std::size_t served_ = 0, looks_ = 0;
};

}  // namespace attacks
