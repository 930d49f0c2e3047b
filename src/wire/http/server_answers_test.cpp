#include "testing/http_server.hpp"

#include <atomic>
#include <fstream>
#include <stdexcept>

namespace vmms::wire::http {
namespace {

using ServerAnswersTest = ServerTest;

TEST_F(ServerAnswersTest, LateAnswerIsIgnoredAfterTheDeadline) {
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/later", "")));
  const auto exchange = inbox_.take();
  ASSERT_TRUE(exchange);
  exchange->expire_at(Time::now() + 50ms, [] { return Response{.status = 500, .content_type = "", .body = "late"}; });
  expect_reply(client, 500, "late");
  EXPECT_FALSE(exchange->respond({.status = 200, .content_type = "", .body = "too late"}));
  ASSERT_TRUE(client.send(post("/wsman", "next")));
  expect_reply(client, 200, "next");
}

TEST_F(ServerAnswersTest, DeadlinesOfManyConnectionsAreKept) {
  handlers_["/deadline"] = [](const std::shared_ptr<Exchange>& exchange) {
    static std::mutex mutex;
    static std::vector<std::shared_ptr<Exchange>> kept;
    const std::scoped_lock lock(mutex);
    if (exchange->request().body == "forget") return kept.clear();
    exchange->expire_at(Time::now() + std::chrono::milliseconds(std::stoi(exchange->request().body)),
                        [] { return Response{.status = 500, .content_type = "", .body = "late"}; });
    kept.push_back(exchange);
  };
  serve();
  const auto begin = Time::now();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (const char* ms : {"300", "50", "200", "-10", "100"}) {
    clients.push_back(std::make_unique<TestClient>(port_));
    ASSERT_TRUE(clients.back()->send(post("/deadline", ms)));
  }
  for (const int i : {3, 1, 4, 2}) expect_reply(*clients[i], 500, "late");
  EXPECT_LT(Time::now() - begin, 290ms);
  expect_reply(*clients[0], 500, "late");
  EXPECT_GE(Time::now() - begin, 300ms);
  TestClient last(port_);
  last.send(post("/deadline", "forget"));
  expect_reply(last, 500, "The request was given up without an answer; the log of vmmsd may say why.\n");
}

TEST_F(ServerAnswersTest, WithoutADeadlineTheLimitHolds) {
  options_.limits.answer = 50ms;
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/later", "")));
  const auto exchange = inbox_.take();
  EXPECT_EQ(client.read().value().status, 503u);
}

TEST_F(ServerAnswersTest, ExchangeThatIsDroppedIsAnswered) {
  serve();
  for (const char* path : {"/drop", "/throw"}) {
    TestClient client(port_);
    ASSERT_TRUE(client.send(post(path, "")));
    const auto reply = client.read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 500u);
    ASSERT_TRUE(client.send(post("/wsman", "next")));
    expect_reply(client, 200, "next");
  }
}

TEST_F(ServerAnswersTest, OneOfManyAnswersCounts) {
  serve();
  TestClient client(port_);
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(client.send(post("/later", "")));
    const auto exchange = inbox_.take();
    ASSERT_TRUE(exchange);
    exchange->expire_at(Time::now() + 5ms, [] { return Response{.status = 200, .content_type = "", .body = "x"}; });
    std::atomic<int> counted = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        if (exchange->respond({.status = 200, .content_type = "", .body = "x"})) ++counted;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_LE(counted, 1);
    expect_reply(client, 200, "x");
  }
}

TEST_F(ServerAnswersTest, RefusalsOfTheAuthenticatorAreSent) {
  doorkeeper_.decision = [](const Request& request, ConnectionState& state, Verified verified) {
    EXPECT_EQ(state.address, "127.0.0.1");
    Verdict verdict;
    verdict.principal = test_principal("bob");
    if (request.header("X") == "refuse") verdict.refusal = {.status = 401, .content_type = "", .body = ""};
    std::thread([verified, verdict] { verified(verdict); }).detach();
  };
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/wsman", "who asks?", "X: refuse\r\n")));
  expect_reply(client, 401, "");
  ASSERT_TRUE(client.send(post("/wsman", "go on")));
  expect_reply(client, 200, "go on");
}

