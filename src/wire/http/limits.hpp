// What one client may cost. The ledger bounds the number of everything, and the bytes.
#pragma once

#include <chrono>
#include <cstddef>

namespace vmms::wire::http {

/// Bounds of every connection. None of the times needs its own timer: they are accurate to 20 ms.
struct Limits {
  /// Bytes of the request line, and of all header fields together, and of the framing of a body's chunks; beyond: 431.
  std::size_t header_bytes = 16 * 1024;
  /// Header fields of a request, and trailers; beyond: 431.
  std::size_t header_fields = 128;
  /// Empty lines before a request, which are ignored; beyond: 400.
  std::size_t empty_lines = 4;
  /// Bytes of a request's body, after chunked coding is undone; beyond: 413.
  std::size_t body_bytes = 8 * 1024 * 1024;
  /// Bytes of an unwanted body that are read nevertheless, so that the connection can stay; beyond: the answer is the
  /// last one.
  std::size_t unwanted_bytes = 1024 * 1024;
  /// Bytes of a request that is answered to everybody, without credentials; beyond: it is refused as others are.
  std::size_t everybodys_bytes = 4 * 1024;
  /// Bytes of each body and answer that the connection itself pays for, see `connection_bytes`.
  std::size_t free_bytes = 8 * 1024;
  /// What a connection costs in the ledger, with its buffers, and over TLS.
  std::size_t connection_bytes = 24 * 1024;
  std::size_t encrypted_connection_bytes = 72 * 1024;
  /// Bytes that are read of a client while its request is answered; beyond that its leaving cannot be noticed.
  std::size_t bytes_ahead = 64 * 1024;
  /// Connections beyond those that the ledger allows that get an answer saying so; further ones are just closed.
  std::size_t told_busy = 64;
  /// Descriptors of this process that are kept free from network clients, and from users of the local socket other than
  /// root.
  std::size_t descriptors_kept = 256;
  std::size_t descriptors_kept_for_root = 64;
  /// From connecting, or from a request's first byte, to the end of its header; TLS handshake: the same. Then 408.
  std::chrono::milliseconds head = std::chrono::seconds(15);
  /// From the end of a request's header to the end of its body; then 408.
  std::chrono::milliseconds body = std::chrono::seconds(60);
  /// Between two requests of a connection; then it is closed.
  std::chrono::milliseconds idle = std::chrono::seconds(120);
  /// Until an answer is there, when the handler sets no deadline with expire_at; then 503.
  std::chrono::milliseconds answer = std::chrono::seconds(300);
  /// For the client to take an answer, plus one second for each `slowest_read` bytes of it; then the connection is
  /// closed.
  std::chrono::milliseconds write = std::chrono::seconds(30);
  std::size_t slowest_read = 64 * 1024;
  /// For the client to close after the last answer, so that it can read that answer before the socket is gone.
  std::chrono::milliseconds linger = std::chrono::seconds(1);
};

}  // namespace vmms::wire::http
