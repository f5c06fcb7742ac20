#include "real/fleet/spool.hpp"

#include <algorithm>
#include <chrono>

#include "real/fleet/archive_schema.hpp"
#include "real/fleet/incident_mail.hpp"
#include "real/fleet/mail_library.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds most_wait = 5min;
constexpr auto between_looks = 1s;

std::int64_t unix_ns() {
  const std::chrono::nanoseconds since = std::chrono::system_clock::now().time_since_epoch();
  return since.count();
}

std::chrono::seconds wait_after(std::int64_t attempts) {
  return std::min(most_wait, std::chrono::seconds{1} * (1 << std::min<std::int64_t>(attempts, 9)));
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    words.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return words;
}

}  // namespace

Spool::Spool(Options options)
    : options_(std::move(options)),
      db_(open_archive(options_.archive, Access::write)),
      mailer_(options_.mailer) {
  CurlLibrary::get();
  const Statement found = prepare(db_.get(), "SELECT incident FROM outbox WHERE state = 'handed'");
  while (next_row(found)) {
    options_.report("incident " + std::to_string(word(found, 0)) +
                    ": its mail was being handed over when the collector ended; it may have been "
                    "lost and is not sent again");
  }
  execute(db_.get(), "UPDATE outbox SET state = 'unsure' WHERE state = 'handed'");
  thread_ = std::thread{[this] { work(); }};
}

Spool::~Spool() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Spool::wake() {
  {
    const std::lock_guard lock{mutex_};
    woken_ = true;
  }
  changed_.notify_one();
}

bool Spool::is_ending() {
  const std::lock_guard lock{mutex_};
  return ending_;
}

void Spool::work() {
  std::int64_t away = 0;  // tries in a row that met no server
  for (;;) {
    std::chrono::seconds wait = between_looks;
    try {
      while (!is_ending()) {
        const auto mail = next();
        if (!mail) break;
        if (deliver(*mail)) {
          away = 0;
          continue;
        }
        wait = wait_after(away++);
        break;
      }
    } catch (const std::exception& failure) {  // the archive refuses: it may not for ever
      options_.report(failure.what());
      wait = 5s;
    }
    std::unique_lock lock{mutex_};
    // Without a server, new mails do not bring it back.
    changed_.wait_for(lock, wait, [&] { return ending_ || (woken_ && away == 0); });
    woken_ = false;
    if (ending_) return;
  }
}

/// The oldest that is due. Due times that lie beyond all waits come from a clock that was wrong.
std::optional<Spool::Mail> Spool::next() {
  const Statement row = prepare(
      db_.get(),
      "SELECT id, incident, kind, recipients, attempts FROM outbox o WHERE state = 'waiting' AND "
      "(due <= ?1 OR due > ?1 + 3600000000000) AND NOT EXISTS (SELECT 1 FROM outbox WHERE state = "
      "'waiting' AND incident = o.incident AND id < o.id) ORDER BY id LIMIT 1");
  set_value(row, 1, unix_ns());
  if (!next_row(row)) return {};
  return Mail{integer(row, 0), word(row, 1), bytes(row, 2) == "closed", split(bytes(row, 3)),
              integer(row, 4)};
}

/// False when there was no server to deliver to.
bool Spool::deliver(const Mail& mail) {
  Letter message =
      incident_mail(db_.get(), mail.incident, mail.closed, options_.fleet, options_.from);
  message.to = mail.to;
  const Delivery delivery = mailer_.send(message, [&] {
    const Statement hand =
        prepare(db_.get(), "UPDATE outbox SET state = 'handed' WHERE id = ? AND state = 'waiting'");
    run(hand, mail.id);
    return sqlite3_changes(db_.get()) == 1;
  });
  const std::string about = "mail about incident " + std::to_string(mail.incident);
  switch (delivery.outcome) {
    case Delivery::Outcome::sent:
      set_state(mail, "sent", "", 0s);
      if (!trouble_.empty()) options_.report("mails are taken again");
      trouble_.clear();
      return true;
    case Delivery::Outcome::unsure:
      set_state(mail, "unsure", delivery.trouble, 0s);
      options_.report(about + " may be lost: " + delivery.trouble);
      return true;
    case Delivery::Outcome::not_yet:
    case Delivery::Outcome::away:
      break;
  }
  const bool away = delivery.outcome == Delivery::Outcome::away;
  set_state(mail, "waiting", delivery.trouble, away ? 0s : wait_after(mail.attempts));
  if (delivery.trouble != trouble_) options_.report(about + " waits: " + delivery.trouble);
  trouble_ = delivery.trouble;
  return !away;
}

void Spool::set_state(const Mail& mail, std::string_view state, std::string_view trouble,
                      std::chrono::seconds wait) {
  const Statement set = prepare(
      db_.get(),
      "UPDATE outbox SET state = CAST(? AS TEXT), trouble = CAST(? AS TEXT), due = ?, attempts = "
      "attempts + 1 WHERE id = ?");
  const std::chrono::nanoseconds later{wait};
  run(set, state, trouble, unix_ns() + later.count(), mail.id);
}

}  // namespace real
