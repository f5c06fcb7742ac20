#include "real/fleet/ssh.hpp"

#include <algorithm>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "real/fleet/host_key.hpp"
#include "real/fleet/shell_word.hpp"
#include "real/fleet/ssh_connection.hpp"
#include "real/secret_file.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_key = 64 << 10;

/// A connection that notices when the other side is gone: TCP's probes, and data that stays
/// unanswered.
void keep_alive(int socket, std::chrono::milliseconds patience) {
  const int on = 1, idle = 5, between = 5, probes = 3;
  const int unanswered =
      static_cast<int>(std::max<std::chrono::milliseconds>(patience, 20s).count());
  (void)::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof between);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, sizeof unanswered);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// 0, or errno.
int try_connect(int socket, const addrinfo& address, std::chrono::steady_clock::time_point until) {
  if (::connect(socket, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  pollfd ready{.fd = socket, .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) != 1) {
    return ETIMEDOUT;
  }
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

Descriptor connect_to(const FleetHost& host, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  const std::string port = std::to_string(host.port), where = host.address + " port " + port;
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.address.c_str(), port.c_str(), &wanted, &found)) {
    throw SshError{host.name + ": " + host.address + ": " + ::gai_strerror(error)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses{found, ::freeaddrinfo};
  int error = ECONNREFUSED;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    Descriptor socket{::socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket) throw refused_by_system("socket");
    error = try_connect(socket.get(), *at, until);
    if (error == 0) {
      keep_alive(socket.get(), patience);
      return socket;
    }
  }
  throw SshError{host.name + ": " + where + ": " + std::generic_category().message(error)};
}

/// A file in memory, to hand texts to what wants descriptors.
Descriptor memory_file(std::string_view content) {
  Descriptor file{::memfd_create("brink", MFD_CLOEXEC)};
  if (!file) throw refused_by_system("memfd_create");
  while (!content.empty()) {
    const ssize_t done = ::write(file.get(), content.data(), content.size());
    if (done < 0 && errno != EINTR) throw refused_by_system("memfd");
    content.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(done, 0)));
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw refused_by_system("memfd");
  return file;
}

std::string content_of(const Descriptor& file) {
  std::string text;
  std::array<char, 16384> chunk{};
  off_t at = 0;
  for (ssize_t got; (got = ::pread(file.get(), chunk.data(), chunk.size(), at)) > 0; at += got) {
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return text;
}

/// Wipes a secret when it is no longer used.
struct Wiped {
  std::string text;
  ~Wiped() { sodium_memzero(text.data(), text.size()); }
};

}  // namespace

SshAlarm::SshAlarm() : thread_([this](const std::stop_token& over) { watch(over); }) {}

SshAlarm::~SshAlarm() = default;

void SshAlarm::set(int socket, std::chrono::milliseconds patience) {
  const std::lock_guard lock{mutex_};
  socket_ = socket;
  due_ = std::chrono::steady_clock::now() + patience;
  changed_.notify_one();
}

void SshAlarm::clear() {
  const std::lock_guard lock{mutex_};
  due_.reset();
}

bool SshAlarm::has_rung() const {
  const std::lock_guard lock{mutex_};
  return rung_;
}

void SshAlarm::watch(const std::stop_token& over) {
  std::unique_lock lock{mutex_};
  while (!over.stop_requested()) {
    if (!due_) {
      changed_.wait(lock, over, [this] { return due_.has_value(); });
    } else if (std::chrono::steady_clock::now() < *due_) {
      // Woken early only to end: who sets it again moves the instant, which is seen then.
      const auto until = *due_;
      changed_.wait_until(lock, over, until, [] { return false; });
    } else {
      due_.reset();
      rung_ = true;
      ::shutdown(socket_, SHUT_RDWR);
    }
  }
}

void SshSessionCloser::operator()(ssh_session session) const {
  SshLibrary::get().ssh_disconnect(session);
  SshLibrary::get().ssh_free(session);
}

void SshChannelCloser::operator()(ssh_channel channel) const {
  SshLibrary::get().ssh_channel_free(channel);
}

void SftpCloser::operator()(sftp_session sftp) const {
  SshLibrary::get().sftp_free(sftp);
}

