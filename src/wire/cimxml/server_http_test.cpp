// What HTTP carries: headers, versions, documents that are no requests, several operations at once.
#include "base/text.hpp"
#include "testing/cimxml_server.hpp"
#include "wire/cimxml/request.hpp"

#include <algorithm>

namespace vmms::wire {
namespace {

using namespace testing;

class CimxmlHttp : public CimxmlServerTest {
 protected:
  void expect_refusal(http::Request request, unsigned status, std::string_view cim_error) {
    const std::string body = request.body;
    const auto answer = call(std::move(request));
    EXPECT_EQ(answer.response.status, status) << body;
    EXPECT_EQ(answer.cim_error(), cim_error) << body << answer.response.body;
  }
  static http::Request names(std::string_view name, std::string value) {
    auto request = intrinsic_request("EnumerateClassNames", "");
    for (http::Header& header : request.headers)
      if (header.name == name) {
        header.value = std::move(value);
        return request;
      }
    request.headers.push_back({std::string(name), std::move(value)});
    return request;
  }
  static http::Request with_body(std::string body) {
    auto request = intrinsic_request("EnumerateClassNames", "");
    request.body = std::move(body);
    return request;
  }
};

TEST_F(CimxmlHttp, HeadersMustFitTheBody) {
  EXPECT_EQ(call(names("CIMMethod", "enumerateclassnames")).response.status, 200u);
  EXPECT_EQ(call(names("CIMObject", "/ROOT\\virtualization/v2")).response.status, 200u);
  expect_refusal(names("CIMMethod", "GetClass"), 400, "header-mismatch");
  expect_refusal(names("CIMMethod", ""), 400, "header-mismatch");
  expect_refusal(names("CIMObject", "root"), 400, "header-mismatch");
  expect_refusal(names("CIMBatch", "CIMBatch"), 400, "header-mismatch");
}

TEST_F(CimxmlHttp, ANamespaceMayStandBetweenSlashes) {
  for (const std::string name :
       {"//root/virtualization/v2/", "\\root\\virtualization\\v2\\", " /root/virtualization/v2 "})
    EXPECT_EQ(call(names("CIMObject", name)).response.status, 200u) << name;
  for (const std::string name : {"", "/", "root/virtualization", "root//virtualization/v2", "root/virtualization/v2/x"})
    expect_refusal(names("CIMObject", name), 400, "header-mismatch");
}

TEST_F(CimxmlHttp, SaysOnceWhatTheBodyDoes) {
  for (const char* name : {"CIMOperation", "CIMMethod", "CIMObject", "CIMProtocolVersion"}) {
    auto request = names("CIMProtocolVersion", "1.0");
    EXPECT_EQ(call(request).response.status, 200u);
    const auto same = std::find_if(request.headers.begin(), request.headers.end(),
                                   [&](const http::Header& header) { return header.name == name; });
    ASSERT_NE(same, request.headers.end()) << name;
    request.headers.push_back({to_lower(name), same->value});
    expect_refusal(request, 400, "header-mismatch");
  }
}

TEST_F(CimxmlHttp, TheObjectOfAMethodMustFit) {
  const std::string path = fmt::format("<LOCALINSTANCEPATH>{}{}</LOCALINSTANCEPATH>", local_path,
                                       instance_name("Msvm_ComputerSystem", {{"Name", "a\"b%"}}));
  const auto request = [&](std::string_view object) { return method_request("Nope", object, path); };
  for (const char* object : {R"(Msvm_ComputerSystem.Name="a\"b%")", "Msvm_ComputerSystem.Name%3D%22a%5C%22b%25%22",
                             R"(msvm_computersystem.name="A\"b%25")"})
    EXPECT_EQ(call(request(object)).code(), 17) << object;
  for (const char* object : {"", "Msvm_ComputerSystem", "Msvm_ComputerSystem.Name=\"b\"", "Other.Name=\"a\\\"b%\"",
                             "Msvm_ComputerSystem.Name=\"a", "Msvm_ComputerSystem.Name=\"a\\\"b%\",X=\"1\""})
    expect_refusal(request(object), 400, "header-mismatch");
}

TEST_F(CimxmlHttp, ABackslashInAnObjectMayBeWrittenOnce) {
  const std::string path = fmt::format("<LOCALINSTANCEPATH>{}{}</LOCALINSTANCEPATH>", local_path,
                                       instance_name("Test_SettingData", {{"InstanceID", R"(Microsoft:A\6C)"}}));
  for (const char* object :
       {R"(Test_SettingData.InstanceID="Microsoft:A\6C")", R"(Test_SettingData.InstanceID="Microsoft:A\\6C")"})
    EXPECT_EQ(call(method_request("Nope", object, path)).code(), 17) << object;
}

TEST_F(CimxmlHttp, IsToldWhatItIs) {
  auto request = intrinsic_request("EnumerateClassNames", "");
  request.content_type = "text/xml";
  EXPECT_EQ(call(request).response.status, 200u);
  request.content_type = "application/soap+xml";
  expect_refusal(request, 415, "");
  request.content_type = "application/xml; charset=iso-8859-1";
  expect_refusal(request, 415, "");
  expect_refusal(names("CIMOperation", "MethodResponse"), 400, "unsupported-operation");
  request = intrinsic_request("EnumerateClassNames", "");
  std::erase_if(request.headers, [](const http::Header& header) { return header.name == "CIMOperation"; });
  expect_refusal(request, 400, "unsupported-operation");
  expect_refusal(names("CIMExport", "MethodRequest"), 501, "unsupported-operation");
}

TEST_F(CimxmlHttp, KnowsItsVersions) {
  expect_refusal(names("CIMProtocolVersion", "2.0"), 501, "unsupported-protocol-version");
  EXPECT_EQ(call(names("CIMProtocolVersion", "1.4")).response.status, 200u);
  const auto changed = [](std::string_view from, std::string_view to) {
    auto request = intrinsic_request("EnumerateClassNames", "");
    request.body.replace(request.body.find(from), from.size(), to);
    return request;
  };
  EXPECT_EQ(call(changed("DTDVERSION=\"2.0\"", "DTDVERSION=\"2.4.0\"")).response.status, 200u);
  expect_refusal(changed("CIMVERSION=\"2.0\"", "CIMVERSION=\"3.0\""), 501, "unsupported-cim-version");
  expect_refusal(changed("DTDVERSION=\"2.0\"", "DTDVERSION=\"20\""), 501, "unsupported-dtd-version");
  expect_refusal(changed("PROTOCOLVERSION=\"1.0\"", "PROTOCOLVERSION=\"\""), 501, "unsupported-protocol-version");
}

TEST_F(CimxmlHttp, ReadsNothingButRequests) {
  expect_refusal(with_body(""), 400, "request-not-well-formed");
  expect_refusal(with_body("<CIM"), 400, "request-not-well-formed");
  expect_refusal(with_body("<!DOCTYPE x [<!ENTITY y \"z\">]><CIM/>"), 400, "request-not-well-formed");
  for (const std::string& content : {std::string(), std::string("<SIMPLEREQ/>"), std::string("<SIMPLERSP/>"),
                                     std::string("text"), std::string("<MULTIREQ><SIMPLEREQ/></MULTIREQ>")})
    expect_refusal(with_body(message(content)), 400, "request-not-valid");
  for (const char* inside : {"<IMETHODCALL/>", "<IMETHODCALL NAME=\"x\"/>",
                             "<IMETHODCALL NAME=\"x\"><IPARAMVALUE NAME=\"y\"/></IMETHODCALL>",
                             "<METHODCALL NAME=\"x\"/>", "<METHODCALL NAME=\"x\"><LOCALCLASSPATH/></METHODCALL>"})
    expect_refusal(with_body(message(fmt::format("<SIMPLEREQ>{}</SIMPLEREQ>", inside))), 400, "request-not-valid");
  for (const char* parameter_text :
       {"<FOO/>", "text", "<VALUE><VALUE/></VALUE>", "<VALUE/><VALUE/>",
        "<VALUE.ARRAY><CLASSNAME NAME=\"x\"/></VALUE.ARRAY>", "<x:VALUE xmlns:x=\"urn:x\"/>", "<CLASSNAME/>",
        "<INSTANCENAME CLASSNAME=\"x\"><KEYBINDING NAME=\"y\"/></INSTANCENAME>"})
    expect_refusal(with_body(message(intrinsic_call("EnumerateClassNames", parameter("X", parameter_text)))), 400,
                   "request-not-valid");
  expect_refusal(with_body(message("<SIMPLEEXPREQ/>")), 501, "unsupported-operation");
  expect_refusal(with_body("<Envelope/>"), 400, "request-not-valid");
}

TEST_F(CimxmlHttp, AnswersSeveralOperationsInOrder) {
  settings->instances = {setting("a")};
  const std::string calls = intrinsic_call("GetInstance", parameter("InstanceName", setting_name("a"))) +
                            intrinsic_call("GetInstance", parameter("InstanceName", setting_name("b"))) +
                            intrinsic_call("EnumerateInstanceNames", class_parameter("ClassName", "Test_SettingData"));
  const auto request = [](const std::string& content, std::vector<http::Header> headers) {
    return cimxml_request(message("<MULTIREQ>" + content + "</MULTIREQ>"), std::move(headers));
  };
  const auto answer = call(request(calls, {{"CIMBatch", "CIMBatch"}}));
  ASSERT_EQ(answer.response.status, 200u) << answer.response.body;
  const xml::Element multiple = answer.message().first_child();
  EXPECT_EQ(multiple.name(), "MULTIRSP");
  std::vector<std::string> found;
  for (const xml::Element each : multiple.children())
    found.emplace_back(each.first_child().first_child().first_child().name());
  EXPECT_EQ(found, (std::vector<std::string>{"INSTANCE", "", "INSTANCENAME"}));
  EXPECT_EQ(multiple.first_child().next_sibling().first_child().first_child().attribute({}, "CODE"), "6");

  expect_refusal(request(calls, {}), 400, "header-mismatch");
  expect_refusal(request(calls, {{"CIMBatch", ""}, {"CIMMethod", "GetInstance"}}), 400, "header-mismatch");
  std::string many;
  for (std::size_t i = 0; i <= cimxml::most_calls; ++i) many += intrinsic_call("EnumerateClassNames", "");
  expect_refusal(request(many, {{"CIMBatch", ""}}), 501, "multiple-requests-unsupported");
}

}  // namespace
}  // namespace vmms::wire
