// Sealed bodies: who can make them, and what becomes of those that somebody else has touched.
#include "real/fleet/seal.hpp"

#include <set>

#include <catch2/catch.hpp>

using namespace real;
using Catch::Contains;

TEST_CASE("seal: what was sealed comes out under the same key, name and counter") {
  const Key key = Key::random();
  for (const std::string& plain : {std::string{}, std::string{"x"},
                                   std::string("\0\r\n<script>", 11), std::string(5000, 'y')}) {
    const std::string body = seal(key, "web1", 0x1122334455667788u, plain);
    CHECK(body.size() == plain.size() + seal_overhead);
    // Version 1 and the counter stand in clear, big endian.
    CHECK(body.substr(0, 9) == std::string("\x01\x11\x22\x33\x44\x55\x66\x77\x88", 9));
    const auto opened = open_sealed(key, "web1", body);
    REQUIRE(opened);
    CHECK(opened->counter == 0x1122334455667788u);
    CHECK(opened->plain == plain);
    if (plain.size() > 20) CHECK_THAT(body, !Contains(plain.substr(0, 20)));
  }
}

TEST_CASE("seal: a change of any byte, or a cut anywhere, is noticed") {
  const Key key = Key::random();
  const std::string body = seal(key, "web1", 77, "cpu 0.98, memory 0.5");
  for (std::size_t at = 0; at < body.size(); ++at) {
    for (const int bit : {0, 3, 7}) {
      std::string tampered = body;
      tampered[at] = static_cast<char>(tampered[at] ^ (1 << bit));
      CAPTURE(at, bit);
      CHECK_FALSE(open_sealed(key, "web1", tampered));
    }
    CHECK_FALSE(open_sealed(key, "web1", body.substr(0, at)));
    if (at > 0) CHECK_FALSE(open_sealed(key, "web1", body.substr(at)));
  }
  CHECK_FALSE(open_sealed(key, "web1", body + "x"));
  CHECK_FALSE(open_sealed(key, "web1", ""));
}

TEST_CASE("seal: another agent's name or key opens nothing") {
  const Key key = Key::random();
  const std::string body = seal(key, "web1", 77, "secret");
  for (const char* name : {"web2", "web", "web11", "", "web1/answer", "WEB1"}) {
    CAPTURE(name);
    CHECK_FALSE(open_sealed(key, name, body));
  }
  CHECK_FALSE(open_sealed(Key::random(), "web1", body));
  // The counter and the name stand behind each other in what is authenticated. Moving a byte from
  // one to the other must not give the same: the counter's width is fixed, so it cannot.
  CHECK_FALSE(open_sealed(key, "1", seal(key, "", 0x31, "x")));
}

TEST_CASE("seal: one text sealed twice gives two bodies with nothing in common") {
  const Key key = Key::random();
  std::set<std::string> tails;
  for (int i = 0; i < 100; ++i) tails.insert(seal(key, "web1", 5, "same").substr(9));
  CHECK(tails.size() == 100);
}

TEST_CASE("seal: an answer belongs to one body of one agent") {
  const Key key = Key::random();
  const std::string answer = seal_answer(key, "web1", 77, {.stored = true, .last = 77});
  const auto opened = open_answer(key, "web1", 77, answer);
  REQUIRE(opened);
  CHECK(opened->stored);
  CHECK(opened->last == 77);
  CHECK_FALSE(open_answer(key, "web1", 78, answer));  // replayed for the next body
  CHECK_FALSE(open_answer(key, "web2", 77, answer));
  CHECK_FALSE(open_answer(Key::random(), "web1", 77, answer));
  CHECK_FALSE(open_answer(key, "web1", 77, seal(key, "web1", 77, "nine byte")));  // its own words
  const auto behind =
      open_answer(key, "web1", 3, seal_answer(key, "web1", 3, {.stored = false, .last = 900}));
  REQUIRE(behind);
  CHECK_FALSE(behind->stored);
  CHECK(behind->last == 900);
}
