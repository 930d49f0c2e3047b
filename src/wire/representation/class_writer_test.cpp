#include "wire/representation/class_writer.hpp"

#include "testing/test_schema.hpp"
#include "wire/xml/reader.hpp"

#include <gtest/gtest.h>

namespace vmms::wire::representation {
namespace {

constexpr cim::QualifierType key{
    .name = "Key", .type = cim::Type::boolean, .default_value = "false", .scopes = 12, .overridable = false};
constexpr cim::QualifierType values{
    .name = "Values", .type = cim::Type::string, .is_array = true, .scopes = 8, .translatable = true};
constexpr std::string_view yes[] = {"true"};
constexpr std::string_view words[] = {"On & off", "Off"};
constexpr cim::Qualifier key_qualifiers[] = {{.type = &key, .values = yes, .propagated = true}};
constexpr cim::Qualifier state_qualifiers[] = {{.type = &values, .values = words}};
constexpr cim::Property base_properties[] = {
    {.name = "ID", .is_key = true, .origin = "T_Base", .declared_in = "T_Base", .qualifiers = key_qualifiers}};
constexpr cim::Property properties[] = {
    {.name = "ID", .is_key = true, .origin = "T_Base", .declared_in = "T_Base", .qualifiers = key_qualifiers},
    {.name = "Inner", .type = cim::Type::instance, .object_class = "T_Base", .origin = "T_Sub", .declared_in = "T_Sub"},
    {.name = "Label", .origin = "T_Base", .declared_in = "T_Sub", .default_value = "\"say \\\"hi\\\"\""},
    {.name = "Owner",
     .type = cim::Type::reference,
     .object_class = "T_Base",
     .origin = "T_Sub",
     .declared_in = "T_Sub"},
    {.name = "State",
     .type = cim::Type::uint16,
     .is_array = true,
     .origin = "T_Sub",
     .declared_in = "T_Sub",
     .qualifiers = state_qualifiers},
};
constexpr cim::Parameter parameters[] = {
    {.name = "A"},
    {.name = "B", .type = cim::Type::uint8, .is_array = true},
    {.name = "C", .type = cim::Type::reference, .object_class = "T_Base"},
    {.name = "D", .type = cim::Type::reference, .is_array = true, .object_class = "T_Base"}};
constexpr cim::Method methods[] = {
    {.name = "Inherited", .parameters = {}, .origin = "T_Base", .declared_in = "T_Base"},
    {.name = "Own", .parameters = parameters, .origin = "T_Sub", .declared_in = "T_Sub"}};
constexpr cim::Class base{.name = "T_Base", .properties = base_properties, .keys = {}, .methods = {}};
constexpr cim::Class sub{
    .name = "T_Sub", .superclass = &base, .properties = properties, .keys = {}, .methods = methods};

std::string written(const ClassForm& form) {
  std::string out;
  xml::Writer writer(out);
  write_class(writer, sub, form);
  EXPECT_TRUE(xml::Document::parse(out)) << out;
  return out;
}

TEST(ClassWriter, WritesAllThatAClassHas) {
  EXPECT_EQ(
      written({.local_only = false, .include_class_origin = true}),
      "<CLASS NAME=\"T_Sub\" SUPERCLASS=\"T_Base\">"
      "<PROPERTY NAME=\"ID\" TYPE=\"string\" CLASSORIGIN=\"T_Base\" PROPAGATED=\"true\">"
      "<QUALIFIER NAME=\"Key\" TYPE=\"boolean\" PROPAGATED=\"true\" OVERRIDABLE=\"false\" TOSUBCLASS=\"true\" "
      "TRANSLATABLE=\"false\"><VALUE>TRUE</VALUE></QUALIFIER></PROPERTY>"
      "<PROPERTY NAME=\"Inner\" TYPE=\"string\" CLASSORIGIN=\"T_Sub\" EmbeddedObject=\"instance\"></PROPERTY>"
      "<PROPERTY NAME=\"Label\" TYPE=\"string\" CLASSORIGIN=\"T_Base\"><VALUE>say &quot;hi&quot;</VALUE></PROPERTY>"
      "<PROPERTY.REFERENCE NAME=\"Owner\" REFERENCECLASS=\"T_Base\" CLASSORIGIN=\"T_Sub\"></PROPERTY.REFERENCE>"
      "<PROPERTY.ARRAY NAME=\"State\" TYPE=\"uint16\" CLASSORIGIN=\"T_Sub\">"
      "<QUALIFIER NAME=\"Values\" TYPE=\"string\" OVERRIDABLE=\"true\" TOSUBCLASS=\"true\" TRANSLATABLE=\"true\">"
      "<VALUE.ARRAY><VALUE>On &amp; off</VALUE><VALUE>Off</VALUE></VALUE.ARRAY></QUALIFIER></PROPERTY.ARRAY>"
      "<METHOD NAME=\"Inherited\" TYPE=\"uint32\" CLASSORIGIN=\"T_Base\" PROPAGATED=\"true\"></METHOD>"
      "<METHOD NAME=\"Own\" TYPE=\"uint32\" CLASSORIGIN=\"T_Sub\">"
      "<PARAMETER NAME=\"A\" TYPE=\"string\"></PARAMETER><PARAMETER.ARRAY NAME=\"B\" TYPE=\"uint8\"></PARAMETER.ARRAY>"
      "<PARAMETER.REFERENCE NAME=\"C\" REFERENCECLASS=\"T_Base\"></PARAMETER.REFERENCE>"
      "<PARAMETER.REFARRAY NAME=\"D\" REFERENCECLASS=\"T_Base\"></PARAMETER.REFARRAY></METHOD></CLASS>");
}

TEST(ClassWriter, LeavesOutWhatIsNotAskedFor) {
  const std::string local = written({.local_only = true, .include_qualifiers = false});
  EXPECT_EQ(local.find("ID"), std::string::npos);
  EXPECT_EQ(local.find("Inherited"), std::string::npos);
  EXPECT_EQ(local.find("QUALIFIER"), std::string::npos);
  EXPECT_EQ(local.find("CLASSORIGIN"), std::string::npos);
  EXPECT_NE(local.find("Label"), std::string::npos) << "an override is local";
  const std::string listed =
      written({.local_only = false, .property_list = std::vector<std::string>{"state", "Nothing"}});
  EXPECT_EQ(listed.find("Label"), std::string::npos);
  EXPECT_NE(listed.find("State"), std::string::npos);
  EXPECT_NE(listed.find("METHOD"), std::string::npos) << "the list is of properties";
}

TEST(ClassWriter, WritesQualifierDeclarations) {
  std::string out;
  xml::Writer writer(out);
  write_qualifier_declaration(writer, key);
  write_qualifier_declaration(writer, values);
  EXPECT_EQ(out,
            "<QUALIFIER.DECLARATION NAME=\"Key\" TYPE=\"boolean\" ISARRAY=\"false\" OVERRIDABLE=\"false\" "
            "TOSUBCLASS=\"true\" TRANSLATABLE=\"false\"><SCOPE REFERENCE=\"true\" PROPERTY=\"true\"/>"
            "<VALUE>FALSE</VALUE></QUALIFIER.DECLARATION>"
            "<QUALIFIER.DECLARATION NAME=\"Values\" TYPE=\"string\" ISARRAY=\"true\" OVERRIDABLE=\"true\" "
            "TOSUBCLASS=\"true\" TRANSLATABLE=\"true\"><SCOPE PROPERTY=\"true\"/></QUALIFIER.DECLARATION>");
}

}  // namespace
}  // namespace vmms::wire::representation
