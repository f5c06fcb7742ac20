#include "tests/kill/processes.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "real/posix.hpp"

namespace kill_table {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> words_of(const fs::path& process) {
  std::ifstream file{process / "cmdline", std::ios::binary};
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

struct Connection {
  std::string here, there;  // as in /proc/net/tcp
  bool listening = false;
};

/// By inode, of the network that `process` (a folder of /proc) lives in.
std::map<std::string, Connection> connections_of(const fs::path& process) {
  std::map<std::string, Connection> found;
  std::ifstream table{process / "net/tcp"};
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream fields{line};
    std::string number, here, there, state, skipped, inode;
    fields >> number >> here >> there >> state;
    for (int i = 0; i < 5; ++i) fields >> skipped;
    fields >> inode;
    found[inode] = {here, there, state == "0A"};
  }
  return found;
}

struct Socket {
  int descriptor = -1;  // in its process
  Connection connection;
};

std::vector<Socket> sockets_of(pid_t pid) {
  constexpr std::string_view kind = "socket:[";
  const fs::path process = fs::path{"/proc"} / std::to_string(pid);
  const auto connections = connections_of(process);
  std::vector<Socket> sockets;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator(process / "fd", gone)) {
    const std::string target = fs::read_symlink(entry.path(), gone);
    if (!target.starts_with(kind)) continue;
    const auto found =
        connections.find(target.substr(kind.size(), target.size() - kind.size() - 1));
    if (found == connections.end()) continue;
    sockets.push_back({std::stoi(entry.path().filename()), found->second});
  }
  return sockets;
}

/// Borrows the descriptor from its process and shuts the connection down, both ways.
bool shut(pid_t pid, int descriptor) {
  const real::Descriptor process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (process.get() < 0) return false;
  const real::Descriptor socket{
      static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), descriptor, 0))};
  return socket.get() >= 0 && ::shutdown(socket.get(), SHUT_RDWR) == 0;
}

}  // namespace

std::vector<Part> parts_of(const fs::path& folder) {
  std::vector<Part> parts;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc", gone)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto words = words_of(entry.path());
    const bool ours = words.size() > 1 && std::ranges::any_of(words, [&](const std::string& word) {
                        return word.starts_with(folder.native());
                      });
    if (!ours) continue;
    Part part{.pid = std::stoi(name), .verb = words[1]};
    const auto machine = std::ranges::find(words, "--machine");
    if (machine != words.end() && machine + 1 != words.end()) {
      part.machine = {static_cast<std::uint32_t>(std::stoul(machine[1]))};
    }
    parts.push_back(part);
  }
  return parts;
}

std::optional<pid_t> find(const std::vector<Part>& parts, const std::string& verb,
                          vm::MachineId machine) {
  const auto found = std::ranges::find_if(
      parts, [&](const Part& part) { return part.verb == verb && part.machine == machine; });
  return found == parts.end() ? std::nullopt : std::optional{found->pid};
}

std::size_t cut(pid_t one, pid_t other) {
  const auto theirs = sockets_of(other);
  std::size_t count = 0;
  for (const Socket& ours : sockets_of(one)) {
    const bool between = std::ranges::any_of(theirs, [&](const Socket& end) {
      return end.connection.here == ours.connection.there &&
             end.connection.there == ours.connection.here;
    });
    if (between && shut(one, ours.descriptor)) ++count;
  }
  return count;
}

std::size_t cut_accepted(pid_t one, pid_t but) {
  const auto sockets = sockets_of(one), others = sockets_of(but);
  std::set<std::string> doors;
  for (const Socket& s : sockets) {
    if (s.connection.listening) doors.insert(s.connection.here);
  }
  std::size_t count = 0;
  for (const Socket& s : sockets) {
    const bool accepted = !s.connection.listening && doors.contains(s.connection.here);
    const bool spared = std::ranges::any_of(
        others, [&](const Socket& end) { return end.connection.here == s.connection.there; });
    if (accepted && !spared && shut(one, s.descriptor)) ++count;
  }
  return count;
}

std::vector<std::string> groups_of(const std::vector<Part>& nodes) {
  std::set<std::string> names;
  for (const Part& node : nodes) {
    names.insert("brink-" + std::to_string(node.pid) + "-" + std::to_string(node.machine.value));
  }
  std::vector<std::string> left;
  std::error_code refused;
  const auto skip = fs::directory_options::skip_permission_denied;
  for (auto entry = fs::recursive_directory_iterator("/sys/fs/cgroup", skip, refused);
       !refused && entry != fs::recursive_directory_iterator{}; entry.increment(refused)) {
    if (names.contains(entry->path().filename())) left.push_back(entry->path());
  }
  return left;
}

std::vector<std::string> doors_of(pid_t process) {
  std::vector<std::string> doors;
  for (const Socket& s : sockets_of(process)) {
    if (!s.connection.listening) continue;
    const auto colon = s.connection.here.find(':');  // both in hexadecimal, the address reversed
    const auto port = std::stoul(s.connection.here.substr(colon + 1), nullptr, 16);
    doors.push_back("127.0.0.1:" + std::to_string(port));
  }
  return doors;
}

std::vector<std::string> listening_here() {
  std::vector<std::string> ports;
  for (const auto& [inode, connection] : connections_of("/proc/thread-self")) {
    if (connection.listening) ports.push_back(connection.here);
  }
  return ports;
}

}  // namespace kill_table
