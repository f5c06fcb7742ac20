// What the tests of scenario files share: a small scenario to edit, and what becomes of it.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "vm/scenario_toml.hpp"

namespace scenario_text {

namespace fs = std::filesystem;

// The smallest scenario that says something; tests put their own lines into it.
inline constexpr std::string_view small_text = R"([scenario]
name     = "small"
duration = "1 min"

[flavor.small]
cores   = 1
memory  = "1 GiB"
disk    = "20 MB/s"
network = "1 Gbit/s"

[[fleet]]
flavor = "small"

[transaction.get]
steps = [{ cpu = "2 ms" }]

[[clients]]
name = "users"
rate = "10 /s"
)";

/// `small_text` with `from` replaced by `to`; `to` alone goes to the end.
inline std::string edited(std::string_view from, std::string_view to) {
  std::string text(small_text);
  if (from.empty()) return text + std::string(to);
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

inline vm::Scenario parsed(const std::string& text, std::vector<std::string> settings = {}) {
  auto loaded = vm::parse_scenario(text, "test.toml", {}, settings);
  if (!loaded) {
    for (const vm::Issue& issue : loaded.issues()) UNSCOPED_INFO(to_string(issue));
  }
  REQUIRE(loaded);
  return *loaded;
}

inline std::vector<vm::Issue> issues_of(const std::string& text,
                                        std::vector<std::string> settings = {}) {
  const auto loaded = vm::parse_scenario(text, "test.toml", {}, settings);
  REQUIRE_FALSE(loaded);
  return loaded.issues();
}

inline std::string whole_file(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// A folder that is gone at the end of the test.
class ScratchFolder {
 public:
  ScratchFolder() {
    static int number = 0;
    path_ = fs::temp_directory_path() /
            ("brink_scenario_test_" + std::to_string(::getpid()) + '_' + std::to_string(++number));
    fs::create_directories(path_);
  }
  ~ScratchFolder() { fs::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  fs::path file(const std::string& name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

template <class T>
const T& spec_of(const sim::Distribution& distribution) {
  const auto* spec = std::get_if<T>(&distribution.spec());
  REQUIRE(spec != nullptr);
  return *spec;
}

}  // namespace scenario_text
