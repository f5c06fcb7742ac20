// Settings: what the window remembers from one day to the next: sizes, colours, which parts are
// shown, and the run that was open last. A JSON file in the user's configuration folder
// ($XDG_CONFIG_HOME/brink/view.json, else ~/.config/...). A file that cannot be read is as good as
// none, and one that cannot be written is no reason to stop.
#pragma once

#include <filesystem>
#include <string>

#include "viz/ui/window_state.hpp"

namespace viz::ui {

struct Settings {
  int width = 1600, height = 900;  // of the window
  std::vector<std::string> last;   // what was shown last: one or two runs or scenario files
};

/// Where the settings stand; empty where there is neither XDG_CONFIG_HOME nor HOME.
std::filesystem::path settings_file();

/// Fills in what `file` holds and leaves all else as it is.
void load_settings(const std::filesystem::path& file, Settings& settings, WindowState& state);

/// Returns false where the file cannot be written.
bool save_settings(const std::filesystem::path& file, const Settings& settings,
                   const WindowState& state);

}  // namespace viz::ui
