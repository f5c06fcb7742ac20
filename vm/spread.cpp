#include "vm/spread.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vm {

bool is_closed(const ClientGroup& group) {
  return std::holds_alternative<ClosedLoop>(group.arrivals);
}

std::vector<double> issue_shares(const ClientGroup& group) {
  std::vector<double> shares(group.count, 1.0);
  double sum = 0;
  for (std::uint32_t i = 0; i < group.count; ++i) {
    if (group.skew > 0 && !is_closed(group)) shares[i] = std::pow(i + 1.0, -group.skew);
    sum += shares[i];
  }
  for (double& share : shares) share /= sum;
  return shares;
}

std::vector<Spread> spread_of(const Scenario& scenario, const Layout& layout) {
  std::vector<Spread> spreads;
  std::size_t tenant = 0;
  for (const ClientGroup& group : scenario.clients) {
    Spread& spread = spreads.emplace_back();
    spread.share.assign(layout.machines.size(), 0.0);
    spread.clients.assign(layout.machines.size(), 0);
    for (const double share : issue_shares(group)) {
      const MachineId owner = layout.owner[tenant++];
      if (owner == no_machine) continue;
      spread.share[owner.value] += share;
      ++spread.clients[owner.value];
    }
  }
  return spreads;
}

std::vector<double> rates_on(const std::vector<Spread>& spreads, const std::vector<double>& rates,
                             MachineId machine) {
  std::vector<double> on(rates.size());
  for (std::size_t g = 0; g < rates.size(); ++g) on[g] = rates[g] * spreads[g].share[machine.value];
  return on;
}

double state_after(const Scenario& scenario, const Layout& layout, const std::vector<double>& rates,
                   MachineId machine, double span) {
  double sum = 0;
  std::size_t tenant = 0;
  for (std::size_t g = 0; g < scenario.clients.size(); ++g) {
    const ClientGroup& group = scenario.clients[g];
    double write = 0;  // bytes of a transaction, on average
    for (std::size_t k = 0; k < scenario.transactions.size(); ++k)
      write += group.mix[k] * static_cast<double>(scenario.transactions[k].write.count);
    const double start = static_cast<double>(group.state.count);
    const double most = group.keep ? std::max(start, static_cast<double>(group.keep->count))
                                   : std::numeric_limits<double>::infinity();
    for (const double share : issue_shares(group)) {
      const double state = std::min(most, start + rates[g] * share * write * span);
      if (layout.owner[tenant] == machine) sum += state;
      if (layout.replica[tenant] == machine) sum += state;
      ++tenant;
    }
  }
  return sum;
}

}  // namespace vm
