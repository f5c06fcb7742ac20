// What the text of /proc says.
#include "real/procfs.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "real/scanner.hpp"

namespace {

using namespace real;

// From a Linux 6.18 with two CPUs, shortened in the middle.
constexpr std::string_view stat_text =
    "cpu  658783 592416 78768 1360636 3893 0 320 204 7 3\n"
    "cpu0 314862 275199 37344 718851 844 0 47 106 0 0\n"
    "cpu1 343920 317216 41423 641784 3049 0 272 98 7 3\n"
    "intr 4933133 0 0 25 16\n"
    "ctxt 4390537\n"
    "btime 1795229262\n"
    "processes 54633\n"
    "procs_running 1\n"
    "procs_blocked 0\n"
    "softirq 1711150 0 357380 3\n";

}  // namespace

TEST_CASE("scanner: a number has no sign, fits, and ends where a gap is") {
  const auto reads = [](std::string_view text) {
    Scanner scanner{text};
    scanner.number<std::uint8_t>();
    return scanner.good();
  };
  CHECK(reads("255"));
  CHECK(reads("  0 1"));
  CHECK_FALSE(reads("256"));
  CHECK_FALSE(reads("-1"));
  CHECK_FALSE(reads("12x"));
  CHECK_FALSE(reads(""));
  Scanner most{"18446744073709551615"};
  CHECK(most.number() == 18446744073709551615u);
  CHECK(most.good());
  Scanner beyond{"18446744073709551616"};
  beyond.number();
  CHECK_FALSE(beyond.good());
}

TEST_CASE("procfs: stat gives each CPU and the counters behind hundreds of interrupts") {
  StatReading stat;
  const auto cpus = parse_stat(stat_text, stat);
  REQUIRE(cpus);
  CHECK(*cpus == 2);
  CHECK(stat.all == CpuTicks{658783, 592416, 78768, 1360636, 3893, 0, 320, 204, 7, 3});
  CHECK(stat.cpus[1].number == 1);
  CHECK(stat.cpus[1].ticks.iowait == 3049);
  CHECK(stat.interrupts == 4933133);
  CHECK(stat.context_switches == 4390537);
  CHECK(stat.boot_time == 1795229262);
  CHECK(stat.forks == 54633);
  CHECK(stat.running == 1);
}

TEST_CASE("procfs: an old kernel's stat lacks fields, a new one's has more") {
  StatReading stat;
  REQUIRE(parse_stat("cpu 1 2 3 4\ncpu0 1 2 3 4\n", stat));  // Linux 2.4
  CHECK(stat.all.idle == 4);
  CHECK(stat.all.steal == 0);
  REQUIRE(parse_stat("cpu 1 2 3 4 5 6 7 8 9 10 11 12\nnews 1\n", stat));
  CHECK(stat.all.guest_nice == 10);
  CHECK(stat.cpus.empty());
}

TEST_CASE(
    "procfs: every cut of a file is either read or refused, and a cut number is no row more") {
  StatReading stat;
  for (std::size_t size = 0; size <= stat_text.size(); ++size) {
    const auto read = parse_stat(stat_text.substr(0, size), stat);
    if (read) CHECK(*read <= 2);
    if (!read) CHECK(read.error().starts_with("stat: "));
  }
  CHECK_FALSE(parse_stat("", stat));
  CHECK_FALSE(parse_stat("cpu 1 2 3\n", stat));  // idle is missing
  CHECK_FALSE(parse_stat("cpu 1 2 3 x\n", stat));
  CHECK_FALSE(parse_stat("cpu 1 2 3 -4\n", stat));
  CHECK_FALSE(parse_stat("cpu 1 2 3 4\ncpuX 1 2 3 4\n", stat));
  CHECK_FALSE(parse_stat("cpu 1 2 3 99999999999999999999\n", stat));
}

TEST_CASE("procfs: meminfo in bytes, with counts as counts, and without MemAvailable too") {
  MemoryReading memory;
  const auto lines = parse_meminfo(
      "MemTotal:       24684092 kB\nMemFree:        21368932 kB\nMemAvailable:   23784048 kB\n"
      "Active(anon):       1528 kB\nHugePages_Total:       3\n",
      memory);
  REQUIRE(lines);
  CHECK(*lines == 5);
  CHECK(memory.total == 24684092ull * 1024);
  CHECK(memory.available == 23784048ull * 1024);
  CHECK(memory.lines[3].name.view() == "Active(anon)");
  CHECK(memory.lines[4].value == 3);
  CHECK_FALSE(memory.lines[4].is_bytes);
  REQUIRE(
      parse_meminfo("MemTotal: 100 kB\nMemFree: 10 kB\nBuffers: 20 kB\nCached: 30 kB\n", memory));
  CHECK(memory.available == 60u * 1024);  // free + buffers + cached
  CHECK_FALSE(parse_meminfo("MemFree: 10 kB\n", memory));
  CHECK_FALSE(parse_meminfo("MemTotal: 18446744073709551615 kB\n", memory));
}

