// The window, used by a person of our own: every panel and every key.
#include <array>
#include <limits>
#include <map>

#include "tests/viz/ui/driver.hpp"
#include "viz/ui/input.hpp"

using namespace driver;
using namespace std::chrono_literals;
using Kind = model::Selection::Kind;

TEST_CASE("input: a key that goes down and up between two frames is seen, and then let go") {
  Driver person;
  person.session.commands.clear();
  person.app.input().key(Key::space, true);
  person.app.input().key(Key::space, false);
  person.app.frame(0.1);
  CHECK(person.session.told<model::Play>().size() == 1);
  CHECK(ImGui::GetIO().KeysDown[static_cast<int>(Key::space)]);
  person.app.frame(0.1);
  CHECK_FALSE(ImGui::GetIO().KeysDown[static_cast<int>(Key::space)]);
}

TEST_CASE(
    "input: the pointer does not move away from where a button was pressed in the same frame") {
  Driver person;
  const ImVec2 play = person.place("transport.play"), far = person.place("map");
  person.session.commands.clear();
  person.app.input().move(play.x, play.y);
  person.app.input().button(0, true);
  person.app.input().button(0, false);
  person.app.input().move(far.x, far.y);
  person.settle();
  CHECK(person.session.told<model::Play>().size() == 1);
}

TEST_CASE("window: the transport's buttons play, change speed and go from failure to failure") {
  Driver person;
  person.click("transport.play");
  CHECK(person.app.run().clock.playing);
  person.click("transport.play");
  CHECK_FALSE(person.app.run().clock.playing);
  const double speed = person.app.run().clock.speed;
  person.click("transport.faster");
  CHECK(person.app.run().clock.speed == speed * 2);
  person.click("transport.slower");
  CHECK(person.app.run().clock.speed == speed);
  const auto& failures = person.session.failures();
  person.session.on(model::Seek{Time{}});
  person.click("transport.next");
  CHECK(person.app.run().clock.now == failures[0].start);
  person.click("transport.next");
  CHECK(person.app.run().clock.now == failures[1].start);
  person.click("transport.previous");
  CHECK(person.app.run().clock.now == failures[0].start);
}

TEST_CASE("window: the speed slider goes from a thousandth to as fast as it goes") {
  Driver person;
  person.click("transport.speed", 0.001f);
  CHECK(person.app.run().clock.speed == Approx(1e-3).epsilon(0.3));
  person.click("transport.speed", 0.999f);
  CHECK(std::isinf(person.app.run().clock.speed));
}

TEST_CASE("window: the scrubber goes where it is dragged to") {
  Driver person;
  person.drag("scrubber", 0.2f, 0.75f);
  CHECK(sim::seconds(person.app.run().clock.now) == Approx(0.75 * 86400).epsilon(0.01));
}

