// Parts of the window that need no picture: places, numbers, colours, what is remembered.
#include <cmath>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/viz/invented_session.hpp"
#include "tests/vm/scenario_text.hpp"
#include "viz/ui/fleet_layout.hpp"
#include "viz/ui/format.hpp"
#include "viz/ui/settings.hpp"
#include "viz/ui/theme.hpp"
#include "viz/ui/timeline.hpp"

using namespace viz::ui;
namespace model = viz::model;
using namespace std::chrono_literals;

TEST_CASE("layout: every machine has a cell of its own, and is found in it again") {
  const auto shape =
      GENERATE(std::pair{1u, 1u}, std::pair{10u, 1u}, std::pair{997u, 3u}, std::pair{5'000u, 16u});
  const auto zoom = GENERATE(1.0, 7.5);
  invented::Session session{{.machines = shape.first, .fleets = shape.second, .samples = 10}};
  FleetLayout layout;
  MapState map;
  map.zoom = zoom;
  layout.group(session.frame(0), Grouping::fleet);
  layout.place({{100, 50}, {1100, 420}}, map, 1);
  for (const model::MachineView& machine : session.view().machines) {
    const auto cell = layout.cell_of(machine.id);
    REQUIRE(cell);
    REQUIRE(layout.at(cell->middle()) == machine.id);
  }
}

TEST_CASE("layout: tiles stay inside the map, do not overlap, and have room by their machines") {
  invented::Session session{{.machines = 4'000, .fleets = 5, .samples = 10}};
  FleetLayout layout;
  layout.group(session.frame(0), Grouping::fleet);
  layout.place({{0, 0}, {980, 370}}, {}, 1);
  const auto& tiles = layout.tiles();
  REQUIRE(tiles.size() == 5);
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    const Rect& a = tiles[i].place;
    CHECK(a.min.x >= 0);
    CHECK(a.max.y <= 370.01f);
    for (std::size_t j = 0; j < i; ++j) {
      const Rect& b = tiles[j].place;
      CHECK((a.min.x >= b.max.x || b.min.x >= a.max.x || a.min.y >= b.max.y || b.min.y >= a.max.y));
    }
  }
}

TEST_CASE("layout: a machine's place depends on its number alone") {
  invented::Session session{{.machines = 300, .fleets = 2, .samples = 10}};
  FleetLayout layout;
  layout.group(session.frame(0), Grouping::fleet);
  layout.place({{0, 0}, {900, 400}}, {}, 1);
  const auto before = layout.cell_of(model::MachineId{17});
  session.on(model::Seek{Time{} + 5h});
  layout.group(session.frame(0), Grouping::fleet);
  layout.place({{0, 0}, {900, 400}}, {}, 1);
  CHECK(layout.cell_of(model::MachineId{17})->min.x == before->min.x);
  CHECK(layout.cell_of(model::MachineId{17})->min.y == before->min.y);
}

TEST_CASE("timeline: zooming keeps the anchor where it is, within the run") {
  const Span run{Time{}, Time{} + 1000s};
  const Span in = zoomed(run, Time{} + 250s, 0.5, run);
  CHECK(in == Span{Time{} + 125s, Time{} + 625s});
  CHECK(zoomed(in, Time{} + 250s, 2, run) == run);
  CHECK(zoomed(run, Time{} + 250s, 3, run) == run);
  CHECK(moved(in, 900s, run) == Span{Time{} + 500s, Time{} + 1000s});
  CHECK(moved(in, -900s, run) == Span{Time{}, Time{} + 500s});
  // However often one zooms in, a view never becomes empty.
  Span view = run;
  for (int i = 0; i < 200; ++i) view = zoomed(view, Time{} + 10s, 0.5, run);
  CHECK(view.length() == 1us);
}

TEST_CASE("format: numbers have three figures and their unit") {
  CHECK(clock_text(Time{} + 51h + 3min + 4s + 5ms) == "2d 03:03:04.005");
  CHECK(axis_text(Time{} + 3661s, 10s) == "01:01:01");
  CHECK(axis_text(Time{} + 1500ms, 500ms) == "00:00:01.500");
  CHECK(span_text(0s) == "0 s");
  CHECK(span_text(1500us) == "1.50 ms");
  CHECK(span_text(90s) == "90 s");
  CHECK(span_text(10min) == "10 min");
  CHECK(count_text(950) == "950");
  CHECK(count_text(1234) == "1.2k");
  CHECK(count_text(999'999) == "1.0M");
  CHECK(count_text(17'400'000) == "17.4M");
  CHECK(percent_text(0.5667) == "56.7 %");
  CHECK(speed_text(HUGE_VAL) == "max");
  CHECK(speed_text(0.1) == "0.1x");
  CHECK(speed_text(60) == "60x");
}

TEST_CASE("format: an axis' step is pleasant and never too small") {
  for (Duration least = 1ns; least < 100h; least = least * 3 / 2 + 1ns) {
    const Duration step = nice_step(least);
    CAPTURE(least.count(), step.count());
    REQUIRE(step >= least);
    REQUIRE(step <= least * 3 + 1ns);
  }
}

TEST_CASE("theme: the ramp's lightness only grows in the dark and only falls in the light") {
  const auto luminance = [](Colour c) {
    return 0.2126 * red(c) + 0.7152 * green(c) + 0.0722 * blue(c);
  };
  const auto dark = ramp_colours(dark_palette()), light = ramp_colours(light_palette());
  for (std::size_t i = 1; i < dark.size(); ++i) {
    REQUIRE(luminance(dark[i]) >= luminance(dark[i - 1]));
    REQUIRE(luminance(light[i]) <= luminance(light[i - 1]));
  }
  CHECK(dark.front() == dark_palette().ramp.front());
  CHECK(dark.back() == dark_palette().ramp.back());
}

TEST_CASE("settings: what is written is read back") {
  const scenario_text::ScratchFolder folder;
  const auto file = folder.path() / "brink" / "view.json";
  WindowState state;
  state.light = true;
  state.sizes.events = 444;
  state.map.colouring = Colouring::network;
  REQUIRE(save_settings(file, {.width = 1300, .height = 800, .last = {"a", "b"}}, state));
  Settings settings;
  WindowState fresh;
  load_settings(file, settings, fresh);
  CHECK(settings.width == 1300);
  CHECK(settings.last == std::vector<std::string>{"a", "b"});
  CHECK(fresh.light);
  CHECK(fresh.sizes.events == 444);
  CHECK(fresh.map.colouring == Colouring::network);
}

TEST_CASE(
    "settings: a file that makes no sense changes nothing, one that cannot be written is told") {
  const scenario_text::ScratchFolder folder;
  const auto file = folder.path() / "view.json";
  for (const char* text :
       {"", "{", "[]", R"({"width":"wide","colouring":[1],"last":7})", "\xff\xfe"}) {
    std::ofstream(file, std::ios::trunc) << text;
    Settings settings;
    WindowState state;
    load_settings(file, settings, state);
    CHECK(settings.width == 1600);
    CHECK(settings.last.empty());
    CHECK(state.map.colouring == Colouring::worst);
  }
  std::ofstream(file, std::ios::trunc) << R"({"width":-5,"colouring":99,"inspector":1e9})";
  Settings settings;
  WindowState state;
  load_settings(file, settings, state);
  CHECK(settings.width == 640);
  CHECK(state.map.colouring == Colouring::worst);
  CHECK(state.sizes.inspector == 4000);
  CHECK_FALSE(save_settings(file / "below a file" / "x.json", {}, {}));
}
