#include "real/copy_source.hpp"

#include <algorithm>

#include "real/now.hpp"
#include "real/spawn.hpp"

namespace real {
namespace {

/// Rows that may be on their way or waiting to be synced. Two groups of the target's store: one
/// being synced, one arriving.
constexpr std::size_t window = std::size_t{8} << 20;
constexpr std::size_t largest_chunk = std::size_t{512} << 10;
constexpr std::size_t smallest_chunk = std::size_t{16} << 10;
constexpr auto between_dials = std::chrono::milliseconds{50};

std::uint64_t number_of(const std::variant<CopyRows, CopyEnd>& chunk) {
  return std::visit([](const auto& c) { return c.chunk; }, chunk);
}

std::size_t size_of(const std::vector<Row>& rows) {
  std::size_t sum = 0;
  for (const Row& row : rows) sum += row.value.size() + sizeof(row.sequence);
  return sum;
}

std::size_t size_of(const std::variant<CopyRows, CopyEnd>& chunk) {
  const auto* rows = std::get_if<CopyRows>(&chunk);
  return rows == nullptr ? 0 : size_of(rows->rows);
}

}  // namespace

CopySource::CopySource(NodeParts& node, const Tenant& tenant, Order order, Tell tell)
    : node_(node),
      io_(node.io),
      holding_(tenant.holding),
      order_(std::move(order)),
      tell_(std::move(tell)),
      reader_(node.store.path()),
      changed_(node.io, asio::steady_timer::time_point::max()) {}

// ---- Rounds ------------------------------------------------------------------------------------

void CopySource::start() {
  run("copy", copy_all());
}

void CopySource::copy_round() {
  run("copy round", copy_written());
}

void CopySource::take_over() {
  following_ = true;
  run("second copy", connect());
}

void CopySource::begin_to_follow() {
  run("second copy", catch_up());
}

void CopySource::run(const char* name, awaitable<void> task) {
  const auto guarded = [](std::shared_ptr<CopySource> self,
                          awaitable<void> work) -> awaitable<void> {
    std::string failure;
    try {
      co_await std::move(work);
    } catch (const std::exception& e) {
      failure = e.what();
    }
    if (!failure.empty()) self->fail(failure);
  };
  spawn(io_, name, guarded(shared_from_this(), std::move(task)));
}

awaitable<void> CopySource::copy_all() {
  co_await connect();
  if (ended_) co_return;
  reserve();
  // Everything that the store reports from here on is noted; reading begins after this.
  dirty_.clear();
  dirty_bytes_ = {};
  std::uint64_t from = 0;
  while (!ended_) {
    auto rows = co_await worker_.call(
        [this, from] { return reader_.rows(holding_.slot, from, chunk_size()); });
    if (rows.empty()) break;
    from = rows.back().sequence + 1;
    co_await send_rows(std::move(rows));
  }
  co_await end_round();
}

awaitable<void> CopySource::copy_written() {
  reserve();
  co_await send_written();
  co_await end_round();
}

awaitable<void> CopySource::catch_up() {
  following_ = true;
  // What was handed to the store before this moment is reported before `Nothing` is done; what came
  // later is followed.
  const auto done = std::make_shared<bool>(false);
  node_.store.submit(Nothing{}, [self = shared_from_this(), done](bool) {
    *done = true;
    self->changed_.cancel();
  });
  while (!*done && !ended_) co_await pause();
  co_await send_written();
  co_await end_round();
}

awaitable<void> CopySource::send_written() {
  std::vector<std::uint64_t> sequences = std::exchange(dirty_, {});
  dirty_bytes_ = {};
  std::ranges::sort(sequences);
  sequences.erase(std::unique(sequences.begin(), sequences.end()), sequences.end());
  constexpr std::size_t at_once = 512;
  for (std::size_t at = 0; at < sequences.size() && !ended_; at += at_once) {
    const auto some =
        std::span{sequences}.subspan(at).first(std::min(at_once, sequences.size() - at));
    auto rows = co_await worker_.call([&] { return reader_.rows(holding_.slot, some); });
    co_await send_rows(std::move(rows));
  }
}

awaitable<void> CopySource::send_rows(std::vector<Row> rows) {
  for (std::size_t at = 0; at < rows.size() && !ended_;) {
    CopyRows chunk{.attempt = order_.attempt, .rows = {}};
    std::size_t size = 0;
    for (; at < rows.size(); ++at) {
      const std::size_t more = rows[at].value.size() + sizeof(Row::sequence);
      if (size > 0 && size + more > chunk_size()) break;
      size += more;
      chunk.rows.push_back(std::move(rows[at]));
    }
    while (!ended_ && kept_bytes_ >= window) co_await pause();
    if (const vm::Time at_least = now(); send_at_ > at_least && rate_ > 0) {
      asio::steady_timer rest{io_, std::chrono::nanoseconds{(send_at_ - at_least).count()}};
      co_await rest.async_wait(use_awaitable);
    }
    if (ended_) co_return;
    const vm::Bytes sent{static_cast<std::int64_t>(size)};
    send_at_ = std::max(send_at_, now()) + sent / vm::BytesPerSecond{rate_};
    copied_ += sent;
    send(std::move(chunk));
  }
}

awaitable<void> CopySource::end_round() {
  if (ended_) co_return;
  const vm::Digest applied = node_.store.figures(holding_.slot).applied;
  send(CopyEnd{.attempt = order_.attempt, .count = applied.count, .sum = applied.sum});
  const std::uint64_t last = next_chunk_ - 1;
  while (!ended_ && stored_ < last) co_await pause();
  release();
  if (!ended_) tell_.round_stored(std::exchange(copied_, {}));
}

awaitable<void> CopySource::pause() {
  boost::system::error_code cancelled;  // never expires: cancelling is how it says "look again"
  co_await changed_.async_wait(asio::redirect_error(use_awaitable, cancelled));
}

std::size_t CopySource::chunk_size() const {
  // A tenth of a second at the rate, so that a slow copy does not come in lumps.
  return std::clamp(static_cast<std::size_t>(rate_ / 10), smallest_chunk, largest_chunk);
}

void CopySource::reserve() {
  release();
  const double left = node_.network->left_for_copy();
  rate_ = order_.bandwidth > 0 ? std::min(order_.bandwidth, left) : left;
  reserved_ = rate_;
  node_.network->reserve(reserved_);
}

void CopySource::release() {
  if (reserved_ > 0) node_.network->reserve(-reserved_);
  reserved_ = 0;
}

// ---- Writes meanwhile --------------------------------------------------------------------------

void CopySource::wrote(std::uint64_t sequence, vm::Bytes size) {
  dirty_.push_back(sequence);
  dirty_bytes_ += size;
}

std::uint64_t CopySource::follow(const Row& row) {
  if (followed_bytes_ + row.value.size() > largest_chunk) flush_followed();
  if (followed_.rows.empty()) {
    followed_.attempt = order_.attempt;
    followed_.chunk = next_chunk_++;
    asio::post(io_, [self = shared_from_this()] { self->flush_followed(); });
  }
  const std::uint64_t chunk = followed_.chunk;
  followed_.rows.push_back(row);
  followed_bytes_ += row.value.size();
  return chunk;
}

void CopySource::flush_followed() {
  if (followed_.rows.empty()) return;
  CopyRows chunk = std::exchange(followed_, {});
  followed_bytes_ = 0;
  if (ended_) return;
  kept_bytes_ += size_of(chunk.rows);
  transmit(kept_.emplace_back(std::move(chunk)));
}

// ---- The link ----------------------------------------------------------------------------------

void CopySource::send(Chunk chunk) {
  flush_followed();  // it has the number before this one
  std::visit([this](auto& c) { c.chunk = next_chunk_++; }, chunk);
  kept_bytes_ += size_of(chunk);
  transmit(kept_.emplace_back(std::move(chunk)));
}

void CopySource::transmit(Chunk& chunk) {
  if (!link_ || !introduced_) return;  // resume() will
  node_.meter.network_served({static_cast<std::int64_t>(size_of(chunk))});
  std::visit(
      [this](auto& c) {
        const std::uint64_t ours = c.chunk;
        c.chunk += offset_.value_or(0);
        link_->send(c);
        c.chunk = ours;
      },
      chunk);
}

awaitable<void> CopySource::connect() {
  if (connecting_) co_return;
  connecting_ = true;
  const vm::Time until = now() + patience;
  std::string failure;
  while (!ended_) {
    try {
      const Hello hello{.role = Role::node, .id = node_.machine.value, .token = node_.token()};
      link_ = co_await dial(io_, order_.address, hello, std::chrono::seconds{1});
      break;
    } catch (const std::runtime_error& e) {
      failure = e.what();
    }
    if (now() >= until) throw std::runtime_error(failure);
    asio::steady_timer rest{io_, between_dials};
    co_await rest.async_wait(use_awaitable);
  }
  connecting_ = false;
  if (ended_) {
    if (link_) link_->close();
    co_return;
  }
  introduced_ = false;
  link_->start([self = shared_from_this()](Message& message) { self->on_message(message); },
               [self = shared_from_this(), raw = link_.get()](const std::string&) {
                 if (self->link_.get() != raw) return;
                 self->link_.reset();
                 self->changed_.cancel();
                 if (!self->ended_) self->run("copy again", self->connect());
               });
  link_->send(CopyBegin{.attempt = order_.attempt,
                        .tenant = order_.tenant,
                        .epoch = holding_.epoch,
                        .replica = order_.replica,
                        .state = node_.store.figures(holding_.slot).bytes,
                        .keep = holding_.keep,
                        .rate = rate_});
  const std::shared_ptr<Link> mine = link_;
  while (!ended_ && !introduced_ && link_ == mine) co_await pause();
}

void CopySource::on_message(Message& message) {
  if (ended_) return;
  if (const auto* stored = std::get_if<CopyStored>(&message)) {
    if (!introduced_) resume(stored->chunk);
    on_stored(stored->chunk);
  } else if (const auto* digest = std::get_if<TellDigest>(&message)) {
    if (!std::exchange(digest_wanted_, false)) return;
    tell_.digest(*digest);
  } else if (const auto* broken = std::get_if<Broken>(&message)) {
    fail(broken->reason);
  }
}

void CopySource::resume(std::uint64_t stored) {
  // Another owner sent the ones before: numbers go on from where it stopped.
  if (order_.takes_over && !offset_) offset_ = stored;
  introduced_ = true;
  for (Chunk& chunk : kept_) {
    if (number_of(chunk) + offset_.value_or(0) > stored) transmit(chunk);
  }
  if (digest_wanted_) ask_digest();
  changed_.cancel();
}

void CopySource::on_stored(std::uint64_t chunk) {
  stored_ = std::max(stored_, chunk - std::min(chunk, offset_.value_or(0)));
  while (!kept_.empty() && number_of(kept_.front()) <= stored_) {
    kept_bytes_ -= size_of(kept_.front());
    kept_.pop_front();
  }
  changed_.cancel();
  if (tell_.stored) tell_.stored(stored_);
}

void CopySource::ask_digest() {
  digest_wanted_ = true;
  if (link_ && introduced_) link_->send(AskDigest{order_.attempt});
}

void CopySource::fail(const std::string& reason) {
  if (ended_) return;
  const auto tell = tell_.broken;
  stop();
  tell(order_.address + ": " + reason);
}

void CopySource::close() {
  stop();
  worker_.join();
}

void CopySource::stop() {
  if (ended_) return;
  ended_ = true;
  release();
  if (link_) link_->close();
  link_.reset();
  kept_.clear();
  changed_.cancel();
}

}  // namespace real
