#include "cli/password_prompt.hpp"

#include <iostream>

#include <termios.h>
#include <unistd.h>

#include "cli/verbs.hpp"
#include "real/password.hpp"

namespace cli {
namespace {

constexpr char interrupt = 0x03;  // Ctrl-C
constexpr std::size_t longest = 4096;

/// A terminal that does not show what is typed. Ctrl-C ends the line instead of the program, which
/// would leave the terminal as it is now.
class Hidden {
 public:
  Hidden() {
    usable_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    termios now = before_;
    now.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    now.c_lflag |= ECHONL;
    now.c_cc[VEOL] = interrupt;
    if (usable_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &now);
  }
  ~Hidden() {
    if (usable_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;

 private:
  termios before_{};
  bool usable_ = false;
};

/// Byte by byte, so that no buffer of a library keeps a copy and what follows stays unread.
std::string read_line() {
  std::string line;
  line.reserve(longest);  // it never moves, which would leave a copy behind
  for (char c = 0; line.size() < longest;) {
    const ssize_t got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || c == '\n') break;
    if (c == interrupt) throw UsageError{"interrupted; nobody was added"};
    line += c;
  }
  return line;
}

std::string ask(const std::string& question) {
  std::cerr << question << std::flush;
  const Hidden hidden;
  return read_line();
}

}  // namespace

std::string ask_password(const std::string& name) {
  if (::isatty(STDIN_FILENO) == 0) return read_line();
  std::string first = ask("password for " + name + ": ");
  std::string second = ask("once more: ");
  const bool same = first == second;
  real::wipe(second);
  if (same) return first;
  real::wipe(first);
  throw UsageError{"the two differ; nobody was added"};
}

}  // namespace cli
