#include "wire/representation/embedded_instance.hpp"

#include "testing/test_schema.hpp"

#include <gtest/gtest.h>

namespace vmms::wire::representation {
namespace {

using testing::schema;

std::string refusal(std::string_view text) {
  const auto instance = read_embedded_instance(text, schema);
  return instance ? "accepted" : instance.error().message;
}

TEST(EmbeddedInstance, ReadsWhatLibvirtSends) {
  const auto instance = read_embedded_instance(
      R"(<INSTANCE CLASSNAME="test_settingdata"><PROPERTY NAME="instanceid" TYPE="string"><VALUE>Microsoft:1\2</VALUE>)"
      R"(</PROPERTY><PROPERTY NAME="EnabledState" TYPE="uint16"><VALUE>2</VALUE></PROPERTY>)"
      R"(<PROPERTY.ARRAY NAME="Names" TYPE="string"><VALUE.ARRAY><VALUE>a</VALUE><VALUE> b </VALUE></VALUE.ARRAY>)"
      R"(</PROPERTY.ARRAY></INSTANCE>)",
      schema);
  ASSERT_TRUE(instance) << instance.error().message;
  EXPECT_EQ(instance->cim_class().name, "Test_SettingData");
  EXPECT_EQ((*instance)["InstanceID"], cim::Value(std::string("Microsoft:1\\2")));
  EXPECT_EQ((*instance)["EnabledState"], cim::Value(std::uint64_t{2}));
  EXPECT_EQ((*instance)["Names"], cim::Value(cim::Array{std::string("a"), std::string(" b ")}));
  EXPECT_TRUE((*instance)["Shared"].is_null()) << "what is absent is unchanged";
}

TEST(EmbeddedInstance, ReadsWmiTextWithDeclarationQualifiersAndSystemProperties) {
  const auto instance = read_embedded_instance(
      "\n<?xml version=\"1.0\"?>\n<CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\"><DECLARATION><DECLGROUP.WITHPATH>"
      "<VALUE.OBJECTWITHPATH><INSTANCEPATH><NAMESPACEPATH><HOST>H</HOST><LOCALNAMESPACEPATH><NAMESPACE NAME=\"root\"/>"
      "</LOCALNAMESPACEPATH></NAMESPACEPATH><INSTANCENAME CLASSNAME=\"Test_SettingData\"/></INSTANCEPATH>"
      "<INSTANCE CLASSNAME=\"Test_SettingData\"><QUALIFIER NAME=\"dynamic\" TYPE=\"boolean\"><VALUE>TRUE</VALUE>"
      "</QUALIFIER><PROPERTY NAME=\"__PATH\" CLASSORIGIN=\"___SYSTEM\" TYPE=\"string\"><VALUE>x</VALUE></PROPERTY>"
      "<PROPERTY NAME=\"Shared\" CLASSORIGIN=\"Test\" TYPE=\"boolean\"><VALUE>TRUE</VALUE></PROPERTY>"
      "<PROPERTY NAME=\"Temperature\" PROPAGATED=\"true\" TYPE=\"sint32\"></PROPERTY>"
      "<PROPERTY NAME=\"Timeout\" TYPE=\"datetime\"><VALUE>00000000000500.000000:000</VALUE></PROPERTY>"
      "<PROPERTY.OBJECT NAME=\"Inner\"><VALUE.OBJECT><INSTANCE CLASSNAME=\"Test_SettingData\">"
      "<PROPERTY NAME=\"Temperature\" TYPE=\"sint32\"><VALUE>-7</VALUE></PROPERTY></INSTANCE></VALUE.OBJECT>"
      "</PROPERTY.OBJECT></INSTANCE></VALUE.OBJECTWITHPATH></DECLGROUP.WITHPATH></DECLARATION></CIM>\n",
      schema);
  ASSERT_TRUE(instance) << instance.error().message;
  EXPECT_EQ((*instance)["Shared"], cim::Value(true));
  EXPECT_TRUE((*instance)["Temperature"].is_null());
  EXPECT_EQ((*instance)["Timeout"], cim::Value(cim::DateTime::interval(std::chrono::minutes(5))));
  const auto* inner = (*instance)["Inner"].get_if<cim::InstancePtr>();
  ASSERT_NE(inner, nullptr);
  EXPECT_EQ((**inner)["Temperature"], cim::Value(std::int64_t{-7}));
}

TEST(EmbeddedInstance, ReadsReferences) {
  for (const char* path :
       {"<INSTANCENAME CLASSNAME=\"Msvm_ComputerSystem\"><KEYBINDING NAME=\"Name\"><KEYVALUE VALUETYPE=\"string\">A"
        "</KEYVALUE></KEYBINDING></INSTANCENAME>",
        "<LOCALINSTANCEPATH><LOCALNAMESPACEPATH><NAMESPACE NAME=\"root\"/><NAMESPACE NAME=\"virtualization\"/>"
        "<NAMESPACE NAME=\"v2\"/></LOCALNAMESPACEPATH><INSTANCENAME CLASSNAME=\"Msvm_ComputerSystem\">"
        "<KEYBINDING NAME=\"Name\"><KEYVALUE>A</KEYVALUE></KEYBINDING></INSTANCENAME></LOCALINSTANCEPATH>"}) {
    const auto instance = read_embedded_instance(
        std::string("<INSTANCE CLASSNAME=\"Test_SettingData\"><PROPERTY.REFERENCE NAME=\"Owner\" "
                    "REFERENCECLASS=\"Msvm_ComputerSystem\"><VALUE.REFERENCE>") +
            path + "</VALUE.REFERENCE></PROPERTY.REFERENCE></INSTANCE>",
        schema);
    ASSERT_TRUE(instance) << instance.error().message;
    const auto* owner = (*instance)["Owner"].get_if<cim::ObjectPathPtr>();
    ASSERT_NE(owner, nullptr);
    EXPECT_EQ((*owner)->class_name, "Msvm_ComputerSystem");
    EXPECT_EQ((*owner)->value("Name"), "A");
    EXPECT_TRUE((*owner)->namespace_name.empty() || (*owner)->namespace_name == "root/virtualization/v2");
  }
}

cim::Instance full_instance() {
  cim::Instance inner(testing::setting_data);
  inner.set("InstanceID", std::string("inner <&\"> \x01"));
  cim::ObjectPath owner;
  owner.namespace_name = "root/virtualization/v2";
  owner.class_name = "Msvm_ComputerSystem";
  owner.keys = {{"CreationClassName", "Msvm_ComputerSystem", {}}, {"Name", "A<B", {}}};
  cim::Instance instance(testing::setting_data);
  instance.set("Created", *cim::DateTime::parse_iso8601("2025-12-17T09:55:22.702341Z"));
  instance.set("EnabledState", std::uint64_t{2});
  instance.set("Inner", cim::InstancePtr(std::make_shared<const cim::Instance>(inner)));
  instance.set("InstanceID", std::string("x"));
  instance.set("Names", cim::Array{std::string(""), std::string("ä")});
  instance.set("Owner", cim::ObjectPathPtr(std::make_shared<const cim::ObjectPath>(owner)));
  instance.set("Ratio", 0.5);
  instance.set("Shared", false);
  instance.set("Temperature", std::int64_t{-40});
  instance.set("Timeout", cim::DateTime::interval(std::chrono::seconds(90)));
  return instance;
}

TEST(EmbeddedInstance, WritesWhatItReads) {
  cim::Instance instance = full_instance();
  const std::string text = write_embedded_instance(instance);
  const auto read = read_embedded_instance(text, schema);
  ASSERT_TRUE(read) << read.error().message << "\n" << text;
  // A control character cannot be carried.
  const auto inner = std::make_shared<cim::Instance>(**instance["Inner"].get_if<cim::InstancePtr>());
  inner->set("InstanceID", std::string("inner <&\"> \uFFFD"));
  instance.set("Inner", cim::InstancePtr(inner));
  EXPECT_EQ(*read, instance) << text;
}

TEST(EmbeddedInstance, WritesAsRecordedHostsDo) {
  cim::Instance instance(testing::setting_data);
  instance.set("InstanceID", std::string("test"));
  instance.set("Shared", true);
  const std::string text = write_embedded_instance(instance);
  EXPECT_NE(text.find("<INSTANCE CLASSNAME=\"Test_SettingData\"><PROPERTY NAME=\"Created\" PROPAGATED=\"true\" "
                      "TYPE=\"datetime\"></PROPERTY>"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("<PROPERTY NAME=\"InstanceID\" TYPE=\"string\"><VALUE>test</VALUE></PROPERTY>"),
            std::string::npos);
  EXPECT_NE(text.find("<VALUE>TRUE</VALUE>"), std::string::npos);
}

TEST(EmbeddedInstance, RefusalsNameThePropertyAndTheReason) {
  const auto with = [](const std::string& property) {
    return "<INSTANCE CLASSNAME=\"Test_SettingData\">" + property + "</INSTANCE>";
  };
  EXPECT_EQ(refusal(with("<PROPERTY NAME=\"Timeout\" TYPE=\"string\"><VALUE>x</VALUE></PROPERTY>")),
            "Test_SettingData.Timeout: type mismatch: is a datetime, not a string");
  EXPECT_EQ(refusal(with("<PROPERTY NAME=\"Color\" TYPE=\"string\"/>")),
            "embedded instance: Test_SettingData has no property Color");
  EXPECT_EQ(refusal(with("<PROPERTY NAME=\"Names\" TYPE=\"string\"/>")), "Test_SettingData.Names: is an array");
  EXPECT_EQ(refusal(with("<PROPERTY.ARRAY NAME=\"Shared\" TYPE=\"boolean\"/>")),
            "Test_SettingData.Shared: is not an array");
  EXPECT_EQ(
      refusal(with("<PROPERTY NAME=\"EnabledState\" TYPE=\"uint16\"><VALUE>70000</VALUE></PROPERTY>")).substr(0, 31),
      "Test_SettingData.EnabledState: ");
  EXPECT_EQ(refusal(with("<PROPERTY NAME=\"InstanceID\"><VALUE>x</VALUE></PROPERTY>")),
            "Test_SettingData.InstanceID: has no TYPE");
  EXPECT_EQ(refusal(with("<PROPERTY NAME=\"InstanceID\" TYPE=\"string\"><VALUE.OBJECT><INSTANCE "
                         "CLASSNAME=\"Test_SettingData\"/></VALUE.OBJECT></PROPERTY>")),
            "Test_SettingData.InstanceID: is not an embedded instance");
  EXPECT_EQ(refusal(with("<PROPERTY NAME=\"Shared\" TYPE=\"boolean\"/><PROPERTY NAME=\"shared\" TYPE=\"boolean\"/>")),
            "Test_SettingData.Shared is given twice");
  EXPECT_EQ(refusal("<INSTANCE CLASSNAME=\"Nope\"/>"), "embedded instance: there is no class Nope");
  EXPECT_EQ(refusal("<INSTANCE/>"), "embedded instance: INSTANCE has no CLASSNAME");
  EXPECT_EQ(refusal("<CIM><DECLARATION/></CIM>"), "an embedded instance has no INSTANCE element");
  EXPECT_EQ(refusal("Microsoft:1").substr(0, 41), "an embedded instance is not CIM-XML text:");
  EXPECT_EQ(refusal("<!DOCTYPE x><INSTANCE/>").substr(0, 41), "an embedded instance is not CIM-XML text:");
}

TEST(EmbeddedInstance, BoundsInstancesInsideInstances) {
  cim::Instance instance(testing::setting_data);
  for (int i = 0; i < 8; ++i) {
    cim::Instance outer(testing::setting_data);
    outer.set("Inner", cim::InstancePtr(std::make_shared<const cim::Instance>(instance)));
    instance = outer;
  }
  EXPECT_NE(refusal(write_embedded_instance(instance)).find("nested"), std::string::npos);
}

}  // namespace
}  // namespace vmms::wire::representation
