// For tests: a server on 127.0.0.1 with some handlers, and an authenticator.
#pragma once

#include "testing/http_client.hpp"
#include "testing/test_principal.hpp"
#include "wire/http/server.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace vmms::wire::http {

using namespace std::chrono_literals;
using Time = std::chrono::steady_clock;

/// Lets everybody in, or those whom `decision` lets in.
class Doorkeeper : public Authenticator {
 public:
  void authenticate(const Request& request, ConnectionState& state, Verified verified) override {
    if (decision) return decision(request, state, std::move(verified));
    verified({.principal = test_principal("alice", "test")});
  }
  std::function<void(const Request&, ConnectionState&, Verified)> decision;
};

/// The exchange that a handler got, for the test to answer when it likes.
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

/// Bytes of the answer at /big: more than the kernel's buffers take.
constexpr std::size_t big = 8'000'000;

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
      exchange->respond({.status = 200, .content_type = "text/plain", .body = std::string(big, 'x')});
    };
  }

  void TearDown() override {
    if (server_) server_->stop(std::chrono::seconds(5));  // what the threads use is destroyed next
    server_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  void serve() {
    if (options_.listeners.empty()) options_.listeners = {{.address = "127.0.0.1"}};
    options_.ledger = Ledger(ledger_options_);
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

  void allow(Ledger::Item item, Ledger::Bound bound) { ledger_options_.bounds[static_cast<std::size_t>(item)] = bound; }

  ServerOptions options_;
  Ledger::Options ledger_options_;
  Doorkeeper doorkeeper_;
  Handlers handlers_;
  Inbox inbox_;
  std::uint16_t port_ = 0;
  std::string folder_;
  std::unique_ptr<Server> server_;
};

}  // namespace vmms::wire::http
