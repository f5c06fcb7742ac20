// Fleet files: what they mean, and what is said of their mistakes. Those in XML: fleet_xml_test.
#include "real/fleet/fleet_file.hpp"

#include <algorithm>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "real/fleet/fleet_names.hpp"
#include "sim/random.hpp"
#include "tests/real/fleet/fleet_text.hpp"
#include "tests/real/folder.hpp"

namespace fs = std::filesystem;
using namespace fleet_text;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view small_fleet = R"([defaults]
user = "brink"
key  = "id_ed25519"
[host.web1]
[host."web2.example.org"]
)";

constexpr std::string_view full_fleet = R"([fleet]
name      = "shop"
interval  = "500 ms"
window    = "10 s"
silence   = "3 s"
objective = "99.95 %"
limits    = { cpu = "90 %", disk = "80 %" }
mail      = ["ops@example.org"]
[collector]
listen   = "0.0.0.0:9120"
url      = "http://watch.example.org:9120"
database = "data/shop.sqlite"
raw      = "1 h"
minutes  = "7 d"
hours    = "365 d"
[smtp]
server    = "smtp.example.org:587"
from      = "brink@example.org"
user_file = "/etc/brink/smtp.user"
plain     = true
[defaults]
user = "brink"
key  = "id_ed25519"
port = 2222
[host.web1]
address  = "10.0.0.11"
port     = 22
disk     = "200 MB/s"
network  = "1 Gbit/s"
limits   = { memory = "50 %", disk = "70 %" }
mail     = ["web@example.org", "o'neil+x@example.org"]
listen   = "127.0.0.1:9110"
commands = { uptime = ["/usr/bin/uptime"], sync = ["/bin/sync", "--data", "a b"] }
[host.db]
address       = "fe80::1%eth0"
user          = "admin"
password_file = "db.password"
directory     = "agents/brink one"
known_hosts   = "hosts"
mail          = []
)";

