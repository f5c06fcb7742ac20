// Any bytes are traces of real VMs or a list of what is wrong with them, with file and line.
//
// The first byte chooses the format: a PlanetLab folder, whose files are divided by zero bytes, or
// one Bitbrains file. What is accepted must be shares between 0 and 1 at every instant, and a
// PlanetLab folder written anew from them must be read as the same.
//
//   cmake --preset fuzz && cmake --build --preset fuzz --target trace_fuzz
//   TMPDIR=/dev/shm trace_fuzz -max_total_time=600
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <unistd.h>

#include "vm/usage_trace.hpp"

namespace {

namespace fs = std::filesystem;

void require(bool holds) {
  if (!holds) std::abort();
}

/// A folder of this process, gone with it.
class Scratch {
 public:
  Scratch()
      : path_(fs::temp_directory_path() / ("brink_trace_fuzz_" + std::to_string(::getpid()))) {
    fs::create_directory(path_);
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  fs::path emptied() const {
    for (const auto& entry : fs::directory_iterator(path_)) fs::remove_all(entry.path());
    return path_;
  }

 private:
  fs::path path_;
};

void write(const fs::path& file, std::string_view bytes) {
  std::ofstream out(file, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  require(out.good());
}

void require_issues(const std::vector<vm::Issue>& issues, const fs::path& folder) {
  require(!issues.empty() && issues.size() <= 20);
  for (const vm::Issue& issue : issues) {
    require(!issue.message.empty() && issue.line >= 0);
    require(issue.file.starts_with(folder.string()));
    require(to_string(issue).find('\n') == std::string::npos);  // one line a mistake
  }
}

void require_traces(const vm::UsageTraces& traces) {
  require(traces.size() > 0 && traces.length >= 2 && traces.step > 0);
  require(traces.values.size() == traces.size() * traces.length);
  for (const double value : traces.values) require(value >= 0 && value <= 1);
  require(traces.others.empty() || traces.others.size() == traces.values.size());
  for (const auto& others : traces.others) {
    require(others[0] >= 0 && others[0] <= 1);
    for (const double rate : others) require(std::isfinite(rate) && rate >= 0);
  }
}

void check_planetlab(const Scratch& scratch, std::string_view bytes) {
  const fs::path folder = scratch.emptied();
  constexpr std::size_t most_files = 30;
  for (std::size_t i = 0; i < most_files && (i == 0 || !bytes.empty()); ++i) {
    const std::size_t end = std::min(bytes.find('\0'), bytes.size());
    write(folder / ("vm" + std::to_string(100 + i)), bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  const auto traces = vm::read_planetlab(folder, vm::FileOrder::upper);
  if (!traces) return require_issues(traces.issues(), folder);
  require_traces(*traces);
  const fs::path again = scratch.emptied();
  for (std::size_t v = 0; v < traces->size(); ++v) {
    std::string text;
    for (std::size_t i = 0; i < vm::planetlab_lines; ++i)
      text += std::to_string(std::lround(traces->of(v)[i] * 100)) + "\n";
    write(again / traces->names[v], text);
  }
  const auto copy = vm::read_planetlab(again, vm::FileOrder::byte);
  require(copy && copy->names == traces->names && copy->values == traces->values);
}

void check_bitbrains(const Scratch& scratch, std::string_view bytes) {
  const fs::path folder = scratch.emptied();
  const fs::path file = folder / "1.csv";
  write(file, bytes);
  const auto traces = vm::read_bitbrains(file);
  if (!traces) return require_issues(traces.issues(), folder);
  require_traces(*traces);
  const auto of_folder = vm::read_bitbrains(folder);
  require(of_folder && of_folder->values == traces->values && of_folder->others == traces->others);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Scratch scratch;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  data[0] % 2 == 0 ? check_planetlab(scratch, bytes) : check_bitbrains(scratch, bytes);
  return 0;
}
