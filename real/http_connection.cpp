// One connection of an HttpServer, from its first byte to its end.
#include <algorithm>
#include <array>
#include <ctime>

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "real/http_shared.hpp"
#include "sim/check.hpp"

namespace real {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using namespace std::chrono_literals;
using boost::system::error_code;

constexpr std::size_t read_size = 4 << 10;
constexpr auto linger_limit = 1s;
constexpr std::size_t linger_bytes = 256 << 10;

/// Cancels what waits on a socket when its time is up. The handler of a timer that was set anew may
/// be on its way already, hence the number.
class Deadline {
 public:
  explicit Deadline(tcp::socket& socket)
      : state_(std::make_shared<State>(State{&socket, 0, false})), timer_(socket.get_executor()) {}
  ~Deadline() { state_->socket = nullptr; }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(std::chrono::milliseconds limit) {
    state_->passed = false;
    const std::uint64_t mine = ++state_->number;
    timer_.expires_after(limit);
    timer_.async_wait([state = state_, mine](error_code error) {
      if (error || state->number != mine || state->socket == nullptr) return;
      state->passed = true;
      error_code ignored;
      state->socket->cancel(ignored);
    });
  }
  bool passed() const { return state_->passed; }

 private:
  struct State {
    tcp::socket* socket;
    std::uint64_t number;
    bool passed;
  };
  std::shared_ptr<State> state_;
  asio::steady_timer timer_;
};

/// What stands between a connection and its server while it is open.
class Entry {
 public:
  Entry(HttpServer::Shared& shared, tcp::socket& socket, const std::string& peer)
      : shared_(shared), socket_(socket), peer_(peer) {
    shared_.open.insert(&socket_);
    ++shared_.of_address[peer_];
  }
  ~Entry() {
    shared_.open.erase(&socket_);
    const auto count = shared_.of_address.find(peer_);
    if (--count->second == 0) shared_.of_address.erase(count);
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  HttpServer::Shared& shared_;
  tcp::socket& socket_;
  const std::string& peer_;
};

std::string date_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

std::string head_of(const Response& response, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(reason_phrase(response.status)).append("\r\nDate: ").append(date_now());
  if (response.status != 204) {  // which has no content, not even an empty one
    head.append("\r\nContent-Type: ").append(response.type);
    head.append("\r\nContent-Length: ").append(std::to_string(response.body.size()));
  }
  head.append("\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n");
  if (!keep_alive) head.append("Connection: close\r\n");
  for (const auto& [name, value] : response.headers) {
    // A line end in a value would be a head of somebody else's making.
    SIM_CHECK((name + value).find_first_of("\r\n") == std::string::npos);
    head.append(name).append(": ").append(value).append("\r\n");
  }
  return head.append("\r\n");
}

std::string small_letters(beast::string_view text) {
  std::string small{text.data(), text.size()};
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return small;
}

Request request_of(http::request<http::string_body>&& message, const std::string& peer) {
  Request request;
  const auto text = [](beast::string_view view) { return std::string{view.data(), view.size()}; };
  request.method = text(message.method_string());
  request.target = text(message.target());
  for (const auto& field : message) {
    request.headers.emplace_back(small_letters(field.name_string()), text(field.value()));
  }
  request.body = std::move(message.body());
  request.peer = peer;
  return request;
}

class Connection {
 public:
  Connection(std::shared_ptr<HttpServer::Shared> shared, tcp::socket socket, std::string peer)
      : shared_(std::move(shared)),
        stream_(shared_->tls ? shared_->tls->stream(std::move(socket))
                             : plain_stream(std::move(socket))),
        peer_(std::move(peer)),
        entry_(*shared_, stream_->socket(), peer_),
        deadline_(stream_->socket()),
        buffer_(2 * options().head.bytes) {}

  awaitable<void> serve() {
    error_code ignored;
    stream_->socket().set_option(tcp::no_delay{true}, ignored);
    deadline_.set(options().head_limit);
    // Agreeing on TLS costs us more than it costs a stranger, so it counts like a request.
    if (shared_->tls && must_wait() > sim::Duration{}) co_return;
    const std::string refused = co_await stream_->begin();
    if (!refused.empty()) co_return;
    for (std::size_t served = 1; co_await serve_one(served); ++served) {
    }
    if (!deaf_) co_await linger();
  }

 private:
  const HttpServer::Options& options() const { return shared_->options; }

  /// Reads one request and answers it; false where the connection ends.
  awaitable<bool> serve_one(std::size_t number) {
    std::optional<Response> refusal;
    HeadCheck head = co_await read_head(number == 1);
    if (head.state == HeadCheck::State::incomplete) co_return false;  // gone, or was idle
    if (head.state == HeadCheck::State::bad) refusal = refuse(head.status, head.reason);
    if (!refusal) refusal = turn_down(head);
    // A refused request's body may still be coming: nothing after it on this connection is known.
    if (refusal) co_return co_await send(*refusal, false, false);

    http::request_parser<http::string_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(options().head.bytes + 1));
    parser.body_limit(options().body_bytes);
    refusal = co_await read_message(parser);
    if (refusal) co_return refusal->status != 0 && co_await send(*refusal, false, false);

    const bool head_only = parser.get().method() == http::verb::head;
    const bool keep = parser.get().keep_alive() && number < options().requests_of_connection;
    Request request = request_of(parser.release(), peer_);
    const Response response = co_await answer(request);
    co_return co_await send(response, keep, head_only);
  }

