#include "real/warden_line.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace real;

TEST_CASE("warden line: a head and any bytes come back as they went, on one line") {
  const auto size = GENERATE(0, 1, 2, 3, 4, 255, 256, 257, 32768);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 37);
  const nlohmann::json head{{"write", "a\tb\n\"c\""}, {"ask", 17}};
  const std::string line = warden_line(head, bytes);
  CHECK(line.find('\n') == std::string::npos);
  nlohmann::json head_again;
  std::string bytes_again;
  REQUIRE(try_parse_warden_line(line, head_again, bytes_again));
  CHECK(head_again == head);
  CHECK(bytes_again == bytes);
}

TEST_CASE("warden line: what is none is refused") {
  nlohmann::json head;
  std::string bytes;
  for (const std::string line :
       {"", "Welcome!", "[1]", "7", "{", "{\"a\":1} x", "{}\t*", "{}\tab"}) {
    CAPTURE(line);
    CHECK_FALSE(try_parse_warden_line(line, head, bytes));
  }
  CHECK(try_parse_warden_line("{}\tYQ==", head, bytes));
  CHECK(bytes == "a");
  // A line of bytes that are no text is still a line of text.
  CHECK(warden_line({{"line", "\xff"}}).find("\xff") == std::string::npos);
}
