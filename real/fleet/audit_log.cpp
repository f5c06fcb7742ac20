#include "real/fleet/audit_log.hpp"

#include <array>
#include <ctime>
#include <stdexcept>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "real/posix.hpp"

namespace real {
namespace {

using nlohmann::json;

/// "2026-11-21T12:00:00Z".
std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%FT%TZ", &parts)};
}

Descriptor open_log(const std::filesystem::path& path) {
  Descriptor file{::open(
      path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600)};
  if (!file) throw refused_by_system(path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw refused_by_system(path);
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 077) != 0) {
    throw std::runtime_error(path.string() + ": an audit log is a plain file of our own that " +
                             "nobody else may use (chmod 600)");
  }
  return file;
}

}  // namespace

AuditLog::AuditLog(std::filesystem::path file, std::function<void(const std::string&)> report)
    : file_(std::move(file)), report_(std::move(report)) {
  if (!file_.empty()) open_log(file_);
}

void AuditLog::write(json entry) const {
  entry["at"] = utc_now();
  std::string text = entry.dump(-1, ' ', true, json::error_handler_t::replace);
  if (file_.empty()) return report_("audit: " + text);
  text += '\n';
  const Descriptor file = open_log(file_);
  const ssize_t written = ::write(file.get(), text.data(), text.size());
  if (written >= 0 && written != static_cast<ssize_t>(text.size())) errno = ENOSPC;
  if (written != static_cast<ssize_t>(text.size()) || ::fdatasync(file.get()) != 0) {
    throw refused_by_system(file_);
  }
}

}  // namespace real
