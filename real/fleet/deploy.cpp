#include "real/fleet/deploy.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "real/fleet/far_script.hpp"
#include "real/fleet/fleet_names.hpp"
#include "real/fleet/retirements.hpp"
#include "real/fleet/shell_word.hpp"
#include "real/fleet/ssh.hpp"
#include "real/http_client.hpp"
#include "real/password.hpp"
#include "real/posix.hpp"
#include "real/secret_file.hpp"
#include "vm/quantity.hpp"
#include "vm/toml_writer.hpp"

namespace real {
namespace {

namespace fs = std::filesystem;

constexpr const char* certificate_file = "certificate.pem";
constexpr const char* certificate_key_file = "certificate.key";
constexpr const char* collector_file = "collector.pem";  // whom it believes

std::string finished(crypto_hash_sha256_state& state) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash;
  crypto_hash_sha256_final(&state, hash.data());
  std::array<char, 2 * hash.size() + 1> text;
  sodium_bin2hex(text.data(), text.size(), hash.data(), hash.size());
  return text.data();
}

std::string digest_of_text(std::string_view text) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()),
                            text.size());
  return finished(state);
}

std::string digest_of_file(const fs::path& file) {
  const Descriptor from{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!from) throw refused_by_system(file);
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  std::vector<unsigned char> chunk(64 << 10);
  for (ssize_t got; (got = ::read(from.get(), chunk.data(), chunk.size())) != 0;) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw refused_by_system(file);
    crypto_hash_sha256_update(&state, chunk.data(), static_cast<std::size_t>(got));
  }
  return finished(state);
}

/// Nobody else deploys this fleet from here as long as this is held.
Descriptor only_one(const Fleet& fleet) {
  const fs::path folder = agent_key_folder(fleet);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) throw refused_by_system(folder);
  Descriptor held{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
  struct stat status {};
  if (!held || ::fstat(held.get(), &status) != 0) throw refused_by_system(folder);
  if ((status.st_mode & 077) != 0) {
    throw std::runtime_error(folder.string() + ": others may use the keys; chmod 700");
  }
  if (::flock(held.get(), LOCK_EX | LOCK_NB) != 0) {
    throw std::runtime_error(folder.string() + ": somebody else deploys this fleet just now");
  }
  return held;
}

Key key_for(const Fleet& fleet, const FleetHost& host) {
  const fs::path file = agent_key_file(fleet, host.name);
  return fs::exists(fs::symlink_status(file)) ? read_key_file(file) : create_key_file(file);
}

std::string commands_text(const FleetHost& host) {
  std::string text;
  for (const AllowedCommand& command : host.commands) {
    std::string list;
    for (const std::string& word : command.words) {
      list += (list.empty() ? "" : ", ") + vm::toml_text(word);
    }
    text += vm::toml_text(command.name) + " = [" + list + "]\n";
  }
  return text;
}

/// The files that an agent is given besides its program, each for its owner only.
class Gifts {
 public:
  Gifts() = default;
  ~Gifts() {
    for (auto& [name, bytes] : files_) wipe(bytes);
  }
  Gifts(const Gifts&) = delete;
  Gifts& operator=(const Gifts&) = delete;

  void add(std::string name, std::string bytes) {
    files_.emplace_back(std::move(name), std::move(bytes));
  }
  /// Their names and digests, a line each.
  std::string digests() const {
    std::string lines;
    for (const auto& [name, bytes] : files_) lines += name + ' ' + digest_of_text(bytes) + '\n';
    return lines;
  }
  void send(Ssh& ssh, const std::string& folder) const {
    for (const auto& [name, bytes] : files_) {
      (void)ssh.write((folder + '/').append(name), bytes, 0600);
    }
    std::vector<std::string> useless;  // what an earlier fleet file wanted: a key, maybe
    for (const char* name : {certificate_file, certificate_key_file, collector_file}) {
      const auto is_it = [name](const auto& file) { return file.first == name; };
      if (std::ranges::none_of(files_, is_it)) useless.emplace_back(name);
    }
    if (!useless.empty()) far_script(ssh, "forget", folder, useless);
  }

