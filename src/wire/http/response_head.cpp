#include "wire/http/response_head.hpp"

#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <initializer_list>
#include <iterator>

namespace vmms::wire::http {
namespace {

/// RFC 9110 section 6.6.1, made once a second for each thread.
std::string_view date() {
  thread_local std::time_t made = 0;
  thread_local char text[sizeof "Sun, 06 Nov 1994 08:49:37 GMT"];
  const std::time_t now = std::time(nullptr);
  if (now != made) {
    // No strftime: the names must be English in every locale.
    static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&now, &utc);
    fmt::format_to_n(text, sizeof text - 1, "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[utc.tm_wday], utc.tm_mday,
                     months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    made = now;
  }
  return {text, sizeof text - 1};
}

bool is_safe(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; });
}

std::string_view decimal(std::uint64_t number, char (&digits)[20]) {
  return {digits, static_cast<std::size_t>(std::to_chars(digits, std::end(digits), number).ptr - digits)};
}

}  // namespace

void write_head(std::string& head, const Response& response, std::size_t body_bytes, Persistence persistence) {
  const unsigned status = response.status < 200 || response.status > 599 ? 500 : response.status;
  const auto reason = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
  head.clear();
  const auto put = [&head](std::initializer_list<std::string_view> texts) {
    for (const std::string_view text : texts) head += text;
  };
  char digits[20];
  put({"HTTP/1.1 ", decimal(status, digits), " ", {reason.data(), reason.size()}});
  put({"\r\nServer: vmms\r\nDate: ", date(), "\r\n"});
  if (!response.content_type.empty() && is_safe(response.content_type))
    put({"Content-Type: ", response.content_type, "\r\n"});
  for (const Header& header : response.headers)
    if (is_safe(header.name) && is_safe(header.value)) put({header.name, ": ", header.value, "\r\n"});
  if (persistence == Persistence::close) head += "Connection: close\r\n";
  if (persistence == Persistence::keep_alive_1_0) head += "Connection: keep-alive\r\n";
  put({"Content-Length: ", decimal(body_bytes, digits), "\r\n\r\n"});
}

Response plain_response(unsigned status, std::string_view text) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::string(text) + "\n"};
}

}  // namespace vmms::wire::http
