#include "vm/queueing.hpp"

#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>
#include <vector>

#include <catch2/catch.hpp>

using vm::always_enough;
using vm::Station;
using vm::Traffic;

namespace {

/// Steady state of a chain whose states are vectors of counts, found by walking from `start`.
/// `moves` calls its second argument with (next state, rate).
using State = std::vector<int>;
using Moves = std::function<void(const State&, const std::function<void(const State&, double)>&)>;

std::map<State, double> solve(const State& start, const Moves& moves) {
  std::map<State, int> index{{start, 0}};
  std::vector<State> states{start};
  struct Edge {
    int from, to;
    double rate;
  };
  std::vector<Edge> edges;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const State from = states[i];
    moves(from, [&](const State& to, double rate) {
      const auto [found, fresh] = index.try_emplace(to, static_cast<int>(states.size()));
      if (fresh) states.push_back(to);
      edges.push_back({static_cast<int>(i), found->second, rate});
    });
  }
  const auto n = static_cast<Eigen::Index>(states.size());
  Eigen::MatrixXd rates = Eigen::MatrixXd::Zero(n, n);
  for (const auto& [from, to, rate] : edges) {
    rates(from, to) += rate;
    rates(from, from) -= rate;
  }
  const auto share = vm::steady_state(rates);
  std::map<State, double> result;
  for (const auto& [state, i] : index) result[state] = share(i);
  return result;
}

/// Mean of a function of the state.
double mean(const std::map<State, double>& shares, const std::function<double(const State&)>& f) {
  double sum = 0;
  for (const auto& [state, share] : shares) sum += share * f(state);
  return sum;
}

/// Throughput of n customers who think for z and then share c servers: the birth-death chain in
/// logarithms, an independent road to the same number.
double repairmen(int n, double z, double demand, double c) {
  std::vector<double> log_weight{0};
  for (int k = 1; k <= n; ++k)
    log_weight.push_back(log_weight.back() + std::log((n - k + 1) / z) -
                         std::log(std::min<double>(k, c) / demand));
  const double most = *std::max_element(log_weight.begin(), log_weight.end());
  double total = 0, rate = 0;
  for (int k = 0; k <= n; ++k) {
    const double weight = std::exp(log_weight[static_cast<std::size_t>(k)] - most);
    total += weight;
    rate += weight * std::min<double>(k, c) / demand;
  }
  return rate / total;
}

}  // namespace

TEST_CASE("queueing: Erlang B agrees with published tables", "[analytic]") {
  // Traffic that so many lines carry at 1 % blocking, as printed in Erlang B tables to three or
  // four digits (for example Westbay Engineers, Erlang B calculator manual: 15 lines, 8.108).
  CHECK(vm::erlang_b(1, 0.0101) == Approx(0.01).epsilon(0.01));
  CHECK(vm::erlang_b(5, 1.361) == Approx(0.01).epsilon(0.005));
  CHECK(vm::erlang_b(10, 4.461) == Approx(0.01).epsilon(0.005));
  CHECK(vm::erlang_b(15, 8.108) == Approx(0.01).epsilon(0.002));
  CHECK(vm::erlang_b(100, 84.06) == Approx(0.01).epsilon(0.005));
  // Two lines, one erlang: (1/2) / (1 + 1 + 1/2).
  CHECK(vm::erlang_b(2, 1) == Approx(0.2));
  CHECK(vm::erlang_b(0, 3) == 1);
}

TEST_CASE("queueing: Erlang C of one server is its load, of two at 1 erlang a third") {
  CHECK(vm::erlang_c(1, 0.7) == Approx(0.7));
  CHECK(vm::erlang_c(2, 1.0) == Approx(1.0 / 3));
  CHECK(vm::erlang_c(3, 0) == 0);
  CHECK_THROWS_AS(vm::erlang_c(2, 2.0), std::domain_error);
  CHECK_THROWS_AS(vm::erlang_c(0, 0.0), std::domain_error);
}

