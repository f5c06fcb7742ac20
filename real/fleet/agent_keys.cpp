#include "real/fleet/agent_keys.hpp"

#include <sys/stat.h>

#include "real/posix.hpp"

namespace real {

AgentKeys::AgentKeys(std::filesystem::path folder, std::vector<std::string> names)
    : folder_(std::move(folder)) {
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) throw refused_by_system(folder_);
  for (std::string& name : names) {
    reload(entries_.emplace_back(Entry{std::move(name), {}, {}}));
  }
}

sim::Result<Opened> AgentKeys::open(std::optional<std::size_t> host, std::string_view name,
                                    std::string_view body) {
  const bool known = host && entries_[*host].key;
  auto opened = open_sealed(known ? *entries_[*host].key : decoy_, name, body);
  if (opened && known) return opened;
  if (host && reload(entries_[*host])) return open_sealed(*entries_[*host].key, name, body);
  return sim::Error{"not sealed by an agent of this fleet"};
}

bool AgentKeys::reload(Entry& entry) {
  const auto file = folder_ / entry.name;
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return false;
  const Stamp stamp{status.st_ino, status.st_ctim.tv_sec * 1'000'000'000 + status.st_ctim.tv_nsec};
  if (entry.key && stamp == entry.stamp) return false;
  try {
    entry.key = read_key_file(file);
  } catch (const std::exception&) {
    return false;  // half written, or no secret: the agent comes again
  }
  entry.stamp = stamp;
  return true;
}

}  // namespace real
