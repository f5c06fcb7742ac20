#include "tests/settled.hpp"

namespace tests {
namespace {

using vm::MachineId;
using vm::MachineState;
using vm::TenantId;

class Inspection {
 public:
  explicit Inspection(const vm::model::World& world)
      : world_(world),
        cloud_(world.cloud()),
        books_(world.operations().control().inventory()),
        memory_(cloud_.machines.size()) {}

  std::vector<std::string> findings() {
    for (std::uint32_t t = 0; t < cloud_.tenants.size(); ++t) look_at(TenantId{t});
    for (std::uint32_t m = 0; m < cloud_.machines.size(); ++m) look_at(MachineId{m});
    if (world_.operations().under_way() > 0) {
      found_.push_back(std::to_string(world_.operations().under_way()) + " orders under way");
    }
    return found_;
  }

 private:
  const vm::model::Machine& machine(MachineId m) const { return cloud_.machines[m.value]; }
  bool up(MachineId m) const { return machine(m).state == MachineState::up; }

  void look_at(TenantId id) {
    const auto& tenant = cloud_.tenants[id.value];
    const auto& known = books_[id];
    const auto complain = [&](const std::string& what) {
      found_.push_back("tenant " + std::to_string(id.value) + " " + what);
    };
    const auto& fleet = cloud_.scenario.fleets[machine(tenant.owner).fleet.value];
    if (fleet.failover.policy == vm::FailoverPolicy::none && !up(tenant.owner)) return;
    if (known.owner != tenant.owner) complain("has another owner than the books say");
    if (known.epoch != tenant.epoch) complain("has another epoch than the books say");
    if (!known.served || !tenant.served) complain("is not served");
    if (!up(tenant.owner)) complain("lives on a machine that is down");
    if (tenant.frozen || tenant.held > 0) complain("is frozen");
    memory_[tenant.owner.value] += tenant.state;
    if (tenant.replica.complete) memory_[tenant.replica.machine.value] += tenant.state;
    if (tenant.replica.complete != known.replica_complete ||
        (tenant.replica.complete && tenant.replica.machine != known.replica)) {
      complain("has another second copy than the books say");
    }
    if (cloud_.scenario.durability.replicas == 2 && !tenant.replica.complete && room_for(id)) {
      complain("has no second copy, and there is room for one");
    }
  }

  bool room_for(TenantId id) const {
    const auto& tenant = cloud_.tenants[id.value];
    for (const auto& m : cloud_.machines) {
      const auto& known = books_[m.id];
      vm::model::Machine room = m;
      if (up(m.id) && m.id != tenant.owner && !known.retiring && room.try_hold(tenant.state) &&
          m.capacity.memory - known.held >= tenant.state) {
        return true;
      }
    }
    return false;
  }

  void look_at(MachineId id) {
    const auto& m = machine(id);
    if (up(id) != books_.is_up(id)) {
      found_.push_back("machine " + std::to_string(id.value) + " is up or not, unlike the books");
    }
    if (up(id) && m.in_service == 0 && m.held() != memory_[id.value]) {
      found_.push_back("machine " + std::to_string(id.value) + " holds " +
                       std::to_string(m.held().count) + " bytes, its tenants and copies have " +
                       std::to_string(memory_[id.value].count));
    }
  }

  const vm::model::World& world_;
  const vm::model::Cloud& cloud_;
  const vm::Inventory& books_;
  std::vector<vm::Bytes> memory_;  // of tenants and copies, by machine
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> unsettled(const vm::model::World& world) {
  return Inspection{world}.findings();
}

}  // namespace tests