TEST_CASE("queueing: Erlang C holds for thousands of servers") {
  // Halfin and Whitt (1981): with c - offered = beta sqrt(c), the probability of waiting tends to
  // 1 / (1 + beta Phi(beta) / phi(beta)): 0.223 for beta = 1, and close to it at 10,000 servers.
  const double phi = std::exp(-0.5) / std::sqrt(2 * M_PI), cumulative = std::erfc(-M_SQRT1_2) / 2;
  CHECK(vm::erlang_c(10'000, 9'900) == Approx(1 / (1 + cumulative / phi)).epsilon(0.01));
}

TEST_CASE("queueing: sharing whole servers takes as long as M/M/c, one server D / (1 - load)") {
  for (const double load : {0.1, 0.5, 0.9, 0.99}) {
    CHECK(vm::sharing_response(1, {.rate = load / 0.2, .demand = 0.2}) ==
          Approx(0.2 * vm::sharing_slowdown(load)));
    CHECK(vm::sharing_response(0.25, {.rate = load / 0.8, .demand = 0.2}) ==
          Approx(0.8 / (1 - load)));
    for (const int c : {2, 3, 16, 1000}) {
      const Traffic traffic{.rate = load * c / 0.2, .demand = 0.2};
      CHECK(vm::sharing_response(c, traffic) == Approx(0.2 + vm::erlang_c_wait(c, traffic)));
    }
  }
  CHECK(vm::sharing_response(3, {.rate = 0, .demand = 0.2}) == Approx(0.2));
  CHECK(vm::sharing_response(0.5, {.rate = 0, .demand = 0.2}) == Approx(0.4));
  CHECK_THROWS_AS(vm::sharing_response(1.5, {.rate = 1.5, .demand = 1}), std::domain_error);
  CHECK_THROWS_AS(vm::sharing_response(0, {.rate = 0, .demand = 1}), std::domain_error);
}

TEST_CASE("queueing: sharing two and a half servers agrees with its Markov chain", "[analytic]") {
  // Exponential demands of mean 1, cut off at 150 present: 0.8^150 is nothing.
  const double servers = GENERATE(1.2, 2.5, 3.0), rate = 0.8 * servers;
  CAPTURE(servers);
  const auto shares = solve({0}, [&](const State& s, const auto& go) {
    const int n = s[0];
    if (n < 150) go({n + 1}, rate);
    if (n > 0) go({n - 1}, std::min<double>(n, servers));
  });
  const double present = mean(shares, [](const State& s) { return double(s[0]); });
  CHECK(vm::sharing_response(servers, {.rate = rate, .demand = 1}) == Approx(present / rate));
}

TEST_CASE("queueing: sharing does not care for the law of the demand", "[analytic]") {
  // Demands of two exponential stages of 1/2 each: variance half of the exponential's, and yet the
  // same mean response. States: how many are in either stage; at load 0.4, cut off at 18 present.
  const double servers = 1.5, rate = 0.6;
  const auto shares = solve({0, 0}, [&](const State& s, const auto& go) {
    const int n = s[0] + s[1];
    if (n < 18) go({s[0] + 1, s[1]}, rate);
    const double each = n == 0 ? 0 : std::min(1.0, servers / n) / 0.5;
    if (s[0] > 0) go({s[0] - 1, s[1] + 1}, each * s[0]);
    if (s[1] > 0) go({s[0], s[1] - 1}, each * s[1]);
  });
  const double present = mean(shares, [](const State& s) { return double(s[0] + s[1]); });
  CHECK(vm::sharing_response(servers, {.rate = rate, .demand = 1}) ==
        Approx(present / rate).epsilon(1e-5));
}

