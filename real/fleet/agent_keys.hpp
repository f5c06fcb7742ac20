// AgentKeys: the keys under which a fleet's agents seal what they send, one file each.
//
// `brink fleet up` makes a new key when it deploys an agent, while the collector runs: so when a
// body cannot be opened, and the agent's file is not the one that was read, it is read again.
// Without a key the work is the same, under a key that nobody has: time does not tell who has one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "real/fleet/seal.hpp"

namespace real {

class AgentKeys {
 public:
  /// folder  with one file `NAME` for each of `names`; made (mode 0700) where there is none
  AgentKeys(std::filesystem::path folder, std::vector<std::string> names);

  /// What `name`, the host of that number or none of the fleet, has sealed.
  sim::Result<Opened> open(std::optional<std::size_t> host, std::string_view name,
                           std::string_view body);
  /// The key that the host's last body was opened with.
  const Key& key(std::size_t host) const { return *entries_[host].key; }

 private:
  struct Stamp {  // which file it was
    std::uint64_t inode = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Entry {
    std::string name;
    std::optional<Key> key;
    Stamp stamp;
  };

  /// Whether there is a key now that there was not before.
  bool reload(Entry& entry);

  std::filesystem::path folder_;
  std::vector<Entry> entries_;
  Key decoy_ = Key::random();
};

}  // namespace real
