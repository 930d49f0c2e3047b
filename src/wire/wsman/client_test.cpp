#include "wire/wsman/client.hpp"

#include "testing/scripted_server.hpp"
#include "wire/wsman/client_envelope.hpp"
#include "wire/wsman/fault.hpp"
#include "wire/wsman/names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

namespace vmms::wire::wsman {
namespace {

using test::Reply;
using test::reply;
using test::ScriptedServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view vm_id = "3F2A6C1E-0D5B-4B7C-9A41-6E0C8D1B7F52";

// The shape of a real host's answers: prefixes, declarations and order.
std::string envelope(std::string_view action, std::string_view body) {
  return fmt::format(
      R"(<s:Envelope xml:lang="ja-JP" xmlns:s="{}" xmlns:a="{}" xmlns:n="{}" xmlns:w="{}" xmlns:x="{}"><s:Header>)"
      R"(<a:Action>{}Response</a:Action><a:MessageID>uuid:0B9F1C52-7C66-4E3C-8A90-5B0D3F2C4E11</a:MessageID><a:To>{}</a:To>)"
      R"(<a:RelatesTo>uuid:0</a:RelatesTo></s:Header><s:Body>{}</s:Body></s:Envelope>)",
      names::soap, names::addressing, names::enumeration, names::wsman, names::transfer, action, names::anonymous,
      body);
}

std::string instance(std::string_view class_name, std::string_view properties) {
  return fmt::format(
      R"(<p:{0} xmlns:xsi="{1}" xmlns:p="{2}root/virtualization/v2/{0}" xmlns:cim="{3}" xsi:type="p:{0}_Type">{4}</p:{0}>)",
      class_name, names::xsi, names::microsoft_resource, names::cim_common, properties);
}

std::string service(std::string_view name) {
  return instance("Vmms_GuestOSService", fmt::format("<p:Name>{}</p:Name>", name));
}

std::string pull(std::string_view items, bool last) {
  return envelope(names::action_pull, fmt::format("<n:PullResponse>{}<n:Items>{}</n:Items>{}</n:PullResponse>",
                                                  last ? "" : "<n:EnumerationContext>uuid:C1</n:EnumerationContext>",
                                                  items, last ? "<n:EndOfSequence/>" : ""));
}

cim::ObjectPath machine_path() {
  return *cim::ObjectPath::parse(
      fmt::format("Msvm_ComputerSystem.CreationClassName=\"Msvm_ComputerSystem\",Name=\"{}\"", vm_id));
}

Client connect(const ScriptedServer& server, ClientOptions options = {}) {
  return *Client::create(server.url(), std::move(options));
}

// The text of the elements that a request holds under one local name.
std::vector<std::string> texts(const std::string& request, std::string_view name) {
  std::vector<std::string> found;
  const auto document = xml::Document::parse(request);
  EXPECT_TRUE(document) << request;
  const std::function<void(xml::Element)> walk = [&](xml::Element element) {
    if (element.name() == name) found.push_back(element.text());
    for (const xml::Element child : element.children()) walk(child);
  };
  if (document) walk(document->root());
  return found;
}

TEST(ClientTest, GetReadsAnInstanceAsARealHostSendsIt) {
  ScriptedServer server([](const auto&) {
    return reply(200, envelope(names::action_get,
                               instance("Msvm_ComputerSystem",
                                        "<p:Caption>仮想マシン</p:Caption><p:CommunicationStatus xsi:nil=\"true\"/>"
                                        "<p:ElementName></p:ElementName><p:EnabledState>2</p:EnabledState>"
                                        "<p:InstallDate><cim:Datetime>2025-12-17T09:55:22.702341Z</cim:Datetime>"
                                        "</p:InstallDate><p:OperationalStatus>17</p:OperationalStatus>"
                                        "<p:OperationalStatus>2</p:OperationalStatus><p:Running>true</p:Running>")));
  });
  Client client = connect(server);
  const auto record = client.get(machine_path());
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->class_name, "Msvm_ComputerSystem");
  EXPECT_EQ(record->text("Caption"), "仮想マシン");
  ASSERT_NE(record->find("CommunicationStatus"), nullptr);
  EXPECT_TRUE(record->find("CommunicationStatus")->is_null);
  EXPECT_FALSE(record->find("ElementName")->is_null);
  EXPECT_EQ(record->number("enabledstate"), 2U);
  EXPECT_EQ(record->text("InstallDate"), "2025-12-17T09:55:22.702341Z");
  EXPECT_THAT(record->texts("OperationalStatus"), ElementsAre("17", "2"));
  EXPECT_TRUE(record->is_true("Running"));
  EXPECT_EQ(record->find("Absent"), nullptr);
  EXPECT_EQ(record->number("Caption"), std::nullopt);
}

std::string recorded(const std::string& name) {
  std::ifstream file(std::string(VMMS_SOURCE_DIR) + "/tests/captures/recorded-host/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ClientTest, ReplaysAnEnumerationOfARealHost) {
  std::atomic<int> answers = 0;
  ScriptedServer server([&](const auto&) {
    static const std::string names_in_order[] = {"recorded_computersystem_enumerate.xml",
                                                 "recorded_computersystem_pull_host.xml",
                                                 "recorded_computersystem_pull_vm_running_eos.xml"};
    return reply(200, recorded(names_in_order[answers++ % 3]));
  });
  Client client = connect(server);
  std::vector<Record> records;
  const Status status = client.enumerate({}, "Msvm_ComputerSystem", {}, [&](Record record) {
    records.push_back(std::move(record));
    return true;
  });
  ASSERT_TRUE(status) << status.error().message;
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].text("Name"), "scrubbed-1");
  EXPECT_TRUE(records[0].find("ProcessID")->is_null);
  EXPECT_EQ(records[1].number("ProcessID"), 8748U);
  EXPECT_EQ(records[1].text("LastReplicationTime"), "1601-01-01T00:00:00Z");
  EXPECT_EQ(records[1].fields.size(), 41U);
}

