// Journal: the file in which a control loop keeps every fact and order, and its reader.
//
// JournalWriter appends; JournalReader reads whole lines and may be polled while the file grows. A
// line that the end of a process tore is not there yet for a reader, and is cut off by the next
// writer. Whatever else makes no sense is one clear error with its line, and nothing behind it is
// read: a journal is the truth, and half a truth would be replayed into another world.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "record/handles.hpp"
#include "record/journal_text.hpp"
#include "vm/fact_log.hpp"

namespace record {

inline constexpr const char* journal_name = "journal.jsonl";

class JournalWriter final : public vm::FactLog {
 public:
  /// Opens or creates `file` to append to it, and cuts a torn last line off.
  ///
  ///   throws  std::filesystem::filesystem_error with its name, as the others do
  explicit JournalWriter(std::filesystem::path file);
  ~JournalWriter() override;
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  void append(vm::Time now, const vm::Fact& fact) override;
  void append(vm::Time now, const vm::Order& order) override;
  void flush() override;
  void sync() override;

 private:
  [[noreturn]] void refuse(const char* what) const;
  void cut_torn_line();

  std::filesystem::path path_;
  int file_ = -1;
  std::string waiting_;  // lines that the system has not been given
};

class JournalReader {
 public:
  explicit JournalReader(std::filesystem::path file) : path_(std::move(file)) {}

  /// The entries that have come since the last call; none while the file is not there. After an
  /// error every further call gives the same error.
  ///
  ///   limit  stops after so many entries; call again for the rest
  sim::Result<std::vector<JournalEntry>> poll(std::size_t limit = SIZE_MAX);

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  sim::Error fail(const std::string& reason);
  bool read_more();

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::string rest_;       // read and not yet taken
  std::size_t taken_ = 0;  // of rest_
  std::uint64_t line_ = 0;
  vm::Time last_{};
  std::string failure_;
};

/// All of a journal that will grow no more.
sim::Result<std::vector<JournalEntry>> read_journal(const std::filesystem::path& file);

}  // namespace record
