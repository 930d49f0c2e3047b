#include "cim/mof/resolver.hpp"

#include "cim/mof/parser.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

namespace vmms::cim::mof {
namespace {

constexpr std::string_view qualifiers = R"(
Qualifier Abstract : boolean = false, Scope(class), Flavor(Restricted);
Qualifier Association : boolean = false, Scope(association);
Qualifier Description : string = null, Scope(any);
Qualifier EmbeddedInstance : string = null, Scope(property, parameter);
Qualifier EmbeddedObject : boolean = false, Scope(property, parameter);
Qualifier Implemented : boolean = false, Scope(method);
Qualifier In : boolean = true, Scope(parameter);
Qualifier Join : string[], Scope(association), Flavor(Restricted);
Qualifier Key : boolean = false, Scope(property, reference);
Qualifier Out : boolean = false, Scope(parameter);
Qualifier Override : string = null, Scope(property, reference, method), Flavor(Restricted);
Qualifier Provider : string = null, Scope(any), Flavor(Restricted);
Qualifier ValueMap : string[], Scope(property, method);
Qualifier Values : string[], Scope(property, method);
Qualifier Waits : boolean = false, Scope(class, method);
Qualifier Write : boolean = false, Scope(property);
)";

Result<Schema> resolved(std::string_view text) {
  Result<Declarations> declarations = parse(qualifiers, "qualifiers.mof");
  Result<Declarations> own = parse(text, "t");
  EXPECT_TRUE(own) << (own ? "" : own.error().message);
  if (!own) return own.error();
  declarations->classes = std::move(own->classes);
  declarations->instances = std::move(own->instances);
  for (auto& each : own->qualifiers) declarations->qualifiers.push_back(std::move(each));
  return resolve(*declarations);
}

std::string problem(std::string_view text) {
  const Result<Schema> schema = resolved(text);
  return schema ? "no error" : schema.error().message;
}

TEST(Resolver, FlattensAndSortsWithoutCase) {
  const auto schema = resolved(R"(
    class C : B { uint8 zeta; [Override("alpha")] uint8 Alpha = 7; };
    class A { [Key] string Name; uint8 alpha = 1; uint32 Run(); };
    class b : a { string Middle; };)");
  ASSERT_TRUE(schema) << schema.error().message;
  ASSERT_EQ(schema->classes.size(), 3U);
  EXPECT_EQ(schema->classes[1].name, "b");
  const ResolvedClass& c = *schema->find("c");
  std::string names;
  for (const auto& property : c.properties) names += property.name + " ";
  EXPECT_EQ(names, "Alpha Middle Name zeta ");
  EXPECT_EQ(c.superclass, schema->find("B"));
  EXPECT_TRUE(c.is_a(*schema->find("A")));
  EXPECT_FALSE(schema->find("A")->is_a(c));
  EXPECT_TRUE(c.property("name")->is_key);
  EXPECT_EQ(c.property("alpha")->origin, "A");
  EXPECT_EQ(c.property("alpha")->declared_in, "C");
  EXPECT_EQ(c.property("alpha")->default_value->items[0].magnitude, 7U);
  ASSERT_EQ(c.methods.size(), 1U);
  EXPECT_EQ(c.methods[0].declared_in, "A");
}

TEST(Resolver, OverridesInheritWhatTheyDoNotSay) {
  const auto schema = resolved(R"(
    class A {
      [Description("d"), Write, ValueMap{"1", "2"}, Values{"One", "Two"}] uint16 S = 2;
      [Implemented, Waits, ValueMap{"0"}, Values{"Done"}] uint32 Run();
    };
    class B : A { [Override("S")] uint16 S; [Override("Run")] uint32 Run(); };
    class C : B { [Override("S"), ValueMap{"3"}, Values{"Three"}] uint16 S = NULL; };)");
  ASSERT_TRUE(schema) << schema.error().message;
  const ResolvedProperty& b = *schema->find("B")->property("S");
  EXPECT_EQ(b.description, "d");
  EXPECT_TRUE(b.is_writable);
  EXPECT_EQ(b.values_from, "A");
  EXPECT_TRUE(b.default_value);
  EXPECT_TRUE(schema->find("B")->methods[0].implemented);
  EXPECT_TRUE(schema->find("B")->methods[0].waits);
  EXPECT_EQ(schema->find("B")->methods[0].values.size(), 1U);
  const ResolvedProperty& c = *schema->find("C")->property("S");
  EXPECT_FALSE(c.default_value);
  EXPECT_EQ(c.values, (std::vector<ValueText>{{"3", "Three"}}));
  EXPECT_EQ(c.values_from, "C");
}

TEST(Resolver, RestrictedQualifiersAreNotInherited) {
  const auto schema = resolved(R"(
    [Abstract, Waits] class A { [Key] string Name; };
    [Provider("vmms")] class B : A {};
    class C : B {};)");
  ASSERT_TRUE(schema) << schema.error().message;
  EXPECT_TRUE(schema->find("A")->is_abstract);
  EXPECT_FALSE(schema->find("B")->is_abstract);
  EXPECT_TRUE(schema->find("B")->has_provider);
  EXPECT_FALSE(schema->find("C")->has_provider);
  EXPECT_TRUE(schema->find("C")->waits);
}

TEST(Resolver, AFlavorAtTheQualifierBeatsItsDeclaration) {
  const auto schema = resolved("[Waits : Restricted] class A {}; class B : A {};");
  ASSERT_TRUE(schema);
  EXPECT_TRUE(schema->find("A")->waits);
  EXPECT_FALSE(schema->find("B")->waits);
}

TEST(Resolver, CreationClassNameHasTheNameOfTheClass) {
  const auto schema = resolved(R"(
    [Abstract] class A { [Key] string CreationClassName; };
    class B : A {};
    class C : B {};)");
  ASSERT_TRUE(schema) << schema.error().message;
  EXPECT_FALSE(schema->find("A")->property("CreationClassName")->default_value);
  EXPECT_EQ(schema->find("B")->property("CreationClassName")->default_value->items[0].text, "B");
  EXPECT_EQ(schema->find("C")->property("CreationClassName")->default_value->items[0].text, "C");
}

TEST(Resolver, ParametersHaveADirection) {
  const auto schema = resolved(R"(class A { uint32 Run(
    uint8 P, [In] uint8 Q, [Out] uint8 R, [In, Out] uint8 S, [In(false), Out, EmbeddedInstance("A")] string T[]); };)");
  ASSERT_TRUE(schema) << schema.error().message;
  const auto& parameters = schema->find("A")->methods[0].parameters;
  std::string directions;
  for (const auto& each : parameters) {
    directions += std::string(each.is_in ? "i" : "") + (each.is_out ? "o" : "") + " ";
  }
  EXPECT_EQ(directions, "i i o io o ");
  EXPECT_EQ(parameters[4].type.type, Type::instance);
  EXPECT_EQ(parameters[4].type.object_class, "A");
}