TEST(ClientTest, ReadsReferencesOfARealHost) {
  const auto answer = client::read_envelope(recorded("recorded_affectedjobelement_pull.xml"));
  ASSERT_TRUE(answer) << answer.error().message;
  const xml::Element items = answer->body.first_child().child(names::enumeration, "Items");
  const Record record = client::read_record(items.first_child());
  EXPECT_EQ(record.class_name, "Msvm_AffectedJobElement");
  ASSERT_TRUE(record.find("AffectedElement")->reference);
  EXPECT_EQ(record.find("AffectedElement")->reference->to_string(),
            "root/virtualization/v2:Msvm_VirtualSystemSettingData.InstanceID="
            "\"Microsoft:00000000-0000-4000-8000-000000000083\"");
}

TEST(ClientTest, RequestsNameClassSelectorsAndTimeout) {
  ScriptedServer server([](const auto&) { return reply(200, envelope(names::action_get, instance("C", ""))); });
  ClientOptions options;
  options.user = "admin";
  options.password = "p\xC3\xA4ss:word";
  options.operation_timeout = std::chrono::milliseconds(1500);
  Client client = connect(server, options);
  cim::ObjectPath path = machine_path();
  path.keys[1].value = "<&\"'>";
  ASSERT_TRUE(client.get(path));
  const auto request = server.requests().at(0);
  EXPECT_EQ(request.method_string(), "POST");
  EXPECT_EQ(request.target(), "/wsman");
  EXPECT_EQ(request["Content-Type"], "application/soap+xml;charset=UTF-8");
  EXPECT_EQ(request["Authorization"], "Basic YWRtaW46cMOkc3M6d29yZA==");
  EXPECT_THAT(texts(request.body(), "Action"), ElementsAre(names::action_get));
  EXPECT_THAT(texts(request.body(), "ResourceURI"),
              ElementsAre("http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/Msvm_ComputerSystem"));
  EXPECT_THAT(texts(request.body(), "Selector"), ElementsAre("Msvm_ComputerSystem", "<&\"'>"));
  EXPECT_THAT(texts(request.body(), "OperationTimeout"), ElementsAre("PT1.500S"));
}

TEST(ClientTest, IdentifyNeedsNoHeader) {
  ScriptedServer server([](const auto&) {
    return reply(200, fmt::format("<s:Envelope xmlns:s=\"{}\"><s:Header/><s:Body><i:IdentifyResponse xmlns:i=\"{}\">"
                                  "<i:ProtocolVersion>{}</i:ProtocolVersion><i:ProductVendor>vmms</i:ProductVendor>"
                                  "<i:ProductVersion>1 &amp; 2</i:ProductVersion></i:IdentifyResponse></s:Body>"
                                  "</s:Envelope>",
                                  names::soap, names::wsmid, names::wsman));
  });
  Client client = connect(server);
  const auto identity = client.identify();
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->product_vendor, "vmms");
  EXPECT_EQ(identity->product_version, "1 & 2");
  EXPECT_EQ(identity->protocol_version, names::wsman);
}

