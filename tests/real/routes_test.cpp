#include "real/routes.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace std::chrono_literals;
using real::Routes;

constexpr vm::TenantId tenant{1};
constexpr vm::Time noon{10s};

}  // namespace

TEST_CASE("routes: a tenant has nobody to serve it until it is moved to its first owner") {
  Routes routes{2};
  CHECK_FALSE(routes.knows({2}));
  CHECK_FALSE(routes[tenant].served);
  CHECK(routes.move(tenant, {7}, 3).empty());
  CHECK(routes[tenant].served);
  CHECK(routes[tenant].owner == vm::MachineId{7});
  CHECK(routes[tenant].epoch == 3);
  CHECK_FALSE(routes[vm::TenantId{0}].served);
}

TEST_CASE("routes: what was held goes on in order of its arrival, to where the tenant is then") {
  Routes routes{2};
  (void)routes.move(tenant, {0}, 0);
  routes.freeze(tenant);
  for (const Routes::Slot slot : {5u, 3u, 9u}) REQUIRE(routes.try_hold(tenant, slot, noon));
  SECTION("to the next owner") {
    CHECK(routes.move(tenant, {1}, 1) == Routes::Slots{5, 3, 9});
    CHECK(routes[tenant].owner == vm::MachineId{1});
  }
  SECTION("back to the one it has") {
    CHECK(routes.thaw(tenant) == Routes::Slots{5, 3, 9});
    CHECK(routes[tenant].owner == vm::MachineId{0});
  }
  SECTION("to nobody") {
    CHECK(routes.cut_off(tenant) == Routes::Slots{5, 3, 9});
    CHECK_FALSE(routes[tenant].served);
  }
  CHECK_FALSE(routes[tenant].frozen);
  CHECK(routes.thaw(tenant).empty());
}

TEST_CASE("routes: at most ten thousand wait for a tenant, and none beyond its deadline") {
  Routes routes{2};
  (void)routes.move(tenant, {0}, 0);
  routes.freeze(tenant);
  for (Routes::Slot slot = 0; slot < 10'000; ++slot) {
    REQUIRE(routes.try_hold(tenant, slot, noon + slot * 1ms));
  }
  CHECK_FALSE(routes.try_hold(tenant, 10'000, noon));
  CHECK(routes.expired(noon - 1ns).empty());
  CHECK(routes.expired(noon + 1ms) == Routes::Slots{0, 1});
  CHECK(routes.try_hold(tenant, 10'001, noon + 20s));  // there is room again
  CHECK(routes.expired(noon + 10s).size() == 9'998);
  CHECK(routes.thaw(tenant) == Routes::Slots{10'001});
}
