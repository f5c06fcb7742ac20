// Fleet files of older set-ups, in XML: what they mean, and what is said of their mistakes.
#include "tests/real/fleet/fleet_text.hpp"

using namespace fleet_text;

TEST_CASE("fleet file: XML of older set-ups means the same as TOML", "[fleet]") {
  const real::Fleet fleet = parsed(R"(<?xml version="1.0"?>
<!-- <client> -->
<clients>
  <client ip="10.0.0.11" port="2222" username="brink" password="p&amp;q &quot;r\"
          mail="ops@example.org, web@example.org">
    <alert type="memory" limit="50%"/>
    <alert><type>cpu</type><limit>20 %</limit></alert>
  </client>
  <client>
    <name>db</name> <ip>10.0.0.12</ip> <username>admin</username> <key>id_ed25519</key>
  </client>
  <collector listen="10.0.0.1:9120"/>
  <smtp server="mail.example.org:25" from="brink@example.org" plain="true"/>
</clients>
)");
  CHECK(fleet.collector.url == "http://10.0.0.1:9120");
  REQUIRE(fleet.smtp);
  CHECK(fleet.smtp->plain);
  REQUIRE(fleet.hosts.size() == 2);
  const real::FleetHost& first = fleet.hosts[0];
  CHECK(first.name == "10.0.0.11");
  CHECK(first.address == "10.0.0.11");
  CHECK(first.port == 2222);
  CHECK(first.user == "brink");
  CHECK(first.password == R"(p&q "r\)");
  CHECK(first.mail == std::vector<std::string>{"ops@example.org", "web@example.org"});
  CHECK(first.limits.values == std::array{0.2, 0.5, 0.98, 0.98});
  CHECK(fleet.hosts[1].name == "db");
  CHECK(fleet.hosts[1].address == "10.0.0.12");
  CHECK(fleet.hosts[1].key == "/etc/fleets/id_ed25519");
}

TEST_CASE("fleet file: the order of XML is the order of its clients", "[fleet]") {
  std::string text = "<clients>";  // all on one line
  for (int i = 30; i > 0; --i) {
    text += "<client ip='10.0.0." + std::to_string(i) + "' username='u' key='k'/>";
  }
  const real::Fleet fleet = parsed(text + "</clients>");
  REQUIRE(fleet.hosts.size() == 30);
  for (int i = 0; i < 30; ++i) {
    CHECK(fleet.hosts[static_cast<std::size_t>(i)].name == "10.0.0." + std::to_string(30 - i));
  }
}

TEST_CASE("fleet file: mistakes in XML carry the line of their element", "[fleet]") {
  CHECK(issues_of("<clients>\n<client ip='a' username='u' key='k'/>\n\n"
                  "<client ip='b b' username='u'\n port='x' key='k'/>\n</clients>") ==
        std::vector<std::string>{
            "f:4: a host's name is letters, digits, '.', '-' and '_' and begins with a letter or "
            "digit, found 'b b'"});
  const auto said = issues_of(
      "<clients>\n<cleint ip='a'/>\n<client username='u'/>\n<client ip='c' ip='d'/>\n</clients>");
  CHECK(said[0] == "f:2: there is no element 'cleint'; did you mean 'client'?");
  CHECK(said[1] == "f:3: a client needs 'ip'");
  CHECK(said[2] == "f:4: the client has 'ip' twice");
  CHECK(issues_of("<c><client ip='a' username='u' key='k' colour='red'/></c>") ==
        std::vector<std::string>{"f:1: unknown key 'colour' in [host.a]; valid: 'address', 'port', "
                                 "'user', 'key', 'password_file', 'password', 'known_hosts', "
                                 "'directory', 'disk', 'network', 'limits', 'mail', 'listen', "
                                 "'certificate', 'certificate_key', 'plain_http', 'names', "
                                 "'commands'"});
  CHECK_THAT(issues_of("<c><client ip='a' username='u' key='k'>\n<alert type='memry' limit='5%'/>"
                       "</client></c>")[0],
             Catch::Contains("unknown key 'memry' in 'limits'; did you mean 'memory'?"));
  CHECK_THAT(
      issues_of("<c><client ip='a' username='u' key='k'><alert type='cpu'/></client></c>")[0],
      Catch::Contains("an alert needs 'type' and 'limit'"));
  CHECK_THAT(issues_of("<c><client ip='a'/><client ip='a'/></c>")[0],
             Catch::Contains("there is a client 'a' already"));
}

TEST_CASE("fleet file: texts that are no XML, or more than a fleet needs", "[fleet]") {
  CHECK_THAT(issues_of("<clients>\n<client>\n</clients>")[0], Catch::StartsWith("f:3: not XML: "));
  CHECK_THAT(issues_of("<")[0], Catch::StartsWith("f:1: not XML: "));
  CHECK_THAT(issues_of("<a/>")[0], Catch::Contains("needs at least one"));
  CHECK(issues_of("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>") ==
        std::vector<std::string>{"f:1: not XML: a document type has no place in a fleet file"});
  // The parser calls itself for each level: a million of them would overrun the stack.
  std::string deep;
  for (int i = 0; i < 500'000; ++i) deep += "<a>";
  CHECK_THAT(issues_of(deep)[0], Catch::Contains("elements within elements"));
  CHECK_THAT(issues_of(std::string("<a>\0</a>", 8))[0],
             Catch::Contains("a character of value zero"));
  // Bytes that are no UTF-8, and an attempt to leave the quotes of the translation.
  CHECK_THAT(issues_of("<c><client ip='a' username='\xc3\x28' key='k'/></c>")[0],
             Catch::Contains("f:1: not TOML: "));
  CHECK_THAT(issues_of("<c><client ip='a' username='u\" , port = 1 #' key='k'/></c>")[0],
             Catch::Contains("'user': expected a user's name"));
}
