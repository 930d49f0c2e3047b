// The server's side of TLS: its certificate and what it accepts.
#pragma once

#include "base/result.hpp"
#include "wire/http/server.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>

namespace vmms::wire::http {

/// TLS 1.2 and later with the certificate of `files`. Without one, a self-signed certificate (ECDSA P-256, for this
/// host's name, localhost, 127.0.0.1 and ::1) is made in `files.state`, unless a valid one lies there already.
Result<std::unique_ptr<boost::asio::ssl::context>> make_tls_context(const TlsFiles& files);

}  // namespace vmms::wire::http
