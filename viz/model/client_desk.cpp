#include "viz/model/client_desk.hpp"

#include <exception>
#include <utility>

namespace viz::model {
namespace {

/// What the story of the run says stays; what the record says comes from `answer`.
void take_over(ClientView answer, ClientView& view) {
  answer.id = view.id;
  answer.group = view.group;
  answer.machine = view.machine;
  answer.migrations = view.migrations;
  answer.moving = view.moving;
  view = std::move(answer);
}

}  // namespace

ClientDesk::ClientDesk(std::unique_ptr<ClientSource> source, Duration warmup,
                       std::vector<bool> writes)
    : source_(std::move(source)), warmup_(warmup), writes_(std::move(writes)) {}

ClientDesk::~ClientDesk() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  asked_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void ClientDesk::ask(vm::TenantId client, Time at, std::uint64_t generation, ClientView& view) {
  const Question question{client, at, generation};
  const std::lock_guard lock{mutex_};
  if (!thread_.joinable()) thread_ = std::thread{[this] { work(); }};
  if (question_ != question) {
    question_ = question;
    asked_.notify_one();
  }
  if (view_ && view_->id == client) return take_over(*view_, view);
  view.loading = true;
}

void ClientDesk::settle() {
  std::unique_lock lock{mutex_};
  answered_.wait(lock, [&] { return question_ == done_; });
}

// ---- The desk's thread -------------------------------------------------------------------------

void ClientDesk::work() {
  std::unique_lock lock{mutex_};
  for (;;) {
    asked_.wait(lock, [&] { return stop_ || question_ != done_; });
    if (stop_) return;
    const Question question = *question_;
    lock.unlock();
    try {
      answer(question);
    } catch (const std::exception& reason) {
      ClientView view;
      view.message = reason.what();
      publish(question, std::move(view), false);
    }
    lock.lock();
  }
}

bool ClientDesk::outdated(vm::TenantId client) {
  const std::lock_guard lock{mutex_};
  return stop_ || question_->client != client;
}

void ClientDesk::publish(const Question& question, ClientView view, bool loading) {
  view.id = question.client;
  view.loading = loading;
  const std::lock_guard lock{mutex_};
  view_ = std::move(view);
  if (!loading) done_ = question;
  if (!loading) answered_.notify_all();
}

void ClientDesk::answer(const Question& question) {
  const vm::TenantId client = question.client;
  if (client_ != client) {
    client_ = client;
    log_.emplace(warmup_, writes_);
    totals_.reset();
    last_ = 0;
  }
  if (!totals_) totals_ = source_->books(client);
  ClientView view;
  if (!source_->keeps_transactions()) {
    if (totals_) {
      show_books(totals_->books, totals_->latency, view);
      view.basis = ClientView::Basis::whole_run;
    }
    return publish(question, std::move(view), false);
  }
  std::vector<vm::TransactionRow> rows;
  for (bool more = !log_->full(); more && !log_->full();) {
    rows.clear();
    more = source_->read(client, last_, rows);
    log_->append(rows);
    if (!more) break;
    if (outdated(client)) return;
    ClientView so_far;
    log_->show(question.at, so_far);
    publish(question, std::move(so_far), true);
  }
  log_->show(question.at, view);
  if (log_->full()) view.message = "Of its transactions the first million is shown.";
  if (totals_) {
    view.lost = totals_->books.lost;
    view.duplicated = totals_->books.duplicated;
  }
  publish(question, std::move(view), false);
}

}  // namespace viz::model
