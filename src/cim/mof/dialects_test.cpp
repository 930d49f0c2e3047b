// MOF as people write it: names, ends of lines, backslashes, and WMI's dialect.
#include "cim/mof/parser.hpp"

#include <gtest/gtest.h>

namespace vmms::cim::mof {
namespace {

Declarations parsed(std::string_view text) {
  Result<Declarations> result = parse(text, "t");
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  return result ? *std::move(result) : Declarations();
}

std::string problem(std::string_view text) {
  const Result<Declarations> result = parse(text, "t");
  return result ? "no error" : result.error().message;
}

TEST(Dialects, NamespacesAreWrittenWithAnySlashes) {
  for (const char* written : {"root/x", "/root/x/", "//./root/x", "//host/root/x", R"(root\\x)", R"(root\x)",
                              R"(\\\\.\\root\\x)", R"(\\.\root\x)", R"(\\\\HOST\\root\\x)"}) {
    const Declarations found = parsed(std::string("#pragma namespace (\"") + written + "\")\nclass A {};");
    ASSERT_EQ(found.classes.size(), 1U) << written;
    EXPECT_EQ(found.classes[0].namespace_name, "root/x") << written;
  }
  EXPECT_EQ(parsed(R"(#pragma namespace ("root\new" "/test"))"
                   "\nclass A {};")
                .classes.at(0)
                .namespace_name,
            "root/new/test");
}

TEST(Dialects, NamespacesAreBounded) {
  std::string text;
  for (int i = 0; i < 101; ++i) text += "#pragma namespace (\"root/" + std::to_string(i) + "\")\n";
  EXPECT_EQ(problem(text), "t:101:9: more than 100 namespaces: this is too much for one compilation");
}

TEST(Dialects, AnyKeywordIsAName) {
  for (const char* keyword :
       {"Class", "QUALIFIER", "scope", "Flavor", "Instance", "of", "As", "Ref", "True", "false", "NULL", "String",
        "DateTime", "uint8", "Void", "Object", "Pragma", "Any", "Association"}) {
    const std::string name(keyword);
    const Declarations found =
        parsed("Qualifier " + name + " : string, Scope(any);\n[" + name + "(\"x\")] class X { [" + name +
               "(\"x\"), Key] uint8 " + name + "; uint8 " + name + "2[]; X REF R" + name + "; uint32 M(string " + name +
               "); };\ninstance of X { [" + name + "(\"x\")] " + name + " = 1; };\nclass " + name + " : X {};");
    ASSERT_EQ(found.classes.size(), 2U) << name;
    EXPECT_EQ(found.classes[0].features[0].name, name);
    EXPECT_EQ(found.classes[0].features[0].qualifiers[0].name, name);
    EXPECT_EQ(found.classes[0].features[3].parameters[0].name, name);
    EXPECT_EQ(found.instances[0].values[0].name, name);
    EXPECT_EQ(found.classes[1].name, name);
  }
}

TEST(Dialects, AnyKeywordIsTheClassOfAReference) {
  for (const char* keyword :
       {"Class", "QUALIFIER", "scope", "Flavor", "Instance", "of", "As", "Ref", "Pragma", "Any", "Association"}) {
    const std::string name(keyword);
    const Declarations found =
        parsed("class X { [Key] " + name + " REF A; uint8 B; " + name + " ref Ref = NULL; uint32 M([In] " + name +
               " REF Of[], " + name + " REF " + name + "); };");
    ASSERT_EQ(found.classes.size(), 1U) << name;
    const std::vector<Feature>& features = found.classes[0].features;
    ASSERT_EQ(features.size(), 4U) << name;
    EXPECT_EQ(features[0].type, (TypeName{Type::reference, name}));
    EXPECT_EQ(features[2].type, (TypeName{Type::reference, name}));
    EXPECT_EQ(features[2].name, "Ref");
    EXPECT_EQ(features[3].parameters[1].type, (TypeName{Type::reference, name}));
  }
  EXPECT_EQ(parsed("class X { string Ref; };").classes[0].features[0].name, "Ref");
}

TEST(Dialects, AKeywordThatIsNoTypeIsNamedItself) {
  EXPECT_EQ(problem("class A { string P;\nclass B { };"),
            "t:2:1: expected a type, a name, '}' or '[', found \"class\"");
  EXPECT_EQ(problem("class A { string P;\nQualifier Q : string;"),
            "t:2:1: expected a type, a name, '}' or '[', found \"Qualifier\"");
  EXPECT_EQ(problem("class A { uint8 M(\n  instance of A { }; };"),
            "t:2:3: expected a type, a name, ')' or '[', found \"instance\"");
  EXPECT_EQ(problem("class A { string P; instance"), "t:1:21: expected a type, a name, '}' or '[', found \"instance\"");
  EXPECT_EQ(problem("class A { [Key] class B"), "t:1:17: expected a type or a name, found \"class\"");
  EXPECT_EQ(problem("class A { true REF B; };"), "t:1:11: expected a type, a name, '}' or '[', found \"true\"");
}

TEST(Dialects, NamesHoldAnyLetters) {
  const Declarations found = parsed(
      "class Acme_Höhe { [Key] string 名前; Acme_Höhe REF 😀; };\n"
      "instance of Acme_Höhe as $é { 名前 = \"x\"; };");
  ASSERT_EQ(found.classes.size(), 1U);
  EXPECT_EQ(found.classes[0].name, "Acme_Höhe");
  EXPECT_EQ(found.classes[0].features[0].name, "名前");
  EXPECT_EQ(found.instances.at(0).alias, "é");
  EXPECT_EQ(problem("class Höhe { @ };"),
            "t:1:14: expected a type, a name, '}' or '[', found a character that MOF does not use")
      << "a column is a character, whatever its bytes";
  EXPECT_EQ(problem("class \xC3 {};"), "t:1:7: expected a name, found a character that MOF does not use");
  EXPECT_EQ(problem("class \xEF\xBF\xBD {};"), "t:1:7: expected a name, found a character that MOF does not use");
  EXPECT_EQ(parsed("\xEF\xBB\xBF"
                   "class A {};\n\xEF\xBB\xBF"
                   "class B {};")
                .classes.size(),
            2U);
}

TEST(Dialects, LinesEndInAnyWay) {
  for (const std::string line : {"\n", "\r\n", "\r"}) {
    EXPECT_EQ(problem("// class" + line + line + "class X {" + line + "/*" + line + "*/ 5"),
              "t:5:4: expected a type, a name, '}' or '[', found \"5\"");
  }
  EXPECT_EQ(parsed("class X {};\r\n\x1A").classes.size(), 1U);
}

/// What mofcomp takes beyond DSP0004.
constexpr const char* wmi_text = R"(#pragma autorecover
#pragma classflags("updateonly", "forceupdate")
#pragma classflags(64)
#pragma deleteclass("X", NOFAIL)
#pragma deleteinstance("Y.Id='a'", nofail)
Qualifier Description : ToSubClass Amended;
[Dynamic : ToInstance, Provider("P"), guid("{1}"), Locale("MS\\0x409") : NotToInstance NotToSubclass]
class X {
  [Key] string Id;
  [WmiDataId(1)] Y Part;
  object Any;
  Y Parts[];
  object ref Anything;
  [Implemented] void Stop([In] Y How, object ref What, [In] string Why = "x");
  Y Get();
};
instance of X { Id = "a"; Part = instance of Y { Id = "b"; Part = instance of Y { Id = "c"; }; };
  Parts = { instance of Y {}, $Alias };
  [Context("x")] Any; };)";

TEST(Dialects, WmiHasMore) {
  const auto found = parse(wmi_text, "t", {.dialect = Dialect::wmi});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->classes.size(), 1U);
  const std::vector<Feature>& features = found->classes[0].features;
  ASSERT_EQ(features.size(), 7U);
  EXPECT_EQ(features[1].type, (TypeName{Type::instance, "Y"}));
  EXPECT_EQ(features[2].type, (TypeName{Type::instance, ""}));
  EXPECT_TRUE(features[3].is_array);
  EXPECT_EQ(features[4].type, (TypeName{Type::reference, ""}));
  EXPECT_TRUE(features[5].type.returns_void);
  EXPECT_EQ(features[5].parameters[1].type, (TypeName{Type::reference, ""}));
  ASSERT_EQ(found->instances.size(), 1U);
  const Literal& part = found->instances[0].values[1].value.items[0];
  EXPECT_EQ(part.kind, Literal::Kind::instance);
  ASSERT_TRUE(part.instance);
  EXPECT_EQ(part.instance->class_name, "Y");
  EXPECT_EQ(part.instance->values[1].value.items[0].instance->values[0].value.items[0].text, "c");
  EXPECT_EQ(found->instances[0].values[2].value.items.size(), 2U);
  EXPECT_TRUE(found->qualifiers.empty());
}

