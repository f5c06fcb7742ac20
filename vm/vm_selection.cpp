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

using Column = std::vector<double>;

/// Least squares of `y` on `columns` by Householder reflections, without pivoting. Column k is left
/// holding its reflection, y the transformed right-hand side. None where a column depends on the
/// ones before it.
std::optional<Column> least_squares(std::vector<Column> columns, Column y) {
  const std::size_t rows = y.size(), n = columns.size();
  Column diagonal(n);
  for (std::size_t k = 0; k < n; ++k) {
    Column& x = columns[k];
    double square = 0;
    for (std::size_t r = k; r < rows; ++r) square += x[r] * x[r];
    const double alpha = x[k] > 0 ? -std::sqrt(square) : std::sqrt(square);
    diagonal[k] = alpha;
    if (alpha == 0) return std::nullopt;
    x[k] -= alpha;
    for (std::size_t later = k + 1; later < n; ++later) {
      Column& c = columns[later];
      double g = 0;
      for (std::size_t r = k; r < rows; ++r) g -= c[r] * x[r];
      g /= alpha * x[k];
      for (std::size_t r = k; r < rows; ++r) c[r] -= g * x[r];
    }
  }
  for (std::size_t k = 0; k < n; ++k) {
    double g = 0;
    for (std::size_t r = k; r < rows; ++r) g += y[r] * columns[k][r];
    g /= diagonal[k] * columns[k][k];
    for (std::size_t r = k; r < rows; ++r) y[r] += g * columns[k][r];
  }
  Column beta(y.begin(), y.begin() + static_cast<std::ptrdiff_t>(n));
  for (std::size_t k = n; k-- > 0;) {
    beta[k] /= diagonal[k];
    for (std::size_t r = 0; r < k; ++r) beta[r] -= beta[k] * columns[k][r];
  }
  return beta;
}

/// R squared of leaver `i` regressed on all others, over their `samples` newest samples.
std::optional<double> r_squared(std::span<const Leaver> leavers, std::size_t i,
                                std::size_t samples) {
  const auto column = [&](std::size_t of) {
    const auto newest = leavers[of].history.first(samples);
    return Column(newest.begin(), newest.end());
  };
  std::vector<Column> columns{Column(samples, 1.0)};
  for (std::size_t other = 0; other < leavers.size(); ++other)
    if (other != i) columns.push_back(column(other));
  const Column y = column(i);
  const auto beta = least_squares(columns, y);
  if (!beta) return std::nullopt;

  double residual = 0, total = 0, mean = 0;
  for (std::size_t row = 0; row < samples; ++row) {
    double fitted = 0;
    for (std::size_t k = 0; k < columns.size(); ++k) fitted += columns[k][row] * (*beta)[k];
    residual += (y[row] - fitted) * (y[row] - fitted);
    mean += y[row];
  }
  mean /= static_cast<double>(samples);
  for (const double value : y) total += (value - mean) * (value - mean);
  return 1 - residual / total;
}

/// None where correlation says nothing.
std::optional<std::size_t> most_predictable(std::span<const Leaver> leavers) {
  std::size_t samples = std::numeric_limits<std::size_t>::max();
  for (const Leaver& leaver : leavers) samples = std::min(samples, leaver.history.size());
  if (leavers.size() < 2 || samples < leavers.size()) return std::nullopt;
  std::size_t best = 0;
  double highest = std::numeric_limits<double>::denorm_min();
  for (std::size_t i = 0; i < leavers.size(); ++i) {
    const auto r2 = r_squared(leavers, i, samples);
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
