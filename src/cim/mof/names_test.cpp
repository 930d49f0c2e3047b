// Names of any alphabet, in any case.
#include "cim/mof/names.hpp"

#include "cim/mof/context.hpp"
#include "cim/mof/parser.hpp"
#include "cim/mof/resolver.hpp"

#include <gtest/gtest.h>

namespace vmms::cim::mof {
namespace {

std::string problems(std::string_view text) {
  Result<Declarations> declarations = parse(text, "t");
  if (!declarations) return declarations.error().message;
  const Result<Schema> schema = resolve(*declarations);
  return schema ? "" : schema.error().message;
}

TEST(MofNames, HaveNoCaseInAnyAlphabet) {
  for (const auto& [one, other] : {std::pair("Acme_Pump", "ACME_pUMP"), std::pair("Höhe", "HÖHE"),
                                   std::pair("Größe", "GRÖSSE"), std::pair("Насос", "НАСОС"), std::pair("Σ", "ς")}) {
    EXPECT_TRUE(same_name(one, other)) << one;
    EXPECT_EQ(name_key(one), name_key(other));
    EXPECT_FALSE(LessName()(one, other) || LessName()(other, one));
  }
  EXPECT_EQ(name_key("Acme_PUMP"), "acme_pump");
  EXPECT_NE(name_key("Höhe"), name_key("Hohe"));
  EXPECT_FALSE(same_name("Höhe", "Höh"));
}

TEST(MofNames, AreFoundInAnyCase) {
  EXPECT_EQ(problems("Qualifier Größe : string = null, Scope(any), Flavor(EnableOverride, ToSubclass);"
                     "Qualifier Key : boolean = false, Scope(property, reference);"
                     "Qualifier Override : string = null, Scope(property), Flavor(Restricted);"
                     "Qualifier Association : boolean = false, Scope(association);"
                     "[GRÖSSE(\"x\")] class Acme_Ä { [Key] string Höhe; };"
                     "class Acme_B : ACME_ä { [Override(\"HÖHE\")] string HÖHE; };"
                     "[Association] class Acme_L { [Key] acme_ä REF Ä; [Key] Acme_B REF B; };"
                     "instance of acme_Ä as $Ä { hÖHE = \"1\"; };"
                     "instance of Acme_B as $B { höhe = \"2\"; };"
                     "instance of Acme_L { ä = $ä; B = \"acme_b.höhe=\\\"2\\\"\"; };"),
            "");
}

TEST(MofNames, AreTakenInAnyCase) {
  EXPECT_EQ(problems("class A { string Höhe; string HÖHE; };"), "t:1:31: class A has two features named HÖHE");
  EXPECT_EQ(problems("class Ä {}; class ä {};"), "t:1:19: class ä is declared twice, first at t:1:7");
  EXPECT_EQ(problems("class A { uint8 F(uint8 Ü, uint8 ü); };"), "t:1:34: method F has two parameters named ü");
  EXPECT_EQ(problems("class A { string Ö; }; instance of A { Ö = \"1\"; ö = \"2\"; };"),
            "t:1:49: expected each property once, found ö again");
}

TEST(MofNames, OfAContextAreFoundInAnyCase) {
  Declarations own = parse("class B : ACME_Ä {};", "own").value();
  const Declarations context = parse("class Acme_ä { string P; };", "context").value();
  const Result<Schema> schema = resolve(with_context(std::move(own), {context}));
  ASSERT_TRUE(schema) << schema.error().message;
  EXPECT_NE(schema->find("B")->property("p"), nullptr);
  EXPECT_NE(schema->find("ACME_ä"), nullptr);
}

}  // namespace
}  // namespace vmms::cim::mof
