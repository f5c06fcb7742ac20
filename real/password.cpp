#include "real/password.hpp"

#include <array>

#include <sodium.h>

#include "sim/check.hpp"

namespace real {

bool is_fit_password(std::string_view password) {
  return password.size() >= 10 && password.size() <= 256;
}

std::string password_hash(std::string_view password, const PasswordCost& cost) {
  SIM_CHECK(sodium_init() >= 0);
  std::array<char, crypto_pwhash_STRBYTES> text{};
  const int failed =
      crypto_pwhash_str(text.data(), password.data(), password.size(), cost.passes, cost.memory);
  return failed == 0 ? text.data() : "";
}

bool is_password(const std::string& hash, std::string_view password) {
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

void wipe(std::string& secret) {
  sodium_memzero(secret.data(), secret.size());
}

}  // namespace real
