#include "wire/http/certificate.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

namespace vmms::wire::http {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;

bool add_dns_name(GENERAL_NAMES* names, const std::string& name) {
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  GENERAL_NAME* general = GENERAL_NAME_new();
  if (text == nullptr || general == nullptr || ASN1_STRING_set(text, name.data(), static_cast<int>(name.size())) != 1) {
    ASN1_IA5STRING_free(text);
    GENERAL_NAME_free(general);
    return false;
  }
  GENERAL_NAME_set0_value(general, GEN_DNS, text);
  return sk_GENERAL_NAME_push(names, general) > 0;
}

bool add_address(GENERAL_NAMES* names, const char* address) {
  ASN1_OCTET_STRING* octets = a2i_IPADDRESS(address);
  GENERAL_NAME* general = GENERAL_NAME_new();
  if (octets == nullptr || general == nullptr) {
    ASN1_OCTET_STRING_free(octets);
    GENERAL_NAME_free(general);
    return false;
  }
  GENERAL_NAME_set0_value(general, GEN_IPADD, octets);
  return sk_GENERAL_NAME_push(names, general) > 0;
}

bool add_extension(X509* certificate, int nid, const char* value) {
  const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// A host's name goes into the certificate only when it is one (RFC 1123), whatever gethostname() says.
bool is_dns_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

bool fill(X509* certificate, EVP_PKEY* key, const std::string& host) {
  unsigned char serial[16];
  if (RAND_bytes(serial, sizeof serial) != 1) return false;
  serial[0] &= 0x7f;  // positive
  serial[0] |= 0x40;
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  const bool numbered = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  if (!numbered) return false;

  X509_set_version(certificate, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -24L * 3600);  // clocks of clients may be slow
  X509_time_adj_ex(X509_getm_notAfter(certificate), 3650, 0, nullptr);
  X509_NAME* subject = X509_get_subject_name(certificate);
  // A common name has at most 64 characters (RFC 5280 upper bounds); clients look at the alternative names anyway.
  const std::string common = is_dns_name(host) && host.size() <= 64 ? host : "localhost";
  if (X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common.c_str()),
                                 -1, -1, 0) != 1 ||
      X509_set_issuer_name(certificate, subject) != 1 || X509_set_pubkey(certificate, key) != 1) {
    return false;
  }
  const Names names(GENERAL_NAMES_new());
  if (!names || (is_dns_name(host) && host != "localhost" && !add_dns_name(names.get(), host)) ||
      !add_dns_name(names.get(), "localhost") || !add_address(names.get(), "127.0.0.1") ||
      !add_address(names.get(), "::1")) {
    return false;
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1 &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
         add_extension(certificate, NID_ext_key_usage, "serverAuth") && X509_sign(certificate, key, EVP_sha256()) > 0;
}

std::string content(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

Certificate read(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Certificate certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  ERR_clear_error();
  return certificate;
}

}  // namespace

Result<CertificateAndKey> make_self_signed_certificate(const std::string& host) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_mem()));
  if (!key || !certificate || !certificate_text || !key_text || !fill(certificate.get(), key.get(), host) ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    char reason[256];
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    ERR_clear_error();
    return error(Failure::internal, fmt::format("OpenSSL cannot make a self-signed certificate: {}", reason));
  }
  return CertificateAndKey{content(certificate_text.get()), content(key_text.get())};
}

bool is_valid_now(const std::string& certificate) {
  const Certificate read_one = read(certificate);
  return read_one && X509_cmp_current_time(X509_get0_notAfter(read_one.get())) > 0;
}

std::string sha256_fingerprint(const std::string& certificate) {
  const Certificate read_one = read(certificate);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!read_one || X509_digest(read_one.get(), EVP_sha256(), digest, &size) != 1) return {};
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{}{:02X}", i == 0 ? "" : ":", digest[i]);
  return text;
}

}  // namespace vmms::wire::http
