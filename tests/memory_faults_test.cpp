// Every operation with a memory that ends at any point: it fails, or not; nothing is left of it, and the next one
// works.
#include "base/ledger.hpp"
#include "base/worker_pool.hpp"
#include "guest/own_agent/own_agent_session.hpp"
#include "guest/testing/fd_port.hpp"
#include "memory_faults_fixture.hpp"
#include "testing/http_client.hpp"

#include <sys/socket.h>

#include <atomic>
#include <thread>

namespace vmms::testing {
namespace {

using namespace std::chrono_literals;

TEST_F(MemoryFaults, Identify) {
  expect_no_harm(
      wsman_,
      wsman_request(
          R"(<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><i:Identify xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>)"));
}

TEST_F(MemoryFaults, Get) { expect_no_harm(wsman_, get_machine("alpha")); }

TEST_F(MemoryFaults, GetOfAServiceInAGuest) {
  expect_no_harm(wsman_, wsman_request(wire::testing::soap(std::string(transfer) + "Get",
                                                           wire::testing::uri("Vmms_GuestOSService"),
                                                           service_keys("alpha", "web.service"))));
}

TEST_F(MemoryFaults, EnumerateMachines) { expect_no_harm(wsman_, enumerate("Msvm_ComputerSystem")); }

TEST_F(MemoryFaults, EnumerateServices) { expect_no_harm(wsman_, enumerate("Vmms_GuestOSService"), 60); }

TEST_F(MemoryFaults, EnumerateComponents) { expect_no_harm(wsman_, enumerate("Msvm_KvpExchangeComponent")); }

TEST_F(MemoryFaults, Query) {
  expect_no_harm(wsman_, enumerate("*",
                                   "<w:OptimizeEnumeration/><w:MaxElements>50</w:MaxElements><w:Filter "
                                   "Dialect=\"http://schemas.microsoft.com/wbem/wsman/1/WQL\">SELECT Name FROM "
                                   "Msvm_ComputerSystem WHERE ElementName LIKE 'a%' OR EnabledState = 3</w:Filter>"));
}

TEST_F(MemoryFaults, PullGoesOnOrHasEnded) {
  std::string context;
  std::shared_ptr<Exchange::Outcome> outcome;
  const auto pull = [&] {
    return wsman_request(wire::testing::soap(
        std::string(enumeration) + "Pull", wire::testing::uri("Msvm_ComputerSystem"), {},
        fmt::format("<n:Pull><n:EnumerationContext>{}</n:EnumerationContext><n:MaxElements>2</n:MaxElements></n:Pull>",
                    context)));
  };
  http::Request first;
  const std::size_t machines = host_.machines().list("", 100).size() + 1;  // and the host
  for_every_fault(
      [&] {
        const auto opened = run(wsman_, enumerate("Msvm_ComputerSystem", ""));
        const auto document = wire::xml::Document::parse(opened->response.body);
        context = wire::testing::local_child(document->root().child(wsman::names::soap, "Body").first_child(),
                                             "EnumerationContext")
                      .text();
        ASSERT_FALSE(context.empty()) << opened->response.body;
        first = pull();
      },
      [&] { outcome = run(wsman_, first); },
      [&] {
        expect_an_outcome(*outcome);
        // To its end: as many instances as there are, less those that were answered.
        std::size_t found = 0;
        std::string body =
            outcome->answers > 0 && outcome->response.status == 200 ? outcome->response.body : std::string();
        for (int pulls = 0; pulls < 10; ++pulls) {
          for (auto at = body.find("<p:Msvm_ComputerSystem"); at != std::string::npos;
               at = body.find("<p:Msvm_ComputerSystem", at + 1))
            ++found;
          if (body.find("EndOfSequence") != std::string::npos) break;
          const auto next = run(wsman_, pull());
          ASSERT_EQ(next->answers, 1);
          ASSERT_EQ(next->response.status, 200U) << next->response.body;
          body = next->response.body;
        }
        // One that failed after it had read may have lost what it read, but nothing comes twice.
        ASSERT_LE(found, machines) << outcome->response.status << outcome->response.body << body;
        ASSERT_NE(body.find("EndOfSequence"), std::string::npos) << "the enumeration cannot be ended";
      });
}

TEST_F(MemoryFaults, StartAndStopOfAService) {
  const http::Request start = invoke("Vmms_GuestOSService", service_keys("alpha", "web.service"), "StartService");
  const http::Request stop = invoke("Vmms_GuestOSService", service_keys("alpha", "web.service"), "StopService");
  std::shared_ptr<Exchange::Outcome> outcome;
  for_every_fault([&] { ASSERT_EQ(run(wsman_, stop)->response.status, 200U); }, [&] { outcome = run(wsman_, start); },
                  [&] {
                    expect_an_outcome(*outcome);
                    const auto again = run(wsman_, start);
                    ASSERT_EQ(again->response.status, 200U) << again->response.body;
                    ASSERT_NE(again->response.body.find("ReturnValue>0<"), std::string::npos) << again->response.body;
                  });
}

TEST_F(MemoryFaults, AJob) {
  const auto keys = [&] {
    return std::vector<std::pair<std::string, std::string>>{{"CreationClassName", "Msvm_ComputerSystem"},
                                                            {"Name", id("beta")}};
  };
  const http::Request off =
      invoke("Msvm_ComputerSystem", keys(), "RequestStateChange", "<p:RequestedState>3</p:RequestedState>");
  const http::Request on =
      invoke("Msvm_ComputerSystem", keys(), "RequestStateChange", "<p:RequestedState>2</p:RequestedState>");
  std::shared_ptr<Exchange::Outcome> outcome;
  for_every_fault(
      [&] {
        run(wsman_, on);
        for (const auto& job : jobs_->list("", 10'000))
          ASSERT_TRUE(cim::job::is_final(job.state)) << "a job that never ends";
      },
      [&] { outcome = run(wsman_, off); },
      [&] {
        expect_an_outcome(*outcome);
        const auto again = run(wsman_, on);
        ASSERT_EQ(again->response.status, 200U) << again->response.body;
        for (const auto& job : jobs_->list("", 10'000))
          ASSERT_TRUE(cim::job::is_final(job.state)) << "a job that never ends";
      });
}

TEST_F(MemoryFaults, AJobThatFails) {
  const Error why = error(Failure::timed_out, "a reason that does not fit into a text without memory of its own");
  for_every_fault([] {},
                  [&] {
                    try {
                      jobs_->start("A job", context_, "", "", [&why] { return Status(why); }).has_value();
                    } catch (const std::exception&) {
                    }
                  },
                  [&] {
                    for (const auto& job : jobs_->list("", 10'000))
                      ASSERT_EQ(job.state, cim::job::State::exception) << "a job that never ends";
                  });
}

TEST_F(MemoryFaults, ChangedSettings) {
  const std::string setting = fmt::format(
      "<p:GuestServiceSettings>&lt;INSTANCE "
      "CLASSNAME=\"Msvm_GuestServiceInterfaceComponentSettingData\"&gt;&lt;PROPERTY "
      "NAME=\"InstanceID\" "
      "TYPE=\"string\"&gt;&lt;VALUE&gt;Microsoft:{}\\6C09BB55-D683-4DA0-8931-C9BF705F6480&lt;/VALUE&gt;"
      "&lt;/PROPERTY&gt;&lt;PROPERTY NAME=\"EnabledState\" "
      "TYPE=\"uint16\"&gt;&lt;VALUE&gt;2&lt;/VALUE&gt;&lt;/PROPERTY&gt;"
      "&lt;/INSTANCE&gt;</p:GuestServiceSettings>",
      id("alpha"));
  const std::vector<std::pair<std::string, std::string>> keys = {
      {"CreationClassName", "Msvm_VirtualSystemManagementService"},
      {"Name", "vmms"},
      {"SystemCreationClassName", "Msvm_ComputerSystem"},
      {"SystemName", "HOST1"}};
  const http::Request change =
      invoke("Msvm_VirtualSystemManagementService", keys, "ModifyGuestServiceSettings", setting);
  ASSERT_EQ(run(wsman_, change)->response.status, 200U) << run(wsman_, change)->response.body;
  std::shared_ptr<Exchange::Outcome> outcome;
  for_every_fault([] {}, [&] { outcome = run(wsman_, change); },
                  [&] {
                    expect_an_outcome(*outcome);
                    ASSERT_EQ(run(wsman_, change)->response.status, 200U);
                  });
}

TEST_F(MemoryFaults, CimxmlEnumerateInstances) {
  expect_no_harm(cimxml_,
                 wire::testing::intrinsic_request("EnumerateInstances",
                                                  wire::testing::class_parameter("ClassName", "Msvm_ComputerSystem")));
}

TEST_F(MemoryFaults, CimxmlGetInstance) {
  expect_no_harm(
      cimxml_,
      wire::testing::intrinsic_request(
          "GetInstance", wire::testing::parameter(
                             "InstanceName", wire::testing::instance_name("Msvm_ComputerSystem",
                                                                          {{"CreationClassName", "Msvm_ComputerSystem"},
                                                                           {"Name", id("alpha")}}))));
}

TEST_F(MemoryFaults, CimxmlGetClass) {
  expect_no_harm(cimxml_, wire::testing::intrinsic_request(
                              "GetClass", wire::testing::class_parameter("ClassName", "Msvm_ComputerSystem")));
}

TEST_F(MemoryFaults, CimxmlAssociators) {
  expect_no_harm(cimxml_, wire::testing::intrinsic_request(
                              "Associators",
                              wire::testing::parameter("ObjectName", wire::testing::instance_name(
                                                                         "Msvm_ComputerSystem",
                                                                         {{"CreationClassName", "Msvm_ComputerSystem"},
                                                                          {"Name", id("alpha")}}))));
}

// Threads beside the one that asks: those that listen, and those of the network. The test itself always has memory.

TEST_F(MemoryFaults, WhatOurOwnAgentTellsEndsTheConversationOrIsTakenIn) {
  const Exempt exempt;
  Ledger ledger;
  const AccountPtr account = ledger.account(Ledger::Payer::machine, "VM");
  guest::protocol::Unit unit;
  unit.name = "a-service-with-a-long-name.service";
  unit.names = {unit.name, "an-alias-with-a-long-name.service"};
  unit.description = std::string(100, 'd');
  unit.load_state = "loaded";
  unit.active_state = "active";
  const auto soon = [] { return guest::Clock::now() + 20s; };
  std::size_t failed = 1;
  for (std::size_t n = 1; failed > 0; ++n) {
    for (const bool lasting : {false, true}) {
      SCOPED_TRACE(fmt::format("allocation {} fails{}", n, lasting ? ", and all later ones" : ""));
      int ends[2];
      ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
      guest::FdPort agent(ends[1], "guest");
      using guest::protocol::ToHost;
      ASSERT_TRUE(agent.write(encode(ToHost(guest::protocol::Hello{guest::protocol::version, "build"})), soon()));
      auto session = guest::OwnAgentSession::begin(std::make_unique<guest::FdPort>(ends[0], "org.vmms.agent.1"),
                                                   "build", soon(), account);
      ASSERT_TRUE(session) << session.error().message;
      MemoryFault fault(n, lasting);
      (void)agent.write(encode(ToHost(guest::protocol::Changed{unit})) +
                            encode(ToHost(guest::protocol::FilesChanged{})) +
                            encode(ToHost(guest::protocol::Synchronized{})),
                        soon());
      while ((*session)->alive() && !(*session)->versions()) std::this_thread::yield();
      fault.end();
      failed = fault.failed();
      if ((*session)->alive()) {
        ASSERT_EQ((*session)->loaded(unit.name)->active_state, "active");
      } else {
        ASSERT_FALSE((*session)->end_reason().empty());
      }
      (*session)->end(false, "over");
      while (session->use_count() > 1) std::this_thread::yield();
      *session = nullptr;
      ASSERT_EQ(account->bytes(), 0U);
      ASSERT_LT(n, 500U);
      if (failed == 0) break;
    }
  }
}

TEST_F(MemoryFaults, OverTheNetworkTheNextRequestIsServed) {
  const Exempt exempt;
  WorkerPool pool;
  class LetIn : public http::Authenticator {
   public:
    void authenticate(const http::Request&, http::ConnectionState&, http::Verified verified) override {
      verified({.principal = http::test_principal("alice")});
    }
  } authenticator;
  wsman::Server server(
      manager_,
      [&pool](const AccountPtr& account, std::string_view key, std::function<void()> task) {
        return pool.submit(account, key, std::move(task));
      },
      {.host_name = "HOST1", .machine_of = providers::machine_of, .contexts = {.edge_time = std::chrono::hours(1)}});
  http::ServerOptions options;
  options.listeners = {{.address = "127.0.0.1"}};
  http::Server network(options, authenticator,
                       http::Handlers{{"/wsman", [&server](const auto& exchange) { server.handle(exchange); }}});
  const auto listeners = network.start();
  ASSERT_TRUE(listeners) << listeners.error().message;
  const std::uint16_t port = listeners->front().port;
  const auto ask = [port](const http::Request& request) {
    http::TestClient client(port);
    client.send(
        fmt::format("POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: "
                    "close\r\n\r\n{}",
                    request.content_type, request.body.size(), request.body));
    return client.read();
  };
  for (const http::Request& request : {get_machine("alpha"), enumerate("Msvm_HeartbeatComponent")}) {
    const auto right = ask(request);
    ASSERT_TRUE(right);
    ASSERT_EQ(right->status, 200U);
    std::size_t failed = 1;
    std::size_t unfailing = 0;  // threads of a pool and the kernel's packets make the count vary a little
    for (std::size_t n = 1; unfailing < 3; n += 1 + n / 60) {
      for (const bool lasting : {false, true}) {
        SCOPED_TRACE(fmt::format("allocation {} fails{}", n, lasting ? ", and all later ones" : ""));
        MemoryFault fault(n, lasting);
        const auto reply = ask(request);
        fault.end();
        failed = fault.failed();
        if (reply) {
          ASSERT_TRUE(reply->status == 200 || reply->status == 500 || reply->status == 503) << reply->status;
        }
        const auto again = ask(request);
        ASSERT_TRUE(again) << "not served any more";
        ASSERT_EQ(again->status, 200U) << again->body;
        ASSERT_EQ(shown(again->body), shown(right->body));
        if (failed == 0) break;
      }
      unfailing = failed == 0 ? unfailing + 1 : 0;
    }
  }
  ASSERT_TRUE(network.stop(10s));
  ASSERT_TRUE(pool.stop(10s));
}

TEST_F(MemoryFaults, ARequestThatIsGivenUpWithNoMemoryToSaySoIsAnswered) {
  const Exempt exempt;
  class LetIn : public http::Authenticator {
   public:
    void authenticate(const http::Request&, http::ConnectionState&, http::Verified verified) override {
      verified({.principal = http::test_principal("alice")});
    }
  } authenticator;
  http::ServerOptions options;
  options.listeners = {{.address = "127.0.0.1"}};
  std::thread other;
  std::atomic<std::size_t> failed = 0;
  http::Server network(options, authenticator, http::Handlers{{"/wsman", [&](const auto& exchange) {
                                                                 other =
                                                                     std::thread([&failed, held = exchange]() mutable {
                                                                       while (held.use_count() > 1)
                                                                         std::this_thread::yield();
                                                                       MemoryFault none(1, true);
                                                                       held.reset();
                                                                       failed = none.failed();
                                                                     });
                                                               }}});
  const auto listeners = network.start();
  ASSERT_TRUE(listeners) << listeners.error().message;
  http::TestClient client(listeners->front().port);
  const auto begin = std::chrono::steady_clock::now();
  client.send(http::post("/wsman", "x"));
  const auto reply = client.read();
  other.join();
  EXPECT_GT(failed, 0U);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 500U);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  ASSERT_TRUE(network.stop(10s));
}

}  // namespace
}  // namespace vmms::testing
