#include "cim/object_path.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace vmms::cim {
namespace {

TEST(ObjectPath, ReadsWhatWmiWrites) {
  const ObjectPath path =
      ObjectPath::parse(
          R"(\\HOST1\root\virtualization\v2:Msvm_ComputerSystem.CreationClassName="Msvm_ComputerSystem",Name="A")")
          .value();
  EXPECT_EQ(path.host, "HOST1");
  EXPECT_EQ(path.namespace_name, "root/virtualization/v2");
  EXPECT_EQ(path.class_name, "Msvm_ComputerSystem");
  EXPECT_EQ(path.value("name"), "A");
  EXPECT_EQ(path.keys.size(), 2u);
}

TEST(ObjectPath, ReadsWhatClientsWrite) {
  EXPECT_EQ(ObjectPath::parse(R"(root/virtualization/v2:X.InstanceID="Microsoft:GUID\\0")").value().value("InstanceID"),
            R"(Microsoft:GUID\0)");
  EXPECT_EQ(ObjectPath::parse("X.Name='it''").error().kind, Failure::invalid_argument);
  EXPECT_EQ(ObjectPath::parse("X.Number=-42,Flag=TRUE").value().value("Number"), "-42");
  EXPECT_EQ(ObjectPath::parse("Win32_OperatingSystem=@").value().keys.size(), 0u);
  EXPECT_EQ(ObjectPath::parse("X").value().class_name, "X");
}

TEST(ObjectPath, ReferencesAreReadAsPaths) {
  const ObjectPath path =
      ObjectPath::parse(
          R"(Msvm_SystemDevice.GroupComponent="Msvm_ComputerSystem.Name=\"A\"",PartComponent="Y.DeviceID=\"Microsoft:1\"")")
          .value();
  ASSERT_TRUE(path.find("GroupComponent")->reference);
  EXPECT_EQ(path.find("GroupComponent")->reference->value("Name"), "A");
  EXPECT_EQ(ObjectPath::parse(path.to_string()).value(), path);
}

TEST(ObjectPath, ErrorsNameThePosition) {
  const auto missing = ObjectPath::parse("X.Name");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("\"=\" after the key name at position 7"), std::string::npos)
      << missing.error().message;
  for (const char* text :
       {"", ".", "X.", "X.A=", "X.A=\"b", "X.A=\"b\",", "X.A=1,A=2", "X=", "X=@y", "X.A=\"b\"c", "\\\\h"})
    EXPECT_FALSE(ObjectPath::parse(text)) << text;
}

TEST(ObjectPath, SameObjectIgnoresCaseOfNamesAndOrderOfKeys) {
  const auto a = ObjectPath::parse("Msvm_X.A=\"1\",B=\"2\"").value();
  EXPECT_EQ(a, ObjectPath::parse("root/cimv2:MSVM_x.b=\"2\",a=\"1\"").value());
  EXPECT_FALSE(a == ObjectPath::parse("Msvm_X.A=\"1\",B=\"3\"").value());
  EXPECT_FALSE(a == ObjectPath::parse("Msvm_X.A=\"1\"").value());
}

TEST(ObjectPath, DeepNestingEnds) {
  std::string text = "X.A=\"b\"";
  for (int i = 0; i < 14; ++i) {
    std::string escaped;
    for (const char c : text) {
      if (c == '"' || c == '\\') escaped += '\\';
      escaped += c;
    }
    text = "X.A=\"" + escaped + "\"";
    if (text.size() > 100'000) break;
  }
  (void)ObjectPath::parse(text);
}

RC_GTEST_PROP(ObjectPath, RoundTrips, (const std::string& value)) {
  ObjectPath path;
  path.class_name = "Msvm_X";
  path.keys = {{"Name", value, {}}};
  RC_ASSERT(ObjectPath::parse(path.to_string()).value().value("Name") == value);
}

RC_GTEST_PROP(ObjectPath, AnyTextIsAnswered, (const std::string& text)) {
  (void)ObjectPath::parse(text);
  (void)ObjectPath::parse("X.A=\"" + text);
}

TEST(ObjectPath, NamespacesHaveNoGaps) {
  for (const char* text : {"//host//:C=@", "//host/:C=@", "root//cimv2:C=@", "root/:C=@", "//root3//:C=@"})
    EXPECT_FALSE(ObjectPath::parse(text)) << text;
  EXPECT_EQ(ObjectPath::parse("//host/root/cimv2:C=@").value().namespace_name, "root/cimv2");
  EXPECT_EQ(ObjectPath::parse("/root/cimv2:C=@").value().namespace_name, "root/cimv2");
}

}  // namespace
}  // namespace vmms::cim
