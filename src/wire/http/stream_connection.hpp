// The connection's protocol on a stream of Asio: a socket, or TLS on one.
#pragma once

#include "wire/http/connection.hpp"

#include <boost/asio/socket_base.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <utility>

namespace vmms::wire::http {

template <class Stream>
class StreamConnection final : public Connection {
 public:
  StreamConnection(IoThread& io, Peer peer, Admission admission, Stream stream)
      : Connection(io, std::move(peer), std::move(admission)), stream_(std::move(stream)) {}

 private:
  static constexpr std::size_t largest_write = 4 * 1024 * 1024;
  static constexpr bool is_tls = requires(Stream stream) { stream.next_layer(); };

  void start_handshake() override {
    if constexpr (is_tls) {
      stream_.async_handshake(boost::asio::ssl::stream_base::server,
                              [this, self = shared_from_this()](const ErrorCode& ec) { on_handshake(ec); });
    } else {
      on_handshake({});
    }
  }

  void start_read(boost::asio::mutable_buffer into) override { stream_.async_read_some(into, read_handler()); }

  void start_drain(boost::asio::mutable_buffer into) override { socket().async_read_some(into, read_handler()); }

  void start_write(boost::asio::const_buffer first, boost::asio::const_buffer second) override {
    auto done = [this, self = shared_from_this()](const ErrorCode& ec, std::size_t) { on_written(ec); };
    // Asio would offer the socket no more than 64 KiB at a time.
    const auto all = [](const ErrorCode& ec, std::size_t) -> std::size_t { return ec ? 0 : largest_write; };
    if (second.size() == 0) {
      boost::asio::async_write(stream_, first, all, std::move(done));
    } else {
      boost::asio::async_write(stream_, std::array{first, second}, all, std::move(done));
    }
  }

  void start_watching() override {
    socket().async_wait(boost::asio::socket_base::wait_error,
                        [this, self = shared_from_this(), request = request_number()](const ErrorCode& ec) {
                          if (!ec) on_reset(request);
                        });
  }

  void cancel() override {
    ErrorCode ignored;
    socket().cancel(ignored);
  }

  void start_shutdown() override {
    if constexpr (is_tls) {
      stream_.async_shutdown([this, self = shared_from_this()](const ErrorCode&) { shut_down_socket(); });
    } else {
      shut_down_socket();
    }
  }

  void close_stream() override {
    ErrorCode ignored;
    socket().close(ignored);
  }

  void shut_down_socket() {
    ErrorCode ignored;
    socket().shutdown(boost::asio::socket_base::shutdown_send, ignored);
    on_shutdown();
  }

  auto read_handler() {
    return [this, self = shared_from_this()](const ErrorCode& ec, std::size_t bytes) { on_read(ec, bytes); };
  }

  auto& socket() {
    if constexpr (is_tls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  Stream stream_;
};

}  // namespace vmms::wire::http
