// For tests: providers in memory behind a server of one of the protocols, with a pool that runs when the test says so.
#pragma once

#include "testing/test_doubles.hpp"
#include "testing/test_schema.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace vmms::wire::testing {

/// `Server` is the protocol's.
template <class Server, class Options>
class ProtocolServerTest : public ::testing::Test {
 protected:
  ProtocolServerTest(const cim::Schema& of, const std::string& server_name, Options options)
      : manager([this](const cim::Principal& principal, cim::OperationKind kind, const cim::Class&,
                       const cim::Method*) { return authorize ? authorize(principal, kind) : Status(); },
                server_name),
        server(
            manager,
            [this](const AccountPtr&, std::string_view key, std::function<void()> task) -> Status {
              if (pool_is_full) return error(Failure::busy, "the pool is full");
              pool.emplace_back(key, std::move(task));
              return {};
            },
            std::move(options)),
        namespace_name_(of.namespace_name) {
    manager.add_schema(of);
    systems = add<MemoryProvider>(computer_system);
    guest_services = add<MemoryProvider>(guest_service);
    management = add<MemoryProvider>(management_service);
    settings = add<MemoryProvider>(setting_data);
    wide_settings = add<MemoryProvider>(wide_setting_data);
    jobs = add<MemoryAssociation>(affected_job_element);
  }

  template <class T>
  T* add(const cim::Class& cim_class) {
    auto provider = std::make_unique<T>(cim_class);
    T* raw = provider.get();
    manager.add(namespace_name_, std::move(provider));
    return raw;
  }

  static cim::Instance system(std::string name) {
    cim::Instance instance(computer_system);
    instance.set("CreationClassName", std::string("Msvm_ComputerSystem"));
    instance.set("Name", std::move(name));
    return instance;
  }
  static cim::Instance setting(std::string id) {
    cim::Instance instance(setting_data);
    instance.set("InstanceID", std::move(id));
    return instance;
  }

  std::shared_ptr<FakeExchange> send(http::Request request) {
    request.account = ledger.account(Ledger::Payer::principal, request.principal->id());
    auto exchange = std::make_shared<FakeExchange>(std::move(request));
    server.handle(exchange);
    return exchange;
  }
  void run_pool() {
    while (!pool.empty()) {
      const auto task = std::move(pool.front().second);
      pool.pop_front();
      task();
    }
  }
  http::Response answer_to(http::Request request) {
    const auto exchange = send(std::move(request));
    run_pool();
    EXPECT_TRUE(exchange->answered());
    return exchange->wait();
  }

  /// Tests of other things must not depend on how fast the machine is.
  static constexpr std::chrono::nanoseconds edge_time() { return std::chrono::hours(1); }

  std::function<Status(const cim::Principal&, cim::OperationKind)> authorize;
  Ledger ledger;
  bool pool_is_full = false;
  std::deque<std::pair<std::string, std::function<void()>>> pool;

  cim::ObjectManager manager;
  MemoryProvider* systems;
  MemoryProvider* guest_services;
  MemoryProvider* management;
  MemoryProvider* settings;
  MemoryProvider* wide_settings;
  MemoryAssociation* jobs;
  Server server;

 private:
  const std::string_view namespace_name_;
};

}  // namespace vmms::wire::testing
