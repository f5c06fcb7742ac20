// Each distribution against its own theory: the moments that it claims, and the cumulative
// distribution function of Boost.Math, which shares no line with ours.
#include "sim/distributions.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/exponential.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/pareto.hpp>
#include <boost/math/distributions/uniform.hpp>
#include <boost/math/distributions/weibull.hpp>
#include <catch2/catch.hpp>

namespace {

using namespace sim;

struct Case {
  std::string name;
  DistributionSpec spec;
  std::function<double(double)> share_below;  // empty where it is a step function
};

double normal_share(double x, double mean, double deviation) {
  const boost::math::normal_distribution<> whole{mean, deviation};
  // By complements, which stay exact where nearly all of the bell lies below 0.
  const double above_zero = cdf(complement(whole, 0));
  return x < 0 ? 0 : 1 - cdf(complement(whole, x)) / above_zero;
}

std::vector<Case> cases() {
  namespace bm = boost::math;
  const auto of = [](auto theory) {
    return [theory](double x) { return x <= 0 ? 0.0 : cdf(theory, x); };
  };
  const auto values = std::make_shared<const std::vector<double>>(std::vector<double>{1, 2, 2, 7});
  return {
      {"constant", Constant{3.5}, {}},
      {"uniform", Uniform{2, 6}, of(bm::uniform{2, 6})},
      {"exponential", Exponential{0.25}, of(bm::exponential{4})},
      {"erlang, 3 stages", Erlang{3, 6}, of(bm::gamma_distribution<>{3, 2})},
      {"erlang, 40 stages", Erlang{40, 6}, of(bm::gamma_distribution<>{40, 0.15})},
      {"hyperexponential", Hyperexponential{{{0.7, 1}, {0.2, 4}, {0.1, 0.1}}},
       [](double x) {
         return 1 - 0.7 * std::exp(-x) - 0.2 * std::exp(-x / 4) - 0.1 * std::exp(-x * 10);
       }},
      {"gamma, shape 0.3", Gamma{0.3, 2}, of(bm::gamma_distribution<>{0.3, 2 / 0.3})},
      {"gamma, shape 7.5", Gamma{7.5, 2}, of(bm::gamma_distribution<>{7.5, 2 / 7.5})},
      {"normal, hardly cut", Normal{5, 1}, [](double x) { return normal_share(x, 5, 1); }},
      {"normal, cut in half", Normal{0, 2}, [](double x) { return normal_share(x, 0, 2); }},
      {"normal, only a tail", Normal{-8, 2}, [](double x) { return normal_share(x, -8, 2); }},
      {"lognormal", Lognormal{5, 0.6}, of(bm::lognormal{std::log(5), 0.6})},
      {"weibull, shape 0.8", Weibull{0.8, 3}, of(bm::weibull{0.8, 3})},
      {"weibull, shape 3", Weibull{3, 3}, of(bm::weibull{3, 3})},
      {"pareto", Pareto{2, 5},
       [](double x) {
         return x < 2 ? 0 : cdf(bm::pareto{2, 5}, x);
       }},
      {"zipf, exponent 0", Zipf{10, 0}, {}},
      {"zipf, exponent 0.9", Zipf{1000, 0.9}, {}},
      {"zipf, exponent 1", Zipf{50, 1}, {}},
      {"zipf, exponent 2.5", Zipf{50, 2.5}, {}},
      {"empirical", Empirical{values}, {}},
  };
}

std::vector<double> sample(const Distribution& distribution, std::size_t n) {
  RandomStream stream{11, "distributions test"};
  std::vector<double> drawn(n);
  for (double& x : drawn) x = distribution(stream);
  return drawn;
}

}  // namespace

TEST_CASE("distributions: sample mean and variance are those claimed") {
  const auto all = cases();
  const auto& it = all[GENERATE_REF(range(std::size_t{0}, all.size()))];
  CAPTURE(it.name);
  const Distribution distribution{it.spec};
  const std::size_t n = 200'000;
  double mean = 0, m2 = 0, m4 = 0;
  const auto drawn = sample(distribution, n);
  for (const double x : drawn) mean += x / static_cast<double>(n);
  for (const double x : drawn) {
    const double square = (x - mean) * (x - mean);
    m2 += square / static_cast<double>(n);
    m4 += square * square / static_cast<double>(n);
  }
  // Standard errors of mean and variance: sqrt(m2 / n) and sqrt((m4 - m2^2) / n). Five of them are
  // exceeded once in two million; the fourth moment of the sample itself will do.
  const double root = std::sqrt(static_cast<double>(n));
  REQUIRE(std::fabs(mean - distribution.mean()) <= 5 * std::sqrt(m2) / root + 1e-9);
  REQUIRE(std::fabs(m2 - distribution.variance()) <=
          5 * std::sqrt(std::fmax(m4 - m2 * m2, 0)) / root + 1e-9);
}

TEST_CASE("distributions: the sample follows the cumulative distribution (Kolmogorov, Smirnov)") {
  const auto all = cases();
  const auto& it = all[GENERATE_REF(range(std::size_t{0}, all.size()))];
  if (!it.share_below) return;
  CAPTURE(it.name);
  const std::size_t n = 100'000;
  auto drawn = sample(Distribution{it.spec}, n);
  std::sort(drawn.begin(), drawn.end());
  double worst = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double share = it.share_below(drawn[i]);
    worst = std::fmax(worst, std::fabs(share - static_cast<double>(i) / static_cast<double>(n)));
    worst =
        std::fmax(worst, std::fabs(share - static_cast<double>(i + 1) / static_cast<double>(n)));
  }
  // P(D sqrt(n) > d) = 2 exp(-2 d^2): 2.4 is exceeded once in fifty thousand.
  REQUIRE(worst * std::sqrt(static_cast<double>(n)) < 2.4);
}

