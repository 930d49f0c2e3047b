#include "wire/http/server.hpp"

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "wire/http/test_client.hpp"

namespace vmms::wire::http {
namespace {

using namespace std::chrono_literals;
using Time = std::chrono::steady_clock;

/// Lets everybody in, or whoever `decision` lets in.
class Doorkeeper : public Authenticator {
 public:
  void authenticate(const Request& request, ConnectionState& state, Verified verified) override {
    if (decision) return decision(request, state, std::move(verified));
    verified({.user = "alice", .mechanism = "test"});
  }
  std::function<void(const Request&, ConnectionState&, Verified)> decision;
};

/// What a handler was given, for the test to answer when it likes.
class Inbox {
 public:
  void put(std::shared_ptr<Exchange> exchange) {
    const std::scoped_lock lock(mutex_);
    exchange_ = std::move(exchange);
    changed_.notify_all();
  }
  std::shared_ptr<Exchange> take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 5s, [this] { return exchange_ != nullptr; })) return nullptr;
    return std::move(exchange_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Exchange> exchange_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    const Handler echo = [](const std::shared_ptr<Exchange>& exchange) {
      exchange->respond({.status = 200, .content_type = "text/echo", .body = exchange->request().body});
    };
    handlers_["/wsman"] = echo;
    handlers_["/wsman/"] = echo;
    handlers_["/later"] = [this](std::shared_ptr<Exchange> exchange) { inbox_.put(std::move(exchange)); };
    handlers_["/drop"] = [](const std::shared_ptr<Exchange>&) {};
    handlers_["/throw"] = [](const std::shared_ptr<Exchange>&) { throw std::runtime_error("on purpose"); };
    handlers_["/big"] = [](const std::shared_ptr<Exchange>& exchange) {
      exchange->respond({.status = 200, .content_type = "text/plain", .body = std::string(30'000'000, 'x')});
    };
  }

  void TearDown() override {
    server_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  void serve() {
    if (options_.listeners.empty()) options_.listeners = {{.address = "127.0.0.1"}};
    server_ = std::make_unique<Server>(options_, doorkeeper_, handlers_);
    const auto listeners = server_->start();
    ASSERT_TRUE(listeners) << listeners.error().message;
    port_ = listeners->front().port;
    ASSERT_NE(port_, 0);
  }

  const std::string& folder() {
    if (folder_.empty()) {
      std::string name = std::filesystem::temp_directory_path() / "vmms-http-XXXXXX";
      folder_ = ::mkdtemp(name.data());
    }
    return folder_;
  }

  void expect_reply(TestClient& client, unsigned status, std::string_view body) {
    const auto reply = client.read();
    ASSERT_TRUE(reply) << "the connection ended; expected " << status;
    EXPECT_EQ(reply->status, status);
    EXPECT_EQ(reply->body, body);
  }

  ServerOptions options_;
  Doorkeeper doorkeeper_;
  Handlers handlers_;
  Inbox inbox_;
  std::uint16_t port_ = 0;
  std::string folder_;
  std::unique_ptr<Server> server_;
};

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
  EXPECT_EQ(request.user, "alice");
  EXPECT_EQ(request.mechanism, "test");
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
  // Whoever sends the body at once needs no permission.
  ASSERT_TRUE(client.send(post("/wsman", "all", "Expect: 100-continue\r\n")));
  expect_reply(client, 200, "all");
}

