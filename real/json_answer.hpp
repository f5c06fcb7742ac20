// JsonAnswer: what the HTTP interfaces have in common: bodies that are JSON objects, answers that
// are, and what an attempt to log in comes to.
//
// An error is {"error": "..."}. What a client or a process wrote may be no UTF-8, or markup: it is
// shown with replacements, and <, >, & stand as \u003c and so on, so that no answer can be read as
// a page, whoever embeds it where.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "real/accounts.hpp"
#include "real/http.hpp"
#include "sim/result.hpp"

namespace real {

Response tell(unsigned status, const nlohmann::json& body);
Response object_to(const std::string& what, unsigned status = 400);
/// Who comes again too early is told when.
Response later(unsigned status, const std::string& what, sim::Duration wait);

/// The object that a request's body is, with no other members than these; or what is wrong with it.
sim::Result<nlohmann::json> object_of(const Request& request,
                                      std::initializer_list<std::string_view> names);

/// Who asks to be let in: the members `name_member` and "password".
sim::Result<std::pair<std::string, std::string>> credentials(const Request& request,
                                                             std::string_view name_member);

/// `welcome`, or why not.
Response verdict(const Accounts::Answer& answer, Response welcome);

}  // namespace real
