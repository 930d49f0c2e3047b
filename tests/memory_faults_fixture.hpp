// For tests in which memory ends at any point: one request with all that it leads to, for every allocation that fails.
#pragma once

#include "base/sanitizer.hpp"
#include "memory_faults.hpp"
#include "providers/common/machines.hpp"
#include "testing/cimxml_server.hpp"
#include "testing/test_fleet.hpp"
#include "testing/test_principal.hpp"
#include "testing/wsman_server.hpp"
#include "wire/cimxml/server.hpp"
#include "wire/http/server.hpp"
#include "wire/wsman/server.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace vmms::testing {

namespace http = wire::http;
namespace wsman = wire::wsman;
namespace cimxml = wire::cimxml;

inline constexpr std::string_view enumeration = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/";
inline constexpr std::string_view transfer = "http://schemas.xmlsoap.org/ws/2004/09/transfer/";

/// Writes each line, and nowhere.
class NullSink : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
  }
  void flush_() override {}
};

/// An exchange that, like a connection's, answers by itself when it is given up.
class Exchange : public http::Exchange {
 public:
  struct Outcome {
    int answers = 0;
    http::Response response;
    bool given_up = false;
  };

  Exchange(http::Request request, std::shared_ptr<Outcome> outcome)
      : request_(std::move(request)), outcome_(std::move(outcome)) {}
  ~Exchange() override { outcome_->given_up = outcome_->answers == 0; }

  const http::Request& request() const override { return request_; }
  std::string take_body() override { return std::move(request_.body); }
  Status keep(std::size_t) override { return {}; }
  bool respond(http::Response response) override {
    if (outcome_->answers++ > 0) return false;
    outcome_->response = std::move(response);
    return true;
  }
  void expire_at(std::chrono::steady_clock::time_point, std::function<http::Response()> late) override {
    late_ = std::move(late);
  }

 private:
  http::Request request_;
  const std::shared_ptr<Outcome> outcome_;
  std::function<http::Response()> late_;
};

