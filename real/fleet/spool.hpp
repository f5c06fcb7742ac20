// Spool: sends the mails that wait in an archive's outbox, in a thread of its own.
//
//   waiting ──dot──> handed ──250──> sent
//      ^                │──4xx, 5xx──> waiting, for another try
//      └────────────────┘──no answer──> unsure
//
// A mail is put into the outbox in the transaction that opens or closes its incident, once for
// each. `handed` is on the disk before the final dot goes over the wire. Whoever finds a mail in
// that state after a crash, or gets no answer, cannot know whether the server took it: SMTP has no
// way to ask. Then it is not sent again. So nobody gets two mails for one incident, whoever is
// killed when; the price is that a mail may be lost when the connection or the collector ends in
// the very moment between dot and answer. Such a mail is `unsure`, is reported, and shows in the
// status; the mail about the incident's end still goes. Everywhere else a mail is tried until it is
// taken: after 1 s, 2 s, and so on up to 5 min, for as long as the archive keeps the incident.
//
// When the server is away nobody else's mail is tried either. An incident's end is told after its
// beginning.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "real/fleet/mail.hpp"
#include "real/sqlite.hpp"

namespace real {

class Spool {
 public:
  struct Options {
    std::filesystem::path archive;
    Mailer::Options mailer;
    std::string from;   // one address
    std::string fleet;  // its name
    /// In the spool's thread: what could not be sent, why, and what was sent after all.
    std::function<void(const std::string&)> report = [](const std::string&) {};
  };

  /// Throws StoreError where there is no archive, std::runtime_error where there is no libcurl.
  explicit Spool(Options options);
  /// Waits for the mail that is under way, no others.
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// There may be new mails. From any thread.
  void wake();

 private:
  struct Mail {
    std::int64_t id = 0;
    std::uint64_t incident = 0;
    bool closed = false;
    std::vector<std::string> to;
    std::int64_t attempts = 0;
  };

  void work();
  bool is_ending();
  std::optional<Mail> next();
  bool deliver(const Mail& mail);
  void set_state(const Mail& mail, std::string_view state, std::string_view trouble,
                 std::chrono::seconds wait);

  Options options_;
  Database db_;
  Mailer mailer_;
  std::string trouble_;  // that was reported last
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false, ending_ = false;
  std::thread thread_;
};

}  // namespace real
