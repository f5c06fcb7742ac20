#include "real/meter.hpp"

#include <bit>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace real {

static_assert(std::endian::native == std::endian::little, "the words are read as they lie");

Meter::Meter(const std::filesystem::path& directory) {
  const std::string path = directory / meter_file;
  const Descriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (!file) throw refused_by_system(path);
  // Allocated, not only sized: a full disk must be told here and not by a SIGBUS at the first
  // count.
  if (const int refused = ::posix_fallocate(file.get(), 0, sizeof(Words)); refused != 0) {
    throw std::system_error(refused, std::generic_category(), path);
  }
  void* const page =
      ::mmap(nullptr, sizeof(Words), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (page == MAP_FAILED) throw refused_by_system(path);
  page_.reset(page);
  words()[version].store(version_value, std::memory_order_relaxed);
  words()[magic].store(magic_value, std::memory_order_release);
}

void Meter::Unmap::operator()(void* page) const noexcept {
  ::munmap(page, sizeof(Words));
}

sim::Result<MeterReading> MeterReader::read() {
  struct stat status {};
  const bool gone = file_ && (::fstat(file_.get(), &status) != 0 || status.st_nlink == 0);
  if (!file_ || gone) file_ = Descriptor{::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!file_) return sim::Error{path_.string() + ": " + std::generic_category().message(errno)};
  std::array<std::uint64_t, Meter::word_count> words{};
  if (::pread(file_.get(), words.data(), sizeof words, 0) != sizeof words) {
    return sim::Error{path_.string() + ": shorter than a meter"};
  }
  if (words[Meter::magic] != Meter::magic_value || words[Meter::version] != Meter::version_value) {
    return sim::Error{path_.string() + ": no meter of this version"};
  }
  return MeterReading{words[Meter::held], words[Meter::disk], words[Meter::network],
                      words[Meter::transactions], words[Meter::tenants]};
}

}  // namespace real
