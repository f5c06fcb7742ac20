// UsageTrace: what real VMs used over time, read from the files that researchers share.
//
//   PlanetLab  a folder with one file a VM: 288 lines, one whole percent of CPU per five minutes
//              of a day (CoMon project, Park and Pai 2006). Files stand in the order of their
//              names: as bytes, or as if letters were capitals (the order of a Windows folder).
//              The order matters, since it decides which trace drives which size of VM.
//   Bitbrains  GWA-T-12 (Shen, van Beek and Iosup 2015): a CSV file a VM, or a folder of them, with
//              CPU, memory, disk and network every five minutes for a month. Every day of a file
//              drives a VM of its own, and what is left of the last day none. A sample that is
//              missing is the one before it, for at most an hour.
//
// Every mistake is an Issue with file and line, at most twenty of them: a line that is empty or no
// whole number from 0 to 100, a file with more or fewer lines, a folder without files. Names that
// begin with a dot are skipped.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "vm/issue.hpp"

namespace vm {

/// Utilisations of several VMs at the same instants, `step` seconds apart from 0 on, as shares.
struct UsageTraces {
  std::vector<std::string> names;  // of the files, in the order of the VMs
  std::size_t length = 0;          // instants, at least 2
  double step = 300;               // seconds
  std::vector<double> values;      // size() * length
  /// Where they were recorded: memory as a share of what was promised; disk and network in
  /// megabytes/s, in and out together. Empty, or size() * length.
  std::vector<std::array<double, 3>> others;

  std::size_t size() const { return names.size(); }
  std::span<const double> of(std::size_t vm) const {
    return std::span<const double>{values}.subspan(vm * length, length);
  }
};

enum class FileOrder : std::uint8_t { byte, upper };

inline constexpr std::size_t planetlab_lines = 288;

/// Reads a PlanetLab folder. After each file's last sample stands the same once more, so that the
/// day's last five minutes have an end.
///
///   cost  O(files); 2.3 KB a file
Loaded<UsageTraces> read_planetlab(const std::filesystem::path& folder, FileOrder order);

/// Reads one file, or all files of a folder whose names end in ".csv", by name.
///
///   cost  O(bytes), and 9 KB for each day
Loaded<UsageTraces> read_bitbrains(const std::filesystem::path& path);

/// A day of made-up VMs in the shape of PlanetLab's: most use little, each follows the time of day
/// more or less, wanders by a few percent, and some are silent for hours. Whole percents.
UsageTraces generate_usage(std::uint32_t vms, std::uint64_t seed);

}  // namespace vm
