#include "viz/ui/settings.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include <nlohmann/json.hpp>

namespace viz::ui {
namespace {

using nlohmann::json;

/// The member's value where it is there and of the right kind.
template <class T>
void read(const json& from, const char* name, T& into) {
  const auto found = from.find(name);
  if (found == from.end()) return;
  try {
    into = found->get<T>();
  } catch (const json::exception&) {  // another kind: as if it were not there
  }
}

template <class Enum>
void read_choice(const json& from, const char* name, int choices, Enum& into) {
  int value = static_cast<int>(into);
  read(from, name, value);
  into = static_cast<Enum>(std::clamp(value, 0, choices - 1));
}

}  // namespace

std::filesystem::path settings_file() {
  // Read before any thread of ours is there. NOLINTBEGIN(concurrency-mt-unsafe)
  const char* const config = std::getenv("XDG_CONFIG_HOME");
  const char* const home = std::getenv("HOME");
  // NOLINTEND(concurrency-mt-unsafe)
  if (config != nullptr && *config != '\0')
    return std::filesystem::path{config} / "brink" / "view.json";
  if (home != nullptr && *home != '\0')
    return std::filesystem::path{home} / ".config" / "brink" / "view.json";
  return {};
}

void load_settings(const std::filesystem::path& file, Settings& settings, WindowState& state) {
  std::ifstream text{file};
  const json all = json::parse(text, nullptr, false);
  if (!all.is_object()) return;
  read(all, "width", settings.width);
  read(all, "height", settings.height);
  settings.width = std::clamp(settings.width, 640, 16'384);
  settings.height = std::clamp(settings.height, 400, 16'384);
  read(all, "last", settings.last);
  read(all, "light", state.light);
  read(all, "inspector", state.sizes.inspector);
  read(all, "events", state.sizes.events);
  read(all, "bottom", state.sizes.bottom);
  for (float* const size : {&state.sizes.inspector, &state.sizes.events, &state.sizes.bottom}) {
    *size = std::clamp(*size, 100.0f, 4000.0f);
  }
  read_choice(all, "colouring", 5, state.map.colouring);
  read_choice(all, "grouping", 2, state.map.grouping);
  read(all, "flows", state.map.flows);
  read(all, "migrations", state.map.migrations);
  read(all, "follow", state.events.follow);
}

bool save_settings(const std::filesystem::path& file, const Settings& settings,
                   const WindowState& state) {
  if (file.empty()) return false;
  std::error_code refused;
  std::filesystem::create_directories(file.parent_path(), refused);
  const json all{{"width", settings.width},
                 {"height", settings.height},
                 {"last", settings.last},
                 {"light", state.light},
                 {"inspector", state.sizes.inspector},
                 {"events", state.sizes.events},
                 {"bottom", state.sizes.bottom},
                 {"colouring", static_cast<int>(state.map.colouring)},
                 {"grouping", static_cast<int>(state.map.grouping)},
                 {"flows", state.map.flows},
                 {"migrations", state.map.migrations},
                 {"follow", state.events.follow}};
  // Beside it first: two windows that close at once must not leave half a file.
  std::filesystem::path fresh = file;
  fresh += ".new";
  std::ofstream text{fresh};
  text << all.dump(2) << '\n';
  text.close();
  if (!text) return false;
  std::filesystem::rename(fresh, file, refused);
  return !refused;
}

}  // namespace viz::ui
