#include "real/fleet/fleet_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <tuple>

#include <sys/stat.h>

#include "real/fleet/allow_table.hpp"
#include "real/fleet/fleet_names.hpp"
#include "real/fleet/fleet_xml.hpp"
#include "vm/quantity.hpp"
#include "vm/spelling.hpp"
#include "vm/text_file.hpp"
#include "vm/toml_reader.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using vm::TableReader;
using vm::Value;
using vm::Zero;

struct Draft {
  Fleet fleet;
  FleetHost usual;         // what [fleet] and [defaults] say of every host
  fs::path base;           // where relative paths of the file start
  bool passwords = false;  // may stand in the file itself, as they did in older set-ups
};

std::optional<std::string> text_of(const Value& value, bool (*fits)(std::string_view),
                                   std::string_view expected) {
  auto text = value.as_text();
  if (!text || fits(*text)) return text;
  value.wrong("expected " + std::string{expected} + ", found " + vm::in_quotes(*text));
  return std::nullopt;
}

bool text(TableReader& reader, std::string_view key, std::string& into,
          bool (*fits)(std::string_view), std::string_view expected) {
  const auto value = reader.find(key);
  if (!value) return false;
  if (auto good = text_of(*value, fits, expected)) into = std::move(*good);
  return true;
}

fs::path from(const fs::path& base, const std::string& written) {
  const char* home = std::getenv("HOME");
  const bool at_home = written.starts_with("~/") && home != nullptr;
  return fs::absolute(at_home ? fs::path{home} / written.substr(2) : base / written)
      .lexically_normal();
}

bool path(TableReader& reader, std::string_view key, const fs::path& base, fs::path& into) {
  std::string written;
  if (!text(reader, key, written, is_one_line, "the path of a file")) return false;
  into = from(base, written);
  return true;
}

bool span(TableReader& reader, std::string_view key, vm::Duration low, vm::Duration high,
          vm::Duration& into) {
  const auto value = reader.find(key);
  if (!value) return false;
  const auto given = value->as_duration(Zero::allowed);
  if (given && *given >= low && *given <= high) {
    into = *given;
  } else if (given) {
    value->wrong("expected " + vm::format_duration(low) + " to " + vm::format_duration(high) +
                 ", found " + vm::format_duration(*given));
  }
  return true;
}

void read_mail(const Value& value, std::vector<std::string>& into) {
  into.clear();
  auto* list = value.node.as_array();
  if (list != nullptr && list->empty()) return;  // nobody, in so many words
  list = value.as_array("[\"ops@example.org\"]", 100);
  if (list == nullptr) return;
  for (auto& element : *list) {
    const auto address =
        text_of(value.at(element), is_mail_address, "a mail address such as \"ops@example.org\"");
    if (address) into.push_back(*address);
  }
}

void read_limits(const Value& value, vm::PerResource<double>& limits) {
  auto* table = value.as_table("{ cpu = \"98 %\", memory = \"90 %\" }");
  if (table == nullptr) return;
  TableReader reader(*table, "'limits'", value.issues);
  for (const vm::Resource resource : vm::all_resources) {
    reader.percent(to_string(resource), limits[resource], 0.0001, 1);
  }
}

void read_commands(const Value& value, std::vector<AllowedCommand>& commands) {
  auto* table = value.as_table("{ uptime = [\"/usr/bin/uptime\"] }");
  if (table != nullptr) commands = read_allow_table(*table, value.issues);
}

/// One way in takes the place of another that [defaults] gave.
void read_credentials(TableReader& reader, const Draft& draft, FleetHost& host) {
  fs::path key, password_file;
  std::string password;
  const int ways = int{path(reader, "key", draft.base, key)} +
                   int{path(reader, "password_file", draft.base, password_file)} +
                   int{draft.passwords && text(reader, "password", password, is_one_line,
                                               "a password without line ends")};
  if (ways == 0) return;
  if (ways > 1) reader.wrong("has several ways in; one of 'key' and a password is enough");
  host.key = key;
  host.password_file = password_file;
  host.password = password;
}

