// Retirements: which hosts of a fleet were taken down on purpose, and when.
//
// `brink fleet down` writes it into the archive before it stops an agent, and takes it back where
// that fails; `brink fleet up` ends it once the agent runs. A collector looks at it more often than
// it could miss anybody. It needs to run for none of that: what it finds when it starts counts as
// well. Whoever is killed half-way leaves at worst a retirement of a host whose agent runs; the
// collector ends that by itself when batches still come after a while.
//
// A retirement is an interval of the archive, of kind 'retired', and names itself by its start: it
// counts neither as up nor as down.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "real/sqlite.hpp"
#include "sim/units.hpp"

namespace real {

/// For those who take hosts down and put them up. Any thread.
class Retirements {
 public:
  /// archive  where there is none, or it does not know a host, nobody has watched it: nothing is
  ///          recorded
  /// throws   StoreError, as everything here
  explicit Retirements(const std::filesystem::path& archive);

  /// From now on. Returns whether that is new.
  bool retire(const std::string& host);
  /// What retire() has written is not so after all.
  void take_back(const std::string& host);
  /// Until now.
  void enlist(const std::string& host);

 private:
  bool change(const char* sql, const std::string& host);

  std::mutex mutex_;
  Database db_;  // none: no archive
};

/// For the collector: what is there at a glance.
class RetirementList {
 public:
  struct Entry {
    std::string host;
    sim::Time since;
  };

  explicit RetirementList(const std::filesystem::path& archive);
  /// Those that have not ended.
  std::vector<Entry> open() const;

 private:
  Database db_;
  Statement find_;
};

}  // namespace real
