// RunRows: retells a recorded run as the observations it was made from, whole or as it grows.
//
// Rows come back as the batches of vm/observation.hpp, so whoever can watch a run can watch its
// record. Samples are most of a run and come apart from the rest, in portions, and before that as a
// selection of instants that gives a first picture of ten million rows in a moment.
//
// What is told is what has been committed; a run that is being written is asked again and again.
// One thread. Everything throws DatabaseError, or std::runtime_error where rows make no sense.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "record/reader.hpp"
#include "vm/observation.hpp"

namespace record {

/// What was asked of a run, as far as its tables say.
struct RunHead {
  struct Flavor {
    std::string name;
    vm::Capacity capacity;
    double price = 0;
  };
  struct Fleet {
    std::string name, policy;
    vm::FlavorId flavor;
    std::uint32_t machines = 0, spares = 0;
  };
  struct Group {
    std::string name;
    std::uint32_t clients = 0, first_client = 0;
  };
  std::string scenario, question, world, seed;
  std::string toml;  // the scenario as it was played
  vm::Duration duration{}, warmup{}, sample{};
  vm::PerResource<double> threshold{{0.98, 0.98, 0.98, 0.98}};
  std::vector<Flavor> flavors;
  std::vector<Fleet> fleets;
  std::vector<Group> groups;
};

class RunRows {
 public:
  explicit RunRows(const Reader& reader);

  RunHead head() const;

  /// Appends what has come since the last call, but no samples, no transactions and no rounds;
  /// notices in the order of their time. `now` is how far the run has come.
  void read_news(vm::Batch& batch);
  /// Appends the next samples, `most` at most, and sets `now` to the instant that they lead up to.
  /// False when there are no more at the moment.
  bool read_samples(vm::Batch& batch, std::size_t most);
  std::int64_t sample_count() const;
  /// Share of the samples that read_samples() has told.
  double samples_read() const;

  /// Samples of instants spread evenly over the run, all machines at each: about `most` rows, or
  /// the whole of a few instants where that is more. O(rows returned + instants x log n).
  std::vector<vm::SampleRow> select_samples(std::size_t most) const;

  /// The run has ended and all is written.
  bool finished() const;

 private:
  void read_machines(vm::Batch& batch);
  void read_traffic(vm::Batch& batch);
  void read_failures(vm::Batch& batch);
  void read_failovers(vm::Batch& batch);
  void read_migrations(vm::Batch& batch);
  void read_rest(vm::Batch& batch);
  vm::Time sample_time(std::int64_t row) const;

  sqlite3* db_;
  bool states_say_released_;
  // The last row of each table that has been told, and who has begun and not ended yet.
  std::int64_t machine_ = -1, machine_state_ = 0, sample_ = 0, latency_ = 0, throughput_ = 0;
  std::int64_t failure_ = -1, failover_ = -1, migration_ = 0, withheld_ = 0, fault_ = 0;
  std::int64_t consolidation_ = 0;
  std::set<std::int64_t> open_failures_, open_failovers_;
};

}  // namespace record
