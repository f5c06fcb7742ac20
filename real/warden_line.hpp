// WardenLine: what a stage and its warden say to each other, one line each: a JSON object and,
// where bytes of a file go with it, a tab and the bytes in base64.
//
// The bytes stay outside the JSON because a parser that looks at each of them for quotes would cost
// ten times what carrying them does.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace real {

/// The line, without its end. Text that is no UTF-8 is made some.
std::string warden_line(const nlohmann::json& head, std::string_view bytes = {});

/// Takes a line apart: its head, which is an object, and the bytes behind it. False where it is no
/// such line, such as what a login says to everybody.
bool try_parse_warden_line(std::string_view line, nlohmann::json& head, std::string& bytes);

}  // namespace real
