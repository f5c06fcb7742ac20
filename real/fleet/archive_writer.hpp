// ArchiveWriter: a thread that commits the changes of all agents together.
//
// A commit waits for the disk, so it is shared: what has come since the last one goes into the
// next, at most one every `pace`. Each change is answered after the commit that holds it. Where the
// disk refuses, nobody is told that anything was stored; what samples gave rise to is kept for the
// next commit, since it will not be concluded again.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "real/asio.hpp"
#include "real/fleet/archive.hpp"

namespace real {

class ArchiveWriter {
 public:
  struct Options {
    std::chrono::milliseconds pace{100};
    std::function<void(const std::string&)> report = [](const std::string&) {};  // in `io`
    std::function<void()> mailed = [] {};  // in the writer's thread: there may be new mails
  };
  using Done = std::function<void(bool stored)>;

  /// archive  not to be touched by anybody else from now on
  ArchiveWriter(asio::io_context& io, Archive& archive, Options options);
  /// Commits what is waiting; nobody is answered any more.
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  /// Calls `done` in the io_context once the change is on the disk, or was refused.
  void submit(ArchiveChange change, Done done);
  /// Changes that wait for the next commit.
  std::size_t waiting() const;

 private:
  struct Task {
    ArchiveChange change;
    Done done;
  };

  void work();
  bool write(std::vector<Task>& group);
  void keep(sim::Time now);
  void report(const std::string& what);

  asio::io_context& io_;
  Archive& archive_;
  Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Task> tasks_;
  vm::IncidentOrders owed_;  // of changes that could not be stored
  sim::Time kept_;
  bool ending_ = false;
  std::thread thread_;  // last: begins when everything else is there
};

}  // namespace real
