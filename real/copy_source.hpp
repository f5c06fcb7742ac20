// CopySource: the owner's side of a copy, for a migration or for a second copy that stays.
//
//   snapshot ──> rounds of what was written since ──> (frozen) rest ──> the target's digest
//   snapshot ──> follow(): every new write, and once what was written meanwhile
//
// All rows are read once, in order, by a connection of its own on a thread of its own: the tenant is
// served on. It is a fuzzy snapshot: each chunk is a read transaction for itself, since a single one
// would keep the WAL from starting anew for as long as the copy takes. Nothing is missed by that:
// every row that the store reports changed after the reading began is noted and sent again in the
// next round, and rows take the place of older ones, so sending one twice does no harm. What makes
// it exact is the last round, in which nothing changes any more, and the digest.
//
// Rows go in numbered chunks, at the order's rate and never more than a window ahead of what the
// target has synced. What is not synced there is kept here: when the link breaks, it is dialled
// again for `patience`, and the copy goes on after the last number that the target says. Only then
// is it broken.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "real/node_parts.hpp"
#include "real/store_reader.hpp"
#include "real/worker.hpp"

namespace real {

class CopySource : public std::enable_shared_from_this<CopySource> {
 public:
  struct Order {
    vm::Attempt attempt;
    vm::TenantId tenant;
    std::string address;   // of the target
    double bandwidth = 0;  // bytes/s, at most
    bool replica = false;
    bool takes_over = false;  // a second copy that another owner kept until now
  };
  /// What its owner wants to know. None is called after stop().
  struct Tell {
    std::function<void(vm::Bytes copied)> round_stored;
    std::function<void(const TellDigest&)> digest;
    std::function<void(std::uint64_t chunk)> stored;
    std::function<void(const std::string& reason)> broken;  // the last one
  };

  CopySource(NodeParts& node, const Tenant& tenant, Order order, Tell tell);

  /// Connects and copies everything; round_stored() tells the end.
  void start();
  /// Copies what was written since; likewise. Not while another round is under way.
  void copy_round();
  /// From now on every write goes to the target too, after what it has missed; round_stored() tells
  /// when it has that.
  void begin_to_follow();
  /// The second copy is complete but for what the former owner had not acknowledged: it is
  /// followed at once.
  void take_over();
  /// Also when its link is broken for good: then what is written waits for a word from the gateway.
  bool follows() const { return following_; }
  /// Sends one write; returns the number of its chunk.
  std::uint64_t follow(const Row& row);
  void ask_digest();

  /// The store has this row, new or changed.
  void wrote(std::uint64_t sequence, vm::Bytes size);
  /// Written since the round under way began.
  vm::Bytes dirty() const { return dirty_bytes_; }

  void stop();
  /// stop(), and waits for what is being read: for when the node ends.
  void close();
  const Order& order() const { return order_; }

  static constexpr std::chrono::milliseconds patience = std::chrono::seconds{5};

 private:
  using Chunk = std::variant<CopyRows, CopyEnd>;

  awaitable<void> connect();
  awaitable<void> copy_all();
  awaitable<void> copy_written();
  awaitable<void> catch_up();
  awaitable<void> send_rows(std::vector<Row> rows);
  awaitable<void> send_written();
  awaitable<void> end_round();
  awaitable<void> pause();

  void run(const char* name, awaitable<void> task);
  void on_message(Message& message);
  void on_stored(std::uint64_t chunk);
  void resume(std::uint64_t stored);
  void send(Chunk chunk);
  void transmit(Chunk& chunk);
  void flush_followed();
  void reserve();
  void release();
  void fail(const std::string& reason);
  std::size_t chunk_size() const;

  NodeParts& node_;  // not touched any more once it has ended
  asio::io_context& io_;
  const Holding holding_;
  const Order order_;
  Tell tell_;
  Worker worker_;
  StoreReader reader_;

  std::shared_ptr<Link> link_;  // null while there is none
  bool connecting_ = false, ended_ = false, introduced_ = false, digest_wanted_ = false;
  std::deque<Chunk> kept_;  // sent or to be sent, and not synced there yet
  std::size_t kept_bytes_ = 0;
  std::uint64_t next_chunk_ = 1, stored_ = 0;
  std::optional<std::uint64_t> offset_;  // of our numbers on the wire, when it takes over
  asio::steady_timer changed_;

  std::vector<std::uint64_t> dirty_;
  vm::Bytes dirty_bytes_{}, copied_{};
  double rate_ = 0;      // of the round under way
  double reserved_ = 0;  // of the node's network
  vm::Time send_at_{};   // when the rate allows the next chunk

  bool following_ = false;
  CopyRows followed_;  // of this turn of the loop
  std::size_t followed_bytes_ = 0;
};

}  // namespace real
