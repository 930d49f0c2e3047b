#include "cim/mof/writer.hpp"

#include "cim/mof/parser.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace vmms::cim::mof {
namespace {

Declarations parsed(const std::string& text) {
  Result<Declarations> result = parse(text, "test.mof");
  EXPECT_TRUE(result) << result.error().message << "\n" << text;
  return result ? *std::move(result) : Declarations();
}

/// What is written for a text, which must read as the same.
std::string rewritten(const std::string& text) {
  const Declarations declarations = parsed(text);
  const std::string result = write(declarations);
  EXPECT_EQ(parsed(result), declarations) << result;
  EXPECT_EQ(write(parsed(result)), result);
  return result;
}

std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) widest = std::max(widest, line.size());
  return widest;
}

TEST(Writer, WritesWhatIsInTheSchema) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(VMMS_SOURCE_DIR "/schema")) {
    if (entry.path().extension() != ".mof") continue;
    ++files;
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(stream), {});
    SCOPED_TRACE(entry.path());
    EXPECT_LE(widest_line(rewritten(text)), 120U);
  }
  EXPECT_GT(files, 50U);
}

TEST(Writer, HasTheFormOfTheSchema) {
  const std::string text = R"(#pragma locale ("en_US")

Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);
Qualifier ValueMap : string[], Scope(property, method, parameter), Flavor(EnableOverride, ToSubclass);

[Abstract, Description("A thing.")]
class Test_A as $A : Test_Base {
  [Key, MaxLen(256)] string Name;
  [Description("The present state, which has a longer explanation."), ValueMap { "0", "1" }, Values { "Off", "On" }]
  uint16 States[4] = {0, 1};
  [Key] Test_B REF Other = $B;
  uint32 Stop();
  [Implemented] uint32 Start([In] boolean Force, [In(false), Out] CIM_Job REF Job[]);
};

#pragma namespace ("root/test")

instance of Test_A as $B {
  Name = "x";
  [Description("y") : ToSubclass] States = {};
};
)";
  EXPECT_EQ(rewritten(text), text);
}

TEST(Writer, BreaksLongLines) {
  const std::string long_text =
      "words that go on and on and so need more than one line of the text that is written, since no line is longer "
      "than the others are";
  const std::string written = rewritten(
      "[Description(\"" + long_text + "\\nsecond line\"), Values{\"" + long_text + "\",\"" + long_text +
      "\", \"z\"}] class X { string A = \"" + long_text + "\"; string B[] = {\"" + long_text + "\"}; [Description(\"" +
      long_text + "\")] uint32 M([Description(\"" + long_text + "\")] string P, string Q); }; instance of X { A = \"" +
      long_text + "\"; };" + "Qualifier Q : string = \"" + long_text + "\", Scope(any);");
  EXPECT_LE(widest_line(written), 120U) << written;
  EXPECT_NE(written.find("\\n\"\n"), std::string::npos) << written;
}

TEST(Writer, WritesEveryConstant) {
  const std::string written = rewritten(R"(class X {
    uint64 A = 18446744073709551615; sint64 B = -9223372036854775808; sint8 C = -0; uint8 D[] = {0x1F, 017, 101b, NULL};
    uint8 E[] = {}; string F = NULL; string G = ""; string H[] = {"", "", NULL};
    real64 I[] = {1.5, -1.5e3, .5, 0.0, -0.0, 4.9E-324, 1.7976931348623157E308, 1.0e100, 123456789.0, 0.1};
    char16 J[] = {'x', '\'', '"', '\\', '\n', '\x0', '\x20AC', 'ü', '\xD83D', '\xFFFF'};
    string K = "\b\t\n\f\r\"\'\\\x1\x7F\x0\x00412\xD83D\xDE00\x20AC ü 語";
    boolean L[] = {TRUE, false}; X REF M = $Alias; X REF N = "X.A=1,K=\"a\\\"b\"";
  };)");
  EXPECT_NE(written.find(R"("\b\t\n\f\r\"'\\\x0001\x007F\x0000A2)"), std::string::npos) << written;
  EXPECT_NE(
      written.find("{1.5, -1500.0, 0.5, 0.0, -0.0, 5.0e-324, 1.7976931348623157e+308, 1.0e+100, 123456789.0, 0.1}"),
      std::string::npos)
      << written;
}

