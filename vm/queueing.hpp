// Queueing theory: what mathematics says of a machine, exact and in closed or recursive form.
//
// Three uses: `brink check` predicts with it, tests hold the simulator against it, and a reader can
// look up here which law applies to which part of the model. Stations are described in seconds of
// one server at full speed, so a CPU of c cores is c servers and a link of b bytes/s is one server
// to which a message of s bytes means s / b seconds.
//
// Which law for what (docs/MODEL.md has the assumptions in full):
//
//   processor sharing, any demand   sharing_response       only the mean of the demand matters
//   FIFO, one server, any demand    fifo_wait              mean and variance matter
//   FIFO, c servers, exponential    erlang_c_wait
//   closed population               mean_value_analysis    think time, sharing, several servers
//   anything small and Markovian    steady_state
//
// All throw std::domain_error when there is no steady state; a load of exactly 1 has none.
#pragma once

#include <limits>
#include <vector>

#include <Eigen/Core>

namespace vm {

/// What comes to a station: a Poisson stream of independent demands.
struct Traffic {
  double rate = 0;                                  // arrivals, 1/s, >= 0
  double demand = 0;                                // mean, seconds of one server, >= 0
  double variance = 0;                              // of the demand, s^2; only FIFO asks for it
  double offered() const { return rate * demand; }  // servers kept busy, dimensionless
};

/// Probability that an arrival finds all servers busy where nobody can wait (M/G/c/c).
///
///   servers  c >= 0
///   offered  rate x demand, >= 0
///   cost     O(servers), no allocation, stable for thousands of servers
///   source   Kleinrock, Queueing Systems, vol. 1 (1975), section 3.6
double erlang_b(int servers, double offered);

/// Probability that an arrival has to wait in an M/M/c queue.
///
///   servers  c >= 1
///   offered  0 <= offered < servers
///   cost     O(servers)
///   source   Kleinrock, vol. 1, section 3.5; through Erlang B
double erlang_c(int servers, double offered);

/// Mean wait before service in an M/M/c queue, first come first served, s.
/// Requires exponential demands; variance is not looked at. Source: as erlang_c.
double erlang_c_wait(int servers, const Traffic& traffic);

/// Mean response under egalitarian processor sharing, s: with n present each gets
/// min(1, servers / n) of a server.
///
///   servers  0 to 10^6, a fraction is allowed: 0.25 is one server at a quarter of the speed, 2.5
///   serves
///            two at full speed and three at five sixths
///   returns  E[N] / rate, the same for every law of the demand with this mean. For a whole number
///            it equals an M/M/c queue's, for one server demand / (1 - offered)
///   cost     O(servers)
///   source   Cohen, The multiple phase service network with generalized processor sharing, Acta
///            Informatica 12 (1979); Kelly, Reversibility and Stochastic Networks (1979), ch. 3
double sharing_response(double servers, const Traffic& traffic);

/// How much longer a job takes under one server's processor sharing than alone: 1 / (1 - load),
/// whatever its size, on average. Source: Kleinrock, vol. 2 (1976), section 4.4.
double sharing_slowdown(double load);

/// Mean wait before service in an M/G/1 queue, first come first served, s (Pollaczek, Khinchine).
///
///   traffic  its variance counts; 0 is M/D/1, demand^2 is M/M/1
///   source   Kleinrock, vol. 1, section 5.6
double fifo_wait(const Traffic& traffic);

/// The time within which a share q of the responses of an M/M/1 queue, first come first served,
/// lies, s. Requires 0 <= q < 1. Source: Kleinrock, vol. 1, section 3.2 (responses are
/// exponential).
double mm1_response_quantile(double q, const Traffic& traffic);

/// One stop of a closed population's round.
struct Station {
  double demand = 0;   // seconds of one server per round, all visits together
  double servers = 1;  // n present are served at a total speed of min(n, servers); > 0
};
inline constexpr double always_enough = std::numeric_limits<double>::infinity();  // a delay

struct ClosedNetwork {
  double throughput = 0;          // rounds, 1/s
  std::vector<double> residence;  // per station, s of one round
  std::vector<double> present;    // per station, mean number there
};

/// A closed population in steady state, exactly.
///
///   stations    sharing stations with any law of demand, or FIFO with exponential demands that
///               have one mean per station; think time is a station of `always_enough` servers.
///               A total demand of 0 has no steady state
///   population  >= 1, all alike
///   cost        O(population x (stations + servers)) for one station of more than one server,
///               twice that for each further one; at most 600 servers, or a probability could
///               leave the range of a double
///   source      Reiser and Lavenberg, Mean-value analysis of closed multichain queuing networks,
///               J. ACM 27 (1980). P(a station is empty) by a ratio of throughputs, as subtracting
///               from 1 loses all digits: Reiser, Performance Evaluation 1 (1981)
ClosedNetwork mean_value_analysis(const std::vector<Station>& stations, int population);

/// What no closed population can beat, from demands alone.
///
///   source  Lazowska, Zahorjan, Graham and Sevcik, Quantitative System Performance (1984), ch. 5
struct AsymptoticBounds {
  double throughput_max = 0;  // 1/s: of the busiest station, or of a population nobody holds up
  double round_min = 0;       // s, think time included
  double saturation = 0;      // population at which the two bounds meet
};
AsymptoticBounds asymptotic_bounds(const std::vector<Station>& stations, int population);

/// Long-run share of time that a Markov chain spends in each state.
///
///   rates    n x n generator, 1/s; off-diagonal >= 0, every row sums to 0
///   returns  n shares, each in [0, 1], summing to 1
///   throws   std::domain_error when the shares depend on where the chain starts
///   cost     O(n^3) and allocates: for checking results, not for the event loop
///   source   Stewart, Introduction to the Numerical Solution of Markov Chains (1994), ch. 2
Eigen::VectorXd steady_state(const Eigen::MatrixXd& rates);

}  // namespace vm
