#include "cim/wql/parser.hpp"

#include <gtest/gtest.h>

namespace vmms::cim::wql {
namespace {

Select select(std::string_view text) {
  auto statement = parse(text);
  EXPECT_TRUE(statement) << text << ": " << statement.error().message;
  return statement ? std::get<Select>(*statement) : Select{};
}

AssociationQuery associations(std::string_view text) {
  auto statement = parse(text);
  EXPECT_TRUE(statement) << text << ": " << statement.error().message;
  return statement ? std::get<AssociationQuery>(*statement) : AssociationQuery{};
}

std::string failure(std::string_view text) {
  const auto statement = parse(text);
  EXPECT_FALSE(statement) << text;
  return statement ? "" : statement.error().message;
}

// A condition with all its parentheses.
std::string spelled(const Condition& condition) {
  static constexpr const char* operators[] = {"=", "!=", "<", "<=", ">", ">=", "like"};
  std::string text = "(";
  switch (condition.kind) {
    case Condition::Kind::comparison:
      return condition.property + operators[static_cast<int>(condition.operation)] +
             (!condition.other.empty()                        ? condition.other
              : condition.literal.kind == Literal::Kind::null ? "NULL"
                                                              : condition.literal.text);
    case Condition::Kind::negation:
      return "not " + spelled(condition.parts.front());
    case Condition::Kind::all:
    case Condition::Kind::any:
      for (const Condition& part : condition.parts) {
        if (&part != &condition.parts.front()) text += condition.kind == Condition::Kind::all ? " and " : " or ";
        text += spelled(part);
      }
  }
  return text + ")";
}

std::string where(std::string_view text) {
  return spelled(*select("SELECT * FROM C WHERE " + std::string(text)).where);
}

TEST(WqlParser, ReadsSelects) {
  const Select all = select("  select * from Msvm_ComputerSystem \r\n");
  EXPECT_TRUE(all.columns.empty());
  EXPECT_EQ(all.class_name, "Msvm_ComputerSystem");
  EXPECT_FALSE(all.where);
  const Select some = select("SELECT BIOSGUID , VirtualSystemIdentifier FROM Msvm_VirtualSystemSettingData");
  EXPECT_EQ(some.columns, (std::vector<std::string>{"BIOSGUID", "VirtualSystemIdentifier"}));
}

TEST(WqlParser, AndBindsStrongerThanOr) {
  EXPECT_EQ(where("A=1 OR B=2 AND NOT C=3 OR D='x'"), "(A=1 or (B=2 and not C=3) or D=x)");
  EXPECT_EQ(where("(A=1 OR B=2) AND C<>3"), "((A=1 or B=2) and C!=3)");
  EXPECT_EQ(where("A=1 AND B=2 AND C=3 AND D=4"), "(A=1 and B=2 and C=3 and D=4)");
  EXPECT_EQ(where("A=1 AND (B=2 AND (C=3))"), "(A=1 and B=2 and C=3)");
  EXPECT_EQ(where("NOT NOT A >= -1"), "not not A>=-1");
  EXPECT_EQ(where("5 < A AND \"x\" = B"), "(A>5 and B=x)");
  EXPECT_EQ(where("A IS NULL OR B is not null or C = NULL or D like '%'"), "(A=NULL or B!=NULL or C=NULL or Dlike%)");
  EXPECT_EQ(where("A = 0x1F AND B = 1.5e3 AND C=true"), "(A=0x1F and B=1.5e3 and C=true)");
}

TEST(WqlParser, WordsOfAssociationQueriesAreNames) {
  EXPECT_EQ(select("SELECT Of, References FROM Associators").columns, (std::vector<std::string>{"Of", "References"}));
}

TEST(WqlParser, StringsHaveEitherQuoteAndEscapes) {
  const auto text = [](std::string_view literal) {
    return select("SELECT * FROM C WHERE A = " + std::string(literal)).where->literal.text;
  };
  EXPECT_EQ(text(R"("say \"hi\"")"), R"(say "hi")");
  EXPECT_EQ(text(R"('C:\\it\'s')"), R"(C:\it's)");
  EXPECT_EQ(text(R"('')"), "");
  EXPECT_EQ(text("'\xc3\xa4'"), "\xc3\xa4");
  EXPECT_EQ(failure(R"(SELECT * FROM C WHERE A = 'C:\dir')"),
            R"(query, position 27: a backslash in a string is written \\)");
}

TEST(WqlParser, ReadsAssociationQueries) {
  const AssociationQuery walk = associations(
      "ASSOCIATORS OF {Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='A}B'} WHERE "
      "AssocClass = Msvm_SystemDevice ResultClass=X ROLE = GroupComponent resultrole=PartComponent ");
  EXPECT_FALSE(walk.references);
  EXPECT_EQ(walk.source.class_name, "Msvm_ComputerSystem");
  EXPECT_EQ(walk.source.value("Name"), "A}B");
  EXPECT_EQ(walk.association_class, "Msvm_SystemDevice");
  EXPECT_EQ(walk.result_class, "X");
  EXPECT_EQ(walk.role, "GroupComponent");
  EXPECT_EQ(walk.result_role, "PartComponent");
  const AssociationQuery references =
      associations(R"(references of { C.InstanceID="Microsoft:1\\2" } where resultclass=Y)");
  EXPECT_TRUE(references.references);
  EXPECT_EQ(references.source.value("InstanceID"), R"(Microsoft:1\2)");
  EXPECT_EQ(references.association_class, "Y");
}

TEST(WqlParser, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(failure(""), "query, position 1: expected SELECT, ASSOCIATORS or REFERENCES, found the end of the query");
  EXPECT_EQ(failure("SELECT * FROM C WHERE"),
            "query, position 22: expected a name, NOT, (, a string, a number, TRUE, FALSE or NULL, found the end of "
            "the query");
  EXPECT_EQ(failure("DELETE FROM C"),
            "query, position 1: expected SELECT, ASSOCIATORS or REFERENCES, found \"DELETE\"");
  EXPECT_EQ(failure("SELECT * FROM C WHERE A == 1"),
            "query, position 26: expected a name, a string, a number, TRUE, FALSE or NULL, found \"=\"");
  EXPECT_EQ(failure("SELECT * FROM C WHERE A LIKE 5"), "query, position 30: expected a string, found \"5\"");
  EXPECT_EQ(failure("SELECT * FROM C WHERE A = 'x"),
            "query, position 27: expected a name, a string, a number, TRUE, FALSE or NULL, found a string that is not "
            "closed");
  EXPECT_EQ(failure("SELECT * FROM C; DROP"),
            "query, position 16: expected WHERE or the end of the query, found a character that WQL has no use for");
  EXPECT_EQ(failure(std::string_view("SELECT * FROM C\0", 16)),
            "query, position 16: expected WHERE or the end of the query, found a character that WQL has no use for");
  EXPECT_NE(failure("ASSOCIATORS OF {C.A=}").find("expected a key value"), std::string::npos);
  EXPECT_EQ(failure("ASSOCIATORS OF {C.A=1"),
            "query, position 16: expected an object path in braces, found an object path in braces that is not closed");
  EXPECT_EQ(failure("ASSOCIATORS OF {C.A=1} WHERE Role=a Role=b"), "query, position 37: Role is given twice");
  EXPECT_EQ(failure("REFERENCES OF {C.A=1} WHERE AssocClass=a"),
            "query, position 29: expected ResultClass, Role, RequiredQualifier, KeysOnly, ClassDefsOnly or SchemaOnly, "
            "found AssocClass");
  EXPECT_EQ(failure(std::string(longest_query + 1, ' ')), "the query is longer than 65536 bytes");
}

TEST(WqlParser, ClausesOfAssociationQueries) {
  const AssociationQuery all = associations(
      "ASSOCIATORS OF {C.A=1} WHERE AssocClass=L ResultRole=r Role=s RequiredQualifier=Q RequiredAssocQualifier=P "
      "KeysOnly ClassDefsOnly");
  EXPECT_EQ(all.required_qualifier, "Q");
  EXPECT_EQ(all.required_association_qualifier, "P");
  EXPECT_TRUE(all.keys_only);
  EXPECT_TRUE(all.class_definitions);
  EXPECT_FALSE(all.classes);
  const AssociationQuery schema = associations("REFERENCES OF {C} WHERE SchemaOnly RequiredQualifier=Aggregation");
  EXPECT_TRUE(schema.classes);
  EXPECT_EQ(schema.required_association_qualifier, "Aggregation") << "what is found are associations";
  EXPECT_EQ(failure("ASSOCIATORS OF {C.A=1} WHERE SchemaOnly"),
            "query, position 16: SchemaOnly needs the name of a class, without keys");
  EXPECT_EQ(failure("ASSOCIATORS OF {C}"),
            "query, position 16: expected the keys of an object; for classes add WHERE SchemaOnly");
  EXPECT_EQ(failure("ASSOCIATORS OF {C.A=1} WHERE KeysOnly=x"), "query, position 30: KeysOnly takes no value");
  EXPECT_EQ(failure("ASSOCIATORS OF {C.A=1} WHERE Role"), "query, position 30: expected \"=\" after Role");
  EXPECT_EQ(failure("REFERENCES OF {C.A=1} WHERE KeysOnly KeysOnly"), "query, position 38: KeysOnly is given twice");
}

TEST(WqlParser, PropertiesStandOnBothSides) {
  EXPECT_EQ(where("Name != __SERVER AND A = B"), "(Name!=__SERVER and A=B)");
  EXPECT_EQ(where("__SERVER <> Name"), "__SERVER!=Name");
  EXPECT_EQ(where("Inner.Name = 5 OR A < Inner.Deep.B"), "(Inner.Name=5 or A<Inner.Deep.B)");
  for (const char* text : {"A LIKE B", "A IS B", "A ISA 5", "1 = 1", "'a' LIKE A", "A. B = 1", "A = .B", "A.=1"})
    EXPECT_NE(failure("SELECT * FROM C WHERE " + std::string(text)), "") << text;
}

TEST(WqlParser, ALoneBackslashOfAPatternStandsForItself) {
  const auto pattern = [](std::string_view literal) {
    return select("SELECT * FROM C WHERE A LIKE " + std::string(literal)).where->literal.text;
  };
  EXPECT_EQ(pattern(R"('%\Default')"), R"(%\Default)");
  EXPECT_EQ(pattern(R"('%\\Default')"), R"(%\Default)");
  EXPECT_EQ(pattern(R"('%\%')"), R"(%\%)");
  EXPECT_EQ(pattern(R"('\[a\]\'\"')"), R"(\[a\]'")");
}

// As Microsoft's pages of WHERE, LIKE and the association statements have examples of what is invalid.
TEST(WqlParser, WhatMicrosoftCallsInvalidIsInvalid) {
  for (const char* text : {"SELECT * FROM C WHERE Partitions < (4 + 7 - 2) OR (Partitions = SectorsPerTrack / 7)",
                           "SELECT * FROM C WHERE DriveType IS 5", "SELECT * FROM C WHERE FileSystem IS NOT \"NTFS\"",
                           "SELECT * FROM C WHERE Name NOT LIKE 'x'",
                           "ASSOCIATORS OF {C='C:'} WHERE resultClass = D requiredQualifier <> Dynamic",
                           "ASSOCIATORS OF {C='C:'} WHERE resultClass = D AND requiredQualifier = Dynamic",
                           "REFERENCES OF {C.DeviceID='0'} WHERE resultclass = D AND requiredQualifier = Dynamic",
                           "ASSOCIATORS OF {C='C:'} WHERE ClassDefsOnly ResultClass=D",
                           "REFERENCES OF {C='C:'} WHERE ResultClass=D ClassDefsOnly", "ASSOCIATORS OF {C. A=1}",
                           "ASSOCIATORS OF {C.A=1, B=2}"})
    EXPECT_NE(failure(text), "") << text;
}

TEST(WqlParser, OfCqlWhatIsWqlToo) {
  const auto cql = [](std::string_view text) {
    auto statement = parse(text, Language::cql);
    EXPECT_TRUE(statement) << text << ": " << statement.error().message;
    return statement ? std::get<Select>(*statement) : Select();
  };
  const Select all = cql("SELECT CIM_X.Name, Id FROM CIM_X WHERE CIM_X.Id <> 5 AND (Name = 'a' OR cim_x.Name = Id)");
  EXPECT_EQ(all.columns, (std::vector<std::string>{"Name", "Id"}));
  EXPECT_EQ(spelled(*all.where), "(Id!=5 and (Name=a or Name=Id))");
  EXPECT_EQ(cql("select * from CIM_X").class_name, "CIM_X");
  EXPECT_EQ(cql("select * from CIM_X where cim_x isa CIM_Y").where->property, "__THIS");
  EXPECT_EQ(cql("select * from CIM_X where Inner isa CIM_X or cim_x isa CIM_Y").where->parts.back().property, "__THIS");
  EXPECT_EQ(cql("select cim_x.* from CIM_X").columns, std::vector<std::string>());
  EXPECT_FALSE(parse("SELECT CIM_Y.* FROM CIM_X", Language::cql));
  EXPECT_NE(failure("SELECT CIM_X.* FROM CIM_X").find("without the name of a class"), std::string::npos);
  EXPECT_EQ(cql(R"(select * from CIM_X where Name like 'a\.\'.*')").where->literal.text, R"(a\.'.*)");
  EXPECT_TRUE(cql("select * from CIM_X where Name like '.*'").where->literal.is_expression);
  EXPECT_FALSE(select("select * from CIM_X where Name like '.*'").where->literal.is_expression);
  for (const char* text : {"SELECT * FROM CIM_X WHERE Name LIKE .*", "ASSOCIATORS OF {C.A=1}", "REFERENCES OF {C.A=1}",
                           "SELECT * FROM CIM_X X, CIM_Y Y", "SELECT COUNT(*) FROM CIM_X"})
    EXPECT_FALSE(parse(text, Language::cql)) << text;
}

TEST(WqlParser, ObjectPathsMayLeaveOutTheNameOfTheOnlyKey) {
  const AssociationQuery references = associations(R"(REFERENCES OF {Adapter="AHA-294X"})");
  ASSERT_EQ(references.source.keys.size(), 1u);
  EXPECT_EQ(references.source.keys[0].name, "");
  EXPECT_EQ(references.source.keys[0].value, "AHA-294X");
  EXPECT_EQ(associations("ASSOCIATORS OF {ComPort=2}").source.keys[0].value, "2");
}

TEST(WqlParser, DepthIsBoundedLengthIsNot) {
  std::string deep = "SELECT * FROM C WHERE ";
  for (int i = 0; i < 1000; ++i) deep += "NOT (";
  EXPECT_NE(failure(deep).find("nested too deeply"), std::string::npos);
  std::string wide = "SELECT * FROM C WHERE A=0";
  for (int i = 1; i < 5000; ++i) wide += " OR A=" + std::to_string(i);
  EXPECT_EQ(select(wide).where->parts.size(), 5000u);
}

}  // namespace
}  // namespace vmms::cim::wql
