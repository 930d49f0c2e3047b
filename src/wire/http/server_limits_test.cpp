#include "wire/http/server_fixture.hpp"

#include <sys/ioctl.h>

namespace vmms::wire::http {
namespace {

class ServerLimitsTest : public ServerTest {
 protected:
  /// What a client has left or got its answer to is freed a moment later: asks until the server has room.
  bool soon_served(const std::string& body) {
    const auto deadline = Time::now() + 5s;
    do {
      TestClient client(port_);
      client.send(post("/wsman", body));
      const auto reply = client.read();
      if (reply && reply->status == 200 && reply->body == body) return true;
    } while (Time::now() < deadline);
    return false;
  }
};

TEST_F(ServerLimitsTest, SlowClientsAreDroppedOrTold) {
  options_.limits.head = 300ms;
  options_.limits.body = 300ms;
  options_.limits.idle = 300ms;
  serve();
  TestClient silent(port_);
  TestClient in_head(port_);
  ASSERT_TRUE(in_head.send("POST /wsman HT"));
  TestClient in_body(port_);
  ASSERT_TRUE(in_body.send("POST /wsman HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nsome"));
  TestClient idle(port_);
  ASSERT_TRUE(idle.send(post("/wsman", "hi")));
  expect_reply(idle, 200, "hi");

  EXPECT_TRUE(silent.ends());
  EXPECT_TRUE(idle.ends());
  for (TestClient* client : {&in_head, &in_body}) {
    const auto reply = client->read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 408u);
    EXPECT_TRUE(client->ends());
  }
}

TEST_F(ServerLimitsTest, ClientThatReadsNothingIsDropped) {
  options_.limits.write = 100ms;
  options_.limits.slowest_read = 1'000'000'000;
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/big", "")));
  // Only what the buffers of the kernel took can be read after the server has given up.
  const auto deadline = Time::now() + 5s;
  char byte;
  int waiting = 0;
  int before = -1;
  do {
    before = waiting;
    std::this_thread::sleep_for(200ms);
    ::ioctl(client.fd(), FIONREAD, &waiting);
  } while ((waiting == 0 || waiting != before) && Time::now() < deadline);
  EXPECT_LT(waiting, static_cast<int>(big));
  ASSERT_EQ(::recv(client.fd(), &byte, 1, MSG_PEEK), 1);
  EXPECT_FALSE(client.read());
}

TEST_F(ServerLimitsTest, ClientMayLeaveAtAnyTime) {
  options_.limits.connections = 8;  // one of a kind that is not freed would soon be missed
  serve();
  for (int round = 0; round < 20; ++round) {
    {
      TestClient in_request(port_);
      ASSERT_TRUE(in_request.send("POST /wsman HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nsome"));
    }
    ASSERT_TRUE(soon_served("here"));
    {
      TestClient in_response(port_);
      ASSERT_TRUE(in_response.send(post("/big", "")));
      ASSERT_TRUE(in_response.receive());
      in_response.reset();
    }
    ASSERT_TRUE(soon_served("here"));
    {
      TestClient waiting(port_);
      ASSERT_TRUE(waiting.send(post("/later", "")));
      const auto exchange = inbox_.take();
      ASSERT_TRUE(exchange);
      waiting.reset();
      // The reset is noticed at once, though nothing is written.
      ASSERT_TRUE(soon_served("still here"));
      exchange->respond({});
    }
  }
}

TEST_F(ServerLimitsTest, ClientThatOnlyStopsSendingGetsItsAnswer) {
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/later", "")));
  ::shutdown(client.fd(), SHUT_WR);
  const auto exchange = inbox_.take();
  ASSERT_TRUE(exchange);
  exchange->respond({.status = 200, .content_type = "", .body = "answer"});
  expect_reply(client, 200, "answer");
  EXPECT_TRUE(client.ends());
}

TEST_F(ServerLimitsTest, ServesManyConnectionsAtOnce) {
  serve();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<TestClient>(port_));
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(clients[i]->send(post("/wsman", std::to_string(i))));
    for (int i = 0; i < 200; ++i) expect_reply(*clients[i], 200, std::to_string(i));
  }
}