TEST_CASE("window: every key does what the help says") {
  Driver person;
  WindowState& state = person.state();
  const auto& clock = person.app.run().clock;
  SECTION("time") {
    person.key(Key::end);
    CHECK(person.app.run().clock.now == clock.end);
    person.key(Key::home);
    CHECK(person.app.run().clock.now == Time{});
    person.key(Key::right);  // a hundredth of the view, which is the whole day
    CHECK(sim::seconds(person.app.run().clock.now) == Approx(864));
    person.key(Key::left);
    CHECK(person.app.run().clock.now == Time{});
    person.key(Key::n);
    CHECK(person.app.run().clock.now == person.session.failures()[0].start);
    person.key(Key::n);
    person.key(Key::n, {.shift = true});
    CHECK(person.app.run().clock.now == person.session.failures()[0].start);
    person.key(Key::space);
    CHECK(person.app.run().clock.playing);
    person.key(Key::space);
    person.session.commands.clear();
    person.key(Key::right, {.shift = true});
    person.key(Key::left, {.shift = true});
    person.type(".");
    const auto steps = person.session.told<model::StepEvent>();
    REQUIRE(steps.size() == 3);
    CHECK(steps[0].forward);
    CHECK_FALSE(steps[1].forward);
    CHECK(steps[2].forward);
    person.type("+");
    CHECK(person.app.run().clock.speed == 120);
    person.type("--");
    CHECK(person.app.run().clock.speed == 30);
    person.key(Key::b);
    CHECK(state.bookmarks.size() == 1);
  }
  SECTION("timeline") {
    person.key(Key::w);
    CHECK_FALSE(state.timeline.whole);
    CHECK(sim::seconds(state.timeline.view.length()) == Approx(86400 / 1.3));
    const Time from = state.timeline.view.from;
    person.key(Key::d);
    CHECK(state.timeline.view.from > from);
    person.key(Key::a);
    CHECK(state.timeline.view.from == from);
    person.key(Key::s);
    CHECK(state.timeline.whole);
    person.key(Key::w);
    person.key(Key::f);
    CHECK(state.timeline.whole);
    state.timeline.range = Span{Time{} + 1h, Time{} + 2h};
    person.key(Key::f, {.shift = true});
    CHECK(state.timeline.view == Span{Time{} + 1h, Time{} + 2h});
    person.key(Key::escape);
    CHECK_FALSE(state.timeline.range);
    person.key(Key::t);
    CHECK(state.timeline.fleet);
  }
  SECTION("map") {
    for (int i = 0; i < 5; ++i) {
      person.key(static_cast<Key>(static_cast<int>(Key::one) + i));
      CHECK(state.map.colouring == static_cast<Colouring>(i));
    }
    person.key(Key::m);
    CHECK(state.map.colouring == Colouring::cpu);
    person.key(Key::x);
    CHECK(state.map.failing_only);
    person.key(Key::c);
    CHECK_FALSE(state.map.flows);
    person.key(Key::v);
    CHECK_FALSE(state.map.migrations);
    person.key(Key::g);
    CHECK(state.map.grouping == Grouping::flavor);
    state.map.zoom = 3;
    person.key(Key::z);
    CHECK(state.map.zoom == 1);
  }
  SECTION("the rest") {
    person.type("?");
    CHECK(state.help);
    CHECK(person.shows("help"));
    person.key(Key::escape);
    CHECK_FALSE(state.help);
    person.key(Key::f1);
    CHECK(state.help);
    person.key(Key::f1);
    person.key(Key::k);
    CHECK(state.light);
    person.key(Key::l);
    CHECK_FALSE(state.events.follow);
    person.app.window().take_wishes();
    person.key(Key::f12);
    CHECK(person.app.window().take_wishes().picture);
    person.key(Key::q, {.control = true});
    CHECK(person.app.window().take_wishes().quit);
    person.session.on(model::Select{{Kind::machine, 3}});
    person.key(Key::escape);
    CHECK(person.app.run().selection.kind == Kind::nothing);
  }
}

TEST_CASE("window: a text that is being typed is no shortcut, and finds its machine") {
  Driver person;
  person.key(Key::f, {.control = true});
  person.app.input().key(Key::x, true);
  person.app.input().key(Key::x, false);
  person.type("machine 7");
  CHECK_FALSE(person.state().map.failing_only);
  person.key(Key::enter);
  CHECK(person.app.run().selection == model::Selection{Kind::machine, 7});
  person.key(Key::f, {.control = true});
  person.type("99");
  person.key(Key::enter);
  CHECK(person.app.run().selection == model::Selection{Kind::machine, 7});
  CHECK(person.state().remark.find("no machine") != std::string::npos);
}

TEST_CASE("map: a click selects the machine, a click beside them none") {
  Driver person;
  person.click("machine.4");
  CHECK(person.app.run().selection == model::Selection{Kind::machine, 4});
  person.click("map.cells", 0.5f, 0.01f);  // the tile's heading
  CHECK(person.app.run().selection.kind == Kind::nothing);
}

TEST_CASE("map: the wheel zooms about the pointer, a right drag moves, a double click shows all") {
  Driver person;
  const ImVec2 before = person.place("machine.6", 0.3f, 0.4f);
  person.wheel("machine.6", 3, 0.3f, 0.4f);
  CHECK(person.state().map.zoom == Approx(std::pow(1.25, 3)));
  // Cells grow, the gaps between tiles do not: with one tile the point stays within a few pixels.
  const ImVec2 after = person.place("machine.6", 0.3f, 0.4f);
  CHECK(std::abs(after.x - before.x) < 8);
  CHECK(std::abs(after.y - before.y) < 30);
  const double pan = person.state().map.pan_x;
  person.drag("map.cells", 0.6f, 0.5f, 1);
  CHECK(person.state().map.pan_x > pan);
  person.double_click("map.cells");
  CHECK(person.state().map.zoom == 1);
}

