#include "wire/http/request_parser.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>

#include "base/text.hpp"

namespace vmms::wire::http {

namespace beast_http = boost::beast::http;

namespace {

std::string text(boost::beast::string_view view) { return {view.data(), view.size()}; }

}  // namespace

RequestParser::RequestParser(Request& request, const Limits& limits) : request_(request), limits_(limits) {
  eager(true);
  header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  body_limit(limits.body_bytes);
}

RequestParser::Progress RequestParser::put(boost::asio::const_buffer bytes, std::size_t& used) {
  used = 0;
  ErrorCode ec;
  while (used < bytes.size() && !is_done()) {
    // Beast 1.81 asserts that a last chunk it has begun to read comes again with at least five bytes. No chunked body
    // ends with less ("0", two line ends), so there is more to come.
    if (header_complete_ && chunked() && bytes.size() - used < 5) return Progress::need_more;
    const std::size_t taken = Base::put(bytes + used, ec);
    used += taken;
    if (ec || taken == 0) break;
  }
  if (is_done() && !ec) return Progress::complete;
  const std::size_t left = bytes.size() - used;
  if (!ec || ec == beast_http::error::need_more) {
    // The base bounds the header; what it bounds nowhere are chunk extensions and trailers.
    if (left <= limits_.header_bytes) return Progress::need_more;
    fail(431, "the header or a chunk's header is too large", ec);
  } else if (ec == beast_http::error::header_limit) {
    fail(431, fmt::format("the header has more than {} bytes", limits_.header_bytes), ec);
  } else if (ec == beast_http::error::body_limit) {
    fail(413, fmt::format("the body has more than {} bytes", limits_.body_bytes), ec);
  } else if (status_ == 0) {
    fail(400, "this is no HTTP/1.1 request: " + ec.message(), ec);
  }
  return Progress::failed;
}

void RequestParser::fail(unsigned status, std::string reason, ErrorCode& ec) {
  status_ = status;
  reason_ = std::move(reason);
  ec = make_error_code(beast_http::error::bad_field);
}

std::size_t RequestParser::append(Text body, ErrorCode& ec) {
  if (body.size() > limits_.body_bytes - request_.body.size()) {
    ec = make_error_code(beast_http::error::body_limit);
    return 0;
  }
  request_.body.append(body.data(), body.size());
  return body.size();
}

void RequestParser::on_request_impl(beast_http::verb, Text method, Text target, int version, ErrorCode&) {
  request_.method = text(method);
  request_.target = text(target);
  version_ = version;
  constexpr std::size_t common_fields = 8;
  request_.headers.reserve(common_fields);
}

void RequestParser::on_field_impl(beast_http::field name, Text name_string, Text value, ErrorCode& ec) {
  if (header_complete_) return;  // a trailer must not pass for a header (RFC 9110 section 6.5.1)
  if (request_.headers.size() >= limits_.header_fields) {
    return fail(431, fmt::format("the header has more than {} fields", limits_.header_fields), ec);
  }
  switch (name) {
    case beast_http::field::content_type:
      request_.content_type = text(value);
      break;
    case beast_http::field::host:
      if (has_host_) return fail(400, "the request has two Host fields", ec);
      has_host_ = true;
      break;
    case beast_http::field::authorization:
      if (!request_.header("Authorization").empty()) return fail(400, "the request has two Authorization fields", ec);
      break;
    case beast_http::field::expect:
      if (!equals_no_case({value.data(), value.size()}, "100-continue")) {
        return fail(417, "only \"100-continue\" can be expected", ec);
      }
      expects_continue_ = true;
      break;
    default:
      break;
  }
  request_.headers.push_back({text(name_string), text(value)});
}

void RequestParser::on_header_impl(ErrorCode& ec) {
  header_complete_ = true;
  if (version_ < 11) {
    expects_continue_ = false;  // RFC 9110 section 10.1.1
  } else if (!has_host_) {
    fail(400, "an HTTP/1.1 request needs a Host field", ec);
  }
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) {
  // Not more than a little on a mere claim.
  if (length) request_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 64 * 1024)));
}

}  // namespace vmms::wire::http
