// For tests: an HTTP server on loopback that answers each request with the bytes that a script returns, however wrong.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace vmms::wire::wsman::test {

struct Reply {
  std::string bytes;   ///< status line, header and body as they go out; empty: nothing is sent
  bool close = false;  ///< the connection ends after them
};

inline Reply reply(unsigned status, std::string_view body, std::string_view type = "application/soap+xml") {
  return {fmt::format("HTTP/1.1 {} Test\r\nContent-Type: {};charset=UTF-8\r\nContent-Length: {}\r\n\r\n{}", status,
                      type, body.size(), body)};
}

class ScriptedServer {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Script = std::function<Reply(const Request&)>;

  explicit ScriptedServer(Script script, boost::asio::ssl::context* tls = nullptr)
      : script_(std::move(script)), tls_(tls), acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}) {
    port_ = acceptor_.local_endpoint().port();
    thread_ = std::thread([this] { accept(); });
  }
  ~ScriptedServer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      stopped_.notify_all();
      ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
      for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    }
    thread_.join();
    for (std::thread& connection : threads_) connection.join();
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string url(std::string_view host = "127.0.0.1") const {
    return fmt::format("{}://{}:{}/wsman", tls_ ? "https" : "http", host, port_);
  }
  /// For scripts: keeps the request unanswered until the server goes.
  Reply hang() {
    std::unique_lock lock(mutex_);
    stopped_.wait(lock, [this] { return stopping_; });
    return {};
  }
  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }

 private:
  void accept() {
    for (;;) {
      boost::system::error_code failure;
      boost::asio::ip::tcp::socket socket(context_);
      acceptor_.accept(socket, failure);
      const std::lock_guard lock(mutex_);
      if (failure || stopping_) return;
      ++connections_;
      const int handle = socket.native_handle();
      sockets_.push_back(handle);
      threads_.emplace_back([this, socket = std::move(socket)]() mutable { connection(std::move(socket)); });
    }
  }

  void connection(boost::asio::ip::tcp::socket socket) {
    const int handle = socket.native_handle();
    boost::system::error_code failure;
    if (tls_) {
      boost::beast::ssl_stream<boost::asio::ip::tcp::socket> stream(std::move(socket), *tls_);
      stream.handshake(boost::asio::ssl::stream_base::server, failure);
      if (!failure) serve(stream);
      forget(handle);
      return;
    }
    serve(socket);
    forget(handle);
  }

  // Before the socket closes: its number may be given to another one.
  void forget(int handle) {
    const std::lock_guard lock(mutex_);
    sockets_.remove(handle);
    ::shutdown(handle, SHUT_RDWR);
  }

  template <class Stream>
  void serve(Stream& stream) {
    boost::beast::flat_buffer buffer;
    for (;;) {
      Request request;
      boost::system::error_code failure;
      boost::beast::http::read(stream, buffer, request, failure);
      if (failure) return;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      const Reply answer = script_(request);
      boost::asio::write(stream, boost::asio::buffer(answer.bytes), failure);
      if (failure || answer.close || answer.bytes.empty()) return;
    }
  }

  Script script_;
  boost::asio::ssl::context* tls_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  unsigned port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::vector<Request> requests_;
  std::size_t connections_ = 0;
  std::list<int> sockets_;
  std::list<std::thread> threads_;
  std::thread thread_;
};

}  // namespace vmms::wire::wsman::test
