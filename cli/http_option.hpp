// Where a verb serves HTTP, as its options say.
#pragma once

#include <string>

#include "real/http_server.hpp"

namespace cli {

/// Throws UsageError, which names the option, unless `text` is ADDRESS:PORT.
real::HttpServer::Options http_at(const std::string& text, const char* option);

}  // namespace cli