TEST_CASE("queueing: FIFO waits as Pollaczek and Khinchine say", "[analytic]") {
  // M/M/1 waits load / (1 - load) services, M/D/1 half of that.
  CHECK(vm::fifo_wait({.rate = 0.8, .demand = 1, .variance = 1}) == Approx(4));
  CHECK(vm::fifo_wait({.rate = 0.8, .demand = 1, .variance = 0}) == Approx(2));
  CHECK(vm::fifo_wait({.rate = 8, .demand = 0.1, .variance = 0.01}) ==
        Approx(vm::erlang_c_wait(1, {.rate = 8, .demand = 0.1})));
  CHECK_THROWS_AS(vm::fifo_wait({.rate = 1, .demand = 1}), std::domain_error);

  // Two stages of 1/2 (variance 1/2) by the Markov chain: (present, stage of who is served).
  const double rate = 0.6;
  const auto shares = solve({0, 0}, [&](const State& s, const auto& go) {
    if (s[0] < 80) go({s[0] + 1, s[1]}, rate);
    if (s[0] > 0 && s[1] == 0) go({s[0], 1}, 2);
    if (s[0] > 0 && s[1] == 1) go({s[0] - 1, 0}, 2);
  });
  const double present = mean(shares, [](const State& s) { return double(s[0]); });
  CHECK(1 + vm::fifo_wait({.rate = rate, .demand = 1, .variance = 0.5}) == Approx(present / rate));
}

TEST_CASE("queueing: the responses of M/M/1 are exponential") {
  // Mean 0.1 / (1 - 0.5) = 0.2; the median is 0.2 ln 2, and 99 % lie within 0.2 ln 100.
  const Traffic traffic{.rate = 5, .demand = 0.1};
  CHECK(vm::mm1_response_quantile(0.5, traffic) == Approx(0.2 * std::log(2.0)));
  CHECK(vm::mm1_response_quantile(0.99, traffic) == Approx(0.2 * std::log(100.0)));
  CHECK_THROWS_AS(vm::mm1_response_quantile(1, traffic), std::domain_error);
}

TEST_CASE("queueing: mean value analysis solves the textbook's example", "[analytic]") {
  // Lazowska et al. (1984), p. 117: CPU and two disks, think time 15 s, three users. Exactly, by
  // the product form (Gordon and Newell 1967): a state with i, j, k at the stations and l thinking
  // weighs cpu^i a^j b^k 15^l / l!, and the throughput is G(2) / G(3), the sums of all weights.
  const double cpu = 0.605, a = 2.1, b = 1.35, think = 15;
  const auto normal = [&](int n) {
    double sum = 0;
    for (int i = 0; i <= n; ++i)
      for (int j = 0; i + j <= n; ++j)
        for (int k = 0; i + j + k <= n; ++k) {
          const int l = n - i - j - k;
          sum += std::pow(cpu, i) * std::pow(a, j) * std::pow(b, k) * std::pow(think, l) /
                 std::tgamma(l + 1);
        }
    return sum;
  };
  const auto network = vm::mean_value_analysis({{cpu}, {a}, {b}, {think, always_enough}}, 3);
  CHECK(network.throughput == Approx(normal(2) / normal(3)));
  // The book's approximate solution of it: 0.1510 a second, and 0.0973, 0.4021, 0.2359 present.
  CHECK(network.throughput == Approx(0.1510).epsilon(0.005));
  CHECK(network.present[0] == Approx(0.0973).epsilon(0.005));
  CHECK(network.present[1] == Approx(0.4021).epsilon(0.02));
  CHECK(network.present[2] == Approx(0.2359).epsilon(0.005));
}

TEST_CASE("queueing: a balanced network of K stations does N / ((N + K - 1) D)") {
  const auto network = vm::mean_value_analysis({{0.2}, {0.2}, {0.2}, {0.2}}, 10);
  CHECK(network.throughput == Approx(10 / (13 * 0.2)));
  for (const double present : network.present) CHECK(present == Approx(2.5));
}

