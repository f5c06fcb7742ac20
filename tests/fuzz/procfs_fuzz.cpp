// Any bytes are a reading of /proc or a refusal with the file's name, whatever the kernel may
// write.
//
// The first byte chooses the parser. What was read is read again from the same text and must be the
// same, and a host that said it must make a page on which no name breaks out of its line.
//
//   cmake --preset fuzz && cmake --build --preset fuzz --target procfs_fuzz
//   procfs_fuzz -max_total_time=600
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "real/counters.hpp"
#include "real/metrics.hpp"
#include "real/procfs.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

template <class T>
bool read(const sim::Result<T>& result) {
  require(result || !result.error().empty());
  return static_cast<bool>(result);
}

/// A page whose every line is a comment or a sample.
void require_page(const real::HostReading& host) {
  static const real::Agent agent{{.proc = "/nonexistent"}};
  static real::MetricsText page;
  real::write_metrics(host, agent, page);
  std::string_view text = page.text();
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    require(end != std::string_view::npos);
    const std::string_view line = text.substr(0, end);
    require(line.starts_with("# ") || line.starts_with("node_") || line.starts_with("brink_"));
    text.remove_prefix(end + 1);
  }
}

void check_host(unsigned parser, std::string_view text) {
  real::HostReading host;
  if (parser == 0 && read(real::parse_stat(text, host.stat.emplace()))) {
    real::StatReading again;
    require(static_cast<bool>(real::parse_stat(text, again)));
    require(again.cpus.size() == host.stat->cpus.size() && again.all == host.stat->all);
    const real::CpuShares shares = real::cpu_shares({}, *host.stat);
    require(shares.used() == 0);  // no CPU is in both
    again.cpus.clear();
    require(real::cpu_shares(again, *host.stat).idle == 1);
    require_page(host);
  }
  if (parser == 1 && read(real::parse_meminfo(text, host.memory.emplace()))) require_page(host);
  if (parser == 2 && read(real::parse_diskstats(text, host.disks.emplace()))) require_page(host);
  if (parser == 3 && read(real::parse_net_dev(text, host.interfaces.emplace()))) require_page(host);
}

void check_line(unsigned parser, std::string_view text) {
  if (parser == 4) {
    const auto uptime = real::parse_uptime(text);
    require(!read(uptime) || uptime->up_s >= 0);
  }
  if (parser == 5) read(real::parse_loadavg(text));
  if (parser == 6) read(real::parse_pressure(text));
  if (parser == 7) {
    const auto process = real::parse_process_stat(text);
    require(!read(process) || process->name.view().size() <= 15);
  }
  if (parser == 8) read(real::parse_statm(text));
  if (parser == 9) read(real::parse_process_io(text));
  if (parser == 10) read(real::parse_schedstat(text));
  if (parser == 11) read(real::parse_cgroup_cpu(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned parser = data[0] % 12;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  parser < 4 ? check_host(parser, text) : check_line(parser, text);
  return 0;
}
