#include "cli/agent_users.hpp"

#include <iostream>

#include "cli/options.hpp"
#include "cli/password_prompt.hpp"
#include "real/accounts.hpp"
#include "real/fleet/agent_api.hpp"
#include "real/user_store.hpp"
#include "vm/spelling.hpp"

namespace cli {
namespace {

constexpr const char* adding =
    "usage: brink agent adduser --users FILE NAME [--admin]\n\n"
    "Lets NAME log in at an agent that was started with this file of users, which is made if it "
    "is\n"
    "not there. The password, 10 to 256 bytes, is asked for twice; where standard input is no\n"
    "terminal it is the first line of that. An agent that runs already knows the user at once.\n\n";
constexpr const char* adding_example =
    "\nexample: brink agent adduser --users agent.users alice\n"
    "exit: 0 added, 2 bad usage, no fit password, or the name is taken, 3 the file refuses\n";
constexpr const char* removing =
    "usage: brink agent removeuser --users FILE NAME\n\n"
    "Lets NAME in no more, also with a token that he has already.\n\n";
constexpr const char* removing_example =
    "\nexample: brink agent removeuser --users agent.users alice\n"
    "exit: 0 removed, 2 bad usage or no such user, 3 the file refuses\n";

struct Wanted {
  std::string users;
  std::vector<std::string> names;
  bool admin = false;
};

/// False when --help was asked for.
bool parse(Options& options, Wanted& wanted, Arguments arguments) {
  options.shown.add_options()("users",
                              boost::program_options::value(&wanted.users)->value_name("FILE"),
                              "the file of users");
  options.add_rest("name", wanted.names);
  if (!options.parse(arguments)) return false;
  if (wanted.users.empty()) throw UsageError{"needs --users FILE"};
  if (wanted.names.size() != 1) throw UsageError{"needs one NAME"};
  if (!real::is_fit_name(wanted.names[0])) {
    throw UsageError{
        "a name has 1 to 64 of a-z A-Z 0-9 . _ -, not beginning with a sign, and is "
        "not " +
        vm::in_quotes(wanted.names[0])};
  }
  return true;
}

}  // namespace

int agent_adduser(Arguments arguments) {
  Wanted wanted;
  Options options;
  options.shown.add_options()("admin", boost::program_options::bool_switch(&wanted.admin),
                              "may have commands run that --allow names");
  if (!parse(options, wanted, arguments)) {
    std::cout << adding << options.shown << adding_example;
    return exit_done;
  }
  const std::string& name = wanted.names[0];
  real::UserStore users{wanted.users};
  const auto taken = [&] {
    return UsageError{wanted.users + ": there is a " + vm::in_quotes(name) +
                      " already; brink agent removeuser makes room"};
  };
  if (users.scope_of(name)) throw taken();  // before anybody has typed a password
  std::string password = ask_password(name);
  if (!real::is_fit_password(password)) throw UsageError{"a password has 10 to 256 bytes"};
  const std::string hash = real::password_hash(password);
  real::wipe(password);
  if (hash.empty()) throw std::bad_alloc{};
  const auto scope = wanted.admin ? real::admin_scope : real::read_scope;
  if (!users.add(name, hash, real::unix_now(), scope)) throw taken();
  std::cout << name << " may log in, with the scope " << scope << '\n';
  return exit_done;
}

int agent_removeuser(Arguments arguments) {
  Wanted wanted;
  Options options;
  if (!parse(options, wanted, arguments)) {
    std::cout << removing << options.shown << removing_example;
    return exit_done;
  }
  if (!std::filesystem::exists(wanted.users)) {
    throw UsageError{wanted.users + ": there is no such file"};
  }
  real::UserStore users{wanted.users};
  if (!users.remove(wanted.names[0])) {
    throw UsageError{wanted.users + ": there is no " + vm::in_quotes(wanted.names[0])};
  }
  std::cout << wanted.names[0] << " is let in no more\n";
  return exit_done;
}

}  // namespace cli
