#include "real/fleet/mail.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

#include <sodium.h>

#include "real/fleet/mail_library.hpp"
#include "real/secret_file.hpp"

namespace real {
namespace {

constexpr std::size_t most_subject = 200;  // bytes
constexpr std::size_t most_line = 72;      // of a quoted-printable line, its "=" not counted

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

/// One line of visible ASCII, or encoded words of at most 75 characters.
std::string header_text(std::string_view text) {
  std::string line{text.substr(0, most_subject)};
  std::replace_if(line.begin(), line.end(), is_control, '?');
  const auto beyond = [](char c) { return static_cast<unsigned char>(c) > 0x7e; };
  if (std::none_of(line.begin(), line.end(), beyond) && line.find("=?") == std::string::npos) {
    return line;
  }
  std::string words;
  for (std::size_t at = 0; at < line.size();) {
    std::size_t size = std::min<std::size_t>(42, line.size() - at);
    // Not within a character of UTF-8.
    while (size > 38 && at + size < line.size() &&
           (static_cast<unsigned char>(line[at + size]) & 0xc0) == 0x80) {
      --size;
    }
    std::array<char, 64> coded{};
    sodium_bin2base64(coded.data(), coded.size(),
                      reinterpret_cast<const unsigned char*>(line.data()) + at, size,
                      sodium_base64_VARIANT_ORIGINAL);
    words.append(words.empty() ? "" : "\r\n ").append("=?UTF-8?B?");
    words.append(coded.data()).append("?=");
    at += size;
  }
  return words;
}

std::string quoted_printable(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out, line;
  const auto flush = [&] {
    if (!line.empty() && line.back() == ' ') line.back() = '=', line.append("20");
    out.append(line).append("\r\n");
    line.clear();
  };
  for (const char c : text) {
    if (c == '\n') {
      flush();
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (line.size() >= most_line) {
      out.append(line).append("=\r\n");
      line.clear();
    }
    if (c == '=' || is_control(c) || byte > 0x7e) {
      line.append({'=', digits[byte >> 4], digits[byte & 15]});
    } else {
      line.push_back(c);
    }
  }
  if (!line.empty()) flush();
  return out;
}

/// As RFC 5322 wants it, whatever the locale.
std::string date_of(sim::Time at) {
  const auto seconds = static_cast<std::time_t>(at.time_since_epoch() / std::chrono::seconds{1});
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 48> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S +0000", &parts);
  return {text.data(), size};
}

/// A message on its way out, as libcurl asks for it.
struct Outgoing {
  std::string wire;
  std::size_t at = 0;
  const std::function<bool()>* handing_over = nullptr;
  bool handed = false, refused = false;
};

std::size_t read_some(char* into, std::size_t size, std::size_t count, void* of) {
  auto& out = *static_cast<Outgoing*>(of);
  const std::size_t some = out.wire.copy(into, size * count, out.at);
  out.at += some;
  if (some > 0) return some;
  if (!out.handed) {  // the next that libcurl sends is the dot
    out.refused = !(*out.handing_over)();
    if (out.refused) return CURL_READFUNC_ABORT;
    out.handed = true;
  }
  return 0;
}

struct Words {  // a curl_slist
  explicit Words(const CurlLibrary& library) : curl(library) {}
  ~Words() { curl.slist_free_all(first); }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;
  void add(const std::string& word) { first = curl.slist_append(first, word.c_str()); }
  const CurlLibrary& curl;
  curl_slist* first = nullptr;
};

Delivery::Outcome outcome_of(CURLcode code, long response, bool handed) {
  if (code == CURLE_OK) return Delivery::Outcome::sent;
  // An answer of 4xx or 5xx came after the dot: it was not taken.
  if (handed && response < 400) return Delivery::Outcome::unsure;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_LOGIN_DENIED:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return Delivery::Outcome::away;
    default:
      return Delivery::Outcome::not_yet;
  }
}

}  // namespace

bool is_fit_address(std::string_view address) {
  const std::size_t at = address.rfind('@');
  if (address.size() > 254 || at == 0 || at == std::string_view::npos) return false;
  if (at + 1 == address.size()) return false;
  return std::none_of(address.begin(), address.end(), [](char c) {
    return is_control(c) || static_cast<unsigned char>(c) > 0x7e ||
           std::string_view{" <>()[]\\,;:\""}.find(c) != std::string_view::npos;
  });
}

std::string to_wire(const Letter& message) {
  std::string to;
  for (const std::string& address : message.to)
    to.append(to.empty() ? "" : ",\r\n ").append(address);
  std::string wire;
  wire.append("Date: ").append(date_of(message.at)).append("\r\n");
  wire.append("From: ").append(header_text(message.from)).append("\r\n");
  wire.append("To: ").append(to).append("\r\n");
  wire.append("Subject: ").append(header_text(message.subject)).append("\r\n");
  wire.append("Message-ID: <").append(header_text(message.id)).append(">\r\n");
  if (!message.answers.empty()) {
    wire.append("In-Reply-To: <").append(header_text(message.answers)).append(">\r\n");
  }
  wire.append("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
  wire.append("Content-Type: text/plain; charset=utf-8\r\n");
  wire.append("Content-Transfer-Encoding: quoted-printable\r\n\r\n");
  return wire.append(quoted_printable(message.body));
}

Mailer::Mailer(Options options) : options_(std::move(options)) {}

Mailer::~Mailer() {
  if (handle_ != nullptr) CurlLibrary::get().easy_cleanup(handle_);
}

Delivery Mailer::send(const Letter& message, const std::function<bool()>& handing_over) {
  std::vector<std::string> addresses = message.to;
  addresses.push_back(message.from);
  if (message.to.empty() || !std::ranges::all_of(addresses, is_fit_address)) {
    return {Delivery::Outcome::not_yet, "an address that is none"};
  }
  const CurlLibrary& curl = CurlLibrary::get();
  if (handle_ == nullptr) handle_ = curl.easy_init();
  const auto set = [&](CURLoption option, auto value) { curl.set_option(handle_, option, value); };
  Outgoing outgoing{to_wire(message), 0, &handing_over};
  Words recipients{curl};
  for (const std::string& address : message.to) recipients.add("<" + address + ">");
  const bool tls_at_once = options_.server.ends_with(":465");
  const std::string url = (tls_at_once ? "smtps://" : "smtp://") + options_.server;
  const std::string from = "<" + message.from + ">";
  std::string user, password;
  if (!options_.user_file.empty()) {
    std::string secret = read_secret_text(options_.user_file);
    const std::size_t end = secret.find('\n');
    user = secret.substr(0, end);
    if (end != std::string::npos)
      password = secret.substr(end + 1, secret.find('\n', end + 1) - end - 1);
    sodium_memzero(secret.data(), secret.size());
  }
  std::array<char, CURL_ERROR_SIZE> trouble{};
  set(CURLOPT_ERRORBUFFER, trouble.data());
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, 10L);
  set(CURLOPT_TIMEOUT, static_cast<long>(options_.patience.count()));
  set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  const bool may_be_plain = options_.plain && user.empty();
  set(CURLOPT_USE_SSL, static_cast<long>(may_be_plain ? CURLUSESSL_TRY : CURLUSESSL_ALL));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
  if (!user.empty()) {
    set(CURLOPT_USERNAME, user.c_str());
    set(CURLOPT_PASSWORD, password.c_str());
  }
  set(CURLOPT_MAIL_FROM, from.c_str());
  set(CURLOPT_MAIL_RCPT, recipients.first);
  set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_READFUNCTION, &read_some);
  set(CURLOPT_READDATA, static_cast<void*>(&outgoing));
  const CURLcode code = curl.easy_perform(handle_);
  sodium_memzero(password.data(), password.size());
  long response = 0;
  curl.get_info(handle_, CURLINFO_RESPONSE_CODE, &response);
  // What these point to ends here; the handle goes on.
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));
  set(CURLOPT_MAIL_RCPT, static_cast<curl_slist*>(nullptr));
  if (code == CURLE_OK) return {Delivery::Outcome::sent, ""};
  std::string why = trouble[0] != '\0' ? trouble.data() : curl.easy_strerror(code);
  std::replace_if(why.begin(), why.end(), is_control, '?');
  return {outcome_of(code, response, outgoing.handed), options_.server + ": " + why};
}

}  // namespace real
