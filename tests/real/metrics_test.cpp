// The page for Prometheus.
#include "real/metrics.hpp"

#include <set>
#include <sstream>

#include "tests/real/fake_proc.hpp"

using namespace real;

namespace {

std::string label(std::string_view value) {
  MetricsText text;
  text.family("m", "gauge", "Help.");
  text.value(std::uint64_t{1}, {{"l", value}});
  const std::string& page = text.text();
  const std::string before = "# HELP m Help.\n# TYPE m gauge\nm{l=\"", after = "\"} 1\n";
  REQUIRE(page.starts_with(before));
  REQUIRE(page.ends_with(after));
  return page.substr(before.size(), page.size() - before.size() - after.size());
}

}  // namespace

TEST_CASE("metrics: a name can break out of its label by no means") {
  CHECK(label("eth0") == "eth0");
  CHECK(label("a\"} 1\nevil 2") == R"(a\"} 1\nevil 2)");
  CHECK(label("back\\slash") == R"(back\\slash)");
  CHECK(label("<script>") == "<script>");
  CHECK(label("h\xc3\xa4nsel \xe2\x82\xac \xf0\x9f\x99\x82") ==
        "h\xc3\xa4nsel \xe2\x82\xac \xf0\x9f\x99\x82");
  // Not UTF-8: alone, cut, too long a form, a surrogate, beyond U+10FFFF.
  CHECK(label("\xff") == "?");
  CHECK(label("a\xc3") == "a?");
  CHECK(label("\xc0\xaf") == "??");
  CHECK(label("\xed\xa0\x80") == "???");
  CHECK(label("\xf4\x90\x80\x80") == "????");
}

TEST_CASE("metrics: figures are written so that they read back as they were") {
  MetricsText text;
  text.family("m", "counter", "Help.");
  text.value(0.1);
  text.value(std::uint64_t{18446744073709551615u});
  text.value(1e300, {{"a", "b"}, {"c", "d"}});
  CHECK(text.text() ==
        "# HELP m Help.\n# TYPE m counter\nm 0.1\nm 18446744073709551615\n"
        "m{a=\"b\",c=\"d\"} 1e+300\n");
}

TEST_CASE("metrics: the page of a host says in node_exporter's words what its files said") {
  const fake_proc::Proc proc;
  fake_proc::Hand clock;
  Agent agent{{.proc = proc.path(), .now = [&clock] { return clock.now; }}};
  agent.sample();
  proc.cpus("cpu0 100 0 50 50 0 0 0 0 20 0\n");
  proc.disk(4, 2, 500);
  clock.forward(1);
  agent.sample();
  MetricsText page;
  write_metrics(agent.host_reading(), agent, page);
  const auto has = [&page](const char* line) {
    INFO(line << " is not in\n" << page.text());
    CHECK(page.text().find(std::string{line} + "\n") != std::string::npos);
  };
  has("node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 1");  // 100 ticks
  has("node_cpu_guest_seconds_total{cpu=\"0\",mode=\"user\"} 0.2");
  has("node_context_switches_total 99");
  has("node_boot_time_seconds 1700000000");
  has("node_memory_MemTotal_bytes 1024000");
  has("node_memory_Active_anon_bytes 12288");
  has("node_memory_HugePages_Total 3");
  has("node_disk_read_bytes_total{device=\"sda\"} 2048");
  has("node_disk_io_time_seconds_total{device=\"sda\"} 0.5");
  has("node_network_transmit_packets_total{device=\"eth0\"} 2");
  has("node_load5 1.25");
  has("node_pressure_cpu_waiting_seconds_total 2.5");
  has("node_pressure_io_stalled_seconds_total 0.5");
  has("brink_utilisation{resource=\"cpu\"} 0.75");
  CHECK(page.text().find("sda1") == std::string::npos);
  CHECK(page.text().find("node_pressure_memory") ==
        std::string::npos);  // this host has no such file
}

TEST_CASE("metrics: every family is told once, with a type, and all its samples follow it") {
  Agent agent{{}};
  agent.sample();
  agent.sample();
  MetricsText page;
  write_metrics(agent.host_reading(), agent, page);
  std::set<std::string> families;
  std::string family;
  std::istringstream lines{page.text()};
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    std::istringstream words{line};
    std::string first, kind, name;
    words >> first;
    if (first == "#") {
      words >> kind >> name;
      if (kind == "HELP") CHECK(families.insert(name).second);
      if (kind == "TYPE") CHECK(name == family);
      family = name;
    } else {
      CHECK(first.substr(0, first.find('{')) == family);
    }
  }
  CHECK(families.size() > 60);
}