TEST(Dialects, WhatIsOfWmiIsNamed) {
  Problems problems;
  parse(wmi_text, "t", {}, problems);
  std::string places;
  for (const Problem& each : problems.of(Severity::error)) {
    places += each.place + " ";
    EXPECT_NE(each.what.find("(--dialect wmi)"), std::string::npos) << each.what;
  }
  EXPECT_EQ(places,
            "t:2:9 t:3:9 t:4:9 t:5:9 t:6:25 t:6:36 t:10:18 t:11:3 t:12:3 t:13:3 t:14:17 t:14:32 t:14:39 t:14:68 "
            "t:15:3 t:17:46 t:17:79 t:18:25 t:19:18 ");
  EXPECT_EQ(
      problem("class X { unit8 B; };"),
      "t:1:11: expected a type, or ref behind a class, found \"unit8\": an instance as the value of a property is "
      "WMI's dialect of MOF (--dialect wmi)");
  EXPECT_EQ(problem("class X { void B; };"),
            "t:1:11: void is WMI's dialect of MOF (--dialect wmi)\n"
            "t:1:16: expected a type, found void, which methods return");
  EXPECT_EQ(problem("class X { uint8 M(void B[ ] ); };"),
            "t:1:19: void is WMI's dialect of MOF (--dialect wmi)\n"
            "t:1:24: expected a type, found void, which methods return");
  EXPECT_EQ(problem("#define X 5\n"),
            "t:1:1: this line is for the C preprocessor: check what it makes of the file, as by cpp -P FILE");
}

