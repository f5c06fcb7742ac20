#include "tests/real/fleet/hosts_fixture.hpp"

#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fleet_test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using kill_table::run_quietly;

constexpr uid_t user = 54'321;  // nobody has this number

vm::MachineId id(std::size_t i) {
  return vm::MachineId{static_cast<std::uint32_t>(i)};
}

void write(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

std::string content(const fs::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The first process of a machine: what it sees of the file system is its own, then it serves SSH.
/// $1 is its folder here, $2 the size of its home or nothing.
constexpr const char* boot = R"(
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 755 /run/sshd
umask 022
cp "$1"/authorized_keys "$1"/host_key "$1"/sshd_config /run/sshd/
chmod 600 /run/sshd/host_key
mount --bind "$1"/passwd /etc/passwd
mount --bind "$1"/shadow /etc/shadow
mount -t tmpfs -o mode=755 tmpfs /home
mkdir /home/brink
if [ -n "$2" ]; then mount -t tmpfs -o size="$2" tmpfs /home/brink
else mount --bind "$1"/home /home/brink; fi
chown 54321:54321 /home/brink
for file in "$1"/proc/*; do
  if [ -f "$file" ]; then mount --bind "$file" "/proc/${file##*/}"; fi
done
exec /usr/sbin/sshd -D -e -f /run/sshd/sshd_config
)";

constexpr const char* sshd_config = R"(Port 22
HostKey /run/sshd/host_key
AuthorizedKeysFile /run/sshd/authorized_keys
PidFile none
UsePAM no
PermitRootLogin no
UseDNS no
MaxStartups 100
Subsystem sftp internal-sftp
)";

/// Files to be mounted over those of /proc.
void put_idle_proc(const fs::path& folder) {
  fs::create_directories(folder);
  write(folder / "stat", OwnProcessor::text(0, 1));
  write(folder / "meminfo",
        "MemTotal:        2000000 kB\nMemFree:          900000 kB\nMemAvailable:    1000000 kB\n"
        "Buffers:           10000 kB\nCached:            90000 kB\nSwapTotal:             0 kB\n"
        "SwapFree:              0 kB\n");
  write(folder / "diskstats", "");
}

/// Starts words[0], a path, with its output in `log`; it dies with this thread's process.
pid_t start_process(const std::vector<std::string>& words, const fs::path& log) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  const pid_t parent = ::getpid(), pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  ::setpgid(0, 0);
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int none = ::open("/dev/null", O_RDONLY);
  ::dup2(none, 0);
  ::dup2(file, 1);
  ::dup2(file, 2);
  ::execv(pointers[0], pointers.data());
  ::_exit(127);
}

bool answers(const std::string& address) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // A packet that came before the machine's cable was plugged in is sent again after a second.
  const timeval soon{.tv_sec = 0, .tv_usec = 50'000};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(22);
  ::inet_pton(AF_INET, address.c_str(), &at.sin_addr);
  const bool open = ::connect(socket, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
  ::close(socket);
  return open;
}

bool try_make_key(const fs::path& file) {
  return run_quietly({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f",
                      file.string()}) == 0;
}

}  // namespace

std::unique_ptr<Hosts> Hosts::try_start(const Options& options, std::string& why) {
  if (::access("/usr/sbin/sshd", X_OK) != 0) {
    why = "there is no /usr/sbin/sshd (package openssh-server)";
    return nullptr;
  }
  if (::geteuid() != 0) {
    why = "machines with users of their own need root";
    return nullptr;
  }
  if (run_quietly({"unshare", "--mount", "--pid", "--fork", "--mount-proc", "mount", "-t", "tmpfs",
                   "tmpfs", "/home"}) != 0) {
    why = "no mounts and no process lists of our own here (CAP_SYS_ADMIN)";
    return nullptr;
  }
  auto network = kill_table::Network::try_enter();
  if (!network) {
    why = "no networks of our own here (CAP_NET_ADMIN, package iproute2)";
    return nullptr;
  }
  std::unique_ptr<Hosts> hosts{new Hosts{std::move(network)}};
  if (!try_make_key(hosts->folder() / "id_ed25519")) {
    why = "there is no ssh-keygen (package openssh-client)";
    return nullptr;
  }
  for (std::size_t i = 0; i < options.count; ++i) hosts->start(i, options);
  return hosts;
}