TEST_F(ServerTest, RefusesWhatItDoesNotServe) {
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

TEST_F(ServerTest, TooManyHeaderFieldsAreRefused) {
  options_.limits.header_fields = 10;
  serve();
  TestClient client(port_);
  std::string fields;
  for (int i = 0; i < 20; ++i) fields += fmt::format("X{}: y\r\n", i);
  client.send(post("/wsman", "", fields));
  EXPECT_EQ(client.read().value().status, 431u);
}

TEST_F(ServerTest, RefusalArrivesThoughTheClientStillSends) {
  options_.limits.body_bytes = 1000;
  serve();
  TestClient client(port_);
  // Closing with these bytes unread would reset the connection before the client reads the answer.
  client.send(post("/wsman", std::string(300'000, 'x')));
  const auto reply = client.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 413u);
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

TEST_F(ServerTest, SlowClientsAreDroppedOrTold) {
  options_.limits.head = 100ms;
  options_.limits.body = 100ms;
  options_.limits.idle = 100ms;
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

TEST_F(ServerTest, ClientThatReadsNothingIsDropped) {
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
  EXPECT_LT(waiting, 30'000'000);
  ASSERT_EQ(::recv(client.fd(), &byte, 1, MSG_PEEK), 1);
  EXPECT_FALSE(client.read());
}

TEST_F(ServerTest, LateAnswerIsIgnoredAfterTheDeadline) {
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

TEST_F(ServerTest, DeadlinesOfManyConnectionsAreKept) {
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

TEST_F(ServerTest, WithoutADeadlineTheLimitHolds) {
  options_.limits.answer = 50ms;
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/later", "")));
  const auto exchange = inbox_.take();
  EXPECT_EQ(client.read().value().status, 503u);
}

TEST_F(ServerTest, ExchangeThatIsDroppedIsAnswered) {
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

TEST_F(ServerTest, OneOfManyAnswersCounts) {
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

TEST_F(ServerTest, ClientMayLeaveAtAnyTime) {
  options_.limits.connections = 4;  // one that is not freed would soon be missed
  serve();
  for (int round = 0; round < 10; ++round) {
    {
      TestClient in_request(port_);
      ASSERT_TRUE(in_request.send("POST /wsman HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nsome"));
    }
    {
      TestClient in_response(port_);
      ASSERT_TRUE(in_response.send(post("/big", "")));
      ASSERT_TRUE(in_response.receive());
      in_response.reset();
    }
    {
      TestClient waiting(port_);
      ASSERT_TRUE(waiting.send(post("/later", "")));
      const auto exchange = inbox_.take();
      ASSERT_TRUE(exchange);
      waiting.reset();
      // The reset is noticed at once, though nothing is written.
      const auto deadline = Time::now() + 5s;
      while (Time::now() < deadline) {
        TestClient other(port_);
        other.send(post("/wsman", ""));
        const auto reply = other.read();
        if (reply && reply->status == 200) break;
      }
      exchange->respond({});
    }
  }
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/wsman", "still here")));
  expect_reply(client, 200, "still here");
}

TEST_F(ServerTest, ClientThatOnlyStopsSendingGetsItsAnswer) {
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

TEST_F(ServerTest, ServesManyConnectionsAtOnce) {
  serve();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<TestClient>(port_));
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(clients[i]->send(post("/wsman", std::to_string(i))));
    for (int i = 0; i < 200; ++i) expect_reply(*clients[i], 200, std::to_string(i));
  }
}

TEST_F(ServerTest, ConnectionsBeyondTheLimitAreTold) {
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

TEST_F(ServerTest, AllBodiesTogetherAreLimited) {
  options_.limits.all_body_bytes = 1000;
  serve();
  TestClient holder(port_);
  ASSERT_TRUE(holder.send(post("/later", std::string(900, 'x'))));
  const auto exchange = inbox_.take();
  ASSERT_TRUE(exchange);
  {
    TestClient other(port_);
    ASSERT_TRUE(other.send(post("/wsman", std::string(200, 'x'))));
    EXPECT_EQ(other.read().value().status, 503u);
  }
  exchange->respond({});
  EXPECT_EQ(holder.read().value().status, 200u);
  TestClient other(port_);
  ASSERT_TRUE(other.send(post("/wsman", std::string(900, 'x'))));
  EXPECT_EQ(other.read().value().status, 200u);
}

TEST_F(ServerTest, RefusalsOfTheAuthenticatorAreSentAndMayBeDelayed) {
  doorkeeper_.decision = [](const Request& request, ConnectionState& state, Verified verified) {
    EXPECT_EQ(state.address, "127.0.0.1");
    Verdict verdict;
    verdict.user = "bob";
    if (request.body == "refuse" || request.body == "delay") verdict.refusal = {.status = 401, .content_type = "", .body = ""};
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

TEST_F(ServerTest, AuthenticatorThatFailsOrNeverAnswersHoldsNobody) {
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

TEST_F(ServerTest, SpeaksTlsWithACertificateOfItsOwn) {
  options_.listeners = {{.address = "127.0.0.1", .port = 0, .tls = true}};
  options_.tls.state = folder() + "/state";
  serve();
  const std::string certificate = options_.tls.state + "/tls-certificate.pem";
  struct stat key {};
  ASSERT_EQ(::stat((options_.tls.state + "/tls-key.pem").c_str(), &key), 0);
  EXPECT_EQ(key.st_mode & 0777, 0600u);
  {
    TestClient client(port_, certificate);
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(client.tls_version(), "TLSv1.3");
    const std::string body(500'000, 'b');
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(client.send(post("/wsman", body)));
      expect_reply(client, 200, body);
    }
    ASSERT_TRUE(client.send(post("/later", "")));
    const auto exchange = inbox_.take();
    ASSERT_TRUE(exchange);
    EXPECT_TRUE(exchange->request().encrypted);
    exchange->respond({.status = 200, .content_type = "", .body = "later"});
    expect_reply(client, 200, "later");
    ASSERT_TRUE(client.send(post("/wsman", "", "Connection: close\r\n")));
    expect_reply(client, 200, "");
    EXPECT_TRUE(client.ends());
  }
  {
    TestClient refused(port_, certificate);
    refused.send("POST /wsman HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999\r\n\r\n" + std::string(300'000, 'x'));
    EXPECT_EQ(refused.read().value().status, 413u);
  }
  {
    TestClient cleartext(port_);
    cleartext.send(post("/wsman", ""));
    while (cleartext.receive()) {
    }
  }
  // The pair is kept: clients may have learnt to trust it.
  std::string before;
  std::getline(std::ifstream(certificate), before, '\0');
  serve();
  std::string after;
  std::getline(std::ifstream(certificate), after, '\0');
  EXPECT_EQ(before, after);
  TestClient client(port_, certificate);
  EXPECT_TRUE(client.connected());
}

TEST_F(ServerTest, SlowTlsClientsAreDropped) {
  options_.listeners = {{.address = "127.0.0.1", .port = 0, .tls = true}};
  options_.tls.state = folder();
  options_.limits.head = 150ms;
  serve();
  TestClient no_handshake(port_);
  ASSERT_TRUE(no_handshake.send("\x16\x03\x01"));
  TestClient in_head(port_, folder() + "/tls-certificate.pem");
  ASSERT_TRUE(in_head.send("POST /wsman"));
  EXPECT_TRUE(no_handshake.ends());
  const auto reply = in_head.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 408u);
  EXPECT_TRUE(in_head.ends());
}

TEST_F(ServerTest, StartFailsClearly) {
  const auto failure = [this](ServerOptions options) {
    Server server(std::move(options), doorkeeper_, handlers_);
    const auto started = server.start();
    return started ? std::string("started") : started.error().message;
  };
  EXPECT_NE(failure({.listeners = {{.address = "0.0.0.0"}}}).find("--wsmans"), std::string::npos);
  EXPECT_EQ(failure({.listeners = {{.address = "0.0.0.0"}}, .allow_cleartext = true}), "started");
  EXPECT_EQ(failure({.listeners = {{.address = "::"}}, .allow_cleartext = true}), "started");
  EXPECT_NE(failure({.listeners = {{.address = "203.0.113.1"}}, .allow_cleartext = true})
                .find("no network interface"),
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

TEST_F(ServerTest, StopLetsAnswersFinish) {
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

TEST_F(ServerTest, StopDoesNotWaitForAStuckHandler) {
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

TEST_F(ServerTest, StopDoesNotWaitForAHandlerThatHoldsItsThread) {
  const auto release = std::make_shared<std::promise<void>>();
  const auto released = release->get_future().share();
  handlers_["/hold"] = [released](const std::shared_ptr<Exchange>&) { released.wait(); };
  serve();
  TestClient client(port_);
  ASSERT_TRUE(client.send(post("/hold", "")));
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
