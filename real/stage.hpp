// Stage: the supervisor of a run of real processes. Starts them, breaks them as the scenario says,
// and leaves nothing behind.
//
//   temporary folder: key, a directory for each machine, the list of control groups
//   children:         gateway (started again with its journal and port), agent (started again),
//                     a node for each machine; a janitor, for the case that we are killed
//   other hosts:      a warden each, which starts its nodes and its agent; the gateway stays here
//
// It follows what the gateway orders (Launch, Stop) and tells it which processes are there and
// which have ended. What a gateway that was started anew cannot know, a death that the one before
// was never told, it is told again: the stage knows from the journal (heard()) what was known.
//
// A gateway that answers nothing for five seconds hangs: nobody gets an answer, and none of its
// nodes can know why. An agent hangs when no sample of its machines reaches the journal: nobody
// would notice an overload. Both are killed, and started again like one that has ended.
//
// Machines are spread over the hosts that can give their flavor: away from those with which they
// share tenants, then where the fewest are. A host that is lost takes its machines with it, and
// what they had written; its place is not filled again.
//
// A boot takes what starting a process takes; `boot_failure` is drawn from the same stream as in
// the simulated world and refuses the launch. One thread, which must be the one that lives longest:
// children die with the thread that started them.
// Processes: stage.cpp; machines: stage_machines.cpp; hosts: stage_hosts.cpp; the gateway's orders
// and the scenario's faults: stage_orders.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "real/child.hpp"
#include "real/fault_plan.hpp"
#include "real/host_choice.hpp"
#include "real/link.hpp"
#include "real/outpost.hpp"
#include "real/secret_file.hpp"
#include "real/token.hpp"
#include "vm/control.hpp"
#include "vm/placement.hpp"

namespace real {

class Stage {
 public:
  struct Quarters {
    std::vector<std::string> words;  // that start it there, before its own: a path and arguments
    std::string host = "127.0.0.1";  // at which it listens
  };
  /// Another host on which machines are started.
  struct Place {
    std::string name;
    std::string address;             // of it, as the other hosts and the gateway reach it
    std::vector<std::string> words;  // that start a warden there; see Outpost::Options
    vm::Capacity capacity{};         // cores and memory that it has
  };
  struct Options {
    const vm::Scenario& scenario;         // outlives the stage
    std::filesystem::path binary;         // brink itself
    std::filesystem::path scenario_file;  // as resolved, for the gateway
    std::filesystem::path journal;
    std::string http{};             // host:port where the gateway serves people; empty: nowhere
    std::filesystem::path users{};  // their accounts
    std::vector<std::string> http_words{};  // further options of the gateway: its certificate
    /// Asked at each Moment of a migration, before it goes on; the kill table's door.
    std::function<void(const Reached&)> on_reached{};
    /// Where a machine's process is started on this host; not set: as it is.
    std::function<Quarters(vm::MachineId)> quarters{};
    std::vector<Place> places{};                                    // none: all is started here
    std::chrono::milliseconds patience = std::chrono::seconds{20};  // with a host that is silent
  };
  struct Handlers {
    std::function<void()> on_ready;  // every tenant has its owner: clients may come
    std::function<void(vm::MachineId, std::string)> on_fault;
    std::function<void()> read_journal;           // now: heard() is called for all that it holds
    std::function<void(std::string)> report;      // a line for people
    std::function<void(std::string)> on_failure;  // the run cannot go on, and why
  };

  /// Makes the temporary folder and the key; throws std::system_error.
  Stage(asio::io_context& io, Options options, Handlers handlers);
  /// Ends every process, removes the folder.
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  void start();
  /// The run began, or will begin, at this instant of the steady clock.
  void begin(std::chrono::steady_clock::time_point start);
  void heard(const vm::Fact& fact);
  /// Asks every process to end and waits for that, for two seconds at most; then they are killed.
  /// Other hosts are given three more to tidy up.
  void close();

  /// host:port of the gateway, once it has been started.
  const std::string& gateway() const { return gateway_address_; }
  std::string token(Role role) const;
  const std::filesystem::path& folder() const { return folder_; }
  /// Where a machine is or was; empty for one that is not known.
  std::string host_of(vm::MachineId machine) const;

