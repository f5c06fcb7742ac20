#include "real/fleet/seal.hpp"

#include <sodium.h>

#include "sim/check.hpp"

namespace real {
namespace {

constexpr char version = 1;
constexpr std::size_t counter_size = 8;
constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t head_size = 1 + counter_size;
static_assert(seal_overhead == head_size + nonce_size + tag_size);
static_assert(Key::size == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

void append_big_endian(std::string& to, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) to.push_back(static_cast<char>(value >> shift));
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes.substr(0, counter_size)) {
    value = value << 8 | static_cast<unsigned char>(byte);
  }
  return value;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string answer_name(std::string_view name) {
  return std::string{name}.append("/answer");
}

}  // namespace

std::string seal(const Key& key, std::string_view name, std::uint64_t counter,
                 std::string_view plain) {
  SIM_CHECK(sodium_init() >= 0);
  std::string body{version};
  append_big_endian(body, counter);
  const std::string head_and_name = body + std::string{name};
  body.resize(seal_overhead + plain.size());
  auto* const nonce = reinterpret_cast<unsigned char*>(body.data()) + head_size;
  randombytes_buf(nonce, nonce_size);
  crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + nonce_size, nullptr, bytes_of(plain),
                                             plain.size(), bytes_of(head_and_name),
                                             head_and_name.size(), nullptr, nonce, key.data());
  return body;
}

sim::Result<Opened> open_sealed(const Key& key, std::string_view name, std::string_view body) {
  SIM_CHECK(sodium_init() >= 0);
  if (body.size() < seal_overhead) return sim::Error{"too short for a sealed body"};
  if (body.front() != version) return sim::Error{"a sealed body of another version"};
  const std::string head_and_name = std::string{body.substr(0, head_size)} + std::string{name};
  const std::string_view nonce = body.substr(head_size, nonce_size);
  const std::string_view sealed = body.substr(head_size + nonce_size);
  Opened opened{big_endian(body.substr(1)), std::string(sealed.size() - tag_size, '\0')};
  auto* const plain = reinterpret_cast<unsigned char*>(opened.plain.data());
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          plain, nullptr, nullptr, bytes_of(sealed), sealed.size(), bytes_of(head_and_name),
          head_and_name.size(), bytes_of(nonce), key.data()) != 0) {
    return sim::Error{"not sealed with this key, for this name, or changed since"};
  }
  return opened;
}

std::string seal_answer(const Key& key, std::string_view name, std::uint64_t counter,
                        const SealedAnswer& answer) {
  std::string plain{answer.stored ? '\1' : '\0'};
  append_big_endian(plain, answer.last);
  return seal(key, answer_name(name), counter, plain);
}

sim::Result<SealedAnswer> open_answer(const Key& key, std::string_view name, std::uint64_t counter,
                                      std::string_view body) {
  const auto opened = open_sealed(key, answer_name(name), body);
  if (!opened) return sim::Error{opened.error()};
  if (opened->counter != counter) return sim::Error{"the answer to something else"};
  if (opened->plain.size() != 1 + counter_size) return sim::Error{"no answer of ours"};
  return SealedAnswer{opened->plain.front() == 1, big_endian(opened->plain.substr(1))};
}

}  // namespace real
