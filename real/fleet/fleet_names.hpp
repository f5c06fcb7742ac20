// FleetNames: what the names and addresses of a fleet may hold. See real/fleet/fleet_file.hpp.
#pragma once

#include <string_view>

namespace real {

/// Letters, digits, '.', '-', '_'; begins with a letter or digit; at most 64. Also what may stand
/// in PUT /agents/NAME/samples.
bool is_host_name(std::string_view text);
/// A host name or an IP address, of either version and with its zone, without brackets.
bool is_network_address(std::string_view text);
/// HOST:PORT with a network address, in brackets where it has colons, and a port above 0.
bool is_host_and_port(std::string_view text);
/// The same with an IP address, on which one can listen.
bool is_ip_and_port(std::string_view text);
/// Whether nobody beyond this machine reaches what listens at an is_ip_and_port().
bool is_loopback(std::string_view ip_and_port);
/// http://HOST:PORT, or https://HOST:PORT, and no more.
bool is_http_url(std::string_view text);
bool is_https_url(std::string_view text);
/// Letters, digits, '.', '-', '_'; begins with a letter, digit or '_'; at most 64.
bool is_user_name(std::string_view text);
/// local@domain without quotes, comments, blanks or anything beyond ASCII; at most 254 characters.
bool is_mail_address(std::string_view text);
/// Visible text: not empty, no control characters, at most 1024 bytes.
bool is_one_line(std::string_view text);
/// One line that names a folder below where it starts: neither absolute, nor with '.' or '..'.
bool is_folder_below(std::string_view text);

}  // namespace real
