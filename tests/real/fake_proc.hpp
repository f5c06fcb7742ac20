// A /proc of our own making, in a folder that goes away with it. Files are rewritten in place, as
// the kernel's are: a descriptor that is kept open reads what is there now.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "sim/units.hpp"

namespace fake_proc {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = fs::temp_directory_path() / "brink-test-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const fs::path& path() const { return path_; }
  void put(const std::string& name, std::string_view text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream file(path_ / name, std::ios::binary | std::ios::trunc);
    file << text;
    REQUIRE(file.flush());
  }

 private:
  fs::path path_;
};

/// A host with two CPUs, a disk with a partition, and two interfaces, all at rest.
class Proc : public Folder {
 public:
  Proc() {
    cpus("cpu0 0 0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\n");
    put("meminfo",
        "MemTotal:        1000 kB\nMemFree:          100 kB\nMemAvailable:     600 kB\n"
        "Active(anon):      12 kB\nHugePages_Total:    3\n");
    disk(0, 0, 0);
    net(0, 0);
    put("uptime", "100.25 150.50\n");
    put("loadavg", "0.50 1.25 2.00 3/84 22171\n");
    put("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\n");
    put("pressure/io",
        "some avg10=1.50 avg60=0.00 avg300=0.00 total=1000000\n"
        "full avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n");
  }
  /// The lines of the single CPUs.
  void cpus(const std::string& lines) const {
    put("stat", "cpu 1 2 3 4 5 6 7 8 9 10\n" + lines +
                    "intr 77 1 2 3\nctxt 99\nbtime 1700000000\nprocesses 55\nprocs_running 2\n"
                    "procs_blocked 1\nsoftirq 1 2 3\n");
  }
  void disk(long sectors_read, long sectors_written, long busy_ms) const {
    const std::string figures = " 5 0 " + std::to_string(sectors_read) + " 9 6 0 " +
                                std::to_string(sectors_written) + " 9 0 " +
                                std::to_string(busy_ms) + " 18 0 0 0 0 0 0\n";
    put("diskstats", "   8 0 sda" + figures + "   8 1 sda1" + figures);
  }
  void net(long in, long out) const {
    const auto line = [](const std::string& name, long received, long sent) {
      return name + ": " + std::to_string(received) + " 1 0 0 0 0 0 0 " + std::to_string(sent) +
             " 2 0 0 0 0 0 0\n";
    };
    put("net/dev",
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
        "drop fifo colls carrier compressed\n" +
            line("    lo", 999'999, 999'999) + line("  eth0", in, out));
  }
  void process(int pid, std::string_view name, long threads, long resident_pages,
               long start = 5) const {
    put(std::to_string(pid) + "/stat", std::to_string(pid) + " (" + std::string{name} +
                                           ") S 1 1 1 0 -1 4194304 1 0 0 0 120 30 0 0 20 0 " +
                                           std::to_string(threads) + " 0 " + std::to_string(start) +
                                           " 8192 " + std::to_string(resident_pages) +
                                           " 18446744073709551615 1 1\n");
  }
  void thread(int pid, int tid, std::string_view name, long on_cpu_ns) const {
    const std::string at = std::to_string(pid) + "/task/" + std::to_string(tid);
    put(at + "/comm", std::string{name} + "\n");
    put(at + "/schedstat", std::to_string(on_cpu_ns) + " 7 9\n");
  }
};

/// A clock that goes when it is told to.
struct Hand {
  sim::Time now{};
  void forward(double seconds) { now += sim::from_seconds(seconds); }
};

}  // namespace fake_proc
