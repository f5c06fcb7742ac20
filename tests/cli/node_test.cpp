// brink node, as whoever starts it by hand meets it. Its work is tested in tests/real/.
#include <catch2/catch.hpp>

#include "real/secret_file.hpp"
#include "tests/cli/brink_process.hpp"

namespace {

using namespace brink_process;

}  // namespace

TEST_CASE("brink node: what it cannot be is said before it begins, exit code 2") {
  const Desk box;
  real::create_key_file(box.folder() / "key");
  const auto with = [&](const std::string& option, const std::string& value) {
    Words words{"node",      "--directory", "state",  "--cores", "0.25",
                "--memory",  "64MiB",       "--disk", "20MB/s",  "--network",
                "100Mbit/s", "--key-file",  "key"};
    const auto found = std::find(words.begin(), words.end(), option);
    if (found == words.end()) {
      words.insert(words.end(), {option, value});
    } else {
      *std::next(found) = value;
    }
    return box.brink(words);
  };
  CHECK(with("--cores", "100000").code == 2);
  CHECK(with("--cores", "100000").err.find("this host has") != std::string::npos);
  CHECK(with("--cores", "0").code == 2);
  CHECK(with("--memory", "1000TiB").code == 2);
  CHECK(with("--memory", "much").code == 2);
  CHECK(with("--disk", "20MB").err.find("--disk") != std::string::npos);
  CHECK(with("--listen", "nowhere").code == 2);
  CHECK_FALSE(std::filesystem::exists(box.folder() / "state"));
  CHECK(box.brink({"node"}).code == 2);
  CHECK(with("--key-file", "nokey").code == 3);
  // A documentation address is nobody's.
  CHECK(with("--listen", "192.0.2.1:0").code == 3);
}

TEST_CASE("brink node: --help shows an example") {
  const Desk box;
  const Said said = box.brink({"node", "--help"});
  CHECK(said.code == 0);
  CHECK(said.out.find("example: brink node --directory") != std::string::npos);
}
