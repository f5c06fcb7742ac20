#include "real/store.hpp"

#include <csignal>
#include <map>
#include <thread>

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "real/store_reader.hpp"
#include "tests/real/folder.hpp"
#include "tests/real/shop.hpp"

namespace {

using namespace real;
using namespace std::chrono_literals;
using real_test::Folder, real_test::Shop, real_test::owned, real_test::row, real_test::tenant;

/// The figures as somebody computes them who reads the rows and nothing else.
Figures counted(const std::vector<Row>& rows) {
  Figures figures;
  for (const Row& one : rows) {
    if (one.sequence < filler_begin) figures.applied.add(tenant, one.sequence);
    ++figures.rows;
    figures.contents += hash_of_row(one.sequence, one.value);
    figures.bytes += vm::Bytes{static_cast<std::int64_t>(one.value.size())};
  }
  return figures;
}

}  // namespace

TEST_CASE("store: what was stored is there at the next start, and the figures are the rows'") {
  const Folder folder;
  Figures before;
  {
    Shop shop{folder.path()};
    REQUIRE(shop.put(Settle{owned(5)}));
    REQUIRE(shop.put(Fill{5, 0, {2'500}}));
    for (const std::uint64_t sequence : {0u, 1u, 2u, 9u, 4u}) {
      REQUIRE(shop.put(Write{5, row(sequence)}));
    }
    before = shop.store.figures(5);
  }
  // 2,500 bytes of filler are rows of 1,024, 1,024 and 452.
  CHECK(before.rows == 8);
  CHECK(before.applied.count == 5);
  CHECK(before.bytes == vm::Bytes{3'000});

  Shop shop{folder.path()};
  const auto loaded = shop.store.take_loaded();
  REQUIRE(loaded.size() == 1);
  CHECK(loaded[0].holding.tenant == tenant);
  CHECK(loaded[0].holding.epoch == 3);
  CHECK(loaded[0].figures == before);
  CHECK(loaded[0].applied.size() == 5);
  CHECK(loaded[0].applied.contains(9));
  CHECK_FALSE(loaded[0].applied.contains(3));
  CHECK(shop.store.new_slot() == 6);

  StoreReader reader{shop.store.path()};
  CHECK(counted(reader.rows(5, 0, 1 << 20)) == before);
  CHECK(reader.applied(5) == std::vector<Range>{{0, 2}, {4, 4}, {9, 9}});
}

TEST_CASE("store: a write that is applied twice shows as a count above the rows") {
  const Folder folder;
  Shop shop{folder.path()};
  REQUIRE(shop.put(Settle{owned(1)}));
  REQUIRE(shop.put(Write{1, row(4)}));
  REQUIRE(shop.put(Write{1, row(4)}));
  CHECK(shop.store.figures(1).rows == 1);
  CHECK(shop.store.figures(1).applied.count == 2);
}

TEST_CASE("store: with keep, the oldest values are emptied and their rows stay") {
  const Folder folder;
  Shop shop{folder.path()};
  std::vector<std::uint64_t> trimmed;
  shop.store.when_trimmed([&](const std::vector<StoreFile::Trimmed>& rows) {
    for (const auto& one : rows) trimmed.push_back(one.sequence);
  });
  REQUIRE(shop.put(Settle{owned(1, {1'300})}));
  REQUIRE(shop.put(Fill{1, 0, {1'100}}));  // rows of 1,024 and 76
  REQUIRE(shop.put(Write{1, row(10)}));    // 1,200
  CHECK(trimmed.empty());
  REQUIRE(shop.put(Write{1, row(11, 200)}));  // 1,400: the first filler goes, 376 are left
  CHECK(trimmed == std::vector<std::uint64_t>{filler_begin});
  for (std::uint64_t n = 20; n < 30; ++n)
    REQUIRE(shop.put(Write{1, row(n)}));  // 1,376 with the last
  CHECK(trimmed == std::vector<std::uint64_t>{filler_begin, filler_begin + 1});
  CHECK(shop.store.figures(1).bytes == vm::Bytes{1'300});
  REQUIRE(shop.put(Write{1, row(5)}));  // older than all: it is the next to go, but not for itself
  REQUIRE(shop.put(Write{1, row(30)}));
  CHECK(trimmed.back() == 10);
  CHECK(shop.store.figures(1).bytes == vm::Bytes{1'300});
  StoreReader reader{shop.store.path()};
  const auto rows = reader.rows(1, 0, 1 << 20);
  CHECK(rows.size() == 16);  // 2 filler, 10, 11, 20 to 30, 5
  CHECK(counted(rows) == shop.store.figures(1));
}

TEST_CASE("store: a copy's rows take the place of older ones, and both sides' figures agree") {
  const Folder folder;
  Shop shop{folder.path()};
  REQUIRE(shop.put(Settle{owned(1)}));
  for (std::uint64_t n = 0; n < 50; ++n) REQUIRE(shop.put(Write{1, row(n)}));
  StoreReader reader{shop.store.path()};
  Holding copy = owned(2);
  copy.standing = Standing::incoming;
  REQUIRE(shop.put(Settle{copy}));
  REQUIRE(shop.put(Import{2, {row(3, 7), row(4, 9)}, false}));  // as if they had changed since
  REQUIRE(shop.put(Import{2, reader.rows(1, 0, 1 << 20), false}));
  REQUIRE(shop.put(Import{2, reader.rows(1, 10, 1 << 20), false}));  // and once more
  REQUIRE(shop.put(Carry{2, shop.store.figures(1).applied}));
  CHECK(shop.store.figures(2) == shop.store.figures(1));
  REQUIRE(shop.put(Import{2, {row(3, 7)}, false}));
  CHECK_FALSE(shop.store.figures(2) == shop.store.figures(1));
}

TEST_CASE("store: second copies do not survive a restart; what was incoming may still be needed") {
  const Folder folder;
  {
    Shop shop{folder.path()};
    Holding copy = owned(1);
    copy.standing = Standing::incoming;
    REQUIRE(shop.put(Settle{copy}));
    REQUIRE(shop.put(Import{1, {row(3, 7), row(4, 9)}, false}));
    copy.slot = 2;
    copy.standing = Standing::replica;
    REQUIRE(shop.put(Settle{copy}));
    copy.slot = 3;
    copy.standing = Standing::fenced;
    copy.new_owner = "127.0.0.1:9";
    REQUIRE(shop.put(Settle{copy}));
  }
  Shop shop{folder.path()};
  const auto loaded = shop.store.take_loaded();
  REQUIRE(loaded.size() == 3);
  CHECK(loaded[0].holding.standing == Standing::incoming);
  CHECK(loaded[0].applied.contains(3));
  CHECK_FALSE(loaded[0].applied.contains(5));
  CHECK(loaded[1].holding.standing == Standing::dropped);
  CHECK(loaded[2].holding.standing == Standing::fenced);
  CHECK(loaded[2].holding.new_owner == "127.0.0.1:9");
}

TEST_CASE("store: a full disk refuses writes and keeps what was stored; with room it goes on") {
  const Folder folder;
  Shop shop{folder.path(), {.limit = {1 << 20}}};
  REQUIRE(shop.put(Settle{owned(1)}));
  std::uint64_t n = 0;
  for (; n < 5'000; ++n) {
    if (!shop.put(Write{1, row(n, 4'000)})) break;
  }
  // 1 MiB is 128 pages of 8 KiB; two rows of 4,000 bytes fit into one.
  CHECK(n > 200);
  CHECK(n < 260);
  CHECK(shop.store.trouble().find("full") != std::string::npos);
  CHECK(shop.store.figures(1).rows == n);
  CHECK_FALSE(shop.put(Write{1, row(n, 4'000)}));
  CHECK(shop.store.figures(1).applied.count == n);

  REQUIRE(shop.put(Erase{1, 20}));
  CHECK(shop.put(Write{1, row(n, 4'000)}));
  CHECK(shop.store.trouble().empty());
  StoreReader reader{shop.store.path()};
  CHECK(reader.applied(1) == std::vector<Range>{{20, n}});
}

TEST_CASE("store: erased rows are gone, and a dropped holding with them") {
  const Folder folder;
  Shop shop{folder.path()};
  REQUIRE(shop.put(Settle{owned(1)}));
  REQUIRE(shop.put(Settle{owned(2)}));
  for (std::uint64_t n = 0; n < 25; ++n) REQUIRE(shop.put(Write{1, row(n)}));
  REQUIRE(shop.put(Write{2, row(0)}));
  REQUIRE(shop.put(Erase{1, 10}));
  CHECK(shop.store.figures(1).rows == 15);
  REQUIRE(shop.put(Erase{1, 10}));
  REQUIRE(shop.put(Erase{1, 10}));
  CHECK(shop.store.figures(1) == Figures{});
  REQUIRE(shop.put(Forget{1}));
  CHECK(shop.store.figures(2).rows == 1);
  CHECK(StoreReader{shop.store.path()}.rows(1, 0, 1 << 20).empty());
}

TEST_CASE("store: kill -9 at any moment, and everything that was answered is there") {
  const auto after = GENERATE(2ms, 11ms, 37ms, 120ms);
  const Folder folder;
  int told[2];
  REQUIRE(::pipe(told) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    // Writes as fast as it can, in groups, and says each number once it is stored.
    ::close(told[0]);
    asio::io_context io;
    Store store{io, folder.path()};
    store.submit(Settle{owned(1)}, {});
    std::function<void(std::uint64_t)> put = [&](std::uint64_t n) {
      store.submit(Write{1, row(n)}, [&, n](bool stored) {
        if (stored && ::write(told[1], &n, sizeof n) != sizeof n) ::_exit(1);
        put(n + 16);
      });
    };
    for (std::uint64_t n = 0; n < 16; ++n) put(n);
    const auto busy = asio::make_work_guard(io);
    io.run();
    ::_exit(0);
  }
  ::close(told[1]);
  std::uint64_t first = 0;
  std::vector<std::uint64_t> answered;
  if (::read(told[0], &first, sizeof first) == sizeof first) answered.push_back(first);
  std::this_thread::sleep_for(after);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (std::uint64_t n = 0; ::read(told[0], &n, sizeof n) == sizeof n;) answered.push_back(n);
  ::close(told[0]);
  REQUIRE(!answered.empty());

  Shop shop{folder.path()};
  const auto loaded = shop.store.take_loaded();
  REQUIRE(loaded.size() == 1);
  for (const std::uint64_t n : answered) REQUIRE(loaded[0].applied.contains(n));
  CHECK(loaded[0].applied.size() == loaded[0].figures.rows);
  CHECK(counted(StoreReader{shop.store.path()}.rows(1, 0, 1 << 30)) == loaded[0].figures);
}
