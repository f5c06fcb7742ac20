#include "real/node_parts.hpp"

#include <algorithm>

namespace real {
namespace {

/// Of an answer: what a frame takes, less room for the other fields.
constexpr double payload_limit = static_cast<double>(frame_limit) - 4096;

}  // namespace

void NodeParts::answer(const Waiter& waiter, Result result, const std::string& owner) {
  if (waiter.link != gateway.number()) return;
  Answer answer{
      .id = waiter.id, .result = result, .machine = machine, .owner = owner, .payload = {}};
  if (result == Result::committed) {
    answer.payload.assign(static_cast<std::size_t>(std::min(waiter.network, payload_limit)), 'x');
  }
  gateway.send(answer);
}

void NodeParts::settle_memory(Tenant& tenant) {
  const vm::Bytes state =
      tenant.owned() ? store.figures(tenant.holding.slot).bytes + tenant.growing : vm::Bytes{};
  memory.hold(state - tenant.held);
  tenant.held = state;
}

void NodeParts::count_tenants() {
  const auto owned =
      std::ranges::count_if(tenants, [](const auto& entry) { return entry.second.owned(); });
  meter.tenants_are(static_cast<std::uint32_t>(owned));
}

}  // namespace real
