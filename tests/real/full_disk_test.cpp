// Full disks: what a store writes down however full the disk is, and what it takes no part in.
#include <array>
#include <cstdio>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/real/folder.hpp"
#include "tests/real/shop.hpp"

namespace {

using namespace real;
using real_test::Folder, real_test::Shop, real_test::owned, real_test::row;
namespace fs = std::filesystem;

Holding standing(Slot slot, Standing as) {
  Holding holding = owned(slot);
  holding.standing = as;
  return holding;
}

bool try_say(const char* file, const std::string& text) {
  const Descriptor opened{::open(file, O_WRONLY)};
  return opened &&
         ::write(opened.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// A disk of this size at `where`, for this process alone; false where that is not allowed.
bool try_mount(const fs::path& where, const char* size) {
  const auto user = std::to_string(::geteuid()), group = std::to_string(::getegid());
  if (::geteuid() == 0) {
    if (::unshare(CLONE_NEWNS) != 0) return false;
  } else if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
             !try_say("/proc/self/uid_map", "0 " + user + " 1") ||
             !try_say("/proc/self/setgroups", "deny") ||
             !try_say("/proc/self/gid_map", "0 " + group + " 1")) {
    return false;
  }
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("none", where.c_str(), "tmpfs", 0, size) == 0;
}

/// Writes until the disk takes not a byte more.
void fill_up(const fs::path& file) {
  const Descriptor opened{::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600)};
  const std::string page(4096, 'x');
  for (std::size_t size = page.size(); size > 0;) {
    if (::write(opened.get(), page.data(), size) < static_cast<ssize_t>(size)) size /= 2;
  }
}

struct Findings {
  bool mounted, copy, more, new_copy, own, write, fence, erase, forget, drop, kept;
};

/// Slot 1 is a copy that is ready to be taken over, 2 is owned, 3 is being erased.
Findings fill_and_try(const fs::path& folder, bool with_ballast) {
  Findings found{};
  found.mounted = try_mount(folder, "size=2m");
  if (!found.mounted) return found;
  if (!with_ballast) fs::create_directory(folder / Store::ballast_name);
  {
    Shop shop{folder};
    found.copy = shop.put(Settle{standing(1, Standing::incoming)}) &&
                 shop.put(Import{1, {row(0), row(1)}, false}) && shop.put(Settle{owned(2)}) &&
                 shop.put(Write{2, row(0)}) && shop.put(Settle{owned(3)}) &&
                 shop.put(Write{3, row(0)});
    fill_up(folder / "others");
    found.new_copy = shop.put(Settle{standing(4, Standing::incoming)});
    found.own = shop.put(Settle{owned(1)});
    found.write = shop.put(Write{2, row(1, 100'000)});
    found.fence = shop.put(Settle{standing(2, Standing::fenced)});
    found.more = shop.put(Import{4, {row(1, 100'000)}, true});
    found.drop = shop.put(Settle{standing(3, Standing::dropped)});
    found.erase = shop.put(Erase{3, 10});
    found.forget = shop.put(Forget{3});
  }
  Shop shop{folder};
  const auto loaded = shop.store.take_loaded();
  found.kept = loaded.size() == 2 && loaded[0].holding.standing == Standing::owner &&
               loaded[0].applied.size() == 2 && loaded[1].holding.standing == Standing::fenced;
  return found;
}

/// In a process of its own, which takes its disk with it.
std::optional<Findings> on_a_full_disk(bool with_ballast) {
  const Folder folder;
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      const Findings found = fill_and_try(folder.path(), with_ballast);
      (void)(::write(ends[1], &found, sizeof found) > 0);
    } catch (const std::exception& failure) {
      std::fprintf(stderr, "%s\n", failure.what());
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  Findings found{};
  const bool told = ::read(ends[0], &found, sizeof found) == sizeof found;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  REQUIRE(told);
  if (!found.mounted) WARN("no disk of our own can be mounted here");
  return found.mounted ? std::optional{found} : std::nullopt;
}

}  // namespace

TEST_CASE("full disk: who owns what is written down, what is erased is gone, and nothing else") {
  const auto found = on_a_full_disk(true);
  if (!found) return;
  CHECK(found->copy);
  CHECK(found->own);
  CHECK(found->fence);
  CHECK(found->drop);
  CHECK(found->erase);
  CHECK(found->forget);
  CHECK(found->kept);
  // The room that was made is for the others: ordinary writes and new copies do not get it.
  CHECK_FALSE(found->new_copy);
  CHECK_FALSE(found->write);
  CHECK_FALSE(found->more);
}

TEST_CASE("full disk: without the ballast, who owns what would have to wait for room") {
  const auto found = on_a_full_disk(false);
  if (!found) return;
  CHECK(found->copy);
  CHECK_FALSE(found->own);
  CHECK_FALSE(found->kept);
}

TEST_CASE("full disk: a copy that lacks a part never becomes the owner's") {
  const Folder folder;
  Shop shop{folder.path(), {.limit = {200'000}}};
  REQUIRE(shop.put(Settle{standing(1, Standing::replica)}));
  REQUIRE(shop.put(Import{1, {row(0)}, true}));
  // In one group with what it lacks, and in one after it.
  std::vector<bool> answers;
  shop.store.submit(Import{1, {row(1, 500'000)}, true}, [&](bool ok) { answers.push_back(ok); });
  shop.store.submit(Settle{owned(1)}, [&](bool ok) { answers.push_back(ok); });
  CHECK_FALSE(shop.put(Settle{owned(1)}));
  CHECK(answers == std::vector{false, false});
  CHECK_FALSE(shop.store.trouble().empty());
  CHECK_FALSE(shop.put(Import{1, {row(2)}, true}));

  CHECK(shop.put(Settle{owned(2)}));  // others are not concerned
  CHECK(shop.put(Write{2, row(0)}));
  CHECK(shop.put(Settle{standing(1, Standing::dropped)}));
  CHECK(shop.put(Erase{1, 10}));
  CHECK(shop.put(Forget{1}));
  CHECK(shop.put(Settle{owned(1)}));  // a new one
}

TEST_CASE("full disk: the ballast is as much as there is, and all of it when there is room again") {
  const Folder folder;
  Ballast ballast{folder.path() / "ballast"};
  CHECK(ballast.held() == Ballast::full);
  CHECK(fs::file_size(folder.path() / "ballast") ==
        static_cast<std::uintmax_t>(Ballast::full.count));
  ballast.let_go();
  CHECK(ballast.held() == vm::Bytes{});
  CHECK(fs::file_size(folder.path() / "ballast") == 0);
  ballast.perhaps_take();  // it has been asked just now
  CHECK(ballast.held() == vm::Bytes{});
  ballast.take();
  CHECK(ballast.held() == Ballast::full);
  Ballast none{folder.path() / "nowhere" / "ballast"};
  none.let_go();
  none.take();
  CHECK(none.held() == vm::Bytes{});
}
