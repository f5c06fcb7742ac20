#include "real/line_writer.hpp"

#include <csignal>

#include <catch2/catch.hpp>
#include <fcntl.h>

#include "real/posix.hpp"

namespace {

using namespace std::chrono_literals;
using namespace real;

struct Pipe {
  Pipe() {
    std::signal(SIGPIPE, SIG_IGN);
    int both[2];
    REQUIRE(::pipe2(both, O_CLOEXEC | O_NONBLOCK) == 0);
    read = Descriptor{both[0]};
    write = both[1];
  }
  /// What lies in it now.
  std::string take() const {
    std::string all;
    char some[4096];
    for (ssize_t got; (got = ::read(read.get(), some, sizeof some)) > 0;) {
      all.append(some, static_cast<std::size_t>(got));
    }
    return all;
  }
  Descriptor read;
  int write = -1;
};

}  // namespace

TEST_CASE("line writer: lines leave at once, and those for which there is no room later") {
  asio::io_context io;
  const Pipe pipe;
  LineWriter writer{io, pipe.write};
  writer.write("one");
  CHECK(pipe.take() == "one\n");
  std::string sent, came;
  for (int i = 0; i < 1000; ++i) {  // a MiB; a pipe takes 64 KiB
    const std::string line = std::to_string(i) + std::string(1000, '.');
    sent += line + '\n';
    writer.write(line);
  }
  CHECK_FALSE(writer.empty());
  for (int i = 0; i < 10'000 && !writer.empty(); ++i) {
    came += pipe.take();
    io.restart();
    io.run_one_for(10ms);
  }
  came += pipe.take();
  CHECK(came == sent);
  CHECK(writer.open());
}

TEST_CASE("line writer: a reader who has gone, or does not read, costs nothing") {
  asio::io_context io;
  Pipe pipe;
  LineWriter writer{io, pipe.write};
  SECTION("gone") {
    pipe.read.close();
    writer.write("hello?");
  }
  SECTION("slow") {
    const std::string line(1 << 20, '.');
    for (std::size_t sent = 0; sent <= LineWriter::limit + (2 << 20); sent += line.size()) {
      writer.write(line);
    }
  }
  CHECK_FALSE(writer.open());
  CHECK(writer.empty());
  writer.write("nobody hears that");
}
