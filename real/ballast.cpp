#include "real/ballast.hpp"

#include <fcntl.h>

namespace real {
namespace {

/// About as much as one more commit takes: less is of no use to anybody.
constexpr vm::Bytes step{std::int64_t{16} << 10};
constexpr auto between_questions = std::chrono::seconds{1};

}  // namespace

Ballast::Ballast(const std::filesystem::path& file)
    : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  take();
}

void Ballast::let_go() {
  if (!file_ || held_.count == 0) return;
  if (::ftruncate(file_.get(), 0) == 0) held_ = {};
}

void Ballast::take() {
  if (!file_) return;
  asked_ = std::chrono::steady_clock::now();
  for (vm::Bytes size = full; size > held_; size -= step) {
    if (try_hold(size)) return;
  }
}

void Ballast::perhaps_take() {
  if (held_ >= full) return;
  if (std::chrono::steady_clock::now() - asked_ >= between_questions) take();
}

bool Ballast::try_hold(vm::Bytes size) {
  if (::posix_fallocate(file_.get(), 0, size.count) == 0) {
    held_ = size;
    return true;
  }
  // What it got before it was refused would count as taken.
  (void)(::ftruncate(file_.get(), held_.count) == 0);
  return false;
}

}  // namespace real
