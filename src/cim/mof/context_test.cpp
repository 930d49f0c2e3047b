#include "cim/mof/context.hpp"

#include "cim/mof/parser.hpp"
#include "cim/mof/resolver.hpp"

#include <gtest/gtest.h>

namespace vmms::cim::mof {
namespace {

/// The names of the classes and of the qualifiers that the text has with its contexts.
std::string with(const std::string& text, const std::vector<std::string>& contexts) {
  std::vector<Declarations> read;
  for (const std::string& context : contexts) read.push_back(*parse(context, "context"));
  const Declarations all = with_context(*parse(text, "own"), read);
  std::string names;
  for (const auto& each : all.classes) names += each.position.file->substr(0, 1) + ":" + each.name + " ";
  names += "|";
  for (const auto& each : all.qualifiers) names += " " + each.position.file->substr(0, 1) + ":" + each.name;
  return names;
}

TEST(Context, GivesTheClassesThatAreMentioned) {
  const std::string context = R"(class Base {}; class Middle : base {}; class Unused : Base {}; class End {};
    class Inner {}; class Parameter {}; class Named { Deep REF R; }; class Deep {};)";
  EXPECT_EQ(with("class A : Middle {};", {context}), "o:A c:Middle c:Base |");
  EXPECT_EQ(
      with("class A { End REF R; uint32 M([EmbeddedInstance(\"inner\")] string P, Parameter REF Q); };", {context}),
      "o:A c:End c:Inner c:Parameter |");
  EXPECT_EQ(with("instance of end { P = \"Named.K=1\"; };", {context}), "c:End c:Named c:Deep |");
}

TEST(Context, IsNotAskedForWhatIsDeclared) {
  EXPECT_EQ(with("class A : B {}; class B {}; Qualifier Key : boolean;",
                 {"class b {}; Qualifier KEY : boolean; Qualifier In : boolean;"}),
            "o:A o:B | o:Key c:In");
  EXPECT_EQ(with("class A : B {};", {"class B {};", "class B : C {}; class C {};"}), "o:A c:B |");
}

TEST(Context, StandsInForEveryNamespace) {
  EXPECT_EQ(with("#pragma namespace (\"x\")\nclass A : B {};", {"class B {}; Qualifier Key : boolean;"}),
            "o:A c:B | c:Key");
  EXPECT_EQ(
      with("class A : B {};\n#pragma namespace (\"x\")\nclass C : B {};", {"class B {}; Qualifier Key : boolean;"}),
      "o:A o:C c:B c:B | c:Key c:Key");
  EXPECT_EQ(with("#pragma namespace (\"x\")\nclass A : B {};",
                 {"class B : Any {}; class Any {};\n#pragma namespace (\"x\")\nclass B : Own {}; class Own {};"}),
            "o:A c:B c:Own |")
      << "what is of the namespace itself comes first";
  EXPECT_EQ(with("#pragma namespace (\"X\")\nclass A : B {};", {"#pragma namespace (\"x\")\nclass B {};"}),
            "o:A c:B |");
}

}  // namespace
}  // namespace vmms::cim::mof
