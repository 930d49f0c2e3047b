#include "testing/http_server.hpp"

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
  allow(Ledger::Item::connection, {.principal = 4, .all = 8});  // one of a kind that is not freed would soon be missed
  allow(Ledger::Item::stranger, {.address = 4, .all = 8});
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
      if (round % 2 == 0)
        waiting.reset();
      else
        ::shutdown(waiting.fd(), SHUT_RDWR);
      // It is noticed at once, though nothing is written.
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

TEST_F(ServerLimitsTest, ANewConnectionDisplacesTheOldestThatNobodySignedInOn) {
  allow(Ledger::Item::stranger, {.address = 2, .all = 8});
  serve();
  TestClient signed_in(port_);
  ASSERT_TRUE(signed_in.send(post("/wsman", "hi")));
  expect_reply(signed_in, 200, "hi");
  TestClient first(port_);
  TestClient second(port_);
  ASSERT_TRUE(second.send("POST /wsman HT"));
  TestClient third(port_);
  EXPECT_TRUE(first.ends());
  TestClient fourth(port_);
  EXPECT_TRUE(second.ends()) << "half a header is no better than none";
  for (TestClient* client : {&third, &fourth, &signed_in}) {
    ASSERT_TRUE(client->send(post("/wsman", "still here")));
    expect_reply(*client, 200, "still here");
  }
}

TEST_F(ServerLimitsTest, WhoWaitsToBeLetInMakesRoomForWhoComesLater) {
  allow(Ledger::Item::stranger, {.address = 2, .all = 8});
  std::vector<Verified> asked;
  std::mutex mutex;
  doorkeeper_.decision = [&](const Request&, ConnectionState&, Verified verified) {
    const std::scoped_lock lock(mutex);
    asked.push_back(std::move(verified));
  };
  serve();
  const auto ask = [&](TestClient& client, std::size_t number) {
    ASSERT_TRUE(client.send(post("/wsman", "hi")));
    const auto all = [&] {
      const std::scoped_lock lock(mutex);
      return asked.size() == number;
    };
    for (const auto deadline = Time::now() + 5s; !all() && Time::now() < deadline;) std::this_thread::yield();
    ASSERT_TRUE(all());
  };
  TestClient first(port_);
  ask(first, 1);
  TestClient second(port_);
  ask(second, 2);
  TestClient third(port_);
  EXPECT_TRUE(first.ends());
  ask(third, 3);
  for (const Verified& verified : asked) verified({.principal = test_principal("alice")});
  for (TestClient* client : {&second, &third}) expect_reply(*client, 200, "hi");
}

TEST_F(ServerLimitsTest, ConnectionsBeyondTheLimitAreToldWhenNoneCanGo) {
  ledger_options_.bytes_of_address = 1;
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/wsman", "hi")));
  const auto reply = client.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 503u);
  EXPECT_EQ(reply->header("retry-after"), "5");
  EXPECT_NE(reply->body.find("address 127.0.0.1"), std::string::npos) << reply->body;
  EXPECT_TRUE(client.ends());
}

TEST_F(ServerLimitsTest, ConnectionsOfAUserAreLimited) {
  allow(Ledger::Item::connection, {.principal = 2, .all = 8});
  serve();
  TestClient first(port_);
  TestClient second(port_);
  for (TestClient* client : {&first, &second}) {
    ASSERT_TRUE(client->send(post("/wsman", "hi")));
    expect_reply(*client, 200, "hi");
  }
  TestClient third(port_);
  ASSERT_TRUE(third.send(post("/wsman", "hi")));
  const auto reply = third.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 503u);
  EXPECT_NE(reply->body.find("alice"), std::string::npos) << reply->body;
  EXPECT_TRUE(third.ends());
  ASSERT_TRUE(first.send(post("/wsman", "hi")));
  expect_reply(first, 200, "hi");
}

TEST_F(ServerLimitsTest, ClientsThatSendNoMoreHoldFewPlaces) {
  allow(Ledger::Item::leaving, {.principal = 2, .all = 8});
  allow(Ledger::Item::connection, {.principal = 3, .all = 8});
  serve();
  std::vector<std::unique_ptr<TestClient>> clients;
  std::vector<std::shared_ptr<Exchange>> exchanges;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<TestClient>(port_));
    ASSERT_TRUE(clients.back()->send(post("/later", "")));
    exchanges.push_back(inbox_.take());
    ASSERT_TRUE(exchanges.back());
    ::shutdown(clients.back()->fd(), SHUT_WR);
    // The place of a waiting client is free.
    ASSERT_TRUE(soon_served("here"));
  }
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(clients[i]->ends()) << i;
  for (const auto& exchange : exchanges) exchange->respond({.status = 200, .content_type = "", .body = "answer"});
  for (int i = 4; i < 6; ++i) expect_reply(*clients[i], 200, "answer");
}

TEST_F(ServerLimitsTest, WhoSendsMuchAheadIsServedAllTheSame) {
  serve();
  TestClient client(port_);
  std::string all = post("/later", "");
  for (int i = 0; i < 2000; ++i) all += post("/wsman", std::to_string(i));
  std::thread sender([&] { client.send(all); });
  const auto exchange = inbox_.take();
  ASSERT_TRUE(exchange);
  std::this_thread::sleep_for(50ms);
  exchange->respond({.status = 200, .content_type = "", .body = "later"});
  expect_reply(client, 200, "later");
  for (int i = 0; i < 2000; ++i) expect_reply(client, 200, std::to_string(i));
  sender.join();
  ASSERT_TRUE(client.send(post("/later", "")));
  const auto last = inbox_.take();
  ASSERT_TRUE(last);
  last->respond({.status = 200, .content_type = "", .body = "last"});
  expect_reply(client, 200, "last");
}