  /// SIGKILL, as a fault; for the kill table too. Nothing where there is none.
  void kill_machine(vm::MachineId machine);
  void kill_gateway();
  void kill_agent();
  /// Starts a machine that has ended, on its directory.
  void bring_back(vm::MachineId machine);

 private:
  struct Machine {
    vm::FlavorId flavor;
    vm::Attempt attempt{};
    std::unique_ptr<Process> process;
    MachineUp up{};       // as told, once it listens; its host and directory from the start
    std::string group{};  // its cgroup's folder
    bool listening = false;
    bool released = false;
    bool killed = false;      // by us: no news for people
    bool unreported = false;  // has ended, and the journal does not say so yet
    bool lost = false;        // so says the journal
    std::string last_error{};
  };
  struct Post {  // a host, by its number
    std::unique_ptr<Host> host;
    Outpost* outpost = nullptr;  // the same, if it is another one
    vm::Capacity capacity{};
    std::unique_ptr<Process> agent;
    int unheard = 0;  // pings to the gateway since the last sample of one of its machines
    bool lost = false;
  };

  // stage.cpp
  void start_gateway();
  void on_gateway_line(const std::string& line);
  void on_gateway_end(const std::string& how);
  void start_agent(std::uint32_t host);
  void fail(std::string why);
  void later(std::chrono::milliseconds delay, std::function<void()> what);

  // stage_hosts.cpp
  void open_posts();
  void on_post_ready(std::uint32_t host);
  void on_post_lost(std::uint32_t host, const std::string& why);
  void send_key(std::uint32_t host);
  void start_machines();
  void tell_where() const;
  std::map<vm::MachineId, HostNumber> where() const;
  std::optional<HostNumber> host_for(vm::MachineId machine) const;
  void bring(const Bring& wish);

  // stage_machines.cpp
  void start_machine(vm::MachineId machine);
  std::vector<std::string> node_words(vm::MachineId machine) const;
  void on_node_line(vm::MachineId machine, const std::string& line);
  void on_node_end(vm::MachineId machine, const std::string& how);
  void forget_files(Machine& machine);
  void remove_cgroup(Machine& machine);
  Stopped stopped(vm::MachineId machine) const;
  std::vector<vm::MachineId> machines_up() const;

  // stage_orders.cpp
  awaitable<void> connect(std::shared_ptr<bool> alive);
  awaitable<void> watch(std::shared_ptr<bool> alive);
  void watch_gateway();
  void watch_agent(std::uint32_t host);
  void introduce();
  void on_message(Message& message);
  void on(const Launch& launch);
  void on(const Stop& stop);
  void on(const Reached& reached);
  template <class M>
  void tell(const M& message) {
    if (link_) link_->send(message);
  }
  bool boot_fails(vm::MachineId machine, vm::FlavorId flavor) const;
  void strike(const FaultPlan::Stroke& stroke);
  void heal(const FaultPlan::Stroke& stroke);
  void disturb(vm::MachineId machine, const vm::Fault& fault, bool over);

  asio::io_context& io_;
  Options options_;
  Handlers handlers_;
  const vm::Layout layout_;
  std::filesystem::path folder_;
  std::optional<Tokens> tokens_;
  std::vector<Post> posts_;
  std::map<vm::MachineId, Machine> machines_;
  std::unique_ptr<Child> gateway_, janitor_;
  std::string gateway_address_, gateway_error_;
  std::shared_ptr<Link> link_;
  bool connecting_ = false;
  int unanswered_ = 0;  // pings to the gateway, in a row
  std::optional<std::chrono::steady_clock::time_point> start_;
  std::optional<std::chrono::steady_clock::time_point> boots_fail_until_;
  std::vector<std::chrono::steady_clock::time_point> restarts_;  // of gateway and agent
  std::set<vm::MachineId> unsampled_;                            // whose samples a fault keeps back
  std::uint32_t brought_ = 0;  // copies of machines' files, each in a folder of its own
  bool capacity_told_ = false;
  bool moments_ = false, ready_ = false, closing_ = false, failed_ = false;
  FaultPlan faults_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace real
