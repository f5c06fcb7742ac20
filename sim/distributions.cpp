// How each distribution is drawn. Only additions, multiplications, divisions, square roots and the
// C library's exp, log and pow, one after the other: what every compiler does alike.
//
// Sources: Marsaglia and Tsang, The ziggurat method for generating random variables (2000), and A
// simple method for generating gamma variables (2000); Marsaglia and Bray, A convenient method for
// generating normal variables (1964); Robert, Simulation of truncated normal variables (1995);
// Hoermann and Derflinger, Rejection-inversion to generate variates from monotone discrete
// distributions (1996).
#include "sim/distributions.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <type_traits>
#include <utility>

#include "sim/check.hpp"

namespace sim {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

double finite(double x) {
  return std::fmin(x, std::numeric_limits<double>::max());
}

// ---- Exponential: 256 layers of equal area under e^-x ------------------------------------------

struct Ziggurat {
  // The right edge of the base layer and the area of each: where the top layer closes at height 1.
  static constexpr double edge = 7.69711747013104972, area = 0.0039496598225815571993;

  std::array<double, 257> x{};  // right edges, descending; x[0] is the base as if it had no tail
  std::array<double, 257> height{};

  Ziggurat() {
    x[0] = area * std::exp(edge);
    x[1] = edge;
    for (std::size_t i = 2; i < 256; ++i) x[i] = -std::log(area / x[i - 1] + std::exp(-x[i - 1]));
    x[256] = 0;
    for (std::size_t i = 0; i < 257; ++i) height[i] = std::exp(-x[i]);
  }
};

const Ziggurat ziggurat;

// ---- Gamma -------------------------------------------------------------------------------------

/// Gamma with scale 1. Requires shape > 0. A shape below 1 is drawn one higher and scaled down.
double gamma_unit(double shape, RandomStream& stream) {
  if (shape < 1) return gamma_unit(shape + 1, stream) * std::exp(-exponential_unit(stream) / shape);
  const double d = shape - 1.0 / 3.0;
  const double c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double z = normal_unit(stream);
    const double root = 1 + c * z;
    if (root <= 0) continue;
    const double v = root * root * root;
    const double u = stream.uniform_positive(), square = z * z;
    // The first line accepts nearly always, and spares two logarithms.
    if (u < 1 - 0.0331 * square * square ||
        std::log(u) < 0.5 * square + d - d * v + d * std::log(v))
      return d * v;
  }
}

// ---- Normal, truncated at 0 --------------------------------------------------------------------

/// A standard normal that exceeds `least`.
double normal_above(double least, RandomStream& stream) {
  if (least <= 0) {  // at least every second draw will do
    double z = normal_unit(stream);
    while (z < least) z = normal_unit(stream);
    return z;
  }
  // An exponential that starts at `least` lies over the tail; steep enough to be accepted with at
  // least 76 % however far out.
  const double rate = (least + std::sqrt(least * least + 4)) / 2;
  for (;;) {
    const double z = least + exponential_unit(stream) / rate;
    const double off = z - rate;
    if (stream.uniform() < std::exp(-0.5 * off * off)) return z;
  }
}

struct Moments {
  double mean, variance;
};

/// Of a normal that is known to exceed 0, in closed form by the inverse Mills ratio.
Moments moments_above_zero(const Normal& it) {
  if (it.deviation == 0) return {it.mean, 0};
  const double a = -it.mean / it.deviation;
  const double square = it.deviation * it.deviation;
  // Far out the closed form is a difference of nearly equal numbers; its series is not.
  if (a > 25) {
    const double b = 1 / (a * a);
    return {it.deviation / a * (1 - 2 * b + 10 * b * b), square * b * (1 - 6 * b + 50 * b * b)};
  }
  const double mills =
      std::sqrt(2 / std::numbers::pi) * std::exp(-0.5 * a * a) / std::erfc(a / std::numbers::sqrt2);
  return {it.mean + it.deviation * mills, square * (1 + a * mills - mills * mills)};
}

// ---- Zipf --------------------------------------------------------------------------------------

/// expm1(t) / t and log1p(t) / t, also at 0.
double expm1_ratio(double t) {
  return std::fabs(t) > 1e-8 ? std::expm1(t) / t : 1 + t / 2;
}
double log1p_ratio(double t) {
  return std::fabs(t) > 1e-8 ? std::log1p(t) / t : 1 - t / 2;
}

/// The integral of x^-s from 1, and its inverse: both smooth in s at s = 1.
double zipf_integral(double x, double s) {
  const double log_x = std::log(x);
  return expm1_ratio((1 - s) * log_x) * log_x;
}
double zipf_inverse(double y, double s) {
  const double t = std::fmax(y * (1 - s), -1);  // rounding may lead just below -1
  return std::exp(log1p_ratio(t) * y);
}

ZipfBounds bounds_of(const Zipf& it) {
  const double s = it.exponent;
  return {.first = zipf_integral(1.5, s) - 1,
          .last = zipf_integral(static_cast<double>(it.n) + 0.5, s),
          .accept = 2 - zipf_inverse(zipf_integral(2.5, s) - std::pow(2, -s), s)};
}