  /// Fills the buffer up to the end of a head. Incomplete: there is nobody to answer to.
  awaitable<HeadCheck> read_head(bool first) {
    deadline_.set(first ? options().head_limit : options().idle_limit);
    bool begun = first;
    for (;;) {
      const HeadCheck check = check_head(waiting(), options().head);
      if (check.state != HeadCheck::State::incomplete) co_return check;
      if (!begun && buffer_.size() > 0) {
        begun = true;
        deadline_.set(options().head_limit);
      }
      error_code error;
      co_await read_more(error);
      if (!error) continue;
      if (deadline_.passed() && buffer_.size() > 0) {
        co_return HeadCheck{
            .state = HeadCheck::State::bad, .status = 408, .reason = "the head took too long"};
      }
      co_return HeadCheck{};
    }
  }

  /// Until the peer's address may ask for something again; zero: it may now.
  sim::Duration must_wait() {
    if (!shared_->rate) return {};
    const auto now = sim::Time{std::chrono::steady_clock::now().time_since_epoch()};
    return shared_->rate->take(peer_, now);
  }

  std::optional<Response> turn_down(const HeadCheck& head) {
    const auto ours = [&head](const std::string& name) { return is_host(head.host, name); };
    if (!head.host.empty() && std::none_of(options().names.begin(), options().names.end(), ours)) {
      return refuse(421, "this host is not served here");
    }
    const sim::Duration wait = must_wait();
    if (wait == sim::Duration{}) return {};
    Response later = refuse(429, "too many requests");
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    later.headers.emplace_back("Retry-After", std::to_string(seconds));
    return later;
  }

  /// Appends to the buffer what comes next.
  awaitable<void> read_more(error_code& error) {
    const std::size_t size = std::min(read_size, buffer_.max_size() - buffer_.size());
    buffer_.commit(co_await stream_->read_some(buffer_.prepare(size), error));
  }

  /// The head again, by Beast, and the body. What is wrong with it; status 0: nobody is there.
  awaitable<std::optional<Response>> read_message(http::request_parser<http::string_body>& parser) {
    deadline_.set(options().body_limit);
    parser.eager(true);
    for (bool may_wait_for_leave = true;;) {
      error_code error;
      buffer_.consume(parser.put(buffer_.data(), error));
      if (error && error != http::error::need_more) co_return objection_to(error);
      if (parser.is_done()) co_return std::nullopt;
      // What the parser does not take in is one line, and too long for a line.
      if (buffer_.size() == buffer_.max_size()) co_return refuse(413, "the body is too large");
      error = {};
      if (std::exchange(may_wait_for_leave, false) &&
          beast::iequals(parser.get()[http::field::expect], "100-continue")) {
        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await stream_->write({asio::buffer(go_on), {}}, error);
      }
      if (!error) co_await read_more(error);
      if (error && deadline_.passed()) co_return refuse(408, "the body took too long");
      if (error) co_return Response{.status = 0};
    }
  }

  static Response objection_to(error_code error) {
    if (error == http::error::body_limit) return refuse(413, "the body is too large");
    return refuse(400, error.message());
  }

  awaitable<Response> answer(Request& request) {
    Router::Found found = shared_->router.find(request.method, request.target);
    if (found.handler == nullptr) co_return std::move(found.refusal);
    request.parts = std::move(found.parts);
    try {
      co_return co_await (*found.handler)(request);
    } catch (const std::exception& failure) {
      // Without its query, which may hold a token.
      const std::string path = request.target.substr(0, request.target.find('?'));
      options().report(request.method + " " + path + ": " + failure.what());
    }
    co_return refuse(500, "something went wrong here");
  }

  awaitable<bool> send(const Response& response, bool keep_alive, bool head_only) {
    deadline_.set(options().write_limit);
    const std::string head = head_of(response, keep_alive);
    const std::array<asio::const_buffer, 2> pieces{
        asio::buffer(head),
        asio::buffer(response.body.data(), head_only ? 0 : response.body.size())};
    error_code error;
    co_await stream_->write(pieces, error);
    if (buffer_.size() == 0) buffer_.shrink_to_fit();  // who is idle holds nothing
    if (error) {  // what he did not take is thrown away now, or the kernel would offer it for
                  // minutes
      deaf_ = true;
      error_code ignored;
      stream_->socket().set_option(tcp::socket::linger{true, 0}, ignored);
    }
    co_return keep_alive && !error;
  }

  /// Reads on for a moment after the last answer: closing over unread bytes would reset the
  /// connection, and the peer might never see why.
  awaitable<void> linger() {
    deadline_.set(linger_limit);
    co_await stream_->end();
    error_code error;
    std::array<char, 1024> ignored{};
    for (std::size_t read = 0; !error && !deadline_.passed() && read < linger_bytes;) {
      read += co_await stream_->socket().async_read_some(
          asio::buffer(ignored), asio::redirect_error(use_awaitable, error));
    }
  }

  std::string_view waiting() const {
    return {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
  }

  std::shared_ptr<HttpServer::Shared> shared_;
  std::unique_ptr<HttpStream> stream_;
  std::string peer_;
  Entry entry_;
  Deadline deadline_;
  beast::flat_buffer buffer_;
  bool deaf_ = false;  // did not take an answer in time
};

}  // namespace

awaitable<void> serve_http(std::shared_ptr<HttpServer::Shared> shared, tcp::socket socket,
                           std::string peer) {
  Connection connection{std::move(shared), std::move(socket), std::move(peer)};
  co_await connection.serve();
}

}  // namespace real