TEST_CASE("map: chips choose the colour, the overlays and the grouping") {
  Driver person;
  person.click("map.by.disk");
  CHECK(person.state().map.colouring == Colouring::disk);
  person.click("map.by.worst");
  CHECK(person.state().map.colouring == Colouring::worst);
  person.click("map.clients");
  CHECK_FALSE(person.state().map.flows);
  CHECK_FALSE(person.shows("clients.0"));
  person.click("map.migrations");
  CHECK_FALSE(person.state().map.migrations);
  person.click("map.failing");
  CHECK(person.state().map.failing_only);
  person.click("map.grouping");
  CHECK(person.state().map.grouping == Grouping::flavor);
}

TEST_CASE("map: a click on clients shows their books") {
  Driver person;
  person.click("clients.1");
  CHECK(person.app.run().selection == model::Selection{Kind::group, 1});
}

TEST_CASE("timeline: a click goes there, a drag measures exactly, a double click shows all again") {
  Driver person;
  person.click("timeline.plot", 0.25f);
  CHECK(sim::seconds(person.app.run().clock.now) == Approx(0.25 * 86400).epsilon(0.01));
  person.drag("timeline.plot", 0.25f, 0.75f);
  REQUIRE(person.state().timeline.range);
  CHECK(sim::seconds(person.state().timeline.range->length()) == Approx(43200).epsilon(0.01));
  person.double_click("timeline.plot", 0.4f);
  CHECK_FALSE(person.state().timeline.range);
}

TEST_CASE("timeline: the wheel zooms about the pointer, finer with Ctrl, a right drag pans") {
  Driver person;
  const auto at = [&](float share) {
    const Span& view = person.state().timeline.view;
    return sim::seconds(view.from) + static_cast<double>(share) * sim::seconds(view.length());
  };
  person.wheel("timeline.plot", 4, 0.3f);
  CHECK(at(0.3f) == Approx(0.3 * 86400).epsilon(0.005));
  CHECK(sim::seconds(person.state().timeline.view.length()) == Approx(86400 / std::pow(1.3, 4)));
  const double before = at(0);
  person.drag("timeline.plot", 0.6f, 0.4f, 1);
  CHECK(at(0) == Approx(before + 0.2 * 86400 / std::pow(1.3, 4)).epsilon(0.01));
}

TEST_CASE("timeline: a middle drag zooms to what was dragged over") {
  Driver person;
  person.drag("timeline.plot", 0.5f, 0.75f, 2);
  const Span& view = person.state().timeline.view;
  CHECK(sim::seconds(view.from) == Approx(43200).epsilon(0.01));
  CHECK(sim::seconds(view.length()) == Approx(21600).epsilon(0.01));
}