void write(const fs::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("fleet file: everything that a file says arrives", "[fleet]") {
  const real::Fleet fleet = parsed(full_fleet);
  CHECK(fleet.name == "shop");
  CHECK(fleet.interval == 500ms);
  CHECK(fleet.window == 10s);
  CHECK(fleet.silence == 3s);
  CHECK(fleet.objective == Approx(0.9995));
  CHECK(fleet.collector.listen == "0.0.0.0:9120");
  CHECK(fleet.collector.url == "http://watch.example.org:9120");
  CHECK(fleet.collector.database == "/etc/fleets/data/shop.sqlite");
  CHECK(fleet.collector.raw == 1h);
  CHECK(fleet.collector.minutes == 7 * 24h);
  CHECK(fleet.collector.hours == 365 * 24h);
  REQUIRE(fleet.smtp);
  CHECK(fleet.smtp->server == "smtp.example.org:587");
  CHECK(fleet.smtp->from == "brink@example.org");
  CHECK(fleet.smtp->user_file == "/etc/brink/smtp.user");
  CHECK(fleet.smtp->plain);
  CHECK(fleet.smtp->ca_file.empty());
  CHECK(real::agent_key_file(fleet, "web1") == "/etc/fleets/data/shop.sqlite.keys/web1");

  REQUIRE(fleet.hosts.size() == 2);
  const real::FleetHost& web = *fleet.find("web1");
  CHECK(web.address == "10.0.0.11");
  CHECK(web.port == 22);
  CHECK(web.user == "brink");
  CHECK(web.key == "/etc/fleets/id_ed25519");
  CHECK(web.password_file.empty());
  CHECK(web.directory == ".brink");
  CHECK(web.disk.value == 200e6);
  CHECK(web.network.value == 125e6);
  CHECK(web.limits.values == std::array{0.9, 0.5, 0.7, 0.98});
  CHECK(web.mail == std::vector<std::string>{"web@example.org", "o'neil+x@example.org"});
  CHECK(web.listen == "127.0.0.1:9110");
  CHECK(web.commands ==
        std::vector<real::AllowedCommand>{{"uptime", {"/usr/bin/uptime"}},
                                          {"sync", {"/bin/sync", "--data", "a b"}}});

  const real::FleetHost& db = *fleet.find("db");
  CHECK(db.address == "fe80::1%eth0");
  CHECK(db.port == 2222);
  CHECK(db.user == "admin");
  CHECK(db.key.empty());  // a password takes the place of the usual key
  CHECK(db.password_file == "/etc/fleets/db.password");
  CHECK(db.directory == "agents/brink one");
  CHECK(db.known_hosts == "/etc/fleets/hosts");
  CHECK(db.limits.values == std::array{0.9, 0.98, 0.8, 0.98});
  CHECK(db.mail.empty());
  CHECK(db.listen.empty());
  CHECK(fleet.find("mail") == nullptr);
}

TEST_CASE("fleet file: what it does not say is as documented", "[fleet]") {
  ::setenv("HOME", "/home/someone", 1);
  const real::Fleet fleet = parsed(small_fleet);
  CHECK(fleet.interval == 1s);
  CHECK(fleet.window == 5s);
  CHECK(fleet.silence == 5s);
  CHECK(fleet.objective == Approx(0.999));
  CHECK(fleet.collector.listen == "127.0.0.1:9120");
  CHECK(fleet.collector.url == "http://127.0.0.1:9120");
  CHECK(fleet.collector.database == "/etc/fleets/fleet.sqlite");
  CHECK(fleet.collector.raw == 24h);
  CHECK(fleet.collector.minutes == 30 * 24h);
  CHECK(fleet.collector.hours == 730 * 24h);
  CHECK_FALSE(fleet.smtp);
  REQUIRE(fleet.hosts.size() == 2);
  CHECK(fleet.hosts[0].address == "web1");
  CHECK(fleet.hosts[1].name == "web2.example.org");
  CHECK(fleet.hosts[1].address == "web2.example.org");
  CHECK(fleet.hosts[1].known_hosts == "/home/someone/.ssh/known_hosts");
  CHECK(fleet.hosts[1].limits.values == std::array{0.98, 0.98, 0.98, 0.98});
  // Who samples seldom waits longer before he calls a host silent.
  CHECK(parsed("[fleet]\ninterval = \"1 min\"\n" + std::string{small_fleet}).silence == 3min);
}

TEST_CASE("fleet file: what listens beyond loopback says how it is kept from strangers",
          "[fleet]") {
  const real::Fleet fleet = parsed(R"([collector]
listen          = "10.0.0.1:9120"
certificate     = "watch.pem"
certificate_key = "/keys/watch.key"
[defaults]
user            = "u"
key             = "k"
listen          = "0.0.0.0:9110"
certificate     = "fleet.pem"
certificate_key = "fleet.key"
names           = ["api.example.org"]
[host.usual]
[host.own]
certificate     = "own.pem"
certificate_key = "own.key"
[host.plain]
plain_http      = true
names           = ["10.0.0.9", "fe80::9"]
[host.near]
listen          = "127.0.0.1:9110"
plain_http      = false
)");
  CHECK(fleet.collector.url == "https://10.0.0.1:9120");
  CHECK(fleet.collector.safety.certificate == "/etc/fleets/watch.pem");
  CHECK(fleet.collector.safety.key == "/keys/watch.key");
  const auto safety = [&](const char* host) { return fleet.find(host)->safety; };
  CHECK(safety("usual").certificate == "/etc/fleets/fleet.pem");
  CHECK(safety("usual").key == "/etc/fleets/fleet.key");
  CHECK(safety("own").certificate == "/etc/fleets/own.pem");
  CHECK(safety("own").key == "/etc/fleets/own.key");
  // One way takes the place of the other that [defaults] gave, also no way at all.
  CHECK(safety("plain").plain_http);
  CHECK_FALSE(safety("plain").has_certificate());
  CHECK_FALSE(safety("near").has_certificate());
  CHECK(fleet.find("usual")->names == std::vector<std::string>{"api.example.org"});
  CHECK(fleet.find("plain")->names == std::vector<std::string>{"10.0.0.9", "fe80::9"});
  // The place of the mistake is the host's, wherever 'listen' was said.
  CHECK(issues_of("[defaults]\nuser = \"u\"\nkey = \"k\"\nlisten = \"0.0.0.0:9110\"\n\n  "
                  "[host.a]\n[host.b]\nplain_http = true\n") ==
        std::vector<std::string>{
            "f:6:3: [host.a] listens at 0.0.0.0:9110, beyond loopback: it needs 'certificate' and "
            "'certificate_key', or 'plain_http = true', with which everybody on the way can read "
            "passwords"});
  const real::Fleet xml = parsed(
      "<c><client ip='a' username='u' key='k' listen='10.0.0.1:9110' "
      "plain_http='true' names='b, c'/></c>");
  CHECK(xml.hosts[0].safety.plain_http);
  CHECK(xml.hosts[0].names == std::vector<std::string>{"b", "c"});
}

TEST_CASE("fleet file: every mistake says what was expected", "[fleet]") {
  struct Mistake {
    std::string_view line, says;
  };
  const auto [line, says] = GENERATE(values<Mistake>({
      {"adress = \"a\"", "unknown key 'adress' in [host.x]; did you mean 'address'?"},
      {"address = \"a b\"", "'address': expected a host name or an address"},
      {"address = \"-oProxyCommand=x\"", "'address': expected a host name"},
      {"address = \"a\\nb\"", "found 'a\\x0ab'"},
      {"address = \"$(reboot)\"", "'address': expected a host name"},
      {"port = 0", "'port': expected a whole number from 1 to 65535"},
      {"port = \"22\"", "'port': expected a whole number"},
      {"user = \"a;b\"", "'user': expected a user's name"},
      {"user = \"-l\"", "'user': expected a user's name"},
      {"user = \"\"", "'user': expected a user's name"},
      {"password = \"secret\"", "unknown key 'password' in [host.x]; valid: "},
      {"key = \"a\"\npassword_file = \"b\"", "has several ways in"},
      {"key = \"a\\u0000b\"", "'key': expected the path of a file"},
      {"directory = \"/etc\"", "'directory': expected a folder below the user's home"},
      {"directory = \"..\"", "'directory': expected a folder below"},
      {"directory = \"a/../../b\"", "'directory': expected a folder below"},
      {"directory = \"~root\"", "'directory': expected a folder below"},
      {"disk = \"200 MB\"", "'disk': "},
      {"limits = { memry = \"50 %\" }", "did you mean 'memory'?"},
      {"limits = { memory = \"150 %\" }", "expected 0.01 % to 100 %, found 150 %"},
      {"limits = \"50 %\"", "'limits': expected a table"},
      {"mail = [\"a@x\\r\\nBcc: b@y\"]", "'mail': expected a mail address"},
      {"mail = [\"a@x, b@y\"]", "'mail': expected a mail address"},
      {"mail = [\"<a@x>\"]", "'mail': expected a mail address"},
      {"mail = [\"a\"]", "'mail': expected a mail address"},
      {"mail = \"a@x\"", "'mail': expected a list"},
      {"listen = \"9110\"", "'listen': expected an IP address and a port"},
      {"listen = \"127.0.0.1:0\"", "'listen': expected an IP address and a port"},
      {"listen = \"web1:9110\"", "'listen': expected an IP address and a port"},
      {"listen = \"10.0.0.1:9110\"",
       "[host.x] listens at 10.0.0.1:9110, beyond loopback: it needs 'certificate' and "
       "'certificate_key', or 'plain_http = true'"},
      {"listen = \"[::]:9110\"\nplain_http = false", "[::]:9110, beyond loopback: it needs"},
      {"certificate = \"a.pem\"", "needs both 'certificate' and 'certificate_key', or neither"},
      {"certificate_key = \"a.key\"", "needs both 'certificate' and 'certificate_key'"},
      {"certificate = \"a\"\ncertificate_key = \"b\"\nplain_http = true",
       "has a certificate and 'plain_http'"},
      {"plain_http = \"yes\"", "'plain_http': expected true or"},
      {"plain_htp = true", "did you mean 'plain_http'?"},
      {"names = [\"a b\"]", "'names': expected a host name or an address"},
      {"commands = { up = [\"uptime\"] }", "'up': expected an absolute path first"},
      {"commands = { up = [] }", "'up': expected a list"},
      {"commands = { \"a b\" = [\"/bin/x\"] }", "a command's name is"},
      {"commands = { up = [\"/bin/x\", \"a\\nb\"] }", "'up': expected a word without line ends"},
      {"[host.\"a/b\"]", "a host's name is letters, digits"},
      {"[host.\"..\"]", "a host's name is letters, digits"},
      {"[host.\"a\\nb\"]", "found 'a\\x0ab'"},
      {"[host.y]\naddress = \"x\"", "[host.y] is where [host.x] is already"},
      {"[hosts.z]", "unknown key 'hosts' in the fleet file; did you mean 'host'?"},
      {"[fleet]\ninterval = \"1 ms\"", "'interval': expected 100 ms to 1 h, found 1 ms"},
      {"[fleet]\ninterval = \"10 s\"\nwindow = \"5 s\"", "'window': expected 10 s to"},
      {"[fleet]\ninterval = \"10 s\"\nsilence = \"10 s\"", "'silence': expected 15 s to"},
      {"[fleet]\nobjective = \"100 %\"", "'objective': expected 50 %"},
      {"[fleet]\nmail = [\"ops\"]", "'mail': expected a mail address"},
      {"[fleet]\nname = \"a b\"", "'name': expected a name"},
      {"[collector]\nlisten = \"0.0.0.0:9120\"", "needs 'url', where agents reach it"},
      {"[collector]\nurl = \"ftp://a\"", "'url': expected an address such as \"http://"},
      {"[collector]\nurl = \"http://a/b\"", "'url': expected an address such as \"http://"},
      {"[collector]\nurl = \"https://a:1\"",
       "https:// needs 'certificate' and 'certificate_key'), found 'https://a:1'"},
      {"[collector]\nlisten = \"watch:9120\"", "'listen': expected an IP address and a port"},
      {"[collector]\ncertificate = \"a\"", "[collector] needs both 'certificate' and"},
      {"[collector]\ncertificate = \"a\"\ncertificate_key = \"b\"\nurl = \"http://a:1\"",
       "'url': expected an address such as \"https://10.0.0.1:9120\" (there is a certificate)"},
      {"[collector]\nurl = \"http://a\"", "'url': expected an address such as \"http://"},
      {"[collector]\nurl = \"http://a b\"", "'url': expected an address such as \"http://"},
      {"[collector]\nraw = \"60 d\"", "keeps the finer for longer"},
      {"[smtp]\nfrom = \"a@b\"", "[smtp] needs 'server'"},
      {"[smtp]\nserver = \"a:25\"", "[smtp] needs 'from'"},
      {"[smtp]\nserver = \"a\"\nfrom = \"a@b\"", "'server': expected a server such as"},
      {"[smtp]\nserver = \"a:25\"\nfrom = \"a@b\"\nplain = \"no\"", "'plain': expected true or"},
  }));
  const std::string text =
      "[defaults]\nuser = \"u\"\nkey = \"k\"\n[host.x]\n" + std::string{line} + "\n";
  CAPTURE(text);
  const auto issues = issues_of(text);
  for (const std::string& issue : issues) UNSCOPED_INFO(issue);
  CHECK(std::ranges::any_of(issues, [says = says](const std::string& issue) {
    return issue.find(says) != std::string::npos && issue.starts_with("f:");
  }));
}

TEST_CASE("fleet file: what a host lacks is said of that host", "[fleet]") {
  CHECK(issues_of("[fleet]\nname = \"x\"\n") ==
        std::vector<std::string>{"f:1:1: the fleet file needs at least one [host.NAME]"});
  CHECK(issues_of("[host.a]\n[host.b]\nuser = \"u\"\n") ==
        std::vector<std::string>{"f:1:1: [host.a] needs 'user', such as \"brink\"",
                                 "f:1:1: [host.a] needs 'key', such as \"id_ed25519\"",
                                 "f:2:1: [host.b] needs 'key', such as \"id_ed25519\""});
  // One mistake is one issue: a wrong user is not a missing one as well.
  CHECK(issues_of("[host.a]\nuser = 1\nkey = \"\"\n").size() == 2);
}

TEST_CASE("fleet file: no mutation of a file crashes its readers", "[fleet][swarm]") {
  const std::string xml =
      "<clients><!-- c --><client ip='10.0.0.1' port=\"22\" username='u' key='k'><alert "
      "type='cpu' limit='50%'/></client><smtp server='a:25' from='a@b'/></clients>";
  sim::RandomStream stream(7, "fleet.mutation");
  int accepted = 0;
  for (int i = 0; i < 6'000; ++i) {
    std::string text = i % 2 == 0 ? xml : std::string{full_fleet};
    for (auto n = 1 + stream.below(4); n > 0; --n) {
      const auto at = static_cast<std::size_t>(stream.below(text.size()));
      const auto length = static_cast<std::size_t>(1 + stream.below(12));
      switch (stream.below(3)) {
        case 0:
          text[at] = static_cast<char>(stream.below(256));
          break;
        case 1:
          text.erase(at, length);
          break;
        default:
          text.insert(at, text.substr(stream.below(text.size()), length));
      }
      if (text.empty()) text = "<";
    }
    CAPTURE(i, text);
    const auto fleet = real::parse_fleet(text, "mutation", "/nonexistent");
    if (!fleet) continue;
    ++accepted;
    for (const real::FleetHost& host : fleet->hosts) {
      REQUIRE(real::is_host_name(host.name));
      REQUIRE(real::is_network_address(host.address));
      REQUIRE(real::is_user_name(host.user));
      REQUIRE(real::is_folder_below(host.directory));
      REQUIRE(std::ranges::all_of(host.mail, real::is_mail_address));
    }
  }
  CHECK(accepted > 100);  // digits and comments leave a fleet
}

TEST_CASE("fleet file: a file with passwords is for its owner only", "[fleet]") {
  const real_test::Folder folder;
  const fs::path file = folder.path() / "config.xml";
  write(file, "<c><client ip='a' username='u' password='secret word'/></c>");
  fs::permissions(file, fs::perms::owner_read | fs::perms::group_read);
  const auto open = real::read_fleet(file);
  REQUIRE_FALSE(open);
  CHECK_THAT(open.issues()[0].message, Catch::Contains("chmod 600"));
  CHECK_THAT(open.issues()[0].message, !Catch::Contains("secret"));
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  const auto kept = real::read_fleet(file);
  REQUIRE(kept);
  CHECK(kept->hosts[0].password == "secret word");
  CHECK(kept->file == file);
}

TEST_CASE("fleet file: files that cannot be read", "[fleet]") {
  const real_test::Folder folder;
  const auto why = [](const fs::path& file) {
    const auto fleet = real::read_fleet(file);
    REQUIRE_FALSE(fleet);
    return to_string(fleet.issues()[0]);
  };
  CHECK(why("/nonexistent/it.toml") == "/nonexistent/it.toml: no such file");
  CHECK_THAT(why(folder.path()), Catch::Contains("is a directory, expected a fleet file"));
  write(folder.path() / "big", "x");
  fs::resize_file(folder.path() / "big", std::uintmax_t{1} << 30);  // sparse: costs no disk
  CHECK_THAT(why(folder.path() / "big"), Catch::Contains("is too big for a fleet: at most 4 MiB"));
  write(folder.path() / "empty", "");
  CHECK_THAT(why(folder.path() / "empty"), Catch::Contains("needs at least one [host.NAME]"));
}