 private:
  std::vector<std::pair<std::string, std::string>> files_;
};

/// Throws std::runtime_error that says what is wrong with which file, or std::system_error.
void add_certificate(Gifts& gifts, const FleetHost& host) {
  const FleetSafety& safety = host.safety;
  if (host.listen.empty() || !safety.has_certificate()) return;
  const TlsContext fit{{.chain = safety.certificate, .key = safety.key}};
  gifts.add(certificate_file, read_orders(safety.certificate, most_pem_bytes));
  gifts.add(certificate_key_file, read_secret(safety.key, most_pem_bytes));
}

/// That agents will believe it. Throws as deploy_fleet.
void check_collector(const FleetCollector& collector) {
  const FleetSafety& safety = collector.safety;
  if (!safety.has_certificate()) return;
  const TlsContext fit{{.chain = safety.certificate, .key = safety.key}};
  const auto place = http_place(collector.url);
  if (place && is_made_for(safety.certificate, place->host)) return;
  throw std::runtime_error(safety.certificate.string() + ": not made for the host of " +
                           collector.url + ", where agents reach the collector");
}

std::string exact(vm::BytesPerSecond rate) {
  std::ostringstream text;
  text.precision(17);
  text << rate.value << " B/s";
  return text.str();
}

/// By what names people may call its API, as a Host field has them; loopback's go without saying.
std::vector<std::string> called(const FleetHost& host) {
  std::vector<std::string> names;
  if (is_loopback(host.listen)) return names;
  names = {host.address, host.name};
  names.insert(names.end(), host.names.begin(), host.names.end());
  for (std::string& name : names) {
    if (name.find(':') != std::string::npos) name = '[' + name + ']';
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());  // clang 14 knows no subrange
  return names;
}

/// What is there, as the far script says it.
struct Found {
  std::string binary, config;  // digests, "none" where there is no such file
  std::string running;         // the digest of the program that was started, "none" where it is not
  std::string pid;
  bool users = false;
};

Found look(Ssh& ssh, const FleetHost& host) {
  std::istringstream lines{far_script(ssh, "look", host.directory)};
  Found found;
  for (std::string word, value; lines >> word >> value;) {
    if (word == "binary") found.binary = value;
    if (word == "config") found.config = value;
    if (word == "running") found.running = value;
    if (word == "pid") found.pid = value;
    if (word == "users") found.users = value == "yes";
  }
  return found;
}

class Deployment {
 public:
  Deployment(const Fleet& fleet, const DeployOptions& options)
      : fleet_(fleet),
        options_(options),
        digest_(digest_of_file(options.binary)),
        retirements_(fleet.collector.database) {}

  /// What was done, in words.
  std::string up(const FleetHost& host) {
    std::string said = start(host);
    retirements_.enlist(host.name);  // now that there is somebody to be missed
    return said;
  }

  std::string down(const FleetHost& host) {
    Ssh ssh{host, options_.patience};
    const bool is_new = retirements_.retire(host.name);
    std::string said;
    try {
      said = one_line(far_script(ssh, "remove", host.directory));
    } catch (...) {
      if (is_new) retirements_.take_back(host.name);
      throw;
    }
    std::error_code none;
    fs::remove(agent_key_file(fleet_, host.name), none);
    return said;
  }

