// How a command there gets our input and we its output, neither waiting for the other.
#include <algorithm>
#include <array>
#include <climits>
#include <string_view>
#include <utility>

#include <poll.h>

#include "real/fleet/ssh_connection.hpp"

namespace real {
namespace {

constexpr std::size_t chunk_size = 32 << 10;
constexpr std::size_t most_waiting = 256 << 10;  // bytes that wait in each direction

/// Numbers of the signals that SSH knows by name (RFC 4254, section 6.10), on Linux.
int number_of(std::string_view signal) {
  constexpr std::pair<std::string_view, int> signals[] = {
      {"HUP", 1},   {"INT", 2},   {"QUIT", 3},  {"ILL", 4},   {"ABRT", 6},
      {"FPE", 8},   {"KILL", 9},  {"USR1", 10}, {"SEGV", 11}, {"USR2", 12},
      {"PIPE", 13}, {"ALRM", 14}, {"TERM", 15}};
  for (const auto& [name, number] : signals) {
    if (name == signal) return number;
  }
  return 127;
}

/// Bytes of the far command on their way to a descriptor of ours.
struct Outlet {
  int descriptor;
  int is_errors;  // as libssh counts: 0 output, 1 errors
  std::string waiting = {};
  std::size_t written = 0;  // of `waiting`
  std::size_t passed = 0;   // in all

  bool has_room() const { return waiting.size() < most_waiting; }
  bool is_empty() const { return waiting.empty(); }

  /// Requires that the descriptor is ready. Others may use it, so that it is left to block; a pipe
  /// that is ready takes this much.
  void give() {
    const std::size_t size = std::min<std::size_t>(waiting.size() - written, PIPE_BUF);
    const ssize_t done = ::write(descriptor, waiting.data() + written, size);
    if (done < 0 && errno != EINTR && errno != EAGAIN) throw refused_by_system("output");
    if (done > 0) written += static_cast<std::size_t>(done);
    if (written == waiting.size()) {
      waiting.clear();
      written = 0;
    }
  }
};

class Exchange {
 public:
  Exchange(SshConnection& connection, int in, int out, int err)
      : connection_(connection),
        ssh_(connection.library()),
        in_(in),
        outlets_{Outlet{out, 0}, Outlet{err, 1}},
        event_(nullptr, ssh_.ssh_event_free) {
    callbacks_.size = sizeof callbacks_;
    callbacks_.userdata = this;
    callbacks_.channel_exit_signal_function = [](ssh_session, ssh_channel, const char* signal, int,
                                                 const char*, const char*, void* self) {
      static_cast<Exchange*>(self)->signal_ = number_of(signal);
    };
  }
  ~Exchange() {
    if (event_) (void)ssh_.ssh_event_remove_session(event_.get(), connection_.session());
    event_.reset();
    channel_.reset();
    ssh_.ssh_set_blocking(connection_.session(), 1);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void start(const std::string& command) {
    connection_.expect_answer();
    channel_.reset(ssh_.ssh_channel_new(connection_.session()));
    if (!channel_) throw std::bad_alloc{};
    (void)ssh_.ssh_set_channel_callbacks(channel_.get(), &callbacks_);
    if (ssh_.ssh_channel_open_session(channel_.get()) != SSH_OK ||
        ssh_.ssh_channel_request_exec(channel_.get(), command.c_str()) != SSH_OK) {
      throw connection_.failed("cannot run a command");
    }
    ssh_.ssh_set_blocking(connection_.session(), 0);
    event_.reset(ssh_.ssh_event_new());
    if (!event_ || ssh_.ssh_event_add_session(event_.get(), connection_.session()) != SSH_OK) {
      throw connection_.failed("cannot run a command");
    }
  }

  int until_it_ends(std::optional<std::size_t> most) {
    while (true) {
      bool moved = send();
      for (Outlet& outlet : outlets_) {
        if (outlet.has_room()) moved |= receive(outlet);
        if (most && outlet.passed > *most) throw connection_.wrong("a command says too much");
      }
      if (moved) continue;
      if (ssh_.ssh_channel_is_closed(channel_.get()) != 0 && outlets_[0].is_empty() &&
          outlets_[1].is_empty()) {
        return exit_code();
      }
      wait();
    }
  }

 private:
  /// What we have read, as far as the far side has room for it.
  bool send() {
    bool moved = false;
    if (!input_.empty()) {
      const std::size_t room = ssh_.ssh_channel_window_size(channel_.get());
      const auto size = static_cast<std::uint32_t>(std::min({input_.size(), room, chunk_size}));
      if (size == 0 || is_over()) return false;
      const int done = ssh_.ssh_channel_write(channel_.get(), input_.data(), size);
      if (done > 0) input_.erase(0, static_cast<std::size_t>(done));
      moved = done > 0;
    }
    if (input_.empty() && in_ < 0 && !told_end_ && !is_over()) {
      (void)ssh_.ssh_channel_send_eof(channel_.get());
      told_end_ = true;
    }
    return moved;
  }

  bool receive(Outlet& outlet) {
    std::array<char, chunk_size> chunk;
    const int got = ssh_.ssh_channel_read_nonblocking(channel_.get(), chunk.data(), chunk.size(),
                                                      outlet.is_errors);
    if (got <= 0) return false;  // a lost connection is seen when nothing moves any more
    outlet.waiting.append(chunk.data(), static_cast<std::size_t>(got));
    outlet.passed += static_cast<std::size_t>(got);
    return true;
  }

  void wait() {
    if (is_over() && outlets_[0].is_empty() && outlets_[1].is_empty()) {
      throw connection_.failed("the connection is lost");
    }
    const bool wants_to_write =
        (ssh_.ssh_get_poll_flags(connection_.session()) & SSH_WRITE_PENDING) != 0;
    const bool has_room = in_ >= 0 && input_.size() < most_waiting;
    std::array<pollfd, 4> ready{{
        {is_over() ? -1 : ssh_.ssh_get_fd(connection_.session()),
         static_cast<short>(POLLIN | (wants_to_write ? POLLOUT : 0)), 0},
        {has_room ? in_ : -1, POLLIN, 0},
        {outlets_[0].is_empty() ? -1 : outlets_[0].descriptor, POLLOUT, 0},
        {outlets_[1].is_empty() ? -1 : outlets_[1].descriptor, POLLOUT, 0},
    }};
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) {
      throw refused_by_system("poll");
    }
    if (ready[0].revents != 0) (void)ssh_.ssh_event_dopoll(event_.get(), 0);
    if (ready[1].revents != 0) read_input();
    for (std::size_t i = 0; i < outlets_.size(); ++i) {
      if (ready[2 + i].revents != 0) outlets_[i].give();
    }
  }

