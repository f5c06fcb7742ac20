// Samples from a /proc of our own making.
#include "real/agent.hpp"

#include <unistd.h>

#include "tests/hot/allocations.hpp"
#include "tests/real/fake_proc.hpp"

using namespace real;
using namespace sim::literals;
using vm::MachineId;
using vm::Resource;

namespace {

constexpr MachineId host{9};

struct Rig {
  fake_proc::Proc proc;
  fake_proc::Hand clock;
  Agent agent;
  explicit Rig(vm::Capacity capacity = {})
      : agent({.proc = proc.path(),
               .now = [this] { return clock.now; },
               .host = host,
               .capacity = capacity}) {}
  const Agent::Samples& after(double seconds) {
    clock.forward(seconds);
    return agent.sample();
  }
};

Watched node(const Rig& rig, fake_proc::fs::path cgroup = {}) {
  return {.machine = MachineId{3},
          .pid = 42,
          .directory = rig.proc.path() / "node-3",
          .capacity = {.cores = 0.5, .memory = 100_MiB, .disk = {1e6}, .network = {2e6}},
          .cgroup = std::move(cgroup)};
}

const vm::Sample* find(const Agent::Samples& samples, MachineId machine) {
  for (const auto& [id, sample] : samples) {
    if (id == machine) return &sample;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("agent: a host's sample needs two readings and is what happened between them") {
  Rig rig;
  CHECK(rig.after(0).empty());
  // In 2 s: 200 ticks a CPU; CPU 0 busy for 150 of them, CPU 1 for 50.
  rig.proc.cpus("cpu0 100 0 50 50 0 0 0 0 0 0\ncpu1 50 0 0 100 50 0 0 0 0 0\n");
  rig.proc.disk(1000, 500, 500);
  const auto& samples = rig.after(2);
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].first == host);
  const auto& use = samples[0].second.utilisation;
  CHECK(use[Resource::cpu] == Approx(200.0 / 400));
  CHECK(use[Resource::memory] == Approx(0.4));    // 600 of 1000 kB available
  CHECK(use[Resource::disk] == Approx(0.5 / 2));  // busy for 500 ms of 2 s
  CHECK(use[Resource::network] == 0);             // its capacity is not known
  CHECK(rig.agent.host_reading().at == sim::Time{std::chrono::seconds{2}});
}

TEST_CASE("agent: where the host's capacity is given, bytes are measured against it") {
  Rig rig{{.disk = {1e6}, .network = {1e6}}};
  rig.after(0);
  rig.proc.disk(600, 400, 5);  // 1,000 sectors of 512 B; its partition says the same again
  rig.proc.net(100'000, 250'000);
  const auto& samples = rig.after(1);
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].second.utilisation[Resource::disk] == Approx(0.512));
  CHECK(samples[0].second.utilisation[Resource::network] == Approx(0.25));  // the busier direction
}

TEST_CASE("agent: interfaces and disks that come, go or start anew are no load") {
  Rig rig{{.disk = {1e6}, .network = {1e6}}};
  rig.proc.net(3'000'000'000, 0);
  rig.proc.disk(5'000'000, 0, 0);
  rig.after(0);
  rig.proc.net(10, 10);
  rig.proc.disk(7, 0, 0);
  const vm::Sample anew = rig.after(1).at(0).second;
  CHECK(anew.utilisation[Resource::disk] == 0);
  // From above 2^31 to 10: a counter of 32 bits went round, 1.29 GB, more than could be.
  CHECK(anew.utilisation[Resource::network] == 1);
  rig.proc.put("net/dev", "new0: 900000 1 0 0 0 0 0 0 900000 1 0 0 0 0 0 0\n");
  CHECK(rig.after(1).at(0).second.utilisation[Resource::network] == 0);
}

TEST_CASE("agent: a host that can be read in part is sampled in part, and says why") {
  Rig rig;
  rig.after(0);
  rig.proc.put("meminfo", "MemTotal: lots\n");
  const auto& samples = rig.after(1);
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].second.utilisation[Resource::memory] == 0);
  CHECK(rig.agent.host_reading().trouble == "meminfo: a size is no number");
  rig.proc.put("stat", "");
  CHECK(rig.after(1).empty());
  CHECK_FALSE(rig.agent.host_sample());
}