TEST_CASE("distributions: Zipf ranks come as often as k^-s says (chi squared)") {
  const double s = GENERATE(0.0, 0.5, 1.0, 1.2, 3.0);
  CAPTURE(s);
  const std::size_t ranks = 20, n = 100'000;
  std::vector<double> seen(ranks), share(ranks);
  for (const double rank : sample(Distribution{Zipf{ranks, s}}, n)) {
    REQUIRE((rank >= 1 && rank <= ranks && rank == std::floor(rank)));
    ++seen[static_cast<std::size_t>(rank) - 1];
  }
  double all = 0, statistic = 0;
  for (std::size_t k = 0; k < ranks; ++k)
    all += share[k] = std::pow(static_cast<double>(k + 1), -s);
  for (std::size_t k = 0; k < ranks; ++k) {
    const double expected = share[k] / all * static_cast<double>(n);
    statistic += (seen[k] - expected) * (seen[k] - expected) / expected;
  }
  const boost::math::chi_squared theory{static_cast<double>(ranks - 1)};
  REQUIRE(statistic < quantile(complement(theory, 1e-5)));
}

TEST_CASE("distributions: moments of a large Zipf agree with the plain sum") {
  // 200,000 ranks: far beyond where the sum is continued in closed form.
  const double s = GENERATE(0.0, 0.9, 1.0, 1.7, 2.0, 3.0, 4.5);
  CAPTURE(s);
  const std::size_t n = 200'000;
  long double all = 0, first = 0, second = 0;
  for (std::size_t k = n; k > 0; --k) {
    const long double rank = static_cast<long double>(k);
    const long double weight = std::pow(rank, -static_cast<long double>(s));
    all += weight;
    first += rank * weight;
    second += rank * rank * weight;
  }
  const double mean = static_cast<double>(first / all);
  const Distribution zipf{Zipf{n, s}};
  REQUIRE(zipf.mean() == Approx(mean).epsilon(1e-10));
  REQUIRE(zipf.variance() ==
          Approx(static_cast<double>(second / all - first / all * (first / all))).epsilon(1e-9));
}

TEST_CASE("distributions: a heavy Pareto has no mean, and one less heavy no variance") {
  REQUIRE(Distribution{Pareto{1, 0.9}}.mean() == std::numeric_limits<double>::infinity());
  REQUIRE(Distribution{Pareto{1, 1.5}}.mean() == Approx(3.0));  // alpha / (alpha - 1)
  REQUIRE(Distribution{Pareto{1, 1.5}}.variance() == std::numeric_limits<double>::infinity());
}

TEST_CASE("distributions: every draw is finite and not negative, at the edges too") {
  const auto spec = GENERATE(values<DistributionSpec>(
      {Lognormal{1, 500}, Weibull{0.001, 1}, Pareto{1, 0.001}, Gamma{0.001, 1}, Normal{-1e6, 1},
       Normal{3, 0}, Normal{-1, 1e-3}, Zipf{1, 1}, Zipf{std::size_t{1} << 52, 1}, Zipf{1000, 400},
       Exponential{0}, Uniform{0, 0}, Erlang{1'000'000, 1}, Pareto{0, 1}}));
  CAPTURE(spec.index());
  for (const double x : sample(Distribution{spec}, 5'000)) {
    if (!(x >= 0 && x <= std::numeric_limits<double>::max())) FAIL("drew " << x);
  }
}

TEST_CASE("distributions: far out, the moments of a cut normal are those of its tail") {
  // Beyond a standard deviations the tail is nearly exponential with mean 1 / a; closed form and
  // series must meet where one takes over from the other, at a = 25.
  const Distribution closed{Normal{-24.999, 1}}, series{Normal{-25.001, 1}};
  REQUIRE(series.mean() == Approx(closed.mean()).epsilon(1e-4));
  REQUIRE(series.variance() == Approx(closed.variance()).epsilon(3e-4));
  REQUIRE(Distribution{Normal{-1e6, 1}}.mean() == Approx(1e-6).epsilon(1e-9));
}

TEST_CASE("distributions: one seed gives these numbers", "[golden]") {
  // Sums of 1,000 draws, to twelve digits: bits may differ between C libraries, decisions not.
  const auto all = cases();
  const std::vector<double> expected{3500,
                                     3966.2913771960407,
                                     245.6796672290254,
                                     6106.7737774150173,
                                     5963.3219146183546,
                                     1572.5677122692953,
                                     2023.9035905401402,
                                     1969.7060181803652,
                                     4980.648291836229,
                                     1525.2557606654889,
                                     470.372465693376,
                                     5846.7875888771414,
                                     3317.0583979280782,
                                     2677.1798448495674,
                                     2487.5201897416705,
                                     5561,
                                     173563,
                                     11261,
                                     1735,
                                     2955};
  REQUIRE(all.size() == expected.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(all[i].name);
    double sum = 0;
    for (const double x : sample(Distribution{all[i].spec}, 1'000)) sum += x;
    CHECK(sum == Approx(expected[i]).epsilon(1e-12));
  }
}