TEST(ClientTest, EnumerationsPullUntilTheEnd) {
  // As a real host answers: a context first, then one item a Pull, the last one with the end and no context.
  std::atomic<int> pulls = 0;
  ScriptedServer server([&](const auto& request) {
    if (!texts(request.body(), "Enumerate").empty())
      return reply(200, envelope(names::action_enumerate,
                                 "<n:EnumerateResponse><n:EnumerationContext>uuid:C0"
                                 "</n:EnumerationContext></n:EnumerateResponse>"));
    EXPECT_THAT(texts(request.body(), "EnumerationContext"), ElementsAre(pulls == 0 ? "uuid:C0" : "uuid:C1"));
    ++pulls;
    return reply(200, pull(pulls == 1 ? "" : service(fmt::format("{}.service", pulls.load())), pulls == 3));
  });
  Client client = connect(server);
  std::vector<std::string> names_seen;
  const Status status =
      client.enumerate({}, "Vmms_GuestOSService", {{"SystemName", std::string(vm_id)}}, [&](const Record& record) {
        names_seen.emplace_back(record.text("Name"));
        return true;
      });
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_THAT(names_seen, ElementsAre("2.service", "3.service"));
  const std::string first = server.requests().at(0).body();
  EXPECT_THAT(first, HasSubstr(fmt::format("Dialect=\"{}\"", names::dialect_selector)));
  EXPECT_THAT(texts(first, "Selector"), ElementsAre(vm_id));
  EXPECT_THAT(texts(first, "OptimizeEnumeration"), ElementsAre(""));
  EXPECT_EQ(server.connections(), 1U);
}

TEST(ClientTest, OptimizedEnumerationsEndWithTheirFirstAnswer) {
  ScriptedServer server([&](const auto&) {
    return reply(200, envelope(names::action_enumerate,
                               fmt::format("<n:EnumerateResponse><n:EnumerationContext/><w:Items>{}{}</w:Items>"
                                           "<w:EndOfSequence/></n:EnumerateResponse>",
                                           service("a.service"), service("b.service"))));
  });
  Client client = connect(server);
  int count = 0;
  ASSERT_TRUE(client.enumerate({}, "Vmms_GuestOSService", {}, [&](const Record&) { return ++count > 0; }));
  EXPECT_EQ(count, 2);
  EXPECT_EQ(server.requests().size(), 1U);
  EXPECT_THAT(server.requests().at(0).body(), Not(HasSubstr("Filter")));
}

TEST(ClientTest, StoppingAnEnumerationReleasesIt) {
  ScriptedServer server([&](const auto& request) {
    if (!texts(request.body(), "Release").empty()) return reply(200, envelope(names::action_release, ""));
    return reply(200, envelope(names::action_enumerate,
                               fmt::format("<n:EnumerateResponse><n:EnumerationContext>uuid:C7</n:EnumerationContext>"
                                           "<w:Items>{}{}</w:Items></n:EnumerateResponse>",
                                           service("a.service"), service("b.service"))));
  });
  Client client = connect(server);
  int count = 0;
  ASSERT_TRUE(client.enumerate({}, "Vmms_GuestOSService", {}, [&](const Record&) { return ++count < 1; }));
  EXPECT_EQ(count, 1);
  ASSERT_EQ(server.requests().size(), 2U);
  EXPECT_THAT(texts(server.requests().at(1).body(), "EnumerationContext"), ElementsAre("uuid:C7"));
}

TEST(ClientTest, AnEnumerationThatNeverEndsIsGivenUp) {
  ScriptedServer server([&](const auto& request) {
    if (!texts(request.body(), "Enumerate").empty())
      return reply(200, envelope(names::action_enumerate,
                                 "<n:EnumerateResponse><n:EnumerationContext>uuid:C0"
                                 "</n:EnumerationContext></n:EnumerateResponse>"));
    return reply(200, pull("", false));
  });
  Client client = connect(server);
  const Status status = client.enumerate({}, "C", {}, [](const Record&) { return true; });
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("neither ends nor goes on"));
}

