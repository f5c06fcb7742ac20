#include "real/fleet/fleet_watch.hpp"

#include <fcntl.h>

#include "real/http_client.hpp"
#include "real/link.hpp"
#include "real/posix.hpp"
#include "real/token.hpp"

namespace real {
namespace {

constexpr std::size_t beside_agents = 64;  // connections of people and tools

std::string token_in(const std::filesystem::path& file) {
  const Descriptor made{
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (made) {
    const Key key = Key::random();
    const std::string line =
        base64url({reinterpret_cast<const char*>(key.data()), Key::size}) + "\n";
    if (::write(made.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      throw refused_by_system(file);
    }
  }
  return read_secret_line(file);
}

}  // namespace

std::filesystem::path collector_token_file(const Fleet& fleet) {
  auto file = fleet.collector.database;
  return file += ".token";
}

Collector::Options collector_options(const Fleet& fleet) {
  Collector::Options options;
  options.fleet = fleet.name;
  for (const FleetHost& host : fleet.hosts) {
    options.hosts.push_back({host.name, host.limits, host.mail});
  }
  options.rules.interval = fleet.interval;
  options.rules.window = fleet.window;
  options.rules.silence = fleet.silence;
  options.rules.calm = fleet.window;
  options.objective = fleet.objective;
  options.archive.file = fleet.collector.database;
  options.archive.raw = fleet.collector.raw;
  options.archive.minutes = fleet.collector.minutes;
  options.archive.hours = fleet.collector.hours;
  options.archive.mails = fleet.smtp.has_value();
  options.keys = agent_key_folder(fleet);

  const auto address = split_address(fleet.collector.listen);
  if (!address) throw std::runtime_error(address.error());
  boost::system::error_code no_address;
  const auto ip = asio::ip::make_address(address->first, no_address);
  if (no_address) throw std::runtime_error(fleet.collector.listen + ": listen on an IP address");
  options.http.host = address->first;
  options.http.port = static_cast<std::uint16_t>(std::stoul(address->second));
  if (const auto place = http_place(fleet.collector.url)) {
    options.http.names = {place->name().substr(0, place->name().rfind(':'))};
  }
  options.http.connections = 2 * fleet.hosts.size() + beside_agents;
  options.http.connections_of_address = options.http.connections;  // many may stand behind one
  options.http.requests_of_connection = 1'000'000;
  const FleetSafety& safety = fleet.collector.safety;
  if (safety.has_certificate()) {
    options.http.certificate = Certificate{.chain = safety.certificate, .key = safety.key};
  }
  if (!ip.is_loopback()) {
    options.token = token_in(collector_token_file(fleet));
    options.sealed_only = !safety.has_certificate() && !safety.plain_http;
  }
  return options;
}

FleetWatch::FleetWatch(asio::io_context& io, const Fleet& fleet, Hooks hooks) {
  Collector::Options options = collector_options(fleet);
  options.told = hooks.told;
  options.report = hooks.report;
  options.http.report = hooks.report;
  options.mailed = [this] {
    if (Spool* const spool = to_wake_) spool->wake();
  };
  collector_ = std::make_unique<Collector>(io, std::move(options));
  if (!fleet.smtp) return;
  spool_ = std::make_unique<Spool>(
      Spool::Options{.archive = fleet.collector.database,
                     .mailer = {.server = fleet.smtp->server,
                                .user_file = fleet.smtp->user_file,
                                .plain = fleet.smtp->plain,
                                .ca_file = fleet.smtp->ca_file},
                     .from = fleet.smtp->from,
                     .fleet = fleet.name,
                     .report = [&io, report = hooks.report](const std::string& what) {
                       asio::post(io, [report, what] { report(what); });
                     }});
  to_wake_ = spool_.get();
}

FleetWatch::~FleetWatch() {
  // The collector's writer, in its own thread, may be about to wake the spool: the collector goes
  // first, then the spool; the archive's lock is free in between for as long as one mail takes.
  collector_.reset();
  to_wake_ = nullptr;
}

}  // namespace real