TEST(Resolver, AssociationsJoin) {
  const auto schema = resolved(R"(
    class A { [Key] string Name; };
    class B { [Key] string SystemName; };
    [Association, Join{"Left.Name", "Right.SystemName"}] class J { [Key] A REF Left; [Key] B REF Right; };)");
  ASSERT_TRUE(schema) << schema.error().message;
  EXPECT_EQ(schema->find("J")->join_left, "Left.Name");
  EXPECT_EQ(schema->find("J")->join_right, "Right.SystemName");
}

TEST(Resolver, ValuesWithoutAMapCountFromZero) {
  const auto schema = resolved("class A { [Values{\"No\", \"Yes\"}] uint8 S; };");
  ASSERT_TRUE(schema);
  EXPECT_EQ(schema->find("A")->property("S")->values, (std::vector<ValueText>{{"0", "No"}, {"1", "Yes"}}));
}

struct Wrong {
  const char* text;
  const char* message;
};

class ResolverErrors : public testing::TestWithParam<Wrong> {};

TEST_P(ResolverErrors, AreNamedWithTheirPosition) { EXPECT_EQ(problem(GetParam().text), GetParam().message); }

INSTANTIATE_TEST_SUITE_P(
    All, ResolverErrors,
    testing::Values(
        Wrong{"class B : A {};", "t:1:7: class B has the unknown superclass A"},
        Wrong{"class C : B {}; class B : A {};", "t:1:23: class B has the unknown superclass A"},
        Wrong{"class A : A {};", "t:1:7: class A is its own ancestor"},
        Wrong{"class A : B {}; class b : a {};",
              "t:1:7: class A is its own ancestor\nt:1:23: class b is its own ancestor"},
        Wrong{"class A {};\nclass a {};", "t:2:7: class a is declared twice, first at t:1:7"},
        Wrong{"Qualifier Key : boolean = false, Scope(property);", "t:1:11: qualifier Key is declared twice"},
        Wrong{"class A { uint8 P; uint8 p; };", "t:1:26: class A has two features named p"},
        Wrong{"class A { uint8 P; uint8 p(); };", "t:1:26: class A has two features named p"},
        Wrong{"class A { uint8 P(uint8 Q, uint8 q); };", "t:1:34: method P has two parameters named q"},
        Wrong{"class A { uint8 P; }; class B : A { uint8 P; };",
              "t:1:43: P is inherited from A: say [Override(\"P\")] to change it"},
        Wrong{"class A { [Override(\"P\")] uint8 P; };", "t:1:33: P overrides nothing: no superclass of A has it"},
        Wrong{"class A { uint8 P; }; class B : A { [Override(\"P\")] uint16 P; };",
              "t:1:60: property P overrides that of A with another type"},
        Wrong{"class A { uint8 P; }; class B : A { [Override(\"P\")] uint8 P[]; };",
              "t:1:59: property P overrides that of A with another type"},
        Wrong{"class A { uint32 P(uint8 Q); }; class B : A { [Override(\"P\")] uint32 P(uint16 Q); };",
              "t:1:70: method P overrides that of A with other parameters or another type"},
        Wrong{"class A { A REF P(); };", "t:1:17: a method cannot return a reference"},
        Wrong{"class A { uint8 P = 256; };", "t:1:17: the default of P does not fit uint8"},
        Wrong{"class A { uint8 P = -1; };", "t:1:17: the default of P does not fit uint8"},
        Wrong{"class A { sint8 P = -129; };", "t:1:17: the default of P does not fit sint8"},
        Wrong{"class A { uint8 P = {1}; };", "t:1:17: the default of P must not be an array"},
        Wrong{"class A { uint8 P[] = 1; };", "t:1:17: the default of P must be an array"},
        Wrong{"class A { string P = TRUE; };", "t:1:18: the default of P does not fit string"},
        Wrong{"class A { datetime P = \"today\"; };", "t:1:20: the default of P does not fit datetime"},
        Wrong{"class A { [Kez] uint8 P; };", "t:1:12: qualifier Kez is not declared"},
        Wrong{"class A { [Key, Key] uint8 P; };", "t:1:17: qualifier Key is given twice"},
        Wrong{"[Key] class A {};", "t:1:2: qualifier Key does not belong on a class"},
        Wrong{"class A { [Description(1)] uint8 P; };",
              "t:1:12: the value of qualifier Description does not fit string"},
        Wrong{"class A { [ValueMap{\"1\", \"2\"}, Values{\"One\"}] uint8 P; };",
              "t:1:12: ValueMap has 2 elements and Values 1"},
        Wrong{"class A { [ValueMap{\"1\", \"256\"}] uint8 P; };",
              "t:1:26: ValueMap element \"256\" is no number of its type, nor a range"},
        Wrong{"class A { A REF P; B REF Q; };", "t:1:26: class B is unknown"},
        Wrong{"class A { uint32 P([EmbeddedInstance(\"B\")] string Q); };", "t:1:51: class B is unknown"},
        Wrong{"class A { [EmbeddedObject] uint8 P; };", "t:1:34: only a string can hold an embedded instance"},
        Wrong{"class A { [Key] string P; }; class B : A { [Key] string Q; };",
              "t:1:36: class B changes the keys of its superclass"},
        Wrong{"[Abstract, Provider(\"vmms\")] class A { [Key] string P; };",
              "t:1:36: class A is abstract and so has no instances to provide"},
        Wrong{"[Provider(\"vmms\")] class A { string P; };", "t:1:26: class A has a provider but no key"},
        Wrong{"[Association] class A { [Key] A REF P; };", "t:1:21: association A has fewer than two references"},
        Wrong{"[Association, Join{\"P.X\", \"Q\"}] class A { [Key] A REF P; [Key] A REF Q; };",
              "t:1:15: \"P.X\" names no property of an end of A\nt:1:15: \"Q\" names no property of an end of A"},
        Wrong{"[Association, Join{\"P.Q\"}] class A { [Key] A REF P; [Key] A REF Q; };",
              "t:1:15: Join belongs on an association without a provider and takes two \"Role.Property\" texts"}));