TEST_CASE("timeline: one sample above the limit is orange from any distance") {
  // Samples 4000, 8801 ... of each chart are a lone 99.5 %, one second in a day at 86,400 samples.
  Driver person{{.samples = 86'400, .failures = 0}};
  const Image image = person.picture();
  const int orange = person.count(image, "lane.CPU", dark_palette().failing);
  const int peaks = (86'400 - 4000 + 4800) / 4801;
  CHECK(peaks == 18);
  CHECK(orange >= 2 * peaks);  // each at least two pixels high
}

TEST_CASE("timeline: E writes what the charts show, a row a pixel, as CSV") {
  Driver person;
  person.key(Key::e);
  const auto csv = person.app.window().take_wishes().csv;
  REQUIRE(csv);
  const auto plot = person.app.window().probes().find("timeline.plot");
  CHECK(std::count(csv->begin(), csv->end(), '\n') == static_cast<int>(plot->width()) + 1);
  CHECK(csv->starts_with("t_s,CPU mean low [%],CPU mean high [%]"));
  CHECK(csv->find("LATENCY p99 low [ms]") != std::string::npos);
}

TEST_CASE("events: a click on a row goes there and selects; the row shows what the run says") {
  Driver person;
  person.click("events.row.4", 0.1f);
  // Three events a failure at first, sorted by time: whichever it is, time and log must agree.
  const model::Event& event = (*person.app.run().events)[4];
  CHECK(person.app.run().clock.now == event.at);
  CHECK(person.app.run().selection.kind != Kind::nothing);
}

TEST_CASE("events: chips and typed text filter") {
  Driver person;
  person.state().events.follow = false;
  person.settle();
  const auto rows = [&] {
    int n = 0;
    for (const auto& [name, place] : person.app.window().probes().all())
      n += name.starts_with("events.row.");
    return n;
  };
  CHECK(rows() > 5);
  person.click("events.failures");
  person.click("events.recoveries");
  person.click("events.migrations");
  CHECK(rows() == 0);
  person.click("events.recoveries");
  CHECK(rows() > 5);
  person.click("events.text");
  person.type("no such thing");
  CHECK(rows() == 0);
}

TEST_CASE("events: what is hovered in the log lights up on the map") {
  Driver person;
  person.move("events.row.3", 0.1f);
  const Image with = person.picture();
  person.move("scrubber");
  const Image without = person.picture();
  CHECK(with.pixels != without.pixels);
}

TEST_CASE("levers: a live world can be loaded, crashed, slowed and judged otherwise") {
  Driver person;
  person.session.view().source.can_change = true;
  person.session.view().changes.threshold = 0.98;
  person.click("machine.2");
  person.session.commands.clear();
  person.click("lever.crash");
  person.click("lever.slow");
  person.click("lever.heal");
  person.click("lever.load", 0.75f);
  person.click("lever.threshold", 0.5f);
  REQUIRE(person.session.told<model::CrashMachine>().size() == 1);
  CHECK(person.session.told<model::CrashMachine>()[0].machine == model::MachineId{2});
  const auto slow = person.session.told<model::SlowMachine>();
  REQUIRE(slow.size() == 2);
  CHECK(slow[0].factor == 0.5);
  CHECK(slow[1].factor == 1);
  REQUIRE_FALSE(person.session.told<model::SetLoad>().empty());
  CHECK(person.session.told<model::SetLoad>()[0].factor == Approx(std::sqrt(10.0)).epsilon(0.1));
  REQUIRE_FALSE(person.session.told<model::SetThreshold>().empty());
  CHECK(person.session.told<model::SetThreshold>()[0].threshold == Approx(0.75).epsilon(0.02));
}

TEST_CASE("levers: what cannot be pulled is grey, does nothing, and says why") {
  Driver person;
  model::RunView& view = person.session.view();
  view.source.can_change = true;
  view.changes.can_load = view.changes.can_strike = false;
  view.changes.why_not = "The reference's hosts neither crash nor slow down.";
  view.changes.threshold = 0.8;
  person.click("machine.2");
  CHECK_FALSE(person.shows("lever.load"));
  person.session.commands.clear();
  person.click("lever.crash");
  person.click("lever.slow");
  CHECK(person.session.commands.empty());
  person.click("lever.threshold", 0.5f);
  CHECK_FALSE(person.session.told<model::SetThreshold>().empty());
}

TEST_CASE("levers: a finished run has none") {
  Driver person;
  CHECK_FALSE(person.shows("lever.crash"));
}

TEST_CASE("window: splitters move the parts, and small windows do without the inspector") {
  Driver person;
  const float width = person.app.window().probes().find("events")->width();
  const ImVec2 at = person.place("split.events");
  person.move(at);
  person.app.input().button(0, true);
  person.move(ImVec2{at.x - 100, at.y});
  person.app.input().button(0, false);
  person.settle();
  CHECK(person.app.window().probes().find("events")->width() == Approx(width + 100).margin(5));
  CHECK(person.shows("inspector"));
  person.app.resize(1100, 680);
  person.settle();
  CHECK_FALSE(person.shows("inspector"));
  CHECK(person.shows("map"));
}

TEST_CASE("window: a run that cannot be shown says why") {
  Driver person;
  person.session.view().source.state = model::SourceState::broken;
  person.session.view().source.message = "run.sqlite: written by a newer Brink";
  person.settle();
  CHECK(person.shows("message"));
}
