// Second copies and the hosts that machines share.
#include "tests/vm/control_rig.hpp"

namespace {

using namespace control_rig;

constexpr MachineId m0{0}, m1{1}, m2{2}, m3{3};

/// Tenant t is machine t's, with its second copy on the next machine of the ring.
Scenario ring(std::uint32_t machines) {
  Scenario s = small_scenario(FailoverPolicy::split, machines, 0, machines);
  s.durability = {Log::synced, 2};
  return s;
}

}  // namespace

TEST_CASE(
    "hosts: a second copy leaves its owner's host, and counts until the new one is complete") {
  Rig rig{ring(3)};
  CHECK(rig.tell(Time{1s}, Housed{m0, 0}).empty());
  CHECK(rig.tell(Time{1s}, Housed{m2, 1}).empty());
  const auto order = only<Replicate>(rig.tell(Time{1s}, Housed{m1, 0}));
  CHECK(order.tenant == TenantId{0});
  CHECK(order.to == m2);
  CHECK(rig.inventory()[TenantId{0}].replica == m1);
  CHECK(rig.inventory()[TenantId{0}].replica_complete);
  (void)rig.tell(Time{2s}, Replicated{order.attempt});
  CHECK(rig.inventory()[TenantId{0}].replica == m2);
  CHECK(every<Replicate>(rig.all()).size() == 1);
}

TEST_CASE("hosts: where all machines share one, and where nothing is known of hosts, copies stay") {
  Rig rig{ring(3)};
  (void)rig.tell(Time{1s}, Housed{m0, 5});
  (void)rig.tell(Time{1s}, Housed{m1, 5});
  CHECK(every<Replicate>(rig.all()).empty());  // of machine 2 nothing is known yet
  (void)rig.tell(Time{1s}, Housed{m2, 5});
  (void)rig.tell(Time{1s}, Housed{{77}, 5});  // there is none
  CHECK(every<Replicate>(rig.all()).empty());
}

TEST_CASE(
    "hosts: a new second copy goes to another host than the owner's, though it carries more") {
  const bool known = GENERATE(true, false);
  Rig rig{ring(4)};
  // Machine 3 is on the host of machine 0, the two others are not.
  constexpr std::uint32_t hosts[] = {0, 1, 1, 0};
  for (std::uint32_t m = 0; known && m < 4; ++m) (void)rig.tell(Time{1s}, Housed{{m}, hosts[m]});
  // Of what moves then, all is done: machine 1's copy on 2, machine 3's on 0.
  for (const Replicate& order : every<Replicate>(rig.all())) {
    (void)rig.tell(Time{2s}, Replicated{order.attempt});
  }
  for (std::uint32_t t = 0; known && t < 4; ++t) {
    const Inventory::Tenant& tenant = rig.inventory()[TenantId{t}];
    CHECK_FALSE(rig.inventory().together(tenant.owner, tenant.replica));
  }
  (void)rig.tell(Time{3s}, MachineLost{m1});
  for (int i = 0; i < 20; ++i) {  // whatever is ordered is done
    const std::size_t before = rig.all().size();
    for (const Restore& order : every<Restore>(rig.all())) {
      (void)rig.tell(Time{4s}, Restored{order.attempt, 0});
    }
    for (const Replicate& order : every<Replicate>(rig.all())) {
      (void)rig.tell(Time{4s}, Replicated{order.attempt});
    }
    if (rig.all().size() == before) break;
  }
  for (std::uint32_t t = 0; t < 4; ++t) {
    const Inventory::Tenant& tenant = rig.inventory()[TenantId{t}];
    CAPTURE(known, t, tenant.owner.value, tenant.replica.value);
    CHECK(tenant.served);
    CHECK(tenant.replica_complete);
    if (known) CHECK_FALSE(rig.inventory().together(tenant.owner, tenant.replica));
  }
}
