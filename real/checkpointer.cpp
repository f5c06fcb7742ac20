#include "real/checkpointer.hpp"

namespace real {

Checkpointer::Checkpointer(const std::filesystem::path& file)
    : db_(open_database(file, Access::write)) {
  execute(db_.get(), "PRAGMA synchronous = FULL");
  thread_ = std::thread{[this] { work(); }};
}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Checkpointer::wake() {
  {
    const std::lock_guard lock{mutex_};
    wanted_ = true;
  }
  changed_.notify_one();
}

void Checkpointer::work() {
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [this] { return wanted_ || ending_; });
    if (ending_) return;
    lock.unlock();
    int pages = 0, moved = 0;
    // A full disk or a long reader only means that there is more to do the next time.
    const int code =
        sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
    if (code == SQLITE_OK) moved_ = moved;
    lock.lock();
    wanted_ = false;
  }
}

}  // namespace real
