#include "record/reader.hpp"

#include <system_error>

#include "record/csv.hpp"
#include "record/run_directory.hpp"
#include "record/schema.hpp"

namespace record {
namespace {

namespace fs = std::filesystem;

sim::Error because(const fs::path& file, std::string_view reason) {
  return {file.string() + ": " + std::string{reason}};
}

/// A finished run in a folder that we may not write to: SQLite would want to put its lock files
/// beside it, unless told that nobody else can change the file.
Database open_in_read_only_folder(const fs::path& file) {
  std::string uri = "file:";
  for (const char c : fs::absolute(file).string()) {
    if (c == '%')
      uri += "%25";
    else if (c == '?')
      uri += "%3f";
    else if (c == '#')
      uri += "%23";
    else
      uri += c;
  }
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2((uri + "?immutable=1").c_str(), &raw,
                      SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, nullptr);
  Database database{raw};
  if (code != SQLITE_OK) throw DatabaseError{file, code, raw};
  return database;
}

}  // namespace

sim::Result<Reader> Reader::open(const fs::path& run) {
  std::error_code refused;
  if (!fs::exists(run, refused)) return because(run, "no such run");
  const fs::path file = database_of(run);
  if (!fs::exists(file, refused)) return because(run, "not a run directory: no run.sqlite in it");
  if (!fs::is_regular_file(file, refused)) return because(file, "not a file");
  if (fs::file_size(file, refused) == 0) return because(file, "empty, not a run of Brink");
  try {
    Database db = record::open(file, Access::read);
    sqlite3_busy_timeout(db.get(), 5000);  // ms; a writer holds its locks for far less
    std::optional<std::string> foreign;
    try {
      foreign = foreign_reason(db.get());
    } catch (const DatabaseError& error) {
      if (error.code != SQLITE_CANTOPEN && error.code != SQLITE_READONLY) throw;
      db = open_in_read_only_folder(file);
      foreign = foreign_reason(db.get());
    }
    if (foreign) return because(file, *foreign);
    return Reader{file, std::move(db)};
  } catch (const DatabaseError& error) {
    if (error.code == SQLITE_NOTADB) return because(file, "not a run of Brink");
    if (error.code == SQLITE_CORRUPT) return because(file, "damaged or cut short");
    return sim::Error{error.what()};
  }
}

sim::Result<Summary> Reader::summary() const {
  try {
    return read_summary(db_.get());
  } catch (const DatabaseError& error) {
    if (error.code == SQLITE_CORRUPT) return because(file_, "damaged or cut short");
    return sim::Error{error.what()};
  } catch (const std::runtime_error& error) {
    return because(file_, error.what());
  }
}

void Reader::export_csv(const fs::path& directory) const {
  record::export_csv(db_.get(), directory);
}

}  // namespace record
