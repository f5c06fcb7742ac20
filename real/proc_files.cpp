#include "real/proc_files.hpp"

#include <fcntl.h>

namespace real {
namespace {

constexpr std::size_t first_buffer = 16 << 10;
constexpr std::size_t most_text = 16 << 20;  // no file of /proc that we read comes near
constexpr unsigned readings_between_looks = 60;

void note(std::string& trouble, const std::string& reason) {
  if (trouble.empty()) trouble = reason;
}

/// Files whose parser gives the reading itself.
template <class T, class Parse>
void fill(ProcFile& file, TextBuffer& buffer, std::optional<T>& into, std::string& trouble,
          Parse parse) {
  into.reset();
  const auto text = file.read(buffer);
  if (!text) return;
  const auto read = parse(*text);
  if (read) {
    into = *read;
  } else {
    note(trouble, read.error());
  }
}

/// Files with rows, whose memory is used again.
template <class T, class Parse>
void refill(ProcFile& file, TextBuffer& buffer, std::optional<T>& into, std::string& trouble,
            Parse parse) {
  const auto text = file.read(buffer);
  if (!text) {
    into.reset();
    return;
  }
  if (!into) into.emplace();
  if (const auto rows = parse(*text, *into); !rows) {
    note(trouble, rows.error());
    into.reset();
  }
}

}  // namespace

std::uint64_t page_bytes() {
  static const auto size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

std::optional<std::string_view> ProcFile::read(TextBuffer& buffer) {
  if (file_) {
    if (const auto text = read_open(buffer)) return text;
    file_.close();
    skip_ = 0;
  }
  if (skip_ > 0) {
    --skip_;
    return {};
  }
  file_ = Descriptor{::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file_) {
    if (const auto text = read_open(buffer)) return text;
    file_.close();
  }
  skip_ = readings_between_looks;
  return {};
}

std::optional<std::string_view> ProcFile::read_open(TextBuffer& buffer) {
  if (buffer.empty()) buffer.resize(first_buffer);
  std::size_t size = 0;
  for (;;) {
    const ssize_t got =
        ::pread(file_.get(), buffer.data() + size, buffer.size() - size, static_cast<off_t>(size));
    if (got < 0) {
      if (errno == EINTR) continue;
      return {};
    }
    if (got == 0) return std::string_view{buffer.data(), size};
    size += static_cast<std::size_t>(got);
    if (size < buffer.size())
      continue;  // a short answer is not the end: seq_file gives by the page
    if (size >= most_text) return {};
    buffer.resize(buffer.size() * 2);
  }
}

HostFiles::HostFiles(const std::filesystem::path& root)
    : stat_(root / "stat"),
      memory_(root / "meminfo"),
      disks_(root / "diskstats"),
      interfaces_(root / "net/dev"),
      uptime_(root / "uptime"),
      load_(root / "loadavg"),
      cpu_(root / "pressure/cpu"),
      pressure_memory_(root / "pressure/memory"),
      io_(root / "pressure/io") {}

void HostFiles::read(sim::Time now, HostReading& into) {
  into.at = now;
  into.trouble.clear();
  refill(stat_, buffer_, into.stat, into.trouble, parse_stat);
  refill(memory_, buffer_, into.memory, into.trouble, parse_meminfo);
  refill(disks_, buffer_, into.disks, into.trouble, parse_diskstats);
  refill(interfaces_, buffer_, into.interfaces, into.trouble, parse_net_dev);
  fill(uptime_, buffer_, into.uptime, into.trouble, parse_uptime);
  fill(load_, buffer_, into.load, into.trouble, parse_loadavg);
  fill(cpu_, buffer_, into.pressure_cpu, into.trouble, parse_pressure);
  fill(pressure_memory_, buffer_, into.pressure_memory, into.trouble, parse_pressure);
  fill(io_, buffer_, into.pressure_io, into.trouble, parse_pressure);
}

}  // namespace real
