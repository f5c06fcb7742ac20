// Asks for a password without showing it.
#pragma once

#include <string>

namespace cli {

/// The password that somebody types twice at the terminal, or the first line of a standard input
/// that is none. Whatever happens, the terminal shows again what is typed.
///
///   name    whose it will be, for the question
///   throws  UsageError when the two differ or there is none
std::string ask_password(const std::string& name);

}  // namespace cli