TEST_F(ServerLimitsTest, ConnectionsBeyondTheLimitAreTold) {
  options_.limits.connections = 2;
  serve();
  TestClient first(port_);
  auto second = std::make_unique<TestClient>(port_);
  for (TestClient* client : {&first, second.get()}) {
    ASSERT_TRUE(client->send(post("/wsman", "hi")));
    expect_reply(*client, 200, "hi");
  }
  TestClient third(port_);
  ASSERT_TRUE(third.send(post("/wsman", "hi")));
  const auto reply = third.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 503u);
  EXPECT_TRUE(third.ends());
  ASSERT_TRUE(first.send(post("/wsman", "hi")));
  expect_reply(first, 200, "hi");
}

TEST_F(ServerLimitsTest, AllBodiesTogetherAreLimited) {
  options_.limits.all_body_bytes = 1000;
  options_.limits.free_body_bytes = 100;
  serve();
  TestClient holder(port_);
  ASSERT_TRUE(holder.send(post("/later", std::string(1000, 'x'))));
  const auto exchange = inbox_.take();
  ASSERT_TRUE(exchange);
  {
    TestClient other(port_);
    ASSERT_TRUE(other.send(post("/wsman", std::string(300, 'x'))));
    EXPECT_EQ(other.read().value().status, 503u);
  }
  {
    TestClient small(port_);  // is served all the same
    ASSERT_TRUE(small.send(post("/wsman", std::string(100, 'x'))));
    EXPECT_EQ(small.read().value().status, 200u);
  }
  exchange->respond({});
  EXPECT_EQ(holder.read().value().status, 200u);
  EXPECT_TRUE(soon_served(std::string(900, 'x')));  // the room is free when the answer is written
}

TEST_F(ServerLimitsTest, TooManyHeaderFieldsAreRefused) {
  options_.limits.header_fields = 10;
  serve();
  TestClient client(port_);
  std::string fields;
  for (int i = 0; i < 20; ++i) fields += fmt::format("X{}: y\r\n", i);
  client.send(post("/wsman", "", fields));
  EXPECT_EQ(client.read().value().status, 431u);
}

TEST_F(ServerLimitsTest, RefusalArrivesThoughTheClientStillSends) {
  options_.limits.body_bytes = 1000;
  serve();
  TestClient client(port_);
  // Closing with these bytes unread would reset the connection before the client reads the answer.
  client.send(post("/wsman", std::string(300'000, 'x')));
  const auto reply = client.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 413u);
}

TEST_F(ServerLimitsTest, RefusesWhatItDoesNotServe) {
  options_.limits.body_bytes = 1000;
  serve();
  struct Case {
    std::string request;
    unsigned status;
    bool stays;
  };
  const Case cases[] = {
      {post("/other", "body"), 404, true},
      {post("/wsman/more", ""), 404, true},
      {"GET /wsman HTTP/1.1\r\nHost: test\r\n\r\n", 405, true},
      {"DELETE /wsman HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n", 405, false},  // its body never comes
      {"POST /other HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n", 404, false},
      {post("/wsman", std::string(1001, 'x')), 413, false},
      {"POST /wsman HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", 413, false},
      {"POST /wsman HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999999999999999\r\n\r\n", 400, false},
      {"POST /wsman HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n", 400, false},
      {"POST /wsman HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", 400, false},
      {"POST /wsman HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, false},
      {"POST /wsman HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(40000, 'e'), 431,
       false},
      {"POST /wsman HTTP/1.1\r\nHost: test\r\nX: " + std::string(20000, 'x') + "\r\n\r\n", 431, false},
      {"POST /" + std::string(20000, 'x') + " HTTP/1.1\r\n\r\n", 431, false},
      {"POST /wsman HTTP/1.1\r\nHost: test\r\nExpect: much\r\n\r\n", 417, false},
      {"POST /wsman HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400, false},
      {"POST /wsman HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n", 400, false},
      {"POST /wsman HTTP/2.0\r\n\r\n", 400, false},
      {"\x16\x03\x01\x02\r\n\r\n", 400, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.request.substr(0, 120));
    TestClient client(port_);
    client.send(c.request);
    const auto reply = client.read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, c.status) << reply->body;
    EXPECT_EQ(reply->header("content-type"), "text/plain; charset=utf-8");
    if (c.status == 405) {
      EXPECT_EQ(reply->header("allow"), "POST");
    }
    if (c.stays) {
      EXPECT_EQ(reply->headers.count("connection"), 0u);
      ASSERT_TRUE(client.send(post("/wsman", "next")));
      expect_reply(client, 200, "next");
    } else {
      EXPECT_EQ(reply->header("connection"), "close");
      EXPECT_TRUE(client.ends());
    }
  }
}

}  // namespace
}  // namespace vmms::wire::http
