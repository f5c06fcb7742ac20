// ClientDesk: answers what a run's record says of one client, in a thread of its own.
//
// A window asks in every frame, for whichever client is selected and at whatever instant, and takes
// whatever the answer is by then: the newest question wins, and nobody waits. The thread reads the
// client's transactions once, portion by portion, and keeps them as long as the client stays the
// same; asked for an instant, it counts on from the last one. It starts with the first question:
// most windows never ask.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "viz/model/client_log.hpp"
#include "vm/outcome.hpp"

namespace viz::model {

/// A run's record, asked about one client; by the desk's thread alone. What it throws is shown as
/// the reason why there is no more.
class ClientSource {
 public:
  virtual ~ClientSource() = default;
  /// Of the whole run; none before its end, and where the record has none.
  virtual std::optional<vm::ClientOutcome> books(vm::TenantId client) = 0;
  virtual bool keeps_transactions() = 0;
  /// Appends a portion of the client's transactions behind `last`, in the order of their ends, and
  /// moves `last` on. False when there are no more at the moment.
  virtual bool read(vm::TenantId client, std::int64_t& last,
                    std::vector<vm::TransactionRow>& rows) = 0;
};

class ClientDesk {
 public:
  /// `warmup`, `writes`: as ClientLog has them.
  ClientDesk(std::unique_ptr<ClientSource> source, Duration warmup, std::vector<bool> writes);
  ~ClientDesk();

  /// How `client` stood at `at`; `generation`: grows whenever the record may hold more. Puts what
  /// is known by now into `view` (all of it below `basis`), which has view.loading until the
  /// question has been answered for this client. Never waits.
  void ask(vm::TenantId client, Time at, std::uint64_t generation, ClientView& view);
  /// Waits until the last question has been answered.
  void settle();

 private:
  struct Question {
    vm::TenantId client;
    Time at;
    std::uint64_t generation = 0;
    bool operator==(const Question&) const = default;
  };
  void work();
  void answer(const Question& question);
  void publish(const Question& question, ClientView view, bool loading);
  bool outdated(vm::TenantId client);

  std::unique_ptr<ClientSource> source_;
  const Duration warmup_;
  const std::vector<bool> writes_;

  // Of the thread.
  std::optional<vm::TenantId> client_;
  std::optional<ClientLog> log_;
  std::optional<vm::ClientOutcome> totals_;
  std::int64_t last_ = 0;

  std::mutex mutex_;  // of all below
  std::condition_variable asked_, answered_;
  std::optional<Question> question_, done_;
  std::optional<ClientView> view_;  // the last answer, or as much of the next as there is so far
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace viz::model