TEST(Writer, KeepsKeywordsAsNamesAndFlavors) {
  rewritten(R"([Scope : Restricted, Flavor("x") : ToSubclass Translatable, Instance {}] class As as $Of : Ref {
    Qualifier REF Instance; string Of[]; uint32 Qualifier([In : ToInstance] As REF Scope[3]);
  };
  instance of Instance as $As { As = $Of; };
  Qualifier Scope : char16[3] = {'a'}, Flavor(EnableOverride), Scope(class, schema);)");
}

TEST(Writer, PutsWhatHasNoNamespaceFirst) {
  EXPECT_EQ(rewritten(R"(instance of A {};
#pragma namespace ("root/x")
Qualifier Q : string, Scope(any);
class A {};
#pragma namespace ("root/y")
class A {};
#pragma namespace ("root/x")
class B {};)"),
            R"(instance of A {
};

#pragma namespace ("root/x")

Qualifier Q : string, Scope(any);

class A {
};

#pragma namespace ("root/y")

class A {
};

#pragma namespace ("root/x")

class B {
};
)");
}

Literal text_literal(std::string text) {
  Literal literal;
  literal.kind = Literal::Kind::string;
  literal.text = std::move(text);
  return literal;
}

/// Any characters of Unicode, with many that MOF escapes.
rc::Gen<std::string> any_text() {
  const auto character = rc::gen::oneOf(
      rc::gen::element<std::string>("\\", "\"", "'", "\n", "\r", std::string(1, '\0'), " ", "\x7F", "x", "A", "\\x"),
      rc::gen::map(rc::gen::inRange<int>(1, 0x80), [](int c) { return std::string(1, static_cast<char>(c)); }),
      rc::gen::element<std::string>("\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "words of a sentence "));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(character),
                      [](const std::vector<std::string>& parts) {
                        std::string text;
                        for (const std::string& part : parts) text += part;
                        return text;
                      });
}

RC_GTEST_PROP(Writer, AnyTextIsReadAsItWasWritten, ()) {
  const std::vector<std::string> texts = *rc::gen::container<std::vector<std::string>>(any_text());
  Declarations declarations;
  InstanceDeclaration& instance = declarations.instances.emplace_back();
  instance.class_name = "X";
  PropertyValue& list = instance.values.emplace_back();
  list.name = "List";
  list.value.is_array = true;
  for (const std::string& text : texts) {
    list.value.items.push_back(text_literal(text));
    instance.qualifiers.emplace_back().name = "Description";
    instance.qualifiers.back().value.push_back({false, {text_literal(text)}});
  }
  const auto found = parse(write(declarations), "test.mof");
  RC_ASSERT(found.has_value());
  RC_ASSERT(*found == declarations);
}

RC_GTEST_PROP(Writer, AnyNumberIsReadAsItWasWritten, (std::uint64_t magnitude, bool negative, double real)) {
  Initializer value{true, {}};
  Literal& integer = value.items.emplace_back();
  integer.kind = Literal::Kind::integer;
  integer.magnitude = magnitude;
  integer.negative = negative;
  Literal& number = value.items.emplace_back();
  number.kind = Literal::Kind::real;
  number.real = real;
  Literal& character = value.items.emplace_back();
  character.kind = Literal::Kind::character;
  character.magnitude = magnitude & 0xFFFF;
  const auto found = parse("instance of X { A = " + initializer_text(value) + "; };", "test.mof");
  RC_ASSERT(found.has_value());
  RC_ASSERT(found->instances[0].values[0].value == value);
}

}  // namespace
}  // namespace vmms::cim::mof
