#include "testing/http_server.hpp"

namespace vmms::wire::http {
namespace {

TEST_F(ServerTest, AnswersOnAConnectionThatStays) {
  serve();
  TestClient client(port_);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send(post(i == 1 ? "/wsman/" : "/wsman", "hello " + std::to_string(i))));
    const auto reply = client.read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200u);
    EXPECT_EQ(reply->body, "hello " + std::to_string(i));
    EXPECT_EQ(reply->headers.at("content-type"), "text/echo");
    EXPECT_EQ(reply->headers.at("server"), "vmms");
    EXPECT_EQ(reply->headers.at("date").size(), 29u);
    EXPECT_EQ(reply->headers.count("connection"), 0u);
  }
}

TEST_F(ServerTest, EachProtocolHasItsListeners) {
  const auto says = [](std::string text) -> Handler {
    return [text](const std::shared_ptr<Exchange>& exchange) {
      exchange->respond({.status = 200, .content_type = {}, .body = text});
    };
  };
  ServerOptions options;
  options.listeners = {{.address = "127.0.0.1", .protocol = "one"}, {.address = "127.0.0.1", .protocol = "two"}};
  Server server(options, doorkeeper_,
                Protocols{{"one", {{"/a", says("1a")}}}, {"two", {{"/a", says("2a")}, {"/b", says("2b")}}}});
  const auto listeners = server.start();
  ASSERT_TRUE(listeners) << listeners.error().message;
  const auto ask = [&](std::size_t listener, std::string_view path) {
    TestClient client((*listeners)[listener].port);
    EXPECT_TRUE(client.send(post(std::string(path), "x")));
    const auto reply = client.read();
    return reply ? std::to_string(reply->status) + reply->body : std::string();
  };
  EXPECT_EQ(ask(0, "/a"), "2001a");
  EXPECT_EQ(ask(1, "/a"), "2002a");
  EXPECT_EQ(ask(1, "/b"), "2002b");
  EXPECT_EQ(ask(0, "/b"), "404There is nothing here; served are /a.\n");
  server.stop(std::chrono::seconds(5));

  options.listeners = {{.address = "127.0.0.1", .protocol = "three"}};
  EXPECT_FALSE(Server(options, doorkeeper_, Protocols{{"one", {}}}).start()) << "a listener that nobody answers";
}

TEST_F(ServerTest, ExtensionMethodsAreNotKnown) {
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send("M-POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"));
  const auto reply = client.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 501u);
}

TEST_F(ServerTest, WhatIsForEverybodyNeedsNoCredentials) {
  doorkeeper_.decision = [](const Request& request, ConnectionState&, const Verified& verified) {
    if (request.header("Authorization") == "right") return verified({.principal = test_principal("alice", "test")});
    verified({.refusal = Response{.status = 401, .content_type = "text/plain", .body = "who?"}});
  };
  const auto everybody = [](const std::shared_ptr<Exchange>& exchange) {
    if (exchange->request().body == "open")
      exchange->respond({.status = 200, .content_type = "text/plain", .body = "for everybody"});
    else if (exchange->request().refusal)
      exchange->respond(*exchange->request().refusal);
  };
  const Handler own = handlers_["/wsman"].handler;
  handlers_["/wsman"] =
      Endpoint(own, everybody, [](const Request& request) { return request.header("Open") == "yes"; });
  handlers_["/everybody"] = Endpoint(nullptr, everybody);
  serve();
  const auto ask = [&](TestClient& client, std::string_view path, std::string_view fields, std::string_view body) {
    client.send(
        fmt::format("POST {} HTTP/1.1\r\nHost: x\r\n{}Content-Length: {}\r\n\r\n{}", path, fields, body.size(), body));
  };
  TestClient client(port_);
  ask(client, "/wsman", "Open: yes\r\n", "open");
  expect_reply(client, 200, "for everybody");
  ask(client, "/everybody", "", "open");
  expect_reply(client, 200, "for everybody");
  ask(client, "/wsman", "Open: yes\r\n", "more");
  expect_reply(client, 401, "who?");
  ask(client, "/wsman", "", "open");
  expect_reply(client, 401, "who?");
  ask(client, "/wsman", "Open: yes\r\nAuthorization: right\r\n", "open");
  expect_reply(client, 200, "open");
  ask(client, "/wsman", "Open: yes\r\nAuthorization: wrong\r\n", "open");
  expect_reply(client, 401, "who?");
  ask(client, "/everybody", "Authorization: right\r\n", "open");
  expect_reply(client, 200, "for everybody");
  ask(client, "/everybody", "Authorization: right\r\n", std::string(5000, 'x'));
  expect_reply(client, 413, "This is more than is read at this path.\n");
  ask(client, "/wsman", "Open: yes\r\n", std::string(5000, 'x'));
  expect_reply(client, 401, "who?");
  ask(client, "/wsman", "Open: yes\r\n", "open");
  expect_reply(client, 200, "for everybody");
}

