// Proc files: /proc kept open. Each file is opened once and read again and again with pread from
// its beginning, which halves the cost of a sample; the text goes into one shared buffer that grows
// to the longest file and stays.
//
// The root is given, so that a test or a container's agent reads a tree of its own. A file that is
// not there (pressure on older kernels) is a fact, not a failure: its reading is left empty, and it
// is looked for again now and then. A descriptor under /proc/PID belongs to that very process:
// after its end it reads "no such process", also when another has got its number.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "real/posix.hpp"
#include "real/procfs.hpp"
#include "sim/units.hpp"

namespace real {

using TextBuffer = std::vector<char>;  // the shared buffer

/// What /proc counts memory in.
std::uint64_t page_bytes();

/// One file, opened when first read.
class ProcFile {
 public:
  explicit ProcFile(std::filesystem::path path) : path_(std::move(path)) {}

  /// The whole file, in `buffer` until it is used again; none where it cannot be read.
  std::optional<std::string_view> read(TextBuffer& buffer);
  const std::filesystem::path& path() const { return path_; }

 private:
  std::optional<std::string_view> read_open(TextBuffer& buffer);

  std::filesystem::path path_;
  Descriptor file_;
  unsigned skip_ = 0;  // readings for which a missing file is not looked for again
};

/// What one look at the host saw. What could not be read or understood is empty, and `trouble` says
/// the first reason.
struct HostReading {
  sim::Time at;  // the instant before the first file was read
  std::optional<StatReading> stat;
  std::optional<MemoryReading> memory;
  std::optional<std::vector<DiskReading>> disks;
  std::optional<std::vector<NetReading>> interfaces;
  std::optional<UptimeReading> uptime;
  std::optional<LoadReading> load;
  std::optional<PressureReading> pressure_cpu, pressure_memory, pressure_io;
  std::string trouble;
};

class HostFiles {
 public:
  explicit HostFiles(const std::filesystem::path& root = "/proc");

  /// Reads all of them into `into`, whose memory is used again.
  ///
  ///   now   the instant that the reading is stamped with
  ///   cost  about 25 us; no allocation once the buffers have grown
  void read(sim::Time now, HostReading& into);

 private:
  ProcFile stat_, memory_, disks_, interfaces_, uptime_, load_, cpu_, pressure_memory_, io_;
  TextBuffer buffer_;
};

}  // namespace real
