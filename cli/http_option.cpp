#include "cli/http_option.hpp"

#include "cli/options.hpp"
#include "real/link.hpp"
#include "vm/spelling.hpp"

namespace cli {

real::HttpServer::Options http_at(const std::string& text, const char* option) {
  const auto address = real::split_address(text);
  if (!address) throw UsageError{std::string{option} + ": " + address.error()};
  const auto& [host, port] = *address;
  boost::system::error_code no_address;
  boost::asio::ip::make_address(host, no_address);
  if (no_address) {
    throw UsageError{std::string{option} + ": " + vm::in_quotes(host) +
                     " is no address, such as 127.0.0.1"};
  }
  real::HttpServer::Options http;
  http.host = host;
  http.port = static_cast<std::uint16_t>(std::stoul(port));
  return http;
}

}  // namespace cli
