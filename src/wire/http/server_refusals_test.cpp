#include "wire/http/server_fixture.hpp"

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
