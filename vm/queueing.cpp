#include "vm/queueing.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <Eigen/LU>

namespace vm {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::domain_error(what);
}

}  // namespace

double erlang_b(int servers, double offered) {
  require(servers >= 0 && offered >= 0, "erlang_b: needs servers >= 0 and offered >= 0");
  double blocked = 1;  // with no servers at all
  for (int n = 1; n <= servers; ++n) blocked = offered * blocked / (n + offered * blocked);
  return blocked;
}

double erlang_c(int servers, double offered) {
  require(servers >= 1 && offered >= 0 && offered < servers,
          "erlang_c: needs 0 <= offered < servers");
  const double blocked = erlang_b(servers, offered);
  return blocked / (1 - offered / servers * (1 - blocked));
}

double erlang_c_wait(int servers, const Traffic& traffic) {
  return erlang_c(servers, traffic.offered()) * traffic.demand / (servers - traffic.offered());
}

// A birth-death process: n present leave at min(n, c) / demand. Up to m = floor(c) present it is
// Erlang's, from there on geometric with ratio load = offered / c. In units of P(m), all states
// below and m itself weigh 1 / B(m), all above load / (1 - load). The mean follows from the busy
// servers' mean, which is the offered load:  E[min(N, c)] = offered.
double sharing_response(double servers, const Traffic& traffic) {
  const double offered = traffic.offered(), load = offered / servers;
  require(servers > 0 && servers <= 1e6 && traffic.rate >= 0 && traffic.demand >= 0 && load < 1,
          "sharing_response: needs 0 <= offered < servers <= 10^6");
  if (servers <= 1) return traffic.demand / (servers * (1 - load));
  if (offered == 0) return traffic.demand;
  const double m = std::floor(servers);
  const double blocked = erlang_b(static_cast<int>(m), offered);
  const double above = load / (1 - load);
  const double p_m = blocked / (1 + blocked * above);
  const double beyond = p_m * (above / (1 - load) - (servers - m) * above);  // E[(N - c)+]
  return traffic.demand * (1 + beyond / offered);
}

double sharing_slowdown(double load) {
  require(load >= 0 && load < 1, "sharing_slowdown: needs 0 <= load < 1");
  return 1 / (1 - load);
}

double fifo_wait(const Traffic& traffic) {
  const double load = traffic.offered();
  require(load >= 0 && load < 1 && traffic.variance >= 0, "fifo_wait: needs 0 <= offered < 1");
  const double second_moment = traffic.variance + traffic.demand * traffic.demand;
  return traffic.rate * second_moment / (2 * (1 - load));
}

double mm1_response_quantile(double q, const Traffic& traffic) {
  require(q >= 0 && q < 1 && traffic.offered() < 1,
          "mm1_response_quantile: needs 0 <= q < 1 and offered < 1");
  return -std::log1p(-q) * traffic.demand / (1 - traffic.offered());
}

// ---- Closed networks
// ------------------------------------------------------------------------------

namespace {

/// A station on its way through growing populations.
struct Growing {
  double demand, servers;
  double present = 0;             // mean number at the last population
  std::vector<double> p;          // P(j present) there, for j below the number of whole servers
  std::vector<double> x_without;  // throughput of the network without this station, by population
};

/// Where more than one is served at a time but not everyone: its state has to be known better than
/// by its mean.
bool is_multi_server(const Station& station) {
  return station.servers > 1 && station.servers != always_enough && station.demand > 0;
}

/// Time of one visit for who arrives, by the arrival theorem: finds the network as it is in the
/// long run with one customer less, and j - 1 here make it j who share.
double residence_of(const Growing& s) {
  if (s.servers == always_enough) return s.demand;
  if (s.servers <= 1) return s.demand / s.servers * (1 + s.present);
  double sum = 1 + s.present;
  for (std::size_t j = 1; j <= s.p.size(); ++j)
    sum += (s.servers - static_cast<double>(j)) * s.p[j - 1];
  return s.demand / s.servers * sum;
}

/// Throughput by population, 1 .. population, at [1] .. [population]; `last` gets the last one's
/// stations.
std::vector<double> throughputs(const std::vector<Station>& stations, int population,
                                ClosedNetwork* last) {
  std::vector<Growing> growing;
  for (std::size_t k = 0; k < stations.size(); ++k) {
    Growing& s = growing.emplace_back(Growing{
        .demand = stations[k].demand, .servers = stations[k].servers, .p = {}, .x_without = {}});
    if (!is_multi_server(stations[k])) continue;
    s.p.assign(static_cast<std::size_t>(s.servers), 0.0);
    s.p[0] = 1;
    std::vector<Station> others = stations;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(k));
    s.x_without = throughputs(others, population, nullptr);
  }
  std::vector<double> x(static_cast<std::size_t>(population) + 1, 0.0);
  std::vector<double> residence(stations.size());
  for (std::size_t n = 1; n < x.size(); ++n) {
    double round = 0;
    for (std::size_t k = 0; k < growing.size(); ++k)
      round += residence[k] = residence_of(growing[k]);
    x[n] = static_cast<double>(n) / round;  // infinite where nothing takes any time
    for (std::size_t k = 0; k < growing.size(); ++k) {
      Growing& s = growing[k];
      s.present = residence[k] > 0 ? x[n] * residence[k] : 0;
      if (s.p.empty()) continue;
      for (std::size_t j = s.p.size() - 1; j > 0; --j)
        s.p[j] = x[n] * s.demand / static_cast<double>(j) * s.p[j - 1];
      s.p[0] *= x[n] / s.x_without[n];
    }
  }
  if (last != nullptr) {
    last->throughput = x.back();
    last->residence = residence;
    for (const Growing& s : growing) last->present.push_back(s.present);
  }
  return x;
}

void require_round(const std::vector<Station>& stations, int population) {
  double demand = 0;
  for (const Station& station : stations) {
    require(station.demand >= 0 && station.servers > 0,
            "closed network: demands >= 0, servers > 0");
    demand += station.demand;
  }
  require(population >= 1 && demand > 0, "closed network: someone, and something to do");
}

}  // namespace

ClosedNetwork mean_value_analysis(const std::vector<Station>& stations, int population) {
  require_round(stations, population);
  for (const Station& station : stations)
    require(station.servers <= 600 || station.servers == always_enough,
            "mean_value_analysis: at most 600 servers at a station");
  ClosedNetwork network;
  throughputs(stations, population, &network);
  return network;
}

AsymptoticBounds asymptotic_bounds(const std::vector<Station>& stations, int population) {
  require_round(stations, population);
  double alone = 0, busiest = 0;
  for (const auto& [demand, servers] : stations) {
    alone += demand / std::min(servers, 1.0);
    busiest = std::max(busiest, demand / servers);
  }
  const double n = population;
  return {.throughput_max = std::min(n / alone, 1 / busiest),
          .round_min = std::max(alone, n * busiest),
          .saturation = alone / busiest};
}

// ---- Markov chains
// ----------------------------------------------------------------------------------

Eigen::VectorXd steady_state(const Eigen::MatrixXd& rates) {
  const auto n = rates.rows();
  Eigen::MatrixXd balance = rates.transpose();
  balance.row(n - 1).setOnes();  // one balance equation is redundant; this one says: sum to 1
  const Eigen::FullPivLU<Eigen::MatrixXd> solver{balance};
  if (solver.rank() < n) throw std::domain_error("steady_state: more than one closed class");
  return solver.solve(Eigen::VectorXd::Unit(n, n - 1));
}

}  // namespace vm
