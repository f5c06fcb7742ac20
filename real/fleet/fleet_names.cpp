#include "real/fleet/fleet_names.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "real/asio.hpp"
#include "real/link.hpp"

namespace real {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Letters, digits and those of `more`.
bool consists_of(std::string_view text, std::string_view more) {
  return std::ranges::all_of(text, [more](char c) {
    return is_alphanumeric(c) || more.find(c) != std::string_view::npos;
  });
}

bool has_size(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most;
}

std::optional<asio::ip::address> ip_of(std::string_view text) {
  const auto parts = split_address(std::string{text});
  if (!parts) return {};
  boost::system::error_code none;
  const auto ip = asio::ip::make_address(parts->first, none);
  return none ? std::nullopt : std::optional{ip};
}

bool is_url(std::string_view text, std::string_view scheme) {
  return text.starts_with(scheme) && is_host_and_port(text.substr(scheme.size()));
}

}  // namespace

bool is_host_name(std::string_view text) {
  return has_size(text, 64) && is_alphanumeric(text.front()) && consists_of(text, ".-_");
}

bool is_network_address(std::string_view text) {
  return has_size(text, 253) && (is_alphanumeric(text.front()) || text.starts_with("::")) &&
         consists_of(text, ".-_:%");
}

bool is_host_and_port(std::string_view text) {
  const auto parts = split_address(std::string{text});
  if (!parts || std::stoul(parts->second) == 0) return false;
  const bool bare = text.front() != '[';
  return is_network_address(parts->first) && (!bare || parts->first.find(':') == std::string::npos);
}

bool is_ip_and_port(std::string_view text) {
  return is_host_and_port(text) && ip_of(text);
}

bool is_loopback(std::string_view ip_and_port) {
  const auto ip = ip_of(ip_and_port);
  return ip && ip->is_loopback();
}

bool is_http_url(std::string_view text) {
  return is_url(text, "http://");
}

bool is_https_url(std::string_view text) {
  return is_url(text, "https://");
}

bool is_user_name(std::string_view text) {
  return has_size(text, 64) && (is_alphanumeric(text.front()) || text.front() == '_') &&
         consists_of(text, ".-_");
}

bool is_mail_address(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || text.size() > 254) return false;
  const std::string_view local = text.substr(0, at), domain = text.substr(at + 1);
  return has_size(local, 64) && consists_of(local, "!#$%&'*+/=?^_`{|}~.-") && !domain.empty() &&
         is_alphanumeric(domain.front()) && consists_of(domain, ".-");
}

bool is_one_line(std::string_view text) {
  return has_size(text, 1024) && std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

bool is_folder_below(std::string_view text) {
  if (!is_one_line(text) || text.front() == '/' || text.front() == '~') return false;
  while (true) {
    const std::size_t slash = text.find('/');
    const std::string_view part = text.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

}  // namespace real