void Hosts::start(std::size_t i, const Options& options) {
  Machine& machine = machines_.emplace_back();
  const fs::path place = folder() / std::to_string(i);
  machine.home = place / "home";
  fs::create_directories(machine.home);
  if (!try_make_key(place / "host_key")) throw std::runtime_error("ssh-keygen does not work");
  fs::copy_file(folder() / "id_ed25519.pub", place / "authorized_keys");
  write(place / "sshd_config", sshd_config);
  write(place / "passwd",
        "root:x:0:0:root:/root:/bin/sh\n"
        "sshd:x:54320:65534::/run/sshd:/usr/sbin/nologin\n"
        "brink:x:54321:54321::/home/brink:/bin/sh\n");
  // SHA-512 of password(), as crypt(5) has it.
  write(place / "shadow",
        "root:*:19000::::::\nsshd:*:19000::::::\n"
        "brink:$6$brink$O2n2TwTWDnaiI5HlKzwvImxjTEfmZ6m23oBd636wOIJwbq5hXEEcF67tLHZW1kXHVH/"
        "ZOMneTjVNW7A218pqV0:19000::::::\n");
  using Processors = Options::Processors;
  if (options.processors != Processors::here) put_idle_proc(place / "proc");
  auto quarters = network_->quarters(id(i));
  machine.address = quarters.host;
  std::vector<std::string> words = std::move(quarters.words);
  for (const std::string& word :
       {std::string{"/usr/bin/unshare"}, std::string{"--mount"}, std::string{"--pid"},
        std::string{"--fork"}, std::string{"--kill-child"}, std::string{"--mount-proc"},
        std::string{"/bin/sh"}, std::string{"-ec"}, std::string{boot}, std::string{"boot"},
        place.string(), options.home_size}) {
    words.push_back(word);
  }
  machine.keeper = start_process(words, place / "log");
  if (options.processors == Processors::own) {
    machine.processor = std::make_unique<OwnProcessor>(place / "proc" / "stat", machine.keeper);
  }
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!answers(machine.address)) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("sshd does not start: " + content(place / "log"));
    }
    std::this_thread::sleep_for(5ms);
  }
  const std::string key = content(place / "host_key.pub");
  std::ofstream(folder() / "known_hosts", std::ios::app)
      << machine.address << ' ' << key.substr(0, key.find(' ', key.find(' ') + 1)) << '\n';
}

Hosts::~Hosts() {
  for (Machine& machine : machines_) {
    machine.processor.reset();
    if (machine.keeper <= 0) continue;
    ::kill(machine.keeper, SIGKILL);
    ::waitpid(machine.keeper, nullptr, 0);
  }
}

real::FleetHost Hosts::host(std::size_t i) const {
  real::FleetHost host;
  host.name = "host" + std::to_string(i);
  host.address = machines_.at(i).address;
  host.user = "brink";
  host.key = folder() / "id_ed25519";
  host.known_hosts = folder() / "known_hosts";
  for (double& limit : host.limits.values) limit = 0.98;
  return host;
}

std::string Hosts::fleet_text(const std::string& more) const {
  std::string text = "[defaults]\nuser = \"brink\"\nkey = \"id_ed25519\"\n" +
                     ("known_hosts = \"known_hosts\"\n" + more) + '\n';
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    text += "[host.host" + std::to_string(i) + "]\naddress = \"" + machines_[i].address + "\"\n";
  }
  return text;
}

fs::path Hosts::home(std::size_t i) const {
  return machines_.at(i).home;
}

void Hosts::cut_off(std::size_t i) const {
  network_->cut_off(id(i));
}

void Hosts::reconnect(std::size_t i) const {
  network_->reconnect(id(i));
}

std::string Hosts::first_process(std::size_t i) const {
  const std::string keeper = std::to_string(machines_.at(i).keeper);
  std::string pid = content("/proc/" + keeper + "/task/" + keeper + "/children");
  return pid.substr(0, pid.find(' '));
}

int Hosts::run_there(std::size_t i, const std::vector<std::string>& words) const {
  std::vector<std::string> all{"nsenter", "--target", first_process(i), "--mount", "--pid",
                               "--net",   "--"};
  all.insert(all.end(), words.begin(), words.end());
  return run_quietly(all);
}

}  // namespace fleet_test