TEST_F(ServerAnswersTest, TheHeaderAloneDecidesAndTheBodyComesLater) {
  std::promise<Verified> asked;
  doorkeeper_.decision = [&](const Request& request, ConnectionState& state, Verified verified) {
    // The presence of the client is unknown for the second: it may have been read while the first was awaited, and more
    // after it.
    if (!request.header("X").empty()) {
      EXPECT_EQ(state.presence->load(), Presence::here) << request.header("X");
    }
    if (request.header("X") == "later") return asked.set_value(std::move(verified));
    verified({.principal = test_principal("alice")});
  };
  serve();
  TestClient client(port_);
  const std::string request = post("/wsman", std::string(300'000, 'b'), "X: later\r\n");
  const std::size_t some = request.find("\r\n\r\n") + 104;
  ASSERT_TRUE(client.send(request.substr(0, some)));
  auto verified = asked.get_future();
  ASSERT_EQ(verified.wait_for(5s), std::future_status::ready);
  std::thread sender([&] { client.send(request.substr(some) + post("/wsman", "next")); });
  verified.get()({.principal = test_principal("alice")});
  expect_reply(client, 200, std::string(300'000, 'b'));
  expect_reply(client, 200, "next");
  sender.join();
  ASSERT_TRUE(client.send(post("/wsman", "last", "X: come back\r\n")));
  expect_reply(client, 200, "last");
}

TEST_F(ServerAnswersTest, WhoWaitsForContinueIsToldWhenTheVerdictIsThere) {
  doorkeeper_.decision = [](const Request& request, ConnectionState&, Verified verified) {
    Verdict verdict;
    verdict.principal = test_principal("alice");
    if (request.header("X") == "refuse") verdict.refusal = {.status = 401, .content_type = "", .body = "no"};
    std::thread([verified, verdict] {
      std::this_thread::sleep_for(20ms);
      verified(verdict);
    }).detach();
  };
  serve();
  TestClient client(port_);
  const std::string header = "POST /wsman HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n";
  ASSERT_TRUE(client.send(header + "\r\n"));
  expect_reply(client, 100, "");
  ASSERT_TRUE(client.send("body"));
  expect_reply(client, 200, "body");
  ASSERT_TRUE(client.send(header + "X: refuse\r\n\r\n"));
  const auto reply = client.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 401u);
  EXPECT_EQ(reply->header("connection"), "close");
  EXPECT_TRUE(client.ends());
}

TEST_F(ServerAnswersTest, AuthenticatorThatFailsOrNeverAnswersHoldsNobody) {
  options_.limits.answer = 50ms;
  doorkeeper_.decision = [](const Request& request, ConnectionState&, const Verified&) {
    if (request.header("X") == "throw") throw std::runtime_error("on purpose");
  };
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/wsman", "body", "X: throw\r\n")));
  EXPECT_EQ(client.read().value().status, 500u);
  ASSERT_TRUE(client.send(post("/wsman", "silence")));
  EXPECT_EQ(client.read().value().status, 503u);
}

TEST_F(ServerAnswersTest, StartFailsClearly) {
  const auto failure = [this](ServerOptions options) {
    Server server(std::move(options), doorkeeper_, handlers_);
    const auto started = server.start();
    return started ? std::string("started") : started.error().message;
  };
  EXPECT_NE(failure({.listeners = {{.address = "0.0.0.0"}}}).find("--wsmans"), std::string::npos);
  EXPECT_EQ(failure({.listeners = {{.address = "0.0.0.0"}}, .allow_cleartext = true}), "started");
  EXPECT_EQ(failure({.listeners = {{.address = "::"}}, .allow_cleartext = true}), "started");
  EXPECT_NE(failure({.listeners = {{.address = "203.0.113.1"}}, .allow_cleartext = true}).find("no network interface"),
            std::string::npos);
  EXPECT_NE(failure({.listeners = {{.address = "127.0.0.1", .port = 0, .tls = true}}}).find("certificate"),
            std::string::npos);
  const std::string missing = folder() + "/missing.pem";
  EXPECT_NE(failure({.listeners = {{.address = "127.0.0.1", .port = 0, .tls = true}}, .tls = {.certificate = missing}})
                .find(missing),
            std::string::npos);
  const std::string nonsense = folder() + "/nonsense.pem";
  std::ofstream(nonsense) << "nonsense\n";
  std::filesystem::permissions(nonsense, std::filesystem::perms::owner_read);
  EXPECT_NE(failure({.listeners = {{.address = "127.0.0.1", .port = 0, .tls = true}}, .tls = {.certificate = nonsense}})
                .find("PEM"),
            std::string::npos);
  serve();
  EXPECT_NE(failure({.listeners = {{.address = "127.0.0.1", .port = port_}}}).find("another program"),
            std::string::npos);
}

TEST_F(ServerAnswersTest, StopLetsAnswersFinish) {
  serve();
  TestClient idle(port_);
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/later", "")));
  const auto exchange = inbox_.take();
  ASSERT_TRUE(exchange);
  const auto begin = Time::now();
  auto stopped = std::async(std::launch::async, [this] { return server_->stop(5s); });
  EXPECT_TRUE(idle.ends());
  exchange->respond({.status = 200, .content_type = "", .body = "done"});
  const auto reply = client.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "done");
  EXPECT_TRUE(stopped.get());
  EXPECT_LT(Time::now() - begin, 4s);
  EXPECT_FALSE(TestClient(port_).connected());
}

TEST_F(ServerAnswersTest, StopDoesNotWaitForAStuckHandler) {
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/later", "")));
  const auto exchange = inbox_.take();  // and no answer comes
  ASSERT_TRUE(exchange);
  const auto begin = Time::now();
  EXPECT_TRUE(server_->stop(200ms));
  EXPECT_LT(Time::now() - begin, 2s);
  server_.reset();
  EXPECT_FALSE(client.read());
  EXPECT_FALSE(exchange->respond({}));
  exchange->expire_at(Time::now(), [] { return Response{}; });
}

TEST_F(ServerAnswersTest, StopDoesNotWaitForAHandlerThatHoldsItsThread) {
  std::promise<void> entered;
  const auto release = std::make_shared<std::promise<void>>();
  const auto released = release->get_future().share();
  handlers_["/hold"] = [&entered, released](const std::shared_ptr<Exchange>&) {
    entered.set_value();
    released.wait();
  };
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/hold", "")));
  ASSERT_EQ(entered.get_future().wait_for(5s), std::future_status::ready);
  TestClient other(port_);  // on the other thread, served nevertheless
  ASSERT_TRUE(other.send(post("/wsman", "hi")));
  expect_reply(other, 200, "hi");
  const auto begin = Time::now();
  EXPECT_FALSE(server_->stop(100ms));
  EXPECT_LT(Time::now() - begin, 2s);
  release->set_value();
  while (client.receive()) {  // until the thread has closed the connection and ended
  }
}

}  // namespace
}  // namespace vmms::wire::http
