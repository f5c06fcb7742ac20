#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <boost/program_options.hpp>

#include "cli/verbs.hpp"
#include "vm/spelling.hpp"

namespace {

struct Verb {
  std::string_view name;
  std::string_view arguments;
  std::string_view does;
  int (*play)(cli::Arguments);
};

constexpr std::array verbs{
    Verb{"run", "FILE...", "simulate scenarios: progress, failovers as they happen, a summary",
         cli::run},
    Verb{"real", "FILE...", "play scenarios with real processes and check their books",
         cli::real_world},
    Verb{"check", "FILE...", "validate scenarios and say what theory predicts, without running",
         cli::check},
    Verb{"sweep", "FILE", "play many variants of a scenario on all cores, in one table",
         cli::sweep},
    Verb{"view", "RUN", "the window: replay a run, watch a simulation, or write a picture",
         cli::view},
    Verb{"report", "RUN", "print the summary of a run again", cli::report},
    Verb{"replay", "RUN", "tell a real run's journal to fresh decision makers and compare",
         cli::replay},
    Verb{"gateway", "", "where clients knock in a real run", cli::gateway},
    Verb{"agent", "", "sample this host for Prometheus, or for a gateway", cli::agent},
    Verb{"compare", "RUN RUN", "the figures of two runs side by side", cli::compare},
    Verb{"node", "", "stand for one machine of a real run", cli::node},
    Verb{"fleet", "STEP FILE", "agents on machines over SSH, their alerts, their uptime",
         cli::fleet},
    Verb{"remote", "FILE HOST...", "run a command on a host of a fleet as if it ran here",
         cli::remote},
    Verb{"janitor", "FOLDER", "remove what a real run that was killed leaves behind", cli::janitor},
};

void print_help(std::ostream& out) {
  out << "brink pushes clouds past their limits and shows what breaks, what the failover saves\n"
         "and what would have been enough.\n\n"
         "usage: brink VERB [OPTIONS] ...\n\n";
  for (const Verb& verb : verbs) {
    std::string left = "  " + std::string{verb.name} + " " + std::string{verb.arguments};
    left.resize(20, ' ');
    out << left << verb.does << '\n';
  }
  out << "\n  brink VERB --help   shows a verb's options and an example\n";
}

int play(std::vector<std::string> arguments) {
  if (arguments.empty()) {
    print_help(std::cerr);
    return cli::exit_usage;
  }
  if (arguments.front() == "help" && arguments.size() > 1) arguments = {arguments[1], "--help"};
  const std::string name = arguments.front();
  if (name == "--help" || name == "-h" || name == "help") {
    print_help(std::cout);
    return cli::exit_done;
  }
  for (const Verb& verb : verbs) {
    if (verb.name == name) return verb.play(cli::Arguments{arguments}.subspan(1));
  }
  std::vector<std::string_view> names;
  names.reserve(verbs.size());
  for (const Verb& verb : verbs) names.push_back(verb.name);
  throw cli::UsageError("there is no verb " + vm::in_quotes(name) + vm::suggestion(name, names) +
                        "; brink --help lists them");
}

/// Nobody may take what did not arrive for what there was to say.
int unless_output_failed(int code) {
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout) return code;
  std::cerr << "brink: cannot write to standard output\n";
  return cli::exit_outside;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an output error, not a death
  try {
    return unless_output_failed(play({argv + 1, argv + argc}));
  } catch (const cli::UsageError& error) {
    std::cerr << "brink: " << error.what() << '\n';
    return cli::exit_usage;
  } catch (const boost::program_options::error& error) {
    std::cerr << "brink: " << error.what() << '\n';
    return cli::exit_usage;
  } catch (const std::filesystem::filesystem_error& refused) {
    std::cerr << "brink: " << refused.path1().string() << ": " << refused.code().message() << '\n';
    return cli::exit_outside;
  } catch (const std::exception& failure) {
    std::cerr << "brink: " << failure.what() << '\n';
    return cli::exit_outside;
  }
}
