// The list of commands that may be run from far away.
#include "real/fleet/allow_file.hpp"

#include <sys/stat.h>

#include "tests/real/fake_proc.hpp"

using namespace real;

namespace {

const std::string good =
    "uptime = [\"/usr/bin/uptime\"]\nsay = [\"/bin/echo\", \"a b\", \"$(id); 'x\"]\n";

std::string issues_of(const std::string& text) {
  const auto commands = parse_allow_file(text, "allow.toml");
  if (commands) return "";
  std::string all;
  for (const vm::Issue& issue : commands.issues()) all += to_string(issue) + "\n";
  return all;
}

}  // namespace

TEST_CASE("allow file: names and words, in the order of the file, and back") {
  const auto commands = parse_allow_file(good, "allow.toml");
  REQUIRE(commands);
  const std::vector<AllowedCommand> expected{{"uptime", {"/usr/bin/uptime"}},
                                             {"say", {"/bin/echo", "a b", "$(id); 'x"}}};
  CHECK(*commands == expected);
  const auto again = parse_allow_file(write_allow_file(*commands), "again.toml");
  REQUIRE(again);
  CHECK(*again == expected);
}

TEST_CASE("allow file: all mistakes are told, each with its place") {
  const std::string issues = issues_of(
      "a = [\"uptime\"]\nb = \"/usr/bin/uptime\"\nc = []\n\"d e\" = [\"/bin/x\"]\n"
      "e = [\"/bin/x\", \"line\\nend\"]\nf = [\"/bin/x\", 7]\ng = [\"\"]\n");
  for (const char* told :
       {"allow.toml:1:5: 'a': expected an absolute path first", "allow.toml:2:5: 'b'",
        "allow.toml:3:5: 'c'", "allow.toml:4:1: a command's name",
        "allow.toml:5:16: 'e': expected a word without line ends", "allow.toml:6:16: 'f'",
        "allow.toml:7:6: 'g': expected a word"}) {
    CAPTURE(told, issues);
    CHECK(issues.find(told) != std::string::npos);
  }
  const std::string twice = issues_of("a = [\"/bin/x\"]\na = [\"/bin/y\"]\n");
  CHECK(twice.starts_with("allow.toml:2:"));
  CHECK(twice.find("not TOML") != std::string::npos);
  std::string many;
  for (int i = 0; i < 65; ++i) many += "c" + std::to_string(i) + " = [\"/bin/x\"]\n";
  CHECK(issues_of(many).find("expected at most 64 commands, found 65") != std::string::npos);
}

TEST_CASE("allow file: who may write it gives the orders, so others may not") {
  const fake_proc::Folder folder;
  folder.put("allow.toml", good);
  const auto file = folder.path() / "allow.toml";
  ::chmod(file.c_str(), 0644);
  CHECK(read_allow_file(file));
  for (const mode_t mode : {0666, 0664, 0622}) {
    ::chmod(file.c_str(), mode);
    CHECK_THROWS_WITH(read_allow_file(file), Catch::Contains("others may write it"));
  }
  ::chmod(file.c_str(), 0600);
  std::filesystem::create_symlink(file, folder.path() / "link.toml");
  CHECK_THROWS_AS(read_allow_file(folder.path() / "link.toml"), std::system_error);
  CHECK_THROWS_WITH(read_allow_file(folder.path()), Catch::Contains("must be a plain file"));
  CHECK_THROWS_WITH(read_allow_file(folder.path() / "none"), Catch::Contains("none"));
  folder.put("allow.toml", std::string(most_allow_bytes + 1, '#'));
  CHECK_THROWS_WITH(read_allow_file(file), Catch::Contains("too long"));
}
