#include "wire/auth/basic.hpp"

#include "testing/http_client.hpp"
#include "wire/auth/authenticator.hpp"
#include "wire/http/server.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

namespace vmms::wire::auth {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::string basic(std::string_view user_and_password) {
  std::string encoded((user_and_password.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                   reinterpret_cast<const unsigned char*>(user_and_password.data()),
                                   static_cast<int>(user_and_password.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return "Basic " + encoded;
}

class BasicTest : public ::testing::Test {
 protected:
  BasicTest() {
    std::string name = std::filesystem::temp_directory_path() / "vmms-basic-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/users";
    set("alice", "secret");
    set("bob", "pass:word");
    file_ = PasswordFile::open(path_).value();
    serve();
  }
  ~BasicTest() override { std::filesystem::remove_all(folder_); }

  /// Without a bound on guesses, except where a test says one.
  void serve(Basic::Options options = {}, TokenBuckets::Rate rate = {1000, std::chrono::seconds(1)}) {
    Guard::Options guard;
    guard.address = guard.network = guard.user_at_address = guard.user = rate;
    basic_ = std::make_unique<Authenticator>(
        std::vector<std::shared_ptr<Scheme>>{std::make_shared<Basic>(file_, options)}, nullptr, guard);
  }

  void set(const std::string& user, const std::string& password) {
    const auto done = set_user(path_, user, password, 1);  // cheap hashes
    ASSERT_TRUE(done) << done.error().message;
  }

  /// Authenticates one request on `connection` and waits for the verdict.
  http::Verdict ask(http::ConnectionState& connection, const std::optional<std::string>& authorization) {
    http::Request request;
    request.peer = connection.address + ":4711";
    if (authorization) request.headers.push_back({"authorization", *authorization});
    auto promise = std::make_shared<std::promise<http::Verdict>>();
    auto verdict = promise->get_future();
    basic_->authenticate(request, connection, [promise](http::Verdict v) { promise->set_value(std::move(v)); });
    at_once_ = verdict.wait_for(0s) == std::future_status::ready;
    if (verdict.wait_for(5s) != std::future_status::ready) {
      ADD_FAILURE() << "no verdict";
      return {};
    }
    return verdict.get();
  }
  http::Verdict ask(const std::optional<std::string>& authorization, const std::string& address = "192.0.2.1") {
    http::ConnectionState connection{.address = address};
    return ask(connection, authorization);
  }

  static void expect_challenge(const http::Verdict& verdict) {
    ASSERT_TRUE(verdict.refusal);
    EXPECT_EQ(verdict.refusal->status, 401u);
    ASSERT_EQ(verdict.refusal->headers.size(), 1u);
    EXPECT_EQ(verdict.refusal->headers[0].name, "WWW-Authenticate");
    EXPECT_EQ(verdict.refusal->headers[0].value, "Basic realm=\"vmms\"");
  }

  std::string folder_;
  std::string path_;
  std::shared_ptr<PasswordFile> file_;
  std::unique_ptr<Authenticator> basic_;
  bool at_once_ = false;  // whether the last verdict came during authenticate()
};

TEST_F(BasicTest, RightCredentialsAreAccepted) {
  const http::Verdict alice = ask(basic("alice:secret"));
  EXPECT_FALSE(alice.refusal);
  EXPECT_EQ(alice.principal->name, "alice");
  EXPECT_EQ(alice.principal->mechanism, "basic");
  EXPECT_EQ(ask(basic("bob:pass:word")).principal->name, "bob");
  std::string lower = basic("alice:secret");
  lower.replace(0, 5, "bASIC");
  EXPECT_EQ(ask(lower).principal->name, "alice");
}

TEST_F(BasicTest, EverythingElseIsChallenged) {
  for (const std::string& wrong :
       {basic("alice:wrong"), basic("alice:"), basic("Alice:secret"), basic("nobody:secret"), basic(":secret"),
        basic("alice"), basic("alice:se\xffret"), basic(std::string("alice:secret\0", 13)), basic("alice:sec\nret"),
        std::string("Basic"), std::string("Basic "), std::string("Basic !!!!"), std::string("Basic YWxpY2U"),
        std::string("Negotiate TlRMTVNTUAABAAAA"), std::string("Bearer abc"), std::string("Basically no"),
        "Basic " + std::string(12000, 'A')}) {
    SCOPED_TRACE(wrong.substr(0, 60));
    expect_challenge(ask(wrong));
  }
  expect_challenge(ask(std::nullopt));
}

TEST_F(BasicTest, MissingOrOtherCredentialsAreNoFailures) {
  serve({}, {1, 1h});
  for (int i = 0; i < 20; ++i) {
    ask(std::nullopt);
    EXPECT_TRUE(at_once_);
    ask("Negotiate abcd");
    EXPECT_TRUE(at_once_);
  }
  EXPECT_EQ(ask(basic("alice:secret")).principal->name, "alice");
}

TEST_F(BasicTest, WhatWasVerifiedIsRemembered) {
  http::ConnectionState connection{.address = "192.0.2.1"};
  EXPECT_EQ(ask(connection, basic("alice:secret")).principal->name, "alice");
  // From the table, then from the connection: neither waits.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask(connection, basic("alice:secret")).principal->name, "alice");
    EXPECT_TRUE(at_once_);
  }
  EXPECT_EQ(ask(basic("alice:secret"), "192.0.2.2").principal->name, "alice");
  EXPECT_TRUE(at_once_);
  // Others are not let in by that, on the same connection neither.
  expect_challenge(ask(connection, basic("bob:wrong")));
  EXPECT_FALSE(at_once_);
}

TEST_F(BasicTest, RememberedForAWhileOnly) {
  serve({.remember = 0ms});
  http::ConnectionState connection{.address = "192.0.2.1"};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask(connection, basic("alice:secret")).principal->name, "alice");
    EXPECT_FALSE(at_once_);
  }
}

TEST_F(BasicTest, ChangeOfTheFileForgetsAll) {
  http::ConnectionState connection{.address = "192.0.2.1"};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(connection, basic("alice:secret")).principal->name, "alice");
  set("alice", "changed");
  expect_challenge(ask(connection, basic("alice:secret")));
  EXPECT_EQ(ask(connection, basic("alice:changed")).principal->name, "alice");
  EXPECT_EQ(ask(connection, basic("bob:pass:word")).principal->name, "bob");
  std::filesystem::remove(path_);
  expect_challenge(ask(connection, basic("bob:pass:word")));
}

