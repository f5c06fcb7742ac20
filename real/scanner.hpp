// Scanner: walks over text that the kernel or a stranger wrote, one token at a time, without
// copying or asking for memory. A token that is not what was asked for makes the scanner bad for
// good, so that a parser may read a whole row and look once at its end.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <string_view>

namespace real {

class Scanner {
 public:
  explicit constexpr Scanner(std::string_view text) : rest_(text) {}

  constexpr bool good() const { return good_; }
  constexpr bool at_end() const { return rest_.empty(); }
  constexpr std::string_view rest() const { return rest_; }

  /// The rest up to the next line end, which is taken too. The last line may lack its end.
  constexpr std::string_view line() {
    const std::size_t end = rest_.find('\n');
    const std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return found;
  }

  constexpr Scanner& spaces() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t'))
      rest_.remove_prefix(1);
    return *this;
  }

  /// Skips spaces; then everything up to the next space. Bad where there is nothing.
  constexpr std::string_view word() {
    spaces();
    const std::string_view found = rest_.substr(0, rest_.find_first_of(" \t\n"));
    rest_.remove_prefix(found.size());
    if (found.empty()) good_ = false;
    return found;
  }

  /// Takes exactly this text, or is bad.
  constexpr Scanner& expect(std::string_view text) {
    if (rest_.starts_with(text)) {
      rest_.remove_prefix(text.size());
    } else {
      good_ = false;
    }
    return *this;
  }

  /// Skips spaces; then a decimal number without a sign that fits, with nothing glued to its end.
  template <std::unsigned_integral T = std::uint64_t>
  constexpr T number() {
    spaces();
    const T value = digits<T>();
    if (!rest_.empty() && !is_gap(rest_.front())) good_ = false;
    return value;
  }

  /// As number(), but what follows the last digit is left to the caller.
  template <std::unsigned_integral T = std::uint64_t>
  constexpr T digits() {
    constexpr T most = std::numeric_limits<T>::max();
    T value = 0;
    if (rest_.empty() || !is_digit(rest_.front())) good_ = false;
    while (!rest_.empty() && is_digit(rest_.front())) {
      const T digit = static_cast<T>(rest_.front() - '0');
      if (value > (most - digit) / 10) good_ = false;
      value = static_cast<T>(value * 10 + digit);
      rest_.remove_prefix(1);
    }
    return good_ ? value : T{0};
  }

  /// Skips spaces; then "12.34" as 1234: the kernel writes its loads and times with two decimals.
  constexpr std::uint64_t hundredths() {
    spaces();
    const std::uint64_t whole = digits();
    expect(".");
    const std::string_view decimals = rest_.substr(0, 2);
    const std::uint64_t part = digits();
    if (decimals.size() != 2 || !is_digit(decimals[1]) || part > 99) good_ = false;
    if (whole > std::numeric_limits<std::uint64_t>::max() / 100 - 1) good_ = false;
    if (!rest_.empty() && !is_gap(rest_.front())) good_ = false;
    return good_ ? whole * 100 + part : 0;
  }

 private:
  static constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static constexpr bool is_gap(char c) { return c == ' ' || c == '\t' || c == '\n'; }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace real
