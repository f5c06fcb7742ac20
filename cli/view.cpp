// brink view: the window on a run, or its picture on a machine without a display.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "cli/fleet_source.hpp"
#include "cli/options.hpp"
#include "cli/scenario_arguments.hpp"
#include "cli/verbs.hpp"
#include "cli/view_source.hpp"
#include "real/secret_file.hpp"
#include "viz/ui/glfw_host.hpp"
#include "viz/ui/picture.hpp"
#include "viz/ui/settings.hpp"
#include "vm/quantity.hpp"

namespace cli {
namespace {

namespace fs = std::filesystem;
namespace ui = viz::ui;

constexpr const char* explanation =
    "usage: brink view [OPTIONS] [RUN [RUN]]\n"
    "       brink view [OPTIONS] SCENARIO.toml\n"
    "       brink view [OPTIONS] HOST:PORT\n\n"
    "Opens a window on a run: what is finished is replayed, what is still being written is\n"
    "followed, a scenario is simulated while you watch and change it. Two runs are compared under\n"
    "one cursor. HOST:PORT, or https://HOST:PORT, is where a fleet's collector (brink fleet "
    "watch)\n"
    "listens. Without a RUN the last one is shown again. Press ? in the window for its keys.\n\n";

constexpr const char* example =
    "\nexample: brink view scenarios/overload.toml\n"
    "         brink view results/overload-42\n"
    "         brink view results/overload-42 --png overload.png --at 57s --size 1600x900\n"
    "         brink view results/overload-42 results/overload-43\n"
    "         brink view 127.0.0.1:9120\n"
    "         brink view https://10.0.0.1:9120 --ca watch.pem --token-file fleet.sqlite.token\n"
    "exit: 0 done, 2 RUN cannot be read, 3 no display, no OpenGL 3, or the picture cannot be "
    "written\n";

struct Wanted {
  ScenarioArguments named;  // runs or scenarios
  std::string out = "results";
  std::string png, at, size, from, to, token_file, ca;
  int machine = -1, client = -1;
  double scale = 0;
  bool light = false, built_in_font = false, opengl = false, tell_state = false;
};

std::optional<ui::Time> instant(const std::string& option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto span = vm::parse_duration(text);
  if (!span) throw UsageError{option + ": " + span.error()};
  return ui::Time{} + *span;
}

/// "1600x900" into the options' size.
void set_size(const std::string& text, ui::App::Options& options) {
  if (text.empty()) return;
  int width = 0, height = 0;
  char x = 0, rest = 0;
  // NOLINTNEXTLINE(cert-err34-c): the count of what was read is the check
  if (std::sscanf(text.c_str(), "%d%c%d%c", &width, &x, &height, &rest) != 3 || x != 'x' ||
      width < 640 || height < 400 || width > 16'384 || height > 16'384) {
    throw UsageError{"--size wants WIDTHxHEIGHT in pixels, 640x400 to 16384x16384, and not \"" +
                     text + "\""};
  }
  options.width = width;
  options.height = height;
}

bool is_scenario(const std::string& name) {
  return fs::path{name}.extension() == ".toml" && fs::is_regular_file(name);
}

bool is_fleet(const std::string& name) {
  return fleet_place(name) && !fs::exists(name);
}

/// Null where the scenario has mistakes, which have been told.
std::unique_ptr<viz::model::Session> open_run(const Wanted& wanted, const std::string& name) {
  if (is_fleet(name)) {
    FleetPlace fleet{.place = *fleet_place(name), .ca = wanted.ca};
    if (!wanted.ca.empty() && !fleet.place.tls) throw UsageError{"--ca is for https://HOST:PORT"};
    if (!wanted.token_file.empty()) fleet.token = real::read_secret_line(wanted.token_file);
    return open_fleet(std::move(fleet));
  }
  if (!is_scenario(name)) return open_recorded(name);
  ScenarioArguments one = wanted.named;
  one.files = {name};
  auto scenarios = one.load();
  return scenarios ? open_live(std::move(scenarios->front()), wanted.out) : nullptr;
}

const viz::model::RunView& first_of(viz::model::Session& session) {
  return session.frame(0);
}
const viz::model::RunView& first_of(viz::model::Comparison& comparison) {
  return comparison.frame(0).first;
}

viz::model::Selection selection_of(const Wanted& wanted) {
  using Kind = viz::model::Selection::Kind;
  if (wanted.client >= 0) return {Kind::client, static_cast<std::uint32_t>(wanted.client)};
  if (wanted.machine >= 0) return {Kind::machine, static_cast<std::uint32_t>(wanted.machine)};
  return {};
}

/// Of whom a run has `count`, by numbers from 0.
void check_number(const std::string& option, const std::string& whom, int wanted,
                  std::size_t count) {
  if (wanted < 0 || static_cast<std::size_t>(wanted) < count) return;
  const std::string has =
      count == 0   ? "no " + whom + "s"
      : count == 1 ? "one " + whom + ", 0"
                   : std::to_string(count) + " " + whom + "s, 0 to " + std::to_string(count - 1);
  throw UsageError{option + " " + std::to_string(wanted) + ": the run has " + has};
}

template <class Runs>
int write_picture(const Wanted& wanted, Runs& runs, const ui::App::Options& look) {
  ui::PictureOptions options{
      .app = look, .at = instant("--at", wanted.at), .selection = selection_of(wanted), .view = {}};
  options.app.calm = true;
  options.app.scale = look.scale > 0 ? look.scale : 1;
  const auto from = instant("--from", wanted.from), to = instant("--to", wanted.to);
  if (from || to) {
    if (!from || !to || *from >= *to)
      throw UsageError{"--from and --to come together, and in this order"};
    options.view = ui::Span{*from, *to};
  }
  const ui::Image image = ui::picture_of(runs, options);
  const viz::model::SourceView& source = first_of(runs).source;
  if (source.state == viz::model::SourceState::broken) throw UsageError{source.message};
  check_number("--machine", "machine", wanted.machine, first_of(runs).machines.size());
  ui::write_png(image, wanted.png);
  std::cout << wanted.png << '\n';
  return exit_done;
}

/// A name that is not taken: overload-42.png, overload-42-2.png ...
fs::path free_name(const std::string& stem, const std::string& extension) {
  fs::path name = stem + extension;
  for (int i = 2; fs::exists(name); ++i) name = stem + "-" + std::to_string(i) + extension;
  return name;
}

/// Says in the status bar what became of a wish: a full disk is no reason to close the window.
template <class Write>
std::string remark_of(const fs::path& file, Write&& write) {
  try {
    write();
    return "wrote " + file.string();
  } catch (const std::exception& refused) {
    return "cannot write " + file.string() + ": " + refused.what();
  }
}

template <class Runs>
int open_window(const Wanted& wanted, Runs& runs, const ui::App::Options& look) {
  ui::Settings settings;
  ui::WindowState remembered;
  const fs::path file = ui::settings_file();
  ui::load_settings(file, settings, remembered);
  ui::GlfwOptions options;
  options.app = look;
  if (wanted.size.empty()) {
    options.app.width = settings.width;
    options.app.height = settings.height;
  }
  const viz::model::RunInfo& info = first_of(runs).info;
  const std::string title = info.scenario + "-" + info.seed;  // of files
  options.title = info.title + " - Brink";
  options.at = instant("--at", wanted.at);
  options.opengl = wanted.opengl;
  options.opened = [&](ui::App& app) {
    app.window().state() = remembered;
    if (wanted.light) app.window().state().light = true;
  };
  options.closed = [&](ui::App& app) {
    settings.width = static_cast<int>(ImGui::GetIO().DisplaySize.x);
    settings.height = static_cast<int>(ImGui::GetIO().DisplaySize.y);
    settings.last.clear();
    for (const std::string& run : wanted.named.files)
      settings.last.push_back(is_fleet(run) ? run : fs::absolute(run).string());
    ui::save_settings(file, settings, app.window().state());
  };
  options.picture = [&](const ui::Image& image) {
    const fs::path name = free_name(title, ".png");
    return remark_of(name, [&] { ui::write_png(image, name); });
  };
  options.csv = [&](const std::string& csv) {
    const fs::path name = free_name(title + "-charts", ".csv");
    return remark_of(name, [&] {
      std::ofstream out{name, std::ios::binary};
      out << csv;
      out.close();
      if (!out) throw fs::filesystem_error{"", name, std::make_error_code(std::errc::io_error)};
    });
  };
  if (wanted.tell_state)
    options.tell = [](const std::string& line) { std::cout << line << std::endl; };
  ui::show_window(runs, options);
  return exit_done;
}

template <class Runs>
int show(const Wanted& wanted, Runs& runs, const ui::App::Options& look) {
  check_number("--client", "client", wanted.client, first_of(runs).info.clients());
  if (!wanted.png.empty()) return write_picture(wanted, runs, look);
  runs.on(viz::model::Select{selection_of(wanted)});
  return open_window(wanted, runs, look);
}

std::vector<std::string> last_runs() {
  ui::Settings settings;
  ui::WindowState state;
  ui::load_settings(ui::settings_file(), settings, state);
  return settings.last;
}

}  // namespace

int view(Arguments arguments) {
  namespace po = boost::program_options;
  Wanted wanted;
  Options options;
  wanted.named.add_to(options);
  const auto add = [&](const char* name, auto* value, const char* shown, const char* says) {
    options.shown.add_options()(name, po::value(value)->value_name(shown), says);
  };
  add("png", &wanted.png, "FILE", "write a picture and open no window");
  add("at", &wanted.at, "TIME", "go to this instant of the run, as 3min");
  add("size", &wanted.size, "WxH", "of window or picture, 1600x900 at first");
  add("scale", &wanted.scale, "X", "of text and lines, 1 to 4; the desktop's by default");
  add("machine", &wanted.machine, "N", "select this machine");
  add("client", &wanted.client, "N", "select this client");
  add("from", &wanted.from, "TIME", "where the charts begin");
  add("to", &wanted.to, "TIME", "where they end");
  add("token-file", &wanted.token_file, "FILE", "what a fleet's collector wants, mode 0600");
  add("ca", &wanted.ca, "FILE", "a fleet's certificate, or who has signed it; else the system's");
  add("out", &wanted.out, "DIR", "where a scenario's run is kept, results at first");
  options.shown.add_options()("light", po::bool_switch(&wanted.light), "dark on light")(
      "opengl", po::bool_switch(&wanted.opengl), "draw with OpenGL even where it is emulated");
  options.hidden.add_options()("built-in-font", po::bool_switch(&wanted.built_in_font))(
      "tell-state", po::bool_switch(&wanted.tell_state));
  if (!options.parse(arguments)) {
    std::cout << explanation << options.shown << example;
    return exit_done;
  }
  std::vector<std::string>& names = wanted.named.files;
  if (names.empty()) names = last_runs();
  if (names.empty()) {
    throw UsageError{"view needs a RUN or a scenario; brink view --help shows an example"};
  }
  if (names.size() > 2) throw UsageError{"view compares two runs and no more"};
  if (wanted.scale != 0 && !(wanted.scale >= 1 && wanted.scale <= 4)) {
    throw UsageError{"--scale is 1 to 4"};
  }
  ui::App::Options look;
  look.scale = static_cast<float>(wanted.scale);
  look.light = wanted.light;
  look.built_in_font = wanted.built_in_font;
  set_size(wanted.size, look);
  auto first = open_run(wanted, names[0]);
  if (first == nullptr) return exit_usage;
  if (names.size() == 1) return show(wanted, *first, look);
  auto second = open_run(wanted, names[1]);
  if (second == nullptr) return exit_usage;
  viz::model::Comparison comparison{std::move(first), std::move(second)};
  return show(wanted, comparison, look);
}

}  // namespace cli
