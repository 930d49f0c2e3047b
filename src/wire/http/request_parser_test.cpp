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

/// The status that a request is refused with, 0 for one that is taken whole, nothing for one that goes on.
std::optional<unsigned> judge(const std::string& bytes) {
  Request request;
  RequestParser parser(request, limits);
  std::size_t used = 0;
  switch (parser.put(boost::asio::buffer(bytes), used)) {
    case RequestParser::Progress::failed:
      return parser.status();
    case RequestParser::Progress::complete:
      return 0;
    default:
      return std::nullopt;
  }
}

/// With a body of five bytes behind the fields, in chunks when `fields` says nothing of a length.
std::string with_fields(const std::string& fields, const std::string& line = "POST /wsman HTTP/1.1") {
  const bool plain =
      fields.find("Transfer-Encoding") == std::string::npos && fields.find("Content-Length") == std::string::npos;
  return line + "\r\n" + (plain ? "Content-Length: 5\r\n" : "") + fields + "\r\n" + "hello";
}

TEST(RequestParser, RefusesWhatOthersMayReadInAnotherWay) {
  const std::string host = "Host: test\r\n";
  const std::pair<std::string, unsigned> cases[] = {
      // Transfer-Encoding is "chunked", once and alone.
      {with_fields(host + "Transfer-Encoding: xchunked\r\n"), 501},
      {with_fields(host + "Transfer-Encoding: gzip\r\n"), 501},
      {with_fields(host + "Transfer-Encoding: identity\r\n"), 501},
      {with_fields(host + "Transfer-Encoding: gzip, chunked\r\n"), 501},
      {with_fields(host + "Transfer-Encoding: chunked, gzip\r\n"), 400},
      {with_fields(host + "Transfer-Encoding: chunked, chunked\r\n"), 400},
      {with_fields(host + "Transfer-Encoding: \"chunked\"\r\n"), 400},
      {with_fields(host + "Transfer-Encoding: chunked;q=1\r\n"), 400},
      {with_fields(host + "Transfer-Encoding: chunked,\r\n"), 400},
      {with_fields(host + "Transfer-Encoding: ,chunked\r\n"), 400},
      {with_fields(host + "Transfer-Encoding:\r\n"), 400},
      {with_fields(host + "Transfer-Encoding: \x0b"
                          "chunked\r\n"),
       400},
      {with_fields(host + "Transfer-Encoding : chunked\r\n"), 400},
      {with_fields(host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {with_fields(host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400},
      {with_fields(host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
      {with_fields(host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
      {with_fields(host + "Transfer-Encoding: chunked\r\n", "POST /wsman HTTP/1.0"), 400},
      // So is Content-Length, a number.
      {with_fields(host + "Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
      {with_fields(host + "Content-Length: 5\r\nContent-Length: 3\r\n"), 400},
      {with_fields(host + "Content-Length: 5, 5\r\n"), 400},
      {with_fields(host + "Content-Length: 5,\r\n"), 400},
      {with_fields(host + "Content-Length: +5\r\n"), 400},
      {with_fields(host + "Content-Length: -1\r\n"), 400},
      {with_fields(host + "Content-Length: 0x5\r\n"), 400},
      {with_fields(host + "Content-Length: 1 0\r\n"), 400},
      {with_fields(host + "Content-Length:\r\n"), 400},
      {with_fields(host + "Content-Length: 18446744073709551621\r\n"), 400},
      // Nothing is coded.
      {with_fields(host + "Content-Encoding: gzip\r\n"), 415},
      {with_fields(host + "Content-Encoding: identity, deflate\r\n"), 415},
      // Lines end with CR LF, and fields with their lines.
      {with_fields(host + "X-A: 1\r\n Content-Length: 3\r\n"), 400},
      {with_fields(host + "X-A:\r\n 1\r\n"), 400},
      {with_fields(host + "X-A: \r\n\t\r\n"), 400},
      {with_fields(host + "X-A: 1\r\n \r\n"), 400},
      {with_fields(host + "Transfer-Encoding:\r\n chunked\r\n"), 400},
      {with_fields("Host: te\r\n st\r\n"), 400},
      {with_fields(" Host: test\r\n"), 400},
      {with_fields(host + "X-A: a\rb\r\n"), 400},
      {with_fields(host + "X-A: a\nb\r\n"), 400},
      {with_fields(host + "X-A: a\n"), 400},
      {with_fields(host + "X-A : b\r\n"), 400},
      {with_fields(host + ": b\r\n"), 400},
      {with_fields(host + std::string("X-A: a\0b\r\n", 10)), 400},
      // There is one host, and it is a host.
      {with_fields(""), 400},
      {with_fields(host + host), 400},
      {with_fields(host + "Host: other\r\n"), 400},
      {with_fields("Host: a b/c\r\n"), 400},
      {with_fields("Host: user@test\r\n"), 400},
      {with_fields("Host: http://test\r\n"), 400},
      {with_fields("Host: test:\x80\r\n"), 400},
      {with_fields("Host: test:80a\r\n"), 400},
      {with_fields("Host: test:123456\r\n"), 400},
      {with_fields("Host: test:65536\r\n"), 400},
      {with_fields("Host: test:99999\r\n"), 400},
      {with_fields("Host: :65536\r\n"), 400},
      {with_fields("Host: test:0\r\n"), 400},
      {with_fields("Host: test:00000\r\n"), 400},
      {with_fields("Host: test:000080\r\n"), 400},
      {with_fields("Host: test:+80\r\n"), 400},
      {with_fields("Host: test:-1\r\n"), 400},
      {with_fields("Host: test:0x50\r\n"), 400},
      {with_fields("Host: [::1]:65536\r\n"), 400},
      {with_fields("Host: [::1]:99999\r\n"), 400},
      {with_fields("Host: [::1]:0\r\n"), 400},
      {with_fields("Host: [::1]:a\r\n"), 400},
      {with_fields("Host: 127.0.0.1:65536\r\n"), 400},
      {with_fields("Host: a:b\r\n"), 400},
      {with_fields("Host: user:password@test:80\r\n"), 400},
      {with_fields("Host: @test\r\n"), 400},
      {with_fields("Host: a:1:2\r\n"), 400},
      {with_fields("Host: a,b c\r\n"), 400},
      {with_fields("Host: %4\r\n"), 400},
      {with_fields("Host: %zz\r\n"), 400},
      {with_fields("Host: ::1\r\n"), 400},
      {with_fields("Host: [::1\r\n"), 400},
      {with_fields("Host: [::1]x\r\n"), 400},
      {with_fields("Host: [::g]\r\n"), 400},
      {with_fields("Host: [1.2.3.4]\r\n"), 400},
      {with_fields("Host: []\r\n"), 400},
      {with_fields("Host: a b/c\r\n", "POST /wsman HTTP/1.0"), 400},
      {with_fields(host, "POST http://user:password@evil/wsman HTTP/1.1"), 400},
      {with_fields(host, "POST http:///wsman HTTP/1.1"), 400},
      {with_fields(host, "POST http://test:65536/wsman HTTP/1.1"), 400},
      {with_fields(host, "POST http://[::1]:0/wsman HTTP/1.1"), 400},
      {with_fields(host + "Content-Type: a/b\r\nContent-Type: c/d\r\n"), 400},
      {with_fields(host + "Authorization: \r\nAuthorization: Basic eDp5\r\n"), 400},
      // A trailer is bound by the same rules.
      {whole("0\r\nX: a\r\n b\r\n\r\n"), 400},
      {whole("0\r\nContent-Length: 5\r\n\r\n"), 400},
      {whole("0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
      // Chunks say their size in hexadecimal digits alone.
      {whole("-5\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("0x5\r\nhello\r\n0\r\n\r\n"), 400},
      {whole(" 5\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("5g\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("10000000000000005\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("5\r\nhelloXX0\r\n\r\n"), 400},
      {whole("5;a=b\nc\r\nhello\r\n0\r\n\r\n"), 400},
  };
  for (const auto& [bytes, status] : cases) EXPECT_EQ(judge(bytes), status) << bytes;
}

TEST(RequestParser, TakesWhatClientsSend) {
  for (const std::string host : {"test", "test:5985", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:5985",
                                 "[fe80::1%25eth0]:80", "[::1]:", "test:", "test:1", "test:65535", "[::1]:65535",
                                 "test:00080", "[v1.a:b]", "a-b_c.d", "%41", "xn--bcher-kva.example:", ""})
    EXPECT_EQ(judge(with_fields("Host: " + host + "\r\n")), 0u) << host;
  const std::string host = "Host: test\r\n";
  EXPECT_EQ(judge("POST /wsman HTTP/1.1\r\n" + host + "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n"), 0u);
  EXPECT_EQ(judge(with_fields(host + "Content-Encoding: identity\r\n")), 0u);
  EXPECT_EQ(judge(with_fields(host, "POST http://proxy.example:80/wsman?PSVersion=5 HTTP/1.1")), 0u);
  EXPECT_EQ(judge(with_fields("", "POST /wsman HTTP/1.0")), 0u) << "HTTP/1.0 has no Host";
  EXPECT_EQ(judge(with_fields(host + "X-A:\t1 \t\r\nX-B:\r\n")), 0u);
  EXPECT_EQ(judge(whole("00000000000000000000005\r\nhello\r\n0\r\nX: y\r\n\r\n")), 0u);
}

TEST(RequestParser, FindsFoldedFieldsHoweverTheyAreCut) {
  const std::string request = with_fields("Host: test\r\nX-A: 1\r\n 2\r\n");
  for (std::size_t first = 1; first < request.size(); ++first) {
    std::string left;
    const std::string_view text(request);
    EXPECT_EQ(body_of({text.substr(0, first), text.substr(first)}, left).value_or("goes on").substr(0, 6), "failed")
        << first;
  }
}

}  // namespace
}  // namespace vmms::wire::http
