// ClientLog: the transactions of one client, and what they come to at any instant.
//
// Forward costs the transactions in between; back begins anew, a few milliseconds a million. Holds
// a million of them, which is more than anybody's one client issues: beyond that it says that it
// knows no more.
#pragma once

#include <cstddef>
#include <vector>

#include "sim/histogram.hpp"
#include "viz/model/client_view.hpp"

namespace viz::model {

class ClientLog {
 public:
  static constexpr std::size_t most = 1'000'000;

  /// `warmup`: latencies of what was issued before its end do not count. `writes`: whether a
  /// transaction of this kind is a write, by kind; empty where nobody knows.
  ClientLog(Duration warmup, std::vector<bool> writes)
      : warmup_(warmup), writes_(std::move(writes)) {}

  /// In the order of their ends.
  void append(const std::vector<vm::TransactionRow>& rows);
  bool full() const { return rows_.size() >= most; }

  /// Counts, latency and the last transactions until `at` into `view`; where the log is full and
  /// ends before that, until its end, which view.at then is.
  void show(Time at, ClientView& view);

 private:
  void count(const vm::TransactionRow& row);

  Duration warmup_;
  std::vector<bool> writes_;
  std::vector<vm::TransactionRow> rows_;
  std::vector<Time> issued_;  // ascending up to sorted_

  // Of the first done_ rows.
  std::size_t done_ = 0, sorted_ = 0;
  sim::Histogram latency_;
  vm::Books books_;
};

}  // namespace viz::model
