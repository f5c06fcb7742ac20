#include "vm/toml_reader.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <tuple>

#include "vm/quantity.hpp"
#include "vm/spelling.hpp"
#include "vm/toml_guard.hpp"

namespace vm {
namespace {

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::none:
      return "nothing";
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
  }
  return "something else";
}

/// 1e+12 rather than 1000000000000, 0.5 rather than 0.500000.
std::string plain(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

/// What a quantity's parser should see: the text, or a number that lacks its unit.
std::optional<std::string> quantity_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* whole = node.as_integer()) return std::to_string(whole->get());
  if (const auto* number = node.as_floating_point()) return plain(number->get());
  return std::nullopt;
}

template <class Parse>
auto quantity(const Value& value, Parse parse, std::string_view example)
    -> std::optional<std::decay_t<decltype(*parse(std::string_view{}))>> {
  const auto text = quantity_text(value.node);
  if (!text) {
    value.wrong("expected a quantity such as \"" + std::string(example) + "\", found " +
                std::string(kind_of(value.node)));
    return std::nullopt;
  }
  auto parsed = parse(*text);
  if (parsed) return *parsed;
  value.wrong(parsed.error());
  return std::nullopt;
}

template <class T>
std::optional<T> above_zero(const Value& value, std::optional<T> got, T zero, Zero rule) {
  if (!got || rule == Zero::allowed || *got > zero) return got;
  value.wrong("must be above zero");
  return std::nullopt;
}

template <class T>
bool assign(T& into, const std::optional<T>& from) {
  if (from) into = *from;
  return from.has_value();
}

}  // namespace

Loaded<toml::table> parse_document(std::string_view text, std::string_view name) {
  const auto refused = [&](std::string_view what, auto line, auto column) {
    return std::vector<Issue>{Issue{std::string(name), static_cast<int>(line),
                                    static_cast<int>(column), "not TOML: " + std::string(what)}};
  };
  if (const auto trap = find_trap(text)) return refused(trap->what, trap->line, trap->column);
  auto parsed = toml::parse(text, name);
  if (parsed) return std::move(parsed).table();
  const auto& where = parsed.error().source().begin;
  return refused(parsed.error().description(), where.line, where.column);
}

void Issues::add(Issue issue) {
  constexpr std::size_t most = 200;  // nobody reads more, and garbage has millions
  if (list_.size() < most) {
    list_.push_back(std::move(issue));
  } else {
    ++left_out_;
  }
}

void Issues::add(const toml::source_region& where, std::string message) {
  if (is_setting(where)) return add(Issue{*where.path, 0, 0, std::move(message)});
  add(Issue{file_, static_cast<int>(where.begin.line), static_cast<int>(where.begin.column),
            std::move(message)});
}

bool is_setting(const toml::source_region& where) {
  return where.path && where.path->starts_with("--");
}

std::vector<std::pair<const toml::key*, toml::node*>> in_order(toml::table& table) {
  std::vector<std::pair<const toml::key*, toml::node*>> entries;
  for (auto&& [key, node] : table) entries.emplace_back(&key, &node);
  const auto place = [](const auto& entry) {
    const toml::source_region& where = entry.first->source();
    return std::tuple(is_setting(where), where.begin.line, where.begin.column);
  };
  std::ranges::stable_sort(entries, {}, place);
  return entries;
}

