#include "vm/text_file.hpp"

#include <algorithm>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "vm/quantity.hpp"
#include "vm/spelling.hpp"

namespace vm {

std::string too_big_for(const std::string& what, std::size_t most) {
  return "is too big for a " + what + ": at most " +
         format_bytes({static_cast<std::int64_t>(most)});
}

std::string suggestion_beside(const std::filesystem::path& path) {
  constexpr std::size_t most = 1'000;
  const auto missing = path.has_filename() ? path : path.parent_path();  // "traces/"
  const auto parent = missing.parent_path();
  const auto folder = parent.empty() ? std::filesystem::path{"."} : parent;
  std::vector<std::string> stems;
  std::error_code unreadable;
  for (std::filesystem::directory_iterator beside{folder, unreadable}, end;
       !unreadable && beside != end && stems.size() < most; beside.increment(unreadable)) {
    if (beside->path().extension() == missing.extension())
      stems.push_back(beside->path().stem().string());
  }
  std::sort(stems.begin(), stems.end());  // folders are in no order, equally near names are
  const std::vector<std::string_view> valid{stems.begin(), stems.end()};
  const std::string_view meant = nearest(missing.stem().string(), valid);
  if (meant.empty()) return {};
  return "; did you mean " + in_quotes(std::string{meant} + missing.extension().string()) + "?";
}

Loaded<std::string> read_text_file(const std::filesystem::path& file, std::size_t most,
                                   const std::string& what) {
  const auto refused = [&](std::string message) {
    return std::vector<Issue>{Issue{file.string(), 0, 0, std::move(message)}};
  };
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found)
    return refused("no such file" + suggestion_beside(file));
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
