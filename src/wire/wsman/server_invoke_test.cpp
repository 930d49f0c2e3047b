#include "testing/wsman_server.hpp"
#include "wire/xml/writer.hpp"

namespace vmms::wire::wsman {
namespace {

using testing::local_child;
using testing::soap;
using testing::uri;

class InvokeTest : public testing::WsmanServerTest {
 protected:
  InvokeTest() {
    management->instances = {service_of(testing::management_service, "vmms", "HOST1")};
    management->on_invoke = [this](const cim::Context&, const cim::ObjectPath& path, const cim::Method& method,
                                   const cim::Arguments& arguments) -> Result<cim::MethodResult> {
      inputs = arguments;
      target = path;
      if (refusal) return *refusal;
      if (method.name == "StartService") return cim::MethodResult{std::uint64_t{1}, {}};
      return cim::MethodResult{std::uint64_t{4096}, outputs ? *outputs : arguments};
    };
  }

  // An Echo with the given parameters; they come back as outputs.
  testing::Answer echo(std::string_view parameters) {
    return call(soap(uri("Msvm_VirtualSystemManagementService/Echo"), uri("Msvm_VirtualSystemManagementService"),
                     {{"CreationClassName", "Msvm_VirtualSystemManagementService"}},
                     fmt::format("<p:Echo_INPUT xmlns:p=\"{}\">{}</p:Echo_INPUT>",
                                 uri("Msvm_VirtualSystemManagementService"), parameters)));
  }
  cim::Value input(std::string_view name) const {
    for (std::size_t i = 0; i < std::size(testing::echo_parameters); ++i)
      if (testing::echo_parameters[i].name == name && i < inputs.size()) return inputs[i];
    return {};
  }

