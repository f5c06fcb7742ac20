#include "real/secret_file.hpp"

#include <stdexcept>

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include "real/posix.hpp"
#include "sim/check.hpp"

namespace real {
namespace {

constexpr std::size_t least_line = 16;

std::runtime_error wrong(const std::filesystem::path& path, const std::string& what) {
  return std::runtime_error(path.string() + ": " + what);
}

/// What makes a file unfit, or nothing.
using Objection = const char* (*)(const struct stat& status);

std::string read_plain(const std::filesystem::path& path, std::size_t most, Objection objection) {
  // Not through a link, which whoever owns the folder could turn; nor blocking on a pipe.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!file) throw refused_by_system(path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw refused_by_system(path);
  if (!S_ISREG(status.st_mode)) throw wrong(path, "must be a plain file");
  if (const char* why = objection(status)) throw wrong(path, why);
  std::string text(most + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw refused_by_system(path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > most) throw wrong(path, "too long: more than " + std::to_string(most) + " bytes");
  text.resize(size);
  return text;
}

}  // namespace

std::string read_secret_text(const std::filesystem::path& path, std::size_t most) {
  return read_plain(path, most, [](const struct stat& status) -> const char* {
    if ((status.st_mode & 077) != 0) {
      return "others may use this secret; allow it to its owner only (chmod 600)";
    }
    return status.st_uid == ::geteuid() ? nullptr : "this secret belongs to somebody else";
  });
}

std::string read_orders(const std::filesystem::path& path, std::size_t most) {
  return read_plain(path, most, [](const struct stat& status) -> const char* {
    if ((status.st_mode & 022) != 0) {
      return "others may write it; allow that to its owner only (chmod go-w)";
    }
    const bool trusted = status.st_uid == ::geteuid() || status.st_uid == 0;
    return trusted ? nullptr : "it belongs to somebody else";
  });
}

Key::~Key() {
  sodium_memzero(bytes_.data(), bytes_.size());
}

Key Key::random() {
  SIM_CHECK(sodium_init() >= 0);
  Key key;
  randombytes_buf(key.data(), size);
  return key;
}

Key create_key_file(const std::filesystem::path& path) {
  const Key key = Key::random();
  const Descriptor file{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) throw refused_by_system(path);
  if (::fchmod(file.get(), 0600) != 0) throw refused_by_system(path);
  if (::write(file.get(), key.data(), Key::size) != static_cast<ssize_t>(Key::size)) {
    throw refused_by_system(path);
  }
  return key;
}

Key read_key_file(const std::filesystem::path& path) {
  std::string text = read_secret_text(path);
  if (text.size() != Key::size) {
    throw wrong(path, "no key: it has " + std::to_string(text.size()) + " bytes and not " +
                          std::to_string(Key::size));
  }
  Key key;
  text.copy(reinterpret_cast<char*>(key.data()), Key::size);
  sodium_memzero(text.data(), text.size());
  return key;
}

std::string read_secret_line(const std::filesystem::path& path) {
  std::string text = read_secret_text(path);
  if (text.ends_with('\n')) text.pop_back();
  if (text.size() < least_line) {
    throw wrong(path, "a token needs at least " + std::to_string(least_line) + " characters");
  }
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7f) throw wrong(path, "a token is one word of visible characters");
  }
  return text;
}

}  // namespace real
