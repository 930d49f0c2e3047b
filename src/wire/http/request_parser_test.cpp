#include "wire/http/request_parser.hpp"

#include <fmt/core.h>
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
      // A target is one, of URIs' characters.
      {with_fields(host, "POST /wsman?\xc3\xa4 HTTP/1.1"), 400},
      {with_fields(host, "POST /wsman#x HTTP/1.1"), 400},
      {with_fields(host, "POST \\wsman HTTP/1.1"), 400},
      {with_fields(host, "POST /wsman?\"x\" HTTP/1.1"), 400},
      {with_fields(host, "POST /ws%6 HTTP/1.1"), 400},
      {with_fields(host, "POST /wsman%zz HTTP/1.1"), 400},
      // A trailer is bound by the same rules.
      {whole("0\r\nX: a\r\n b\r\n\r\n"), 400},
      {whole("0\r\nContent-Length: 5\r\n\r\n"), 400},
      {whole("0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
      {whole("0\r\ntransfer-encoding:\r\n\r\n"), 400},
      {whole("0\r\n X: a\r\n\r\n"), 400},
      {whole("0\r\nX : a\r\n\r\n"), 400},
      {whole("0\r\nPOST /wsman HTTP/1.1\r\n\r\n"), 400},
      {whole("0\r\nX: \x1b\r\n\r\n"), 400},
      // Chunks say their size in hexadecimal digits alone.
      {whole("-5\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("0x5\r\nhello\r\n0\r\n\r\n"), 400},
      {whole(" 5\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("5g\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("10000000000000005\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("5\r\nhelloXX0\r\n\r\n"), 400},
      {whole("5;a=b\nc\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("\r\n5\r\nhello\r\n0\r\n\r\n"), 400},
      {whole(";a=b\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("+5\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("5 \r\nhello\r\n0\r\n\r\n"), 400},
      {whole("5\r\nhello0\r\n\r\n"), 400},
      {whole("5;\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("5;=b\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("5;a=\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("5;a=\"b\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("5;a=\"b\\\"\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("5;a=\"b\"c\r\nhello\r\n0\r\n\r\n"), 400},
      // A quoted value goes on over a line end for some, and not for others.
      {whole("5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n"), 400},
      {whole("5\r\nhello\r\n0;a=\"\n\"\r\n\r\n"), 400},
      {whole(std::string("5;a=\"\0\"\r\nhello\r\n0\r\n\r\n", 21)), 400},
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
  EXPECT_EQ(judge(whole("5 ; a ; b = \"\\\";\" ;c=d\r\nhello\r\n0;e\r\nX:\r\nHost: b\r\n\r\n")), 0u);
  EXPECT_EQ(judge(with_fields(host, "POST HTTPS://[::1]/wsman?a=%20b HTTP/1.1")), 0u);
}

TEST(RequestParser, PassesOverAFewEmptyLinesBeforeARequest) {
  const std::string request = whole("5\r\nhello\r\n0\r\n\r\n");
  std::string empty;
  for (std::size_t lines = 1; lines <= limits.empty_lines; ++lines) {
    empty += "\r\n";
    std::string left;
    EXPECT_EQ(body_of({empty + request}, left), "hello");
    const std::string all = empty + request;
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < all.size(); ++i) bytes.push_back(std::string_view(all).substr(i, 1));
    EXPECT_EQ(body_of(bytes, left), "hello");
    EXPECT_EQ(judge(empty), std::nullopt);
  }
  EXPECT_EQ(judge(empty + "\r\n" + request), 400u);
  for (const std::string other : {"\n", "\r", " \r\n", "\r\n\n", "\r\r\n"})
    EXPECT_EQ(judge(other + request), 400u) << other;
  Request taken;
  RequestParser parser(taken, limits);
  std::size_t used = 0;
  EXPECT_EQ(parser.put(boost::asio::buffer(empty), used), RequestParser::Progress::need_more);
  EXPECT_EQ(used, empty.size());
  EXPECT_FALSE(parser.has_begun());
}

/// Nothing follows these: their sender waits for an answer.
TEST(RequestParser, DoesNotWaitForMoreOfALineThatEndsWrongHoweverItIsCut) {
  const std::string host = "POST /wsman HTTP/1.1\r\nHost: test\r\n";
  for (const std::string& bytes :
       {std::string("POST /wsman HTTP/1.1\nHost: test\n\n"), std::string("POST /wsman HTTP/1.1\r\nHost: test\n\n"),
        host + "\n", host + "\r\r", host + "X: a\n\r\n", host + "X: a\r\n\n", host + "X: a\rb", whole("0\n\n"),
        whole("0\r\n\n"), whole("0\n\r\n"), whole("0\r\r"), whole("5\nhello"), whole("5\r\nhello\n"),
        whole("5\r\nhello0"), whole("5\r\nhello\r\n0\n\n"), whole("5\r\nhello\r\n0\r\n\n"), whole("5;a=\"\n"),
        whole("0\r\nX: y\n\n"), whole("0\r\nX: y\r\n\n")}) {
    const std::string_view text(bytes);
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
      std::vector<std::string_view> pieces;
      for (std::size_t i = 0; i < text.size(); i += piece) pieces.push_back(text.substr(i, piece));
      std::string left;
      EXPECT_EQ(body_of(pieces, left).value_or("goes on").substr(0, 6), "failed") << bytes << " in pieces of " << piece;
    }
  }
}

TEST(RequestParser, BoundsAHeaderThatComesLineByLine) {
  Request request;
  RequestParser parser(request, limits);
  std::string left = "POST /wsman HTTP/1.1\r\nHost: test\r\nX";
  std::size_t bytes = left.size();
  auto progress = RequestParser::Progress::need_more;
  while (progress == RequestParser::Progress::need_more && bytes < 4 * limits.header_bytes) {
    std::size_t used = 0;
    progress = parser.put(boost::asio::buffer(left), used);
    left.erase(0, used);
    const std::string line = ": " + std::string(limits.header_bytes / 10, 'a') + "\r\nX";
    left += line;
    bytes += line.size();
  }
  EXPECT_EQ(progress, RequestParser::Progress::failed);
  EXPECT_EQ(parser.status(), 431u);
  EXPECT_LT(bytes, limits.header_bytes + limits.header_bytes / 2);
}

TEST(RequestParser, BoundsWhatTellsChunksApart) {
  const std::string large(limits.header_bytes, 'a');
  EXPECT_EQ(judge(whole("1;" + large)), 431u);
  EXPECT_EQ(judge(whole("0\r\nX: " + large)), 431u);
  std::string extensions;
  std::string trailers;
  for (std::size_t i = 0; i < 20; ++i) extensions += "1;" + large.substr(0, limits.header_bytes / 10) + "\r\nx\r\n";
  for (std::size_t i = 0; i <= limits.header_fields; ++i) trailers += "X: y\r\n";
  EXPECT_EQ(judge(whole(extensions)), 431u);
  EXPECT_EQ(judge(whole("0\r\n" + trailers)), 431u);
  EXPECT_EQ(judge(whole("ffffffffffffffff\r\n")), 413u);
  EXPECT_EQ(judge(whole(fmt::format("{:x}\r\n", limits.body_bytes + 1))), 413u);
  EXPECT_EQ(judge(whole(fmt::format("{:x}\r\n", limits.body_bytes))), std::nullopt);
  const std::string chunk = fmt::format("{:x}\r\n{}\r\n", 1024 * 1024, std::string(1024 * 1024, 'x'));
  std::string chunks;
  for (std::size_t bytes = 0; bytes < limits.body_bytes; bytes += 1024 * 1024) chunks += chunk;
  EXPECT_EQ(judge(whole(chunks + "0\r\n\r\n")), 0u);
  EXPECT_EQ(judge(whole(chunks + "1\r\n")), 413u);
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
