// Issue: one mistake in a file that somebody else wrote, told so that they can mend it.
//
// A reader of foreign files does not stop at the first mistake: it collects all of them, and hands
// back either what the file means or the list, never both. `Loaded<T>` is that choice.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/check.hpp"

namespace vm {

/// Where and what. `file` is the path as its user gave it, or the setting ("--set KEY=VALUE").
struct Issue {
  std::string file;
  int line = 0;    // from 1; 0: the file as a whole
  int column = 0;  // from 1, in characters; 0: the line as a whole
  std::string message;
  bool operator==(const Issue&) const = default;
};

/// "overload.toml:3:12: message", without the numbers that are 0.
inline std::string to_string(const Issue& issue) {
  std::string text = issue.file;
  if (issue.line > 0) text += ':' + std::to_string(issue.line);
  if (issue.line > 0 && issue.column > 0) text += ':' + std::to_string(issue.column);
  return text + ": " + issue.message;
}

/// What a file means, or all that is wrong with it (at least one issue, in order of lines).
template <class T>
class [[nodiscard]] Loaded {
 public:
  Loaded(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Loaded(std::vector<Issue> issues) : held_(std::in_place_index<1>, std::move(issues)) {
    SIM_CHECK(!std::get<1>(held_).empty());
  }

  explicit operator bool() const { return held_.index() == 0; }
  T& operator*() {
    SIM_CHECK(*this);
    return *std::get_if<0>(&held_);
  }
  const T& operator*() const {
    SIM_CHECK(*this);
    return *std::get_if<0>(&held_);
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }
  const std::vector<Issue>& issues() const {
    SIM_CHECK(!*this);
    return *std::get_if<1>(&held_);
  }

 private:
  std::variant<T, std::vector<Issue>> held_;
};

}  // namespace vm
