// A certificate that a test makes for itself, for localhost or others, good for a day.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "real/http_stream.hpp"

namespace made_certificate {

template <auto Free>
struct Freed {
  void operator()(auto* thing) const { Free(thing); }
};
inline void close_file(FILE* file) {
  std::fclose(file);
}

/// Writes NAME.pem and NAME.key into the folder. `made_for` as OpenSSL writes names: "IP:10.0.0.1".
inline real::Certificate make(const std::filesystem::path& folder,
                              const std::string& name = "localhost",
                              const std::string& made_for = "DNS:localhost") {
  const std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>> key{EVP_EC_gen("P-256")};
  const std::unique_ptr<X509, Freed<X509_free>> made{X509_new()};
  X509* const x509 = made.get();
  X509_set_version(x509, 2);  // the third
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), 86'400);
  X509_set_pubkey(x509, key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(x509, X509_get_subject_name(x509));
  const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> names{
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, made_for.c_str())};
  X509_add_ext(x509, names.get(), -1);
  X509_sign(x509, key.get(), EVP_sha256());
  const real::Certificate files{.chain = folder / (name + ".pem"), .key = folder / (name + ".key")};
  const auto open = [](const std::filesystem::path& path) {
    return std::unique_ptr<FILE, Freed<close_file>>{std::fopen(path.c_str(), "w")};
  };
  PEM_write_X509(open(files.chain).get(), x509);
  PEM_write_PrivateKey(open(files.key).get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  ::chmod(files.key.c_str(), 0600);
  ::chmod(files.chain.c_str(), 0644);
  return files;
}

}  // namespace made_certificate
