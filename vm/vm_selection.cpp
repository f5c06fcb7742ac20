#include "vm/vm_selection.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "sim/check.hpp"

namespace vm {
namespace {

template <class Key>
std::size_t first_smallest(std::span<const Leaver> leavers, Key key) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < leavers.size(); ++i)
    if (key(leavers[i]) < key(leavers[best])) best = i;
  return best;
}

/// Regressions of one row of samples on several others, one after another in the same memory.
class Regression {
 public:
  Regression(std::size_t rows, std::size_t columns)
      : rows_(rows),
        columns_(rows * columns),
        reflected_(rows * columns),
        y_(rows),
        transformed_(rows),
        diagonal_(columns),
        beta_(columns) {}

  std::span<double> column(std::size_t k) { return column_of(columns_, k); }
  std::span<double> y() { return y_; }

  /// R squared; none where a column depends on the ones before it.
  std::optional<double> r_squared() {
    if (!least_squares()) return std::nullopt;
    double residual = 0, total = 0, mean = 0;
    for (std::size_t row = 0; row < rows_; ++row) {
      double fitted = 0;
      for (std::size_t k = 0; k < beta_.size(); ++k) fitted += columns_[k * rows_ + row] * beta_[k];
      residual += (y_[row] - fitted) * (y_[row] - fitted);
      mean += y_[row];
    }
    mean /= static_cast<double>(rows_);
    for (const double value : y_) total += (value - mean) * (value - mean);
    return 1 - residual / total;
  }

 private:
  std::span<double> column_of(std::vector<double>& all, std::size_t k) const {
    return std::span<double>{all}.subspan(k * rows_, rows_);
  }

  /// By Householder reflections, without pivoting. Column k is left holding its reflection.
  bool least_squares() {
    reflected_ = columns_;
    transformed_ = y_;
    const std::size_t n = beta_.size();
    for (std::size_t k = 0; k < n; ++k) {
      const auto x = column_of(reflected_, k);
      double square = 0;
      for (std::size_t r = k; r < rows_; ++r) square += x[r] * x[r];
      const double alpha = x[k] > 0 ? -std::sqrt(square) : std::sqrt(square);
      diagonal_[k] = alpha;
      if (alpha == 0) return false;
      x[k] -= alpha;
      for (std::size_t later = k + 1; later < n; ++later)
        reflect(x, alpha, k, column_of(reflected_, later));
    }
    for (std::size_t k = 0; k < n; ++k) {
      const auto x = column_of(reflected_, k);
      double g = 0;
      for (std::size_t r = k; r < rows_; ++r) g += transformed_[r] * x[r];
      g /= diagonal_[k] * x[k];
      for (std::size_t r = k; r < rows_; ++r) transformed_[r] += g * x[r];
    }
    std::copy_n(transformed_.begin(), n, beta_.begin());
    for (std::size_t k = n; k-- > 0;) {
      beta_[k] /= diagonal_[k];
      for (std::size_t r = 0; r < k; ++r) beta_[r] -= beta_[k] * reflected_[k * rows_ + r];
    }
    return true;
  }

  static void reflect(std::span<const double> x, double alpha, std::size_t k,
                      std::span<double> column) {
    double g = 0;
    for (std::size_t r = k; r < x.size(); ++r) g -= column[r] * x[r];
    g /= alpha * x[k];
    for (std::size_t r = k; r < x.size(); ++r) column[r] -= g * x[r];
  }

  std::size_t rows_;
  std::vector<double> columns_, reflected_;  // column by column
  std::vector<double> y_, transformed_, diagonal_, beta_;
};

/// None where correlation says nothing.
std::optional<std::size_t> most_predictable(std::span<const Leaver> leavers) {
  std::size_t samples = std::numeric_limits<std::size_t>::max();
  for (const Leaver& leaver : leavers) samples = std::min(samples, leaver.history.size());
  if (leavers.size() < 2 || samples < leavers.size()) return std::nullopt;
  std::size_t best = 0;
  double highest = std::numeric_limits<double>::denorm_min();
  Regression regression(samples, leavers.size());
  std::ranges::fill(regression.column(0), 1.0);
  for (std::size_t i = 0; i < leavers.size(); ++i) {
    std::ranges::copy(leavers[i].history.first(samples), regression.y().begin());
    std::size_t column = 1;
    for (std::size_t other = 0; other < leavers.size(); ++other) {
      if (other == i) continue;
      std::ranges::copy(leavers[other].history.first(samples), regression.column(column++).begin());
    }
    const auto r2 = regression.r_squared();
    if (!r2) return std::nullopt;
    if (*r2 > highest) {  // never for the NaN of a history that does not change
      highest = *r2;
      best = i;
    }
  }
  return best;
}

}  // namespace

std::size_t select_vm(VmSelection selection, std::span<const Leaver> leavers,
                      sim::RandomStream& random) {
  SIM_CHECK(!leavers.empty());
  switch (selection) {
    case VmSelection::least_migration_time:
      break;
    case VmSelection::random:
      return static_cast<std::size_t>(random.below(leavers.size()));
    case VmSelection::least_utilisation:
      return first_smallest(leavers, [](const Leaver& leaver) { return leaver.utilisation; });
    case VmSelection::highest_correlation:
      if (const auto best = most_predictable(leavers)) return *best;
      break;  // the reference falls back on the migration time
  }
  return first_smallest(leavers, [](const Leaver& leaver) { return leaver.memory; });
}

}  // namespace vm
