// Self-signed certificates for servers without a configured one.
#pragma once

#include "base/result.hpp"

#include <string>

namespace vmms::wire::http {

struct CertificateAndKey {
  std::string certificate;  ///< PEM
  std::string key;          ///< PEM, PKCS #8, not encrypted
};

/// ECDSA P-256, valid for ten years from yesterday on, for `host`, localhost, 127.0.0.1 and ::1.
Result<CertificateAndKey> make_self_signed_certificate(const std::string& host);

/// Whether `certificate` (PEM) can be read and has not expired.
bool is_valid_now(const std::string& certificate);

/// "AB:CD:…" of the DER form, what browsers and `openssl x509 -fingerprint -sha256` show. Empty for no certificate.
std::string sha256_fingerprint(const std::string& certificate);

}  // namespace vmms::wire::http
