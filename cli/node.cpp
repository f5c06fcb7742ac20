// brink node: one machine of a real run: holds tenants and carries their transactions out.
#include "real/node.hpp"

#include <cmath>
#include <filesystem>
#include <iostream>
#include <limits>

#include <sys/prctl.h>
#include <unistd.h>

#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "real/descriptor_limit.hpp"
#include "real/ending.hpp"
#include "real/token.hpp"
#include "vm/quantity.hpp"
#include "vm/spelling.hpp"

namespace cli {
namespace {

constexpr const char* explanation =
    "usage: brink node [OPTIONS]\n\n"
    "Stands for one machine: holds the state of tenants in DIR/store.sqlite and carries their\n"
    "transactions out within the capacity of its flavor. CPU is limited by a cgroup where this\n"
    "host allows one, else the node keeps itself to it; which of them is said at the start.\n"
    "Started by brink real; a gateway connects to it.\n\n";

constexpr const char* example =
    "\nexample: brink node --directory /tmp/node0 --machine 0 --cores 0.25 --memory 256MiB \\\n"
    "           --disk 20MB/s --network 100Mbit/s --key-file run.key\n"
    "exit: 0 ended by Ctrl-C or SIGTERM, 2 bad usage or a flavor that this host cannot give,\n"
    "      3 the port is taken or the store cannot be opened\n";

constexpr std::chrono::seconds life_of_token{60};

struct Wanted {
  std::string directory, memory, disk, network, listen = "127.0.0.1:0", key_file, window = "5s";
  std::string store_limit;
  std::uint32_t machine = 0, queue = 0;
  double cores = 1, admission_rate = 0, admission_burst = 1;
  bool cpu_fifo = false, disk_fifo = false, rated = false, follow_stdin = false;
};

template <class T>
T good(sim::Result<T> result, const char* option) {
  if (!result) throw UsageError{std::string{option} + ": " + result.error()};
  return *result;
}

void require(bool given, const char* option) {
  if (!given) throw UsageError{std::string{"needs "} + option + "; brink node --help"};
}

vm::Flavor flavor_of(const Wanted& wanted) {
  vm::Flavor flavor;
  flavor.capacity = {.cores = wanted.cores,
                     .memory = good(vm::parse_bytes(wanted.memory), "--memory"),
                     .disk = good(vm::parse_byte_rate(wanted.disk), "--disk"),
                     .network = good(vm::parse_byte_rate(wanted.network), "--network")};
  const auto positive = [](double value, const char* option) {
    if (!(value > 0) || !std::isfinite(value)) {
      throw UsageError{std::string{option} + ": must be more than 0"};
    }
  };
  positive(wanted.cores, "--cores");
  positive(flavor.capacity.disk.value, "--disk");
  positive(flavor.capacity.network.value, "--network");
  if (const auto beyond = real::beyond_this_host(flavor.capacity); !beyond.empty()) {
    throw UsageError{"this flavor is more than the host can give: " + beyond};
  }
  using enum vm::Scheduling;
  flavor.cpu_scheduling = wanted.cpu_fifo ? fifo : processor_sharing;
  flavor.disk_scheduling = wanted.disk_fifo ? fifo : processor_sharing;
  if (wanted.queue > 0) flavor.queue = wanted.queue;
  if (wanted.admission_rate > 0) {
    flavor.admission = vm::Admission{wanted.admission_rate, std::max(1.0, wanted.admission_burst)};
  }
  return flavor;
}

real::Node::Options options_of(const Wanted& wanted) {
  const auto [host, port] = good(real::split_address(wanted.listen), "--listen");
  boost::system::error_code no_address;
  boost::asio::ip::make_address(host, no_address);
  if (no_address) {
    throw UsageError{"--listen: " + vm::in_quotes(host) + " is no address, such as 127.0.0.1"};
  }
  real::Node::Options node;
  node.machine = vm::MachineId{wanted.machine};
  node.flavor = flavor_of(wanted);
  node.directory = wanted.directory;
  node.host = host;
  node.port = static_cast<std::uint16_t>(std::stoul(port));
  node.window = good(vm::parse_duration(wanted.window), "--window");
  if (node.window.count() <= 0) throw UsageError{"--window: must be more than 0"};
  node.rated_only = wanted.rated;
  if (!wanted.store_limit.empty()) {
    node.store_limit = good(vm::parse_bytes(wanted.store_limit), "--store-limit");
  }
  const real::Tokens tokens{real::read_key_file(wanted.key_file)};
  node.check = [tokens](const real::Hello& hello) {
    const auto claims = tokens.check(hello.token, to_string(hello.role), real::unix_now());
    return claims ? std::string{} : claims.error();
  };
  node.token = [tokens] {
    return tokens.issue("node", to_string(real::Role::node), real::unix_now(), life_of_token);
  };
  std::filesystem::create_directories(wanted.directory);
  return node;
}

void add_options(Options& options, Wanted& wanted) {
  namespace po = boost::program_options;
  const auto text = [](std::string& into, const char* name) {
    return po::value(&into)->value_name(name);
  };
  auto add = options.shown.add_options();
  add("directory", text(wanted.directory, "DIR"), "where its state lies; made if it is not there");
  add("machine", po::value(&wanted.machine)->value_name("N"), "its number in the run");
  add("cores", po::value(&wanted.cores)->value_name("C"), "CPU; a fraction is allowed");
  add("memory", text(wanted.memory, "SIZE"), "memory, such as 256MiB");
  add("disk", text(wanted.disk, "RATE"), "disk, such as 20MB/s");
  add("network", text(wanted.network, "RATE"), "network, such as 100Mbit/s");
  add("queue", po::value(&wanted.queue)->value_name("N"), "at most N transactions at once");
  add("admission-rate", po::value(&wanted.admission_rate)->value_name("R"),
      "at most R transactions a second ...");
  add("admission-burst", po::value(&wanted.admission_burst)->value_name("B"),
      "... with bursts up to B");
  add("cpu-fifo", po::bool_switch(&wanted.cpu_fifo), "first come, first served at the CPU");
  add("disk-fifo", po::bool_switch(&wanted.disk_fifo), "and at the disk");
  add("window", text(wanted.window, "TIME"), "of the SLA, by which recent work is summed: 5s");
  add("rated", po::bool_switch(&wanted.rated), "no cgroup, even where there could be one");
  add("store-limit", text(wanted.store_limit, "SIZE"), "the store never grows beyond this");
  add("listen", text(wanted.listen, "ADDRESS:PORT"), "127.0.0.1:0; port 0: any");
  add("key-file", text(wanted.key_file, "FILE"), "key of the run");
  add("follow-stdin", po::bool_switch(&wanted.follow_stdin), "end when standard input does");
}

}  // namespace

int node(Arguments arguments) {
  Wanted wanted;
  Options options;
  add_options(options, wanted);
  if (!options.parse(arguments)) {
    std::cout << explanation << options.shown << example;
    return exit_done;
  }
  require(!wanted.directory.empty(), "--directory DIR");
  require(!wanted.memory.empty(), "--memory SIZE");
  require(!wanted.disk.empty(), "--disk RATE");
  require(!wanted.network.empty(), "--network RATE");
  require(!wanted.key_file.empty(), "--key-file FILE");
  real::Node::Options node_options = options_of(wanted);

  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  real::raise_descriptor_limit();
  boost::asio::io_context io{1};
  real::Node here{io, std::move(node_options)};
  const real::Ending ending{io, wanted.follow_stdin, [&] { io.stop(); }};
  // All in one write: whoever started it reads up to the last.
  const std::string group = here.share().group();
  std::cout << "pid: " + std::to_string(::getpid()) + "\ncapacity: " + here.share().describe() +
                   "\n" + (group.empty() ? std::string{} : "group: " + group + "\n") +
                   (here.share().usage_file().empty()
                        ? std::string{}
                        : "cgroup: " + here.share().usage_file() + "\n") +
                   "listening on " + here.address() + "\n"
            << std::flush;
  io.run();
  return exit_done;
}

}  // namespace cli
