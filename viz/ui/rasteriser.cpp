#include "viz/ui/rasteriser.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "viz/ui/canvas.hpp"

namespace viz::ui {
namespace {

constexpr std::int64_t one = 256;  // sub-pixel steps in a pixel

struct Point {
  std::int64_t x, y;
};

Point fixed(ImVec2 at) {
  return {std::llround(static_cast<double>(at.x) * one),
          std::llround(static_cast<double>(at.y) * one)};
}

/// The first pixel whose centre is not before `edge`.
int first_pixel(float edge) {
  return static_cast<int>(std::ceil(static_cast<double>(edge) - 0.5));
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  const std::int64_t q = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

Colour texel(const Image& texture, ImVec2 uv) {
  const int x =
      std::clamp(static_cast<int>(uv.x * static_cast<float>(texture.width)), 0, texture.width - 1);
  const int y = std::clamp(static_cast<int>(uv.y * static_cast<float>(texture.height)), 0,
                           texture.height - 1);
  return texture.at(x, y);
}

Colour times(Colour a, Colour b) {
  if (a == 0xffffffff) return b;
  const auto part = [](unsigned p, unsigned q) { return (p * q + 127) / 255; };
  return rgba(part(red(a), red(b)), part(green(a), green(b)), part(blue(a), blue(b)),
              part(alpha(a), alpha(b)));
}

void lay(Colour& under, Colour over) {
  if (alpha(over) == 255) {
    under = over;
  } else if (alpha(over) != 0) {
    under = blend(under, over);
  }
}

/// One triangle, its vertices in an order that goes round clockwise on the screen.
class Triangle {
 public:
  Triangle(const ImDrawVert& a, const ImDrawVert& b, const ImDrawVert& c, const Image& texture)
      : v_{&a, &b, &c}, texture_(texture) {
    for (std::size_t i = 0; i < 3; ++i) p_[i] = fixed(v_[i]->pos);
    area_ = cross_of(p_[0], p_[1], p_[2]);
    if (area_ < 0) {
      std::swap(v_[1], v_[2]);
      std::swap(p_[1], p_[2]);
      area_ = -area_;
    }
  }

  void draw(Image& target, const Box& clip) const {
    if (area_ == 0) return;
    const auto [top, bottom] = std::minmax({p_[0].y, p_[1].y, p_[2].y});
    const int from = static_cast<int>(std::max<std::int64_t>(clip.top, floor_div(top, one)));
    const int to =
        static_cast<int>(std::min<std::int64_t>(clip.bottom, floor_div(bottom, one) + 1));
    const bool flat = v_[0]->col == v_[1]->col && v_[1]->col == v_[2]->col;
    const bool plain = same_uv(v_[0]->uv, v_[1]->uv) && same_uv(v_[1]->uv, v_[2]->uv);
    const Colour sample = plain ? texel(texture_, v_[0]->uv) : 0;
    for (int y = from; y < to; ++y) {
      const auto [left, right] = span(y, clip);
      if (left >= right) continue;
      if (flat && plain) {
        fill(target, {left, y, right, y + 1}, times(sample, v_[0]->col));
      } else {
        shade(target.row(y), y, left, right, plain, sample);
      }
    }
  }

 private:
  static std::int64_t cross_of(Point a, Point b, Point c) {
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
  }
  static bool same_uv(ImVec2 a, ImVec2 b) { return a.x == b.x && a.y == b.y; }

  /// The pixels of row `y` whose centres are inside. An edge's function is linear in x, so each
  /// edge bounds them on one side; a centre on an edge belongs to the left or upper triangle only.
  std::pair<int, int> span(int y, const Box& clip) const {
    std::int64_t left = clip.left, right = clip.right;
    const std::int64_t cy = y * one + one / 2;
    for (std::size_t i = 0; i < 3; ++i) {
      const Point a = p_[i], b = p_[(i + 1) % 3];
      const std::int64_t dx = b.x - a.x, dy = b.y - a.y;
      const bool keeps_edge = dy < 0 || (dy == 0 && dx > 0);
      // inside: dx * (cy - a.y) - dy * (cx - a.x) > 0, or = 0 where the edge is kept
      const std::int64_t at_zero =
          dx * (cy - a.y) + dy * a.x - dy * (one / 2) - (keeps_edge ? 0 : 1);
      const std::int64_t step = -dy * one;  // of one pixel to the right
      if (step == 0) {
        if (at_zero < 0) return {0, 0};
      } else if (step > 0) {
        left = std::max(left, -floor_div(at_zero, step));  // ceil(-at_zero / step)
      } else {
        right = std::min(right, floor_div(at_zero, -step) + 1);
      }
    }
    return {static_cast<int>(left), static_cast<int>(std::max(left, right))};
  }

  void shade(Colour* row, int y, int left, int right, bool plain, Colour sample) const {
    const double inverse = 1.0 / static_cast<double>(area_);
    const Point start{left * one + one / 2, y * one + one / 2};
    double w1 = static_cast<double>(cross_of(p_[0], start, p_[2])) * inverse;
    double w2 = static_cast<double>(cross_of(p_[0], p_[1], start)) * inverse;
    const double step1 = static_cast<double>((p_[2].y - p_[0].y) * one) * inverse;
    const double step2 = -static_cast<double>((p_[1].y - p_[0].y) * one) * inverse;
    for (int x = left; x < right; ++x, w1 += step1, w2 += step2) {
      const double w0 = 1.0 - w1 - w2;
      const auto channel = [&](auto part) {
        const double value = w0 * part(v_[0]->col) + w1 * part(v_[1]->col) + w2 * part(v_[2]->col);
        return static_cast<unsigned>(std::clamp(value + 0.5, 0.0, 255.0));
      };
      const Colour colour = rgba(channel(red), channel(green), channel(blue), channel(alpha));
      if (!plain) {
        const auto between = [&](float a, float b, float c) {
          return static_cast<float>(w0 * a + w1 * b + w2 * c);
        };
        sample = texel(texture_, {between(v_[0]->uv.x, v_[1]->uv.x, v_[2]->uv.x),
                                  between(v_[0]->uv.y, v_[1]->uv.y, v_[2]->uv.y)});
      }
      lay(row[x], times(sample, colour));
    }
  }

  std::array<const ImDrawVert*, 3> v_;
  std::array<Point, 3> p_{};
  std::int64_t area_ = 0;
  const Image& texture_;
};

/// A rectangle from `a`, left top, to `c`, right bottom, of one colour: letters, fills, pictures.
void draw_rectangle(const ImDrawVert& a, const ImDrawVert& c, const Image& texture, Image& target,
                    const Box& clip) {
  const Box box{std::max(clip.left, first_pixel(a.pos.x)), std::max(clip.top, first_pixel(a.pos.y)),
                std::min(clip.right, first_pixel(c.pos.x)),
                std::min(clip.bottom, first_pixel(c.pos.y))};
  if (box.width() <= 0 || box.height() <= 0) return;
  if (a.uv.x == c.uv.x && a.uv.y == c.uv.y) {
    fill(target, box, times(texel(texture, a.uv), a.col));
    return;
  }
  const double across =
      static_cast<double>(c.uv.x - a.uv.x) * texture.width / static_cast<double>(c.pos.x - a.pos.x);
  const double down = static_cast<double>(c.uv.y - a.uv.y) * texture.height /
                      static_cast<double>(c.pos.y - a.pos.y);
  const double u = static_cast<double>(a.uv.x) * texture.width +
                   (box.left + 0.5 - static_cast<double>(a.pos.x)) * across;
  const double v = static_cast<double>(a.uv.y) * texture.height +
                   (box.top + 0.5 - static_cast<double>(a.pos.y)) * down;
  for (int y = box.top; y < box.bottom; ++y) {
    const int ty = std::clamp(static_cast<int>(v + (y - box.top) * down), 0, texture.height - 1);
    const Colour* const from = texture.row(ty);
    Colour* const to = target.row(y);
    double tx = u;
    for (int x = box.left; x < box.right; ++x, tx += across) {
      const Colour sample = from[std::clamp(static_cast<int>(tx), 0, texture.width - 1)];
      if (alpha(sample) != 0) lay(to[x], times(sample, a.col));
    }
  }
}

/// ImGui gives a rectangle as a b c, a c d, round from the left top.
bool is_rectangle(const ImDrawVert& a, const ImDrawVert& b, const ImDrawVert& c,
                  const ImDrawVert& d) {
  return a.pos.y == b.pos.y && b.pos.x == c.pos.x && c.pos.y == d.pos.y && d.pos.x == a.pos.x &&
         a.pos.x < c.pos.x && a.pos.y < c.pos.y && a.col == b.col && a.col == c.col &&
         a.col == d.col && a.uv.x == d.uv.x && a.uv.y == b.uv.y && b.uv.x == c.uv.x &&
         c.uv.y == d.uv.y;
}

void draw_command(const ImDrawList& list, const ImDrawCmd& command, const Image& texture,
                  const Box& clip, Image& target) {
  const ImDrawVert* const vertices = list.VtxBuffer.Data + command.VtxOffset;
  const ImDrawIdx* const indices = list.IdxBuffer.Data + command.IdxOffset;
  for (unsigned i = 0; i + 3 <= command.ElemCount;) {
    const ImDrawIdx* const t = indices + i;
    if (i + 6 <= command.ElemCount && t[3] == t[0] && t[4] == t[2] &&
        is_rectangle(vertices[t[0]], vertices[t[1]], vertices[t[2]], vertices[t[5]])) {
      draw_rectangle(vertices[t[0]], vertices[t[2]], texture, target, clip);
      i += 6;
    } else {
      Triangle{vertices[t[0]], vertices[t[1]], vertices[t[2]], texture}.draw(target, clip);
      i += 3;
    }
  }
}

}  // namespace

void rasterise(const ImDrawData& data, Image& target) {
  for (int n = 0; n < data.CmdListsCount; ++n) {
    const ImDrawList& list = *data.CmdLists[n];
    for (const ImDrawCmd& command : list.CmdBuffer) {
      if (command.UserCallback != nullptr || command.ElemCount == 0) continue;
      const ImVec4& r = command.ClipRect;
      const Box clip{std::max(0, static_cast<int>(r.x)), std::max(0, static_cast<int>(r.y)),
                     std::min(target.width, static_cast<int>(r.z)),
                     std::min(target.height, static_cast<int>(r.w))};
      if (clip.width() > 0 && clip.height() > 0) {
        draw_command(list, command, *static_cast<const Image*>(command.GetTexID()), clip, target);
      }
    }
  }
}

}  // namespace viz::ui
