// Files that hold keys and tokens.
#include "real/secret_file.hpp"

#include <cstring>

#include <sys/stat.h>

#include "tests/real/fake_proc.hpp"

using namespace real;
using Catch::Contains;

namespace {

bool same(const Key& a, const Key& b) {
  return std::memcmp(a.data(), b.data(), Key::size) == 0;
}

}  // namespace

TEST_CASE("secret file: a key is written once, for its owner only, and read back") {
  const fake_proc::Folder folder;
  const auto path = folder.path() / "run.key";
  const Key key = create_key_file(path);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(same(read_key_file(path), key));
  CHECK_FALSE(same(Key::random(), key));
  CHECK_THROWS_WITH(create_key_file(path), Contains("run.key"));  // never over another one
}

TEST_CASE("secret file: what others may read, or what is no plain file, is no secret") {
  const fake_proc::Folder folder;
  const auto path = folder.path() / "run.key";
  create_key_file(path);
  for (const mode_t mode : {0640u, 0604u, 0620u, 0660u, 0777u}) {
    ::chmod(path.c_str(), mode);
    CHECK_THROWS_WITH(read_key_file(path), Contains("chmod 600"));
  }
  ::chmod(path.c_str(), 0400);
  CHECK_NOTHROW(read_key_file(path));
  fake_proc::fs::create_symlink(path, folder.path() / "link");
  CHECK_THROWS(read_key_file(folder.path() / "link"));
  REQUIRE(::mkfifo((folder.path() / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(read_key_file(folder.path() / "pipe"), Contains("plain file"));
  CHECK_THROWS_WITH(read_key_file(folder.path() / "none"), Contains("none"));
}

TEST_CASE("secret file: a key has its size, a token is one word that nobody guesses") {
  const fake_proc::Folder folder;
  const auto with = [&folder](const std::string& text) {
    folder.put("secret", text);
    ::chmod((folder.path() / "secret").c_str(), 0600);
    return folder.path() / "secret";
  };
  CHECK_THROWS_WITH(read_key_file(with("short")), Contains("5 bytes"));
  CHECK_THROWS(read_key_file(with(std::string(33, 'x'))));
  CHECK_THROWS_WITH(read_key_file(with(std::string(100'000, 'x'))), Contains("too long"));
  CHECK(read_secret_line(with("0123456789abcdef\n")) == "0123456789abcdef");
  CHECK_THROWS_WITH(read_secret_line(with("0123456789\n")), Contains("16 characters"));
  CHECK_THROWS(read_secret_line(with("0123456789abcdef two words\n")));
  CHECK_THROWS(read_secret_line(with("0123456789abcdef\r\nX: y\n")));
}
