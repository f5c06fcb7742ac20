#include "real/bounded_log.hpp"

#include <cstdio>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/wait.h>

#include "tests/real/folder.hpp"

namespace {

std::string content(const std::filesystem::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

TEST_CASE("bounded log: what has grown keeps its last whole lines, and goes on") {
  const real_test::Folder folder;
  const auto path = folder.path() / "log";
  const real::Descriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND, 0600)};
  const std::string text = "first\nsecond\nthird\n";  // 19 bytes
  REQUIRE(::write(file.get(), text.data(), text.size()) == 19);
  real::BoundedLog::shorten(file.get(), 19, 10);
  CHECK(content(path) == text);
  // The last 10 bytes are "ond\nthird\n", of which the first line is a piece.
  real::BoundedLog::shorten(file.get(), 18, 10);
  CHECK(content(path) == "third\n");
  REQUIRE(::write(file.get(), "fourth\n", 7) == 7);
  CHECK(content(path) == "third\nfourth\n");

  int pipe[2];
  REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
  real::BoundedLog::shorten(pipe[1], 0, 0);  // no file, nothing happens
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_CASE("bounded log: a process that says more and more has a file that does not grow") {
  const real_test::Folder folder;
  const auto path = folder.path() / "log";
  std::fflush(nullptr);  // or it says again what this one has not said yet
  const pid_t pid = ::fork();  // it takes the standard descriptors away
  if (pid == 0) {
    boost::asio::io_context io{1};
    const real::BoundedLog log{io, path, {.most = 2000, .every = std::chrono::milliseconds{1}}};
    const std::string line = std::string(99, 'x') + '\n';
    for (int i = 0; i < 1000; ++i) {
      (void)!::write(2, line.data(), line.size());
      if (std::filesystem::file_size(path) > 2100) ::_exit(3);
      while (std::filesystem::file_size(path) > 2000) io.run_one();
    }
    (void)!::write(1, "the end\n", 8);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK_THAT(content(path), Catch::EndsWith("x\nthe end\n"));
  boost::asio::io_context io{1};
  const auto nowhere = [&io] { const real::BoundedLog log{io, "/nonexistent/log"}; };
  CHECK_THROWS_WITH(nowhere(), Catch::Contains("/nonexistent/log"));
}
