#include "testing/wsman_server.hpp"

namespace vmms::wire::wsman {
namespace {

using testing::local_child;
using testing::soap;
using testing::uri;

using WsmanServerTest = testing::WsmanServerTest;

const std::vector<std::pair<std::string, std::string>> vm_keys = {{"CreationClassName", "Msvm_ComputerSystem"},
                                                                  {"Name", "VM1"}};

constexpr const char* identify =
    "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:i=\"http://schemas.dmtf.org/wbem/wsman/"
    "identity/1/wsmanidentity.xsd\"><s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>";

TEST_F(WsmanServerTest, Identify) {
  const auto answer = call(identify);
  EXPECT_EQ(answer.response.status, 200U);
  EXPECT_EQ(answer.response.content_type, "application/soap+xml;charset=UTF-8");
  const auto identity = answer.body();
  EXPECT_TRUE(identity.is(names::wsmid, "IdentifyResponse"));
  EXPECT_EQ(identity.child(names::wsmid, "ProtocolVersion").text(), names::wsman);
  EXPECT_EQ(identity.child(names::wsmid, "ProductVendor").text(), "vmms project");
  EXPECT_EQ(identity.child(names::wsmid, "ProductVersion").text(), "1.2.3");
}

TEST_F(WsmanServerTest, WithoutCredentialsIdentifyAloneIsAnswered) {
  const auto ask = [&](http::Request request) {
    request.principal = cim::nobody();
    request.refusal = std::make_shared<const http::Response>(
        http::Response{.status = 401, .content_type = "text/plain", .body = "who?"});
    const auto exchange = std::make_shared<testing::FakeExchange>(std::move(request));
    server.handle_everybody(exchange);
    return exchange->wait();
  };
  const auto answer = read(ask(testing::post(identify)));
  EXPECT_EQ(answer.response.status, 200U);
  EXPECT_EQ(answer.body().child(names::wsmid, "ProtocolVersion").text(), names::wsman);
  EXPECT_EQ(answer.body().child(names::wsmid, "ProductVersion").text(), "0.0.0");
  std::string strange = identify;
  strange.replace(strange.find("<s:Header/>"), 11,
                  "<s:Header><x:Odd xmlns:x=\"urn:x\" s:mustUnderstand=\"1\"/></s:Header>");
  const auto fault = ask(testing::post(strange));
  EXPECT_NE(fault.body.find("MustUnderstand"), std::string::npos);
  EXPECT_EQ(fault.body.find("host1"), std::string::npos);
  auto html = testing::post(identify);
  html.content_type = "text/html";
  for (const http::Request& request : {testing::post(soap(names::action_get, uri("Msvm_ComputerSystem"), vm_keys)),
                                       testing::post("garbage"), testing::post(""), html})
    EXPECT_EQ(ask(request).status, 401U) << request.body;
}

TEST_F(WsmanServerTest, OnlyPostOfSoap) {
  auto get = testing::post("");
  get.method = "GET";
  EXPECT_EQ(call(get).response.status, 405U);
  auto html = testing::post("<html/>");
  html.content_type = "text/html";
  EXPECT_EQ(call(html).response.status, 415U);
  auto untyped = testing::post(identify);
  untyped.content_type = {};
  EXPECT_EQ(call(untyped).response.status, 200U);
  EXPECT_EQ(call("").response.status, 400U);
  EXPECT_EQ(call("garbage").response.status, 400U);
}

TEST_F(WsmanServerTest, GetAnswersTheInstance) {
  systems->instances = {system("VM1")};
  const auto answer = call(soap(names::action_get, uri("Msvm_ComputerSystem"), vm_keys));
  EXPECT_EQ(answer.response.status, 200U) << answer.reason();
  EXPECT_EQ(answer.header("Action").text(), "http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse");
  EXPECT_EQ(answer.header("RelatesTo").text(), "uuid:7");
  EXPECT_EQ(answer.header("MessageID").text().substr(0, 5), "uuid:");
  EXPECT_TRUE(answer.body().is(uri("Msvm_ComputerSystem"), "Msvm_ComputerSystem"));
  EXPECT_EQ(local_child(answer.body(), "Name").text(), "VM1");
}

TEST_F(WsmanServerTest, GetByASuperclassAnswersInTheInstancesOwnClass) {
  guest_services->instances = {service_of(testing::guest_service, "ssh.service", "VM1")};
  const auto exchange = send(testing::post(soap(names::action_get, uri("cim_service"),
                                                {{"CreationClassName", "Msvm_GuestService"},
                                                 {"Name", "ssh.service"},
                                                 {"SystemCreationClassName", "Msvm_ComputerSystem"},
                                                 {"SystemName", "VM1"}})));
  ASSERT_EQ(pool.size(), 1U) << "a guest's class is asked in the pool";
  EXPECT_EQ(pool.front().first, "VM1") << "in the queue of its guest";
  run_pool();
  const auto answer = read(exchange->wait());
  EXPECT_TRUE(answer.body().is(uri("Msvm_GuestService"), "Msvm_GuestService")) << answer.reason();
}

TEST_F(WsmanServerTest, TheDmtfSpellingIsKept) {
  systems->instances = {system("VM1")};
  const std::string dmtf = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Msvm_ComputerSystem";
  auto keys = vm_keys;
  keys.emplace_back("__cimnamespace", "ROOT/virtualization/v2");
  const auto answer = call(soap(names::action_get, dmtf, keys));
  EXPECT_TRUE(answer.body().is(dmtf, "Msvm_ComputerSystem")) << answer.reason();
}

TEST_F(WsmanServerTest, WhatIsMissingIsNamed) {
  auto answer = call(soap(names::action_get, uri("Msvm_ComputerSystem"), vm_keys));
  EXPECT_EQ(answer.response.status, 500U);
  EXPECT_EQ(answer.subcode(), "a:DestinationUnreachable");
  EXPECT_NE(answer.reason().find("VM1"), std::string::npos);
  EXPECT_NE(answer.response.body.find("HRESULT 0x80041002"), std::string::npos);
  EXPECT_EQ(answer.header("Action").text(), names::addressing_fault_action);
  EXPECT_EQ(answer.header("RelatesTo").text(), "uuid:7");

  answer = call(soap(names::action_get, uri("Msvm_ComputerSystem"), {{"Name", "VM1"}}));
  EXPECT_EQ(answer.subcode(), "a:DestinationUnreachable") << "as real hosts answer a Get by Name alone";

  answer = call(soap(names::action_get, uri("Msvm_Nonsense"), vm_keys));
  EXPECT_EQ(answer.subcode(), "a:DestinationUnreachable");
  EXPECT_NE(answer.response.body.find("HRESULT 0x80041010"), std::string::npos);

  answer = call(
      soap(names::action_get, "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/Msvm_ComputerSystem"));
  EXPECT_NE(answer.response.body.find("<p:error_Code xsi:type=\"cim:cimUnsignedInt\">2150858778</p:error_Code>"),
            std::string::npos);

  answer = call(soap(names::action_get, uri("Msvm_ComputerSystem"), {{"Color", "red"}}));
  EXPECT_EQ(answer.subcode(), "w:InvalidSelectors");
  EXPECT_NE(answer.reason().find("Color"), std::string::npos);
}

TEST_F(WsmanServerTest, ActionsThatAreNotSupported) {
  const std::string actions[] = {"http://schemas.xmlsoap.org/ws/2004/08/eventing/Subscribe",
                                 "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Change", "urn:nonsense",
                                 uri("Msvm_Other/StartService"), uri("Msvm_ComputerSystem/")};
  for (const std::string& action : actions) {
    const auto answer = call(soap(action, uri("Msvm_ComputerSystem")));
    EXPECT_EQ(answer.subcode(), "a:ActionNotSupported") << action;
    EXPECT_FALSE(answer.reason().empty());
  }
}

TEST_F(WsmanServerTest, DeniedCallersGetAccessDenied) {
  systems->instances = {system("VM1")};
  authorize = [](const cim::Principal& principal, cim::OperationKind) -> Status {
    if (principal.name == "Administrator" && principal.mechanism == "basic") return {};
    return error(Failure::access_denied, "user " + principal.name + " may not read");
  };
  EXPECT_EQ(call(soap(names::action_get, uri("Msvm_ComputerSystem"), vm_keys)).response.status, 200U);
  const auto answer = call(soap(names::action_get, uri("Msvm_ComputerSystem"), vm_keys), "mallory");
  EXPECT_EQ(answer.subcode(), "w:AccessDenied");
  EXPECT_EQ(answer.reason(), "user mallory may not read");
  EXPECT_EQ(call(soap(names::action_enumerate, uri("Msvm_ComputerSystem"), {}, "<n:Enumerate/>"), "mallory").subcode(),
            "w:AccessDenied");
}

TEST_F(WsmanServerTest, PutCreateDelete) {
  settings->instances = {setting("S1")};
  settings->on_modify = [&](const cim::ObjectPath& path, const cim::Instance& changes) -> Status {
    EXPECT_EQ(path.value("InstanceID"), "S1");
    EXPECT_EQ(changes["EnabledState"], cim::Value(std::uint64_t{2}));
    EXPECT_TRUE(changes["Shared"].is_null());
    settings->instances[0].set("EnabledState", std::uint64_t{2});
    return {};
  };
  const std::string body = fmt::format(
      "<p:Test_SettingData xmlns:p=\"{}\"><p:EnabledState>2</p:EnabledState><p:Shared xsi:nil=\"true\"/>"
      "</p:Test_SettingData>",
      uri("Test_SettingData"));
  auto answer = call(soap(names::action_put, uri("Test_SettingData"), {{"InstanceID", "S1"}}, body));
  EXPECT_EQ(answer.header("Action").text(), "http://schemas.xmlsoap.org/ws/2004/09/transfer/PutResponse");
  EXPECT_EQ(local_child(answer.body(), "EnabledState").text(), "2") << answer.reason();

  answer = call(soap(names::action_put, uri("Test_SettingData"), {{"InstanceID", "S1"}},
                     "<Test_SettingData><Color>1</Color></Test_SettingData>"));
  EXPECT_EQ(answer.subcode(), "x:InvalidRepresentation");
  EXPECT_NE(answer.reason().find("Color"), std::string::npos);
  answer = call(soap(names::action_put, uri("Test_SettingData"), {{"InstanceID", "S1"}},
                     "<Test_SettingData><EnabledState>high</EnabledState></Test_SettingData>"));
  EXPECT_EQ(answer.subcode(), "x:InvalidRepresentation");
  answer = call(soap(names::action_put, uri("Test_SettingData"), {{"InstanceID", "S1"}}, "<Msvm_ComputerSystem/>"));
  EXPECT_EQ(answer.subcode(), "x:InvalidRepresentation");
  answer = call(soap(names::action_put, uri("Test_SettingData"), {{"InstanceID", "S1"}}));
  EXPECT_EQ(answer.subcode(), "w:SchemaValidationError");

  settings->on_create = [](const cim::Instance& instance) -> Result<cim::ObjectPath> { return instance.path(); };
  answer = call(soap(names::action_create, uri("Test_SettingData"), {},
                     "<Test_SettingData><InstanceID>S2</InstanceID></Test_SettingData>"));
  EXPECT_TRUE(answer.body().is(names::transfer, "ResourceCreated")) << answer.reason();
  EXPECT_EQ(answer.body()
                .child(names::addressing, "ReferenceParameters")
                .child(names::wsman, "SelectorSet")
                .child(names::wsman, "Selector")
                .text(),
            "S2");

  answer = call(soap(names::action_delete, uri("Test_SettingData"), {{"InstanceID", "S1"}}));
  EXPECT_EQ(answer.subcode(), "w:UnsupportedFeature") << "the provider offers no remove";
  answer = call(soap(names::action_put, uri("Msvm_ComputerSystem"), vm_keys, "<Msvm_ComputerSystem/>"));
  EXPECT_EQ(answer.subcode(), "a:DestinationUnreachable") << "there is no such instance to change";
  systems->instances = {system("VM1")};
  answer = call(soap(names::action_put, uri("Msvm_ComputerSystem"), vm_keys, "<Msvm_ComputerSystem/>"));
  EXPECT_EQ(answer.subcode(), "w:UnsupportedFeature") << "the provider offers no modify";
  answer = call(soap(names::action_put, uri("Msvm_ComputerSystem"), vm_keys,
                     "<Msvm_ComputerSystem><Caption>x</Caption></Msvm_ComputerSystem>"));
  EXPECT_EQ(answer.subcode(), "w:InvalidParameter") << "a property that cannot be written";
}

TEST_F(WsmanServerTest, ExceptionsBelowBecomeFaults) {
  systems->before = [] { throw std::runtime_error("a bug"); };
  systems->instances = {system("VM1")};
  auto answer = call(soap(names::action_get, uri("Msvm_ComputerSystem"), vm_keys));
  EXPECT_EQ(answer.subcode(), "w:InternalError");
  EXPECT_NE(answer.reason().find("a bug"), std::string::npos);

  guest_services->before = systems->before;
  const auto exchange = send(testing::post(soap(uri("Msvm_GuestService/StartService"), uri("Msvm_GuestService"),
                                                {{"CreationClassName", "Msvm_GuestService"},
                                                 {"Name", "a"},
                                                 {"SystemCreationClassName", "x"},
                                                 {"SystemName", "VM1"}})));
  run_pool();
  EXPECT_EQ(read(exchange->wait()).subcode(), "w:InternalError");
}

TEST_F(WsmanServerTest, AnswersThatDoNotFit) {
  auto large = system("VM1");
  large.set("Caption", std::string(20'000, 'x'));
  systems->instances = {large};
  const auto answer = call(
      soap(names::action_get, uri("Msvm_ComputerSystem"), vm_keys, {}, "<w:MaxEnvelopeSize>8192</w:MaxEnvelopeSize>"));
  EXPECT_EQ(answer.subcode(), "w:EncodingLimit");
  EXPECT_NE(answer.response.body.find("faultDetail/MaxEnvelopeSize<"), std::string::npos);
}

// The edge: what waits runs in the pool, and the deadline answers when it does not.

std::string start_service(std::string_view headers = {}) {
  return soap(uri("Msvm_GuestService/StartService"), uri("Msvm_GuestService"),
              {{"CreationClassName", "Msvm_GuestService"},
               {"Name", "a.service"},
               {"SystemCreationClassName", "Msvm_ComputerSystem"},
               {"SystemName", "VM1"}},
              {}, headers);
}

TEST_F(WsmanServerTest, TheDeadlineIsTheOperationTimeout) {
  guest_services->instances = {service_of(testing::guest_service, "a.service", "VM1")};
  cim::Context seen;
  guest_services->on_invoke = [&](const cim::Context& context, const auto&, const auto&,
                                  const auto&) -> Result<cim::MethodResult> {
    seen = context;
    return cim::MethodResult{std::uint64_t{0}, {}};
  };
  const auto before = std::chrono::steady_clock::now();
  const auto exchange = send(testing::post(start_service("<w:OperationTimeout>PT20S</w:OperationTimeout>")));
  EXPECT_FALSE(exchange->answered());
  ASSERT_TRUE(exchange->deadline());
  EXPECT_GE(*exchange->deadline(), before + std::chrono::seconds(20));
  EXPECT_LT(*exchange->deadline(), before + std::chrono::seconds(30));
  run_pool();
  EXPECT_EQ(exchange->wait().status, 200U) << exchange->wait().body;
  EXPECT_EQ(seen.deadline, *exchange->deadline());
  EXPECT_EQ(seen.principal->name, "Administrator");
}

TEST_F(WsmanServerTest, ALateAnswerIsTimedOutAndWhatWasStartedGoesOn) {
  guest_services->instances = {service_of(testing::guest_service, "a.service", "VM1")};
  bool started = false;
  guest_services->on_invoke = [&](const auto&, const auto&, const auto&, const auto&) -> Result<cim::MethodResult> {
    started = true;
    return cim::MethodResult{std::uint64_t{0}, {}};
  };
  const auto exchange = send(testing::post(start_service()));
  exchange->expire();
  const auto answer = read(exchange->wait());
  EXPECT_EQ(answer.subcode(), "w:TimedOut");
  EXPECT_EQ(answer.response.status, 500U);
  EXPECT_EQ(answer.header("RelatesTo").text(), "uuid:7");
  run_pool();
  EXPECT_TRUE(started);
  EXPECT_EQ(exchange->wait().body, answer.response.body);
}

TEST_F(WsmanServerTest, AFullPoolIsSaidAtOnce) {
  pool_is_full = true;
  const auto answer = call(start_service());
  EXPECT_EQ(answer.subcode(), "w:QuotaLimit");
  EXPECT_EQ(answer.reason(), "the pool is full");
}

}  // namespace
}  // namespace vmms::wire::wsman