TEST_F(ServerLimitsTest, WhatIsReadAheadIsPaidFor) {
  const auto eventually = [](const auto& condition) {
    for (const auto deadline = Time::now() + 60s; !condition() && Time::now() < deadline;)
      std::this_thread::sleep_for(10ms);
    return condition();
  };
  serve();
  const std::size_t connection = options_.limits.connection_bytes;
  {
    TestClient client(port_);
    ASSERT_TRUE(client.send(post("/later", "")));
    const auto exchange = inbox_.take();
    ASSERT_TRUE(exchange);
    EXPECT_TRUE(eventually([&] { return options_.ledger.bytes() == connection; }));
    ASSERT_TRUE(client.send(std::string(options_.limits.bytes_ahead / 2, 'x')));
    EXPECT_TRUE(eventually([&] { return options_.ledger.bytes() > connection + options_.limits.bytes_ahead / 4; }));
    exchange->respond({});
    EXPECT_EQ(client.read().value().status, 200u);
    EXPECT_EQ(client.read().value().status, 431u) << "what came ahead is no request";
  }
  EXPECT_TRUE(eventually([&] { return options_.ledger.bytes() == 0; }));
}

TEST_F(ServerLimitsTest, WhoCannotPayForWhatIsReadAheadIsReadNoFurther) {
  ledger_options_.bytes_of_principal = options_.limits.connection_bytes + 10'000;
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/later", "")));
  const auto exchange = inbox_.take();
  ASSERT_TRUE(exchange);
  std::string ahead;
  for (int i = 0; i < 500; ++i) ahead += post("/wsman", std::to_string(i));
  std::thread sender([&] { client.send(ahead); });
  for (const auto deadline = Time::now() + 60s;
       options_.ledger.number(Ledger::Item::leaving) == 0 && Time::now() < deadline;)
    std::this_thread::sleep_for(10ms);
  EXPECT_EQ(options_.ledger.number(Ledger::Item::leaving), 1u);
  EXPECT_LE(options_.ledger.bytes(), ledger_options_.bytes_of_principal);
  exchange->respond({.status = 200, .content_type = "", .body = "later"});
  expect_reply(client, 200, "later");
  for (int i = 0; i < 500; ++i) expect_reply(client, 200, std::to_string(i));
  sender.join();
}

TEST_F(ServerLimitsTest, BodiesOfAUserAreLimitedUntilTheyAreReleased) {
  options_.limits.free_bytes = 100;
  ledger_options_.bytes = 1'000'000;
  ledger_options_.bytes_of_principal = 200'000;
  ledger_options_.bytes_of_address = 500'000;
  serve();
  auto holder = std::make_unique<TestClient>(port_);
  ASSERT_TRUE(holder->send(post("/later", std::string(120'000, 'x'))));
  auto exchange = inbox_.take();
  ASSERT_TRUE(exchange);
  holder->reset();  // it is not free just because no client waits
  const auto status_of = [&](std::size_t bytes) {
    // The connection of before is closed soon, not at once, and paid for until then.
    for (const auto deadline = Time::now() + 5s;
         options_.ledger.number(Ledger::Item::connection) > 0 && Time::now() < deadline;)
      std::this_thread::sleep_for(1ms);
    TestClient client(port_);
    EXPECT_TRUE(client.send(post("/wsman", std::string(bytes, 'x'))));
    const auto reply = client.read();
    return reply ? reply->status : 0;
  };
  EXPECT_EQ(status_of(60'000), 503u);
  EXPECT_EQ(status_of(100), 200u) << "small ones are served all the same";
  EXPECT_TRUE(exchange->keep(50'000));
  EXPECT_EQ(status_of(40'000), 200u);
  exchange.reset();
  EXPECT_TRUE(soon_served(std::string(60'000, 'x')));
}

TEST_F(ServerLimitsTest, AnswersThatNobodyReadsAreLimited) {
  options_.limits.free_bytes = 100;
  ledger_options_.bytes = 100'000'000;
  ledger_options_.bytes_of_principal = big + big / 2;
  serve();
  TestClient deaf(port_);
  ASSERT_TRUE(deaf.send(post("/big", "")));
  ASSERT_TRUE(deaf.receive());
  TestClient other(port_);
  ASSERT_TRUE(other.send(post("/big", "")));
  EXPECT_EQ(other.read().value().status, 503u);
  deaf.reset();
  const auto deadline = Time::now() + 5s;
  unsigned status = 0;
  do {
    TestClient client(port_);
    ASSERT_TRUE(client.send(post("/big", "")));
    status = client.read().value().status;
  } while (status != 200 && Time::now() < deadline);
  EXPECT_EQ(status, 200u);
}

TEST_F(ServerLimitsTest, UnwantedBodiesAreThrownAway) {
  options_.limits.unwanted_bytes = 100'000;
  doorkeeper_.decision = [](const Request&, ConnectionState&, const Verified& verified) {
    verified({.refusal = Response{.status = 401, .content_type = "", .body = "who?"}});
  };
  serve();
  TestClient client(port_);
  const std::string chunked = "POST /wsman HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
  for (const std::string& request :
       {post("/wsman", std::string(100'000, 'x')), post("/wsman", ""), chunked + chunk + chunk + "0\r\n\r\n"}) {
    ASSERT_TRUE(client.send(request));
    const auto reply = client.read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 401u);
    EXPECT_EQ(reply->header("connection"), "");
  }
  for (const std::string& request :
       {post("/wsman", std::string(100'001, 'x')), chunked + chunk + chunk + chunk + chunk + "0\r\n\r\n"}) {
    TestClient other(port_);
    other.send(request);
    const auto reply = other.read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 401u);
    EXPECT_EQ(reply->header("connection"), "close");
    EXPECT_TRUE(other.ends());
  }
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
