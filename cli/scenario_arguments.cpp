#include "cli/scenario_arguments.hpp"

#include <charconv>
#include <cstdio>
#include <utility>

#include "cli/verbs.hpp"
#include "vm/scenario_toml.hpp"
#include "vm/spelling.hpp"

namespace cli {
namespace {

std::uint64_t parse_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, seed);
  if (error == std::errc{} && rest == end && seed <= INT64_MAX) return seed;
  throw UsageError("--seed: expected a whole number from 0 to 9223372036854775807, got " +
                   vm::in_quotes(text));
}

}  // namespace

void ScenarioArguments::add_to(Options& options) {
  namespace po = boost::program_options;
  options.shown.add_options()("set", po::value(&settings)->composing()->value_name("KEY=VALUE"),
                              "another value for a key of the scenario; repeatable")(
      "seed", po::value<std::string>()->value_name("N")->notifier([this](const std::string& text) {
        seed = parse_seed(text);
      }),
      "another seed than the scenario's");
  options.add_rest("FILE", files);
}

std::optional<std::vector<vm::Scenario>> ScenarioArguments::load() {
  if (files.empty()) throw UsageError("no scenario file named; example: scenarios/overload.toml");
  std::vector<vm::Scenario> scenarios;
  bool wrong = false;
  for (const std::string& file : files) {
    auto loaded = vm::load_scenario(file, settings, seed);
    if (loaded) {
      scenarios.push_back(std::move(*loaded));
      continue;
    }
    wrong = true;
    for (const vm::Issue& issue : loaded.issues()) {
      std::fprintf(stderr, "%s\n", to_string(issue).c_str());
    }
  }
  if (wrong) return {};
  return scenarios;
}

}  // namespace cli
