#include "real/link.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "real/spawn.hpp"

namespace real {
namespace {

constexpr std::size_t read_size = std::size_t{64} << 10;

std::string name_of_peer(const tcp::socket& socket) {
  boost::system::error_code ignored;
  const auto end = socket.remote_endpoint(ignored);
  return ignored ? "a peer that is gone"
                 : end.address().to_string() + ":" + std::to_string(end.port());
}

}  // namespace

Link::Link(tcp::socket socket)
    : socket_(std::move(socket)), peer_(name_of_peer(socket_)), drained_(socket_.get_executor()) {
  boost::system::error_code ignored;  // a socket that is gone says so when it is read
  socket_.set_option(tcp::no_delay{true}, ignored);
}

void Link::start(OnMessage on_message, OnClosed on_closed) {
  SIM_CHECK(!started_);
  on_message_ = std::move(on_message);
  on_closed_ = std::move(on_closed);
  started_ = true;
  // What came together with the handshake lies there already; no handler runs inside this call.
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->take_frames()) self->read();
  });
}

void Link::read() {
  if (closed_) return;
  socket_.async_read_some(
      asio::buffer(frames_.room(read_size).data(), read_size),
      [self = shared_from_this()](boost::system::error_code error, std::size_t size) {
        if (self->closed_) return;
        if (error) {
          return self->fail(error == asio::error::eof ? "closed by " + self->peer_
                                                      : self->peer_ + ": " + error.message());
        }
        self->frames_.filled(size);
        if (self->take_frames()) self->read();
      });
}

bool Link::take_frames() {
  while (!closed_) {
    const auto frame = frames_.next();
    if (!frame) {
      fail(peer_ + " sent " + frame.error());
      return false;
    }
    if (!*frame) return true;
    auto message = decode(**frame);
    if (!message) {
      fail(peer_ + " sent " + message.error());
      return false;
    }
    if (const auto* goodbye = std::get_if<Goodbye>(&*message)) {
      fail(peer_ + " said: " + goodbye->reason);
      return false;
    }
    on_message_(*message);
  }
  return false;
}

void Link::flush_soon() {
  if (queued() > queue_limit) return fail(peer_ + " does not read what it is sent");
  if (writing_) return;
  writing_ = true;
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->flush(); });
}

void Link::flush() {
  if (closed_ && !leaving_for_good_) return;
  std::swap(filling_, leaving_);
  filling_.clear();
  left_ = 0;
  asio::async_write(socket_, asio::buffer(leaving_),
                    [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                      self->leaving_.clear();
                      self->left_ = 0;
                      self->writing_ = false;
                      self->drained_.cancel();
                      if (self->closed_ && !self->leaving_for_good_) return;
                      if (error) return self->fail(self->peer_ + ": " + error.message());
                      if (!self->filling_.empty()) {
                        self->writing_ = true;
                        return self->flush();
                      }
                      if (self->leaving_for_good_) self->close();
                    });
}

void Link::close() {
  closed_ = true;
  leaving_for_good_ = false;
  drained_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
  // The owner's captures often hold the link itself.
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->on_message_ = nullptr;
    self->on_closed_ = nullptr;
  });
}

void Link::say_goodbye(std::string reason) {
  if (closed_) return;
  send(Goodbye{std::move(reason)});
  closed_ = true;
  leaving_for_good_ = true;
}

void Link::fail(const std::string& reason) {
  if (closed_ && !leaving_for_good_) return;
  const OnClosed tell = leaving_for_good_ ? nullptr : on_closed_;
  close();
  if (!tell) return;
  asio::post(socket_.get_executor(), [self = shared_from_this(), tell, reason] { tell(reason); });
}

awaitable<void> Link::drained(std::size_t bytes) {
  while (!closed_ && queued() >= bytes) {
    drained_.expires_at(asio::steady_timer::time_point::max());
    boost::system::error_code cancelled;
    co_await drained_.async_wait(asio::redirect_error(use_awaitable, cancelled));
  }
}

awaitable<Message> receive_one(std::shared_ptr<Link> link, std::chrono::milliseconds limit) {
  SIM_CHECK(!link->started_);
  // Once it has expired it can no longer be cancelled, so its handler asks whether it still
  // matters.
  const auto waiting = std::make_shared<bool>(true);
  asio::steady_timer alarm{link->socket_.get_executor(), limit};
  alarm.async_wait([link, waiting](boost::system::error_code cancelled) {
    if (!cancelled && *waiting) link->close();
  });
  const std::string peer = link->peer_;
  while (true) {
    const auto frame = link->frames_.next();
    if (!frame) throw std::runtime_error(peer + " sent " + frame.error());
    if (*frame) {
      *waiting = false;
      auto message = decode(**frame);
      if (!message) throw std::runtime_error(peer + " sent " + message.error());
      if (const auto* goodbye = std::get_if<Goodbye>(&*message)) {
        throw std::runtime_error(peer + " said: " + goodbye->reason);
      }
      co_return std::move(*message);
    }
    boost::system::error_code error;
    const std::size_t size = co_await link->socket_.async_read_some(
        asio::buffer(link->frames_.room(read_size).data(), read_size),
        asio::redirect_error(use_awaitable, error));
    if (link->closed_) throw std::runtime_error(peer + " does not answer");
    if (error) throw std::runtime_error(peer + ": " + error.message());
    link->frames_.filled(size);
  }
}

