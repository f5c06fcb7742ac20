#include "real/fleet/host_key.hpp"

#include <memory>
#include <sstream>

#include "real/fleet/shell_word.hpp"
#include "vm/text_file.hpp"

namespace real {
namespace {

constexpr std::size_t most_known_hosts = std::size_t{16} << 20;

/// How known_hosts names a machine.
std::string entry_name(const FleetHost& host) {
  if (host.port == 22) return host.address;
  return '[' + host.address + "]:" + std::to_string(host.port);
}

class Keys {
 public:
  Keys(const SshLibrary& library, ssh_session session, const FleetHost& host)
      : library_(library), session_(session), host_(host), shown_(nullptr, library.ssh_key_free) {
    ssh_key key = nullptr;
    if (library.ssh_get_server_publickey(session, &key) == SSH_OK) shown_.reset(key);
  }

  std::string refused() const {
    if (!shown_) return "shows no key";
    const std::string revoked = line_about(true);
    if (!revoked.empty()) return "shows a key that " + revoked + " has revoked";
    switch (library_.ssh_session_is_known_server(session_)) {
      case SSH_KNOWN_HOSTS_OK:
        return {};
      case SSH_KNOWN_HOSTS_CHANGED:
      case SSH_KNOWN_HOSTS_OTHER:
        return changed();
      case SSH_KNOWN_HOSTS_UNKNOWN:
      case SSH_KNOWN_HOSTS_NOT_FOUND:
        return unknown();
      case SSH_KNOWN_HOSTS_ERROR:
        break;
    }
    return "cannot be compared with " + host_.known_hosts.string() + ": " +
           one_line(library_.ssh_get_error(session_));
  }

 private:
  std::string unknown() const {
    char* text = nullptr;
    std::string line;
    if (library_.ssh_session_export_known_hosts_entry(session_, &text) == SSH_OK) line = text;
    if (text != nullptr) library_.ssh_string_free_char(text);
    return "its key is not in " + host_.known_hosts.string() + "; if " + fingerprint() +
           " is its fingerprint, add this line: " + one_line(line);
  }

  std::string changed() const {
    const std::string where = line_about(false);
    return "shows a key with fingerprint " + fingerprint() + ", but " +
           (where.empty() ? host_.known_hosts.string() : where) +
           " holds another one: somebody may be in between; if the machine has a new key, remove "
           "the old one: ssh-keygen -f " +
           shell_word(host_.known_hosts.string()) + " -R " + shell_word(entry_name(host_));
  }

  std::string fingerprint() const {
    unsigned char* hash = nullptr;
    std::size_t size = 0;
    const int done =
        library_.ssh_get_publickey_hash(shown_.get(), SSH_PUBLICKEY_HASH_SHA256, &hash, &size);
    if (done != 0) return "(none)";
    char* text = library_.ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size);
    std::string print = text != nullptr ? text : "(none)";
    library_.ssh_clean_pubkey_hash(&hash);
    if (text != nullptr) library_.ssh_string_free_char(text);
    return print;
  }

  /// "FILE:LINE" of the first entry about this machine; empty: none. Of those that revoke, only one
  /// that revokes the key it has shown, which libssh overlooks.
  std::string line_about(bool revoked) const {
    const auto text = vm::read_text_file(host_.known_hosts, most_known_hosts, "known_hosts");
    if (!text) return {};
    constexpr std::string_view mark = "@revoked ";
    std::istringstream lines{*text};
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      if (line.starts_with(mark) != revoked) continue;
      if (revoked) line.erase(0, mark.size());
      ssh_knownhosts_entry* entry = nullptr;
      const std::string name = entry_name(host_);
      if (library_.ssh_known_hosts_parse_line(name.c_str(), line.c_str(), &entry) != SSH_OK) {
        continue;
      }
      const bool same =
          library_.ssh_key_cmp(entry->publickey, shown_.get(), SSH_KEY_CMP_PUBLIC) == 0;
      library_.ssh_knownhosts_entry_free(entry);
      if (same == revoked) return host_.known_hosts.string() + ':' + std::to_string(number);
    }
    return {};
  }

  const SshLibrary& library_;
  ssh_session session_;
  const FleetHost& host_;
  std::unique_ptr<ssh_key_struct, decltype(&::ssh_key_free)> shown_;
};

}  // namespace

std::string host_key_refused(const SshLibrary& library, ssh_session session,
                             const FleetHost& host) {
  return Keys{library, session, host}.refused();
}

}  // namespace real
