#include "real/fleet/places.hpp"

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <sodium.h>

#include "real/fleet/shell_word.hpp"
#include "real/fleet/ssh.hpp"
#include "real/outpost.hpp"
#include "real/posix.hpp"
#include "real/token.hpp"

namespace real {
namespace {

constexpr std::size_t connections_at_once = 8;
/// As far as clocks may differ for tokens (token.hpp), less what the question takes.
constexpr std::int64_t most_seconds_apart = 50;

/// SHA-256 in hexadecimal.
std::string digest_of(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) throw refused_by_system(path);
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  std::vector<char> piece(std::size_t{1} << 20);
  while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())) || file.gcount() > 0) {
    crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(piece.data()),
                              static_cast<unsigned long long>(file.gcount()));
  }
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
  crypto_hash_sha256_final(&state, hash.data());
  std::string text(2 * hash.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), hash.data(), hash.size());
  text.pop_back();
  return text;
}

/// An address as a number: processes listen at it and others are told it.
sim::Result<std::string> numeric(const std::string& address) {
  asio::io_context io;
  tcp::resolver resolver{io};
  boost::system::error_code error;
  const auto found = resolver.resolve(address, "0", error);
  if (error || found.empty()) return sim::Error{address + ": " + error.message()};
  return found.begin()->endpoint().address().to_string();
}

void send_binary(Ssh& ssh, const PlacesWanted& wanted, const std::string& digest,
                 const std::string& binary) {
  const std::vector<std::string> question{"sha256sum", "--", "./" + binary};
  if (ssh.run(shell_command(question)).output.starts_with(digest)) return;
  ssh.upload(wanted.binary, binary, 0700);
}

sim::Result<Stage::Place> make_ready(const PlacesWanted& wanted, const std::string& digest,
                                     const FleetHost& host) {
  const auto address = numeric(host.address);
  if (!address) return sim::Error{host.name + ": " + address.error()};
  const std::string binary = host.directory + "/brink-real", runs = host.directory + "/runs";
  Ssh ssh{host, wanted.patience};
  ssh.make_folder(host.directory);
  send_binary(ssh, wanted, digest, binary);
  const std::vector<std::string> look{"./" + binary, "warden", "--look"};
  const auto facts = parse_hello(ssh.run_well(shell_command(look)));
  if (!facts) return sim::Error{host.name + ": brink does not run there"};
  const std::int64_t apart = facts->unix_seconds - unix_now();
  if (std::abs(apart) > most_seconds_apart) {
    return sim::Error{host.name + ": its clock is " + std::to_string(std::abs(apart)) + " s " +
                      (apart > 0 ? "ahead of" : "behind") + " ours, too far for tokens"};
  }
  Stage::Place place{.name = host.name,
                     .address = *address,
                     .words = {wanted.binary, "remote", wanted.fleet.file, host.name, "--",
                               "./" + binary, "warden", runs}};
  place.capacity.cores = facts->cpus;
  place.capacity.memory = facts->memory;
  return place;
}

}  // namespace

std::vector<sim::Result<Stage::Place>> make_ready(const PlacesWanted& wanted) {
  std::vector<const FleetHost*> hosts;
  for (const std::string& name : wanted.hosts) hosts.push_back(wanted.fleet.find(name));
  if (hosts.empty()) {
    for (const FleetHost& host : wanted.fleet.hosts) hosts.push_back(&host);
  }
  const std::string digest = digest_of(wanted.binary);
  std::vector<sim::Result<Stage::Place>> places(hosts.size(), sim::Error{"not asked"});
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i; (i = next++) < hosts.size();) {
      try {
        places[i] = make_ready(wanted, digest, *hosts[i]);
      } catch (const std::exception& refused) {
        places[i] = sim::Error{refused.what()};
      }
    }
  };
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < std::min(connections_at_once, hosts.size()); ++i) {
    workers.emplace_back(work);
  }
  for (std::thread& worker : workers) worker.join();
  return places;
}

}  // namespace real
