// Warden: the hand of a stage on another host: starts processes there, ends them, keeps their
// files, and leaves nothing behind.
//
//   stage ── relay ── SSH ──> warden ── starts ──> nodes, agent
//     one line of JSON for each wish           └── folder: key, machines' folders, lock
//
// Its children die with it, as a stage's do on its own host, and it ends with the stage: when its
// standard input does, or when it has not heard a word for `patience`, since a host that is cut off
// is told of no end. Then it kills them and removes its folder. Should it be killed itself, the
// folder stays, with nobody holding its lock: the next warden there removes it.
//
// To it, one of these a line (warden_line.hpp), `id` and `n` chosen by who asks:
//   {"start":id,"words":[...]}  {"kill":id,"signal":9}  {"close":id}        a process
//   {"write":path,"at":0,"ask":n} with bytes  {"read":path,"at":0,"ask":n}  {"remove":path}
//   {"group":path}  {"ungroup":path}  {"beat":n}  {"end":true}
// From it:
//   {"hello":1,"folder":...,"binary":...,"cpus":2,"memory":bytes,"unix":seconds}
//   {"out":id,"line":...}  {"err":id,"line":...}  {"ended":id,"how":...}
//   {"done":n} with bytes  {"refused":n,"why":...}  {"beat":n}
// Paths are relative to the folder, and never lead out of it.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "real/asio.hpp"
#include "real/child.hpp"
#include "real/line_writer.hpp"
#include "real/posix.hpp"

namespace real {

class Warden {
 public:
  static constexpr int version = 1;
  static constexpr std::size_t chunk = 32 << 10;  // bytes of a file in one line

  struct Options {
    std::filesystem::path directory;  // where its folder is made, and old ones are looked for
    std::chrono::milliseconds patience = std::chrono::seconds{20};
    int input = 0, output = 1;  // descriptors; they are duplicated
    std::function<void()> stop{};
  };

  /// Makes the folder, 0700, and says hello. Calls `stop` when it is over.
  ///
  ///   throws  std::system_error with the file in it
  Warden(asio::io_context& io, Options options);
  /// Ends all and removes the folder.
  ~Warden();
  Warden(const Warden&) = delete;
  Warden& operator=(const Warden&) = delete;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  using Json = nlohmann::json;
  void read();
  void take_lines();
  void obey(const std::string& line);
  void start(const Json& wish);
  void write_file(const Json& wish, const std::string& bytes);
  void read_file(const Json& wish);
  void say(const Json& what, std::string_view bytes = {});
  void end();
  void watch_silence();

  asio::io_context& io_;
  Options options_;
  std::filesystem::path folder_;
  Descriptor lock_;
  asio::posix::stream_descriptor input_;
  LineWriter output_;
  asio::steady_timer silence_;
  std::string text_;
  std::array<char, 65536> bytes_{};
  std::map<std::uint64_t, std::unique_ptr<Child>> children_;
  bool over_ = false;
  std::chrono::steady_clock::time_point last_heard_ = std::chrono::steady_clock::now();
};

/// What a warden says first, of the host that it is on; `folder` may be empty.
std::string hello_of_this_host(const std::filesystem::path& folder);

/// Removes the folders in `directory` of wardens that were killed.
void sweep_abandoned(const std::filesystem::path& directory);

}  // namespace real
