// Questions about one client, answered behind the window's back. Waits have generous deadlines.
#include "viz/model/client_desk.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <stdexcept>

#include <catch2/catch.hpp>

namespace {

using namespace std::chrono_literals;
using namespace viz::model;

/// Transactions of a second each, one a second, a hundred of each client; ten to a portion.
class Source final : public ClientSource {
 public:
  std::optional<vm::ClientOutcome> books(vm::TenantId client) override {
    if (!totals) return std::nullopt;
    vm::ClientOutcome outcome;
    outcome.client = client;
    outcome.books.issued = 100;
    outcome.books.lost = client.value;
    return outcome;
  }
  bool keeps_transactions() override { return transactions; }
  bool read(vm::TenantId client, std::int64_t& last,
            std::vector<vm::TransactionRow>& rows) override {
    while (closed && !let_go) std::this_thread::sleep_for(1ms);
    if (broken) throw std::runtime_error("run.sqlite: disk I/O error");
    ++portions;
    for (int i = 0; i < 10 && last < there; ++i, ++last) {
      vm::TransactionRow row;
      row.client = client;
      row.issued = Time{last * 1s};
      row.ended = Time{(last + 1) * 1s};
      rows.push_back(row);
    }
    return last < there;
  }
  std::atomic<bool> totals = true, transactions = true, broken = false;
  std::atomic<bool> closed = false, let_go = false;  // a disk that does not answer
  std::atomic<std::int64_t> there = 100;
  std::atomic<int> portions = 0;
};

struct Desk {
  Source* source = new Source;
  ClientDesk desk{std::unique_ptr<ClientSource>{source}, Duration{}, {false}};
  std::uint64_t generation = 0;

  ClientView answer(std::uint32_t client, Time at) {
    ClientView view;
    view.id = vm::TenantId{client};
    desk.ask(view.id, at, generation, view);
    desk.settle();
    view = {};
    view.id = vm::TenantId{client};
    desk.ask(view.id, at, generation, view);
    return view;
  }
};

}  // namespace

TEST_CASE("client_desk: what a client did until an instant, and what the books say in the end") {
  Desk d;
  const ClientView view = d.answer(3, Time{40s + 500ms});
  CHECK(view.basis == ClientView::Basis::transactions);
  CHECK_FALSE(view.loading);
  CHECK(view.committed == 40);
  CHECK(view.in_flight == 1);
  CHECK(*view.mean_ms == Approx(1000));
  CHECK(view.lost == 3u);
  CHECK(view.last.at(0).ended == Time{40s});
  const int portions = d.source->portions;
  CHECK(d.answer(3, Time{10s}).committed == 10);
  CHECK(d.answer(3, Time{1h}).committed == 100);
  CHECK(d.source->portions <= portions + 2);  // it was not read again, only looked for more
  CHECK(d.answer(4, Time{1h}).lost == 4u);
}

TEST_CASE("client_desk: without transactions there are the books, or nothing, and it says which") {
  Desk d;
  d.source->transactions = false;
  CHECK(d.answer(7, Time{5s}).basis == ClientView::Basis::whole_run);
  CHECK(d.answer(7, Time{5s}).issued == 100);
  d.source->totals = false;
  CHECK(d.answer(8, Time{5s}).basis == ClientView::Basis::nothing);
}

TEST_CASE("client_desk: a run that grows is read on") {
  Desk d;
  d.source->there = 20;
  d.source->totals = false;
  CHECK(d.answer(0, Time{1h}).committed == 20);
  CHECK_FALSE(d.answer(0, Time{1h}).lost);
  d.source->there = 60;
  d.source->totals = true;
  ++d.generation;
  CHECK(d.answer(0, Time{1h}).committed == 60);
  CHECK(d.answer(0, Time{1h}).lost == 0u);
}

TEST_CASE("client_desk: who asks never waits, and the newest question is answered") {
  Desk d;
  d.source->closed = true;
  ClientView view;
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    view = {};
    view.id = vm::TenantId{i};
    d.desk.ask(view.id, Time{5s}, 0, view);
    REQUIRE(view.loading);  // the source answers nobody, and yet this loop goes on
  }
  d.source->let_go = true;
  CHECK(d.answer(999, Time{5s}).lost == 999u);
  CHECK(d.answer(999, Time{5s}).committed == 5);
}

TEST_CASE("client_desk: a record that cannot be read is a message") {
  Desk d;
  d.source->broken = true;
  const ClientView view = d.answer(1, Time{5s});
  CHECK(view.message == "run.sqlite: disk I/O error");
  CHECK(view.basis == ClientView::Basis::nothing);
  CHECK_FALSE(view.loading);
}
