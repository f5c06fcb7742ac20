#include "real/fleet/allow_file.hpp"

#include "real/fleet/allow_table.hpp"
#include "real/fleet/fleet_names.hpp"
#include "real/secret_file.hpp"
#include "vm/spelling.hpp"
#include "vm/toml_writer.hpp"

namespace real {
namespace {

constexpr std::size_t most_words = 64;

std::vector<std::string> read_words(const vm::Value& value) {
  std::vector<std::string> words;
  auto* list = value.as_array("[\"/usr/bin/uptime\"]", most_words);
  if (list == nullptr) return words;
  for (auto& element : *list) {
    auto word = value.at(element).as_text();
    if (word && !is_one_line(*word)) {
      value.at(element).wrong("expected a word without line ends, found " + vm::in_quotes(*word));
      word.reset();
    }
    if (word) words.push_back(std::move(*word));
  }
  if (words.size() == list->size() && words.front().front() != '/') {
    value.wrong("expected an absolute path first, such as /usr/bin/uptime, found " +
                vm::in_quotes(words.front()));
  }
  return words;
}

}  // namespace

std::vector<AllowedCommand> read_allow_table(toml::table& table, vm::Issues& issues) {
  std::vector<AllowedCommand> commands;
  if (table.size() > most_allowed) {
    issues.add(table.source(), "expected at most " + std::to_string(most_allowed) +
                                   " commands, found " + std::to_string(table.size()));
    return commands;
  }
  for (const auto& [key, node] : vm::in_order(table)) {
    const std::string name{key->str()};
    if (!vm::is_name(name)) {
      issues.add(key->source(),
                 "a command's name is letters, digits, '-' and '_' and begins with a letter, "
                 "found " +
                     vm::in_quotes(name));
    }
    commands.push_back({name, read_words({*node, name, issues})});
  }
  return commands;
}

LoadedCommands parse_allow_file(std::string_view text, std::string_view name) {
  auto document = vm::parse_document(text, name);
  if (!document) return document.issues();
  vm::Issues issues{std::string{name}};
  auto commands = read_allow_table(*document, issues);
  if (!issues.empty()) return issues.take();
  return commands;
}

LoadedCommands read_allow_file(const std::filesystem::path& file) {
  return parse_allow_file(read_orders(file, most_allow_bytes), file.string());
}

std::string write_allow_file(const std::vector<AllowedCommand>& commands) {
  std::string text;
  for (const AllowedCommand& command : commands) {
    std::string list;
    for (const std::string& word : command.words) {
      list += (list.empty() ? "" : ", ") + vm::toml_text(word);
    }
    text += command.name + " = [" + list + "]\n";
  }
  return text;
}

}  // namespace real
