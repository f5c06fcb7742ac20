#include "record/journal.hpp"

#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

namespace record {
namespace {

constexpr std::size_t block = std::size_t{64} << 10;
/// Longer than any line that is written: a report of all tenants' loads, at 60 bytes each.
constexpr std::size_t longest_line = std::size_t{64} << 20;

}  // namespace

// ---- Writer ------------------------------------------------------------------------------------

JournalWriter::JournalWriter(std::filesystem::path file) : path_(std::move(file)) {
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) refuse("cannot open");
  try {
    cut_torn_line();
  } catch (...) {
    ::close(file_);
    throw;
  }
}

JournalWriter::~JournalWriter() {
  try {
    flush();
  } catch (const std::filesystem::filesystem_error&) {  // who needs to know calls flush()
  }
  ::close(file_);
}

void JournalWriter::refuse(const char* what) const {
  throw std::filesystem::filesystem_error{what, path_,
                                          std::error_code{errno, std::generic_category()}};
}

void JournalWriter::cut_torn_line() {
  off_t end = ::lseek(file_, 0, SEEK_END);
  if (end < 0) refuse("cannot seek");
  const off_t size = end;
  std::array<char, 4096> tail{};
  while (end > 0) {
    const auto part = std::min<off_t>(end, static_cast<off_t>(tail.size()));
    if (::pread(file_, tail.data(), static_cast<std::size_t>(part), end - part) != part) {
      refuse("cannot read");
    }
    const auto newline =
        std::string_view{tail.data(), static_cast<std::size_t>(part)}.find_last_of('\n');
    if (newline != std::string_view::npos) {
      end += static_cast<off_t>(newline) + 1 - part;
      break;
    }
    end -= part;
  }
  if (end != size && ::ftruncate(file_, end) != 0) refuse("cannot cut");
  if (::lseek(file_, end, SEEK_SET) < 0) refuse("cannot seek");
}

void JournalWriter::append(vm::Time now, const vm::Fact& fact) {
  waiting_ += journal_line(now, fact);
  waiting_ += '\n';
}

void JournalWriter::append(vm::Time now, const vm::Order& order) {
  waiting_ += journal_line(now, order);
  waiting_ += '\n';
}

void JournalWriter::flush() {
  std::size_t written = 0;
  while (written < waiting_.size()) {
    const ssize_t size = ::write(file_, waiting_.data() + written, waiting_.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      waiting_.erase(0, written);
      refuse("cannot write");
    }
    written += static_cast<std::size_t>(size);
  }
  waiting_.clear();
}

void JournalWriter::sync() {
  flush();
  if (::fdatasync(file_) != 0) refuse("cannot sync");
}

// ---- Reader ------------------------------------------------------------------------------------

sim::Error JournalReader::fail(const std::string& reason) {
  failure_ = path_.string() + reason;
  return {failure_};
}

/// False when there is nothing more, for now.
bool JournalReader::read_more() {
  rest_.erase(0, taken_);
  taken_ = 0;
  const std::size_t had = rest_.size();
  rest_.resize(had + block);
  std::clearerr(file_.get());  // the end of the file moves
  const std::size_t size = std::fread(rest_.data() + had, 1, block, file_.get());
  rest_.resize(had + size);
  return size > 0;
}

sim::Result<std::vector<JournalEntry>> JournalReader::poll(std::size_t limit) {
  if (!failure_.empty()) return sim::Error{failure_};
  std::vector<JournalEntry> entries;
  if (!file_) file_.reset(std::fopen(path_.c_str(), "rbe"));
  if (!file_) {
    if (errno == ENOENT) return entries;
    return fail(": " + std::generic_category().message(errno));
  }
  while (entries.size() < limit) {
    const std::size_t end = rest_.find('\n', taken_);
    if (end == std::string::npos) {
      if (rest_.size() - taken_ > longest_line) return fail(": a line without end");
      if (read_more()) continue;
      if (std::ferror(file_.get()) != 0) return fail(": " + std::generic_category().message(errno));
      break;
    }
    ++line_;
    auto entry = parse_journal_line(std::string_view{rest_}.substr(taken_, end - taken_));
    taken_ = end + 1;
    const std::string where = ":" + std::to_string(line_) + ": ";
    if (!entry) return fail(where + entry.error());
    const vm::Time at = std::visit([](const auto& e) { return e.at; }, *entry);
    if (at < last_) return fail(where + "before the line in front of it");
    last_ = at;
    entries.push_back(std::move(*entry));
  }
  return entries;
}

sim::Result<std::vector<JournalEntry>> read_journal(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) {
    return sim::Error{file.string() + ": no such file"};
  }
  return JournalReader{file}.poll();
}

}  // namespace record
