// Who may log in at an agent: brink agent adduser and removeuser.
#pragma once

#include "cli/verbs.hpp"

namespace cli {

int agent_adduser(Arguments arguments);
int agent_removeuser(Arguments arguments);

}  // namespace cli