class MemoryFaults : public providers::testing::Providers {
 protected:
  MemoryFaults() {
    before_ = spdlog::default_logger();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("faults", std::make_shared<NullSink>()));
    spdlog::set_level(spdlog::level::debug);
    spdlog::set_error_handler([](const std::string&) {});
  }
  ~MemoryFaults() override { spdlog::set_default_logger(before_); }

  wire::Submit submit() {
    return [this](const AccountPtr&, std::string_view, std::function<void()> task) -> Status {
      tasks_.push_back(std::move(task));
      return {};
    };
  }

  /// One request with all that it leads to on this thread. What is thrown ends the task, as in the pool.
  template <class Server>
  std::shared_ptr<Exchange::Outcome> run(Server& server, const http::Request& request) {
    std::shared_ptr<Exchange::Outcome> outcome;
    {
      const Exempt exempt;
      outcome = std::make_shared<Exchange::Outcome>();
    }
    try {
      std::shared_ptr<Exchange> exchange;
      {
        const Exempt exempt;
        exchange = std::make_shared<Exchange>(request, outcome);
      }
      server.handle(std::exchange(exchange, nullptr));
    } catch (const std::exception&) {
    }
    while (!tasks_.empty()) {
      std::function<void()> task = std::move(tasks_.front());
      tasks_.erase(tasks_.begin());
      try {
        task();
      } catch (const std::exception&) {
      }
    }
    return outcome;
  }

  /// `prepare` and `check` have memory; `operate` has none from its allocation number n on, for every n, or for every
  /// one of some hundreds when it needs many.
  void for_every_fault(const std::function<void()>& prepare, const std::function<void()>& operate,
                       const std::function<void()>& check, std::size_t most = 1500) {
    prepare();
    std::size_t needed = 0;
    {
      MemoryFault never(1U << 30);
      operate();
    }
    check();
    prepare();
    {
      // Counts: the first number that is too high for a fault lies between its powers of two.
      std::size_t high = 1;
      for (;; high *= 2) {
        SCOPED_TRACE(fmt::format("allocation {} fails", high));
        MemoryFault fault(high);
        operate();
        fault.end();
        const bool reached = fault.failed() > 0;
        check();
        prepare();
        if (!reached) break;
      }
      needed = high;
    }
    std::size_t n = 1;
    for (bool reached = true; reached; n += 1 + needed / most) {
      for (const bool lasting : {false, true}) {
        SCOPED_TRACE(
            fmt::format("allocation {} of at most {} fails{}", n, needed, lasting ? ", and all later ones" : ""));
        MemoryFault fault(n, lasting);
        operate();
        fault.end();
        reached = fault.failed() > 0;
        check();
        if (HasFatalFailure() || HasNonfatalFailure()) return;
        prepare();
        if (!reached) break;
      }
    }
    RecordProperty("allocations", static_cast<int>(n));
  }

  /// A request that changes nothing: after each fault the same request gives the same answer.
  template <class Server>
  void expect_no_harm(Server& server, const http::Request& request, std::size_t most = 1500) {
    const auto right = run(server, request)->response;
    ASSERT_EQ(right.status, 200U) << right.body;
    std::shared_ptr<Exchange::Outcome> outcome;
    for_every_fault([] {}, [&] { outcome = run(server, request); },
                    [&] {
                      expect_an_outcome(*outcome);
                      auto again = run(server, request);
                      // So slow a build takes a guest for silent for a moment.
                      for (int i = 0; sanitized && i < 5 && shown(again->response.body) != shown(right.body); ++i) {
                        std::this_thread::sleep_for(std::chrono::milliseconds(500));
                        again = run(server, request);
                      }
                      ASSERT_EQ(again->answers, 1);
                      ASSERT_EQ(again->response.status, 200U) << again->response.body;
                      ASSERT_EQ(shown(again->response.body), shown(right.body));
                    },
                    most);
  }

  static void expect_an_outcome(const Exchange::Outcome& outcome) {
    ASSERT_TRUE(outcome.answers > 0 || outcome.given_up) << "nobody will ever answer";
    if (outcome.answers > 0) {
      ASSERT_LE(outcome.answers, 1);
      ASSERT_TRUE(outcome.response.status == 200 || outcome.response.status == 500 || outcome.response.status == 503)
          << outcome.response.status << ": " << outcome.response.body;
    }
  }

  /// Without what differs between two answers.
  static std::string shown(const std::string& body) {
    std::string text = body;
    for (const std::string_view changing : {"<a:MessageID>", "<n:EnumerationContext>", "OnTimeInMilliseconds"})
      for (auto at = text.find(changing); at != std::string::npos; at = text.find(changing, at + 1))
        text.erase(at + changing.size(), text.find("</", at + changing.size()) - at - changing.size());
    return text;
  }

  static http::Request wsman_request(std::string body) {
    http::Request request;
    request.method = "POST";
    request.target = "/wsman";
    request.content_type = "application/soap+xml;charset=UTF-8";
    request.body = std::move(body);
    request.principal = http::test_principal("alice");
    return request;
  }
  static http::Request enumerate(
      std::string_view class_name,
      std::string_view inside = "<w:OptimizeEnumeration/><w:MaxElements>50</w:MaxElements>") {
    return wsman_request(wire::testing::soap(std::string(enumeration) + "Enumerate", wire::testing::uri(class_name), {},
                                             fmt::format("<n:Enumerate>{}</n:Enumerate>", inside)));
  }
  http::Request get_machine(std::string_view name) {
    return wsman_request(wire::testing::soap(std::string(transfer) + "Get", wire::testing::uri("Msvm_ComputerSystem"),
                                             {{"CreationClassName", "Msvm_ComputerSystem"}, {"Name", id(name)}}));
  }
  http::Request invoke(std::string_view class_name, const std::vector<std::pair<std::string, std::string>>& keys,
                       std::string_view method, std::string_view inputs = {}) {
    return wsman_request(wire::testing::soap(
        wire::testing::uri(class_name) + "/" + std::string(method), wire::testing::uri(class_name), keys,
        fmt::format("<p:{0}_INPUT xmlns:p=\"{1}\">{2}</p:{0}_INPUT>", method, wire::testing::uri(class_name), inputs)));
  }
  std::vector<std::pair<std::string, std::string>> service_keys(std::string_view machine, std::string_view name) {
    return {{"CreationClassName", "Vmms_GuestOSService"},
            {"Name", std::string(name)},
            {"SystemCreationClassName", "Msvm_ComputerSystem"},
            {"SystemName", id(machine)}};
  }

  std::shared_ptr<spdlog::logger> before_;
  std::vector<std::function<void()>> tasks_;
  wsman::Server wsman_{manager_,
                       submit(),
                       {.host_name = "HOST1",
                        .machine_of = providers::machine_of,
                        .contexts = {.edge_time = std::chrono::hours(1)}}};  // pages are as long on a slow machine
  cimxml::Server cimxml_{manager_, submit(), {.machine_of = providers::machine_of}};
};

}  // namespace vmms::testing
