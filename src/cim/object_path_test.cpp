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

TEST(ObjectPath, TheOnlyKeyNeedsNoName) {
  for (const char* text :
       {R"(Win32_LogicalDisk="C:")", "Win32_LogicalDisk='C:'", R"(//h/root/cimv2:Win32_LogicalDisk="C:")"}) {
    const ObjectPath path = ObjectPath::parse(text).value();
    ASSERT_EQ(path.keys.size(), 1u) << text;
    EXPECT_EQ(path.keys[0].name, "");
    EXPECT_EQ(path.keys[0].value, "C:");
    EXPECT_EQ(ObjectPath::parse(path.to_string()).value(), path);
  }
  EXPECT_EQ(ObjectPath::parse("ComPort=2").value().keys[0].value, "2");
  EXPECT_EQ(ObjectPath::parse("ComPort=2").value().to_string(), R"(ComPort="2")");
  for (const char* text : {"X='a", "X='a'b", "X='a',B='b'", "X.='a'", "X=a b", "X=@,A=1"})
    EXPECT_FALSE(ObjectPath::parse(text)) << text;
}

TEST(ObjectPath, ALoneBackslashIsOne) {
  EXPECT_EQ(ObjectPath::parse(R"(X.A="Microsoft:1\2")").value().value("A"), R"(Microsoft:1\2)");
  EXPECT_EQ(ObjectPath::parse(R"(X.A='Microsoft:1\\2')").value().value("A"), R"(Microsoft:1\2)");
  EXPECT_EQ(ObjectPath::parse(R"(X.A="\"\\\'")").value().value("A"), R"("\')");
  EXPECT_FALSE(ObjectPath::parse(R"(X.A="a\")")) << "the quote belongs to the value";
}

// Only a class decides whether a text is a path.
TEST(ObjectPath, TextsThatLookLikePathsStayAsTheyAre) {
  for (const char* value : {"a.b=c", "a.b=c,d=e", "//h/n:a.b=c", "a.b='c'"}) {
    ObjectPath path;
    path.class_name = "X";
    path.keys = {{"A", value, {}}};
    EXPECT_EQ(ObjectPath::parse(path.to_string()).value().value("A"), value);
    EXPECT_EQ(ObjectPath::parse(path.to_string()).value().to_string(), path.to_string());
  }
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

std::string in_quotes(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string nested(int levels, const std::string& innermost) {
  std::string text = "X.A=" + in_quotes(innermost);
  for (int i = 0; i < levels; ++i) text = "X.A=" + in_quotes(text);
  return text;
}

int depth_of(const ObjectPath& path) {
  const auto& inside = path.keys.front().reference;
  return inside ? 1 + depth_of(*inside) : 0;
}

TEST(ObjectPath, NestsEightDeep) {
  for (int levels = 0; levels <= ObjectPath::deepest; ++levels) {
    const std::string text = nested(levels, R"(a "quoted" \ text)");
    const ObjectPath path = ObjectPath::parse(text).value();
    EXPECT_EQ(depth_of(path), levels);
    EXPECT_EQ(path.to_string(), text) << "each level escapes what the levels inside wrote";
  }
  EXPECT_EQ(depth_of(ObjectPath::parse(nested(ObjectPath::deepest + 3, "b")).value()), ObjectPath::deepest);
}

TEST(ObjectPath, TextsEndAtTheirBound) {
  ObjectPath path;
  path.class_name = "X";
  path.keys = {{"A", std::string(20'000, '"'), {}}};
  // Far deeper than any reader reads it: 40 levels would take 2^40 bytes for each quote.
  for (int i = 0; i < 40; ++i) {
    ObjectPath outer;
    outer.class_name = "X";
    outer.keys = {{"A", {}, std::make_shared<const ObjectPath>(path)}};
    path = outer;
  }
  const std::string text = path.to_string();
  EXPECT_LE(text.size(), ObjectPath::longest_text + 3);
  EXPECT_TRUE(text.ends_with("…"));
  EXPECT_FALSE(ObjectPath::parse(text)) << "it must not pass for a path";
  EXPECT_LE(describe(path).size(), 2048u);
}

TEST(ObjectPath, CutTextsHaveWholeCharacters) {
  ObjectPath path;
  path.class_name = "X";
  path.keys = {{"A", "ä€😀ä€😀", {}}};
  const std::string whole = path.to_string();
  for (std::size_t most = 0; most < whole.size(); ++most) {
    const std::string text = path.to_string(most);
    ASSERT_TRUE(text.ends_with("…")) << most;
    const std::string kept = text.substr(0, text.size() - 3);
    EXPECT_TRUE(whole.starts_with(kept));
    EXPECT_LE(kept.size(), most);
    EXPECT_NE(static_cast<unsigned char>(whole[kept.size()]) & 0xC0U, 0x80U) << most;
  }
  EXPECT_EQ(path.to_string(whole.size()), whole);
}

TEST(ObjectPath, HasSixtyFourKeysAtMost) {
  std::string text = "X.k0=0";
  for (std::size_t i = 1; i < ObjectPath::most_keys; ++i) text += ",k" + std::to_string(i) + "=1";
  EXPECT_EQ(ObjectPath::parse(text).value().keys.size(), ObjectPath::most_keys);
  EXPECT_NE(ObjectPath::parse(text + ",more=1").error().message.find("fewer keys"), std::string::npos);
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

TEST(ObjectPath, AHostMayHaveAPort) {
  for (const char* host : {"host:5985", "[::1]:5985", "10.0.0.1:5989"}) {
    const ObjectPath path = ObjectPath::parse(std::string("//") + host + "/root/cimv2:C.Name='a:b/c'").value();
    EXPECT_EQ(path.host, host);
    EXPECT_EQ(path.namespace_name, "root/cimv2");
    EXPECT_EQ(path.value("Name"), "a:b/c");
    EXPECT_EQ(ObjectPath::parse(path.to_string()).value().host, host);
  }
  for (const char* text : {"//host:5985", "//host:C=@", "//ho'st:1/root:C=@"})
    EXPECT_FALSE(ObjectPath::parse(text)) << text;
}

}  // namespace
}  // namespace vmms::cim