constexpr std::string_view instance_classes =
    "class A { [Key] string Name; uint8 P; uint8 F[2]; uint32 M(); }; class B : A {}; [Abstract] class C : A {};\n"
    "class O { [Key] uint8 K = 3; A REF R; [EmbeddedInstance(\"A\")] string E; [EmbeddedObject] string Any; };\n";

class ResolverInstanceErrors : public testing::TestWithParam<Wrong> {};

TEST_P(ResolverInstanceErrors, AreNamedWithTheirPosition) {
  EXPECT_EQ(problem(std::string(instance_classes) + GetParam().text), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, ResolverInstanceErrors,
    testing::Values(
        Wrong{"instance of A { Name = \"x\"; P = 255; F = {1, 2}; };", "no error"},
        Wrong{"instance of b { name = \"x\"; p = NULL; };", "no error"},
        Wrong{"instance of O { R = $A; E = $B; Any = $O; }; instance of A as $A { Name = \"x\"; };"
              "instance of B as $B { Name = \"y\"; }; instance of O as $o { K = 4; R = \"B.Name=\\\"y\\\"\"; };",
              "no error"},
        Wrong{"instance of O { R = \"//host/root/x:Z.Name=\\\"a.b:c\\\"\"; };", "no error"},
        Wrong{"instance of O { R = NULL; };", "no error"},
        Wrong{R"(instance of O { E = "instance of A {\n P = 5;\n};\n"; Any = "instance of Elsewhere {};"; };)",
              "no error"},
        Wrong{R"(instance of O { E = "<INSTANCE/>"; Any = ""; };)", "no error"},
        Wrong{
            R"(instance of O { E = " instance of O {\n Q = 5;\n};"; Any = "instance of A { P = };"; };)",
            "t:3:21: in the text that E holds, at 1:14: expected an instance of A for E, found one of O\n"
            "t:3:21: in the text that E holds, at 2:2: expected a property of O, found Q\n"
            "t:3:60: in the text that Any holds, at 1:21: expected '{', an alias, a number, a character, true, false, "
            "null or a string, found \"}\""},
        Wrong{"instance of X {};", "t:3:13: expected a class that is declared, found X"},
        Wrong{"instance of C { Name = \"x\"; };",
              "t:3:13: expected a class with instances, found C, which is abstract"},
        Wrong{"instance of A { Name = \"x\"; Q = 1; };", "t:3:29: expected a property of A, found Q"},
        Wrong{"instance of A { Name = \"x\"; M = 1; };", "t:3:29: expected a property of A, found M"},
        Wrong{"instance of A { Name = \"x\"; name = \"y\"; };",
              "t:3:29: expected each property once, found name again"},
        Wrong{"instance of A { Name = \"x\"; P = 256; };", "t:3:29: the value of P does not fit uint8"},
        Wrong{"instance of A { Name = \"x\"; P = {1}; };", "t:3:29: the value of P must not be an array"},
        Wrong{"instance of A { Name = \"x\"; F = {1, 2, 3}; };",
              "t:3:29: the value of F must not have more than 2 elements"},
        Wrong{"instance of A { Name = $A; };", "t:3:17: the value of Name does not fit string"},
        Wrong{"instance of A { P = 1; };", "t:3:13: expected a value of the key Name of A, found none"},
        Wrong{"instance of A { Name = NULL; };", "t:3:13: expected a value of the key Name of A, found NULL"},
        Wrong{"instance of O { K = NULL; };", "t:3:13: expected a value of the key K of O, found NULL"},
        Wrong{"[Odd] instance of O { [Key, Key] K = 1; };",
              "t:3:2: qualifier Odd is not declared\nt:3:29: qualifier Key is given twice"},
        Wrong{"instance of O { R = $X; };",
              "t:3:21: expected the alias of an instance of A for R, found $X, which is not declared"},
        Wrong{"instance of O as $O { R = $O; };",
              "t:3:27: expected the alias of an instance of A for R, found $O, which is an instance of O"},
        Wrong{"instance of O { R = $D; }; class D as $D : A {};",
              "t:3:21: expected the alias of an instance of A for R, found $D, which is a class"},
        Wrong{"instance of O as $O {}; instance of O as $o { K = 1; };",
              "t:3:37: expected another alias, found $o again, first at t:3:13"},
        Wrong{"instance of O { R = \"O.K=1\"; };",
              "t:3:21: expected the path of an instance of A for R, found one of O"},
        Wrong{"instance of O { R = \"not a path\"; };", "t:3:21: expected an object path such as A.Name=\"x\" for R"},
        Wrong{"class D { A REF R = $X; };",
              "t:3:21: expected the alias of an instance of A for R, found $X, which is not declared"},
        Wrong{"class D { uint8 P[1] = {1, 2}; };", "t:3:17: the default of P must not have more than 1 elements"},
        Wrong{"class D { real32 P = 1.0e39; };", "t:3:18: the default of P does not fit real32"}));

TEST(Resolver, EachNamespaceStandsForItself) {
  Problems problems;
  const auto resolve_text = [&](const std::string& text) {
    return resolve_namespaces(*parse(text, "t"), Dialect::dmtf, problems);
  };
  const auto both = resolve_text(R"(#pragma namespace ("root/x")
    class A { uint8 P; };
    #pragma namespace ("root/y")
    class A { string Q; };
    #pragma namespace ("ROOT/X")
    instance of A as $A { P = 1; };
    #pragma namespace ("root/y")
    class R { A REF End = $A; };)");
  ASSERT_EQ(both.size(), 2U) << problems.text(Severity::error);
  EXPECT_EQ(both[0].namespace_name, "root/x");
  EXPECT_NE(both[0].find("A")->property("P"), nullptr);
  EXPECT_NE(both[1].find("A")->property("Q"), nullptr);
  EXPECT_TRUE(
      resolve_text("#pragma namespace (\"x\")\nclass A {};\n#pragma namespace (\"y\")\nclass B : A {};").empty());
  EXPECT_EQ(problems.text(Severity::error), "t:4:7: class B has the unknown superclass A");
  const auto two =
      resolve(*parse("#pragma namespace (\"x\")\nclass A {};\n#pragma namespace (\"y\")\nclass A {};", "t"));
  ASSERT_FALSE(two);
  EXPECT_EQ(two.error().message, "expected one namespace, found declarations of \"x\" and of \"y\"");
}

TEST(Resolver, AssociationsAndIndicationsAreScopesOfTheirOwn) {
  EXPECT_EQ(problem("Qualifier Indication : boolean = false, Scope(class, indication);"
                    "Qualifier Only : boolean = false, Scope(indication);"
                    "[Indication, Only] class A {};"),
            "no error");
  EXPECT_EQ(problem("Qualifier Only : boolean = false, Scope(indication);[Only] class A {};"),
            "t:1:54: qualifier Only does not belong on a class");
  EXPECT_EQ(problem("Qualifier Trial : boolean = false, Scope(class);[Trial] class A { [Key] string K; };"
                    "[Association, Trial] class L { [Key] A REF X; [Key] A REF Y; };"),
            "t:1:99: qualifier Trial does not belong on an association");
}

TEST(Resolver, OthersHaveProvidersOfTheirOwn) {
  EXPECT_EQ(problem("[Provider(\"cmpi:A\")] class A { [Provider(\"x\")] string P; };"
                    "[Abstract, Provider(\"x\")] class B {}; [Provider] class C {};"),
            "no error");
}

TEST(Resolver, AQualifierNeedsNoValue) {
  const auto schema = resolved("class A { [Description, ValueMap, Write] string P; };");
  ASSERT_TRUE(schema) << schema.error().message;
  EXPECT_EQ(schema->find("A")->property("P")->description, "");
  EXPECT_TRUE(schema->find("A")->property("P")->is_writable);
}

/// The problems that remain warnings, and then all errors.
std::string judged(std::string_view text, Dialect dialect) {
  Problems problems;
  Declarations all = *parse(qualifiers, "qualifiers.mof");
  Declarations own = parse(text, "t", {.dialect = dialect}, problems);
  all.classes = std::move(own.classes);
  all.instances = std::move(own.instances);
  resolve_namespaces(all, dialect, problems);
  return problems.text(Severity::warning) + "|" + problems.text(Severity::error);
}

TEST(Resolver, WhatEveryCompilerReadsAlikeIsAWarning) {
  EXPECT_EQ(judged("class A { [Key] string K; string P; uint32 M(); };"
                   "class B : A { string P = \"b\"; uint32 M(); };",
                   Dialect::dmtf),
            "t:1:72: P is inherited from A: say [Override(\"P\")] to change it\n"
            "t:1:88: M is inherited from A: say [Override(\"M\")] to change it|");
  EXPECT_EQ(judged("class A { [ValueMap{\"1\", \"x\"}, Values{\"One\"}] uint8 P; [ValueMap{\"x\"}] uint8 Q; };",
                   Dialect::dmtf),
            "t:1:12: ValueMap has 2 elements and Values 1\n"
            "t:1:66: ValueMap element \"x\" is no number of its type, nor a range|");
}

TEST(Resolver, AnOverrideOfAnotherNameIsAFeatureOfItsOwn) {
  const std::string_view text =
      "class A { [Key] string K; string P; uint32 M(); };\n"
      "class B : A { [Override(\"P\")] string Q; [Override(\"A.m\")] uint32 N(); };";
  EXPECT_EQ(judged(text, Dialect::dmtf),
            "t:2:16: Override names P, which keeps its name: Q is another feature of B\n"
            "t:2:42: Override names m, which keeps its name: N is another feature of B|");
  EXPECT_EQ(judged(text, Dialect::wmi), "|");
  EXPECT_EQ(
      judged("class A { [Key] string K; uint32 M(); };\n"
             "class B : A { string P; [Override(\"P\")] string Q; [Override(\"M\")] string R; [Override] string S;\n"
             "[Override(\"T\")] string T; };",
             Dialect::dmtf),
      "|t:2:48: Q overrides nothing: no superclass of B has it\n"
      "t:2:74: R overrides nothing: no superclass of B has it\n"
      "t:2:95: S overrides nothing: no superclass of B has it\n"
      "t:3:24: T overrides nothing: no superclass of B has it");
}

TEST(Resolver, DefaultsOfQualifiersFitTheirTypes) {
  EXPECT_EQ(problem("Qualifier O : uint8 = 256, Scope(any);\n"
                    "Qualifier P : string = {\"x\"}, Scope(any);\n"
                    "Qualifier Q : boolean[] = true, Scope(any);\n"
                    "Qualifier R : string[2] = {\"a\", \"b\", \"c\"}, Scope(any);\n"
                    "Qualifier S : string[] = null, Scope(any); Qualifier T : uint8[2] = {1, 2}, Scope(any);\n"
                    "[T{1, 2, 3}] class A {};"),
            "t:1:11: the default of qualifier O does not fit uint8\n"
            "t:2:11: the default of qualifier P must not be an array\n"
            "t:3:11: the default of qualifier Q must be an array\n"
            "t:4:11: the default of qualifier R must not have more than 2 elements\n"
            "t:6:2: the value of qualifier T must not have more than 2 elements");
}

TEST(Resolver, WmiTakesAnInstanceThatIsOneTwice) {
  EXPECT_EQ(
      judged("class A { uint8 P; };\n"
             "class B { [Key] string K; [EmbeddedInstance(\"A\")] A E[]; uint32 M([Out, EmbeddedObject] object O); };\n"
             "instance of B { K = \"b\"; E = {instance of A { P = 1; }, instance of B { K = \"c\"; }}; };",
             Dialect::wmi),
      "|t:3:69: expected an instance of A for E, found one of B");
  EXPECT_EQ(judged("class B { [EmbeddedInstance(\"B\")] uint8 E; };", Dialect::wmi),
            "|t:1:41: only a string can hold an embedded instance");
}

TEST(Resolver, WhatMayHaveAnUnknownAncestorFitsAnyReference) {
  EXPECT_EQ(judged("class A { [Key] string K; }; class B : Gone { [Key] string K; };\n"
                   "class L { [Key] A REF R; [EmbeddedInstance(\"A\")] string E[]; };\n"
                   "instance of B as $b { K = \"b\"; };\n"
                   "instance of L { R = $b; E = {\"instance of B { K = \\\"c\\\"; };\"}; };\n"
                   "instance of L { R = \"B.K=\\\"b\\\"\"; };",
                   Dialect::wmi),
            "t:1:36: class B has the superclass Gone, which is not known here: its features are not checked|");
}

TEST(Resolver, WmiKnowsNoDeclarationsOfQualifiersAndConverts) {
  const std::string_view text = R"([Dynamic, Description(1)] class A {
  [Key, Kez(5), In] string K; uint8 P; real32 R; boolean B = 1; Gone REF G; [Description] Gone E; };
class B : A { string K; [Override("Z")] uint8 Z; };
instance of A { K = 23; P = 1.4; R = 5; B = "TRUE"; };
instance of B { K = "b"; P = "0x10"; E = instance of A { P = 3; }; };)";
  EXPECT_EQ(judged(text, Dialect::wmi), "|");
  EXPECT_EQ(judged("class A { [Key, Key] string K; uint8 P = 300; datetime D = 5; };\n"
                   "class B { [Key] string K; A E; };\n"
                   "instance of A { K = \"a\"; P = \"none\"; };\n"
                   "instance of B { K = \"b\"; E = instance of B { E = 5; }; };\n"
                   "instance of A { P = 1; };",
                   Dialect::wmi),
            "|t:1:17: qualifier Key is given twice\n"
            "t:1:38: the default of P does not fit uint8\nt:1:56: the default of D does not fit datetime");
  EXPECT_EQ(judged("class A { [Key] string K; uint8 P; };\n"
                   "class B { [Key] string K; A E; };\n"
                   "instance of A { K = \"a\"; P = \"none\"; };\n"
                   "instance of B { K = \"b\"; E = instance of B { E = $X; }; };\n"
                   "instance of A { P = 1; };",
                   Dialect::wmi),
            "|t:3:26: the value of P does not fit uint8\n"
            "t:4:42: expected an instance of A for E, found one of B\n"
            "t:4:50: expected the alias of an instance of A for E, found $X, which is not declared\n"
            "t:5:13: expected a value of the key K of A, found none");
}

