#include "record/writer_lock.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "record/run_directory.hpp"

namespace record {
namespace {

int open_directory(const std::filesystem::path& directory) {
  const char* path = directory.empty() ? "." : directory.c_str();
  return ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

}  // namespace

WriterLock::WriterLock(const std::filesystem::path& directory)
    : directory_(open_directory(directory)) {
  if (directory_ >= 0) ::flock(directory_, LOCK_EX | LOCK_NB);
}

WriterLock::~WriterLock() {
  if (directory_ >= 0) ::close(directory_);
}

bool being_written(const std::filesystem::path& run) {
  const int directory = open_directory(database_of(run).parent_path());
  if (directory < 0) return false;
  // Shared, so that two who ask at once do not take each other for the writer.
  const bool taken = ::flock(directory, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(directory);
  return taken;
}

}  // namespace record
