// Stage: the hosts on which machines are started, and which machine goes where.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "real/bringing.hpp"
#include "real/capacity.hpp"
#include "real/stage.hpp"

namespace real {

using namespace std::chrono_literals;

namespace {

/// For a relay to connect and for the warden to say hello.
constexpr auto patience_at_start = 30s;

}  // namespace

void Stage::open_posts() {
  if (options_.places.empty()) {
    Post& here = posts_.emplace_back();
    here.host = std::make_unique<Here>(io_, options_.binary, folder_);
    return start_machines();
  }
  for (std::uint32_t i = 0; i < options_.places.size(); ++i) {
    const Place& place = options_.places[i];
    auto outpost = std::make_unique<Outpost>(
        io_,
        Outpost::Options{.name = place.name,
                         .address = place.address,
                         .words = place.words,
                         .patience = options_.patience},
        Outpost::Handlers{.on_ready = [this, i] { on_post_ready(i); },
                          .on_lost = [this, i](const std::string& why) { on_post_lost(i, why); }});
    Post& post = posts_.emplace_back();
    post.outpost = outpost.get();
    post.host = std::move(outpost);
    post.capacity = place.capacity;
  }
  later(patience_at_start, [this] {
    for (const Post& post : posts_) {
      if (!post.outpost->ready() && machines_.empty()) {
        return fail("host " + post.host->name() + " does not answer");
      }
    }
  });
}

void Stage::on_post_ready(std::uint32_t host) {
  if (closing_) return;
  send_key(host);
  const auto ready = [](const Post& post) { return post.outpost->ready(); };
  if (!std::ranges::all_of(posts_, ready)) return;
  start_machines();
  if (gateway_address_.empty()) return;  // it starts the agents
  for (std::uint32_t i = 0; i < posts_.size(); ++i) start_agent(i);
}

/// The key of the run comes by the connection that started the warden: no argument, no other file.
/// What is started after it finds it there, since wishes are carried out in turn.
void Stage::send_key(std::uint32_t host) {
  std::ostringstream bytes;
  bytes << std::ifstream{folder_ / "key", std::ios::binary}.rdbuf();
  posts_[host].outpost->write("key", 0, bytes.str(), [this](const sim::Result<std::string>& done) {
    if (!done) fail("the key of the run: " + done.error());
  });
}

/// Its machines' ends follow one by one. What is told of those that had ended before is that
/// nothing is left of them.
void Stage::on_post_lost(std::uint32_t host, const std::string& why) {
  if (closing_) return;
  Post& post = posts_[host];
  post.lost = true;
  const std::string what = "host " + post.host->name() + " is lost (" + why + ")";
  if (!ready_) return fail(what);
  handlers_.report(what);
  for (const auto& [id, machine] : machines_) {
    const bool ended = !machine.process || !machine.process->running();
    if (machine.up.host == host && ended && !machine.released) tell(stopped(id));
  }
}

// ---- Which machine goes where ------------------------------------------------------------------

std::map<vm::MachineId, HostNumber> Stage::where() const {
  std::map<vm::MachineId, HostNumber> places;
  for (const auto& [id, machine] : machines_) {
    if (machine.process && !machine.released) places[id] = machine.up.host;
  }
  return places;
}

/// None when no host that is there can give its flavor.
std::optional<HostNumber> Stage::host_for(vm::MachineId id) const {
  const vm::FlavorId flavor = machines_.at(id).flavor;
  const vm::Capacity& needed = options_.scenario.flavors[flavor.value].capacity;
  std::vector<bool> fits;
  for (const Post& post : posts_) {
    const bool too_small =
        post.outpost != nullptr && !beyond_host(needed, post.capacity, post.host->name()).empty();
    fits.push_back(!post.lost && !too_small);
  }
  return choose_host(layout_, id, where(), fits);
}

void Stage::start_machines() {
  for (std::uint32_t i = 0; i < layout_.machines.size(); ++i) {
    const vm::MachineId id{i};
    machines_[id].flavor = layout_.machines[i].flavor;
    const auto host = host_for(id);
    if (!host) {
      const vm::Flavor& flavor = options_.scenario.flavors[machines_[id].flavor.value];
      return fail("no host can give a machine of flavor " + flavor.name);
    }
    machines_[id].up.host = *host;
    start_machine(id);
  }
  if (!options_.places.empty()) tell_where();
}

void Stage::tell_where() const {
  for (std::uint32_t i = 0; i < posts_.size(); ++i) {
    std::string text;
    for (const auto& [id, machine] : machines_) {
      if (machine.up.host != i) continue;
      text += (text.empty() ? "machine " : ", ") + std::to_string(id.value);
      if (layout_.machines[id.value].spare) text += " (spare)";
    }
    handlers_.report("host " + posts_[i].host->name() + " at " + posts_[i].host->address() + ": " +
                     (text.empty() ? "no machine yet" : text));
  }
  if (const auto both = find_together(layout_, where())) {
    handlers_.report("machines " + std::to_string(both->first.value) + " and " +
                     std::to_string(both->second.value) +
                     " have both copies of some tenants and are on one host");
  }
}

std::string Stage::host_of(vm::MachineId machine) const {
  const auto found = machines_.find(machine);
  if (found == machines_.end() || posts_.empty()) return {};
  return posts_[found->second.up.host].host->name();
}

// ---- Files -------------------------------------------------------------------------------------

/// What a machine that has ended had written, to the host of another one. Each copy lies in a
/// folder of its own: an earlier one may still be read.
void Stage::bring(const Bring& wish) {
  const auto from = machines_.find(wish.machine), to = machines_.find(wish.to);
  const auto refuse = [this, wish] {
    tell(Brought{.machine = wish.machine, .to = wish.to, .directory = {}});
  };
  if (from == machines_.end() || to == machines_.end()) return refuse();
  const Machine& machine = from->second;
  const Post &source = posts_[machine.up.host], &target = posts_[to->second.up.host];
  const bool running = machine.process && machine.process->running();
  if (running || source.lost || target.lost || !source.outpost || !target.outpost) return refuse();
  const std::string name = "machine" + std::to_string(wish.machine.value);
  const std::string into = name + "-" + std::to_string(++brought_);
  const std::string directory = target.host->folder() / into;
  handlers_.report("files of machine " + std::to_string(wish.machine.value) + " go from " +
                   source.host->name() + " to " + target.host->name());
  bring_store(
      *source.outpost, name, *target.outpost, into,
      [this, wish, refuse, directory](const std::string& why) {
        if (why.empty()) {
          return tell(Brought{.machine = wish.machine, .to = wish.to, .directory = directory});
        }
        handlers_.report("files of machine " + std::to_string(wish.machine.value) +
                         " cannot be brought: " + why);
        refuse();
      });
}

}  // namespace real
