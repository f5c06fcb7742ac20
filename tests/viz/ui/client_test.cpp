// One client in the window: found, stepped through, left again; by mouse and by keyboard.
#include "tests/viz/ui/driver.hpp"
#include "viz/ui/input.hpp"

using namespace driver;
using Kind = model::Selection::Kind;

// The invented run has three groups of a hundred clients.

TEST_CASE("clients: from the group to one of them, to the next, to its machine and back") {
  Driver person;
  person.click("clients.1");
  CHECK(person.app.run().selection == model::Selection{Kind::group, 1});
  person.click("group.client");  // nothing typed: the first one
  CHECK(person.app.run().selection == model::Selection{Kind::client, 100});
  person.click("client.next");
  CHECK(person.app.run().selection == model::Selection{Kind::client, 101});
  person.click("client.previous");
  person.click("client.previous");
  CHECK(person.app.run().selection == model::Selection{Kind::client, 99});
  REQUIRE(person.app.run().client);
  CHECK(person.app.run().client->group == model::GroupId{0});
  person.click("client.group");
  CHECK(person.app.run().selection == model::Selection{Kind::group, 0});
  person.session.on(model::Select{{Kind::client, 13}});
  person.settle();
  person.click("client.machine");
  CHECK(person.app.run().selection == model::Selection{Kind::machine, 3});  // of ten
}

TEST_CASE("clients: a number is typed into the group's field, or into the search") {
  Driver person;
  person.click("clients.2");
  person.click("group.number");
  person.type("250");
  person.key(Key::enter);
  CHECK(person.app.run().selection == model::Selection{Kind::client, 250});
  person.click("client.group");
  person.click("group.number");
  person.type("7000");
  person.click("group.client");
  CHECK(person.app.run().selection == model::Selection{Kind::group, 2});
  CHECK(person.state().remark.find("no client \"7000\"") != std::string::npos);
  person.key(Key::f, {.control = true});
  person.type("client 42");
  person.key(Key::enter);
  CHECK(person.app.run().selection == model::Selection{Kind::client, 42});
  person.key(Key::f, {.control = true});
  person.type("client 300");
  person.key(Key::enter);
  CHECK(person.app.run().selection == model::Selection{Kind::client, 42});
  CHECK(person.state().remark.find("no \"client 300\"") != std::string::npos);
}

TEST_CASE("clients: Page Up and Page Down go from one to the other, and stop at the ends") {
  Driver person;
  person.session.on(model::Select{{Kind::group, 1}});
  person.settle();
  person.key(Key::page_down);
  CHECK(person.app.run().selection == model::Selection{Kind::client, 100});
  person.key(Key::page_down);
  person.key(Key::page_up);
  person.key(Key::page_up);
  CHECK(person.app.run().selection == model::Selection{Kind::client, 99});
  for (const std::uint32_t end : {0u, 299u}) {
    person.session.on(model::Select{{Kind::client, end}});
    person.settle();
    person.key(end == 0 ? Key::page_up : Key::page_down);
    CHECK(person.app.run().selection == model::Selection{Kind::client, end});
  }
}

TEST_CASE("clients: a migration leads to the client that moved") {
  Driver person;
  person.session.on(model::Select{{Kind::migration, 2}});
  person.settle();
  person.click("migration.client");
  CHECK(person.app.run().selection == model::Selection{Kind::client, 2});
}

TEST_CASE("clients: the machine that a client lives on is marked on the map") {
  Driver person;
  person.session.on(model::Select{{Kind::client, 4}});
  person.move("scrubber");
  const int marked = person.count(person.picture(), "machine.4", dark_palette().white);
  person.session.on(model::Select{});
  person.settle();
  CHECK(marked > person.count(person.picture(), "machine.4", dark_palette().white));
}

TEST_CASE("clients: levers act on the load of the client's group, and leave room for its page") {
  Driver person;
  person.session.view().source.can_change = true;
  person.session.on(model::Select{{Kind::client, 150}});
  person.settle();
  CHECK_FALSE(person.shows("lever.crash"));
  person.session.commands.clear();
  person.click("lever.load", 0.75f);
  REQUIRE_FALSE(person.session.told<model::SetLoad>().empty());
  CHECK(person.session.told<model::SetLoad>()[0].group == model::GroupId{1});
  const auto inspector = person.app.window().probes().find("inspector");
  const auto lever = person.app.window().probes().find("lever.threshold");
  REQUIRE((inspector && lever));
  CHECK(lever->max.y < inspector->max.y);
}

TEST_CASE("clients: a page that does not fit above the levers is moved by the wheel, and back") {
  Driver person;
  person.session.view().source.can_change = true;
  person.session.on(model::Select{{Kind::client, 150}});
  person.settle();
  REQUIRE(person.shows("client.last"));
  const auto place = [&](const char* name) { return *person.app.window().probes().find(name); };
  const float at_first = place("client.last").min.y;
  for (int i = 0; i < 20; ++i) person.wheel("inspector.page", -3, 0.5f, 0.9f);
  CHECK(place("client.last").min.y < at_first);
  CHECK(place("client.last").max.y < place("inspector.page").max.y);
  for (int i = 0; i < 20; ++i) person.wheel("inspector.page", 3, 0.5f, 0.9f);
  CHECK(place("client.last").min.y == at_first);
}