TEST_CASE("queueing: several servers in a closed network agree with its Markov chain",
          "[analytic]") {
  // Five customers round 1.5 servers (0.4 s), one (0.3 s), two (0.7 s) and a think time of 1 s.
  const std::vector<Station> stations{{0.4, 1.5}, {0.3, 1}, {0.7, 2}, {1, always_enough}};
  const auto served = [&](const State& s, std::size_t k) {
    return std::min<double>(s[k], stations[k].servers) / stations[k].demand;
  };
  const auto shares = solve({5, 0, 0, 0}, [&](const State& s, const auto& go) {
    for (std::size_t k = 0; k < 4; ++k) {
      if (s[k] == 0) continue;
      State next = s;
      --next[k];
      ++next[(k + 1) % 4];
      go(next, served(s, k));
    }
  });
  const auto network = vm::mean_value_analysis(stations, 5);
  CHECK(network.throughput == Approx(mean(shares, [&](const State& s) { return served(s, 0); })));
  for (std::size_t k = 0; k < 4; ++k) {
    CHECK(network.present[k] == Approx(mean(shares, [&](const State& s) { return double(s[k]); })));
    CHECK(network.residence[k] == Approx(network.present[k] / network.throughput));
  }
}

TEST_CASE("queueing: mean value analysis keeps its digits with many servers and customers") {
  // Where the probability of an empty station is found by subtraction, this goes astray.
  struct Case {
    int customers;
    double think, demand, servers;
  };
  const auto c = GENERATE(Case{5000, 10, 0.1, 64}, Case{2000, 1, 1, 500}, Case{1000, 5, 0.2, 0.5},
                          Case{3000, 10, 0.1, 29.5}, Case{500, 0.001, 10, 300});
  CAPTURE(c.customers, c.servers);
  const auto network =
      vm::mean_value_analysis({{c.think, always_enough}, {c.demand, c.servers}}, c.customers);
  CHECK(network.throughput ==
        Approx(repairmen(c.customers, c.think, c.demand, c.servers)).epsilon(1e-9));
  CHECK(network.present[0] + network.present[1] == Approx(c.customers));
}

TEST_CASE("queueing: no population beats the asymptotic bounds, one and many meet them") {
  const std::vector<Station> stations{{0.6, 1}, {2.0, 4}, {0.1, 0.25}, {15, always_enough}};
  // Alone: 0.6 + 2.0 + 0.1 / 0.25 + 15 = 18; the busiest: 0.6 s, so at most 1 / 0.6 a second.
  CHECK(vm::asymptotic_bounds(stations, 1).saturation == Approx(30));
  for (const int n : {1, 2, 10, 29, 31, 60, 600}) {
    const auto bounds = vm::asymptotic_bounds(stations, n);
    const auto network = vm::mean_value_analysis(stations, n);
    CHECK(bounds.throughput_max == Approx(std::min(n / 18.0, 1 / 0.6)));
    CHECK(bounds.round_min == Approx(n / bounds.throughput_max));
    CHECK(network.throughput <= bounds.throughput_max * (1 + 1e-12));
    if (n == 1 || n == 600)
      CHECK(network.throughput == Approx(bounds.throughput_max).epsilon(1e-4));
  }
}

TEST_CASE("queueing: a closed network without anybody, or anything to do, is an error") {
  CHECK_THROWS_AS(vm::mean_value_analysis({{1.0}}, 0), std::domain_error);
  CHECK_THROWS_AS(vm::mean_value_analysis({{0.0}}, 1), std::domain_error);
  CHECK_THROWS_AS(vm::mean_value_analysis({{1.0, 5000}}, 1), std::domain_error);
  CHECK_THROWS_AS(vm::asymptotic_bounds({}, 1), std::domain_error);
}

TEST_CASE("queueing: a birth-death chain has geometric shares", "[analytic]") {
  // Up at 2/s, down at 4/s over six states: each has half the share of the one before.
  const auto shares = solve({0}, [](const State& s, const auto& go) {
    if (s[0] < 5) go({s[0] + 1}, 2);
    if (s[0] > 0) go({s[0] - 1}, 4);
  });
  double sum = 0;
  for (const auto& [state, share] : shares) sum += share;
  CHECK(sum == Approx(1));
  for (int i = 0; i < 5; ++i) CHECK(shares.at({i + 1}) / shares.at({i}) == Approx(0.5));
}

TEST_CASE("queueing: two chains side by side have no single answer") {
  CHECK_THROWS_AS(vm::steady_state(Eigen::MatrixXd::Zero(2, 2)), std::domain_error);
}
