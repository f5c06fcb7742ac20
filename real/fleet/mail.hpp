// Mail: a message as text, and a mailer that hands one to an SMTP server.
//
// Whatever a name holds, it cannot become a header or an address: line ends and control characters
// are replaced, what is not ASCII is encoded (RFC 2047), the body goes as quoted-printable.
//
// TLS is asked for with STARTTLS (port 465: from the first byte), and without it nothing is sent,
// so that somebody in between who strips the offer gets nothing. With `plain` a mail goes without
// TLS where the server has none, but never a password. Certificates are always checked.
//
// A message is handed over with its final dot. From then until the server's answer nobody can know
// whether it was taken; so `handing_over` is told just before the dot, and the outcome says when an
// answer never came.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/units.hpp"

namespace real {

struct Letter {
  std::string from;             // one address
  std::vector<std::string> to;  // addresses
  std::string subject;          // any text
  std::string body;             // any text, lines ended by '\n'
  std::string id;               // fixed for what it is about: "incident-7.opened.x1y2@example.org"
  sim::Time at;                 // unix time
  std::string answers{};        // id of the message that this one belongs to; empty: none
};

/// One word of the form a@b without anything that means something in a header or to a server.
bool is_fit_address(std::string_view address);

/// The whole message as it goes over the wire, with CRLF; without dot-stuffing.
std::string to_wire(const Letter& message);

struct Delivery {
  enum class Outcome {
    sent,     // taken by the server, for one recipient at the least
    not_yet,  // surely not taken: try again later
    away,     // there is no server: no mail can go at present
    unsure,   // the connection broke after the final dot and before the answer
  };
  Outcome outcome = Outcome::not_yet;
  std::string trouble;  // why, in words; empty when sent
};

class Mailer {
 public:
  struct Options {
    std::string server;               // HOST:PORT
    std::filesystem::path user_file;  // mode 0600: a line with the user, one with the password
    bool plain = false;
    std::filesystem::path ca_file;  // trusted besides the system's
    std::chrono::seconds patience{30};
  };

  explicit Mailer(Options options);
  ~Mailer();
  Mailer(const Mailer&) = delete;
  Mailer& operator=(const Mailer&) = delete;

  /// Blocks until the server has answered, at most `patience`. The connection is kept for the next.
  ///
  ///   handing_over  called once, just before the final dot; false: leave it
  Delivery send(const Letter& message, const std::function<bool()>& handing_over);

 private:
  Options options_;
  void* handle_ = nullptr;  // CURL*
};

}  // namespace real
