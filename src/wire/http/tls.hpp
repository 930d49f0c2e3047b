// The server's side of TLS: its certificate and what it accepts.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace vmms::wire::http {

struct TlsFiles {
  std::string certificate;  ///< PEM, the server's certificate first, then intermediate ones; empty: self-signed
  std::string key;          ///< PEM; empty: it is in the certificate's file
  std::string state;        ///< folder for the self-signed pair: tls-certificate.pem and tls-key.pem
};

/// TLS 1.2 and later with the certificate of `files`. Without one, a self-signed certificate (ECDSA P-256, for this
/// host's name, localhost, 127.0.0.1 and ::1) is made in `files.state`, unless a valid one lies there already.
Result<std::unique_ptr<boost::asio::ssl::context>> make_tls_context(const TlsFiles& files);

}  // namespace vmms::wire::http
