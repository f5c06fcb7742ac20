#include "record/text_file.hpp"

#include <cerrno>
#include <system_error>

namespace record {

TextFile::TextFile(std::filesystem::path path)
    : path_(std::move(path)), part_(path_.string() + ".part") {
  file_.reset(std::fopen(part_.c_str(), "wb"));
  if (!file_) refuse(errno);
  std::setvbuf(file_.get(), nullptr, _IONBF, 0);  // buffer_ is the buffer
  buffer_.reserve(capacity);
}

TextFile::~TextFile() {
  if (!file_) return;
  file_.reset();
  std::error_code ignored;
  std::filesystem::remove(part_, ignored);
}

void TextFile::close() {
  flush();
  if (std::fclose(file_.release()) != 0) {
    const int error = errno;
    std::error_code ignored;
    std::filesystem::remove(part_, ignored);
    refuse(error);
  }
  std::filesystem::rename(part_, path_);
}

void TextFile::flush() {
  if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size()) refuse(errno);
  buffer_.clear();
}

void TextFile::refuse(int error) const {
  throw std::filesystem::filesystem_error{"cannot write", path_,
                                          std::error_code{error, std::generic_category()}};
}

void write_text_file(const std::filesystem::path& path, std::string_view text) {
  TextFile file{path};
  file.write(text);
  file.close();
}

}  // namespace record
