#include "vm/scenario_toml.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "vm/placement.hpp"
#include "vm/quantity.hpp"
#include "vm/scenario_readers.hpp"
#include "vm/spelling.hpp"
#include "vm/text_file.hpp"
#include "vm/toml_writer.hpp"

namespace vm {
namespace {

std::vector<Issue> only(std::string_view file, std::string message, int line = 0, int column = 0) {
  return {Issue{std::string(file), line, column, std::move(message)}};
}

/// The lines of comment that open a text, without their ends.
std::vector<std::string_view> opening_comment(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  std::vector<std::string_view> lines;
  while (text.starts_with('#')) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
  return text.substr(0, text.find_last_not_of(blank) + 1);
}

/// The question of "# Question: ...", its further lines joined by spaces, up to the next label.
std::string question_in(const std::vector<std::string_view>& comment) {
  std::string question;
  bool inside = false;
  for (const std::string_view whole : comment) {
    std::string_view line = trimmed(whole.substr(1));
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    if (!inside && word != "Question:") continue;
    if (inside && (word.empty() || word.ends_with(':'))) break;
    if (!inside) line = trimmed(line.substr(word.size()));
    inside = true;
    if (!question.empty()) question += ' ';
    question += line;
  }
  return question;
}

/// A seed above what TOML's signed integers hold is written as text.
void override_seed(toml::table& root, std::uint64_t seed) {
  auto* scenario = root["scenario"].as_table();
  if (scenario == nullptr) return;  // which is reported anyway
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (seed <= most) {
    scenario->insert_or_assign("seed", static_cast<std::int64_t>(seed));
  } else {
    scenario->insert_or_assign("seed", std::to_string(seed));
  }
}

void read_seed(const Value& value, std::uint64_t& seed) {
  const auto* whole = value.node.as_integer();
  if (whole != nullptr && whole->get() >= 0) {
    seed = static_cast<std::uint64_t>(whole->get());
    return;
  }
  if (const auto* text = value.node.as_string()) {
    const auto* end = text->get().data() + text->get().size();
    const auto [last, error] = std::from_chars(text->get().data(), end, seed);
    if (error == std::errc{} && last == end) return;
  }
  value.wrong("expected a whole number from 0 to 18446744073709551615, such as 42");
}

void read_general(TableReader& root, Scenario& scenario) {
  const auto value = root.need("scenario", "[scenario] with a name and a duration");
  auto* table = value ? value->as_table("[scenario]") : nullptr;
  if (table == nullptr) return;
  TableReader reader(*table, "[scenario]", root.issues());
  if (const auto name = reader.need("name", "\"overload\"")) {
    scenario.name = name->as_name().value_or("");
  }
  std::optional<Duration> duration;
  if (const auto given = reader.need("duration", "\"3 min\"")) {
    duration = given->as_duration(Zero::refused);
  }
  scenario.duration = duration.value_or(Duration::max());
  if (const auto warmup = reader.find("warmup")) {
    scenario.warmup = warmup->as_duration(Zero::allowed).value_or(Duration{});
    if (scenario.warmup >= scenario.duration) {
      warmup->wrong("must be shorter than 'duration', " + format_duration(scenario.duration));
    }
  }
  if (const auto seed = reader.find("seed")) read_seed(*seed, scenario.seed);
}

void read_sections(TableReader& root, Draft& draft) {
  read_general(root, draft.scenario);
  if (root.table().contains("consolidation")) {
    read_consolidation(root, draft);
    read_changes(root, draft);
    return read_expectations(root, draft);
  }
  read_flavors(root, draft);
  read_failover(root, draft);
  read_fleets(root, draft);
  read_transactions(root, draft);
  read_clients(root, draft);
  read_durability(root, draft);
  read_sla(root, draft);
  read_faults(root, draft);
  read_changes(root, draft);
  read_real(root, draft);
  read_expectations(root, draft);
}

/// What tenants hold at the start has to fit where the start puts them, second copies included.
void check_memory(TableReader& root, const Scenario& scenario) {
  const auto is_empty = [](const ClientGroup& group) { return group.state == Bytes{}; };
  if (std::ranges::all_of(scenario.clients, is_empty)) return;
  const Layout layout = initial_layout(scenario);
  std::vector<Bytes> held(layout.machines.size());
  for (std::size_t i = 0; i < layout.owner.size(); ++i) {
    const Bytes state = scenario.clients[layout.group[i].value].state;
    for (const MachineId home : {layout.owner[i], layout.replica[i]}) {
      if (home == no_machine) continue;
      // Held to what no machine has, since ten million clients of a petabyte would overflow.
      constexpr Bytes most{std::int64_t{1} << 62};
      Bytes& sum = held[home.value];
      sum = state < most - sum ? sum + state : most;
    }
  }
  for (std::size_t i = 0; i < held.size(); ++i) {
    const Flavor& flavor = scenario.flavors[layout.machines[i].flavor.value];
    if (held[i] <= flavor.capacity.memory) continue;
    root.wrong("starts with " + format_bytes(held[i]) + " of clients' state on machine " +
               std::to_string(i) + ", a " + in_quotes(flavor.name) + " of " +
               format_bytes(flavor.capacity.memory));
    return;  // one is enough where all are alike
  }
}

/// The document as it was understood, under the comment that opened it.
std::string resolved_text(const std::vector<std::string_view>& comment, toml::table& root) {
  std::string text;
  for (const std::string_view line : comment) (text += line) += '\n';
  return text + write_toml(root);
}

}  // namespace

LoadedScenario parse_scenario(std::string_view text, std::string_view name,
                              const std::filesystem::path& base,
                              std::span<const std::string> settings,
                              std::optional<std::uint64_t> seed) {
  if (text.size() > most_scenario_bytes) {
    return only(name, too_big_for("scenario", most_scenario_bytes));
  }
  auto parsed = parse_document(text, name);
  if (!parsed) return parsed.issues();
  toml::table root = std::move(*parsed);
  if (root.empty()) {
    return only(name,
                "is empty; a scenario has [scenario], [flavor.NAME], [[fleet]], "
                "[transaction.NAME] and [[clients]]");
  }
  Issues issues{std::string(name)};
  for (const std::string& setting : settings) apply_setting(root, setting, issues);
  if (seed) override_seed(root, *seed);

  Draft draft;
  draft.base = base;
  {
    TableReader reader(root, "the scenario", issues);
    read_sections(reader, draft);
    if (issues.empty()) check_memory(reader, draft.scenario);
  }  // here the reader reports the sections that nobody asked for
  if (!issues.empty()) return issues.take();
  const auto comment = opening_comment(text);
  draft.scenario.question = question_in(comment);
  draft.scenario.text = resolved_text(comment, root);
  return std::move(draft.scenario);
}

LoadedScenario load_scenario(const std::filesystem::path& file,
                             std::span<const std::string> settings,
                             std::optional<std::uint64_t> seed) {
  const auto text = read_text_file(file, most_scenario_bytes, "scenario");
  if (!text) return text.issues();
  return parse_scenario(*text, file.string(), file.parent_path(), settings, seed);
}

}  // namespace vm
