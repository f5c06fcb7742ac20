#include "real/warden_line.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

namespace real {
namespace {

constexpr char separator = '\t';  // JSON writes one within a text as \t

}  // namespace

std::string warden_line(const nlohmann::json& head, std::string_view bytes) {
  std::string line = head.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (bytes.empty()) return line;
  line += separator;
  const std::size_t begin = line.size();
  line.resize(begin + (bytes.size() + 2) / 3 * 4 + 1);  // and the zero that is written behind it
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(line.data() + begin),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  line.resize(begin + static_cast<std::size_t>(size));
  return line;
}

bool try_parse_warden_line(std::string_view line, nlohmann::json& head, std::string& bytes) {
  const std::size_t tab = std::min(line.find(separator), line.size());
  head = nlohmann::json::parse(line.substr(0, tab), nullptr, false);
  bytes.clear();
  if (!head.is_object()) return false;
  const std::string_view text = line.substr(std::min(tab + 1, line.size()));
  if (text.empty()) return true;
  bytes.resize(text.size() / 4 * 3 + 3);
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return false;
  // What was filled up at the end comes back as zeros.
  std::size_t kept = static_cast<std::size_t>(size);
  for (std::size_t i = 1; i <= 2 && kept > 0 && text[text.size() - i] == '='; ++i) --kept;
  bytes.resize(kept);
  return true;
}

}  // namespace real
