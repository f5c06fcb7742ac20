// GrowthBounds: the least that one more VM can cost on a host of each kind, for each tenth of the
// capacity that the host's use may lie in.
//
// A host at use u that is to carry g = demand / capacity more needs P(u + g) - P(u) more watts. P
// is straight between measured tenths, so within a tenth this is a straight line of u up to the
// bend, where u + g reaches the next tenth, and another one from there to the tenth's end. The
// smallest of the three corners bounds it. Both indexes of hosts ask for the same bounds, once for
// each VM.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "vm/placement_candidate.hpp"

namespace vm {

class GrowthBounds {
 public:
  static constexpr std::size_t tenths = PowerCurve::points - 1;
  /// More watts than rounding can make of a cost, and more use than it can make of a use.
  static constexpr double slack = 1e-9;

  struct Kind {
    bool fits = false;      // is a core as fast as the VM asks? Else nothing below holds
    double grown = 0;       // g
    std::size_t shift = 0;  // whole tenths in g: u + g lies as many tenths above u, or one
                            // more from the bend on
    double bend = 0;        // where it is, from the beginning of a tenth on: (0, 0.1]
    std::array<double, tenths + 1> at_border{};  // watts, for u at the beginning of a tenth
    std::array<double, tenths> at_bend{};
    std::array<double, tenths> least{};  // of the tenth, less `slack`

    /// The same for a part of a tenth, offsets from its beginning.
    double least_within(std::size_t tenth, double from, double to) const {
      double corner = std::min(growth(tenth, from), growth(tenth, to));
      if (from < bend && bend < to) corner = std::min(corner, at_bend[tenth]);
      return corner - slack;
    }
    /// Watts, but for rounding.
    double growth(std::size_t tenth, double offset) const {
      return at_bend[tenth] + (offset - bend) * (offset < bend ? before : after)[tenth];
    }
    std::array<double, tenths> before{}, after{};  // the bend: watts per use
    static constexpr double width = 0.1;
  };

  explicit GrowthBounds(const std::vector<HostPower>& kinds) : kinds_(kinds.size()) {}

  /// For a VM that asks for `demand`.  Cost O(kinds), some ten multiplications each.
  void price(const std::vector<HostPower>& kinds, double demand);

  const Kind& of(std::size_t kind) const { return kinds_[kind]; }

 private:
  std::vector<Kind> kinds_;
};

}  // namespace vm
