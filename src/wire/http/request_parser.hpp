// Bytes -> Request, as they come.
#pragma once

#include "wire/http/chunked_body.hpp"
#include "wire/http/exchange.hpp"
#include "wire/http/limits.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmms::wire::http {

/// Reads one request (RFC 9112) into a Request that must outlive the parser. Ambiguous input is refused; then nothing
/// after it may be read as a request either.
class RequestParser : private boost::beast::http::basic_parser<true> {
 public:
  RequestParser(Request& request, const Limits& limits);

  enum class Progress { need_more, complete, failed };
  /// Takes what it can use of `bytes` and sets `used` to how much that was; the rest must come again, followed by more.
  Progress put(boost::asio::const_buffer bytes, std::size_t& used);

  /// False before the first byte that is not of an empty line.
  bool has_begun() const { return begun_; }
  bool has_header() const { return is_header_done(); }
  /// The client waits for "100 Continue" before it sends the body (RFC 9110 section 10.1.1).
  bool expects_continue() const { return expects_continue_; }
  /// Whether the client wants to keep this connection. Needs the header.
  bool wants_keep_alive() const { return keep_alive(); }
  bool is_http_1_0() const { return version_ < 11; }

  /// After `failed`: 400, 413, 415, 417, 431 or 501, and why.
  unsigned status() const { return status_; }
  const std::string& reason() const { return reason_; }

 private:
  using Base = boost::beast::http::basic_parser<true>;
  using Text = boost::beast::string_view;
  using ErrorCode = boost::beast::error_code;

  /// Fields that a request has at most once.
  enum class Single : std::uint8_t { host, authorization, content_type, content_length, transfer_encoding };
  static unsigned bit(Single field) { return 1U << static_cast<unsigned>(field); }
  bool has(Single field) const { return (seen_ & bit(field)) != 0; }
  bool is_repeated(Single field);  ///< notes it as well
  bool is_folded(Text name, Text value) const;
  bool skip_empty_lines(std::string_view bytes, std::size_t& used);
  bool has_other_line_ends(std::string_view left, std::size_t used);
  Progress put_chunks(std::string_view bytes, std::size_t& used);
  Progress failed(ErrorCode ec);
  void fail(unsigned status, std::string reason, ErrorCode& ec);

  void on_request_impl(boost::beast::http::verb, Text method, Text target, int version, ErrorCode& ec) override;
  void on_response_impl(int, Text, int, ErrorCode&) override {}
  void on_field_impl(boost::beast::http::field name, Text name_string, Text value, ErrorCode& ec) override;
  void on_header_impl(ErrorCode& ec) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode& ec) override;
  std::size_t on_body_impl(Text body, ErrorCode& ec) override;
  // The base never sees a body in chunks.
  void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, ErrorCode&) override { return 0; }
  void on_finish_impl(ErrorCode&) override {}

  Request& request_;
  const Limits& limits_;
  int version_ = 11;
  unsigned empty_lines_ = 0;  ///< before the request
  bool begun_ = false;
  bool header_complete_ = false;
  bool expects_continue_ = false;
  std::size_t header_bytes_ = 0;
  unsigned seen_ = 0;                  ///< a bit for each Single
  std::string_view input_;             ///< of the put() that runs
  std::size_t looked_at_ = 0;          ///< bytes that came before and were left, without another line end
  std::optional<ChunkedBody> chunks_;  ///< of a body that comes so
  unsigned status_ = 0;
  std::string reason_;
};

}  // namespace vmms::wire::http
