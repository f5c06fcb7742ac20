// The architecture, as a test: includes point down the arrows, files stay readable, and what must
// be deterministic has no way to be otherwise.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace fs = std::filesystem;

namespace {

struct Line {
  std::string file;
  int number;
  std::string text;
};

std::vector<Line> lines_of(const std::string& folder) {
  std::vector<Line> lines;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path{SOURCE_DIR} / folder)) {
    const auto extension = entry.path().extension();
    if (extension != ".hpp" && extension != ".cpp") continue;
    std::ifstream text{entry.path()};
    int number = 0;
    for (std::string line; std::getline(text, line);) {
      lines.push_back({entry.path().lexically_relative(SOURCE_DIR).string(), ++number, line});
    }
  }
  return lines;
}

/// Characters, not bytes: a drawn arrow is one.
std::size_t columns(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

TEST_CASE("tidy: includes follow sim <- vm <- record, real, viz <- cli") {
  const std::map<std::string, std::set<std::string>> sees{
      {"sim", {"sim"}},
      {"vm", {"sim", "vm"}},
      {"record", {"sim", "vm", "record"}},
      {"real", {"sim", "vm", "real"}},
      {"viz", {"sim", "vm", "viz"}},
      {"cli", {"sim", "vm", "record", "real", "viz", "cli"}},
  };
  const std::regex include{R"re(^\s*#\s*include "(\w+)/)re"};
  for (const auto& [layer, visible] : sees) {
    for (const Line& line : lines_of(layer)) {
      std::smatch found;
      if (!std::regex_search(line.text, found, include)) continue;
      INFO(line.file << ":" << line.number << ": " << line.text);
      CHECK(visible.count(found[1]) == 1);
    }
  }
}

TEST_CASE("tidy: what decides does not know what carries out") {
  for (const Line& line : lines_of("vm")) {
    if (line.file.starts_with("vm/model/")) continue;
    INFO(line.file << ":" << line.number << ": " << line.text);
    CHECK(line.text.find("#include \"vm/model/") == std::string::npos);
  }
}

TEST_CASE("tidy: what the window shows does not know how it is drawn") {
  const std::regex drawing{R"re(#\s*include [<"](viz/ui/|imgui|backends/|GLFW|GL/))re"};
  for (const Line& line : lines_of("viz/model")) {
    INFO(line.file << ":" << line.number << ": " << line.text);
    CHECK_FALSE(std::regex_search(line.text, drawing));
  }
}

TEST_CASE("tidy: lines fit the screen, and no file has grown into two nouns") {
  for (const std::string layer : {"sim", "vm", "record", "real", "viz", "cli"}) {
    std::map<std::string, int> length;
    for (const Line& line : lines_of(layer)) {
      INFO(line.file << ":" << line.number);
      CHECK(columns(line.text) <= 120);
      length[line.file] = line.number;
    }
    for (const auto& [file, lines] : length) {
      INFO(file << " has " << lines << " lines");
      CHECK(lines <= 450);
    }
  }
}

TEST_CASE("tidy: sim and vm have no clock, no dice of the library's and no hash order") {
  // Comments may name them; code may not.
  const std::regex banned{
      R"(steady_clock|system_clock|high_resolution_clock|random_device|mt19937|std::\w+_distribution|unordered_)"};
  for (const std::string layer : {"sim", "vm"}) {
    for (const Line& line : lines_of(layer)) {
      const std::string code = line.text.substr(0, line.text.find("//"));
      INFO(line.file << ":" << line.number << ": " << line.text);
      CHECK_FALSE(std::regex_search(code, banned));
    }
  }
}
