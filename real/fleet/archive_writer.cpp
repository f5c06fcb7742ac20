#include "real/fleet/archive_writer.hpp"

#include <utility>

namespace real {
namespace {

/// When in a minute the one before is packed: later than Archive's patience with late samples.
constexpr auto into_minute = std::chrono::seconds{10};

}  // namespace

ArchiveWriter::ArchiveWriter(asio::io_context& io, Archive& archive, Options options)
    : io_(io), archive_(archive), options_(std::move(options)), thread_([this] { work(); }) {}

ArchiveWriter::~ArchiveWriter() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void ArchiveWriter::submit(ArchiveChange change, Done done) {
  const std::lock_guard lock{mutex_};
  tasks_.push_back({std::move(change), std::move(done)});
  if (tasks_.size() == 1) changed_.notify_one();
}

std::size_t ArchiveWriter::waiting() const {
  const std::lock_guard lock{mutex_};
  return tasks_.size();
}

void ArchiveWriter::work() {
  auto next = std::chrono::steady_clock::now();
  for (;;) {
    std::vector<Task> group;
    bool last = false;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return !tasks_.empty() || ending_; });
      changed_.wait_until(lock, next, [this] { return ending_; });
      std::swap(group, tasks_);
      last = ending_;
    }
    next = std::chrono::steady_clock::now() + options_.pace;
    if (!group.empty()) {
      const bool stored = write(group);
      const sim::Time now = group.back().change.alive;
      if (!last) {
        asio::post(io_, [group = std::move(group), stored] {
          for (const Task& task : group) {
            if (task.done) task.done(stored);
          }
        });
      }
      if (stored) keep(now);
    }
    if (last) return;
  }
}

bool ArchiveWriter::write(std::vector<Task>& group) {
  bool told = !owed_.empty();
  try {
    archive_.begin();
    if (!owed_.empty()) {
      ArchiveChange before;
      before.orders = owed_;
      before.alive = group.front().change.alive;
      archive_.store(before);
    }
    for (const Task& task : group) {
      archive_.store(task.change);
      told = told || !task.change.orders.empty();
    }
    archive_.commit();
    owed_.clear();
  } catch (const StoreError& refused) {
    archive_.rollback();
    for (Task& task : group) {
      owed_.insert(owed_.end(), task.change.orders.begin(), task.change.orders.end());
    }
    report(refused.what());
    return false;
  }
  if (told) options_.mailed();
  return true;
}

void ArchiveWriter::keep(sim::Time now) {
  const sim::Time due = sim::Time{slot_of(now, one_minute) * one_minute} + into_minute;
  if (now < due || kept_ >= due) return;
  kept_ = due;
  try {
    archive_.keep(now);
  } catch (const StoreError& refused) {
    report(refused.what());
  }
}

void ArchiveWriter::report(const std::string& what) {
  asio::post(io_, [told = options_.report, what] { told(what); });
}

}  // namespace real
