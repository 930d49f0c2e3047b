#include "cim/mof/parser.hpp"

#include <unistd.h>

#include <gtest/gtest.h>

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

TEST(Parser, KeywordsThatStandForNamesAreNames) {
  const Declarations found =
      parsed("class X { string Scope; string Qualifier; uint8 Ref; X REF As; string Instance; };");
  ASSERT_EQ(found.classes[0].features.size(), 5U);
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
  EXPECT_TRUE(constant("boolean A = TRUE").items[0].boolean);
  EXPECT_EQ(constant("boolean A = false").items[0].kind, Literal::Kind::boolean);
  EXPECT_EQ(constant("boolean A = Null").items[0].kind, Literal::Kind::null);
  EXPECT_EQ(constant("char16 A = 'x'").items[0].magnitude, 'x');
  EXPECT_EQ(constant("char16 A = '\\x20AC'").items[0].magnitude, 0x20ACU);
  EXPECT_EQ(constant("char16 A = 'ü'").items[0].magnitude, 0xFCU);
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
}

TEST(Parser, ErrorsSayWhereAndWhatWasExpected) {
  EXPECT_EQ(problem("class X {\n  string A\n};"), "test.mof:3:1: expected '(', ';', '[' or '=', found \"}\"");
  EXPECT_EQ(problem("class {"), "test.mof:1:7: expected a name, found \"{\"");
  EXPECT_EQ(problem("class X : Y"), "test.mof:1:12: expected '{', found the end of the text");
  EXPECT_EQ(problem("instances of X {};"),
            "test.mof:1:1: expected the end of the text, qualifier, instance, #pragma, class or '[', found "
            "\"instances\"");
  EXPECT_EQ(problem("class X { CIM_A B; };"), "test.mof:1:17: expected ref, found \"B\"");
  EXPECT_EQ(problem("class X { string A = 1b2; };"),
            "test.mof:1:22: expected '{', an alias, a number, a character, true, false, null or a string, found a "
            "number with letters in it");
  EXPECT_EQ(problem("class X { uint8 A = 99999999999999999999; };"),
            "test.mof:1:21: expected a number that fits 64 bits, found \"99999999999999999999\"");
  EXPECT_EQ(problem("class X { uint8 A = 08; };"), "test.mof:1:21: expected octal digits behind a 0, found \"08\"");
  EXPECT_EQ(problem("\n\n  \"abc\n\";"),
            "test.mof:3:3: expected '\"' at the end of the string, found the end of the line");
  EXPECT_EQ(problem("class X { string A = \"\\q\"; };"),
            "test.mof:1:22: expected an escape such as \\n, \\\" or \\x20AC in the string, found another after \\");
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
  const auto found = parse_file(write("top.mof", "#pragma include (\"sub/a.mof\")\nclass C {};"));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->classes.size(), 3U);
  EXPECT_EQ(found->classes[0].name, "B");
  EXPECT_EQ(found->classes[2].name, "C");
  EXPECT_TRUE(found->pragmas.empty());
}

TEST_F(ParseFile, RefusesCyclesAndMissingFiles) {
  const std::string self = write("self.mof", "\n#pragma include (\"self.mof\")");
  EXPECT_EQ(parse_file(self).error().message, self + ":2:9: " + self + " includes itself");
  const std::string lost = write("lost.mof", "#pragma include (\"gone.mof\")");
  EXPECT_EQ(parse_file(lost).error().message,
            lost + ":1:9: " + (folder_ / "gone.mof").string() + ": this file cannot be read");
  EXPECT_EQ(parse_file(folder_.string()).error().kind, Failure::not_found);
}

}  // namespace
}  // namespace vmms::cim::mof
