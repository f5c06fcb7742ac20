// Store: a node's state on disk, behind a thread that commits in groups.
//
//   loop:    submit(change, done) ──┐                        ┌──> done(stored), in order
//   thread:                         └─> begin, apply, commit ─┘
//
// Whatever is submitted while one group is being synced makes the next: the more there is to do,
// the larger the groups, and nobody ever waits for a timer. A group is stored as a whole; where the
// disk refuses, what is vital of it (who owns what, and erasing) is tried once more in the room
// that the ballast keeps for it, and of the rest nothing is stored. The next group tries again. A
// holding that rows of a copy were refused to is torn: it can be erased, and is good for nothing
// else.
//
// All calls from the thread of the io_context; `done` runs there too, and never after ~Store().
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "real/asio.hpp"
#include "real/ballast.hpp"
#include "real/checkpointer.hpp"
#include "real/store_file.hpp"

namespace real {

// ---- Changes: what StoreFile can do, as values
// ---------------------------------------------------

struct Settle {
  Holding holding;
};
struct Write {
  Slot slot = 0;
  Row row;
};
struct Import {
  Slot slot = 0;
  std::vector<Row> rows;
  bool counted = false;
};
struct Carry {
  Slot slot = 0;
  vm::Digest applied;
};
struct Fill {
  Slot slot = 0;
  std::uint64_t first = 0;
  vm::Bytes size{};
};
struct Erase {
  Slot slot = 0;
  std::uint32_t limit = 0;
};
struct Forget {
  Slot slot = 0;
};
struct Nothing {};  // done when everything submitted before is
using Change = std::variant<Settle, Write, Import, Carry, Fill, Erase, Forget, Nothing>;

class Store {
 public:
  using Done = std::function<void(bool stored)>;
  using OnTrimmed = std::function<void(const std::vector<StoreFile::Trimmed>&)>;

  /// Opens or creates `directory`/store.sqlite. Throws StoreError.
  Store(asio::io_context& io, const std::filesystem::path& directory, StoreOptions options = {});
  /// Commits what was submitted; nobody is told any more.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// What was found when it was opened; once.
  std::vector<StoreFile::Loaded> take_loaded() { return std::move(loaded_); }

  void submit(Change change, Done done);

  /// Of a holding after the last group that was told.
  const Figures& figures(Slot slot) const;
  /// A slot that nobody has.
  Slot new_slot() { return next_slot_++; }
  /// Called before the `done`s of a group in which values were emptied to keep within `keep`.
  void when_trimmed(OnTrimmed on_trimmed) { on_trimmed_ = std::move(on_trimmed); }

  const std::filesystem::path& path() const { return file_.path(); }
  /// Why the last group, or something of it, was refused; empty when all of it was stored.
  const std::string& trouble() const { return trouble_; }

  static constexpr const char* file_name = "store.sqlite";
  static constexpr const char* ballast_name = "ballast";

 private:
  struct Task {
    Change change;
    Done done;
    bool stored = false;
  };
  struct Group {  // that is over
    std::vector<Task> tasks;
    std::vector<std::pair<Slot, Figures>> changed;
    std::vector<StoreFile::Trimmed> trimmed;
    std::string trouble;
  };

  void work();
  void apply(Group& group);
  template <class Wanted>
  bool try_apply(Group& group, Wanted wanted);
  bool is_torn(const Change& change) const;
  void tend_wal();
  void tell(Group& group);

  asio::io_context& io_;
  StoreFile file_;
  Checkpointer checkpointer_;
  std::vector<StoreFile::Loaded> loaded_;
  std::unordered_map<Slot, Figures> figures_;
  Slot next_slot_ = 1;
  OnTrimmed on_trimmed_;
  std::string trouble_;
  const std::shared_ptr<Store*> self_;  // null once it is gone: what is still posted sees that

  // The thread's.
  Ballast ballast_;
  std::unordered_set<Slot> torn_;
  int asked_pages_ = 0;  // of the WAL, when a checkpoint was last asked for

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Task> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace real