/// A certificate takes the place of the word that [defaults] gave, and the word that of one.
void read_safety(TableReader& reader, const fs::path& base, FleetSafety& safety) {
  FleetSafety said;
  const bool certificate = path(reader, "certificate", base, said.certificate);
  const bool key = path(reader, "certificate_key", base, said.key);
  const auto plain = reader.find("plain_http");
  if (plain) said.plain_http = plain->as_bool().value_or(false);
  if (certificate != key) {
    reader.wrong("needs both 'certificate' and 'certificate_key', or neither");
  } else if (certificate && said.plain_http) {
    reader.wrong("has a certificate and 'plain_http'; one of them is enough");
  }
  if (certificate || key || plain) safety = std::move(said);
}

void read_names(const Value& value, std::vector<std::string>& names) {
  names.clear();
  auto* list = value.as_array("[\"web1.example.org\"]", 100);
  if (list == nullptr) return;
  for (auto& element : *list) {
    const auto name = text_of(value.at(element), is_network_address,
                              "a host name or an address such as \"web1.example.org\"");
    if (name) names.push_back(*name);
  }
}

/// What a host may say, and [defaults] for all of them.
void read_host_keys(TableReader& reader, const Draft& draft, FleetHost& host) {
  if (const auto port = reader.find("port")) {
    host.port = static_cast<std::uint16_t>(port->as_count(1, 65'535).value_or(22));
  }
  text(reader, "user", host.user, is_user_name, "a user's name such as \"brink\"");
  read_credentials(reader, draft, host);
  path(reader, "known_hosts", draft.base, host.known_hosts);
  text(reader, "directory", host.directory, is_folder_below,
       "a folder below the user's home such as \".brink\"");
  reader.byte_rate("disk", host.disk, Zero::refused);
  reader.byte_rate("network", host.network, Zero::refused);
  if (const auto limits = reader.find("limits")) read_limits(*limits, host.limits);
  if (const auto mail = reader.find("mail")) read_mail(*mail, host.mail);
  text(reader, "listen", host.listen, is_ip_and_port,
       "an IP address and a port such as \"127.0.0.1:9110\"");
  read_safety(reader, draft.base, host.safety);
  if (const auto names = reader.find("names")) read_names(*names, host.names);
  if (const auto commands = reader.find("commands")) read_commands(*commands, host.commands);
}

void read_general(TableReader& root, Draft& draft) {
  Fleet& fleet = draft.fleet;
  fleet.name = "fleet";
  fleet.interval = 1s;
  for (double& limit : draft.usual.limits.values) limit = 0.98;
  const auto section = root.find("fleet");
  auto* table = section ? section->as_table("[fleet]") : nullptr;
  toml::table none;
  TableReader reader(table ? *table : none, "[fleet]", root.issues());
  text(reader, "name", fleet.name, is_host_name, "a name of letters, digits, '.', '-' and '_'");
  span(reader, "interval", 100ms, 1h, fleet.interval);
  fleet.window = std::max<vm::Duration>(5s, fleet.interval);
  fleet.silence = std::max<vm::Duration>(5s, 3 * fleet.interval);
  span(reader, "window", fleet.interval, 24h, fleet.window);
  // One interval and a bit is what a healthy agent needs now and then.
  span(reader, "silence", fleet.interval + fleet.interval / 2, 24h, fleet.silence);
  reader.percent("objective", fleet.objective, 0.5, 0.999999);
  if (const auto limits = reader.find("limits")) read_limits(*limits, draft.usual.limits);
  if (const auto mail = reader.find("mail")) read_mail(*mail, draft.usual.mail);
}

/// Somebody else's machine can do nothing with an address that means "all of mine".
bool is_every_address(const std::string& listen) {
  return listen.starts_with("0.0.0.0:") || listen.starts_with("[::]:");
}

void read_collector(TableReader& root, Draft& draft) {
  FleetCollector& collector = draft.fleet.collector;
  collector.database = from(draft.base, "fleet.sqlite");
  collector.raw = 24h;
  collector.minutes = 30 * 24h;
  collector.hours = 730 * 24h;
  const auto section = root.find("collector");
  auto* table = section ? section->as_table("[collector]") : nullptr;
  toml::table none;
  TableReader reader(table ? *table : none, "[collector]", root.issues());
  text(reader, "listen", collector.listen, is_ip_and_port,
       "an IP address and a port such as \"127.0.0.1:9120\"");
  read_safety(reader, draft.base, collector.safety);
  const bool tls = collector.safety.has_certificate();
  collector.url = (tls ? "https://" : "http://") + collector.listen;
  const bool reachable =
      tls ? text(reader, "url", collector.url, is_https_url,
                 "an address such as \"https://10.0.0.1:9120\" (there is a certificate)")
          : text(reader, "url", collector.url, is_http_url,
                 "an address such as \"http://10.0.0.1:9120\" (what agents send there is sealed; "
                 "https:// needs 'certificate' and 'certificate_key')");
  if (!reachable && is_every_address(collector.listen)) {
    reader.wrong("needs 'url', where agents reach it, since 'listen' is every address here");
  }
  path(reader, "database", draft.base, collector.database);
  const auto most = 100 * 365 * 24h;
  span(reader, "raw", 1min, most, collector.raw);
  span(reader, "minutes", 1min, most, collector.minutes);
  span(reader, "hours", 1min, most, collector.hours);
  if (collector.minutes < collector.raw || collector.hours < collector.minutes) {
    reader.wrong("keeps the finer for longer than the coarser: 'raw' <= 'minutes' <= 'hours'");
  }
}

void read_smtp(TableReader& root, Draft& draft) {
  const auto section = root.find("smtp");
  auto* table = section ? section->as_table("[smtp]") : nullptr;
  if (table == nullptr) return;
  FleetSmtp smtp;
  TableReader reader(*table, "[smtp]", root.issues());
  if (const auto server = reader.need("server", "\"smtp.example.org:587\"")) {
    smtp.server = text_of(*server, is_host_and_port, "a server such as \"smtp.example.org:587\"")
                      .value_or("");
  }
  if (const auto sender = reader.need("from", "\"brink@example.org\"")) {
    smtp.from = text_of(*sender, is_mail_address, "a mail address such as \"brink@example.org\"")
                    .value_or("");
  }
  path(reader, "user_file", draft.base, smtp.user_file);
  if (const auto plain = reader.find("plain")) smtp.plain = plain->as_bool().value_or(false);
  path(reader, "ca_file", draft.base, smtp.ca_file);
  draft.fleet.smtp = std::move(smtp);
}

void read_defaults(TableReader& root, Draft& draft) {
  draft.usual.known_hosts = from(draft.base, "~/.ssh/known_hosts");
  const auto section = root.find("defaults");
  auto* table = section ? section->as_table("[defaults]") : nullptr;
  if (table == nullptr) return;
  TableReader reader(*table, "[defaults]", root.issues());
  read_host_keys(reader, draft, draft.usual);
}

FleetHost read_host(toml::table& table, const std::string& name, const Draft& draft,
                    vm::Issues& issues) {
  FleetHost host = draft.usual;
  host.name = host.address = name;
  TableReader reader(table, "[host." + name + "]", issues);
  text(reader, "address", host.address, is_network_address,
       "a host name or an address such as \"10.0.0.11\"");
  read_host_keys(reader, draft, host);
  if (host.user.empty() && !table.contains("user")) reader.wrong("needs 'user', such as \"brink\"");
  const bool has_way_in = !host.key.empty() || !host.password_file.empty() ||
                          !host.password.empty() || table.contains("key") ||
                          table.contains("password_file") || table.contains("password");
  if (!has_way_in) reader.wrong("needs 'key', such as \"id_ed25519\"");
  const bool is_open = !host.listen.empty() && !is_loopback(host.listen);
  if (is_open && host.safety.certificate.empty() && host.safety.key.empty() &&
      !host.safety.plain_http) {
    reader.wrong("listens at " + host.listen +
                 ", beyond loopback: it needs 'certificate' and 'certificate_key', or "
                 "'plain_http = true', with which everybody on the way can read passwords");
  }
  return host;
}

/// Two agents in one folder would take each other's place for ever.
void check_apart(const std::vector<FleetHost>& hosts, const toml::table& tables,
                 vm::Issues& issues) {
  std::map<std::tuple<std::string, int, std::string, std::string>, std::string> places;
  for (const FleetHost& host : hosts) {
    const auto [taken, fresh] =
        places.try_emplace({host.address, host.port, host.user, host.directory}, host.name);
    if (fresh) continue;
    issues.add(tables.get(host.name)->source(),
               "[host." + host.name + "] is where [host." + taken->second +
                   "] is already; another 'directory' would keep them apart");
  }
}

void read_hosts(TableReader& root, Draft& draft) {
  const auto section = root.find("host");
  if (!section) return root.wrong("needs at least one [host.NAME]");
  auto* tables = section->as_table("[host.NAME]");
  if (tables == nullptr) return;
  if (tables->size() > most_fleet_hosts) {
    return root.wrong("has " + std::to_string(tables->size()) + " hosts, at most " +
                      std::to_string(most_fleet_hosts));
  }
  for (const auto& [key, node] : vm::in_order(*tables)) {
    const std::string name{key->str()};
    if (!is_host_name(name)) {
      root.issues().add(key->source(),
                        "a host's name is letters, digits, '.', '-' and '_' and begins with a "
                        "letter or digit, found " +
                            vm::in_quotes(name));
    } else if (auto* table = Value{*node, name, root.issues()}.as_table("[host.NAME]")) {
      draft.fleet.hosts.push_back(read_host(*table, name, draft, root.issues()));
    }
  }
  check_apart(draft.fleet.hosts, *tables, root.issues());
}

LoadedFleet parse_toml_fleet(std::string_view text, std::string_view name, const fs::path& base,
                             bool passwords) {
  auto root = vm::parse_document(text, name);
  if (!root) return root.issues();
  vm::Issues issues{std::string(name)};
  Draft draft{.fleet = {}, .usual = {}, .base = base, .passwords = passwords};
  {
    TableReader reader(*root, "the fleet file", issues);
    read_general(reader, draft);
    read_defaults(reader, draft);
    read_collector(reader, draft);
    read_smtp(reader, draft);
    read_hosts(reader, draft);
  }  // here the reader reports the sections that nobody asked for
  if (!issues.empty()) return issues.take();
  return std::move(draft.fleet);
}

/// Issues of the translation, under the lines of what was translated.
std::vector<vm::Issue> back_in_xml(std::vector<vm::Issue> issues, const std::vector<int>& lines) {
  for (vm::Issue& issue : issues) {
    const auto at = static_cast<std::size_t>(issue.line);
    issue.line = at >= 1 && at <= lines.size() ? lines[at - 1] : 0;
    issue.column = 0;
  }
  return issues;
}

}  // namespace

const FleetHost* Fleet::find(std::string_view host) const {
  const auto found = std::ranges::find(hosts, host, &FleetHost::name);
  return found == hosts.end() ? nullptr : &*found;
}

LoadedFleet parse_fleet(std::string_view text, std::string_view name, const fs::path& base) {
  if (!looks_like_xml(text)) return parse_toml_fleet(text, name, base, false);
  const auto translated = translate_fleet_xml(text, name);
  if (!translated) return translated.issues();
  auto fleet = parse_toml_fleet(translated->toml, name, base, true);
  if (!fleet) return back_in_xml(fleet.issues(), translated->lines);
  return fleet;
}

LoadedFleet read_fleet(const fs::path& file) {
  const auto text = vm::read_text_file(file, most_fleet_bytes, "fleet");
  if (!text) return text.issues();
  auto fleet = parse_fleet(*text, file.string(), fs::absolute(file).parent_path());
  if (!fleet) return fleet;
  fleet->file = fs::absolute(file).lexically_normal();
  struct stat status {};
  const bool holds_passwords = std::ranges::any_of(
      fleet->hosts, [](const FleetHost& host) { return !host.password.empty(); });
  if (holds_passwords && (::stat(file.c_str(), &status) != 0 || (status.st_mode & 077) != 0)) {
    return std::vector<vm::Issue>{
        {file.string(), 0, 0,
         "holds passwords, and others may use it; allow it to its owner only (chmod 600), or use "
         "keys"}};
  }
  return fleet;
}

fs::path agent_key_folder(const Fleet& fleet) {
  return fleet.collector.database.string() + ".keys";
}

fs::path agent_key_file(const Fleet& fleet, const std::string& host) {
  return agent_key_folder(fleet) / host;
}

}  // namespace real
