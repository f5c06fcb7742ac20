// Text files that are either whole or not there: written beside their name and then moved onto it.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "record/handles.hpp"

namespace record {

/// A text file under way. Throws std::filesystem::filesystem_error with its name when the disk
/// refuses; a TextFile that is destroyed before close() leaves nothing behind.
class TextFile {
 public:
  explicit TextFile(std::filesystem::path path);
  ~TextFile();
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;

  void write(std::string_view text) {
    if (buffer_.size() + text.size() > capacity) flush();
    buffer_ += text;
  }
  void write(char c) { write(std::string_view{&c, 1}); }

  /// The shortest text that reads back as the same number, whatever the locale.
  template <class Number>
  requires(std::integral<Number> || std::floating_point<Number>) void write_number(Number value) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    write(std::string_view{digits.data(), static_cast<std::size_t>(end - digits.data())});
  }

  /// Moves the finished file to its name.
  void close();

 private:
  using File = std::unique_ptr<std::FILE, Closer<std::fclose>>;
  static constexpr std::size_t capacity = std::size_t{1} << 16;

  void flush();
  [[noreturn]] void refuse(int error) const;

  std::filesystem::path path_, part_;
  File file_;
  std::string buffer_;
};

/// A whole file from one text. Throws as TextFile does.
void write_text_file(const std::filesystem::path& path, std::string_view text);

}  // namespace record
