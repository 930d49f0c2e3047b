// Operations on instances, classes and methods; see also server_enumeration_test.cpp and server_http_test.cpp.
#include "testing/cimxml_server.hpp"

namespace vmms::wire {
namespace {

using namespace testing;

class CimxmlServer : public CimxmlServerTest {
 protected:
  void echo() {
    management->instances.emplace_back(management_service);
    management->instances[0].set("Name", std::string("vmms"));
    management->instances[0].set("CreationClassName", std::string("Msvm_VirtualSystemManagementService"));
    management->on_invoke = [this](const cim::Context&, const cim::ObjectPath& path, const cim::Method& method,
                                   const cim::Arguments& inputs) -> Result<cim::MethodResult> {
      called = path;
      received = inputs;
      return cim::MethodResult{std::uint64_t{4096}, inputs.size() == method.parameters.size() ? inputs : inputs};
    };
  }
  CimxmlAnswer call_echo(std::string_view parameters) {
    return call(method_request("Echo", "Msvm_VirtualSystemManagementService.Name=\"vmms\"",
                               fmt::format("<LOCALINSTANCEPATH>{}{}</LOCALINSTANCEPATH>", local_path,
                                           instance_name("Msvm_VirtualSystemManagementService", {{"Name", "vmms"}})),
                               parameters));
  }
  cim::ObjectPath called;
  cim::Arguments received;
};

std::string named_instance(std::string_view id, std::string_view properties,
                           std::string_view class_name = "Test_SettingData") {
  return parameter("ModifiedInstance",
                   fmt::format("<VALUE.NAMEDINSTANCE>{}<INSTANCE CLASSNAME=\"{}\">{}</INSTANCE></VALUE.NAMEDINSTANCE>",
                               setting_name(id), class_name, properties));
}
const std::string state_3 = R"(<PROPERTY NAME="EnabledState" TYPE="uint16"><VALUE>3</VALUE></PROPERTY>)";
const std::string shared_true = R"(<PROPERTY NAME="Shared" TYPE="boolean"><VALUE>TRUE</VALUE></PROPERTY>)";

TEST_F(CimxmlServer, AnswersAMessageWithItsId) {
  settings->instances = {setting("a")};
  const auto answer = intrinsic("GetInstance", parameter("InstanceName", setting_name("a")));
  EXPECT_EQ(answer.response.status, 200u);
  EXPECT_EQ(answer.response.content_type, "application/xml; charset=\"utf-8\"");
  EXPECT_EQ(answer.response.headers[0].name + answer.response.headers[0].value, "CIMOperationMethodResponse");
  EXPECT_EQ(answer.message().attribute({}, "ID"), "4711");
  EXPECT_EQ(answer.message().attribute({}, "PROTOCOLVERSION"), "1.0");
  EXPECT_EQ(answer.method_response().name(), "IMETHODRESPONSE");
  EXPECT_EQ(answer.method_response().attribute({}, "NAME"), "GetInstance");
  EXPECT_EQ(answer.result().first_child().attribute({}, "CLASSNAME"), "Test_SettingData");
}

TEST_F(CimxmlServer, WritesEveryTypeOfValue) {
  cim::Instance instance = setting("a<b");
  instance.set("Created", cim::DateTime::parse("20240102030405.678901+060").value());
  instance.set("EnabledState", std::uint64_t{2});
  instance.set("Inner", cim::InstancePtr(std::make_shared<const cim::Instance>(setting("inner"))));
  instance.set("Names", cim::Array{std::string("x"), std::string("y")});
  auto owner = std::make_shared<cim::ObjectPath>(system("vm1").path());
  instance.set("Owner", cim::ObjectPathPtr(owner));
  instance.set("Ratio", 2.0);
  instance.set("Shared", false);
  instance.set("Temperature", std::int64_t{-4});
  instance.set("Timeout", cim::DateTime::interval(std::chrono::minutes(5)));
  settings->instances = {instance};
  const auto answer = intrinsic("GetInstance", parameter("InstanceName", setting_name("a&lt;b")));
  const xml::Element written = answer.result().first_child();
  EXPECT_EQ(property_text(written, "Created"), "20240102030405.678901+060");
  EXPECT_EQ(property_text(written, "EnabledState"), "2");
  EXPECT_EQ(property_of(written, "Inner").attribute({}, "EmbeddedObject"), "instance");
  EXPECT_TRUE(property_text(written, "Inner").starts_with("<INSTANCE CLASSNAME=\"Test_SettingData\">"));
  const xml::Element names = property_of(written, "Names");
  EXPECT_EQ(names.name(), "PROPERTY.ARRAY");
  EXPECT_EQ(names.first_child().first_child().next_sibling().text(), "y");
  const xml::Element reference = property_of(written, "Owner");
  EXPECT_EQ(reference.name(), "PROPERTY.REFERENCE");
  EXPECT_EQ(reference.attribute({}, "REFERENCECLASS"), "Msvm_ComputerSystem");
  const xml::Element path = reference.first_child().first_child();
  EXPECT_EQ(path.name(), "INSTANCEPATH");
  EXPECT_EQ(path.first_child().child({}, "HOST").text(), "host1");
  EXPECT_EQ(path.first_child().child({}, "LOCALNAMESPACEPATH").first_child().attribute({}, "NAME"), "root");
  EXPECT_EQ(property_text(written, "Ratio"), "2.0");
  EXPECT_EQ(property_text(written, "Shared"), "FALSE");
  EXPECT_EQ(property_text(written, "Temperature"), "-4");
  EXPECT_EQ(property_text(written, "Timeout"), "00000000000500.000000:000");
  EXPECT_EQ(property_of(written, "InstanceID").attribute({}, "TYPE"), "string");
}

TEST_F(CimxmlServer, GetInstanceKeepsToThePropertyList) {
  settings->instances = {setting("a")};
  const auto answer = intrinsic("getinstance", parameter("INSTANCENAME", setting_name("a")) +
                                                   values("PropertyList", {"shared", "InstanceID", "Nothing"}));
  std::vector<std::string> names;
  for (const xml::Element each : answer.result().first_child().children())
    names.emplace_back(each.attribute({}, "NAME").value_or(""));
  EXPECT_EQ(names, (std::vector<std::string>{"InstanceID", "Shared"}));
  const xml::Element shared = property_of(answer.result().first_child(), "Shared");
  EXPECT_FALSE(shared.first_child()) << "NULL has no VALUE";
}

TEST_F(CimxmlServer, TheOnlyKeyNeedsNoName) {
  settings->instances = {setting("a")};
  EXPECT_EQ(code("GetInstance", parameter("InstanceName",
                                          "<INSTANCENAME CLASSNAME=\"Test_SettingData\">"
                                          "<KEYVALUE>a</KEYVALUE></INSTANCENAME>")),
            0);
  EXPECT_EQ(code("GetInstance", parameter("InstanceName",
                                          "<INSTANCENAME CLASSNAME=\"Msvm_ComputerSystem\">"
                                          "<KEYVALUE>a</KEYVALUE></INSTANCENAME>")),
            4);
}

TEST_F(CimxmlServer, ErrorsHaveTheirCodeAndAnInstance) {
  auto request = intrinsic_request("GetInstance", parameter("InstanceName", setting_name("none")));
  EXPECT_FALSE(call(request).error().first_child()) << "the client's DTD is older than that";
  request.body.replace(request.body.find("DTDVERSION=\"2.0"), 15, "DTDVERSION=\"2.2");
  const auto answer = call(request);
  EXPECT_EQ(answer.code(), 6);
  EXPECT_TRUE(answer.description().starts_with("CIM_ERR_NOT_FOUND: ")) << answer.description();
  const xml::Element instance = answer.error().first_child();
  EXPECT_EQ(instance.attribute({}, "CLASSNAME"), "Test_Error");
  EXPECT_EQ(property_text(instance, "CIMStatusCode"), "6");
  EXPECT_EQ(property_text(instance, "PerceivedSeverity"), "2");
}

TEST_F(CimxmlServer, TellsEachFailureBelow) {
  const std::string get = parameter("InstanceName", setting_name("a"));
  settings->instances = {setting("a")};
  for (const auto& [kind, expected] :
       {std::pair(Failure::failed, 1), std::pair(Failure::internal, 1), std::pair(Failure::invalid_argument, 4),
        std::pair(Failure::not_found, 6), std::pair(Failure::already_exists, 11), std::pair(Failure::access_denied, 2),
        std::pair(Failure::not_supported, 7), std::pair(Failure::invalid_state, 1), std::pair(Failure::timed_out, 1),
        std::pair(Failure::unreachable, 1), std::pair(Failure::busy, 27)}) {
    settings->on_modify = [kind = kind](const auto&, const auto&) { return error(kind, "because"); };
    const auto answer = intrinsic("ModifyInstance", named_instance("a", state_3));
    EXPECT_EQ(answer.code(), expected);
    EXPECT_TRUE(answer.description().ends_with(": because"));
  }
  authorize = [](const cim::Principal&, cim::OperationKind) { return error(Failure::access_denied, "not you"); };
  EXPECT_EQ(code("GetInstance", get), 2);
  EXPECT_EQ(code("GetClass", class_parameter("ClassName", "Test_SettingData")), 2);
  EXPECT_EQ(code("EnumerateInstances", class_parameter("ClassName", "Test_SettingData")), 2);
}

TEST_F(CimxmlServer, AnExceptionIsAnError) {
  settings->before = [] { throw std::runtime_error("on purpose"); };
  EXPECT_EQ(code("GetInstance", parameter("InstanceName", setting_name("a"))), 1);
}

TEST_F(CimxmlServer, TellsUnknownThings) {
  const std::string other = "<LOCALNAMESPACEPATH><NAMESPACE NAME=\"root\"/></LOCALNAMESPACEPATH>";
  auto request = cimxml_request(
      message("<SIMPLEREQ><IMETHODCALL NAME=\"EnumerateClassNames\">" + other + "</IMETHODCALL></SIMPLEREQ>"),
      {{"CIMMethod", "EnumerateClassNames"}, {"CIMObject", "root"}});
  EXPECT_EQ(call(std::move(request)).code(), 3);
  EXPECT_EQ(code("GetInstance", parameter("InstanceName", instance_name("Nope", {}))), 5);
  EXPECT_EQ(code("GetClass", class_parameter("ClassName", "Nope")), 6);
  EXPECT_EQ(code("EnumerateClasses", class_parameter("ClassName", "Nope")), 5);
  EXPECT_EQ(code("EnumerateInstances", class_parameter("ClassName", "Nope")), 5);
  EXPECT_EQ(code("Frobnicate", ""), 7);
  for (const char* name :
       {"CreateClass", "ModifyClass", "DeleteClass", "SetQualifier", "DeleteQualifier", "EnumerationCount"})
    EXPECT_EQ(code(name, ""), 7) << name;
}

TEST_F(CimxmlServer, NamesTheParameterThatIsWrong) {
  const std::string get = parameter("InstanceName", setting_name("a"));
  const auto refused = [&](std::string_view name, const std::string& parameters, std::string_view in_message) {
    const auto answer = intrinsic(name, parameters);
    EXPECT_EQ(answer.code(), 4) << parameters;
    EXPECT_NE(answer.description().find(in_message), std::string::npos) << answer.description();
  };
  refused("GetInstance", "", "InstanceName is missing");
  refused("GetInstance", "<IPARAMVALUE NAME=\"InstanceName\"/>", "InstanceName is missing");
  refused("GetInstance", get + get, "InstanceName is given twice");
  refused("GetInstance", get + value("Colour", "red"), "has no parameter Colour");
  refused("GetInstance", get + value("IncludeClassOrigin", "perhaps"), "IncludeClassOrigin");
  refused("GetInstance", get + value("PropertyList", "x"), "PropertyList");
  refused("GetInstance", class_parameter("InstanceName", "Test_SettingData"), "InstanceName");
  refused("GetInstance", parameter("InstanceName", instance_name("Test_SettingData", {{"Colour", "red"}})), "Colour");
  refused("Associators", value("ObjectName", "x"), "ObjectName");
  refused("OpenEnumerateInstances", class_parameter("ClassName", "Test_SettingData") + value("MaxObjectCount", "-1"),
          "MaxObjectCount");
}

TEST_F(CimxmlServer, GetClassHasTheDefaultsOfTheStandard) {
  const auto local = intrinsic("GetClass", class_parameter("ClassName", "Test_WideSettingData"));
  const xml::Element cim_class = local.result().first_child();
  EXPECT_EQ(cim_class.name(), "CLASS");
  EXPECT_EQ(cim_class.attribute({}, "SUPERCLASS"), "Test_SettingData");
  EXPECT_TRUE(property_of(cim_class, "Width"));
  EXPECT_FALSE(property_of(cim_class, "InstanceID")) << "LocalOnly is TRUE by default";
  const auto all = intrinsic("GetClass", class_parameter("ClassName", "Test_WideSettingData") +
                                             value("LocalOnly", "false") + value("IncludeClassOrigin", "true"));
  EXPECT_TRUE(property_of(all.result().first_child(), "InstanceID").attribute({}, "CLASSORIGIN"));
}

TEST_F(CimxmlServer, EnumeratesClasses) {
  const auto top = intrinsic("EnumerateClassNames", "");
  std::vector<std::string> names;
  for (const xml::Element each : top.result().children()) names.emplace_back(each.attribute({}, "NAME").value_or(""));
  EXPECT_EQ(names, (std::vector<std::string>{"CIM_Error", "CIM_Service", "Msvm_AffectedJobElement",
                                             "Msvm_ComputerSystem", "Test_SettingData"}));
  EXPECT_EQ(intrinsic("EnumerateClassNames", value("DeepInheritance", "true")).count(), 9u);
  EXPECT_EQ(intrinsic("EnumerateClassNames", class_parameter("ClassName", "CIM_Service")).count(), 2u);
  const auto classes = intrinsic("EnumerateClasses", class_parameter("ClassName", "CIM_Service"));
  EXPECT_EQ(classes.count(), 2u);
  EXPECT_EQ(classes.result().first_child().name(), "CLASS");
}

TEST_F(CimxmlServer, TellsQualifiers) {
  const auto one = intrinsic("GetQualifier", value("QualifierName", "key"));
  EXPECT_EQ(one.result().first_child().attribute({}, "NAME"), "Key");
  EXPECT_EQ(one.result().first_child().first_child().name(), "SCOPE");
  EXPECT_EQ(intrinsic("EnumerateQualifiers", "").count(), 2u);
  EXPECT_EQ(code("GetQualifier", value("QualifierName", "Nope")), 6);
}

TEST_F(CimxmlServer, ModifiesWhatTheListNames) {
  settings->instances = {setting("a")};
  std::optional<cim::Instance> changes;
  settings->on_modify = [&](const cim::ObjectPath&, const cim::Instance& given) {
    changes = given;
    return Status();
  };
  const auto answer = intrinsic("ModifyInstance", named_instance("a", state_3 + shared_true));
  EXPECT_EQ(answer.code(), 0);
  EXPECT_FALSE(answer.method_response().first_child()) << "nothing is returned";
  EXPECT_EQ((*changes)["EnabledState"], cim::Value(std::uint64_t{3}));
  EXPECT_EQ((*changes)["Shared"], cim::Value(true));

  EXPECT_EQ(code("ModifyInstance", named_instance("a", state_3 + shared_true) + values("PropertyList", {"shared"})), 0);
  EXPECT_TRUE((*changes)["EnabledState"].is_null());
  EXPECT_EQ((*changes)["Shared"], cim::Value(true));

  EXPECT_EQ(code("ModifyInstance", named_instance("a", state_3) + values("PropertyList", {"Shared"})), 7)
      << "a property cannot be set to NULL";
  EXPECT_EQ(code("ModifyInstance", named_instance("a", state_3) + values("PropertyList", {"Nope"})), 4);
  EXPECT_EQ(code("ModifyInstance", named_instance("a", "<PROPERTY NAME=\"Nope\" TYPE=\"string\"/>")), 4);
  EXPECT_EQ(code("ModifyInstance", named_instance("a", "", "Msvm_ComputerSystem")), 4);
  EXPECT_EQ(code("ModifyInstance", parameter("ModifiedInstance", setting_name("a"))), 4);
}

TEST_F(CimxmlServer, CreatesAndDeletes) {
  settings->on_create = [](const cim::Instance& instance) -> Result<cim::ObjectPath> { return instance.path(); };
  const auto created =
      intrinsic("CreateInstance",
                parameter("NewInstance",
                          "<INSTANCE CLASSNAME=\"Test_SettingData\"><QUALIFIER NAME=\"X\" TYPE=\"string\"/>"
                          "<PROPERTY NAME=\"InstanceID\" TYPE=\"string\"><QUALIFIER NAME=\"Key\" TYPE=\"boolean\">"
                          "<VALUE>TRUE</VALUE></QUALIFIER><VALUE>new</VALUE></PROPERTY></INSTANCE>"));
  EXPECT_EQ(created.code(), 0) << created.description();
  const xml::Element name = created.result().first_child();
  EXPECT_EQ(name.name(), "INSTANCENAME");
  EXPECT_EQ(name.first_child().first_child().text(), "new");
  EXPECT_EQ(name.first_child().first_child().attribute({}, "VALUETYPE"), "string");
  EXPECT_EQ(code("CreateInstance", parameter("NewInstance", "<INSTANCE CLASSNAME=\"Nope\"/>")), 5);
  EXPECT_EQ(code("CreateInstance", parameter("NewInstance", setting_name("a"))), 4);

  settings->instances = {setting("a")};
  std::string removed;
  settings->on_remove = [&](const cim::ObjectPath& path) {
    removed = path.value("InstanceID");
    return Status();
  };
  EXPECT_EQ(code("DeleteInstance", parameter("InstanceName", setting_name("a"))), 0);
  EXPECT_EQ(removed, "a");
  EXPECT_EQ(code("DeleteInstance", parameter("InstanceName", instance_name("Nope", {}))), 5);
}

TEST_F(CimxmlServer, GetsAndSetsOneProperty) {
  cim::Instance instance = setting("a");
  instance.set("Names", cim::Array{std::string("x")});
  settings->instances = {instance};
  const std::string name = parameter("InstanceName", setting_name("a"));
  EXPECT_EQ(intrinsic("GetProperty", name + value("PropertyName", "InstanceID")).result().first_child().text(), "a");
  EXPECT_EQ(intrinsic("GetProperty", name + value("PropertyName", "names")).result().first_child().name(),
            "VALUE.ARRAY");
  const auto null = intrinsic("GetProperty", name + value("PropertyName", "Shared"));
  EXPECT_EQ(null.code(), 0);
  EXPECT_FALSE(null.result());
  EXPECT_EQ(code("GetProperty", name + value("PropertyName", "Nope")), 12);

  cim::Value state;
  settings->on_modify = [&](const cim::ObjectPath&, const cim::Instance& changes) {
    state = changes["EnabledState"];
    return Status();
  };
  EXPECT_EQ(code("SetProperty", name + value("PropertyName", "EnabledState") + value("NewValue", "3")), 0);
  EXPECT_EQ(state, cim::Value(std::uint64_t{3}));
  EXPECT_EQ(code("SetProperty", name + value("PropertyName", "EnabledState") + value("NewValue", "on")), 13);
  EXPECT_EQ(code("SetProperty", name + value("PropertyName", "EnabledState") + values("NewValue", {"3"})), 13);
  EXPECT_EQ(code("SetProperty", name + value("PropertyName", "EnabledState")), 7);
  EXPECT_EQ(code("SetProperty", name + value("PropertyName", "Nope") + value("NewValue", "3")), 12);
}

TEST_F(CimxmlServer, CallsAMethodWithEveryTypeOfParameter) {
  echo();
  systems->instances = {system("vm1")};
  const auto answer = call_echo(
      "<PARAMVALUE NAME=\"Settings\" PARAMTYPE=\"string\"><VALUE.ARRAY><VALUE>&lt;INSTANCE "
      "CLASSNAME=\"Test_SettingData\"/&gt;</VALUE></VALUE.ARRAY></PARAMVALUE>"
      "<PARAMVALUE NAME=\"system\"><VALUE.REFERENCE>" +
      instance_name("Msvm_ComputerSystem", {{"Name", "vm1"}}) +
      "</VALUE.REFERENCE></PARAMVALUE>"
      "<PARAMVALUE NAME=\"When\" PARAMTYPE=\"datetime\"><VALUE>20240102030405.000000+000</VALUE></PARAMVALUE>"
      "<PARAMVALUE NAME=\"Numbers\"><VALUE.ARRAY><VALUE>1</VALUE><VALUE>2</VALUE></VALUE.ARRAY></PARAMVALUE>"
      "<PARAMVALUE NAME=\"Force\" PARAMTYPE=\"boolean\"><VALUE>true</VALUE></PARAMVALUE>"
      "<PARAMVALUE NAME=\"Text\"><VALUE> a &amp; b </VALUE></PARAMVALUE><PARAMVALUE NAME=\"Count\"/>");
  ASSERT_EQ(answer.code(), 0) << answer.description();
  EXPECT_EQ(answer.method_response().name(), "METHODRESPONSE");
  const xml::Element returned = answer.method_response().child({}, "RETURNVALUE");
  EXPECT_EQ(returned.attribute({}, "PARAMTYPE"), "uint32");
  EXPECT_EQ(returned.first_child().text(), "4096");
  EXPECT_EQ(called.value("Name"), "vmms");
  EXPECT_EQ(answer.output("Text").first_child().text(), " a & b ");
  EXPECT_EQ(answer.output("Force").first_child().text(), "TRUE");
  EXPECT_EQ(answer.output("Numbers").first_child().name(), "VALUE.ARRAY");
  EXPECT_EQ(answer.output("System").first_child().first_child().name(), "INSTANCEPATH");
  EXPECT_EQ(answer.output("Settings").attribute({}, "EmbeddedObject"), "object");
  EXPECT_FALSE(answer.output("Count")) << "NULL is left out";
  EXPECT_FALSE(answer.output("RequestedState"));
}

TEST_F(CimxmlServer, AClassStandsForItsOnlyInstance) {
  echo();
  const auto answer =
      call(method_request("Echo", "Msvm_VirtualSystemManagementService",
                          fmt::format("<LOCALCLASSPATH>{}<CLASSNAME NAME=\"Msvm_VirtualSystemManagementService\"/>"
                                      "</LOCALCLASSPATH>",
                                      local_path)));
  EXPECT_EQ(answer.code(), 0) << answer.description();
}

TEST_F(CimxmlServer, TellsWhatIsWrongWithACall) {
  echo();
  EXPECT_EQ(call_echo("<PARAMVALUE NAME=\"Nope\"><VALUE>1</VALUE></PARAMVALUE>").code(), 4);
  EXPECT_EQ(call_echo("<PARAMVALUE NAME=\"Job\"/>").code(), 4) << "an output";
  EXPECT_EQ(call_echo("<PARAMVALUE NAME=\"Text\"/><PARAMVALUE NAME=\"TEXT\"/>").code(), 4);
  EXPECT_EQ(call_echo("<PARAMVALUE NAME=\"Count\"><VALUE>many</VALUE></PARAMVALUE>").code(), 4);
  EXPECT_EQ(call_echo("<PARAMVALUE NAME=\"Count\" PARAMTYPE=\"string\"><VALUE>1</VALUE></PARAMVALUE>").code(), 4);
  const auto on = [&](std::string_view method, std::string_view class_name) {
    return call(method_request(method, fmt::format("{}.Name=\"vmms\"", class_name),
                               fmt::format("<LOCALINSTANCEPATH>{}{}</LOCALINSTANCEPATH>", local_path,
                                           instance_name(class_name, {{"Name", "vmms"}}))))
        .code();
  };
  EXPECT_EQ(on("Frobnicate", "Msvm_VirtualSystemManagementService"), 17);
  EXPECT_EQ(on("Echo", "Nope"), 6);
  management->on_invoke = [](const auto&, const auto&, const auto&, const auto&) -> Result<cim::MethodResult> {
    return error(Failure::not_supported, "nobody wrote it");
  };
  EXPECT_EQ(call_echo("").code(), 16);
}

TEST_F(CimxmlServer, WaitsInThePoolUntilItsDeadline) {
  const auto exchange = send(method_request("StartService", "Msvm_GuestService.Name=\"cron\"",
                                            fmt::format("<LOCALINSTANCEPATH>{}{}</LOCALINSTANCEPATH>", local_path,
                                                        instance_name("Msvm_GuestService", {{"Name", "cron"}}))));
  EXPECT_FALSE(exchange->answered());
  ASSERT_EQ(pool.size(), 1u);
  EXPECT_EQ(pool.front().first, "cron") << "the machine";
  ASSERT_TRUE(exchange->deadline());
  exchange->expire();
  const auto answer = read(exchange->wait());
  EXPECT_EQ(answer.code(), 1);
  EXPECT_EQ(answer.method_response().name(), "METHODRESPONSE");
  run_pool();
}

TEST_F(CimxmlServer, AFullPoolIsAnError) {
  pool_is_full = true;
  EXPECT_EQ(code("EnumerateInstances", class_parameter("ClassName", "Test_SettingData")), 27);
}

}  // namespace
}  // namespace vmms::wire
