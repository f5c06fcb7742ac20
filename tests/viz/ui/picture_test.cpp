// What is seen: pictures of the main views, made without a display.
#include <filesystem>

#include "tests/viz/ui/driver.hpp"
#include "tests/vm/scenario_text.hpp"
#include "viz/ui/rasteriser.hpp"

using namespace driver;
using namespace std::chrono_literals;

namespace {

/// Triangles into a list of their own, drawn upon `ground`.
template <class Draw>
Image drawn(int width, int height, Colour ground, Draw&& draw) {
  ImDrawList list{ImGui::GetDrawListSharedData()};
  list._ResetForNewFrame();
  list.PushTextureID(ImGui::GetIO().Fonts->TexID);
  list.PushClipRect({0, 0}, {static_cast<float>(width), static_cast<float>(height)});
  draw(list);
  ImDrawList* lists[] = {&list};
  ImDrawData data;
  data.CmdLists = lists;
  data.CmdListsCount = 1;
  Image image{width, height, ground};
  rasterise(data, image);
  return image;
}

constexpr Colour black = rgb(0);
constexpr Colour half_white = rgba(255, 255, 255, 128);

/// Where a failing machine's cell is drawn at the playhead, and what is in the middle of it.
model::MachineId failing_machine(Driver& person) {
  const auto& failure = person.session.failures()[0];
  person.session.on(model::Seek{failure.start + 1s});
  person.settle();
  return failure.machine;
}

}  // namespace

TEST_CASE("rasteriser: triangles that share edges cover every pixel once") {
  Driver person;  // for its ImGui context and fonts
  // A fan of triangles round an odd point, half transparent: a pixel drawn twice would be brighter,
  // one left out would be black.
  const Image image = drawn(64, 64, black, [](ImDrawList& list) {
    list.Flags = ImDrawListFlags_None;  // no soft edges, which overlap by intent
    const ImVec2 middle{30.3f, 33.7f};
    const std::array<ImVec2, 5> round{{{0, 0}, {64, 0}, {64, 64}, {0, 64}, {0, 0}}};
    for (std::size_t i = 0; i + 1 < round.size(); ++i) {
      list.AddTriangleFilled(middle, round[i], round[i + 1], half_white);
    }
  });
  const Colour once = blend(black, half_white);
  CHECK(std::count(image.pixels.begin(), image.pixels.end(), once) == 64 * 64);
}

TEST_CASE("rasteriser: a triangle covers the pixels whose centres are in it") {
  Driver person;
  const ImVec2 a{3.2f, 5.9f}, b{57.4f, 20.1f}, c{18.6f, 60.3f};
  const Image image = drawn(64, 64, black, [&](ImDrawList& list) {
    list.Flags = ImDrawListFlags_None;
    list.AddTriangleFilled(a, b, c, rgb(0xFFFFFF));
  });
  const auto side = [](ImVec2 p, ImVec2 q, double x, double y) {
    return static_cast<double>(q.x - p.x) * (y - static_cast<double>(p.y)) -
           static_cast<double>(q.y - p.y) * (x - static_cast<double>(p.x));
  };
  int differ = 0;
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x) {
      const double cx = x + 0.5, cy = y + 0.5;
      const bool in = side(a, b, cx, cy) > 0 && side(b, c, cx, cy) > 0 && side(c, a, cx, cy) > 0;
      differ += in != (image.at(x, y) != black);
    }
  }
  CHECK(differ <= 2);  // corners are rounded to 1/256 of a pixel
}

TEST_CASE("rasteriser: nothing is drawn outside the clip rectangle") {
  Driver person;
  const Image image = drawn(32, 32, black, [](ImDrawList& list) {
    list.PushClipRect({8, 8}, {16, 20}, true);
    list.AddRectFilled({0, 0}, {32, 32}, rgb(0xFFFFFF));
    list.AddTriangleFilled({-9, -9}, {60, 0}, {0, 60}, rgb(0xFFFFFF));
  });
  CHECK(std::count(image.pixels.begin(), image.pixels.end(), rgb(0xFFFFFF)) == 8 * 12);
}

