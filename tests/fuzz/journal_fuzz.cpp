// Any bytes are a journal's line or the reason why not; what is a fact is written as one that reads
// the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "record/journal_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto entry = record::parse_journal_line(line);
  if (!entry) {
    if (entry.error().empty()) std::abort();
    return 0;
  }
  if (const auto* read = std::get_if<record::TimedFact>(&*entry)) {
    const std::string text = record::journal_line(read->at, read->fact);
    const auto again = record::parse_journal_line(text);
    if (!again) std::abort();
    const auto& twice = std::get<record::TimedFact>(*again);
    if (record::journal_line(twice.at, twice.fact) != text) std::abort();
  }
  return 0;
}
