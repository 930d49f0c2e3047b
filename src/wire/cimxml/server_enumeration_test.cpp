// Operations that find instances: with everything at once, and pulled.
#include "testing/cimxml_server.hpp"

namespace vmms::wire {
namespace {

using namespace testing;

class CimxmlEnumeration : public CimxmlServerTest {
 protected:
  void fill(int number) {
    settings->instances.clear();
    for (int i = 0; i < number; ++i) settings->instances.push_back(setting(fmt::format("{:05}", i)));
  }
  void associate() {
    systems->instances = {system("vm1")};
    settings->instances = {setting("a"), setting("b")};
    for (const char* id : {"a", "b"}) {
      cim::Instance association(affected_job_element);
      association.set("AffectedElement", cim::ObjectPathPtr(std::make_shared<cim::ObjectPath>(setting(id).path())));
      association.set("AffectingElement", cim::ObjectPathPtr(std::make_shared<cim::ObjectPath>(system("vm1").path())));
      jobs->instances.push_back(association);
    }
  }
  static std::string system_name(std::string_view name) {
    return instance_name("Msvm_ComputerSystem",
                         {{"CreationClassName", "Msvm_ComputerSystem"}, {"Name", std::string(name)}});
  }
  static std::string context_of(const CimxmlAnswer& answer) {
    return answer.output("EnumerationContext").first_child().text();
  }
  static bool ended(const CimxmlAnswer& answer) {
    return answer.output("EndOfSequence").first_child().text() == "TRUE";
  }
};
const std::string settings_class = class_parameter("ClassName", "Test_SettingData");

TEST_F(CimxmlEnumeration, EnumeratesInstancesOfSubclassesToo) {
  fill(2);
  cim::Instance wide(wide_setting_data);
  wide.set("InstanceID", std::string("wide"));
  wide_settings->instances = {wide};
  const auto all = intrinsic("EnumerateInstances", settings_class);
  EXPECT_EQ(all.count(), 3u);
  for (const xml::Element each : all.result().children()) {
    EXPECT_EQ(each.name(), "VALUE.NAMEDINSTANCE");
    const xml::Element instance = each.first_child().next_sibling();
    EXPECT_EQ(instance.attribute({}, "CLASSNAME") == "Test_WideSettingData", bool(property_of(instance, "Width")));
  }
  const auto shallow = intrinsic("EnumerateInstances", settings_class + value("DeepInheritance", "false"));
  EXPECT_EQ(shallow.count(), 3u);
  bool found = false;
  for (const xml::Element each : shallow.result().children()) {
    const xml::Element instance = each.first_child().next_sibling();
    found = found || instance.attribute({}, "CLASSNAME") == "Test_WideSettingData";
    EXPECT_FALSE(property_of(instance, "Width"));
  }
  EXPECT_TRUE(found) << "an instance keeps its own class";
  const auto names = intrinsic("EnumerateInstanceNames", settings_class);
  EXPECT_EQ(names.count(), 3u);
  EXPECT_EQ(names.result().first_child().name(), "INSTANCENAME");
}

TEST_F(CimxmlEnumeration, AnEmptyPropertyListMeansNone) {
  fill(1);
  const auto answer = intrinsic("EnumerateInstances", settings_class + values("PropertyList", {}));
  EXPECT_FALSE(answer.result().first_child().first_child().next_sibling().first_child());
}

TEST_F(CimxmlEnumeration, WhatIsUnreachableIsNotEmpty) {
  settings->failures = {error(Failure::unreachable, "the guest is silent")};
  const auto nothing = intrinsic("EnumerateInstances", settings_class);
  EXPECT_EQ(nothing.code(), 1);
  EXPECT_NE(nothing.description().find("silent"), std::string::npos);
  EXPECT_EQ(code("OpenEnumerateInstances", settings_class + value("MaxObjectCount", "5")), 1);
  fill(1);
  EXPECT_EQ(intrinsic("EnumerateInstances", settings_class).count(), 1u);
}

TEST_F(CimxmlEnumeration, AnAnswerHasABound) {
  fill(2000);
  const auto answer = intrinsic("EnumerateInstances", settings_class);
  EXPECT_EQ(answer.code(), 1);
  EXPECT_NE(answer.description().find("Open"), std::string::npos);
}

TEST_F(CimxmlEnumeration, FindsWhatIsAssociated) {
  associate();
  const std::string object = parameter("ObjectName", system_name("vm1"));
  const auto found = intrinsic("Associators", object + class_parameter("ResultClass", "Test_SettingData"));
  EXPECT_EQ(found.count(), 2u) << found.description();
  const xml::Element first = found.result().first_child();
  EXPECT_EQ(first.name(), "VALUE.OBJECTWITHPATH");
  EXPECT_EQ(first.first_child().name(), "INSTANCEPATH");
  EXPECT_EQ(first.first_child().next_sibling().name(), "INSTANCE");
  const auto names = intrinsic("AssociatorNames", object);
  EXPECT_EQ(names.count(), 2u);
  EXPECT_EQ(names.result().first_child().name(), "OBJECTPATH");
  const auto references = intrinsic("References", object + value("Role", "affectingelement"));
  EXPECT_EQ(references.count(), 2u);
  EXPECT_EQ(intrinsic("ReferenceNames", object).count(), 2u);
  EXPECT_EQ(intrinsic("ReferenceNames", object + value("Role", "AffectedElement")).count(), 0u);
  EXPECT_EQ(code("Associators", object + class_parameter("AssocClass", "Nope")), 4);
  EXPECT_EQ(code("Associators", object + class_parameter("ResultClass", "Nope")), 4);
  EXPECT_EQ(code("References", object + class_parameter("ResultClass", "Test_SettingData")), 4) << "no association";
  EXPECT_EQ(code("Associators", parameter("ObjectName", instance_name("Nope", {}))), 4);
  jobs->instances.clear();
  EXPECT_EQ(intrinsic("Associators", object).count(), 0u);
  EXPECT_EQ(code("Associators", parameter("ObjectName", system_name("none"))), 6);
}

TEST_F(CimxmlEnumeration, FindsAssociatedClasses) {
  const std::string object = class_parameter("ObjectName", "Msvm_ComputerSystem");
  const auto found = intrinsic("Associators", object);
  ASSERT_GE(found.count(), 1u) << found.description();
  const xml::Element first = found.result().first_child();
  EXPECT_EQ(first.name(), "VALUE.OBJECTWITHPATH");
  EXPECT_EQ(first.first_child().name(), "CLASSPATH");
  EXPECT_EQ(first.first_child().next_sibling().name(), "CLASS");
  EXPECT_EQ(intrinsic("ReferenceNames", object).result().first_child().first_child().name(), "CLASSPATH");
  EXPECT_EQ(code("Associators", class_parameter("ObjectName", "Nope")), 4);
  EXPECT_EQ(code("AssociatorNames", object + class_parameter("AssocClass", "Nope")), 4);
  for (const char* operation : {"Associators", "AssociatorNames", "References", "ReferenceNames"}) {
    const auto keyless = intrinsic(operation, parameter("ObjectName", instance_name("Msvm_ComputerSystem", {})));
    EXPECT_EQ(keyless.count(), intrinsic(operation, object).count()) << operation << ": " << keyless.description();
    EXPECT_EQ(code(operation, parameter("ObjectName", instance_name("Nope", {}))), 4) << operation;
  }
}

TEST_F(CimxmlEnumeration, RunsQueries) {
  fill(3);
  const auto query = [&](std::string_view language, std::string_view text) {
    return intrinsic("ExecQuery", value("QueryLanguage", language) + value("Query", text));
  };
  const auto all = query("WQL", "SELECT * FROM Test_SettingData WHERE InstanceID &gt; '00000'");
  EXPECT_EQ(all.count(), 2u);
  EXPECT_EQ(all.result().first_child().name(), "VALUE.OBJECTWITHPATH");
  const auto columns = query("wql", "SELECT InstanceID, __CLASS FROM Test_SettingData");
  const xml::Element instance = columns.result().first_child().first_child().next_sibling();
  EXPECT_TRUE(property_of(instance, "InstanceID"));
  EXPECT_FALSE(property_of(instance, "Shared"));
  EXPECT_EQ(property_text(instance, "__CLASS"), "Test_SettingData");
  for (const char* cql : {"DMTF:CQL", "CIM:CQL", "dmtf:cql"}) {
    EXPECT_EQ(query(cql, "SELECT Test_SettingData.InstanceID FROM Test_SettingData").count(), 3u) << cql;
    EXPECT_EQ(query(cql, "SELECT * FROM Test_SettingData WHERE InstanceID LIKE '0*1'").count(), 1u) << cql;
    EXPECT_EQ(query(cql, "SELECT * FROM Test_SettingData WHERE InstanceID LIKE '.*'").count(), 3u) << cql;
    EXPECT_EQ(query(cql, "SELECT * FROM Test_SettingData WHERE InstanceID LIKE '*'").code(), 15) << cql;
  }
  EXPECT_EQ(query("DMTF:XQL", "SELECT * FROM Test_SettingData").code(), 14);
  EXPECT_EQ(query("WQL", "SELECT").code(), 15);
  EXPECT_EQ(query("WQL", "SELECT * FROM Test_SettingData WHERE Nope = 1").code(), 15);
  EXPECT_EQ(query("WQL", "SELECT * FROM Nope").code(), 15);
}

TEST_F(CimxmlEnumeration, PullsPageAfterPage) {
  fill(5);
  auto answer = intrinsic("OpenEnumerateInstances", settings_class + value("MaxObjectCount", "2"));
  ASSERT_EQ(answer.code(), 0) << answer.description();
  EXPECT_EQ(answer.count(), 2u);
  EXPECT_EQ(answer.result().first_child().name(), "VALUE.INSTANCEWITHPATH");
  EXPECT_FALSE(ended(answer));
  const std::string id = context_of(answer);
  std::size_t number = 2;
  while (!ended(answer) && number < 10) {
    answer = intrinsic("PullInstancesWithPath", value("EnumerationContext", id) + value("MaxObjectCount", "2"));
    ASSERT_EQ(answer.code(), 0) << answer.description();
    number += answer.count();
  }
  EXPECT_EQ(number, 5u);
  EXPECT_EQ(code("PullInstancesWithPath", value("EnumerationContext", id) + value("MaxObjectCount", "2")), 21);
}

TEST_F(CimxmlEnumeration, OpensWithoutObjects) {
  fill(3);
  const auto opened = intrinsic("OpenEnumerateInstancePaths", settings_class);
  EXPECT_EQ(opened.count(), 0u);
  EXPECT_TRUE(opened.result());
  EXPECT_FALSE(ended(opened));
  const std::string context = value("EnumerationContext", context_of(opened));
  EXPECT_EQ(intrinsic("PullInstancePaths", context + value("MaxObjectCount", "0")).count(), 0u);
  const auto pulled = intrinsic("PullInstancePaths", context + value("MaxObjectCount", "4000000000"));
  EXPECT_EQ(pulled.count(), 3u);
  EXPECT_EQ(pulled.result().first_child().name(), "INSTANCEPATH");
  EXPECT_TRUE(ended(pulled));
  EXPECT_FALSE(pulled.output("EnumerationContext").first_child());
}

TEST_F(CimxmlEnumeration, APageHasABound) {
  fill(3000);
  const auto answer = intrinsic("OpenEnumerateInstances", settings_class + value("MaxObjectCount", "3000"));
  EXPECT_EQ(answer.code(), 0);
  EXPECT_LE(answer.response.body.size(), 66u * 1024);
  EXPECT_GT(answer.count(), 1u);
  EXPECT_FALSE(ended(answer));
}

TEST_F(CimxmlEnumeration, ContextsBelongToTheirUserAndOperation) {
  fill(3);
  const auto opened = intrinsic("OpenEnumerateInstances", settings_class);
  const std::string pull = value("EnumerationContext", context_of(opened)) + value("MaxObjectCount", "1");
  EXPECT_EQ(code("PullInstancePaths", pull), 21);
  EXPECT_EQ(code("PullInstances", pull), 21);
  auto request = intrinsic_request("PullInstancesWithPath", pull);
  request.principal = http::test_principal("mallory");
  EXPECT_EQ(call(std::move(request)).code(), 21);
  EXPECT_EQ(code("PullInstancesWithPath", pull), 0);
  EXPECT_EQ(code("CloseEnumeration", value("EnumerationContext", context_of(opened))), 0);
  EXPECT_EQ(code("PullInstancesWithPath", pull), 21);
  EXPECT_EQ(code("CloseEnumeration", value("EnumerationContext", "uuid:nonsense")), 21);
  EXPECT_EQ(code("PullInstancesWithPath", value("EnumerationContext", "x")), 4) << "MaxObjectCount is required";
}

TEST_F(CimxmlEnumeration, AreLimitedInNumberAndTime) {
  EXPECT_EQ(code("OpenEnumerateInstances", settings_class + value("OperationTimeout", "0")), 22);
  EXPECT_EQ(code("OpenEnumerateInstances", settings_class + value("OperationTimeout", "601")), 22);
  EXPECT_EQ(code("OpenEnumerateInstances", settings_class + value("ContinueOnError", "true")), 26);
  fill(3);
  const auto open = [this] {
    return context_of(intrinsic("OpenEnumerateInstances",
                                settings_class + value("OperationTimeout", "600") + value("MaxObjectCount", "1")));
  };
  const auto pull = [](const std::string& context) {
    return value("EnumerationContext", context) + value("MaxObjectCount", "1");
  };
  const std::string first = open();
  const std::string second = open();
  for (int i = 2; i < 65; ++i) EXPECT_NE(open(), "");
  EXPECT_EQ(code("PullInstancesWithPath", pull(first)), 21) << "the one that its user left longest made room";
  EXPECT_EQ(code("PullInstancesWithPath", pull(second)), 0);
}

TEST_F(CimxmlEnumeration, AnEnumerationWhoseNameNobodyGotIsForgotten) {
  fill(3);
  for (int i = 0; i < 10; ++i) {
    auto exchange =
        send(intrinsic_request("OpenEnumerateInstances", settings_class + value("MaxObjectCount", "1") +
                                                             value("FilterQueryLanguage", "DMTF:FQL") +
                                                             value("FilterQuery", "InstanceID &lt;&gt; '00001'")));
    EXPECT_FALSE(exchange->answered()) << "a filter looks through much";
    exchange->expire();
    run_pool();
  }
  EXPECT_EQ(code("OpenEnumerateInstances", settings_class), 0);
}

TEST_F(CimxmlEnumeration, FiltersInFql) {
  fill(3);
  const auto open = [&](std::string_view language, std::string_view filter) {
    return intrinsic("OpenEnumerateInstances", settings_class + value("FilterQueryLanguage", language) +
                                                   value("FilterQuery", filter) + value("MaxObjectCount", "10"));
  };
  const auto answer = open("DMTF:FQL", "InstanceID = \"00001\" OR InstanceID = '00002'");
  EXPECT_EQ(answer.count(), 2u) << answer.description();
  EXPECT_EQ(open("DMTF:FQL", "InstanceID =").code(), 15);
  EXPECT_EQ(open("DMTF:FQL", "Nope = 1").code(), 15);
  EXPECT_EQ(open("DMTF:FQL", "InstanceID LIKE 'a.*'").code(), 29);
  for (const char* arrays : {"ANY InstanceID = '1'", "NOT (every InstanceID = 'x')", "InstanceID[0] = '1'",
                             "InstanceID = 'it\\'s [0]' AND any InstanceID = '1'"})
    EXPECT_EQ(open("DMTF:FQL", arrays).code(), 29) << arrays;
  EXPECT_EQ(open("DMTF:FQL", "InstanceID = '[ANY x' OR").code(), 15);
  const std::string where = open("DMTF:FQL", "InstanceID = '1' AND").description();
  EXPECT_NE(where.find("position 21:"), std::string::npos) << where << ": in what the client wrote";
  EXPECT_EQ(open("DMTF:XYZ", "InstanceID = '1'").code(), 14);
  EXPECT_EQ(code("OpenEnumerateInstances", settings_class + value("FilterQuery", "InstanceID = '1'")), 4);
  EXPECT_EQ(code("OpenEnumerateInstances", settings_class + value("FilterQueryLanguage", "DMTF:FQL")), 4);
}

TEST_F(CimxmlEnumeration, PullsWhatIsAssociated) {
  associate();
  const std::string object = parameter("InstanceName", system_name("vm1")) + value("MaxObjectCount", "10");
  EXPECT_EQ(intrinsic("OpenAssociatorInstances", object).count(), 2u);
  EXPECT_EQ(intrinsic("OpenAssociatorInstancePaths", object).result().first_child().name(), "INSTANCEPATH");
  EXPECT_EQ(intrinsic("OpenReferenceInstances", object).count(), 2u);
  EXPECT_EQ(intrinsic("OpenReferenceInstancePaths", object).count(), 2u);
  const std::string filter = value("FilterQueryLanguage", "DMTF:FQL") + value("FilterQuery", "InstanceID = 'b'");
  EXPECT_EQ(code("OpenAssociatorInstances", object + filter), 25);
  EXPECT_EQ(intrinsic("OpenAssociatorInstances", object + filter + class_parameter("ResultClass", "Test_SettingData"))
                .count(),
            1u);
  jobs->instances.clear();
  EXPECT_EQ(
      code("OpenAssociatorInstances", parameter("InstanceName", system_name("none")) + value("MaxObjectCount", "10")),
      6);
}

TEST_F(CimxmlEnumeration, ASourceThatIsNotThereIsToldByTheOpenOperation) {
  associate();
  for (const char* open : {"OpenAssociatorInstances", "OpenAssociatorInstancePaths", "OpenReferenceInstances",
                           "OpenReferenceInstancePaths"}) {
    SCOPED_TRACE(open);
    for (const std::string& most : {std::string(), value("MaxObjectCount", "0"), value("MaxObjectCount", "1")}) {
      EXPECT_EQ(code(open, parameter("InstanceName", system_name("none")) + most), 6);
      const auto opened = intrinsic(open, parameter("InstanceName", system_name("vm1")) + most);
      ASSERT_EQ(opened.code(), 0) << opened.description();
      EXPECT_FALSE(ended(opened));
      EXPECT_EQ(code("CloseEnumeration", value("EnumerationContext", context_of(opened))), 0);
    }
  }
  const std::string several = instance_name("Msvm_ComputerSystem", {{"CreationClassName", "Msvm_ComputerSystem"}});
  systems->instances.push_back(system("vm2"));
  EXPECT_EQ(code("OpenReferenceInstances", parameter("InstanceName", several)), 6);
}

TEST_F(CimxmlEnumeration, PullsWhatAQueryFinds) {
  fill(3);
  const auto open = [&](std::string_view text, std::string_view more = {}) {
    return intrinsic("OpenQueryInstances",
                     value("FilterQueryLanguage", "WQL") + value("FilterQuery", text) + std::string(more));
  };
  const auto opened = open("SELECT InstanceID FROM Test_SettingData", value("ReturnQueryResultClass", "true"));
  ASSERT_EQ(opened.code(), 0) << opened.description();
  const xml::Element cim_class = opened.output("QueryResultClass").first_child();
  EXPECT_EQ(cim_class.attribute({}, "NAME"), "Test_SettingData");
  EXPECT_FALSE(property_of(cim_class, "Shared"));
  const auto pulled =
      intrinsic("PullInstances", value("EnumerationContext", context_of(opened)) + value("MaxObjectCount", "9"));
  EXPECT_EQ(pulled.count(), 3u);
  EXPECT_EQ(pulled.result().first_child().name(), "INSTANCE");
  EXPECT_EQ(open("SELECT").code(), 15);
  EXPECT_EQ(code("OpenQueryInstances", value("FilterQueryLanguage", "DMTF:XQL") + value("FilterQuery", "x")), 14);
  EXPECT_EQ(intrinsic("OpenQueryInstances", value("FilterQueryLanguage", "DMTF:CQL") +
                                                value("FilterQuery", "SELECT * FROM Test_SettingData") +
                                                value("MaxObjectCount", "9"))
                .count(),
            3u);
  EXPECT_EQ(code("OpenQueryInstances", value("FilterQueryLanguage", "WQL")), 4);
}

}  // namespace
}  // namespace vmms::wire
