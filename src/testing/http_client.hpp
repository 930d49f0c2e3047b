// For tests: a blocking client that sends given bytes and reads one response after the other.
#pragma once

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace vmms::wire::http {

struct TestReply {
  unsigned status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

class TestClient {
 public:
  /// With `trusted` (a PEM file) it speaks TLS and accepts only that certificate, for 127.0.0.1.
  explicit TestClient(std::uint16_t port, const std::string& trusted = {}) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to the socket without MSG_NOSIGNAL
    const timeval patience{.tv_sec = 8, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int small = 64 * 1024;  // so that a server soon notices when nothing is read
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    if (connected_ && !trusted.empty()) handshake(trusted);
  }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  ~TestClient() {
    tls_.reset();
    if (fd_ >= 0) ::close(fd_);
  }

  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  std::string tls_version() const { return tls_ ? SSL_get_version(tls_.get()) : ""; }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                             : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  /// False at the end of the stream or after the patience of 8 s.
  bool receive() {
    char part[16384];
    const ssize_t n = tls_ ? SSL_read(tls_.get(), part, sizeof part) : ::recv(fd_, part, sizeof part, 0);
    if (n <= 0) return false;
    input_.append(part, static_cast<std::size_t>(n));
    return true;
  }

  /// The next response; none when the connection ends before.
  std::optional<TestReply> read() {
    std::size_t end;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return std::nullopt;
    }
    TestReply reply;
    std::string_view head(input_.data(), end + 2);
    reply.status = static_cast<unsigned>(std::atoi(std::string(head.substr(9, 3)).c_str()));
    for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
      const std::string_view line = head.substr(at, head.find("\r\n", at) - at);
      std::string name(line.substr(0, line.find(": ")));
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      reply.headers[name] = std::string(line.substr(line.find(": ") + 2));
      at += line.size() + 2;
    }
    const std::size_t length = std::strtoul(reply.headers["content-length"].c_str(), nullptr, 10);
    input_.erase(0, end + 4);
    while (input_.size() < length) {
      if (!receive()) return std::nullopt;
    }
    reply.body = input_.substr(0, length);
    input_.erase(0, length);
    return reply;
  }

  /// Whether the server closes without sending anything more.
  bool ends() {
    if (!input_.empty()) return false;
    char byte;
    const auto begin = std::chrono::steady_clock::now();
    const ssize_t n = tls_ ? SSL_read(tls_.get(), &byte, 1) : ::recv(fd_, &byte, 1, 0);
    return n <= 0 && std::chrono::steady_clock::now() - begin < std::chrono::seconds(7);
  }

  /// Closes with a reset instead of an orderly end.
  void reset() {
    const linger none{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    ::close(fd_);
    fd_ = -1;
  }

 private:
  void handshake(const std::string& trusted) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_load_verify_file(context_.get(), trusted.c_str());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    tls_.reset(SSL_new(context_.get()));
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), "127.0.0.1");
    SSL_set_fd(tls_.get(), fd_);
    connected_ = SSL_connect(tls_.get()) == 1;
  }

  struct Free {
    void operator()(SSL* tls) const { SSL_free(tls); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  int fd_;
  bool connected_ = false;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> tls_;
  std::string input_;
};

inline std::string post(std::string_view path, std::string_view body, std::string_view more_headers = {}) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: test\r\nContent-Type: text/plain\r\n{}Content-Length: {}\r\n\r\n{}",
                     path, more_headers, body.size(), body);
}

}  // namespace vmms::wire::http