std::vector<Issue> Issues::take() {
  const auto rank = [this](const Issue& issue) {
    return std::tuple(issue.file != file_, std::string_view(issue.file), issue.line, issue.column);
  };
  std::ranges::stable_sort(list_, [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  if (left_out_ > 0) {
    list_.push_back({file_, 0, 0, "and " + std::to_string(left_out_) + " more mistakes"});
  }
  return std::move(list_);
}

void Value::wrong(const std::string& message) const {
  issues.add(node.source(), in_quotes(name) + ": " + message);
}

std::optional<double> Value::as_seconds(Zero zero) const {
  return above_zero(*this, quantity(*this, parse_seconds, "3 min"), 0.0, zero);
}

std::optional<sim::Duration> Value::as_duration(Zero zero) const {
  // Below half a nanosecond a duration rounds to none, which the rule must see.
  return above_zero(*this, quantity(*this, parse_duration, "3 min"), sim::Duration::zero(), zero);
}

std::optional<double> Value::as_size(Zero zero) const {
  return above_zero(*this, quantity(*this, parse_size, "4 KiB"), 0.0, zero);
}

std::optional<sim::Bytes> Value::as_bytes(Zero zero) const {
  return above_zero(*this, quantity(*this, parse_bytes, "256 MiB"), sim::Bytes{}, zero);
}

std::optional<sim::BytesPerSecond> Value::as_byte_rate(Zero zero) const {
  return above_zero(*this, quantity(*this, parse_byte_rate, "20 MB/s"), sim::BytesPerSecond{},
                    zero);
}

std::optional<double> Value::as_rate(Zero zero) const {
  return above_zero(*this, quantity(*this, parse_rate, "150 /s"), 0.0, zero);
}

std::optional<double> Value::as_percent(double low, double high) const {
  const auto share = quantity(*this, parse_percent, "98 %");
  if (!share || (*share >= low && *share <= high)) return share;
  wrong("expected " + format_percent(low) + " to " + format_percent(high) + ", found " +
        format_percent(*share));
  return std::nullopt;
}

std::optional<double> Value::as_number(double low, double high) const {
  const auto number = node.value<double>();
  const bool is_number = node.is_integer() || node.is_floating_point();
  const std::string range = "expected a number from " + plain(low) + " to " + plain(high);
  if (!number || !is_number) {
    wrong(range + ", found " + std::string(kind_of(node)));
  } else if (!(*number >= low && *number <= high)) {  // refuses what is not a number, too
    wrong(range + ", found " + plain(*number));
  } else {
    return number;
  }
  return std::nullopt;
}

std::optional<std::int64_t> Value::as_count(std::int64_t low, std::int64_t high) const {
  const std::string range =
      "expected a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  const auto* number = node.as_integer();
  if (number == nullptr) {
    const auto* fraction = node.as_floating_point();
    wrong(range + ", found " + (fraction ? plain(fraction->get()) : std::string(kind_of(node))));
  } else if (number->get() < low || number->get() > high) {
    wrong(range + ", found " + std::to_string(number->get()));
  } else {
    return number->get();
  }
  return std::nullopt;
}

std::optional<bool> Value::as_bool() const {
  if (const auto* flag = node.as_boolean()) return flag->get();
  wrong("expected true or false, found " + std::string(kind_of(node)));
  return std::nullopt;
}

std::optional<std::string> Value::as_text() const {
  if (const auto* text = node.as_string()) return text->get();
  wrong("expected a text in quotes, found " + std::string(kind_of(node)));
  return std::nullopt;
}

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto inner = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !text.empty() && text.size() <= 64 && letter(text.front()) &&
         std::ranges::all_of(text, inner);
}

std::optional<std::string> Value::as_name() const {
  auto text = as_text();
  if (!text || is_name(*text)) return text;
  wrong("expected a name of letters, digits, '-' and '_' that begins with a letter, found " +
        in_quotes(*text));
  return std::nullopt;
}

std::optional<std::size_t> Value::as_one_of(std::string_view what,
                                            std::span<const std::string_view> valid) const {
  const auto text = as_text();
  if (!text || valid.empty()) return std::nullopt;
  const auto found = std::ranges::find(valid, std::string_view(*text));
  if (found != valid.end()) return static_cast<std::size_t>(found - valid.begin());
  wrong("there is no " + std::string(what) + ' ' + in_quotes(*text) + suggestion(*text, valid));
  return std::nullopt;
}

toml::table* Value::as_table(std::string_view example) const {
  if (auto* table = node.as_table()) return table;
  wrong("expected a table such as " + std::string(example) + ", found " +
        std::string(kind_of(node)));
  return nullptr;
}

toml::array* Value::as_array(std::string_view example, std::size_t most) const {
  auto* array = node.as_array();
  if (array == nullptr || array->empty()) {
    wrong("expected a list such as " + std::string(example) + ", found " +
          (array ? "an empty one" : std::string(kind_of(node))));
  } else if (array->size() > most) {
    wrong("at most " + std::to_string(most) + " elements, found " + std::to_string(array->size()));
  } else {
    return array;
  }
  return nullptr;
}

TableReader::~TableReader() {
  for (const auto& [key, node] : table_) {
    if (std::ranges::find(asked_, key.str()) != asked_.end()) continue;
    // The key of a replaced value keeps its first place, so a setting is known by its value.
    const auto& where = is_setting(node.source()) ? node.source() : key.source();
    issues_.add(where, "unknown key " + in_quotes(key.str()) + " in " + where_ +
                           suggestion(key.str(), asked_));
  }
}

std::optional<Value> TableReader::find(std::string_view key) {
  asked_.push_back(key);
  toml::node* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  return Value{*node, key, issues_};
}

std::optional<Value> TableReader::need(std::string_view key, std::string_view example) {
  auto value = find(key);
  if (!value) wrong("needs " + in_quotes(key) + ", such as " + std::string(example));
  return value;
}

bool TableReader::duration(std::string_view key, sim::Duration& into, Zero zero) {
  const auto value = find(key);
  return value && assign(into, value->as_duration(zero));
}

bool TableReader::bytes(std::string_view key, sim::Bytes& into, Zero zero) {
  const auto value = find(key);
  return value && assign(into, value->as_bytes(zero));
}

bool TableReader::byte_rate(std::string_view key, sim::BytesPerSecond& into, Zero zero) {
  const auto value = find(key);
  return value && assign(into, value->as_byte_rate(zero));
}

bool TableReader::percent(std::string_view key, double& into, double low, double high) {
  const auto value = find(key);
  return value && assign(into, value->as_percent(low, high));
}

bool TableReader::number(std::string_view key, double& into, double low, double high) {
  const auto value = find(key);
  return value && assign(into, value->as_number(low, high));
}

bool TableReader::count(std::string_view key, std::uint32_t& into, std::int64_t low,
                        std::int64_t high) {
  const auto value = find(key);
  if (!value) return false;
  const auto got = value->as_count(low, high);
  if (got) into = static_cast<std::uint32_t>(*got);
  return got.has_value();
}

bool TableReader::text(std::string_view key, std::string& into) {
  const auto value = find(key);
  return value && assign(into, value->as_text());
}

void TableReader::wrong(const std::string& message) {
  issues_.add(table_.source(), where_ + ' ' + message);
}

std::vector<toml::table*> tables_of_array(TableReader& root, std::string_view key) {
  std::vector<toml::table*> tables;
  const auto value = root.find(key);
  if (!value) return tables;
  const std::string header = "[[" + std::string(key) + "]]";
  auto* array = value->node.as_array();
  if (array == nullptr) {
    value->wrong("expected tables under " + header + " (two brackets), found " +
                 std::string(kind_of(value->node)));
    return tables;
  }
  for (auto& element : *array) {
    if (auto* table = element.as_table()) {
      tables.push_back(table);
    } else {
      value->at(element).wrong("expected a table under " + header + ", found " +
                               std::string(kind_of(element)));
    }
  }
  return tables;
}

std::vector<std::pair<std::string_view, toml::table*>> named_tables(TableReader& root,
                                                                    std::string_view key) {
  std::vector<std::pair<std::string_view, toml::table*>> tables;
  const auto value = root.find(key);
  if (!value) return tables;
  const std::string header = '[' + std::string(key) + ".NAME]";
  auto* all = value->as_table(header);
  if (all == nullptr) return tables;
  for (const auto& [entry, node] : in_order(*all)) {
    const toml::key& name = *entry;
    if (auto* table = node->as_table()) {
      if (!is_name(name.str())) {
        root.issues().add(name.source(),
                          "a name is letters, digits, '-' and '_' and begins with "
                          "a letter, found " +
                              in_quotes(name.str()));
      }
      tables.emplace_back(name.str(), table);
    } else {
      root.issues().add(name.source(), in_quotes(name.str()) + ": expected a table under " +
                                           header + ", found " + std::string(kind_of(*node)));
    }
  }
  return tables;
}

}  // namespace vm