/// Inverts the integral of a curve that lies above the steps, and rejects what lies between.
double draw_zipf(const Zipf& it, const ZipfBounds& bounds, RandomStream& stream) {
  for (;;) {
    const double y = bounds.last + stream.uniform() * (bounds.first - bounds.last);
    const double x = zipf_inverse(y, it.exponent);
    const double rank = std::fmin(std::fmax(std::floor(x + 0.5), 1), static_cast<double>(it.n));
    if (rank - x <= bounds.accept ||
        y >= zipf_integral(rank + 0.5, it.exponent) - std::pow(rank, -it.exponent))
      return rank * it.unit;
  }
}

/// Sum of k^-s for k = 1 .. n: term by term up to 1,000, then by Euler and Maclaurin, whose next
/// term is below 1e-15 of the sum there.
double harmonic(std::size_t n, double s) {
  constexpr std::size_t by_hand = 1000;
  double sum = 0;
  for (std::size_t k = std::min(n, by_hand); k > 0; --k)
    sum += std::pow(static_cast<double>(k), -s);
  if (n <= by_hand) return sum;
  const double a = by_hand, b = static_cast<double>(n);
  const double at_a = std::pow(a, -s), at_b = std::pow(b, -s);
  return sum + (zipf_integral(b, s) - zipf_integral(a, s)) + (at_b - at_a) / 2 -
         s * (at_b / b - at_a / a) / 12;
}

Moments moments_of(const Zipf& it) {
  const double all = harmonic(it.n, it.exponent);
  const double mean = harmonic(it.n, it.exponent - 1) / all;
  const double variance = std::fmax(harmonic(it.n, it.exponent - 2) / all - mean * mean, 0);
  return {it.unit * mean, it.unit * it.unit * variance};
}

// ---- Draws -------------------------------------------------------------------------------------

double draw_one(const Constant& it, RandomStream&) {
  return it.value;
}
double draw_one(const Uniform& it, RandomStream& stream) {
  return it.low + (it.high - it.low) * stream.uniform();
}
double draw_one(const Exponential& it, RandomStream& stream) {
  return it.mean * exponential_unit(stream);
}
double draw_one(const Erlang& it, RandomStream& stream) {
  const double stage = it.mean / it.stages;
  if (it.stages > 8) return stage * gamma_unit(it.stages, stream);  // the same, at a bounded cost
  double sum = 0;
  for (int i = 0; i < it.stages; ++i) sum += exponential_unit(stream);
  return stage * sum;
}
double draw_one(const Hyperexponential& it, RandomStream& stream) {
  double share = stream.uniform();
  std::size_t chosen = 0;
  while (chosen + 1 < it.branches.size() && share >= it.branches[chosen].weight)
    share -= it.branches[chosen++].weight;
  return it.branches[chosen].mean * exponential_unit(stream);
}
double draw_one(const Gamma& it, RandomStream& stream) {
  return it.mean / it.shape * gamma_unit(it.shape, stream);
}
double draw_one(const Normal& it, RandomStream& stream) {
  if (it.deviation == 0) return it.mean;
  const double z = normal_above(-it.mean / it.deviation, stream);
  return std::fmax(it.mean + it.deviation * z, 0);
}
double draw_one(const Lognormal& it, RandomStream& stream) {
  return finite(it.median * finite(std::exp(it.sigma * normal_unit(stream))));
}
double draw_one(const Weibull& it, RandomStream& stream) {
  return finite(it.scale * finite(std::pow(exponential_unit(stream), 1 / it.shape)));
}
double draw_one(const Pareto& it, RandomStream& stream) {
  return finite(it.minimum * finite(std::exp(exponential_unit(stream) / it.alpha)));
}
double draw_one(const Empirical& it, RandomStream& stream) {
  return (*it.values)[static_cast<std::size_t>(stream.below(it.values->size()))];
}

// ---- Moments -----------------------------------------------------------------------------------