TEST_F(ServerTest, HandlerSeesTheRequest) {
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(
      "POST http://some.host/later?PSVersion=5.1 HTTP/1.1\r\nHost: some.host\r\nContent-Type: application/soap+xml\r\n"
      "X-Thing:  two words \r\nContent-Length: 3\r\n\r\nabc"));
  const auto exchange = inbox_.take();
  ASSERT_TRUE(exchange);
  const Request& request = exchange->request();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.content_type, "application/soap+xml");
  EXPECT_EQ(request.body, "abc");
  EXPECT_EQ(request.header("x-thing"), "two words");
  EXPECT_EQ(request.header("absent"), "");
  EXPECT_EQ(request.principal->name, "alice");
  EXPECT_EQ(request.principal->mechanism, "test");
  EXPECT_EQ(request.peer.substr(0, 10), "127.0.0.1:");
  EXPECT_FALSE(request.encrypted);
  EXPECT_TRUE(exchange->respond({.status = 500, .content_type = "", .body = "", .headers = {{"X-Bad", "a\r\nb: c"}}}));
  EXPECT_FALSE(exchange->respond({}));
  const auto reply = client.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 500u);
  EXPECT_EQ(reply->headers.count("x-bad"), 0u);
  EXPECT_EQ(reply->headers.count("content-type"), 0u);
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  serve();
  TestClient client(port_);
  std::string all;
  for (int i = 0; i < 500; ++i) all += post("/wsman", std::to_string(i));
  std::thread sender([&] { client.send(all); });
  for (int i = 0; i < 500; ++i) expect_reply(client, 200, std::to_string(i));
  sender.join();
}

TEST_F(ServerTest, PipelinedRequestWaitsForTheAnswerBefore) {
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/later", "first") + post("/wsman", "second")));
  const auto exchange = inbox_.take();
  ASSERT_TRUE(exchange);
  std::thread([exchange] { exchange->respond({.status = 200, .content_type = "", .body = "first"}); }).join();
  expect_reply(client, 200, "first");
  expect_reply(client, 200, "second");
}

TEST_F(ServerTest, RequestMayComeByteByByte) {
  serve();
  TestClient client(port_);
  for (const char c : post("/wsman", "slow")) ASSERT_TRUE(client.send({&c, 1}));
  expect_reply(client, 200, "slow");
}

TEST_F(ServerTest, ReadsChunkedBodies) {
  serve();
  TestClient client(port_);
  const std::string head = "POST /wsman HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
  ASSERT_TRUE(client.send(head + "5\r\nhello\r\n1;extension=1\r\n \r\n5\r\nwor"));
  ASSERT_TRUE(client.send("ld\r\n0\r\nAuthorization: trailer\r\n\r\n" + post("/wsman", "next")));
  expect_reply(client, 200, "hello world");
  expect_reply(client, 200, "next");
}

TEST_F(ServerTest, ReadsALargeBody) {
  serve();
  TestClient client(port_);
  const std::string body(3'000'000, 'b');
  ASSERT_TRUE(client.send(post("/wsman", body)));
  expect_reply(client, 200, body);
}

TEST_F(ServerTest, TellsToContinue) {
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send("POST /wsman HTTP/1.1\r\nHost: test\r\nExpect: 100-Continue\r\nContent-Length: 4\r\n\r\n"));
  expect_reply(client, 100, "");
  ASSERT_TRUE(client.send("bo"));
  ASSERT_TRUE(client.send("dy"));
  expect_reply(client, 200, "body");
  // A client that sends the body at once needs no permission.
  ASSERT_TRUE(client.send(post("/wsman", "all", "Expect: 100-continue\r\n")));
  expect_reply(client, 200, "all");
}

TEST_F(ServerTest, HeadHasNoBody) {
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send("HEAD /wsman HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(client.read());  // a body is announced and does not come
}

TEST_F(ServerTest, ClosesForClientsOfOldAndWhenAsked) {
  serve();
  {
    TestClient client(port_);
    ASSERT_TRUE(client.send("POST /wsman HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi"));
    const auto reply = client.read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->header("connection"), "close");
    EXPECT_TRUE(client.ends());
  }
  {
    TestClient client(port_);
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(client.send("POST /wsman HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi"));
      const auto reply = client.read();
      ASSERT_TRUE(reply);
      EXPECT_EQ(reply->header("connection"), "keep-alive");
    }
  }
  {
    TestClient client(port_);
    ASSERT_TRUE(client.send(post("/wsman", "hi", "Connection: close\r\n")));
    expect_reply(client, 200, "hi");
    EXPECT_TRUE(client.ends());
  }
}

}  // namespace
}  // namespace vmms::wire::http