TEST(ClientTest, InvokeSendsTextArraysAndReferences) {
  ScriptedServer server([&](const auto&) {
    return reply(
        200,
        envelope("x",
                 fmt::format(R"(<p:DestroySystem_OUTPUT xmlns:p="u" xmlns:a="{0}" xmlns:w="{1}"><p:Job><a:Address>{2})"
                             R"(</a:Address><a:ReferenceParameters><w:ResourceURI>{3}root/virtualization/v2/)"
                             R"(Msvm_ConcreteJob</w:ResourceURI><w:SelectorSet><w:Selector Name="InstanceID">J1)"
                             R"(</w:Selector></w:SelectorSet></a:ReferenceParameters></p:Job><p:ReturnValue>4096)"
                             R"(</p:ReturnValue></p:DestroySystem_OUTPUT>)",
                             names::addressing, names::wsman, names::anonymous, names::microsoft_resource)));
  });
  Client client = connect(server);
  const auto path = *cim::ObjectPath::parse("Msvm_VirtualSystemManagementService.Name=\"vmms\"");
  const auto outcome = client.invoke(
      path, "DestroySystem",
      {{"AffectedSystem", machine_path()}, {"Text", std::string("<INSTANCE/>")}, {"Text", std::string("two")}});
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->return_value, "4096");
  ASSERT_EQ(outcome->outputs.fields.size(), 1U);
  ASSERT_TRUE(outcome->outputs.fields[0].reference);
  EXPECT_EQ(outcome->outputs.fields[0].reference->to_string(),
            "root/virtualization/v2:Msvm_ConcreteJob.InstanceID=\"J1\"");
  const std::string body = server.requests().at(0).body();
  EXPECT_THAT(texts(body, "Action")[0], testing::EndsWith("/Msvm_VirtualSystemManagementService/DestroySystem"));
  EXPECT_THAT(texts(body, "Text"), ElementsAre("<INSTANCE/>", "two"));
  EXPECT_THAT(texts(body, "Selector"), ElementsAre("vmms", "Msvm_ComputerSystem", vm_id));
  // Real hosts refuse references that are wrapped.
  EXPECT_THAT(texts(body, "EndpointReference"), IsEmpty());
}

TEST(ClientTest, TextThatXmlCannotCarryIsNotSent) {
  std::atomic<int> requests = 0;
  ScriptedServer server([&](const auto&) {
    ++requests;
    return reply(500, "");
  });
  Client client = connect(server);
  for (const std::string& wrong : {std::string("a\xff"), std::string("\x1b[31m"), std::string("a\0b", 3),
                                   std::string("\xef\xbf\xbf"), std::string("\xed\xa0\x80")}) {
    cim::ObjectPath odd = machine_path();
    odd.keys.front().value = wrong;
    cim::ObjectPath nested = machine_path();
    nested.keys.front().reference = std::make_shared<const cim::ObjectPath>(odd);
    for (const Error& why : {client.get(odd).error(), client.get(nested).error(), client.invoke(odd, "M", {}).error(),
                             client.invoke(machine_path(), "M", {{"P", wrong}}).error(),
                             client.invoke(machine_path(), "M", {{"P", odd}}).error(),
                             client.query(default_namespace, wrong, [](auto) { return true; }).error(),
                             client.enumerate(default_namespace, "C", odd.keys, [](auto) { return true; }).error()}) {
      EXPECT_EQ(why.kind, Failure::invalid_argument);
      EXPECT_NE(why.message.find("cannot be sent"), std::string::npos) << why.message;
    }
  }
  EXPECT_EQ(requests, 0);
}

TEST(ClientTest, NamesThatAreNoElementNamesAreNotSent) {
  ScriptedServer server([&](const auto&) { return Reply{}; });
  Client client = connect(server);
  for (const char* name : {"", "a b", "1st", "x><y", "\xC3\xA4"}) {
    EXPECT_EQ(client.invoke(machine_path(), name, {}).error().kind, Failure::invalid_argument) << name;
    EXPECT_EQ(client.invoke(machine_path(), "M", {{name, std::string("v")}}).error().kind, Failure::invalid_argument);
  }
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST(ClientTest, FaultsAreTheServersWordsWithTheirKind) {
  for (const Failure kind : {Failure::failed, Failure::internal, Failure::invalid_argument, Failure::not_found,
                             Failure::already_exists, Failure::access_denied, Failure::not_supported,
                             Failure::invalid_state, Failure::timed_out, Failure::unreachable, Failure::busy}) {
    const Error original = error(kind, "nginx.service of VM 'demo' failed: exit status 3\n<last line> & more");
    ScriptedServer server([&](const auto&) { return reply(500, write_fault(to_fault(original), "uuid:1", "host")); });
    Client client = connect(server);
    const auto record = client.get(machine_path());
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error(), original);
  }
}