Moments moments_of(const Constant& it) {
  return {it.value, 0};
}
Moments moments_of(const Uniform& it) {
  const double width = it.high - it.low;
  return {it.low + width / 2, width * width / 12};
}
Moments moments_of(const Exponential& it) {
  return {it.mean, it.mean * it.mean};
}
Moments moments_of(const Erlang& it) {
  return {it.mean, it.mean * it.mean / it.stages};
}
Moments moments_of(const Hyperexponential& it) {
  double mean = 0, square = 0;
  for (const auto& branch : it.branches) {
    mean += branch.weight * branch.mean;
    square += 2 * branch.weight * branch.mean * branch.mean;
  }
  return {mean, square - mean * mean};
}
Moments moments_of(const Gamma& it) {
  return {it.mean, it.mean * it.mean / it.shape};
}
Moments moments_of(const Normal& it) {
  return moments_above_zero(it);
}
Moments moments_of(const Lognormal& it) {
  if (it.median == 0) return {0, 0};
  const double mean = it.median * std::exp(it.sigma * it.sigma / 2);
  return {mean, std::expm1(it.sigma * it.sigma) * mean * mean};
}
Moments moments_of(const Weibull& it) {
  if (it.scale == 0) return {0, 0};
  const double first = std::tgamma(1 + 1 / it.shape);
  const double second = std::tgamma(1 + 2 / it.shape);
  if (second == infinite) return {it.scale * first, infinite};
  return {it.scale * first, it.scale * it.scale * (second - first * first)};
}
Moments moments_of(const Pareto& it) {
  const double a = it.alpha, m = it.minimum;
  if (m == 0) return {0, 0};
  return {a > 1 ? a * m / (a - 1) : infinite,
          a > 2 ? m * m * a / ((a - 1) * (a - 1) * (a - 2)) : infinite};
}
Moments moments_of(const Empirical& it) {
  const auto n = static_cast<double>(it.values->size());
  const double mean = std::accumulate(it.values->begin(), it.values->end(), 0.0) / n;
  double squares = 0;
  for (const double value : *it.values) squares += (value - mean) * (value - mean);
  return {mean, squares / n};
}

// ---- Ranges ------------------------------------------------------------------------------------

/// Finite and not negative.
bool fits(double x) {
  return x >= 0 && x < infinite;
}
bool fits_above_zero(double x) {
  return x > 0 && x < infinite;
}

bool valid(const Constant& it) {
  return fits(it.value);
}
bool valid(const Uniform& it) {
  return fits(it.low) && fits(it.high) && it.low <= it.high;
}
bool valid(const Exponential& it) {
  return fits(it.mean);
}
bool valid(const Erlang& it) {
  return it.stages >= 1 && fits(it.mean);
}
bool valid(const Hyperexponential& it) {
  double sum = 0;
  for (const auto& branch : it.branches) {
    if (!fits(branch.weight) || !fits(branch.mean)) return false;
    sum += branch.weight;
  }
  return std::fabs(sum - 1) < 1e-9;
}
bool valid(const Gamma& it) {
  return fits_above_zero(it.shape) && fits(it.mean);
}
bool valid(const Normal& it) {
  return std::isfinite(it.mean) && fits(it.deviation) && (it.deviation > 0 || it.mean >= 0);
}
bool valid(const Lognormal& it) {
  return fits(it.median) && fits(it.sigma);
}
bool valid(const Weibull& it) {
  return fits_above_zero(it.shape) && fits(it.scale);
}
bool valid(const Pareto& it) {
  return fits(it.minimum) && fits_above_zero(it.alpha);
}
bool valid(const Zipf& it) {
  return it.n >= 1 && it.n <= (std::size_t{1} << 52) && fits(it.exponent) && fits(it.unit);
}
bool valid(const Empirical& it) {
  if (it.values == nullptr || it.values->empty()) return false;
  for (const double value : *it.values)
    if (!fits(value)) return false;
  return true;
}

}  // namespace

double exponential_unit(RandomStream& stream) {
  double before = 0;  // what earlier rounds in the tail have added: the tail is the whole again
  for (;;) {
    const std::uint64_t bits = stream.bits();
    const auto layer = static_cast<std::size_t>(bits & 255);
    const double x = static_cast<double>(bits >> 11) * 0x1.0p-53 * ziggurat.x[layer];
    if (x < ziggurat.x[layer + 1]) [[likely]]
      return before + x;
    if (layer == 0) {
      before += Ziggurat::edge;
      continue;
    }
    const double low = ziggurat.height[layer], high = ziggurat.height[layer + 1];
    if (low + (high - low) * stream.uniform() < std::exp(-x)) return before + x;
  }
}

double normal_unit(RandomStream& stream) {
  for (;;) {
    const double u = 2 * stream.uniform() - 1;
    const double v = 2 * stream.uniform() - 1;
    const double square = u * u + v * v;
    // The second number that this would give is thrown away: a stream has no memory but its bits.
    if (square < 1 && square > 0) return u * std::sqrt(-2 * std::log(square) / square);
  }
}

Distribution::Distribution(DistributionSpec spec) : spec_(std::move(spec)) {
  SIM_CHECK(std::visit([](const auto& it) { return valid(it); }, spec_));
  if (const auto* const it = std::get_if<Zipf>(&spec_)) zipf_ = bounds_of(*it);
}

double Distribution::draw(RandomStream& stream) const {
  return std::visit(
      [&](const auto& it) {
        if constexpr (std::is_same_v<decltype(it), const Zipf&>) {
          return draw_zipf(it, zipf_, stream);
        } else {
          return draw_one(it, stream);
        }
      },
      spec_);
}

double Distribution::mean() const {
  return std::visit([](const auto& it) { return moments_of(it).mean; }, spec_);
}

double Distribution::variance() const {
  return std::visit([](const auto& it) { return moments_of(it).variance; }, spec_);
}

}  // namespace sim
