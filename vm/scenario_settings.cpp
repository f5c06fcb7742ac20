// --set KEY=VALUE: one value laid over the document before it is read.
//
// The value is parsed under the setting's own text as its file name, so every issue that its node
// meets later is reported under that text, unknown keys included: the readers need not know that
// settings exist.
#include <algorithm>
#include <charconv>
#include <utility>

#include "vm/scenario_readers.hpp"
#include "vm/spelling.hpp"
#include "vm/toml_guard.hpp"
#include "vm/toml_writer.hpp"

namespace vm {
namespace {

using Path = std::vector<std::string>;

/// "clients.fans.trace" in its parts; a part with dots stands in double quotes.
std::optional<Path> split(std::string_view key) {
  Path parts(1);
  bool inside = false;
  for (const char c : key) {
    if (c == '"') {
      inside = !inside;
    } else if (c == '.' && !inside) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  constexpr std::size_t deepest = 100;
  const auto is_empty = [](const std::string& part) { return part.empty(); };
  if (inside || parts.size() > deepest || std::ranges::any_of(parts, is_empty)) return std::nullopt;
  return parts;
}

/// The document "value = TEXT" as a table of that one key, or nothing when TEXT is not one value.
std::optional<toml::table> one_value(const std::string& text, const std::string& source) {
  const std::string document = "value = " + text;
  if (find_trap(document)) return std::nullopt;
  auto parsed = toml::parse(document, source);
  if (!parsed) return std::nullopt;
  toml::table table = std::move(parsed).table();
  if (table.size() != 1 || !table.contains("value")) return std::nullopt;
  return table;
}

toml::table value_of(const std::string& text, const std::string& source) {
  if (auto table = one_value(text, source)) return std::move(*table);
  // A bare text: the shell took its quotes, or it never had any. Parsed again, and not inserted,
  // because only the parser gives a node its source.
  return one_value(toml_text(text), source).value_or(toml::table{});
}

/// Where a setting goes, found part by part.
class Setting {
 public:
  Setting(toml::table& root, Path path, std::string source, Issues& issues)
      : table_(&root), path_(std::move(path)), source_(std::move(source)), issues_(issues) {}

  void apply(toml::table value) {
    toml::node& node = *value.get("value");
    std::size_t next = 0;
    while (next + 1 < path_.size()) {
      if (!enter(next)) return;
    }
    if (array_ != nullptr) return replace_element(std::move(node));
    make_room(path_[next]);
    const auto where = node.source();
    table_->insert_or_assign(toml::key{path_[next], where}, std::move(node));
  }

 private:
  void wrong(const std::string& message) { issues_.add(Issue{source_, 0, 0, message}); }

  /// Steps into part `next` of the path, and on to an element when that is a list.
  bool enter(std::size_t& next) {
    const std::string& part = path_[next];
    if (next == 1 && !knows_name(part)) return false;
    toml::node* node = table_->get(part);
    ++next;
    if (node == nullptr) {
      auto empty = value_of("{}", source_);
      auto& made = *empty.get("value");
      const auto where = made.source();
      node = &table_->insert_or_assign(toml::key{part, where}, std::move(made)).first->second;
    }
    while (auto* array = node->as_array()) {
      node = element(part, *array, next);
      if (node == nullptr) return false;
      if (next == path_.size()) return true;  // the element itself is replaced
    }
    array_ = nullptr;
    table_ = node->as_table();
    if (table_ == nullptr) wrong(in_quotes(part) + " holds one value and no further keys");
    return table_ != nullptr;
  }

  /// [flavor] and [transaction] hold named things; a setting changes one of those that there are.
  bool knows_name(std::string_view part) {
    if (path_[0] != "flavor" && path_[0] != "transaction") return true;
    if (table_->contains(part)) return true;
    std::vector<std::string_view> names;
    for (const auto& [key, node] : *table_) names.push_back(key.str());
    wrong("there is no " + path_[0] + ' ' + in_quotes(part) + suggestion(part, names));
    return false;
  }

  /// The element that part `next` means, by name or by index; the only one needs no mention.
  toml::node* element(std::string_view list, toml::array& array, std::size_t& next) {
    const std::string& part = path_[next];
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
    if (error == std::errc{} && end == part.data() + part.size()) {
      if (index < array.size()) return chosen(array, index, next);
      wrong(in_quotes(list) + " has " + std::to_string(array.size()) +
            " elements, counted from 0; there is no " + in_quotes(part));
      return nullptr;
    }
    const std::vector<std::string> names = element_names(array);
    const auto found = std::ranges::find(names, part);
    if (found != names.end()) {
      return chosen(array, static_cast<std::size_t>(found - names.begin()), next);
    }
    const std::vector<std::string_view> valid(names.begin(), names.end());
    if (array.size() == 1 && array[0].is_table() && means_key(*array[0].as_table(), next, valid)) {
      std::size_t unspoken = next;
      return chosen(array, 0, unspoken);
    }
    wrong("there is no " + in_quotes(part) + " in " + in_quotes(list) + suggestion(part, valid));
    return nullptr;
  }

  /// Is this part a key of the only element, and not a misspelling of that element's name?
  bool means_key(const toml::table& only, std::size_t next,
                 std::span<const std::string_view> names) const {
    const bool is_last = next + 1 == path_.size();
    return is_last || only.contains(path_[next]) || nearest(path_[next], names).empty();
  }

  toml::node* chosen(toml::array& array, std::size_t index, std::size_t& next) {
    array_ = &array;
    index_ = index;
    ++next;
    return array.get(index);
  }

  std::vector<std::string> element_names(const toml::array& array) const {
    std::vector<std::string> names;
    for (const auto& element : array) {
      const auto* table = element.as_table();
      const auto* name = table ? table->get_as<std::string>("name") : nullptr;
      const bool is_fleet = path_[0] == "fleet";
      names.push_back(name ? name->get() : is_fleet ? default_fleet_name(names.size()) : "");
    }
    return names;
  }

  void replace_element(toml::node&& node) {
    array_->replace(array_->cbegin() + static_cast<std::ptrdiff_t>(index_), std::move(node));
  }

  /// Takes out what the new key excludes, so that the document stays free of contradictions.
  void make_room(std::string_view key) {
    using Keys = std::initializer_list<std::string_view>;
    const auto erase = [this](Keys keys) {
      for (const std::string_view other : keys) table_->erase(other);
    };
    if (path_[0] == "clients") {
      constexpr std::string_view sources[] = {"rate", "states", "trace", "think"};
      if (std::ranges::find(sources, key) == std::end(sources)) return;
      for (const std::string_view other : sources) {
        if (other != key) table_->erase(other);
      }
      const auto* arrivals = table_->get_as<std::string>("arrivals");
      const bool open = arrivals && (*arrivals == "poisson" || *arrivals == "deterministic");
      if (key != "rate" || !open) erase({"arrivals"});
    } else if (path_[0] == "fault") {
      if (key == "at") erase({"every"});
      if (key == "every") erase({"at"});
    }
  }

  toml::table* table_;
  toml::array* array_ = nullptr;
  std::size_t index_ = 0;
  Path path_;
  std::string source_;
  Issues& issues_;
};

}  // namespace

void apply_setting(toml::table& root, const std::string& setting, Issues& issues) {
  const std::string shown = in_quotes(setting);
  const std::string source = "--set " + shown.substr(1, shown.size() - 2);
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos) {
    issues.add(Issue{source, 0, 0, "expected KEY=VALUE, such as scenario.duration=60s"});
    return;
  }
  auto path = split(std::string_view(setting).substr(0, equals));
  if (!path) {
    issues.add(Issue{source, 0, 0, "expected a key such as clients.shoppers.rate before the '='"});
    return;
  }
  toml::table value = value_of(setting.substr(equals + 1), source);
  if (value.empty()) {
    issues.add(Issue{source, 0, 0, "the value is not UTF-8 text"});
    return;
  }
  Setting(root, std::move(*path), source, issues).apply(std::move(value));
}

}  // namespace vm
