#include "real/child.hpp"

#include <csignal>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "real/line_writer.hpp"
#include "real/posix.hpp"

namespace real {
namespace {

constexpr std::size_t longest_line = 256 << 10;

struct Pipe {
  Descriptor read, write;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw refused_by_system("pipe");
  return {Descriptor{ends[0]}, Descriptor{ends[1]}};
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

/// What the child needs when it becomes another program. Nothing is allocated after the fork:
/// another thread may have held the lock.
struct Birth {
  char* const* words;
  char* const* environment;
  const Confinement* confinement;  // none: as we are
  std::optional<pid_t> parent;     // with whom it dies
  int in, out, error;
  int failure;  // where errno goes when a system call is refused
};

/// False where the system refuses.
bool confine(const Confinement& to) {
  ::setsid();
  ::umask(077);
  for (int signal = 1; signal < 32; ++signal) ::signal(signal, SIG_DFL);
  for (const Confinement::Limit& limit : to.limits) {
    const rlimit both{limit.value, limit.value};
    if (::prlimit(0, static_cast<__rlimit_resource>(limit.resource), &both, nullptr) != 0) {
      return false;
    }
  }
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::chdir(to.directory.c_str()) == 0;
}

/// The child's side, between fork and exec: system calls only.
[[noreturn]] void become(const Birth& birth) {
  const auto give_up = [&birth] {
    const int number = errno;
    (void)!::write(birth.failure, &number, sizeof number);
    ::_exit(127);
  };
  if (birth.parent) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up();
    if (::getppid() != *birth.parent) ::_exit(127);  // he died before we had asked to hear of it
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::signal(signal, SIG_DFL);
  if (birth.confinement == nullptr) {
    ::setpgid(0, 0);
  } else if (!confine(*birth.confinement)) {
    give_up();
  }
  if (::dup2(birth.in, 0) < 0 || ::dup2(birth.out, 1) < 0 || ::dup2(birth.error, 2) < 0) give_up();
  // All others close with exec, those too that a library has opened without saying so.
  ::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
  ::execve(birth.words[0], birth.words, birth.environment);
  give_up();
  ::_exit(127);
}

std::string how_it_ended(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return "exit code " + std::to_string(info.si_status);
  return "killed by signal " + std::to_string(info.si_status);
}

}  // namespace

struct Child::Shared : std::enable_shared_from_this<Child::Shared> {
  Shared(asio::io_context& io, Handlers given)
      : handlers(std::move(given)),
        process(io),
        output(io, handlers.on_output),
        errors(io, handlers.on_error) {}

  struct Stream {
    Stream(asio::io_context& io, std::function<void(const std::string&)>& tell_line)
        : from(io), tell(tell_line) {}
    asio::posix::stream_descriptor from;
    std::function<void(const std::string&)>& tell;
    std::string text;
    std::array<char, 4096> chunk{};
  };

  /// Waits and then reads what is there, so that between two handlers no bytes are under way.
  void read(Stream& stream) {
    stream.from.async_wait(asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this(), &stream](boost::system::error_code error) {
                             if (error || !self->wanted || !self->running) return;
                             if (self->try_read_all(stream) && self->wanted) self->read(stream);
                           });
  }

  /// All that is there now; false when nothing more can come.
  bool try_read_all(Stream& stream) {
    boost::system::error_code over;
    while (wanted && !over) {
      const std::size_t size = stream.from.read_some(asio::buffer(stream.chunk), over);
      if (!over) take(stream, size);
    }
    return over == asio::error::would_block;
  }

  /// Tells the whole lines among what has been read.
  void take(Stream& stream, std::size_t size) {
    if (talk == Talk::bytes) return stream.tell({stream.chunk.data(), size});
    stream.text.append(stream.chunk.data(), size);
    std::size_t begin = 0;
    for (std::size_t end; (end = stream.text.find('\n', begin)) != std::string::npos;) {
      const std::string line = stream.text.substr(begin, end - begin);
      begin = end + 1;
      stream.tell(line);
      if (!wanted) return;
    }
    stream.text.erase(0, begin);
    if (stream.text.size() > longest_line) stream.text.clear();
  }