TEST_F(BasicTest, FailuresAreSlowedDownAlsoOfNamesThatDoNotExist) {
  for (const char* name : {"alice", "nobody"}) {
    serve({}, {2, 100ms});
    const auto begin = Clock::now();
    for (int i = 0; i < 4; ++i) expect_challenge(ask(basic(name + std::string(":x") + std::to_string(i))));
    EXPECT_GE(Clock::now() - begin, 200ms) << name;
  }
}

TEST_F(BasicTest, MalformedOnesAreFailures) {
  serve({}, {2, 100ms});
  const auto begin = Clock::now();
  for (int i = 0; i < 4; ++i) expect_challenge(ask(std::string("Basic !") + std::to_string(i)));
  EXPECT_GE(Clock::now() - begin, 200ms);
}

TEST_F(BasicTest, OnAServer) {
  http::Server server({.listeners = {{.address = "127.0.0.1"}}}, *basic_,
                      {{"/wsman", [](const std::shared_ptr<http::Exchange>& exchange) {
                          const http::Request& request = exchange->request();
                          EXPECT_EQ(request.header("Authorization"), "") << "handlers see no passwords";
                          exchange->respond({.status = 200,
                                             .content_type = "text/plain",
                                             .body = request.principal->name + " by " + request.principal->mechanism});
                        }}});
  const auto listeners = server.start();
  ASSERT_TRUE(listeners) << listeners.error().message;
  // As openwsman and virsh do: first the whole body without credentials, then with, on the same connection.
  http::TestClient client(listeners->front().port);
  ASSERT_TRUE(client.send(http::post("/wsman", "body")));
  auto reply = client.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 401u);
  EXPECT_EQ(reply->header("www-authenticate"), "Basic realm=\"vmms\"");
  EXPECT_EQ(reply->header("connection"), "");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send(http::post("/wsman", "body", "Authorization: " + basic("alice:secret") + "\r\n")));
    reply = client.read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200u);
    EXPECT_EQ(reply->body, "alice by basic");
  }
  ASSERT_TRUE(client.send(http::post("/wsman", "body")));
  EXPECT_EQ(client.read().value().status, 401u) << "credentials belong to the request, not to the connection";

  EXPECT_TRUE(server.stop(100ms));
}

}  // namespace
}  // namespace vmms::wire::auth
