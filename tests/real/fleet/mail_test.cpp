// Mails as text: what names may hold, and what must not come of it.
#include "real/fleet/mail.hpp"

#include <catch2/catch.hpp>

using namespace real;
using Catch::Contains;

namespace {

Letter letter(const std::string& subject, const std::string& body) {
  return {.from = "brink@example.org",
          .to = {"ops@example.org", "web@example.org"},
          .subject = subject,
          .body = body,
          .id = "incident-1.opened.x@example.org",
          .at = sim::Time{sim::Duration{1'700'000'000'000'000'000}}};
}

std::string head(const std::string& wire) {
  return wire.substr(0, wire.find("\r\n\r\n"));
}
std::string body(const std::string& wire) {
  return wire.substr(wire.find("\r\n\r\n") + 4);
}

}  // namespace

TEST_CASE("mail: a letter has the headers that a server and a reader expect") {
  CHECK(to_wire(letter("web1: no answer", "first\nsecond\n")) ==
        "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
        "From: brink@example.org\r\n"
        "To: ops@example.org,\r\n web@example.org\r\n"
        "Subject: web1: no answer\r\n"
        "Message-ID: <incident-1.opened.x@example.org>\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n"
        "\r\n"
        "first\r\nsecond\r\n");
}

TEST_CASE("mail: no name becomes a header, however it ends its lines") {
  for (const std::string& name :
       {std::string{"web\r\nBcc: evil@example.org"}, std::string{"web\nBcc: evil@example.org"},
        std::string{"web\rBcc: evil@example.org"}, std::string{"web\r\n\r\nBcc: evil@example.org"},
        std::string("web\0\r\n.\r\nBcc: x", 15)}) {
    Letter bad = letter(name, name);
    bad.id = name;
    bad.answers = name;
    const std::string wire = to_wire(bad);
    CHECK_THAT(head(wire), !Contains("\r\nBcc"));
    CHECK_THAT(head(wire), !Contains("\nBcc"));
    CHECK_THAT(head(wire), Contains("Subject: web?"));
    CHECK_THAT(head(wire), Contains("Content-Transfer-Encoding"));
    for (std::size_t at = wire.find('\n'); at != std::string::npos; at = wire.find('\n', at + 1)) {
      CHECK(wire[at - 1] == '\r');  // no bare line feed anywhere
    }
  }
}

TEST_CASE("mail: what is not ASCII is encoded, and no line gets too long") {
  std::string subject =
      "r\xc3\xbc"
      "diger ";
  for (int i = 0; i < 50; ++i) subject += "\xe2\x82\xac";
  const std::string wire =
      to_wire(letter(subject, std::string(5000, 'x') + "\xc3\xbc = <script> \n"));
  CHECK_THAT(wire, Contains("Subject: =?UTF-8?B?csO8ZGlnZXIg"));  // base64 of "rüdiger "
  CHECK_THAT(body(wire), Contains("=C3=BC =3D <script>=20\r\n"));
  std::size_t longest = 0;
  for (std::size_t begin = 0; begin < wire.size();) {
    const std::size_t end = wire.find("\r\n", begin);
    longest = std::max(longest, end - begin);
    begin = end + 2;
  }
  CHECK(longest <= 85);  // a header's name before an encoded word of at most 75; a body's have 76
  for (const char c : wire) CHECK(static_cast<unsigned char>(c) < 0x80);
}

TEST_CASE("mail: an address is one word with an @, and nothing that a server would interpret") {
  CHECK(is_fit_address("ops@example.org"));
  CHECK(is_fit_address("first.last+tag@mail.example.org"));
  for (const char* bad :
       {"", "ops", "@example.org", "ops@", "ops@example.org\r\nRCPT TO:<x@y>", "a b@example.org",
        "<ops@example.org>", "ops@example.org,evil@example.org", "r\xc3\xbc@example.org",
        "\"a\"@example.org", "ops@example.org\t"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_fit_address(bad));
  }
  CHECK_FALSE(is_fit_address(std::string(300, 'a') + "@example.org"));
}
