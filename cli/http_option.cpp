#include "cli/http_option.hpp"

#include <filesystem>

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

void HttpSafety::add_options(boost::program_options::options_description& shown) {
  namespace po = boost::program_options;
  auto add = shown.add_options();
  add("certificate", po::value(&certificate)->value_name("FILE"),
      "speak HTTPS with this certificate (PEM, with those between it and its root)");
  add("private-key", po::value(&private_key)->value_name("FILE"),
      "the certificate's key, in a file of mode 0600");
  add("plain-http", po::bool_switch(&plain_http),
      "serve beyond loopback without TLS: everybody on the way can read and change it");
}

void HttpSafety::apply(real::HttpServer::Options& http) const {
  if (certificate.empty() != private_key.empty()) {
    throw UsageError{"--certificate and --private-key belong together"};
  }
  if (!certificate.empty()) {
    if (plain_http) throw UsageError{"--plain-http and --certificate exclude each other"};
    http.certificate = real::Certificate{.chain = certificate, .key = private_key};
  } else if (!plain_http && !boost::asio::ip::make_address(http.host).is_loopback()) {
    throw UsageError{vm::in_quotes(http.host) +
                     " is beyond loopback: give it --certificate and --private-key, or say "
                     "--plain-http"};
  }
}

std::vector<std::string> HttpSafety::words() const {
  std::vector<std::string> all;
  if (plain_http) all.emplace_back("--plain-http");
  if (certificate.empty()) return all;
  const auto absolute = [](const std::string& file) {
    return std::filesystem::absolute(file).string();
  };
  for (const auto& word : {std::string{"--certificate"}, absolute(certificate),
                           std::string{"--private-key"}, absolute(private_key)}) {
    all.push_back(word);
  }
  return all;
}

}  // namespace cli
