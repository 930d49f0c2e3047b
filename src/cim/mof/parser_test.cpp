#include "cim/mof/parser.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace vmms::cim::mof {
namespace {

Declarations parsed(std::string_view text) {
  Result<Declarations> result = parse(text, "test.mof");
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  return result ? *std::move(result) : Declarations();
}

std::string problem(std::string_view text) {
  const Result<Declarations> result = parse(text, "test.mof");
  return result ? "no error" : result.error().message;
}

/// The default of the only property in `class X { <text>; };`.
Initializer constant(const std::string& text) {
  const Declarations found = parsed("class X { " + text + "; };");
  if (found.classes.empty() || found.classes[0].features[0].default_value.empty()) return {false, {Literal()}};
  return found.classes[0].features[0].default_value[0];
}

TEST(Parser, ReadsAClass) {
  const Declarations found = parsed(R"([Abstract, Description("A " "thing")]
class Test_B : Test_A {
  [Key, MaxLen(256)] string Name;
  uint16 States[] = { 2, 3 };
  uint8 Fixed[4];
  Test_A REF Other;
  [Implemented] uint32 Start([In] boolean Force, [In(false), Out] Test_A REF Job[]);
  uint32 Stop();
};)");
  ASSERT_EQ(found.classes.size(), 1U);
  const ClassDeclaration& only = found.classes[0];
  EXPECT_EQ(only.name, "Test_B");
  EXPECT_EQ(only.superclass, "Test_A");
  EXPECT_EQ(only.position.to_string(), "test.mof:2:7");
  ASSERT_EQ(only.qualifiers.size(), 2U);
  EXPECT_TRUE(only.qualifiers[0].value.empty());
  EXPECT_EQ(only.qualifiers[1].value[0].items[0].text, "A thing");
  ASSERT_EQ(only.features.size(), 6U);
  EXPECT_EQ(only.features[0].qualifiers.size(), 2U);
  EXPECT_TRUE(only.features[1].is_array);
  EXPECT_EQ(only.features[1].default_value[0].items.size(), 2U);
  EXPECT_TRUE(only.features[2].is_array);
  EXPECT_EQ(only.features[3].type.type, Type::reference);
  EXPECT_EQ(only.features[3].type.object_class, "Test_A");
  EXPECT_TRUE(only.features[4].is_method);
  ASSERT_EQ(only.features[4].parameters.size(), 2U);
  EXPECT_EQ(only.features[4].qualifiers.size(), 1U);
  EXPECT_TRUE(only.features[4].parameters[1].is_array);
  EXPECT_EQ(only.features[4].parameters[1].qualifiers.size(), 2U);
  EXPECT_TRUE(only.features[5].parameters.empty());
}

TEST(Parser, ReadsQualifierDeclarationsAndPragmas) {
  const Declarations found = parsed(R"(#pragma namespace ("root/test")
Qualifier ValueMap : string[], Scope(property, method, class), Flavor(EnableOverride, ToSubclass);
qualifier Key : boolean = false, Flavor(DisableOverride), Scope(property);
Qualifier MaxLen : uint32 = null;
#Pragma locale("en_US"))");
  ASSERT_EQ(found.qualifiers.size(), 3U);
  EXPECT_TRUE(found.qualifiers[0].is_array);
  EXPECT_EQ(found.qualifiers[0].scopes, (std::vector<std::string>{"property", "method", "class"}));
  EXPECT_EQ(found.qualifiers[1].flavors, std::vector<std::string>{"DisableOverride"});
  EXPECT_EQ(found.qualifiers[1].default_value[0].items[0].kind, Literal::Kind::boolean);
  EXPECT_EQ(found.qualifiers[2].namespace_name, "root/test");
  ASSERT_EQ(found.pragmas.size(), 1U);
  EXPECT_EQ(found.pragmas[0].name, "locale");
  EXPECT_EQ(found.pragmas[0].parameter, "en_US");
}

TEST(Parser, ReadsInstancesAndAliases) {
  const Declarations found = parsed(R"(class Test_A as $Class : Test_Base {};
[Description("x")]
INSTANCE OF Test_A as $First {
  [Description("y") : ToSubclass] Name = "a" "b";
  Numbers = {1, -2};
  Nothing = NULL;
};
instance of Test_Link { Left = $First; Right = "Test_A.Name=\"c\""; Others = {$First, $Second}; Path = $first; };
instance of Test_A {};)");
  EXPECT_EQ(found.classes[0].alias, "Class");
  EXPECT_EQ(found.classes[0].superclass, "Test_Base");
  ASSERT_EQ(found.instances.size(), 3U);
  const InstanceDeclaration& first = found.instances[0];
  EXPECT_EQ(first.class_name, "Test_A");
  EXPECT_EQ(first.alias, "First");
  EXPECT_EQ(first.qualifiers.size(), 1U);
  EXPECT_EQ(first.position.to_string(), "test.mof:3:13");
  ASSERT_EQ(first.values.size(), 3U);
  EXPECT_EQ(first.values[0].name, "Name");
  EXPECT_EQ(first.values[0].value.items[0].text, "ab");
  EXPECT_EQ(first.values[0].qualifiers[0].flavors, std::vector<std::string>{"ToSubclass"});
  EXPECT_EQ(first.values[0].position.to_string(), "test.mof:4:35");
  EXPECT_TRUE(first.values[1].value.is_array);
  EXPECT_EQ(first.values[2].value.items[0].kind, Literal::Kind::null);
  const InstanceDeclaration& link = found.instances[1];
  EXPECT_EQ(link.values[0].value.items[0].kind, Literal::Kind::alias);
  EXPECT_EQ(link.values[0].value.items[0].text, "First");
  EXPECT_EQ(link.values[1].value.items[0].text, "Test_A.Name=\"c\"");
  EXPECT_EQ(link.values[2].value.items.size(), 2U);
  EXPECT_TRUE(found.instances[2].values.empty());
}

TEST(Parser, ANamespaceHoldsForWhatFollows) {
  const Declarations found = parsed(R"(class A {};
#pragma namespace ("root/x")
class B {};
Qualifier Key : boolean = false, Scope(property);
#pragma namespace ("\\\\.\\root\\y")
instance of B {};)");
  EXPECT_EQ(found.classes[0].namespace_name, "");
  EXPECT_EQ(found.classes[1].namespace_name, "root/x");
  EXPECT_EQ(found.qualifiers[0].namespace_name, "root/x");
  EXPECT_EQ(found.instances[0].namespace_name, "root/y");
  EXPECT_EQ(parse("class A {};", "test.mof", {.namespace_name = "root/z"})->classes[0].namespace_name, "root/z");
}

TEST(Parser, KnowsThePragmasOfTheStandardAndIgnoresOthers) {
  const Declarations found = parsed(R"(#pragma locale ("en_US")
#pragma instancelocale ("de_DE")
#pragma nonlocal ("//host/root/x")
#pragma nonlocaltype ("http")
#PRAGMA source ("//host/root/y")
# pragma sourcetype ("http")
#pragma autorecover
#pragma classflags ("forceupdate")
class A {};)");
  std::string names;
  for (const Pragma& pragma : found.pragmas) names += pragma.name + " ";
  EXPECT_EQ(names, "locale instancelocale nonlocal nonlocaltype source sourcetype ");
  EXPECT_EQ(found.pragmas[1].parameter, "de_DE");
  EXPECT_EQ(found.classes.size(), 1U);
}

TEST(Parser, KeepsEachScopeAndFlavorOnce) {
  const Declarations found = parsed(R"(
Qualifier Q : string, Scope(class, any, CLASS, class), Flavor(ToSubclass, tosubclass, Restricted);
[Q("x") : Amended ToInstance amended] class X {};)");
  EXPECT_EQ(found.qualifiers[0].scopes, (std::vector<std::string>{"class", "any"}));
  EXPECT_EQ(found.qualifiers[0].flavors, (std::vector<std::string>{"ToSubclass", "Restricted"}));
  EXPECT_EQ(found.classes[0].qualifiers[0].flavors, (std::vector<std::string>{"Amended", "ToInstance"}));
}

TEST(Parser, KeepsTheSizesOfArrays) {
  const Declarations found = parsed(R"(Qualifier Q : string[2], Scope(any);
class X { uint8 A[4]; uint8 B[]; uint8 C; uint32 M(uint8 P[6]); };)");
  EXPECT_EQ(found.qualifiers[0].array_size, 2U);
  EXPECT_EQ(found.classes[0].features[0].array_size, 4U);
  EXPECT_EQ(found.classes[0].features[1].array_size, 0U);
  EXPECT_FALSE(found.classes[0].features[2].is_array);
  EXPECT_EQ(found.classes[0].features[3].parameters[0].array_size, 6U);
}

/// The form that the DMTF's files have, with what they use.
TEST(Parser, ReadsWhatTheStandardSchemaUses) {
  const Declarations found = parsed(
      "\xEF\xBB\xBF"
      R"(// Copyright
#pragma locale ( "en_US" )
Qualifier Association : boolean = false,
    Scope(association),
    Flavor(DisableOverride, ToSubclass);
Qualifier Description : string = null, Scope(any), Flavor(EnableOverride, ToSubclass, Translatable);
Qualifier MinValue : sint64 = null, Scope(property, method, parameter);
Qualifier ArrayType : string = "Bag", Scope(property, parameter);
   [Association, Aggregation, Version ( "2.6.0" ),
    UMLPackagePath ( "CIM::Core::Collection" ), Description (
       "An association "
       "ü" /* within */ "with \"quotes\"." )]
class CIM_X : CIM_Y {
      [Aggregate, Key, Min ( 1 ), Override ( "Collection" )]
   CIM_Collection REF Collection;
      [Deprecated { "CIM_Z.A" , "No value" }, ValueMap { "0" , ".." , "0x8000..0xFFFF" },
       ArrayType ( "Indexed" ) : ToSubclass Translatable]
   uint16 States[] = { };
   [IN, OUT] string P ( [IN ( false ), OUT, ArrayType ( "Bag" )] CIM_X REF Q[ ], [IN] datetime R );
};
)");
  EXPECT_EQ(found.qualifiers.size(), 4U);
  EXPECT_EQ(found.classes[0].qualifiers[4].value[0].items[0].text, "An association \xC3\xBCwith \"quotes\".");
  EXPECT_EQ(found.classes[0].features.size(), 3U);
  EXPECT_EQ(found.classes[0].features[2].parameters.size(), 2U);
}

TEST(Parser, KeywordsThatStandForNamesAreNames) {
  const Declarations found =
      parsed("class X { string Scope; string Qualifier; uint8 Ref; X REF As; string Instance; string Of; };");
  ASSERT_EQ(found.classes[0].features.size(), 6U);
  EXPECT_EQ(found.classes[0].features[2].name, "Ref");
}

TEST(Parser, ReadsFlavorsOfAQualifier) {
  const Declarations found = parsed("[Description(\"x\") : Translatable ToSubclass, Key:Restricted] class X {};");
  EXPECT_EQ(found.classes[0].qualifiers[0].flavors, (std::vector<std::string>{"Translatable", "ToSubclass"}));
  EXPECT_EQ(found.classes[0].qualifiers[1].flavors, std::vector<std::string>{"Restricted"});
}

TEST(Parser, ReadsIntegersOfEveryBase) {
  for (const auto& [text, magnitude] :
       std::initializer_list<std::pair<const char*, std::uint64_t>>{{"0", 0},
                                                                    {"42", 42},
                                                                    {"+7", 7},
                                                                    {"0x1F", 31},
                                                                    {"0XfF", 255},
                                                                    {"017", 15},
                                                                    {"101b", 5},
                                                                    {"1B", 1},
                                                                    {"18446744073709551615", 18446744073709551615U}}) {
    const Literal literal = constant(std::string("uint64 A = ") + text).items[0];
    EXPECT_EQ(literal.kind, Literal::Kind::integer) << text;
    EXPECT_EQ(literal.magnitude, magnitude) << text;
    EXPECT_FALSE(literal.negative);
  }
  const Literal negative = constant("sint8 A = -128").items[0];
  EXPECT_TRUE(negative.negative);
  EXPECT_EQ(negative.magnitude, 128U);
}

TEST(Parser, ReadsOtherConstants) {
  EXPECT_EQ(constant("real64 A = -1.5e3").items[0].real, -1500);
  EXPECT_EQ(constant("real64 A = .5").items[0].real, 0.5);
  EXPECT_EQ(constant("real64 A = -.0e-0").items[0].real, 0);
  EXPECT_EQ(constant("real64 A = 4.9E-324").items[0].real, 4.9E-324);
  EXPECT_EQ(constant("real64 A = 1.7976931348623157E308").items[0].real, 1.7976931348623157E308);
  EXPECT_TRUE(constant("boolean A = TRUE").items[0].boolean);
  EXPECT_EQ(constant("boolean A = false").items[0].kind, Literal::Kind::boolean);
  EXPECT_EQ(constant("boolean A = Null").items[0].kind, Literal::Kind::null);
  EXPECT_EQ(constant("char16 A = 'x'").items[0].magnitude, 'x');
  EXPECT_EQ(constant("char16 A = '\\x20AC'").items[0].magnitude, 0x20ACU);
  EXPECT_EQ(constant("char16 A = 'ü'").items[0].magnitude, 0xFCU);
  EXPECT_EQ(constant("char16 A = '\\''").items[0].magnitude, '\'');
  EXPECT_EQ(constant("char16 A = '\\xD83D'").items[0].magnitude, 0xD83DU);
  EXPECT_TRUE(constant("uint8 A[] = {}").is_array);
  EXPECT_TRUE(constant("uint8 A[] = {}").items.empty());
}

TEST(Parser, DecodesStrings) {
  EXPECT_EQ(constant(R"(string A = "q\"b\\n\n\t\x41\X20ac!" /* and */ " more"
                       // and
                       " more")")
                .items[0]
                .text,
            "q\"b\\n\n\tA\xE2\x82\xAC! more more");
  EXPECT_EQ(constant("string A = \"\xC3\xBC\"").items[0].text, "\xC3\xBC");
  EXPECT_EQ(constant(R"(string A = "\xD83D\xDE00")").items[0].text, "\xF0\x9F\x98\x80");
  EXPECT_EQ(constant(R"(string A = "\b\t\n\f\r\'\x0\x00412")").items[0].text, std::string("\b\t\n\f\r'\0A2", 9));
}

TEST(Parser, ErrorsSayWhereAndWhatWasExpected) {
  EXPECT_EQ(problem("class X {\n  string A\n};"), "test.mof:3:1: expected '(', ';', '[' or '=', found \"}\"");
  EXPECT_EQ(problem("class {"), "test.mof:1:7: expected a name, found \"{\"");
  EXPECT_EQ(problem("class X : Y"), "test.mof:1:12: expected '{', found the end of the text");
  EXPECT_EQ(problem("instances of X {};"),
            "test.mof:1:1: expected the end of the text, qualifier, instance, #pragma, class or '[', found "
            "\"instances\"");
  EXPECT_EQ(problem("instance X {};"), "test.mof:1:10: expected of, found \"X\"");
  EXPECT_EQ(problem("instance of X as Y {};"), "test.mof:1:18: expected an alias, found \"Y\"");
  EXPECT_EQ(problem("instance of X { A };"), "test.mof:1:19: expected '=', found \"}\"");
  EXPECT_EQ(problem("instance of X { A = 1 };"), "test.mof:1:23: expected ';', found \"}\"");
  EXPECT_EQ(problem("instance of X { A = B; };"),
            "test.mof:1:21: expected '{', an alias, a number, a character, true, false, null or a string, found \"B\"");
  EXPECT_EQ(problem("#pragma include"),
            "test.mof:1:9: expected a parameter such as #pragma include (\"...\"), found none");
  EXPECT_EQ(problem("#pragma namespace (\"/\")"),
            "test.mof:1:9: expected a namespace such as \"root/cimv2\", found \"/\"");
  EXPECT_EQ(problem("Qualifier Q : X REF;"), "test.mof:1:15: expected a type, found \"X\"");
  EXPECT_EQ(problem("Qualifier Q : string, Scope(thing);"),
            "test.mof:1:29: expected class, association, indication, property, reference, method, parameter, "
            "qualifier, schema or any, found \"thing\"");
  EXPECT_EQ(problem("Qualifier Q : string, Flavor(Odd);"),
            "test.mof:1:30: expected EnableOverride, DisableOverride, Restricted, ToSubclass, ToInstance, "
            "NotToSubclass, NotToInstance, Translatable or Amended, found \"Odd\"");
  EXPECT_EQ(problem("class X { uint8 A[0]; };"),
            "test.mof:1:19: expected a positive decimal number of elements, found \"0\"");
  EXPECT_EQ(problem("class X { uint8 A[0x4]; };"),
            "test.mof:1:19: expected a positive decimal number of elements, found \"0x4\"");
  EXPECT_EQ(problem("class X { char16 A = '\xF0\x9F\x98\x80'; };"),
            "test.mof:1:22: expected a character of 16 bits, found \"'\xF0\x9F\x98\x80'\"");
  EXPECT_EQ(problem("class X { char16 A = '\\q'; };"),
            "test.mof:1:22: expected a character of 16 bits, found \"'\\q'\"");
  EXPECT_EQ(problem("class X { char16 A = 'ab'; };"),
            "test.mof:1:22: expected one character between quotes, as in 'x' or '\\x20AC', found something else");
  EXPECT_EQ(problem("class X { string A = \"\\xD83D\"; };"),
            "test.mof:1:22: expected both halves of a surrogate pair in the string, found one");
  EXPECT_EQ(problem("class X { real64 A = 1.0e999; };"),
            "test.mof:1:22: expected a number that fits real64, found \"1.0e999\"");
  EXPECT_EQ(problem("class X { string A = 1b2; };"),
            "test.mof:1:22: expected '{', an alias, a number, a character, true, false, null or a string, found a "
            "number with letters in it");
  EXPECT_EQ(problem("class X { uint8 A = 99999999999999999999; };"),
            "test.mof:1:21: expected a number that fits 64 bits, found \"99999999999999999999\"");
  EXPECT_EQ(problem("class X { uint8 A = 08; };"), "test.mof:1:21: expected octal digits behind a 0, found \"08\"");
  EXPECT_EQ(problem("\n\n  \"abc\n\";"),
            "test.mof:3:3: expected '\"' at the end of the string, found the end of the line");
  EXPECT_EQ(problem("class X { string A = \"\xC3(\"; };"),
            "test.mof:1:22: expected UTF-8 in the string, found other bytes");
  EXPECT_EQ(problem("/* class"), "test.mof:1:1: expected */ at the end of the comment, found the end of the text");
  EXPECT_EQ(problem("/* a\n b */ class X { } @"),
            "test.mof:2:19: expected ';', found a character that MOF does not use");
  EXPECT_EQ(problem(std::string("class\0X", 7)),
            "test.mof:1:6: expected a name, found a character that MOF does not use");
}

TEST(Parser, LongTextsNeedNoDepth) {
  std::string text = "class X {\n";
  for (int i = 0; i < 20000; ++i) text += "  uint8 P" + std::to_string(i) + ";\n";
  text += "  string S[] = {";
  for (int i = 0; i < 20000; ++i) text += std::string(i ? "," : "") + "\"x\" \"y\"";
  EXPECT_EQ(parsed(text + "};\n};").classes[0].features.size(), 20001U);
}

TEST(Parser, RefusesMoreThanItCanHold) {
  std::string text = "class X { uint8 A[] = {";
  for (int i = 0; i < 2'100'000; ++i) text += "1,";
  EXPECT_NE(problem(text).find(": more than 2000000 elements"), std::string::npos);
}

class ParseFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / ("mof-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_ / "sub");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  std::filesystem::path folder_;
};

TEST_F(ParseFile, FollowsIncludes) {
  write("sub/a.mof", "#pragma include (\"b.mof\")\nclass A : B {};");
  write("sub/b.mof", "class B {};");
  const auto found = parse_files({write("top.mof", "#pragma include (\"sub/a.mof\")\nclass C {};")});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->classes.size(), 3U);
  EXPECT_EQ(found->classes[0].name, "B");
  EXPECT_EQ(found->classes[2].name, "C");
  EXPECT_TRUE(found->pragmas.empty());
}

TEST_F(ParseFile, AnIncludedTextStandsInPlaceOfThePragma) {
  write("sub/a.mof", "class B {};\n#pragma namespace (\"root/y\")\n");
  const auto found = parse_files({write("top.mof", R"(#pragma namespace ("root/x")
class A {};
#pragma include ("sub/a.mof")
class C {};)")});
  ASSERT_TRUE(found) << found.error().message;
  std::string seen;
  for (const auto& each : found->classes) seen += each.namespace_name + ":" + each.name + " ";
  EXPECT_EQ(seen, "root/x:A root/x:B root/y:C ");
}

TEST_F(ParseFile, WhatSeveralIncludeIsReadOnceANamespace) {
  write("base.mof", "class Base {};");
  const std::string one =
      write("one.mof", "#pragma include (\"base.mof\")\n#pragma namespace (\"root/x\")\nclass A {};");
  const std::string two = write("two.mof", "#pragma include (\"sub/../base.mof\")\nclass B {};");
  const std::string other = write("other.mof", "#pragma namespace (\"root/y\")\n#pragma include (\"base.mof\")");
  const auto found = parse_files({one, two, other}, {.namespace_name = "root/z"});
  ASSERT_TRUE(found) << found.error().message;
  std::string seen;
  for (const auto& each : found->classes) seen += each.namespace_name + ":" + each.name + " ";
  EXPECT_EQ(seen, "root/z:Base root/x:A root/z:B root/y:Base ");
}

TEST_F(ParseFile, AnErrorInAnIncludedFileIsNamedThere) {
  write("sub/a.mof", "\nclass {};");
  const std::string top = write("top.mof", "#pragma include (\"sub/a.mof\")\nclass C {};");
  EXPECT_EQ(parse_files({top}).error().message,
            (folder_ / "sub/a.mof").string() + ":2:7: expected a name, found \"{\"");
}

TEST_F(ParseFile, RefusesCyclesAndMissingFiles) {
  const std::string self = write("self.mof", "\n#pragma include (\"self.mof\")");
  EXPECT_EQ(parse_files({self}).error().message, self + ":2:9: " + self + " includes itself");
  const std::string lost = write("lost.mof", "#pragma include (\"gone.mof\")");
  EXPECT_EQ(parse_files({lost}).error().message,
            lost + ":1:9: there is no " + (folder_ / "gone.mof").string() + ", nor has any --include folder one");
  EXPECT_EQ(parse_files({lost}).error().kind, Failure::invalid_argument);
  EXPECT_EQ(parse_files({folder_.string()}).error().kind, Failure::not_found);
  for (int i = 0; i < 20; ++i)
    write("deep" + std::to_string(i) + ".mof", "#pragma include (\"deep" + std::to_string(i + 1) + ".mof\")");
  EXPECT_NE(parse_files({(folder_ / "deep0.mof").string()}).error().message.find("nested too deeply"),
            std::string::npos);
}

}  // namespace
}  // namespace vmms::cim::mof
