#include "record/run_directory.hpp"

#include <string>
#include <system_error>

namespace record {
namespace {

std::string safe(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || (c == '.' && !text.empty());
    text += plain ? c : '_';
  }
  return text.empty() ? "run" : text;
}

}  // namespace

std::filesystem::path create_run_directory(const std::filesystem::path& out, std::string_view name,
                                           std::uint64_t seed) {
  std::filesystem::create_directories(out);
  const std::string base = safe(name) + "-" + std::to_string(seed);
  // mkdir is what decides: to look first and then to make would let two runs share a directory.
  for (int number = 1;; ++number) {
    auto path = out / (number == 1 ? base : base + "-" + std::to_string(number));
    std::error_code refused;
    if (std::filesystem::create_directory(path, refused)) return path;
    if (refused && refused != std::errc::file_exists) {
      throw std::filesystem::filesystem_error{"cannot create the run directory", path, refused};
    }
  }
}

std::filesystem::path database_of(const std::filesystem::path& run) {
  return std::filesystem::is_directory(run) ? run / database_name : run;
}

}  // namespace record