TEST_CASE("agent: a node's CPU is that of its burners, by thread") {
  Rig rig;
  rig.proc.process(42, "brink node", 3, 256);
  rig.proc.thread(42, 42, "brink", 900'000'000);
  rig.proc.thread(42, 43, "brink-cpu0", 5'000'000'000);
  rig.agent.watch(node(rig));
  rig.after(1);
  CHECK(rig.agent.watching() == 1);
  // 0.2 s of a burner in 1 s with half a core: 40 %. What the main thread does is not counted.
  rig.proc.thread(42, 43, "brink-cpu0", 5'200'000'000);
  rig.proc.thread(42, 42, "brink", 990'000'000);
  const vm::Sample* sample = find(rig.after(1), MachineId{3});
  REQUIRE(sample != nullptr);
  CHECK(sample->utilisation[Resource::cpu] == Approx(0.4));
  CHECK(sample->utilisation[Resource::memory] ==
        Approx(256.0 * static_cast<double>(page_bytes()) / (100 << 20)));
  // A burner more, seen because the number of threads changed: it used 0.1 s since it began.
  rig.proc.process(42, "brink node", 4, 256);
  rig.proc.thread(42, 44, "brink-cpu1", 100'000'000);
  sample = find(rig.after(1), MachineId{3});
  REQUIRE(sample != nullptr);
  CHECK(sample->utilisation[Resource::cpu] == Approx(0.2));
}

TEST_CASE("agent: a burner that gets its name late is found, one that ends takes nothing away") {
  Rig rig;
  rig.proc.process(42, "brink node", 2, 1);
  rig.proc.thread(42, 43, "brink", 0);
  rig.agent.watch(node(rig));
  rig.after(1);
  rig.proc.thread(42, 43, "brink-cpu0", 250'000'000);
  const vm::Sample* sample = find(rig.after(1), MachineId{3});
  REQUIRE(sample != nullptr);
  CHECK(sample->utilisation[Resource::cpu] == Approx(0.5));
  fake_proc::fs::remove_all(rig.proc.path() / "42/task/43");
  rig.proc.put("42/task/44/comm", "brink-cpu1\n");
  rig.proc.put("42/task/44/schedstat", "125000000 0 0\n");
  // The kept descriptor of the one that ended reads an old figure here and an error in a real
  // /proc; neither is less than nothing.
  rig.proc.process(42, "brink node", 3, 1);
  sample = find(rig.after(1), MachineId{3});
  REQUIRE(sample != nullptr);
  CHECK(sample->utilisation[Resource::cpu] == Approx(0.25));
}

TEST_CASE("agent: with a control group a node's CPU is the group's, in either version") {
  const auto [file, first, second] = GENERATE(table<std::string, std::string, std::string>(
      {{"cpuacct.usage", "7000000000\n", "7100000000\n"},
       {"cpu.stat", "usage_usec 7000000\nuser_usec 1\n", "usage_usec 7100000\nuser_usec 1\n"}}));
  Rig rig;
  rig.proc.process(42, "brink node", 1, 1);
  rig.proc.put(file, first);
  rig.agent.watch(node(rig, rig.proc.path() / file));
  rig.after(1);
  rig.proc.put(file, second);
  const vm::Sample* sample = find(rig.after(1), MachineId{3});
  REQUIRE(sample != nullptr);
  CHECK(sample->utilisation[Resource::cpu] == Approx(0.2));  // 0.1 s of half a core
}

TEST_CASE("agent: disk, network, held memory and counts of a node come from its meter") {
  Rig rig;
  rig.proc.process(42, "brink node", 1, 1);
  rig.proc.put("node-3/.keep", "");
  Meter meter{rig.proc.path() / "node-3"};
  meter.disk_served({5'000'000});
  rig.agent.watch(node(rig));
  rig.after(1);
  meter.disk_served({100'000});     // of 1 MB/s in half a second
  meter.network_served({250'000});  // of 2 MB/s
  meter.hold(25_MiB);
  meter.transaction_began();
  meter.tenants_are(12);
  const vm::Sample* sample = find(rig.after(0.5), MachineId{3});
  REQUIRE(sample != nullptr);
  CHECK(sample->utilisation[Resource::disk] == Approx(0.2));
  CHECK(sample->utilisation[Resource::network] == Approx(0.25));
  CHECK(sample->utilisation[Resource::memory] == Approx(0.25));
  CHECK(sample->transactions == 1);
  CHECK(sample->tenants == 12);
  meter.disk_served(1'000_MiB);
  CHECK(find(rig.after(1), MachineId{3})->utilisation[Resource::disk] == 1);  // use is held to 1
}

TEST_CASE("agent: a node that ended, or whose number another process got, has no samples") {
  Rig rig;
  rig.proc.process(42, "brink node", 1, 1);
  rig.agent.watch(node(rig));
  rig.after(1);
  REQUIRE(find(rig.after(1), MachineId{3}) != nullptr);
  rig.proc.process(42, "somebody", 1, 1, 4711);  // another start
  CHECK(find(rig.after(1), MachineId{3}) == nullptr);
  rig.agent.forget(MachineId{3});
  CHECK(rig.agent.watching() == 0);
  CHECK(rig.after(1).size() == 1);
}

TEST_CASE("agent: the real /proc of this very process") {
  Agent agent{{}};
  agent.watch({.machine = MachineId{1},
               .pid = ::getpid(),
               .directory = "/",
               .capacity = {.memory = 1_MiB}});
  agent.sample();
  const auto until = monotonic_now() + std::chrono::milliseconds{60};  // some ticks of 10 ms
  while (monotonic_now() < until) {
  }
  const auto& samples = agent.sample();
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].second.utilisation[Resource::memory] == 1);  // more than a MiB is in use here
  REQUIRE(agent.host_reading().stat);
  CHECK_FALSE(agent.host_reading().stat->cpus.empty());
  CHECK(agent.host_reading().memory->total > agent.host_reading().memory->available);
  CHECK(agent.host_reading().uptime->up_s > 0);
  CHECK(agent.host_reading().trouble.empty());
  REQUIRE(agent.host_sample());
  CHECK(agent.host_sample()->utilisation[Resource::cpu] > 0);  // one CPU was busy all the time
}

TEST_CASE("agent: samples ask for no memory once they are warm", "[hot]") {
  if (!tests::counts_allocations) {
    WARN("a sanitizer has an allocator of its own: not tested");
    return;
  }
  Rig rig;
  rig.proc.process(42, "brink node", 2, 1);
  rig.proc.put("usage", "1\n");
  rig.proc.put("node-3/.keep", "");
  const Meter meter{rig.proc.path() / "node-3"};
  rig.agent.watch(node(rig, rig.proc.path() / "usage"));
  for (int i = 0; i < 3; ++i) rig.after(1);
  const std::size_t before = tests::allocations();
  for (int i = 0; i < 50; ++i) rig.after(1);
  // A pressure file that is missing here is looked for again once in 60 readings: no allocation.
  CHECK(tests::allocations() == before);
}

TEST_CASE("agent: partitions and loop devices are left out as node_exporter does") {
  for (const char* part :
       {"sda1", "vdb12", "xvda1", "hdc3", "loop0", "ram15", "fd0", "nvme0n1p2"}) {
    CAPTURE(part);
    CHECK(is_part_or_loop(part));
  }
  for (const char* whole :
       {"sda", "vda", "nvme0n1", "dm-0", "md127", "zram0", "mmcblk0", "sd1", ""}) {
    CAPTURE(whole);
    CHECK_FALSE(is_part_or_loop(whole));
  }
}