  void read_input() {
    std::array<char, chunk_size> chunk;
    const ssize_t got = ::read(in_, chunk.data(), chunk.size());
    if (got > 0) input_.append(chunk.data(), static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) in_ = -1;
  }

  bool is_over() const {
    return ssh_.ssh_is_connected(connection_.session()) == 0 ||
           ssh_.ssh_channel_is_closed(channel_.get()) != 0;
  }

  int exit_code() const {
    if (signal_ != 0) return 128 + signal_;
    const int code = ssh_.ssh_channel_get_exit_status(channel_.get());
    if (code < 0) throw connection_.failed("the connection is lost");
    return code;
  }

  SshConnection& connection_;
  const SshLibrary& ssh_;
  int in_;             // -1 when it has ended
  std::string input_;  // read and not yet sent
  bool told_end_ = false;
  std::array<Outlet, 2> outlets_;
  int signal_ = 0;
  ssh_channel_callbacks_struct callbacks_{};
  SshChannel channel_;
  std::unique_ptr<ssh_event_struct, decltype(&::ssh_event_free)> event_;
};

}  // namespace

int SshConnection::exchange(const std::string& command, int in, int out, int err,
                            std::optional<std::size_t> most, bool hurry) {
  Exchange exchange{*this, in, out, err};
  exchange.start(command);
  if (!hurry) expect_nothing();
  const int code = exchange.until_it_ends(most);
  expect_nothing();
  return code;
}

}  // namespace real