SshConnection::SshConnection(const FleetHost& host, std::chrono::seconds patience)
    : library_(SshLibrary::get()),
      name_(host.name),
      patience_(patience),
      socket_(connect_to(host, patience)) {
  session_.reset(library_.ssh_new());
  if (!session_) throw std::bad_alloc{};
  configure(host);
  expect_answer();
  if (library_.ssh_connect(session()) != SSH_OK) throw failed("cannot begin with SSH");
  const std::string refused = host_key_refused(library_, session(), host);
  if (!refused.empty()) throw wrong(refused);
  log_in(host);
  expect_nothing();
}

SshConnection::~SshConnection() {
  expect_answer();  // to our farewell
}

void SshConnection::configure(const FleetHost& host) {
  const auto set = [&](ssh_options_e option, const void* value) {
    if (library_.ssh_options_set(session(), option, value) != SSH_OK) {
      throw failed("SSH options");
    }
  };
  const bool no = false;
  set(SSH_OPTIONS_PROCESS_CONFIG, &no);  // ~/.ssh/config could name a command to run
  const int theirs = ::fcntl(socket_.get(), F_DUPFD_CLOEXEC, 3);
  if (theirs < 0) throw refused_by_system("dup");
  set(SSH_OPTIONS_FD, &theirs);
  set(SSH_OPTIONS_HOST, host.address.c_str());
  const unsigned port = host.port;
  set(SSH_OPTIONS_PORT, &port);
  set(SSH_OPTIONS_USER, host.user.c_str());
  set(SSH_OPTIONS_KNOWNHOSTS, host.known_hosts.c_str());
  set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");  // what the fleet file names is all we trust
  // Later than our own alarm, which covers all of the calls.
  const long seconds = std::chrono::ceil<std::chrono::seconds>(patience_).count() + 5;
  set(SSH_OPTIONS_TIMEOUT, &seconds);
}

void SshConnection::log_in(const FleetHost& host) {
  int done = SSH_AUTH_ERROR;
  std::string with;
  try {
    if (!host.key.empty()) {
      with = "key " + host.key.string();
      const Wiped text{read_secret(host.key, most_key)};
      // Instead of asking at a terminal that may not be there.
      const auto no_passphrase = [](const char*, char*, size_t, int, int, void*) { return -1; };
      ssh_key key = nullptr;
      if (library_.ssh_pki_import_privkey_base64(text.text.c_str(), nullptr, no_passphrase, nullptr,
                                                 &key) != SSH_OK) {
        throw wrong(host.key.string() + ": no private key, or one with a passphrase");
      }
      done = library_.ssh_userauth_publickey(session(), nullptr, key);
      library_.ssh_key_free(key);
    } else {
      with = "its password";
      Wiped password{host.password.empty() ? read_secret(host.password_file) : host.password};
      if (password.text.ends_with('\n')) password.text.pop_back();
      done = library_.ssh_userauth_password(session(), nullptr, password.text.c_str());
    }
  } catch (const SshError&) {
    throw;
  } catch (const std::runtime_error& refused) {  // about the file of the secret
    throw wrong(refused.what());
  }
  if (done == SSH_AUTH_SUCCESS) return;
  if (done == SSH_AUTH_ERROR) throw failed("cannot log in");
  throw wrong("does not let " + host.user + " in with " + with);
}

SshError SshConnection::failed(const std::string& what) const {
  if (alarm_.has_rung()) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(patience_).count();
    return wrong(what + ": no answer within " + std::to_string(seconds) + " s");
  }
  return wrong(what + ": " + one_line(library_.ssh_get_error(session())));
}

Ssh::Ssh(const FleetHost& host, std::chrono::seconds patience)
    : connection_(std::make_unique<SshConnection>(host, patience)) {}

Ssh::~Ssh() = default;

Ssh::Ended Ssh::run(const std::string& command, std::string_view input) {
  constexpr std::size_t most = std::size_t{1} << 20;
  const Descriptor in = memory_file(input), out = memory_file({}), err = memory_file({});
  Ended ended;
  ended.exit = connection_->exchange(command, in.get(), out.get(), err.get(), most, true);
  ended.output = content_of(out);
  ended.errors = content_of(err);
  return ended;
}

std::string Ssh::run_well(const std::string& command, std::string_view input) {
  Ended ended = run(command, input);
  if (ended.exit == 0) return std::move(ended.output);
  const std::string& said = ended.errors.empty() ? ended.output : ended.errors;
  throw connection_->wrong(said.empty()
                               ? "a command failed with exit code " + std::to_string(ended.exit)
                               : one_line(said));
}

int Ssh::relay(const std::string& command, int in, int out, int err) {
  return connection_->exchange(command, in, out, err, std::nullopt, false);
}

}  // namespace real