TEST_CASE("picture: a PNG reads back as it was written, and a folder that is not there is told") {
  const scenario_text::ScratchFolder folder;
  Image image{5, 3, rgb(0x123456)};
  image.row(2)[4] = rgba(1, 2, 3, 4);
  const auto file = folder.path() / "a.png";
  write_png(image, file);
  CHECK(read_png(file).pixels == image.pixels);
  CHECK_THROWS_AS(write_png(image, folder.path() / "none" / "a.png"),
                  std::filesystem::filesystem_error);
}

TEST_CASE("picture: the same run gives the same picture, and nothing is painted again at rest") {
  Driver person;
  const Image once = person.picture();
  const auto paintings = person.app.window().paintings();
  const Image again = person.picture();
  CHECK(once.pixels == again.pixels);
  CHECK(person.app.window().paintings() == paintings);
  Driver other;
  CHECK(other.picture().pixels == once.pixels);
}

TEST_CASE("picture: a failing machine is orange and marked at every level of detail") {
  const auto machines = GENERATE(10u, 60u, 2'000u, 100'000u);
  CAPTURE(machines);
  Driver person{{.machines = machines, .fleets = machines > 1000 ? 4u : 1u, .samples = 500}};
  person.state().map.migrations = false;  // arrows begin where we look
  person.state().map.flows = false;
  const model::MachineId failing = failing_machine(person);
  const Image image = person.picture();
  const Palette& p = dark_palette();
  const int orange = person.count(image, "map.cells", p.failing);
  const std::array<std::pair<std::uint32_t, Detail>, 4> detail{
      {{10, Detail::cards}, {60, Detail::tiles}, {2'000, Detail::cells}, {100'000, Detail::dots}}};
  for (const auto& [count, expected] : detail) {
    if (count == machines) CHECK(person.app.window().detail() == expected);
  }
  CHECK(orange >= (machines == 100'000 ? 9 : 60));  // dots: at least three by three pixels
  if (machines == 2'000) CHECK(person.count(image, "map.cells", rgb(0xFFFFFF)) > 4);  // its cross
  CHECK(person.session.view().machines[failing.value].failing);
}

TEST_CASE("picture: migrations under way are arrows, and none are drawn when they are off") {
  Driver person;
  failing_machine(person);
  const Colour moving = dark_palette().moving;
  person.state().sizes = {};
  const int with = person.count(person.picture(), "map.cells", moving);
  person.key(Key::v);
  const int without = person.count(person.picture(), "map.cells", moving);
  CHECK(with > without + 30);  // disk bars are yellow too
}

TEST_CASE("picture: light is light and dark is dark") {
  const auto brightness = [](const Image& image) {
    double sum = 0;
    for (const Colour c : image.pixels) sum += red(c) + green(c) + blue(c);
    return sum / 3 / static_cast<double>(image.pixels.size());
  };
  Driver dark;
  CHECK(brightness(dark.picture()) < 70);
  dark.key(Key::k);
  CHECK(brightness(dark.picture()) > 170);
}

TEST_CASE("picture: the fonts of the machine's packages, at twice the size, fit as well") {
  Driver person{{}, {.width = 3200, .height = 1800, .scale = 2, .calm = true}};
  CHECK(person.picture().width == 3200);
  CHECK(person.app.window().probes().find("transport.play")->width() == Approx(72));
}

TEST_CASE("picture: it is taken when most is to be seen") {
  // Six failures, the waves far apart: the telling moment lies within a migration.
  invented::Session session{{.failures = 6}};
  const Time at = telling_moment(session.frame(0));
  const auto& migrations = *session.view().migrations;
  CHECK(std::any_of(migrations.begin(), migrations.end(),
                    [&](const model::MigrationRecord& m) { return m.start <= at && at < *m.end; }));
  invented::Session calm{{.failures = 0}};
  CHECK(telling_moment(calm.frame(0)) == Time{} + 12h);
}
