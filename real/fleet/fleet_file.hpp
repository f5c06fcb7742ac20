// FleetFile: which machines are watched, how they are reached, and what is promised of them.
//
// A fleet file is TOML, or the XML of older set-ups; docs/FLEET.md describes every key of both. It
// is read as strictly as a scenario: all mistakes at once, each with its place and the nearest
// valid name. XML is put into the TOML that means the same and read from there, so that both obey
// one set of rules; its mistakes carry the line of their element.
//
// What a name may hold is narrow on purpose. Host names become file names, words of commands and
// lines of mails; addresses go into mail headers. So there is no blank, no quote, no line end and
// no path in any of them, and whoever writes them down need not ask again.
//
// Paths are absolute when they leave here: in the file they start where it lies, or at `~/`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "real/fleet/allow_file.hpp"
#include "vm/entities.hpp"
#include "vm/issue.hpp"

namespace real {

/// How a port beyond loopback is kept from strangers on the way: nothing, a certificate with its
/// key (PEM), or the word that it need not be.
struct FleetSafety {
  std::filesystem::path certificate, key;  // both or none
  bool plain_http = false;                 // not beside a certificate

  bool has_certificate() const { return !certificate.empty(); }
};

struct FleetHost {
  std::string name;     // letters, digits, '.', '-', '_'; begins with a letter or digit; <= 64
  std::string address;  // a host name or an IP address, without brackets
  std::uint16_t port = 22;
  std::string user;
  std::filesystem::path key;            // private key; empty: by password
  std::filesystem::path password_file;  // mode 0600, one line; empty: by key
  std::string password;                 // of an XML file that only its owner can read; else empty
  std::filesystem::path known_hosts;
  std::string directory = ".brink";  // there, relative to the user's home; never leaves it
  vm::BytesPerSecond disk{};         // what it can do; 0: not known
  vm::BytesPerSecond network{};
  vm::PerResource<double> limits{};  // utilisation above which it is in trouble, 0 to 1
  std::vector<std::string> mail;     // who is told; may be empty
  std::string listen;                // IP:PORT of the agent's own API there; empty: it has none
  FleetSafety safety;                // of that; says something where it is beyond loopback
  std::vector<std::string> names;    // by which that may be called, besides `name` and `address`
  std::vector<AllowedCommand> commands;  // what POST /run of its agent may start
};

struct FleetCollector {
  std::string listen = "127.0.0.1:9120";  // IP:PORT, port above 0
  std::string url;                        // where agents reach it; https:// with a certificate
  FleetSafety safety;                     // beyond loopback without: sealed batches only
  std::filesystem::path database;
  vm::Duration raw{};      // how long single samples are kept,
  vm::Duration minutes{};  // how long averages over minutes,
  vm::Duration hours{};    // and how long averages over hours
};

struct FleetSmtp {
  std::string server;               // HOST:PORT
  std::string from;                 // one mail address
  std::filesystem::path user_file;  // mode 0600: a line with the user, one with the password
  bool plain = false;               // mail may go without TLS
  std::filesystem::path ca_file;    // trusted besides the system's; empty: none
};

struct Fleet {
  std::string name;
  vm::Duration interval{};  // between samples
  vm::Duration window{};    // a limit has to be exceeded for so long, >= interval
  vm::Duration silence{};   // no answer for so long: down, > interval
  double objective = 0.999;
  FleetCollector collector;
  std::optional<FleetSmtp> smtp;
  std::vector<FleetHost> hosts;  // at least one, in the order of the file; names differ
  std::filesystem::path file;    // where it was read from

  const FleetHost* find(std::string_view host) const;
};

using LoadedFleet = vm::Loaded<Fleet>;

/// Largest fleet file that is read: 4 MiB, some 10,000 hosts.
inline constexpr std::size_t most_fleet_bytes = std::size_t{4} << 20;
inline constexpr std::size_t most_fleet_hosts = 10'000;

/// Reads a fleet file. A missing or unreadable one is an issue like any other, and so is one that
/// holds passwords and that others can read.
LoadedFleet read_fleet(const std::filesystem::path& file);

/// The same from text. Issues name it `name`; relative paths in it start at `base`.
LoadedFleet parse_fleet(std::string_view text, std::string_view name,
                        const std::filesystem::path& base = {});

/// Where the collector keeps the keys of its agents, one file each: beside its database.
std::filesystem::path agent_key_folder(const Fleet& fleet);
std::filesystem::path agent_key_file(const Fleet& fleet, const std::string& host);

}  // namespace real
