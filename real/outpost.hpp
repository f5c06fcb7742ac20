// Outpost: another host on which a stage starts processes, as seen from here.
//
//   stage ──> Outpost ── Child: a relay, as `brink remote` ── SSH ──> Warden ──> its processes
//
// One connection a host, whatever number of processes, and a kill over there is a kill: no relay
// stands between the signal and the process. A host is lost when its relay ends or it has not
// answered for `patience`; its processes have ended then as far as we are concerned, and what they
// wrote is out of reach, since the warden there has come to the same conclusion and removes it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include <nlohmann/json_fwd.hpp>

#include "real/child.hpp"
#include "real/host.hpp"
#include "sim/result.hpp"
#include "vm/entities.hpp"

namespace real {

class Outpost final : public Host {
 public:
  struct Options {
    std::string name;
    std::string address;             // at which processes there listen
    std::vector<std::string> words;  // that start a warden there; it is told `patience` with them
    std::chrono::milliseconds patience = std::chrono::seconds{20};
    std::chrono::milliseconds beat = std::chrono::seconds{1};
  };
  struct Handlers {
    std::function<void()> on_ready;                       // the warden is there
    std::function<void(const std::string& why)> on_lost;  // once; before its processes' ends
  };
  /// What was read, in full; or why not.
  using Then = std::function<void(const sim::Result<std::string>& bytes)>;

  /// throws  std::system_error when the relay cannot be executed
  Outpost(asio::io_context& io, Options options, Handlers handlers);
  /// Asks the warden to end, and kills the relay; see also ask_to_end().
  ~Outpost() override;
  Outpost(const Outpost&) = delete;
  Outpost& operator=(const Outpost&) = delete;

  const std::string& name() const override { return options_.name; }
  std::filesystem::path binary() const override { return binary_; }
  std::filesystem::path folder() const override { return folder_; }
  const std::string& address() const override { return options_.address; }
  bool ready() const { return !folder_.empty() && !lost_; }
  bool lost() const { return lost_; }

  std::unique_ptr<Process> start(const std::vector<std::string>& words,
                                 Process::Handlers handlers) override;
  void note_group(const std::filesystem::path& group) override;
  void remove_group(const std::filesystem::path& group) override;
  void remove_folder(const std::filesystem::path& folder) override;

  /// Files, by their path within the run's folder. Pieces of Warden::chunk bytes at most.
  void write(const std::string& path, std::uint64_t at, std::string_view bytes, Then then);
  void read(const std::string& path, std::uint64_t at, Then then);

  /// The host ends everything and removes the folder. The relay ends when that is done.
  void ask_to_end();
  /// Whether the relay still runs; for those who wait outside the io_context.
  bool still_there() const { return relay_ && relay_->still_there(); }
  /// SIGKILL to the relay, as a fault.
  void kill_relay();

 private:
  class Far;
  struct Known {  // of a process there
    Process::Handlers handlers;
    bool running = true, wanted = true;
  };
  using Json = nlohmann::json;
  void say(const Json& wish, std::string_view bytes = {});
  void on_line(const std::string& line);
  void on_hello(const Json& hello);
  void ended(std::uint64_t id, const std::string& how);
  void answered(std::uint64_t ask, const sim::Result<std::string>& bytes);
  void lose(const std::string& why);
  void beat();

  asio::io_context& io_;
  Options options_;
  Handlers handlers_;
  std::filesystem::path binary_, folder_;
  std::unique_ptr<Child> relay_;
  std::string last_error_;
  asio::steady_timer beat_;
  std::chrono::steady_clock::time_point last_heard_;
  std::map<std::uint64_t, std::shared_ptr<Known>> processes_;
  std::map<std::uint64_t, Then> asked_;
  std::uint64_t next_id_ = 1, next_ask_ = 1, beats_ = 0;
  bool lost_ = false, ending_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// What a warden's hello says of its host.
struct HostFacts {
  unsigned cpus = 0;
  vm::Bytes memory{};
  std::int64_t unix_seconds = 0;  // its clock of the wall
  std::string folder{}, binary{};
};
/// None when it is no hello of a warden of our version.
std::optional<HostFacts> parse_hello(const std::string& line);

}  // namespace real
