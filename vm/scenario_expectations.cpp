// [expect]: what must come out.
#include <algorithm>

#include "vm/consolidation_outcome.hpp"
#include "vm/expectation.hpp"
#include "vm/quantity.hpp"
#include "vm/scenario_readers.hpp"
#include "vm/spelling.hpp"

namespace vm {
namespace {

constexpr Choice<Comparison> comparison_names[] = {
    {"==", Comparison::equal},      {"!=", Comparison::not_equal},
    {"<=", Comparison::less_equal}, {">=", Comparison::greater_equal},
    {"<", Comparison::less},        {">", Comparison::greater}};

/// "<= 20" or "< 5 %".
bool read_condition(const Value& value, Expectation& expectation) {
  const auto text = value.as_text();
  if (!text) return false;
  std::string_view rest = *text;
  for (const auto& [name, comparison] : comparison_names) {
    if (!rest.starts_with(name)) continue;
    rest.remove_prefix(name.size());
    const bool percent = rest.ends_with('%');
    if (percent) rest.remove_suffix(1);
    const auto number = parse_number(rest);
    if (!number) break;
    expectation.comparison = comparison;
    expectation.value = percent ? *number / 100 : *number;
    expectation.want = *text;
    return true;
  }
  value.wrong("expected a comparison such as \"<= 20\" (==, !=, <, <=, >, >=), found " +
              in_quotes(*text));
  return false;
}

/// Reads the figures of [expect], which must be ones that a run of this scenario has.
class FigureReader {
 public:
  explicit FigureReader(Scenario& scenario)
      : scenario_(scenario), groups_(names_of(scenario.clients)) {
    const std::vector<std::string> groups(groups_.begin(), groups_.end());
    known_ = expectation_names(groups);
    if (scenario.consolidation) {
      for (std::string& name : consolidation_figure_names()) known_.push_back(std::move(name));
    }
    sorted_.assign(known_.begin(), known_.end());
    std::ranges::sort(sorted_);
  }

  /// All of `table`; `prefix` is what the names in it begin with.
  void read(const std::string& prefix, const Value& value, toml::table& table) {
    for (const auto& [key, node] : in_order(table)) {
      const std::string name = prefix + std::string(key->str());
      if (auto* inner = node->as_table()) {
        read(name + '.', value, *inner);
        continue;
      }
      const Value figure{*node, name, value.issues};
      check_name(figure);
      read_figure(figure);
    }
  }

 private:
  void check_name(const Value& figure);
  void read_figure(const Value& figure);

  Scenario& scenario_;
  std::vector<std::string_view> groups_;
  std::vector<std::string> known_;        // in the order that a person is told them
  std::vector<std::string_view> sorted_;  // the same, for looking up
  int unknown_ = 0;
};

void FigureReader::check_name(const Value& figure) {
  const std::string_view name = figure.name;
  if (std::ranges::binary_search(sorted_, name)) return;
  constexpr int most = 50;  // suggestions; garbage has a million names and means none of ours
  if (++unknown_ > most) return figure.wrong("no run has such a figure");
  constexpr std::string_view clients = "clients.";
  std::string_view prefix;
  if (name.starts_with(clients)) {
    // Without any clients they are what is wrong, and that is told where they are missing.
    if (groups_.empty()) return;
    const std::string_view group =
        name.substr(clients.size(), name.find('.', clients.size()) - clients.size());
    if (std::ranges::find(groups_, group) == groups_.end()) {
      return figure.wrong("there are no clients " + in_quotes(group) + suggestion(group, groups_));
    }
    prefix = name.substr(0, clients.size() + group.size());
  }
  std::vector<std::string_view> valid;
  for (const std::string& known : known_) {
    const bool of_clients = known.starts_with(clients);
    if (prefix.empty() ? !of_clients : known.starts_with(prefix) && known[prefix.size()] == '.') {
      valid.push_back(known);
    }
  }
  figure.wrong("no run has such a figure" + suggestion(name, valid));
}

/// One condition, or a list of them that all have to hold: [">= 32", "<= 34"].
void FigureReader::read_figure(const Value& figure) {
  Expectation expectation;
  expectation.name = figure.name;
  auto* list = figure.node.as_array();
  if (list == nullptr) {
    if (read_condition(figure, expectation)) scenario_.expectations.push_back(expectation);
    return;
  }
  if (list->empty()) figure.wrong("is empty; expected a list such as [\">= 32\", \"<= 34\"]");
  for (toml::node& element : *list) {
    if (!read_condition(figure.at(element), expectation)) continue;
    scenario_.expectations.push_back(expectation);
  }
}

}  // namespace

void read_expectations(TableReader& root, Draft& draft) {
  const auto value = root.find("expect");
  auto* table = value ? value->as_table("[expect]") : nullptr;
  if (table == nullptr) return;
  FigureReader{draft.scenario}.read("", *value, *table);
}

}  // namespace vm
