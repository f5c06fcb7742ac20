#include "vm/growth_bounds.hpp"

#include <algorithm>

namespace vm {

void GrowthBounds::price(const std::vector<HostPower>& kinds, double demand) {
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const PowerCurve& power = kinds[k].power;
    Kind& kind = kinds_[k];
    kind.fits = demand <= kinds[k].core;
    if (!kind.fits) continue;
    kind.grown = demand / kinds[k].capacity;
    kind.shift = PowerCurve::tenth(kind.grown);
    const double part = kind.grown - static_cast<double>(kind.shift) / 10;
    kind.bend = 0.1 - part;
    for (std::size_t t = 0; t <= tenths; ++t) {
      // Beyond full use power grows no more, and at_tenth() and rise() say so.
      const std::size_t above = std::min(t + kind.shift, tenths);
      kind.at_border[t] =
          power.at_tenth(above) + power.rise(above) * part * 100 - power.at_tenth(t);
      if (t == tenths) break;
      const std::size_t beyond = std::min(above + 1, tenths);
      kind.at_bend[t] =
          power.at_tenth(beyond) - power.at_tenth(t) - power.rise(t) * kind.bend * 100;
      kind.before[t] = (power.rise(above) - power.rise(t)) * 100;
      kind.after[t] = (power.rise(beyond) - power.rise(t)) * 100;
    }
    for (std::size_t t = 0; t < tenths; ++t)
      kind.least[t] =
          std::min(std::min(kind.at_border[t], kind.at_bend[t]), kind.at_border[t + 1]) - slack;
  }
}

}  // namespace vm
