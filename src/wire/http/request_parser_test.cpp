#include "wire/http/request_parser.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::wire::http {
namespace {

const Limits limits;

/// What the parser makes of pieces that arrive one after the other; what it leaves comes again before the next piece.
std::optional<std::string> body_of(const std::vector<std::string_view>& pieces, std::string& left) {
  Request request;
  RequestParser parser(request, limits);
  left.clear();
  for (const std::string_view piece : pieces) {
    left += piece;
    std::size_t used = 0;
    const auto progress = parser.put(boost::asio::buffer(left), used);
    left.erase(0, used);
    if (progress == RequestParser::Progress::failed) return "failed: " + parser.reason();
    if (progress == RequestParser::Progress::complete) return request.body;
  }
  return std::nullopt;
}

const std::vector<std::string> chunked_requests = {
    "0\r\n\r\n",
    "5\r\nhello\r\n0\r\n\r\n",
    "1;extension=1\r\nh\r\n4\r\nello\r\n000\r\n\r\n",
    "5\r\nhello\r\n0;last\r\nAuthorization: trailer\r\n\r\n",
};

std::string whole(const std::string& body) {
  return "POST /wsman HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
}

TEST(RequestParser, ReadsChunkedBodiesHoweverTheyAreCut) {
  for (const std::string& body : chunked_requests) {
    const std::string request = whole(body);
    const std::string expected = body.front() == '0' ? "" : "hello";
    std::string left;
    for (std::size_t first = 1; first < request.size(); ++first) {
      for (std::size_t second = first; second < request.size(); ++second) {
        SCOPED_TRACE(::testing::Message() << body << " cut at " << first << " and " << second);
        const std::string_view text(request);
        ASSERT_EQ(body_of({text.substr(0, first), text.substr(first, second - first), text.substr(second)}, left),
                  expected);
        ASSERT_EQ(left, "");
      }
    }
  }
}

TEST(RequestParser, ReadsChunkedBodiesByteByByteAndNotFurther) {
  for (const std::string& body : chunked_requests) {
    const std::string request = whole(body);
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < request.size(); ++i) bytes.push_back(std::string_view(request).substr(i, 1));
    std::string left;
    EXPECT_EQ(body_of(bytes, left), body.front() == '0' ? "" : "hello");
    EXPECT_EQ(left, "");
    EXPECT_TRUE(body_of({request, "POST"}, left));
    const std::string two = request + "POST";
    EXPECT_TRUE(body_of({two}, left));
    EXPECT_EQ(left, "POST");
  }
}

}  // namespace
}  // namespace vmms::wire::http
