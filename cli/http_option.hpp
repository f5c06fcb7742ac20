// Where and how a verb serves HTTP, as its options say.
//
// What goes over a network in plain HTTP, passwords and tokens among it, everybody on the way can
// read and change. So beyond loopback there must be a certificate, or the words --plain-http.
#pragma once

#include <string>
#include <vector>

#include <boost/program_options.hpp>

#include "real/http_server.hpp"

namespace cli {

/// Throws UsageError, which names the option, unless `text` is ADDRESS:PORT.
real::HttpServer::Options http_at(const std::string& text, const char* option);

/// How it is kept from strangers on the way.
struct HttpSafety {
  std::string certificate, private_key;
  bool plain_http = false;

  void add_options(boost::program_options::options_description& shown);
  /// Throws UsageError where they do not go together, or do not allow this address.
  void apply(real::HttpServer::Options& http) const;
  /// The same for another brink to be started, wherever it is started from.
  std::vector<std::string> words() const;
};

}  // namespace cli
