// Probes: where things are on the screen, by name, so that a test says "click transport.play" and
// stays right when the layout changes. Filled anew in every frame.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <imgui.h>

namespace viz::ui {

struct Rect {
  ImVec2 min, max;
  float width() const { return max.x - min.x; }
  float height() const { return max.y - min.y; }
  ImVec2 middle() const { return {(min.x + max.x) / 2, (min.y + max.y) / 2}; }
  bool contains(ImVec2 p) const {
    return p.x >= min.x && p.x < max.x && p.y >= min.y && p.y < max.y;
  }
  Rect shrunk(float by) const { return {{min.x + by, min.y + by}, {max.x - by, max.y - by}}; }
};

class Probes {
 public:
  void clear() { places_.clear(); }
  void add(std::string_view name, const Rect& place) {
    places_.insert_or_assign(std::string{name}, place);
  }
  std::optional<Rect> find(const std::string& name) const {
    const auto found = places_.find(name);
    if (found == places_.end()) return std::nullopt;
    return found->second;
  }
  const std::map<std::string, Rect>& all() const { return places_; }

 private:
  std::map<std::string, Rect> places_;
};

}  // namespace viz::ui
