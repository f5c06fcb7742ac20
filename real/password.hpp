// Password: what a password must look like, and its Argon2id hash.
//
// A hash takes 19 MiB and some 60 ms on purpose; whoever computes them for strangers must bound how
// many (accounts.hpp does).
//
//   source   RFC 9106; OWASP Password Storage Cheat Sheet (m = 19 MiB, t = 2, p = 1 at the least)
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace real {

/// What one hash costs. Less than these is for tests that need many.
struct PasswordCost {
  std::size_t memory = std::size_t{19} << 20;  // bytes
  unsigned passes = 2;
};

/// 10 to 256 bytes.
bool is_fit_password(std::string_view password);

/// Argon2id with p = 1 and a new salt, in its text form, which names its cost; empty when there is
/// no memory for it.
std::string password_hash(std::string_view password, const PasswordCost& cost = {});

/// Whether `hash` is of this password.
bool is_password(const std::string& hash, std::string_view password);

/// Overwrites a secret that is needed no longer, in a way that no compiler leaves out.
void wipe(std::string& secret);

}  // namespace real