  void wait() {
    process.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](boost::system::error_code error) {
                         if (error || !self->wanted) return;
                         self->reap();
                         self->end();
                       });
  }

  void reap() {
    siginfo_t info{};
    const auto id = static_cast<id_t>(pid);
    if (!running || ::waitid(P_PID, id, &info, WEXITED | WNOWAIT) != 0) return;
    // Whoever it has left behind, while its number is still its own.
    if (confined) ::kill(-pid, SIGKILL);
    if (::waitid(P_PID, id, &info, WEXITED) != 0) return;
    running = false;
    code = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
    how = how_it_ended(info);
    boost::system::error_code ignored;
    process.close(ignored);
  }

  /// Its last words may still lie in the pipes. Their end is not waited for: somebody whom the
  /// child has started may hold them open.
  void end() {
    for (Stream* stream : {&output, &errors}) {
      if (wanted) try_read_all(*stream);
      boost::system::error_code ignored;
      stream->from.close(ignored);
    }
    if (wanted) handlers.on_end(how);
  }

  Handlers handlers;
  asio::posix::stream_descriptor process;  // a pidfd: readable when it has ended
  Stream output, errors;
  std::optional<LineWriter> input;
  pid_t pid = -1;
  std::string how;
  int code = 0;
  bool running = true, wanted = true;
  Talk talk = Talk::lines;
  bool confined = false;
};

Child::Child(asio::io_context& io, const std::vector<std::string>& words, Handlers handlers,
             const How& how)
    : shared_(std::make_shared<Shared>(io, std::move(handlers))) {
  const Confinement* const confinement = how.confinement ? &*how.confinement : nullptr;
  const auto word_pointers = pointers(words);
  const auto environment =
      confinement != nullptr ? pointers(confinement->environment) : std::vector<char*>{};
  Pipe in = make_pipe(), out = make_pipe(), error = make_pipe(), failure = make_pipe();

  const Birth birth{
      .words = word_pointers.data(),
      .environment = confinement != nullptr ? environment.data() : environ,
      .confinement = confinement,
      .parent = how.fate == Fate::ours ? std::optional{::getpid()} : std::nullopt,
      .in = in.read.get(),
      .out = out.write.get(),
      .error = error.write.get(),
      .failure = failure.write.get(),
  };
  const pid_t pid = ::fork();
  if (pid < 0) throw refused_by_system(words[0]);
  if (pid == 0) become(birth);
  shared_->talk = how.talk;
  shared_->confined = confinement != nullptr;
  shared_->pid = pid;
  failure.write.close();
  int number = 0;
  if (::read(failure.read.get(), &number, sizeof number) == sizeof number) {
    shared_->reap();
    throw std::system_error{number, std::generic_category(), words[0]};
  }
  // By number: Debian 12's <sys/pidfd.h> forgets that C++ mangles names.
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (process < 0) throw refused_by_system("pidfd_open");
  shared_->process.assign(process);
  shared_->output.from.assign(::fcntl(out.read.get(), F_DUPFD_CLOEXEC, 3));
  shared_->errors.from.assign(::fcntl(error.read.get(), F_DUPFD_CLOEXEC, 3));
  shared_->output.from.non_blocking(true);
  shared_->errors.from.non_blocking(true);
  shared_->input.emplace(io, ::fcntl(in.write.get(), F_DUPFD_CLOEXEC, 3));
  shared_->wait();
  shared_->read(shared_->output);
  shared_->read(shared_->errors);
}

Child::~Child() {
  shared_->wanted = false;
  kill(SIGKILL);
  shared_->reap();
  boost::system::error_code ignored;
  close_input();
  shared_->process.close(ignored);
  shared_->output.from.close(ignored);
  shared_->errors.from.close(ignored);
}

pid_t Child::pid() const {
  return shared_->pid;
}

bool Child::running() const {
  return shared_->running;
}

int Child::code() const {
  return shared_->code;
}

bool Child::still_there() const {
  siginfo_t info{};
  const auto id = static_cast<id_t>(shared_->pid);
  return shared_->running && ::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

void Child::kill(int signal) {
  // Its number is ours until we have reaped it: no other process can have it.
  if (shared_->running) ::kill(shared_->confined ? -shared_->pid : shared_->pid, signal);
}

void Child::close_input() {
  if (shared_->input) shared_->input->close();
}

void Child::write(std::string_view line) {
  if (shared_->input) shared_->input->write(line);
}

}  // namespace real
