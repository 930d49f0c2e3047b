#include "wire/http/tls.hpp"

#include "wire/http/certificate.hpp"
#include "wire/http/private_file.hpp"

#include <fmt/core.h>
#include <limits.h>
#include <openssl/ssl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>

namespace vmms::wire::http {
namespace {

constexpr std::size_t largest_pem = 1024 * 1024;

/// The pair in the state folder, made when there is none that can be used.
Result<CertificateAndKey> self_signed(const std::string& state) {
  if (state.empty()) {
    return error(Failure::invalid_argument,
                 "TLS needs a certificate: name its file, or a state folder in which a self-signed one can be kept");
  }
  const std::string certificate_path = state + "/tls-certificate.pem";
  const std::string key_path = state + "/tls-key.pem";
  const Result<std::string> certificate = read_file(certificate_path, largest_pem);
  const Result<std::string> key = read_private_file(key_path, largest_pem);
  if (certificate && key && is_valid_now(*certificate)) return CertificateAndKey{*certificate, *key};
  // A file that is there but cannot be read is not ours to replace.
  if (!certificate && certificate.error().kind != Failure::not_found) return certificate.error();
  if (!key && key.error().kind != Failure::not_found) return key.error();

  std::error_code ec;
  std::filesystem::create_directories(state, ec);
  if (ec) return error(Failure::failed, fmt::format("cannot make the state folder {}: {}", state, ec.message()));
  char host[HOST_NAME_MAX + 1] = {};
  ::gethostname(host, sizeof host - 1);
  Result<CertificateAndKey> made = make_self_signed_certificate(host);
  if (!made) return made;
  if (const Status written = write_private_file(key_path, made->key); !written) return written.error();
  if (const Status written = write_private_file(certificate_path, made->certificate); !written) return written.error();
  spdlog::info("made a self-signed certificate for {}: {} (SHA-256 {})", host, certificate_path,
               sha256_fingerprint(made->certificate));
  return made;
}

Result<CertificateAndKey> configured(const TlsFiles& files) {
  const Result<std::string> certificate = read_file(files.certificate, largest_pem);
  if (!certificate) return certificate.error();
  const Result<std::string> key = read_private_file(files.key.empty() ? files.certificate : files.key, largest_pem);
  if (!key) return key.error();
  return CertificateAndKey{*certificate, *key};
}

/// Of the TLS 1.3 suites that the system allows, the one that every implementation has comes first (RFC 8446 9.1):
/// deriving keys with the SHA-384 of OpenSSL's first takes a fifth of a resumed handshake.
void prefer_aes128(SSL_CTX* context) {
  std::string first;
  std::string others;
  const STACK_OF(SSL_CIPHER)* suites = SSL_CTX_get_ciphers(context);
  for (int i = 0; i < sk_SSL_CIPHER_num(suites); ++i) {
    const SSL_CIPHER* const suite = sk_SSL_CIPHER_value(suites, i);
    if (SSL_CIPHER_get_protocol_id(suite) >> 8 != 0x13) continue;  // RFC 8446 B.4
    std::string& list = SSL_CIPHER_get_cipher_nid(suite) == NID_aes_128_gcm ? first : others;
    list += std::string(SSL_CIPHER_get_name(suite)) + ':';
  }
  if (!first.empty()) SSL_CTX_set_ciphersuites(context, (first + others).c_str());
}

}  // namespace

Result<std::unique_ptr<boost::asio::ssl::context>> make_tls_context(const TlsFiles& files) {
  namespace ssl = boost::asio::ssl;
  const bool own = files.certificate.empty();
  const Result<CertificateAndKey> pair = own ? self_signed(files.state) : configured(files);
  if (!pair) return pair.error();

  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  // Of TLS 1.2 what has forward secrecy and authenticated encryption.
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20");
  // Sessions travel in tickets; keeping them in the server as well would waste memory and time.
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  prefer_aes128(native);

  // OpenSSL would ask the terminal for the passphrase of an encrypted key.
  SSL_CTX_set_default_passwd_cb(native, [](char*, int, int, void*) { return -1; });

  const std::string& certificate_path = own ? files.state : files.certificate;
  const std::string& key_path = own ? files.state : (files.key.empty() ? files.certificate : files.key);
  boost::system::error_code ec;
  context->use_certificate_chain(boost::asio::buffer(pair->certificate), ec);
  if (ec) {
    return error(Failure::invalid_argument,
                 fmt::format("no certificate in PEM form can be read from {}: {}", certificate_path, ec.message()));
  }
  context->use_private_key(boost::asio::buffer(pair->key), ssl::context::pem, ec);
  if (ec) {
    return error(
        Failure::invalid_argument,
        fmt::format("no unencrypted private key in PEM form that fits the certificate in {} can be read from {}: {}",
                    certificate_path, key_path, ec.message()));
  }
  return context;
}

}  // namespace vmms::wire::http
