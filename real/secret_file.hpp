// Secret files: keys and tokens that lie in a file which only its owner can read.
//
// A secret is never an argument or in the environment, where /proc shows it to everybody. A file
// that others may read or write, that belongs to somebody else or is no plain file, is refused:
// what it holds is no secret any more. What is no secret but is obeyed, such as a list of commands,
// others may read; whoever may write it gives the orders.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>

namespace real {

/// 256 bits for signing. Wiped when it is destroyed.
class Key {
 public:
  static constexpr std::size_t size = 32;

  Key() = default;
  ~Key();
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;

  /// From the system's source of randomness.
  static Key random();

  unsigned char* data() { return bytes_.data(); }
  const unsigned char* data() const { return bytes_.data(); }

 private:
  std::array<unsigned char, size> bytes_{};
};

/// Writes a new random key to `path`, with mode 0600.
///
///   throws  std::system_error; also when there is a file by this name already
Key create_key_file(const std::filesystem::path& path);

/// Reads a key that create_key_file wrote.
///
///   throws  std::system_error, or std::runtime_error that says what is wrong with the file
Key read_key_file(const std::filesystem::path& path);

/// Reads any secret, as it is: at most `most` bytes. The caller wipes it.
///
///   throws  as read_key_file
std::string read_secret_text(const std::filesystem::path& path, std::size_t most = 4096);

/// Reads a secret of one line, such as a token that others are to send. At least 16 characters.
///
///   throws  as read_key_file
std::string read_secret_line(const std::filesystem::path& path);

/// Reads a file that only its owner can write, who is ourselves or root.
///
///   throws  as read_key_file
std::string read_orders(const std::filesystem::path& path, std::size_t most);

}  // namespace real