TEST(Resolver, RangesAndTextsAreValueMapElements) {
  EXPECT_EQ(
      problem(R"(class A { [ValueMap{"..", "1..5", "..7", "200.."}] uint8 P; [ValueMap{"any", ".."}] string Q; };)"),
      "no error");
  EXPECT_EQ(problem("class A { [ValueMap{\"-3..-1\"}] sint8 P; };"), "no error");
  EXPECT_EQ(problem("class A { [ValueMap{\"0x1F\", \"010b\", \"0x80..0xFF\", \"017\"}] uint8 P; };"), "no error");
}

TEST(Resolver, ManyProblemsAreCutAndLongChainsRefused) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "class A" + std::to_string(i) + " : None {};\n";
  const std::string problems = problem(text);
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 49);
  text = "class A0 {};";
  for (int i = 1; i < 1000; ++i) text += "class A" + std::to_string(i) + " : A" + std::to_string(i - 1) + " {};\n";
  EXPECT_NE(problem(text).find("has too many ancestors"), std::string::npos);
  text = "class A {";
  for (int i = 0; i < 9000; ++i) text += "uint8 P" + std::to_string(i) + ";";
  text += "};";
  for (int i = 0; i < 100; ++i) text += "class B" + std::to_string(i) + " : A {};";
  EXPECT_NE(problem(text).find("has too many features"), std::string::npos);
}

