// Time does not tell how much of a secret somebody has guessed: Welch's t between guesses that are
// wrong in the first and in the last byte. 4.5 is the customary bound above which a comparison is
// said to leak. That the measurement would see a leak is shown with a comparison that has one.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "real/token.hpp"
#include "sim/random.hpp"

namespace {

using Compare = bool (*)(std::string_view, std::string_view);

/// Stops at the first difference. The bytes are volatile, so that no compiler compares them all at
/// once.
bool leaky(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const volatile char left = a[i], right = b[i];
    if (left != right) return false;
  }
  return true;
}

/// Nanoseconds for a few comparisons in a row: one alone is shorter than the clock's tick.
double time_of(Compare compare, const std::string& secret, const std::string& guess) {
  bool found = false;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 4; ++i) found = found || compare(secret, guess);
  const auto spent = std::chrono::steady_clock::now() - start;
  return found ? 1e9 : static_cast<double>(spent.count());
}

/// |t| of two samples. What took more than twice the median was interrupted: no comparison did
/// that, and it would drown the rest.
double welch(std::array<std::vector<double>, 2> samples) {
  std::vector<double> all = samples[0];
  all.insert(all.end(), samples[1].begin(), samples[1].end());
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2),
                   all.end());
  const double most = 2 * all[all.size() / 2];
  std::array<double, 2> mean{}, error{};
  for (std::size_t i = 0; i < 2; ++i) {
    std::erase_if(samples[i], [most](double t) { return t > most; });
    const auto count = static_cast<double>(samples[i].size());
    double sum = 0, squares = 0;
    for (const double t : samples[i]) sum += t;
    mean[i] = sum / count;
    for (const double t : samples[i]) squares += (t - mean[i]) * (t - mean[i]);
    error[i] = squares / (count - 1) / count;
  }
  return std::abs(mean[0] - mean[1]) / std::sqrt(error[0] + error[1]);
}

/// The smallest of up to three: noise of the machine differs each time, a leak is always there.
double least_t(Compare compare, int each) {
  const std::string secret(64, 's');
  const std::array<std::string, 2> wrong{"x" + secret.substr(1), secret.substr(1) + "x"};
  std::string guess = secret;  // one place in memory for both: alignment takes time too
  sim::RandomStream chance{7, "test.timing"};
  double least = 1e9;
  for (int attempt = 0; attempt < 3 && least > 4.5; ++attempt) {
    std::array<std::vector<double>, 2> samples;
    for (int i = 0; i < 2 * each; ++i) {
      const std::size_t which = chance.uniform() < 0.5 ? 0 : 1;
      guess.assign(wrong[which]);
      samples[which].push_back(time_of(compare, secret, guess));
    }
    least = std::min(least, welch(std::move(samples)));
  }
  return least;
}

}  // namespace

TEST_CASE("timing: a secret is compared in a time that tells nothing of it") {
  CHECK(least_t(real::same_secret, 100'000) < 4.5);
}

TEST_CASE("timing: the measurement sees a comparison that stops early") {
  CHECK(least_t(leaky, 20'000) > 4.5);
}
