#include "testing/http_server.hpp"

namespace vmms::wire::http {
namespace {

using ServerRefusalsTest = ServerTest;

TEST_F(ServerRefusalsTest, NothingBehindARefusedHeaderIsARequest) {
  serve();
  const std::pair<std::string, unsigned> refused[] = {
      {"Transfer-Encoding: xchunked", 501},
      {"Transfer-Encoding: gzip, chunked", 501},
      {"Transfer-Encoding: identity", 501},
      {"Transfer-Encoding: identity, chunked", 501},
      {"Transfer-Encoding: chunked, identity", 400},
      {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 501},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding:", 400},
      {"Transfer-Encoding: , chunked", 400},
      {"Transfer-Encoding: chunked,", 400},
      {"Transfer-Encoding:", 400},
      {"Transfer-Encoding: chunked, chunked", 400},
      {"Transfer-Encoding: \"chunked\"", 400},
      {"Transfer-Encoding: chunked;q=1", 400},
      {"Transfer-Encoding : chunked", 400},
      {"Content-Encoding: gzip\r\nContent-Length: 4", 415},
      {"Content-Encoding: identity, gzip\r\nContent-Length: 4", 415},
      {"Content-Encoding: identity\r\nContent-Encoding: br\r\nContent-Length: 4", 415},
      {"X-A: 1\r\n Content-Length: 4", 400},
      {"Host: second\r\nContent-Length: 4", 400},
      {"Host: test\r\nContent-Length: 4", 400},
      {"Content-Length: 4\r\nContent-Length: 4", 400},
      {"Transfer-Encoding: chunked\r\nContent-Length: 0", 400},
  };
  for (const auto& [fields, status] : refused) {
    SCOPED_TRACE(fields);
    TestClient client(port_);
    ASSERT_TRUE(
        client.send("POST /wsman HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n\r\n" + post("/wsman", "smuggled")));
    const auto reply = client.read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, status);
    EXPECT_EQ(reply->header("connection"), "close");
    EXPECT_FALSE(client.read()) << "the bytes behind it were taken for a request";
  }
}

TEST_F(ServerRefusalsTest, NothingBehindARefusedChunkIsARequest) {
  serve();
  for (const std::string chunks :
       {"0\n\n", "0\r\n\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
        "0;a=\"\n\"\r\n\r\n", "0\r\nX: y\n\r\n", "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n"}) {
    for (const std::string& behind : {std::string(), post("/wsman", "smuggled")}) {
      SCOPED_TRACE(chunks);
      TestClient client(port_);
      ASSERT_TRUE(
          client.send("POST /wsman HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + behind));
      const auto reply = client.read();
      ASSERT_TRUE(reply);
      EXPECT_EQ(reply->status, 400U);
      EXPECT_EQ(reply->header("connection"), "close");
      EXPECT_FALSE(client.read()) << "the bytes behind it were taken for a request";
    }
  }
}

TEST_F(ServerRefusalsTest, ATrailerSaysNothingAboutTheConnection) {
  serve();
  TestClient client(port_);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(
        client.send("POST /wsman HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "2\r\nhi\r\n0\r\nConnection: close\r\nExpect: x\r\nHost: other\r\n\r\n"));
    expect_reply(client, 200, "hi");
  }
}

TEST_F(ServerRefusalsTest, AnEmptyLineBehindABodyIsNoRequest) {
  options_.limits.head = 200ms;
  serve();
  TestClient client(port_);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send(post("/wsman", "hi") + "\r\n"));
    expect_reply(client, 200, "hi");
    std::this_thread::sleep_for(500ms);  // nor the beginning of one that would have to come to its end
  }
}

TEST_F(ServerRefusalsTest, ATargetInTheAbsoluteFormHasItsPathBehindItsHost) {
  serve();
  const std::pair<std::string, unsigned> targets[] = {
      {"http://test/wsman", 200U}, {"HTTP://test/wsman", 200U},   {"https://test/wsman?a", 200U},
      {"http://test", 404U},       {"http://test?/wsman", 404U},  {"http://test?a=http://b/wsman", 404U},
      {"ftp://test/wsman", 404U},  {"http://test/x/wsman", 404U}, {"http://test#/wsman", 400U},
  };
  for (const auto& [target, status] : targets) {
    TestClient client(port_);
    ASSERT_TRUE(client.send("POST " + target + " HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi"));
    const auto reply = client.read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, status) << target;
  }
}

TEST_F(ServerRefusalsTest, AHostThatIsNoneIsRefusedAndNothingBehindItIsRead) {
  serve();
  for (const std::string host : {"test:65536", "test:0", "a:b", "[::1]:99999", "user@test", "test\r\nHost: test"}) {
    SCOPED_TRACE(host);
    TestClient client(port_);
    ASSERT_TRUE(client.send("POST /wsman HTTP/1.1\r\nContent-Length: 4\r\nHost: " + host + "\r\n\r\nbody" +
                            post("/wsman", "smuggled")));
    const auto reply = client.read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 400U);
    EXPECT_EQ(reply->header("connection"), "close");
    EXPECT_FALSE(client.read()) << "the bytes behind it were taken for a request";
  }
}

}  // namespace
}  // namespace vmms::wire::http
