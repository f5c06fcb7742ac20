#include "real/bounded_log.hpp"

#include <string>

#include <fcntl.h>
#include <sys/stat.h>

namespace real {

BoundedLog::BoundedLog(asio::io_context& io, const std::filesystem::path& path, Options options)
    : options_(options),
      file_(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)),
      timer_(io) {
  if (!file_ || ::dup2(file_.get(), STDOUT_FILENO) < 0 || ::dup2(file_.get(), STDERR_FILENO) < 0) {
    throw refused_by_system(path);
  }
  look_later();
}

void BoundedLog::look_later() {
  shorten(file_.get(), options_.most, options_.most / 2);
  timer_.expires_after(options_.every);
  timer_.async_wait([this](boost::system::error_code cancelled) {
    if (!cancelled) look_later();
  });
}

void BoundedLog::shorten(int descriptor, std::size_t most, std::size_t keep) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return;
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size <= most) return;
  std::string end(keep, '\0');
  const ssize_t got = ::pread(descriptor, end.data(), end.size(), static_cast<off_t>(size - keep));
  if (got <= 0) return;
  end.resize(static_cast<std::size_t>(got));
  end.erase(0, end.find('\n') + 1);  // without any line's end all of it stays
  // Whoever appends at this instant loses that line, and the process that dies loses the log.
  if (::ftruncate(descriptor, 0) == 0) (void)!::write(descriptor, end.data(), end.size());
}

}  // namespace real