TEST(Resolver, AllNamespacesTogetherAreBounded) {
  std::string text = "class A {";
  for (int i = 0; i < 9000; ++i) text += "uint8 P" + std::to_string(i) + ";";
  text += "};";
  std::string all;
  for (int i = 0; i < 3; ++i) {
    all += "#pragma namespace (\"root/" + std::to_string(i) + "\")\n" + text;
    for (int j = 0; j < 7; ++j) all += "class B" + std::to_string(j) + " : A {};";
  }
  const Declarations declarations = *parse(all, "t");  // 72,000 features in each
  Problems problems;
  EXPECT_TRUE(resolve_namespaces(declarations, Dialect::dmtf, problems).empty());
  EXPECT_NE(problems.text(Severity::error).find("has too many features, or all classes together"), std::string::npos);
  EXPECT_EQ(problems.text(Severity::error).find("t:2:"), std::string::npos) << "the first alone is not too much";
}

TEST(Resolver, NamesCountWhereTheyAreKept) {
  std::string text = "class " + std::string(2'000'000, 'x') + " {";
  for (int i = 0; i < 100; ++i) text += "uint8 P" + std::to_string(i) + ";";  // each knows its class
  EXPECT_NE(problem(text + "};").find("has too much text"), std::string::npos);
}

TEST(Resolver, TheCommittedSchemaIsRight) {
  Declarations all;
  for (const char* folder : {"", "/wmi", "/cim", "/msvm", "/vmms"}) {
    for (const auto& entry : std::filesystem::directory_iterator(std::string(VMMS_SOURCE_DIR "/schema") + folder)) {
      if (entry.path().extension() != ".mof") continue;
      Result<Declarations> one = parse_files({entry.path().string()});
      ASSERT_TRUE(one) << one.error().message;
      std::move(one->classes.begin(), one->classes.end(), std::back_inserter(all.classes));
      std::move(one->qualifiers.begin(), one->qualifiers.end(), std::back_inserter(all.qualifiers));
    }
  }
  const auto schema = resolve(all);
  ASSERT_TRUE(schema) << schema.error().message;
  // the whole list of a real host's class (facts: guest-services.md)
  EXPECT_EQ(schema->find("Msvm_GuestFileService")->properties.size(), 28U);
  EXPECT_EQ(schema->find("Msvm_GuestServiceInterfaceComponent")->properties.size(), 38U);
  EXPECT_EQ(schema->find("Msvm_GuestServiceInterfaceComponentSettingData")->properties.size(), 25U);
  EXPECT_EQ(schema->find("Msvm_CopyFileToGuestJob")->properties.size(), 42U);
  std::string keys;
  for (const auto& each : schema->find("Vmms_GuestOSService")->properties) keys += each.is_key ? each.name + " " : "";
  EXPECT_EQ(keys, "CreationClassName Name SystemCreationClassName SystemName ");
}

