// AllowTable: the commands of a table of TOML, for what reads such tables. See allow_file.hpp.
#pragma once

#include "real/fleet/allow_file.hpp"
#include "vm/toml_reader.hpp"

namespace real {

/// All `name = ["/path", "word", …]` of a table. What is wrong with it becomes issues.
std::vector<AllowedCommand> read_allow_table(toml::table& table, vm::Issues& issues);

}  // namespace real