sim::Result<std::pair<std::string, std::string>> split_address(const std::string& address) {
  const auto colon = address.rfind(':');
  const sim::Error wrong{"\"" + address + "\": expected HOST:PORT"};
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) return wrong;
  std::string host = address.substr(0, colon), port = address.substr(colon + 1);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const bool number = std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  if (!number || port.size() > 5 || std::stoul(port) > 65'535) return wrong;
  return std::pair{std::move(host), std::move(port)};
}

awaitable<std::shared_ptr<Link>> dial(asio::io_context& io, std::string address, Hello hello,
                                      std::chrono::milliseconds limit) {
  const auto parts = split_address(address);
  if (!parts) throw std::runtime_error(parts.error());
  boost::system::error_code error;
  tcp::resolver resolver{io};
  const auto found = co_await resolver.async_resolve(parts->first, parts->second,
                                                     asio::redirect_error(use_awaitable, error));
  if (error) throw std::runtime_error(address + ": " + error.message());
  const auto socket = std::make_shared<tcp::socket>(io);
  asio::steady_timer alarm{io, limit};
  alarm.async_wait([socket](boost::system::error_code cancelled) {
    if (!cancelled) socket->close(cancelled);
  });
  co_await asio::async_connect(*socket, found, asio::redirect_error(use_awaitable, error));
  const bool in_time = alarm.cancel() == 1;
  if (!in_time) throw std::runtime_error(address + ": does not answer");
  if (error) throw std::runtime_error(address + ": " + error.message());
  auto link = std::make_shared<Link>(std::move(*socket));
  link->send(hello);
  std::optional<std::string> failure;
  try {
    const Message answer = co_await receive_one(link, limit);
    if (std::holds_alternative<Welcome>(answer)) co_return link;
    failure = "did not say welcome";
  } catch (const std::runtime_error& e) {
    failure = e.what();
  }
  link->close();
  throw std::runtime_error(address + ": " + *failure);
}

// ---- Listener ----------------------------------------------------------------------------------

struct Listener::Shared {
  Shared(asio::io_context& context, Options wanted, Check checker, Accepted taker)
      : io(context),
        acceptor(context),
        options(std::move(wanted)),
        check(std::move(checker)),
        accepted(std::move(taker)) {}

  // They begin later than they are called: by then only what they hold themselves is sure to live.
  static awaitable<void> accept(std::shared_ptr<Shared> self);
  static awaitable<void> introduce(std::shared_ptr<Shared> self, std::shared_ptr<Link> link);
  std::size_t count_open();

  asio::io_context& io;
  tcp::acceptor acceptor;
  Options options;
  Check check;
  Accepted accepted;
  std::vector<std::weak_ptr<Link>> links;
};

std::size_t Listener::Shared::count_open() {
  std::erase_if(links, [](const std::weak_ptr<Link>& weak) {
    const auto link = weak.lock();
    return !link || link->closed();
  });
  return links.size();
}

awaitable<void> Listener::Shared::accept(std::shared_ptr<Shared> self) {
  tcp::acceptor& acceptor = self->acceptor;
  const std::size_t limit = self->options.connections;
  while (acceptor.is_open()) {
    boost::system::error_code error;
    tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(use_awaitable, error));
    if (error == asio::error::operation_aborted || !acceptor.is_open()) co_return;
    if (error) {  // out of descriptors, most likely: others will end
      asio::steady_timer rest{self->io, std::chrono::milliseconds{50}};
      co_await rest.async_wait(use_awaitable);
      continue;
    }
    if (self->links.size() >= limit && self->count_open() >= limit) continue;
    auto link = std::make_shared<Link>(std::move(socket));
    self->links.push_back(link);
    spawn(self->io, "introduction", introduce(self, std::move(link)));
  }
}

awaitable<void> Listener::Shared::introduce(std::shared_ptr<Shared> self,
                                            std::shared_ptr<Link> link) {
  Hello hello;
  try {
    Message first = co_await receive_one(link, self->options.patience);
    auto* said = std::get_if<Hello>(&first);
    if (said == nullptr) throw std::runtime_error("who are you?");
    hello = std::move(*said);
  } catch (const std::runtime_error& e) {
    link->say_goodbye(e.what());
    co_return;
  }
  std::string objection = hello.version != wire_version
                              ? "version " + std::to_string(hello.version) + ", expected " +
                                    std::to_string(wire_version)
                              : self->check(hello);
  if (!objection.empty()) {
    link->say_goodbye(std::move(objection));
    co_return;
  }
  if (!self->acceptor.is_open()) co_return;  // who would take it over may be gone
  link->send(Welcome{self->options.id});
  self->accepted(std::move(link), hello);
}

Listener::Listener(asio::io_context& io, Options options, Check check, Accepted accepted)
    : shared_(
          std::make_shared<Shared>(io, std::move(options), std::move(check), std::move(accepted))) {
  const Options& wanted = shared_->options;
  try {
    const tcp::endpoint end{asio::ip::make_address(wanted.host), wanted.port};
    shared_->acceptor.open(end.protocol());
    shared_->acceptor.set_option(tcp::acceptor::reuse_address{true});
    shared_->acceptor.bind(end);
    shared_->acceptor.listen();
  } catch (const boost::system::system_error& e) {
    throw std::runtime_error(wanted.host + ":" + std::to_string(wanted.port) + ": " +
                             e.code().message());
  }
  spawn(io, "listener", Shared::accept(shared_));
}

Listener::~Listener() {
  close();
}

void Listener::close() {
  boost::system::error_code ignored;
  shared_->acceptor.close(ignored);
}

std::uint16_t Listener::port() const {
  return shared_->acceptor.local_endpoint().port();
}

std::string Listener::address() const {
  return shared_->options.host + ":" + std::to_string(port());
}

}  // namespace real