  cim::Arguments inputs;
  cim::ObjectPath target;
  std::optional<cim::Arguments> outputs;
  std::optional<Error> refusal;
};

constexpr std::string_view service_uri =
    "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/Msvm_VirtualSystemManagementService";

TEST_F(InvokeTest, TheAnswerIsMethodOutputInTheNamespaceOfTheRequest) {
  const auto answer = call(soap(std::string(service_uri) + "/startservice", service_uri));
  EXPECT_EQ(answer.response.status, 200U) << answer.reason();
  EXPECT_EQ(answer.header("Action").text(), std::string(service_uri) + "/startserviceResponse");
  const std::string body = answer.response.body.substr(answer.response.body.find("<s:Body>"));
  EXPECT_EQ(body, fmt::format("<s:Body><p:StartService_OUTPUT xmlns:xsi=\"{}\" xmlns:p=\"{}\" xmlns:cim=\"{}\">"
                              "<p:ReturnValue>1</p:ReturnValue></p:StartService_OUTPUT></s:Body></s:Envelope>",
                              names::xsi, service_uri, names::cim_common));
}

TEST_F(InvokeTest, TheBodyMayBeEmptyPrettyPrintedOrInAnotherNamespace) {
  for (const char* body : {"", "<n1:StartService_INPUT xmlns:n1=\"urn:x\"/>",
                           "\n  <w:StartService_INPUT>\n  </w:StartService_INPUT>\n", "<StartService_INPUT/>"})
    EXPECT_EQ(call(soap(std::string(service_uri) + "/StartService", service_uri, {}, body)).response.status, 200U)
        << body;
  EXPECT_EQ(call(soap(std::string(service_uri) + "/StartService", service_uri, {}, "<Stop_INPUT/>")).subcode(),
            "w:SchemaValidationError");
}

TEST_F(InvokeTest, OutputsComeInDeclaredOrderThenTheReturnValue) {
  cim::ObjectPath job;
  job.class_name = "Msvm_ConcreteJob";
  job.keys = {{"InstanceID", "J1", {}}};
  outputs = cim::Arguments(std::size(testing::echo_parameters));
  outputs->back() = cim::ObjectPathPtr(std::make_shared<const cim::ObjectPath>(job));
  (*outputs)[3] = std::uint64_t{5};
  const auto answer = echo("");
  std::string order;
  for (const auto child : answer.body().children()) order += std::string(child.name()) + " ";
  EXPECT_EQ(order, "System When Count Force Text Job ReturnValue ") << "NULL arrays are left out, NULL scalars are nil";
  EXPECT_EQ(local_child(answer.body(), "Text").attribute(names::xsi, "nil"), "true");
  EXPECT_EQ(local_child(answer.body(), "ReturnValue").text(), "4096");
  // The shape that libvirt reads a job from.
  EXPECT_EQ(local_child(answer.body(), "Job")
                .child(names::addressing, "ReferenceParameters")
                .child(names::wsman, "SelectorSet")
                .child(names::wsman, "Selector")
                .text(),
            "J1");
  EXPECT_EQ(local_child(answer.body(), "Job")
                .child(names::addressing, "ReferenceParameters")
                .child(names::wsman, "ResourceURI")
                .text(),
            uri("Msvm_ConcreteJob"));
}

TEST_F(InvokeTest, ScalarsArraysAndDatetimes) {
  const auto answer = echo(
      "<p:count> 7 </p:count><p:Numbers>1</p:Numbers><p:Force>TRUE</p:Force><p:Numbers>2</p:Numbers>"
      "<p:When><cim:Interval>PT5M</cim:Interval></p:When><p:Text> a &amp; b </p:Text>");
  EXPECT_EQ(answer.response.status, 200U) << answer.reason();
  EXPECT_EQ(input("Count"), cim::Value(std::uint64_t{7}));
  EXPECT_EQ(input("Numbers"), cim::Value(cim::Array{std::uint64_t{1}, std::uint64_t{2}}));
  EXPECT_EQ(input("Force"), cim::Value(true));
  EXPECT_EQ(input("Text"), cim::Value(std::string(" a & b ")));
  EXPECT_EQ(input("When"), cim::Value(cim::DateTime::interval(std::chrono::minutes(5))));
  EXPECT_TRUE(input("System").is_null());
  EXPECT_TRUE(input("Settings").is_null());
  EXPECT_EQ(local_child(answer.body(), "When").child(names::cim_common, "Interval").text(), "P0DT0H5M0S");

  echo("<p:When><cim:Datetime>2025-12-17T09:55:22.5Z</cim:Datetime></p:When>");
  EXPECT_EQ(input("When"), cim::Value(*cim::DateTime::parse_iso8601("2025-12-17T09:55:22.5Z")));
  echo("<p:When>20251217095522.500000+000</p:When>");
  EXPECT_EQ(input("When"), cim::Value(*cim::DateTime::parse_iso8601("2025-12-17T09:55:22.5Z")));
  echo("<p:When>00000000000500.000000:000</p:When>");
  EXPECT_EQ(input("When"), cim::Value(cim::DateTime::interval(std::chrono::minutes(5))));
}

TEST_F(InvokeTest, NilIsNullAndEmptyTextIsNot) {
  EXPECT_EQ(echo("<p:Count xsi:nil=\"true\"/><p:Numbers xsi:nil=\"1\"/><p:Text></p:Text><p:Settings></p:Settings>")
                .response.status,
            200U);
  EXPECT_TRUE(input("Count").is_null());
  EXPECT_TRUE(input("Numbers").is_null());
  EXPECT_EQ(input("Text"), cim::Value(std::string()));
}

TEST_F(InvokeTest, ReferencesBareAndWrapped) {
  const std::string inside = fmt::format(
      "<a:Address>x</a:Address><a:ReferenceParameters><w:ResourceURI>{}</w:ResourceURI><w:SelectorSet>"
      "<w:Selector Name=\"Name\">VM1</w:Selector></w:SelectorSet></a:ReferenceParameters>",
      uri("Msvm_ComputerSystem"));
  systems->instances = {system("VM1")};
  for (const std::string& reference : {inside, "<a:EndpointReference>" + inside + "</a:EndpointReference>"}) {
    const auto answer = echo("<p:System>" + reference + "</p:System>");
    EXPECT_EQ(answer.response.status, 200U) << answer.reason();
    const cim::Value value = input("System");
    const auto* path = value.get_if<cim::ObjectPathPtr>();
    ASSERT_NE(path, nullptr);
    EXPECT_EQ((*path)->class_name, "Msvm_ComputerSystem");
    EXPECT_EQ((*path)->namespace_name, "root/virtualization/v2");
    EXPECT_EQ((*path)->value("Name"), "VM1");
  }
  EXPECT_EQ(echo("<p:System>VM1</p:System>").subcode(), "w:InvalidParameter");
  EXPECT_EQ(echo("<p:System><a:ReferenceParameters/></p:System>").subcode(), "w:InvalidParameter");
}

TEST_F(InvokeTest, EmbeddedInstancesAsTextOnly) {
  const std::string markup =
      "<INSTANCE CLASSNAME=\"Test_SettingData\"><PROPERTY NAME=\"InstanceID\" TYPE=\"string\"><VALUE>a&amp;b</VALUE>"
      "</PROPERTY></INSTANCE>";
  std::string escaped;
  xml::append_text(escaped, markup);
  const auto answer = echo("<p:Settings>" + escaped + "</p:Settings><p:Settings>\n<![CDATA[<?xml version=\"1.0\"?>" +
                           markup + "]]>\n</p:Settings>");
  EXPECT_EQ(answer.response.status, 200U) << answer.reason();
  const cim::Value value = input("Settings");
  const auto* array = value.get_if<cim::Array>();
  ASSERT_NE(array, nullptr);
  ASSERT_EQ(array->size(), 2U);
  for (const cim::Value& item : *array)
    EXPECT_EQ((**item.get_if<cim::InstancePtr>())["InstanceID"], cim::Value(std::string("a&b")));
  // And out again as escaped text.
  EXPECT_EQ(local_child(answer.body(), "Settings").text().substr(0, 40), "<INSTANCE CLASSNAME=\"Test_SettingData\"><");

  EXPECT_EQ(echo("<p:Settings>" + markup + "</p:Settings>").subcode(), "w:SchemaValidationError")
      << "as real hosts answer element form";
}

TEST_F(InvokeTest, WrongParametersAreNamed) {
  auto answer = echo("<p:Color>1</p:Color>");
  EXPECT_EQ(answer.subcode(), "w:InvalidParameter");
  EXPECT_NE(answer.reason().find("Color"), std::string::npos);
  EXPECT_NE(answer.response.body.find("faultDetail/InvalidName"), std::string::npos);
  EXPECT_EQ(echo("<p:Job>1</p:Job>").subcode(), "w:InvalidParameter") << "an output is no input";

  answer = echo("<p:Count>-1</p:Count>");
  EXPECT_EQ(answer.subcode(), "w:InvalidParameter");
  EXPECT_NE(answer.reason().find("Echo, parameter Count: "), std::string::npos) << answer.reason();
  EXPECT_EQ(echo("<p:Count/>").subcode(), "w:InvalidParameter");
  EXPECT_EQ(echo("<p:Count>1</p:Count><p:Count>2</p:Count>").subcode(), "w:InvalidParameter");
  EXPECT_EQ(echo("<p:Force>maybe</p:Force>").subcode(), "w:InvalidParameter");
  EXPECT_EQ(echo("<p:Numbers>1</p:Numbers><p:Numbers xsi:nil=\"true\"/>").subcode(), "w:InvalidParameter");
  EXPECT_EQ(echo("<p:When>tomorrow</p:When>").subcode(), "w:InvalidParameter");
  EXPECT_EQ(echo("<p:Text><b/></p:Text>").subcode(), "w:SchemaValidationError");
}

TEST_F(InvokeTest, SingletonsAreFoundByAnySelectors) {
  const std::string action = std::string(service_uri) + "/StartService";
  EXPECT_EQ(call(soap(action, service_uri)).response.status, 200U);
  EXPECT_EQ(call(soap(action, service_uri, {{"Name", "vmms"}})).response.status, 200U);
  EXPECT_EQ(call(soap(action, service_uri, {{"CreationClassName", "\"Msvm_VirtualSystemManagementService\""}}))
                .response.status,
            200U)
      << "quoted inside the value";
  EXPECT_EQ(target.value("Name"), "vmms");
  EXPECT_EQ(call(soap(action, service_uri, {{"Name", "other"}})).subcode(), "a:DestinationUnreachable");
}

TEST_F(InvokeTest, MethodsThatAreNotThere) {
  auto answer = call(soap(std::string(service_uri) + "/Fly", service_uri));
  EXPECT_EQ(answer.subcode(), "a:ActionNotSupported");
  EXPECT_NE(answer.reason().find("Fly"), std::string::npos);
  // Declared but not implemented: its documented "not supported".
  guest_services->instances = {service_of(testing::guest_service, "a", "VM1")};
  answer = call(soap(uri("Msvm_GuestService/StopService"), uri("Msvm_GuestService"),
                     {{"CreationClassName", "Msvm_GuestService"},
                      {"Name", "a"},
                      {"SystemCreationClassName", "Msvm_ComputerSystem"},
                      {"SystemName", "VM1"}}));
  EXPECT_EQ(local_child(answer.body(), "ReturnValue").text(), "1") << answer.reason();
}

TEST_F(InvokeTest, FailuresBecomeTheirFaults) {
  const std::string action = std::string(service_uri) + "/StartService";
  const auto subcode = [&](Failure kind) {
    refusal = error(kind, "unit a.service of VM1: exit status 3");
    const auto answer = call(soap(action, service_uri));
    EXPECT_EQ(answer.reason(), "unit a.service of VM1: exit status 3");
    EXPECT_EQ(answer.response.status, 500U);
    return answer.subcode();
  };
  EXPECT_EQ(subcode(Failure::failed), "w:InternalError");
  EXPECT_EQ(subcode(Failure::unreachable), "w:InternalError");
  EXPECT_EQ(subcode(Failure::invalid_state), "w:InternalError");
  EXPECT_EQ(subcode(Failure::not_found), "a:DestinationUnreachable");
  EXPECT_EQ(subcode(Failure::timed_out), "w:TimedOut");
  EXPECT_EQ(subcode(Failure::busy), "w:QuotaLimit");
  EXPECT_EQ(subcode(Failure::access_denied), "w:AccessDenied");
  EXPECT_EQ(subcode(Failure::not_supported), "w:UnsupportedFeature");
  EXPECT_EQ(subcode(Failure::already_exists), "w:AlreadyExists");
  EXPECT_EQ(subcode(Failure::invalid_argument), "w:InvalidParameter");
}

TEST_F(InvokeTest, DoneButTooLargeToReport) {
  outputs = cim::Arguments(std::size(testing::echo_parameters));
  (*outputs)[6] = std::string(600'000, 'x');
  const auto answer = echo("");
  EXPECT_EQ(answer.subcode(), "w:EncodingLimit");
  EXPECT_NE(answer.response.body.find("faultDetail/UnreportableSuccess"), std::string::npos);
}

}  // namespace
}  // namespace vmms::wire::wsman
