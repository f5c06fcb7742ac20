#include "vm/toml_guard.hpp"

#include <algorithm>

namespace vm {
namespace {

bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

bool begins_number(char c) {
  return (c >= '0' && c <= '9') || c == '+' || c == '-';
}

class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {
    if (text.starts_with("\xef\xbb\xbf")) at_ = 3;  // a byte order mark is welcome
  }

  std::optional<Trap> first_trap() {
    constexpr int most_parts = 100;
    int dots = 0;  // since the key or value began
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (!is_ascii(c)) return trap("a character that may stand only in quotes or comments");
      if (c == '.' && ++dots >= most_parts) return trap("a key of more than 100 parts");
      if (c == '\n' || c == '=' || c == ',' || c == '{' || c == '[') dots = 0;
      note_place(c);
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (is_value_ && begins_number(c)) {
        if (!pass_number()) return trap("a character that may stand only in quotes or comments");
      } else if (c == '"' || c == '\'') {
        if (!pass_quotes(c)) return trap("a character that may not follow a backslash");
      } else {
        ++at_;
      }
    }
    return std::nullopt;
  }

 private:
  /// Whether a value comes next, or a key.
  void note_place(char c) {
    if (c == '=') {
      is_value_ = true;
    } else if ((c == '[' || c == '{') && is_value_) {
      open_ += c;
      is_value_ = c == '[';
    } else if ((c == ']' || c == '}') && !open_.empty()) {
      open_.pop_back();
    } else if (c == ',') {
      is_value_ = open_.ends_with('[');
    } else if (c == '\n' && open_.empty()) {
      is_value_ = false;
    }
  }

  /// Goes to the end of what begins like a number or a date: toml++ looks as far ahead before it
  /// says what it is, and quotes are no quotes to it then. False: stands at a trap.
  bool pass_number() {
    const auto is_end = [](char c) {
      return std::string_view{" \t\r\n\v\f]},#"}.find(c) != std::string_view::npos;
    };
    while (at_ < text_.size() && !is_end(text_[at_])) {
      if (!is_ascii(text_[at_])) return false;
      ++at_;
    }
    return true;
  }

  /// Goes behind the quotes that open here; false: stands at a trap in them.
  bool pass_quotes(char quote) {
    const std::string three(3, quote);
    const bool is_long = text_.substr(at_).starts_with(three);
    const std::string_view close = std::string_view(three).substr(0, is_long ? 3 : 1);
    at_ += close.size();
    while (at_ < text_.size() && !text_.substr(at_).starts_with(close)) {
      if (text_[at_] == '\n' && !is_long) return true;  // never closed, which toml++ will say
      if (text_[at_] == '\\' && quote == '"') {
        if (!pass_escape()) return false;
      } else {
        ++at_;
      }
    }
    at_ = std::min(at_ + close.size(), text_.size());
    // The end of a long text may have one or two quotes of its own before the three.
    for (int own = 0; is_long && own < 2 && at_ < text_.size() && text_[at_] == quote; ++own) ++at_;
    return true;
  }

  bool pass_escape() {
    const std::size_t next = text_.find_first_not_of(" \t\r\n", at_ + 1);
    if (next != std::string_view::npos && !is_ascii(text_[next])) {
      at_ = next;
      return false;
    }
    at_ += 2;
    return true;
  }

  Trap trap(std::string what) const {
    const std::string_view before = text_.substr(0, at_);
    const auto lines = std::ranges::count(before, '\n');
    const std::size_t start = before.rfind('\n') + 1;  // 0 in the first line, since npos + 1 is
    const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; };
    const auto characters = std::ranges::count_if(before.substr(start), begins);
    return {static_cast<int>(lines) + 1, static_cast<int>(characters) + 1, std::move(what)};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool is_value_ = false;
  std::string open_;  // brackets of values
};

}  // namespace

std::optional<Trap> find_trap(std::string_view text) {
  return Walk(text).first_trap();
}

}  // namespace vm