TEST(Resolver, PropertiesSayThatTheyAreRead) {
  const auto schema = resolved(
      "Qualifier Read : boolean = true, Scope(property, reference), Flavor(EnableOverride, ToSubclass);"
      "class A { [Key] string K; [Read(false)] string Hidden; [Write] string W; }; class B : A { string Own; };");
  ASSERT_TRUE(schema) << schema.error().message;
  const auto read = [&](std::string_view cim_class, std::string_view property) {
    const auto& present = schema->find(cim_class)->property(property)->qualifiers;
    const auto found = present.find("read");
    if (found == present.end()) return std::string("not said");
    return std::string(found->second.propagated ? "inherited" : found->second.value.empty() ? "added" : "given");
  };
  EXPECT_EQ(read("A", "K"), "added");
  EXPECT_EQ(read("A", "W"), "added");
  EXPECT_EQ(read("A", "Hidden"), "given");
  EXPECT_EQ(read("B", "K"), "inherited");
  EXPECT_EQ(read("B", "Own"), "added");
  const auto undeclared = resolved("class A { [Key] string K; };");
  EXPECT_FALSE(undeclared->find("A")->property("K")->qualifiers.contains("read"));
}

TEST(Resolver, AReferenceMayNameAClassWithoutSuperclass) {
  EXPECT_TRUE(
      resolved("class A { [Key] string K; }; class B : A { }; class Root { [Key] string K; };"
               "[Association] class L { [Key] A REF X; [Key] A REF Y; };"
               "[Association] class M : L { [Override(\"X\")] B REF X; [Override(\"Y\")] Root REF Y; };"));
}

}  // namespace
}  // namespace vmms::cim::mof