TEST(Dialects, InstancesNestToABound) {
  const auto nested = [](int levels) {
    std::string text;
    for (int i = 0; i < levels; ++i) text += "instance of X { P = ";
    text += "1";
    for (int i = 0; i < levels; ++i) text += "; }";
    return parse(text + ";", "t", {.dialect = Dialect::wmi});
  };
  EXPECT_TRUE(nested(8)) << nested(8).error().message;
  ASSERT_FALSE(nested(100'000));
  EXPECT_NE(nested(100'000).error().message.find("nested too deeply"), std::string::npos);
}

TEST(Dialects, ABackslashThatBeginsNoEscapeStandsForItself) {
  Problems problems;
  const Declarations found =
      parse(R"(class X { string A = "C:\Windows\Temp\xyz"; string B = "\q\ü"; };)", "t", {}, problems);
  ASSERT_EQ(found.classes.size(), 1U);
  EXPECT_EQ(found.classes[0].features[0].default_value[0].items[0].text, R"(C:\Windows\Temp\xyz)");
  EXPECT_EQ(found.classes[0].features[1].default_value[0].items[0].text, R"(\q\ü)");
  EXPECT_EQ(problems.errors(), 0U);
  EXPECT_EQ(problems.text(Severity::warning),
            R"(t:1:25: \W is no escape and stands for itself: write \\W here and wherever a backslash is meant)");
}

}  // namespace
}  // namespace vmms::cim::mof
