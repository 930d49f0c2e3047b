#include "wire/http/server_fixture.hpp"

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

TEST_F(ServerAnswersTest, RefusalsOfTheAuthenticatorAreSentAndMayBeDelayed) {
  doorkeeper_.decision = [](const Request& request, ConnectionState& state, Verified verified) {
    EXPECT_EQ(state.address, "127.0.0.1");
    Verdict verdict;
    verdict.principal = test_principal("bob");
    if (request.body == "refuse" || request.body == "delay")
      verdict.refusal = {.status = 401, .content_type = "", .body = ""};
    if (request.body == "delay") verdict.delay = 100ms;
    std::thread([verified, verdict] { verified(verdict); }).detach();
  };
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/wsman", "refuse")));
  expect_reply(client, 401, "");
  const auto begin = Time::now();
  ASSERT_TRUE(client.send(post("/wsman", "delay")));
  expect_reply(client, 401, "");
  EXPECT_GE(Time::now() - begin, 100ms);
  ASSERT_TRUE(client.send(post("/wsman", "go on")));
  expect_reply(client, 200, "go on");
}

TEST_F(ServerAnswersTest, AuthenticatorThatFailsOrNeverAnswersHoldsNobody) {
  options_.limits.answer = 50ms;
  doorkeeper_.decision = [](const Request& request, ConnectionState&, const Verified&) {
    if (request.body == "throw") throw std::runtime_error("on purpose");
  };
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/wsman", "throw")));
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
  const auto exchange = inbox_.take();  // and nobody answers
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