TEST(ClientTest, FaultsWithoutMicrosoftsDetailGoByTheirCode) {
  struct Case {
    const char* subcode;
    Failure kind;
  };
  for (const auto& [subcode, kind] :
       {Case{"w:AccessDenied", Failure::access_denied}, Case{"a:DestinationUnreachable", Failure::not_found},
        Case{"w:TimedOut", Failure::timed_out}, Case{"w:Unheard", Failure::failed}}) {
    ScriptedServer server([&, subcode = subcode](const auto&) {
      return reply(400, envelope("f", fmt::format("<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{}"
                                                  "</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang=\"en-US\">"
                                                  " No. </s:Text></s:Reason></s:Fault>",
                                                  subcode)));
    });
    Client client = connect(server);
    EXPECT_EQ(client.get(machine_path()).error(), error(kind, "No."));
  }
}

TEST(ClientTest, AFaultWithoutReasonNamesItsCode) {
  ScriptedServer server([&](const auto&) { return reply(500, envelope("f", "<s:Fault/>")); });
  Client client = connect(server);
  EXPECT_THAT(client.get(machine_path()).error().message, HasSubstr("without a reason"));
}

TEST(ClientTest, RefusedCredentialsSayWhatToDo) {
  ScriptedServer server([&](const auto&) { return reply(401, "<html>no</html>", "text/html"); });
  ClientOptions options;
  options.user = "eve";
  Client eve = connect(server, options);
  EXPECT_EQ(eve.identify().error().kind, Failure::access_denied);
  EXPECT_THAT(eve.identify().error().message, HasSubstr("the server refused user eve"));
  Client nobody = connect(server);
  EXPECT_THAT(nobody.identify().error().message, HasSubstr("--user"));
}

TEST(ClientTest, OtherStatusesAreExplained) {
  std::atomic<unsigned> status = 404;
  ScriptedServer server([&](const auto&) { return reply(status, "gone", "text/plain"); });
  Client client = connect(server);
  EXPECT_THAT(client.identify().error().message, HasSubstr("its path is usually /wsman"));
  status = 503;
  EXPECT_EQ(client.identify().error().kind, Failure::busy);
  status = 502;
  EXPECT_THAT(client.identify().error().message, HasSubstr("HTTP status 502"));
}

TEST(ClientTest, AnswersThatAreNoWsManagementAreErrors) {
  std::string body;
  ScriptedServer server([&](const auto&) { return reply(200, body); });
  Client client = connect(server);
  for (const std::string& hostile :
       {std::string(), std::string("<"), std::string("not xml"), std::string("<a/>"), std::string("\xFF\xFE<\0", 4),
        std::string("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"), envelope("x", ""), envelope("x", "text"),
        std::string("<s:Envelope xmlns:s=\"urn:other\"><s:Body/></s:Envelope>"),
        fmt::format("<s:Envelope xmlns:s=\"{}\"><s:Header/></s:Envelope>", names::soap)}) {
    body = hostile;
    EXPECT_FALSE(client.get(machine_path())) << hostile;
    EXPECT_FALSE(client.identify()) << hostile;
    EXPECT_FALSE(client.invoke(machine_path(), "M", {})) << hostile;
    EXPECT_FALSE(client.enumerate({}, "C", {}, [](const Record&) { return true; })) << hostile;
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  body = envelope("x", deep);
  EXPECT_THAT(client.get(machine_path()).error().message, HasSubstr("does not answer as WS-Management should"));
}

TEST(ClientTest, ReferencesThatMakeNoSenseAreLeftOut) {
  ScriptedServer server([](const auto&) {
    return reply(200, envelope("x", instance("C", "<p:A><a:Address>x</a:Address></p:A><p:B>b</p:B>")));
  });
  Client client = connect(server);
  const auto record = client.get(machine_path());
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->find("A")->reference);
  EXPECT_EQ(record->text("B"), "b");
}

TEST(ClientTest, KeysThatAreReferencesAreSentAsEndpointReferences) {
  ScriptedServer server([](const auto&) { return reply(200, envelope("x", instance("C", ""))); });
  Client client = connect(server);
  cim::ObjectPath association;
  association.class_name = "Msvm_SystemDevice";
  association.keys = {{"GroupComponent", {}, std::make_shared<const cim::ObjectPath>(machine_path())}};
  ASSERT_TRUE(client.get(association));
  const std::string body = server.requests().at(0).body();
  EXPECT_EQ(texts(body, "EndpointReference").size(), 1U);
  EXPECT_THAT(texts(body, "Selector"), ElementsAre("", "Msvm_ComputerSystem", vm_id));
}

}  // namespace
}  // namespace vmms::wire::wsman
