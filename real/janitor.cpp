#include "real/janitor.hpp"

#include <array>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace real {
namespace {

namespace fs = std::filesystem;

constexpr const char* list_name = "groups";
constexpr std::chrono::milliseconds rest{10};
constexpr std::chrono::seconds patience_after_a_kill{10};

std::vector<fs::path> groups_in(const fs::path& folder) {
  std::ifstream list{folder / list_name};
  std::vector<fs::path> groups;
  for (std::string line; std::getline(list, line);) groups.emplace_back(line);
  return groups;
}

/// A group that others are still in refuses; one that is gone is fine.
bool remove_group(const fs::path& group) {
  return ::rmdir(group.c_str()) == 0 || errno == ENOENT;
}

}  // namespace

void note_group(const fs::path& folder, const fs::path& group) {
  std::ofstream{folder / list_name, std::ios::app} << group.native() << '\n';
}

bool clean_up(const fs::path& folder, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  std::vector<fs::path> groups = groups_in(folder);  // the list goes with the folder
  while (true) {
    std::erase_if(groups, remove_group);
    std::error_code refused;
    fs::remove_all(folder, refused);
    const bool gone = groups.empty() && !fs::exists(folder, refused);
    if (gone || std::chrono::steady_clock::now() >= until) return gone;
    std::this_thread::sleep_for(rest);
  }
}

bool clean_up_after(const fs::path& folder) {
  if (!folder.filename().string().starts_with(folder_prefix)) {
    throw std::runtime_error(folder.string() + ": is no run's temporary folder");
  }
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);
  std::array<char, 256> ignored{};
  while (::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) {
  }
  return clean_up(folder, patience_after_a_kill);
}

}  // namespace real
