#include "wire/http/request_parser.hpp"

#include "base/text.hpp"
#include "wire/http/field_syntax.hpp"

#include <boost/asio/ip/address_v6.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <system_error>

namespace vmms::wire::http {

namespace beast_http = boost::beast::http;

namespace {

std::string text(boost::beast::string_view view) { return {view.data(), view.size()}; }

bool all_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

constexpr std::string_view digits = "0123456789";
constexpr std::string_view hexadecimal = "0123456789abcdefABCDEF";
constexpr std::string_view in_targets =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?[]";
constexpr std::string_view unreserved_or_sub_delimiter = in_targets.substr(0, in_targets.find(':'));

/// The inside of the brackets of an IP-literal (RFC 3986 section 3.2.2), with or without a zone (RFC 6874).
bool is_ip_literal(std::string_view text) {
  if (text.starts_with('v') || text.starts_with('V')) {
    const std::size_t dot = text.find('.');
    return dot != std::string_view::npos && dot > 1 && dot + 1 < text.size() &&
           all_of(text.substr(1, dot - 1), hexadecimal) &&
           text.substr(dot + 1).find_first_not_of(std::string(unreserved_or_sub_delimiter) + ":") ==
               std::string_view::npos;
  }
  const std::size_t zone = text.find('%');
  if (zone != std::string_view::npos && zone + 1 == text.size()) return false;
  boost::system::error_code wrong;
  boost::asio::ip::make_address_v6(std::string(text.substr(0, zone)), wrong);
  return !wrong && (zone == std::string_view::npos ||
                    text.substr(zone + 1).find_first_not_of(std::string(unreserved_or_sub_delimiter) + "%") ==
                        std::string_view::npos);
}

/// Of these characters and percent-encoded ones (RFC 3986 section 2.1).
bool is_made_of(std::string_view characters, std::string_view text) {
  for (std::size_t percent; (percent = text.find('%')) != std::string_view::npos; text.remove_prefix(percent + 3)) {
    const std::string_view code = text.substr(percent + 1, 2);
    if (!all_of(text.substr(0, percent), characters) || code.size() != 2 || !all_of(code, hexadecimal)) return false;
  }
  return all_of(text, characters);
}

/// A registered name or an IPv4 address; an empty Host is allowed, too (RFC 9112 3.2).
bool is_registered_name(std::string_view text) { return is_made_of(unreserved_or_sub_delimiter, text); }

/// Empty, or one that TCP has: RFC 3986 bounds no port, and 0 cannot be reached (RFC 6335 section 6).
bool is_port(std::string_view text) {
  if (text.empty()) return true;
  if (!all_of(text, digits)) return false;
  std::uint16_t port = 0;
  return std::from_chars(text.data(), text.data() + text.size(), port).ec == std::errc() && port != 0;
}

/// Host = uri-host [ ":" port ] (RFC 9110 section 7.2).
bool is_host(std::string_view text) {
  const bool literal = text.starts_with('[');
  const std::size_t end = literal ? text.find(']') : text.find(':');
  if (literal && end == std::string_view::npos) return false;
  const std::string_view host = literal ? text.substr(1, end - 1) : text.substr(0, end);
  if (literal ? !is_ip_literal(host) : !is_registered_name(host)) return false;
  const std::string_view rest = text.substr(std::min(text.size(), literal ? end + 1 : end));
  return rest.empty() || (rest.front() == ':' && rest.size() <= 6 && is_port(rest.substr(1)));
}

/// Whether this could be a URI or a part of one; a fragment is no part of a target (RFC 9112 section 3.2).
bool is_target(std::string_view text) { return is_made_of(in_targets, text); }

/// The authority of a target in the absolute form; nothing of other targets.
std::optional<std::string_view> authority_of(std::string_view target) {
  const std::size_t start = target.find("://");
  if (target.starts_with('/') || start == std::string_view::npos) return std::nullopt;
  const std::string_view rest = target.substr(start + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

/// What is wrong with a Transfer-Encoding (RFC 9112 section 6.1): 0, or a status.
unsigned judge_transfer_encoding(std::string_view value) {
  if (equals_no_case(value, "chunked")) return 0;
  for (;;) {
    const std::size_t comma = value.find(',');
    std::string_view coding = value.substr(0, comma);
    while (!coding.empty() && is_blank(coding.front())) coding.remove_prefix(1);
    while (!coding.empty() && is_blank(coding.back())) coding.remove_suffix(1);
    const bool is_last = comma == std::string_view::npos;
    if (!is_token(coding)) return 400;
    if (equals_no_case(coding, "chunked") && !is_last) return 400;  // it says where the body ends
    if (is_last) return 501;
    value.remove_prefix(comma + 1);
  }
}

}  // namespace

RequestParser::RequestParser(Request& request, const Limits& limits) : request_(request), limits_(limits) {
  eager(true);
  header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  body_limit(limits.body_bytes);
}

RequestParser::Progress RequestParser::put(boost::asio::const_buffer bytes, std::size_t& used) {
  used = 0;
  ErrorCode ec;
  input_ = {static_cast<const char*>(bytes.data()), bytes.size()};
  if (chunks_) return put_chunks(input_, used);
  if (!begun_ && !skip_empty_lines(input_, used)) return status_ == 0 ? Progress::need_more : Progress::failed;
  while (used < bytes.size() && !is_done() && !chunks_) {
    const std::size_t taken = Base::put(bytes + used, ec);
    used += taken;
    if (ec || taken == 0) break;
  }
  if (ec && ec != beast_http::error::need_more) return failed(ec);
  if (chunks_) return put_chunks(input_, used);
  if (is_done()) return Progress::complete;
  if (!header_complete_ && has_other_line_ends(input_.substr(used), used)) {
    fail(400, "a line of the header does not end with CR LF", ec);
    return Progress::failed;
  }
  return Progress::need_more;
}

/// Some clients send one behind a body (RFC 9112 section 2.2). False when there is no more, or when it failed.
bool RequestParser::skip_empty_lines(std::string_view bytes, std::size_t& used) {
  while (bytes.substr(used).starts_with("\r\n")) {
    used += 2;
    if (++empty_lines_ <= limits_.empty_lines) continue;
    ErrorCode ignored;
    fail(400, fmt::format("there are more than {} empty lines before the request", limits_.empty_lines), ignored);
    return false;
  }
  const std::string_view rest = bytes.substr(used);
  begun_ = !rest.empty() && rest != "\r";
  return begun_;
}

/// The base sees only the end of a header that it waits for, so that one whose lines end otherwise would be waited for
/// in vain. `left` is what it has not taken of it; `used` is how much it took this time.
bool RequestParser::has_other_line_ends(std::string_view left, std::size_t used) {
  for (looked_at_ -= std::min(looked_at_, used); looked_at_ < left.size(); ++looked_at_) {
    const char c = left[looked_at_];
    if (c == '\n' && (looked_at_ == 0 || left[looked_at_ - 1] != '\r')) return true;
    if (c != '\r') continue;
    if (looked_at_ + 1 == left.size()) return false;  // looked at again with what is behind it
    if (left[looked_at_ + 1] != '\n') return true;
  }
  return false;
}

RequestParser::Progress RequestParser::put_chunks(std::string_view bytes, std::size_t& used) {
  std::size_t taken = 0;
  const ChunkedBody::Progress progress = chunks_->put(bytes.substr(used), taken, request_.body);
  used += taken;
  if (progress == ChunkedBody::Progress::need_more) return Progress::need_more;
  if (progress == ChunkedBody::Progress::complete) return Progress::complete;
  status_ = chunks_->status();
  reason_ = chunks_->reason();
  return Progress::failed;
}

RequestParser::Progress RequestParser::failed(ErrorCode ec) {
  if (ec == beast_http::error::header_limit) {
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

void RequestParser::on_request_impl(beast_http::verb, Text method, Text target, int version, ErrorCode& ec) {
  request_.method = text(method);
  request_.target = text(target);
  header_bytes_ = method.size() + target.size();
  version_ = version;
  if (!is_target(request_.target)) return fail(400, "the request's target is no URI", ec);
  constexpr std::size_t common_fields = 8;
  request_.headers.reserve(common_fields);
  if (const auto authority = authority_of(request_.target); authority && (authority->empty() || !is_host(*authority)))
    fail(400, "the request's target names no host", ec);
}

// A proxy may read a folded value differently (RFC 9112 section 5.2). The base unfolds them: a
// value of several lines is a copy, and one that begins on a later line stands behind the end of its first.
bool RequestParser::is_folded(Text name, Text value) const {
  const std::less<> before;
  const char* const gap = name.data() + name.size();
  if (before(value.data(), gap) || before(input_.data() + input_.size(), value.data() + value.size())) return true;
  return std::find(gap, value.data(), '\r') != value.data();
}

// Fields of which the first and the last may count, depending on who reads them.
bool RequestParser::is_repeated(Single field) {
  const bool seen = has(field);
  seen_ |= bit(field);
  return seen;
}

void RequestParser::on_field_impl(beast_http::field name, Text name_string, Text value, ErrorCode& ec) {
  if (is_folded(name_string, value)) return fail(400, "a header field goes on in a second line", ec);
  // The base bounds what it has not taken yet, not what it took line by line.
  header_bytes_ += name_string.size() + value.size() + std::string_view(": \r\n").size();
  if (header_bytes_ > limits_.header_bytes) {
    ec = make_error_code(beast_http::error::header_limit);
    return;
  }
  if (request_.headers.size() >= limits_.header_fields) {
    return fail(431, fmt::format("the header has more than {} fields", limits_.header_fields), ec);
  }
  const std::string_view plain(value.data(), value.size());
  const auto twice = [&] { fail(400, fmt::format("the request has two {} fields", text(name_string)), ec); };
  switch (name) {
    case beast_http::field::content_type:
      if (is_repeated(Single::content_type)) return twice();
      request_.content_type = text(value);
      break;
    case beast_http::field::host:
      if (is_repeated(Single::host)) return twice();
      if (!is_host(plain))
        return fail(400, "the Host field is no host name or address, with or without a port of 1 to 65535", ec);
      break;
    case beast_http::field::authorization:
      if (is_repeated(Single::authorization)) return twice();
      break;
    case beast_http::field::content_length:
      // The base takes several, and lists, when they say the same.
      if (is_repeated(Single::content_length)) return twice();
      if (!all_of(plain, digits)) return fail(400, "the Content-Length is no number", ec);
      break;
    case beast_http::field::transfer_encoding:
      if (is_repeated(Single::transfer_encoding)) return twice();
      if (const unsigned wrong = judge_transfer_encoding(plain); wrong != 0) {
        return fail(wrong, "the only Transfer-Encoding that is read here is \"chunked\", alone", ec);
      }
      break;
    case beast_http::field::content_encoding:
      if (!plain.empty() && !equals_no_case(plain, "identity")) {
        return fail(415, "a body is read here as it is, without a Content-Encoding", ec);
      }
      break;
    case beast_http::field::expect:
      if (!equals_no_case(plain, "100-continue")) return fail(417, "only \"100-continue\" can be expected", ec);
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
    // A client or proxy that sends both cannot be trusted about where the message ends (RFC 9112 section 6.1).
    if (has(Single::transfer_encoding)) fail(400, "an HTTP/1.0 request has no Transfer-Encoding", ec);
  } else if (!has(Single::host)) {
    fail(400, "an HTTP/1.1 request needs a Host field", ec);
  }
  if (!chunked() || ec) return;
  eager(false);  // here the base stops
  chunks_.emplace(limits_);
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) {
  // Little memory for a length that is only announced.
  if (length) request_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 64 * 1024)));
}

std::size_t RequestParser::on_body_impl(Text body, ErrorCode& ec) {
  if (body.size() > limits_.body_bytes - request_.body.size()) {
    ec = make_error_code(beast_http::error::body_limit);
    return 0;
  }
  request_.body.append(body.data(), body.size());
  return body.size();
}

}  // namespace vmms::wire::http