TEST_CASE("procfs: diskstats of three generations of kernels") {
  std::vector<DiskReading> disks;
  const auto rows = parse_diskstats(
      " 254 0 vda 265577 36060 11686362 239044 145254 69744 86958840 328669 0 78172 582886 45515 "
      "37 "
      "69562560 14523 15283 648\n"
      "   8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n"
      "   8 16 sdb 1 2 3 4 5 6 7 8 9 10 11\n",
      disks);
  REQUIRE(rows);
  REQUIRE(*rows == 3);
  CHECK(disks[0].name.view() == "vda");
  CHECK(disks[0].sectors_written == 86958840);
  CHECK(disks[0].busy_ms == 78172);
  CHECK(disks[0].flush_ms == 648);
  CHECK(disks[1].discard_ms == 15);
  CHECK(disks[1].flushes == 0);
  CHECK(disks[2].discards == 0);
  CHECK_FALSE(parse_diskstats("8 0 sda 1 2 3 4 5 6 7 8 9 10\n", disks));
}

TEST_CASE("procfs: net/dev, also where a number stands right behind the colon") {
  std::vector<NetReading> interfaces;
  const auto rows = parse_net_dev(
      "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes packets\n"
      "    lo:    6534      58    0    0    0     0          0         0     6534      58    0    "
      "0  "
      "  0     0       0          0\n"
      "eth0:19386628 551 1 2 3 4 5 6 31725 361 7 8 9 10 11 12\n",
      interfaces);
  REQUIRE(rows);
  REQUIRE(*rows == 2);
  CHECK(interfaces[0].name.view() == "lo");
  CHECK(interfaces[1].in.bytes == 19386628);
  CHECK(interfaces[1].in.multicast == 6);
  CHECK(interfaces[1].out.bytes == 31725);
  CHECK(interfaces[1].out.collisions == 10);
  CHECK(interfaces[1].out.compressed == 12);
  CHECK_FALSE(parse_net_dev("eth0: 1 2 3\n", interfaces));
  CHECK_FALSE(parse_net_dev(": 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n", interfaces));
}

TEST_CASE("procfs: uptime, loads and pressure") {
  const auto uptime = parse_uptime("13487.57 13606.06\n");
  REQUIRE(uptime);
  CHECK(uptime->up_s == Approx(13487.57));
  CHECK(uptime->idle_s == Approx(13606.06));
  CHECK_FALSE(parse_uptime("13487.5 1.00"));
  CHECK_FALSE(parse_uptime("13487"));

  const auto load = parse_loadavg("2.96 2.82 1.48 1/84 22171\n");
  REQUIRE(load);
  CHECK(load->fifteen == Approx(1.48));
  CHECK(load->threads == 84);
  CHECK_FALSE(parse_loadavg("2.96 2.82\n"));

  const auto pressure = parse_pressure(
      "some avg10=2.77 avg60=50.85 avg300=60.19 total=4248618778\n"
      "full avg10=0.00 avg60=0.00 avg300=0.00 total=17\n");
  REQUIRE(pressure);
  CHECK(pressure->some_us == 4248618778);
  CHECK(pressure->full_us == 17);
  CHECK_FALSE(parse_pressure("some avg10=2.77\n"));
  CHECK_FALSE(parse_pressure(""));
}

TEST_CASE("procfs: a process may call itself anything") {
  const std::string rest =
      " R 1 1 1 0 -1 4194304 101 0 0 0 12 34 0 0 20 0 3 0 1348757 3133440 394 1\n";
  for (const std::string name : {"cat", "a) S (b", "<script>", "two\nlines", ")", ""}) {
    const auto process = parse_process_stat("22174 (" + name + ")" + rest);
    CAPTURE(name);
    REQUIRE(process);
    CHECK(process->pid == 22174);
    CHECK(process->name.view() == name);
    CHECK(process->state == 'R');
    CHECK(process->user_ticks == 12);
    CHECK(process->system_ticks == 34);
    CHECK(process->threads == 3);
    CHECK(process->start_ticks == 1348757);
    CHECK(process->resident_pages == 394);
  }
  CHECK_FALSE(parse_process_stat("22174 cat" + rest));
  CHECK_FALSE(parse_process_stat("22174 (cat) R 1 1\n"));
  CHECK_FALSE(parse_process_stat(") ("));
}

TEST_CASE("procfs: statm, io, schedstat and both versions of control groups") {
  const auto statm = parse_statm("765 438 410 5 0 123 0\n");
  REQUIRE(statm);
  CHECK(statm->resident == 438);
  CHECK_FALSE(parse_statm("765 438"));

  const auto io = parse_process_io(
      "rchar: 7301\nsyscr: 14\nread_bytes: 5\nwrite_bytes: 6\n"
      "cancelled_write_bytes: 0\n");
  REQUIRE(io);
  CHECK(io->read_bytes == 5);
  CHECK(io->write_bytes == 6);
  CHECK_FALSE(parse_process_io("read_bytes: 5\n"));

  const auto time = parse_schedstat("27596313 10551152 81\n");
  REQUIRE(time);
  CHECK(time->on_cpu_ns == 27596313);
  CHECK_FALSE(parse_schedstat("27596313"));

  const auto one = parse_cgroup_cpu("123456789\n");
  REQUIRE(one);
  CHECK(*one == 123456789);
  const auto two = parse_cgroup_cpu("usage_usec 42\nuser_usec 40\nsystem_usec 2\n");
  REQUIRE(two);
  CHECK(*two == 42000);
  CHECK_FALSE(parse_cgroup_cpu("user_usec 40\n"));
  CHECK_FALSE(parse_cgroup_cpu("usage_usec 18446744073709551615\n"));
}
