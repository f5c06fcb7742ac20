#include "vm/text_file.hpp"

#include <fstream>

#include "vm/quantity.hpp"

namespace vm {

std::string too_big_for(const std::string& what, std::size_t most) {
  return "is too big for a " + what + ": at most " +
         format_bytes({static_cast<std::int64_t>(most)});
}

Loaded<std::string> read_text_file(const std::filesystem::path& file, std::size_t most,
                                   const std::string& what) {
  const auto refused = [&](std::string message) {
    return std::vector<Issue>{Issue{file.string(), 0, 0, std::move(message)}};
  };
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) return refused("no such file");
  if (error) return refused(error.message());
  if (std::filesystem::is_directory(status)) {
    return refused("is a directory, expected a " + what + " file");
  }
  std::uintmax_t size = most;  // a pipe or a device tells none
  if (std::filesystem::is_regular_file(status)) size = std::filesystem::file_size(file, error);
  if (error) return refused(error.message());
  if (size > most) return refused(too_big_for(what, most));
  std::ifstream in(file, std::ios::binary);
  if (!in) return refused("cannot be opened");
  // One byte more, so that a file that is longer than it said is seen to be; and no further.
  std::string text(static_cast<std::size_t>(size) + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return refused("cannot be read");
  const bool grew = static_cast<std::uintmax_t>(in.gcount()) > size;
  if (grew) return refused(size == most ? too_big_for(what, most) : "grows while it is read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

}  // namespace vm
