#include "real/store.hpp"

#include <algorithm>

namespace real {
namespace {

/// Pages that the WAL may grow by before they are moved on, 1 MiB: a commit that meets a sync of
/// the store's file waits for what that has to write. And from how many the WAL must begin anew, 64
/// MiB.
constexpr int many_pages = 128;
constexpr int too_many_pages = 8'192;
/// That the committing thread may move by itself to bring that about: a few milliseconds.
constexpr int few_pages = 600;

bool is_any_of(const Change& change, std::initializer_list<Standing> standings) {
  const auto* settle = std::get_if<Settle>(&change);
  return settle != nullptr &&
         std::ranges::find(standings, settle->holding.standing) != standings.end();
}

/// What makes room, and is all that can be done about a torn holding.
bool is_clearing(const Change& change) {
  return std::holds_alternative<Erase>(change) || std::holds_alternative<Forget>(change) ||
         is_any_of(change, {Standing::dropped});
}

/// What has to be written down however full the disk is; none of it takes much room.
bool is_vital(const Change& change) {
  return is_clearing(change) || is_any_of(change, {Standing::owner, Standing::fenced});
}

/// Of a copy: one that lacks any of these is none.
bool is_part(const Change& change) {
  return std::holds_alternative<Import>(change) || std::holds_alternative<Carry>(change) ||
         std::holds_alternative<Fill>(change);
}

std::optional<Slot> slot_of(const Change& change) {
  const auto one = [](const auto& c) -> std::optional<Slot> {
    using C = std::remove_cvref_t<decltype(c)>;
    if constexpr (std::is_same_v<C, Settle>) {
      return c.holding.slot;
    } else if constexpr (std::is_same_v<C, Nothing>) {
      return {};
    } else {
      return c.slot;
    }
  };
  return std::visit(one, change);
}

void carry_out(StoreFile& file, const Change& change) {
  struct Visitor {
    StoreFile& to;
    void operator()(const Settle& c) const { to.settle(c.holding); }
    void operator()(const Write& c) const { to.write(c.slot, c.row); }
    void operator()(const Import& c) const { to.import(c.slot, c.rows, c.counted); }
    void operator()(const Carry& c) const { to.carry(c.slot, c.applied); }
    void operator()(const Fill& c) const { to.fill(c.slot, c.first, c.size); }
    void operator()(const Erase& c) const { to.erase(c.slot, c.limit); }
    void operator()(const Forget& c) const { to.forget(c.slot); }
    void operator()(const Nothing&) const {}
  };
  std::visit(Visitor{file}, change);
}

}  // namespace

Store::Store(asio::io_context& io, const std::filesystem::path& directory, StoreOptions options)
    : io_(io),
      file_(directory / file_name, options),
      checkpointer_(file_.path()),
      loaded_(file_.load()),
      self_(std::make_shared<Store*>(this)),
      ballast_(directory / ballast_name) {
  for (const auto& one : loaded_) {
    figures_[one.holding.slot] = one.figures;
    next_slot_ = std::max(next_slot_, one.holding.slot + 1);
  }
  thread_ = std::thread{[this] { work(); }};
}

Store::~Store() {
  *self_ = nullptr;
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Store::submit(Change change, Done done) {
  {
    const std::lock_guard lock{mutex_};
    waiting_.push_back({std::move(change), std::move(done)});
    if (waiting_.size() > 1) return;  // it has been woken for the first
  }
  changed_.notify_one();
}

const Figures& Store::figures(Slot slot) const {
  static const Figures nothing;
  const auto found = figures_.find(slot);
  return found == figures_.end() ? nothing : found->second;
}

void Store::work() {
  while (true) {
    Group group;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return !waiting_.empty() || ending_; });
      if (waiting_.empty()) return;
      std::swap(group.tasks, waiting_);
    }
    apply(group);
    asio::post(io_, [self = self_, group = std::move(group)]() mutable {
      if (*self != nullptr) (*self)->tell(group);
    });
    tend_wal();
  }
}

void Store::apply(Group& group) {
  const bool whole = try_apply(group, [](const Change&) { return true; });
  if (whole) {
    ballast_.perhaps_take();
  } else {
    for (const Task& task : group.tasks) {
      if (is_part(task.change)) torn_.insert(*slot_of(task.change));
    }
    if (std::ranges::any_of(group.tasks, is_vital, &Task::change)) {
      ballast_.let_go();
      (void)try_apply(group, is_vital);
      ballast_.take();
    }
  }
  // Their bytes have done their work; what they were about is in the captures of `done`.
  for (Task& task : group.tasks) task.change = Nothing{};
}

/// One transaction of what is wanted of the group; false if the disk refuses it.
template <class Wanted>
bool Store::try_apply(Group& group, Wanted wanted) {
  try {
    file_.begin();
    for (Task& task : group.tasks) {
      if (!wanted(task.change)) continue;
      task.stored = !is_torn(task.change);
      if (task.stored) {
        carry_out(file_, task.change);
      } else if (group.trouble.empty()) {
        group.trouble = "an earlier part of it was refused";
      }
    }
    file_.commit();
  } catch (const StoreError& refused) {
    file_.rollback();
    group.trouble = refused.what();
    for (Task& task : group.tasks) task.stored = false;
    return false;
  }
  group.changed = file_.changed();
  group.trimmed = file_.trimmed();
  for (const Task& task : group.tasks) {
    if (const auto* gone = std::get_if<Forget>(&task.change); gone && task.stored)
      torn_.erase(gone->slot);
  }
  return true;
}

bool Store::is_torn(const Change& change) const {
  if (torn_.empty() || is_clearing(change)) return false;
  const auto slot = slot_of(change);
  return slot && torn_.contains(*slot);
}

void Store::tend_wal() {
  const int pages = file_.wal_pages(), left = pages - checkpointer_.moved();
  if (pages >= too_many_pages && left >= 0 && left <= few_pages) return file_.checkpoint();
  if (pages < asked_pages_) asked_pages_ = 0;  // it has begun anew
  if (pages - asked_pages_ < many_pages) return;
  asked_pages_ = pages;
  checkpointer_.wake();
}

void Store::tell(Group& group) {
  trouble_ = group.trouble;
  for (const auto& [slot, figures] : group.changed) figures_[slot] = figures;
  if (!group.trimmed.empty() && on_trimmed_) on_trimmed_(group.trimmed);
  const auto self = self_;
  for (Task& task : group.tasks) {
    if (*self == nullptr) return;
    if (task.done) task.done(task.stored);
  }
}

}  // namespace real
