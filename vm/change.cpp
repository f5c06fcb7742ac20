#include "vm/change.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "vm/quantity.hpp"

namespace vm {
namespace {

/// The shortest text that reads back as the same number.
std::string number_text(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}
std::string percent_text(double share) {
  return number_text(share * 100) + " %";
}
std::string time_text(Duration span) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(span).count()) + " ms";
}

}  // namespace

Change settled(Change change) {
  const auto read_back = [](Duration span) {
    const auto read = parse_duration(time_text(span));
    return read ? *read : span;
  };
  change.at = Time{read_back(change.at.time_since_epoch())};
  if (change.lasts) change.lasts = read_back(*change.lasts);
  if (change.kind == ChangeKind::load) {
    change.value = std::clamp(change.value, Change::least_load, Change::most_load);
  } else {
    const double share = std::clamp(change.value, Change::least_share, 1.0);
    const auto read = parse_percent(percent_text(share));
    change.value = read ? std::clamp(*read, Change::least_share, 1.0) : share;
  }
  return change;
}

std::string to_toml(const Change& change, const std::string& group) {
  std::string text =
      "\n[[change]]\nat      = \"" + time_text(change.at.time_since_epoch()) + "\"\n";
  switch (change.kind) {
    case ChangeKind::load:
      text += "kind    = \"load\"\nfactor  = " + number_text(change.value) + '\n';
      if (change.group) text += "clients = \"" + group + "\"\n";
      break;
    case ChangeKind::crash:
      text += "kind    = \"crash\"\nmachine = " + std::to_string(change.machine.value) + '\n';
      if (change.lasts) text += "for     = \"" + time_text(*change.lasts) + "\"\n";
      break;
    case ChangeKind::slow:
      text += "kind    = \"slow\"\nmachine = " + std::to_string(change.machine.value) + '\n' +
              "to      = \"" + percent_text(change.value) + "\"\n";
      break;
    case ChangeKind::threshold:
      text += "kind    = \"threshold\"\nto      = \"" + percent_text(change.value) + "\"\n";
      break;
  }
  return text;
}

std::string describe(const Change& change, const std::string& group) {
  switch (change.kind) {
    case ChangeKind::load:
      return "change: load x " + number_text(change.value) +
             (change.group ? " of " + group : std::string{});
    case ChangeKind::crash:
      return "crash";
    case ChangeKind::slow:
      return "change: slow to " + format_percent(change.value);
    case ChangeKind::threshold:
      return "change: threshold " + format_percent(change.value);
  }
  return {};
}

}  // namespace vm
