#include "real/bringing.hpp"

#include <vector>

#include "real/store.hpp"
#include "real/warden.hpp"

namespace real {
namespace {

constexpr std::size_t pieces_at_once = 8;

struct Copy : std::enable_shared_from_this<Copy> {
  Outpost& from;
  Outpost& to;
  std::string folder, into;
  std::function<void(const std::string&)> then;
  std::vector<std::string> files{std::string{Store::file_name},
                                 std::string{Store::file_name} + "-wal"};
  std::uint64_t next = 0;  // byte of files.front() that nobody has asked for
  std::size_t under_way = 0;
  bool at_end = false, over = false;  // of the file; of all

  Copy(Outpost& from_host, Outpost& to_host) : from(from_host), to(to_host) {}

  void go_on() {
    while (!over && !at_end && under_way < pieces_at_once) {
      ++under_way;
      const std::uint64_t at = std::exchange(next, next + Warden::chunk);
      from.read(folder + "/" + files.front(), at,
                [self = shared_from_this(), at](const sim::Result<std::string>& bytes) {
                  self->read(at, bytes);
                });
    }
    if (over || !at_end || under_way > 0) return;
    files.erase(files.begin());
    next = 0;
    at_end = false;
    if (files.empty()) return end({});
    go_on();
  }

  void read(std::uint64_t at, const sim::Result<std::string>& bytes) {
    if (over) return;
    // A store that was closed in good order has no log beside it.
    const bool none = !bytes && at == 0 && files.size() == 1;
    if (!bytes && !none && !at_end) return end(bytes.error());
    if (!bytes || bytes->size() < Warden::chunk) at_end = true;
    if (!bytes || bytes->empty()) return piece_done();
    to.write(into + "/" + files.front(), at, *bytes,
             [self = shared_from_this()](const sim::Result<std::string>& written) {
               if (self->over) return;
               if (!written) return self->end(written.error());
               self->piece_done();
             });
  }

  void piece_done() {
    --under_way;
    go_on();
  }

  void end(const std::string& why) {
    if (!std::exchange(over, true)) then(why);
  }
};

}  // namespace

void bring_store(Outpost& from, const std::string& folder, Outpost& to, const std::string& into,
                 std::function<void(const std::string& why)> then) {
  const auto copy = std::make_shared<Copy>(from, to);
  copy->folder = folder;
  copy->into = into;
  copy->then = std::move(then);
  copy->go_on();
}

}  // namespace real
