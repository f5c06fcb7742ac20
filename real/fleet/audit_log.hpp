// AuditLog: who had what run here, when, and what came of it.
//
// One JSON object a line, appended to a file of mode 0600 by one write each and synced, so that
// what is begun is on disk before it begins. The file is opened for each line: a tool that rotates
// logs may move it away at any time. Without a file the lines go to `report`.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

namespace real {

class AuditLog {
 public:
  /// Throws std::system_error or std::runtime_error when the file is there and not ours alone, or
  /// cannot be made.
  AuditLog(std::filesystem::path file, std::function<void(const std::string&)> report);

  /// Writes `entry`, an object, with the time as "at". Throws std::system_error: what cannot be
  /// written down must not be done.
  void write(nlohmann::json entry) const;

 private:
  std::filesystem::path file_;  // empty: none
  std::function<void(const std::string&)> report_;
};

}  // namespace real