 private:
  std::string start(const FleetHost& host) const {
    const Key key = key_for(fleet_, host);
    Gifts gifts;
    gifts.add("agent.key", {reinterpret_cast<const char*>(key.data()), Key::size});
    gifts.add("commands.toml", commands_text(host));
    add_certificate(gifts, host);
    const FleetSafety& collector = fleet_.collector.safety;
    if (collector.has_certificate()) {
      gifts.add(collector_file, read_orders(collector.certificate, most_pem_bytes));
    }
    Ssh ssh{host, options_.patience};
    ssh.make_folder(host.directory);
    const Found found = look(ssh, host);
    const std::vector<std::string> words = agent_words(fleet_, host, found.users);
    const std::string config = "words " + shell_command(words) + '\n' + gifts.digests();
    const bool same_binary = found.binary == digest_;
    const bool same_config = found.config == digest_of_text(config);
    const std::string waiting =
        !host.commands.empty() && !found.users ? "; its commands wait for a user of its API" : "";
    if (same_binary && same_config && found.running == digest_) {
      return "runs already (pid " + found.pid + ")" + waiting;
    }
    if (!same_binary) (void)ssh.upload(options_.binary, host.directory + "/brink", 0700);
    gifts.send(ssh, host.directory);
    if (found.running != "none") far_script(ssh, "stop", host.directory);
    std::vector<std::string> program{digest_};
    program.insert(program.end(), words.begin(), words.end());
    const std::string pid = one_line(far_script(ssh, "start", host.directory, program));
    // Last: what is not written down is done again.
    (void)ssh.write(host.directory + "/agent.config", config, 0600);
    return (found.running == "none" ? "started (pid " : "replaced (pid ") + pid +
           (same_binary ? ")" : ", new binary)") + waiting;
  }

  const Fleet& fleet_;
  const DeployOptions& options_;
  std::string digest_;  // of our program
  Retirements retirements_;
};

/// Calls `work` for each host, side by side.
bool for_each_host(const Fleet& fleet, const DeployOptions& options, const TellDeployed& tell,
                   const std::function<std::string(const FleetHost&)>& work) {
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> all_well = true;
  std::mutex telling;
  const auto run = [&] {
    for (std::size_t i; (i = next++) < fleet.hosts.size();) {
      Deployed result{.host = fleet.hosts[i].name, .done = true, .what = {}};
      try {
        result.what = work(fleet.hosts[i]);
      } catch (const std::exception& failure) {
        result.done = false;
        result.what = failure.what();
        const std::string name = result.host + ": ";  // which an SshError begins with
        if (result.what.starts_with(name)) result.what.erase(0, name.size());
        all_well = false;
      }
      const std::lock_guard lock{telling};
      tell(result);
    }
  };
  const std::size_t threads =
      std::min(std::max<std::size_t>(options.connections, 1), fleet.hosts.size());
  std::vector<std::jthread> pool;
  for (std::size_t i = 1; i < threads; ++i) pool.emplace_back(run);
  run();
  pool.clear();
  return all_well;
}

}  // namespace

std::vector<std::string> agent_words(const Fleet& fleet, const FleetHost& host, bool with_users) {
  std::vector<std::string> words{"agent",       "--push",     fleet.collector.url,
                                 "--push-name", host.name,    "--push-key-file",
                                 "agent.key",   "--interval", vm::format_duration(fleet.interval),
                                 "--log",       "agent.log"};
  const auto add = [&words](const char* option, const std::string& value) {
    words.insert(words.end(), {option, value});
  };
  if (fleet.collector.safety.has_certificate()) add("--push-ca", collector_file);
  if (host.disk.value > 0) add("--disk", exact(host.disk));
  if (host.network.value > 0) add("--network", exact(host.network));
  if (host.listen.empty()) return words;
  add("--listen", host.listen);
  if (host.safety.has_certificate()) {
    add("--certificate", certificate_file);
    add("--private-key", certificate_key_file);
  }
  if (host.safety.plain_http) words.emplace_back("--plain-http");
  for (const std::string& name : called(host)) add("--host", name);
  if (!with_users) return words;
  add("--users", "agent.users");
  add("--audit", "agent.audit");
  if (!host.commands.empty()) add("--allow", "commands.toml");
  return words;
}

bool deploy_fleet(const Fleet& fleet, const DeployOptions& options, const TellDeployed& tell) {
  check_collector(fleet.collector);
  const Descriptor held = only_one(fleet);
  Deployment deployment{fleet, options};
  return for_each_host(fleet, options, tell,
                       [&](const FleetHost& host) { return deployment.up(host); });
}

bool retire_fleet(const Fleet& fleet, const DeployOptions& options, const TellDeployed& tell) {
  const Descriptor held = only_one(fleet);
  Deployment deployment{fleet, options};
  return for_each_host(fleet, options, tell,
                       [&](const FleetHost& host) { return deployment.down(host); });
}

}  // namespace real
