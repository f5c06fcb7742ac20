// TomlReader: strict, typed access to a TOML document that remembers everything it disliked.
//
// A TableReader is asked for keys. Asking makes a key valid; when the reader goes out of scope,
// every key of the table that nobody asked for is reported with the nearest one that somebody did.
// So the list of valid keys is the code that reads them and cannot differ from it. A value that is
// missing, of the wrong type or out of range becomes an issue, the default stays, and reading goes
// on: one pass finds all the mistakes.
//
// Only the sources that read scenarios include this: toml++ is large, and whoever uses a Scenario
// needs none of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// toml++ 3.3 asserts, and in optimised builds assumes, that a key begins like one, then handles
// the text where it does not ("[=") as the mistake that it is. Neither assert nor assume, then.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

#include "sim/result.hpp"
#include "sim/units.hpp"
#include "vm/issue.hpp"

namespace vm {

/// The document of a text, or the first place where it is no TOML. Issues name the text `name`.
Loaded<toml::table> parse_document(std::string_view text, std::string_view name);

/// Did the user write this on the command line, and not in the file?
bool is_setting(const toml::source_region& where);

/// The entries of a table as they were written, those of settings last (toml++ sorts by name).
std::vector<std::pair<const toml::key*, toml::node*>> in_order(toml::table& table);

/// The mistakes found so far in one document and the settings laid over it.
class Issues {
 public:
  explicit Issues(std::string file) : file_(std::move(file)) {}

  /// A node that came from a setting is reported under the setting's own text, without numbers.
  void add(const toml::source_region& where, std::string message);
  void add(Issue issue);
  bool empty() const { return list_.empty(); }
  /// The document's first, in order of lines; then those of other files and of settings.
  std::vector<Issue> take();

 private:
  std::string file_;
  std::vector<Issue> list_;
  std::size_t left_out_ = 0;
};

enum class Zero : std::uint8_t { allowed, refused };

/// A value of the document under the name that messages give it. The `as_` functions say what they
/// wanted in an issue and return nothing when the value is something else.
struct Value {
  toml::node& node;
  std::string_view name;
  Issues& issues;

  /// Reports "'name': message" at this value's place.
  void wrong(const std::string& message) const;
  /// An element of this array or table, under the same name.
  Value at(toml::node& element) const { return {element, name, issues}; }

  std::optional<double> as_seconds(Zero zero) const;
  std::optional<sim::Duration> as_duration(Zero zero) const;
  std::optional<double> as_size(Zero zero) const;
  std::optional<sim::Bytes> as_bytes(Zero zero) const;
  std::optional<sim::BytesPerSecond> as_byte_rate(Zero zero) const;
  std::optional<double> as_rate(Zero zero) const;
  /// A share, `low` to `high` (0.98 for "98 %").
  std::optional<double> as_percent(double low, double high) const;
  /// A plain finite number, `low` to `high`.
  std::optional<double> as_number(double low, double high) const;
  /// A plain whole number, `low` to `high`.
  std::optional<std::int64_t> as_count(std::int64_t low, std::int64_t high) const;
  std::optional<bool> as_bool() const;
  std::optional<std::string> as_text() const;
  /// Letters, digits, '-' and '_', beginning with a letter, at most 64.
  std::optional<std::string> as_name() const;
  /// The index of the name that the value gives. Says nothing when there is no valid name at all,
  /// since that has been reported already.
  std::optional<std::size_t> as_one_of(std::string_view what,
                                       std::span<const std::string_view> valid) const;
  toml::table* as_table(std::string_view example) const;
  /// At least one element, at most `most`.
  toml::array* as_array(std::string_view example, std::size_t most) const;
};

/// Is this a valid name (see Value::as_name)?
bool is_name(std::string_view text);

/// A name in a file and the value that it stands for.
template <class T>
struct Choice {
  std::string_view name;
  T value;
};

class TableReader {
 public:
  /// `where` names the table in messages: "[sla]". Both must outlive the reader.
  TableReader(toml::table& table, std::string where, Issues& issues)
      : table_(table), where_(std::move(where)), issues_(issues) {}
  ~TableReader();  // reports the keys that nobody asked for
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;

  std::optional<Value> find(std::string_view key);
  /// The same; a missing key is an issue that shows `example`, as in `duration = "3 min"`.
  std::optional<Value> need(std::string_view key, std::string_view example);

  // Each leaves `into` alone where the key is absent or wrong, and tells whether it was set.
  bool duration(std::string_view key, sim::Duration& into, Zero zero);
  bool bytes(std::string_view key, sim::Bytes& into, Zero zero);
  bool byte_rate(std::string_view key, sim::BytesPerSecond& into, Zero zero);
  bool percent(std::string_view key, double& into, double low, double high);
  bool number(std::string_view key, double& into, double low, double high);
  bool count(std::string_view key, std::uint32_t& into, std::int64_t low, std::int64_t high);
  bool text(std::string_view key, std::string& into);

  template <class T, std::size_t N>
  bool choice(std::string_view key, T& into, const Choice<T> (&choices)[N]) {
    const auto value = find(key);
    if (!value) return false;
    std::vector<std::string_view> names;
    for (const auto& choice : choices) names.push_back(choice.name);
    const auto index = value->as_one_of("value", names);
    if (index) into = choices[*index].value;
    return index.has_value();
  }

  void wrong(const std::string& message);  // about the table as a whole
  const toml::source_region& source() const { return table_.source(); }
  const std::string& where() const { return where_; }
  toml::table& table() { return table_; }
  Issues& issues() { return issues_; }

 private:
  toml::table& table_;
  std::string where_;
  Issues& issues_;
  std::vector<std::string_view> asked_;
};

/// The tables of `[[key]]`, in order; anything else under that key is reported and left out.
std::vector<toml::table*> tables_of_array(TableReader& root, std::string_view key);

/// The tables of `[key.NAME]` with their names, in order; anything else is reported and left out.
std::vector<std::pair<std::string_view, toml::table*>> named_tables(TableReader& root,
                                                                    std::string_view key);

}  // namespace vm
