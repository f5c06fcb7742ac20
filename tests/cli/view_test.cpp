// brink view: pictures on a machine without a display, what it says where it cannot, and one real
// window under Xvfb, used by xdotool. Without Xvfb or xdotool that last one says so and goes on.
#include <cmath>
#include <filesystem>

#include "tests/cli/brink_process.hpp"
#include "viz/ui/image.hpp"

using namespace brink_process;
using viz::ui::Image;

namespace {

/// Finished once: a minute of the smallest scenario, in results/small-0 or whatever it is called.
std::string played(const Desk& desk) {
  const Said said = desk.brink({"run", "small.toml", "--quiet"});
  REQUIRE(said.code == 0);
  const Words runs = desk.list("results");
  REQUIRE(runs.size() == 1);
  return "results/" + runs[0];
}

bool is_installed(const std::string& program) {
  return fs::exists("/usr/bin/" + program);
}

/// Root of the mean square of the channels' differences, as a share of the whole range.
double difference(const Image& a, const Image& b) {
  REQUIRE(a.width == b.width);
  REQUIRE(a.height == b.height);
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    for (const int shift : {0, 8, 16}) {
      const double d = static_cast<double>(a.pixels[i] >> shift & 255) -
                       static_cast<double>(b.pixels[i] >> shift & 255);
      sum += d * d;
    }
  }
  return std::sqrt(sum / (3 * static_cast<double>(a.pixels.size()))) / 255;
}

/// A screen that nobody sees.
class Screen {
 public:
  Screen()
      : xvfb_({"Xvfb", "-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp"},
              {.folder = talk_.path()}, talk_.path()) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!xvfb_.out().ends_with('\n') && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(20ms);
    number_ = xvfb_.out();
    REQUIRE(number_.size() > 1);
    number_.pop_back();
  }
  std::string display() const { return "DISPLAY=:" + number_; }

  /// One xdotool command.
  void hand(Words words) const {
    const scenario_text::ScratchFolder talk;
    words.insert(words.begin(), "xdotool");
    Process process{words, {.folder = talk.path(), .environment = {display()}}, talk.path()};
    CHECK(process.wait().code == 0);
  }

 private:
  scenario_text::ScratchFolder talk_;
  Process xvfb_;
  std::string number_;
};

/// Does `act` until the window's last line has `word` in it: on a busy machine a frame takes time.
template <class Act>
void until(const Process& window, const std::string& word, Act&& act) {
  const auto last_line = [&] {
    const std::string all = window.out();
    const std::size_t at = all.rfind("STATE");
    return at == std::string::npos ? std::string{} : all.substr(at);
  };
  const auto deadline = std::chrono::steady_clock::now() + 40s;
  act();
  while (last_line().find(word) == std::string::npos && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(50ms);
  INFO(window.err());
  CHECK_THAT(last_line(), Catch::Contains(word));
}

}  // namespace

TEST_CASE("view: a picture of a run is made where there is no display", "[cli]") {
  const Desk desk;
  const std::string run = played(desk);
  const Said said =
      desk.brink({"view", run, "--png", "a.png", "--at", "30s", "--size", "1280x720"});
  INFO(said.err);
  REQUIRE(said.code == 0);
  CHECK(said.out == "a.png\n");
  const Image image = viz::ui::read_png(desk / "a.png");
  CHECK(image.width == 1280);
  CHECK(image.height == 720);
  // Once more is the same picture, bit for bit; another instant is another one.
  REQUIRE(desk.brink({"view", run, "--png", "b.png", "--at", "30 s", "--size", "1280x720"}).code ==
          0);
  CHECK(viz::ui::read_png(desk / "b.png").pixels == image.pixels);
  REQUIRE(desk.brink({"view", run, "--png", "c.png", "--at", "50s", "--size", "1280x720"}).code ==
          0);
  CHECK(viz::ui::read_png(desk / "c.png").pixels != image.pixels);
}

TEST_CASE("view: two runs are one picture", "[cli]") {
  const Desk desk;
  const std::string run = played(desk);
  const Said said = desk.brink({"view", run, run, "--png", "both.png"});
  INFO(said.err);
  CHECK(said.code == 0);
  CHECK(fs::exists(desk / "both.png"));
}

TEST_CASE("view: a scenario is played for its picture, and recorded", "[cli]") {
  const Desk desk;
  const Said said = desk.brink({"view", "small.toml", "--png", "live.png", "--seed", "7"});
  INFO(said.err);
  CHECK(said.code == 0);
  CHECK(fs::exists(desk / "live.png"));
  CHECK(desk.list("results") == Words{"small-7"});
}

