#include "cli/options.hpp"

#include <string_view>

#include "vm/spelling.hpp"

namespace cli {
namespace po = boost::program_options;
namespace {

std::string no_such(const std::string& option, const po::options_description& shown) {
  std::vector<std::string> names;
  for (const auto& known : shown.options()) names.push_back("--" + known->long_name());
  std::vector<std::string_view> begun, valid(names.begin(), names.end());
  for (const std::string_view name : valid) {
    if (option.size() > 2 && name.starts_with(option)) begun.push_back(name);
  }
  const std::string meant = begun.size() == 1 ? "; did you mean " + vm::in_quotes(begun[0]) + "?"
                                              : vm::suggestion(option, valid);
  return "there is no option " + vm::in_quotes(option) + meant;
}

}  // namespace

bool Options::parse(Arguments arguments) {
  using Style = po::command_line_style::style_t;
  constexpr int style = Style::unix_style & ~Style::allow_guessing;
  shown.add_options()("help", "show this help");
  po::options_description all;
  all.add(shown).add(hidden);
  po::variables_map values;
  try {
    const std::vector<std::string> words{arguments.begin(), arguments.end()};
    const auto parsed =
        po::command_line_parser(words).options(all).positional(positional).style(style).run();
    po::store(parsed, values);
  } catch (const po::unknown_option& error) {
    throw UsageError(no_such(error.get_option_name(), shown));
  }
  if (values.count("help") != 0) return false;
  po::notify(values);
  return true;
}

}  // namespace cli