TEST_CASE("report: every chart is a picture of its own", "[cli]") {
  const Desk desk;
  const std::string run = played(desk);
  const Said said = desk.brink({"report", run, "--png", "charts"});
  INFO(said.err);
  CHECK(said.code == 0);
  const Words charts = desk.list("charts");
  for (const char* name :
       {"cpu.png", "mem.png", "disk.png", "net.png", "latency.png", "done.png"}) {
    CAPTURE(name);
    CHECK(std::find(charts.begin(), charts.end(), name) != charts.end());
  }
  CHECK(desk.brink({"report", run, "--png"}).code == 0);
  CHECK(fs::exists(desk / run / "latency.png"));
}

TEST_CASE("view: what cannot be shown is one line, and exit code 2", "[cli]") {
  const Desk desk;
  desk.put("foreign.sqlite", "not a database at all, but long enough to be one");
  const auto refused = [&](Words words, const std::string& because) {
    words.insert(words.begin(), "view");
    const Said said = desk.brink(words);
    CAPTURE(words, said.err);
    CHECK(said.code == 2);
    CHECK_THAT(said.err, Catch::Contains(because));
    CHECK(lines(said.err) == 1);
  };
  refused({"nowhere", "--png", "a.png"}, "nowhere");
  refused({"foreign.sqlite", "--png", "a.png"}, "foreign.sqlite");
  refused({"a", "b", "c"}, "two runs");
  refused({"a", "--size", "wide"}, "--size");
  refused({"a", "--size", "10x10"}, "--size");
  refused({"a", "--scale", "9"}, "--scale");
  refused({}, "RUN");
  const std::string run = played(desk);
  refused({run, "--client", "9999", "--png", "a.png"}, "--client 9999: the run has ");
  refused({run, "--machine", "9999", "--png", "a.png"}, "--machine 9999: the run has ");
  CHECK_FALSE(fs::exists(desk / "a.png"));
}

TEST_CASE("view: a folder that cannot be written to is told with its name, exit code 3", "[cli]") {
  const Desk desk;
  const std::string run = played(desk);
  const Said said = desk.brink({"view", run, "--png", "none/a.png"});
  CHECK(said.code == 3);
  CHECK_THAT(said.err, Catch::Contains("none/a.png"));
}

TEST_CASE("view: without a display it says what to do, exit code 3", "[cli]") {
  const Desk desk;
  const std::string run = played(desk);
  const Said said = desk.brink({"view", run});
  CHECK(said.code == 3);
  CHECK_THAT(said.err, Catch::Contains("--png"));
}

TEST_CASE("view: a real window opens, listens to mouse and keyboard, remembers, and closes",
          "[cli][e2e]") {
  if (!is_installed("Xvfb") || !is_installed("xdotool")) {
    WARN("no Xvfb or no xdotool here: the real window is not tested");
    return;
  }
  const bool opengl = GENERATE(false, true);  // our rasteriser, and llvmpipe
  CAPTURE(opengl);
  const Desk desk;
  const std::string run = played(desk);
  const Screen screen;
  Words words{"view", run, "--at", "30s", "--size", "1280x800", "--scale", "1", "--tell-state"};
  if (opengl) words.emplace_back("--opengl");
  const auto window = desk.start(
      words, {.environment = {screen.display(), "XDG_CONFIG_HOME=" + desk.folder().string(),
                              "LIBGL_ALWAYS_SOFTWARE=1",
                              // What GLFW and the driver keep to the end is theirs.
                              "ASAN_OPTIONS=detect_leaks=0"}});
  until(*window, "now=00:00:30.000", [] {});
  screen.hand({"mousemove", "640", "300"});
  until(*window, "selected=1:0", [&] { screen.hand({"click", "1"}); });
  until(*window, "zoom=1.25", [&] { screen.hand({"click", "4"}); });
  until(*window, "zoom=1 ", [&] { screen.hand({"key", "z"}); });
  until(*window, "help=1", [&] { screen.hand({"key", "question"}); });
  until(*window, "help=0", [&] { screen.hand({"key", "Escape"}); });
  until(*window, "selected=0:0", [&] { screen.hand({"key", "Escape"}); });
  screen.hand({"mousemove", "5", "795"});  // over nothing that lights up
  screen.hand({"key", "F12"});
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  const fs::path shot = desk / (fs::path{run}.filename().string() + ".png");
  while (!fs::exists(shot) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(50ms);
  screen.hand({"key", "ctrl+q"});
  const Said said = window->wait();
  INFO(said.err);
  CHECK(said.code == 0);
  CHECK(fs::exists(desk / "brink/view.json"));
  // What stood on the screen is what a picture shows, but for the figures of the window itself.
  REQUIRE(fs::exists(shot));
  const Image seen = viz::ui::read_png(shot);
  REQUIRE(desk.brink({"view", run, "--png", "p.png", "--at", "30s", "--size",
                      std::to_string(seen.width) + "x" + std::to_string(seen.height)})
              .code == 0);
  CHECK(difference(seen, viz::ui::read_png(desk / "p.png")) < 0.03);
}
