#include "cim/wql/filter.hpp"

#include "cim/wql/parser.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace vmms::cim::wql {
namespace {

constexpr Property properties[] = {
    {.name = "Codes", .type = Type::uint16, .is_array = true},
    {.name = "Date", .type = Type::datetime},
    {.name = "Flag", .type = Type::boolean},
    {.name = "Flag2", .type = Type::boolean},
    {.name = "Id", .type = Type::uint64, .is_key = true},
    {.name = "Inner", .type = Type::instance, .object_class = "T_Thing"},
    {.name = "Name", .type = Type::string, .is_key = true},
    {.name = "Number", .type = Type::sint32},
    {.name = "Path", .type = Type::reference},
    {.name = "PathText", .type = Type::string},
    {.name = "Real", .type = Type::real64},
};
constexpr std::uint16_t keys[] = {4, 6};
constexpr Property part_properties[] = {{.name = "Name", .type = Type::string, .is_key = true}};
constexpr std::uint16_t part_keys[] = {0};
constexpr Class base{.name = "T_Base", .properties = {}, .keys = {}, .methods = {}};
constexpr Class part{
    .name = "T_Part", .superclass = &base, .properties = part_properties, .keys = part_keys, .methods = {}};
constexpr Class thing{.name = "T_Thing", .superclass = &base, .properties = properties, .keys = keys, .methods = {}};
constexpr const Class* classes[] = {&base, &part, &thing};
constexpr Schema schema{"root/test", classes};

class WqlFilter : public testing::Test {
 protected:
  WqlFilter() : instance(thing) {
    instance.set("Id", std::uint64_t{18'000'000'000'000'000'000U});
    instance.set("Name", std::string("Alpha.service"));
    instance.set("Number", std::int64_t{-5});
    instance.set("Flag", true);
    instance.set("Real", 1.5);
    instance.set("Date", DateTime::parse("20260102030405.000000+000").value());
    instance.set("Path", std::make_shared<const ObjectPath>(ObjectPath::parse("T_Part.Name=\"X\"").value()));
    instance.set("PathText", std::string("\\\\HOST\\root\\test:T_Part='x'"));
  }
  static Result<Filter> compile(const std::string& where) {
    const auto statement = parse("SELECT * FROM T_Thing WHERE " + where);
    if (!statement) return statement.error();
    return Filter::compile(*std::get<Select>(*statement).where, thing, {"HOST", "root/test", &schema});
  }
  bool matches(const std::string& where) {
    const auto filter = compile(where);
    EXPECT_TRUE(filter) << where << ": " << filter.error().message;
    return filter && filter->matches(instance);
  }
  static std::string failure(const std::string& where) {
    const auto filter = compile(where);
    EXPECT_FALSE(filter) << where;
    return filter ? "" : filter.error().message;
  }

  Instance instance;
};

TEST_F(WqlFilter, ComparesByTheTypeOfTheProperty) {
  for (const char* where : {"Number = -5",
                            "Number < 0",
                            "Number > -6",
                            "Number >= '-5'",
                            "Number < 18000000000000000000",
                            "Number < 1.5",
                            "Number = 0xFFFFFFFB OR Number != 5",
                            "Id = 18000000000000000000",
                            "Id > -1",
                            "Id = '18000000000000000000'",
                            "Flag = TRUE",
                            "Flag = 'true'",
                            "Flag <> 0",
                            "Real > 1",
                            "Real = 1.5",
                            "Real < '2'",
                            "Name = 'ALPHA.SERVICE'",
                            "Name < 'beta'",
                            "Name >= 'alpha'",
                            "'b' > Name",
                            "Date = '20260102030405.000000+000'",
                            "Date < '20260102050405.000001+060'",
                            "Date > '2026-01-02T03:04:04Z'",
                            "Path = 'T_Part.Name=\"x\"'",
                            "Path <> 'T_Part.Name=\"y\"'"})
    EXPECT_TRUE(matches(where)) << where;
  for (const char* where : {"Number = 5", "Number > 18000000000000000000", "Id < 0", "Id <= -1", "Flag = FALSE",
                            "Real = 1", "Name = 'alpha'", "Date < '20260102030405.000000+060'",
                            "Date > '00000001000000.000000:000'", "Path = 'T_Other.Name=\"x\"'"})
    EXPECT_FALSE(matches(where)) << where;
}

TEST_F(WqlFilter, PathsNameObjectsInEveryWay) {
  for (const char* where :
       {"Path = 't_part.name=\"x\"'", "Path = 'T_Base.Name=\"X\"'", "Path = 'T_Part=\"X\"'", "Path = 'T_Part=\\'x\\''",
        "Path = 'root\\\\test:T_Part.Name=\"X\"'", "Path = '\\\\\\\\host\\\\root\\\\test:T_Part.Name=\"X\"'",
        "Path = '\\\\\\\\.\\\\root\\\\test:T_Base=\"X\"'", "Path != 'T_Thing.Name=\"X\"'", "Path <> 'T_Part'",
        "Path <> '\\\\\\\\other\\\\root\\\\test:T_Part=\"X\"'", "Path <> 'root/other:T_Part=\"X\"'",
        "Path <> 'T_Part.Name=\"X\",Id=1'", "PathText = Path", "Path = PathText",
        "__PATH = 'T_Base.Id=18000000000000000000,Name=\"ALPHA.service\"'",
        "__RELPATH = 'T_Thing.Name=\"alpha.service\"'", "__PATH <> Path", "Path <> __RELPATH"})
    EXPECT_TRUE(matches(where)) << where;
}

TEST_F(WqlFilter, APathThatLacksKeysNamesWhatIsFound) {
  const auto asked = [&](const std::string& where, const std::string& answer) {
    auto filter = compile(where);
    EXPECT_TRUE(filter) << where;
    std::string texts = std::to_string(filter->open_paths());
    filter->find_paths([&](const ObjectPath& path, const Class* within) -> std::optional<ObjectPath> {
      texts += " " + path.to_string() + " " + std::string(within ? within->name : "any");
      if (answer.empty()) return std::nullopt;
      return ObjectPath::parse(answer).value();
    });
    return texts + (filter->matches(instance) ? " fits" : "");
  };
  const std::string own = "T_Thing.Id=18000000000000000000,Name=\"Alpha.service\"";
  EXPECT_EQ(asked("__PATH = 'T_Thing.Name=\"alpha.service\"'", own), "1 T_Thing.Name=\"alpha.service\" T_Thing fits");
  EXPECT_EQ(asked("__PATH = 'T_Thing.Name=\"alpha.service\"'", ""), "1 T_Thing.Name=\"alpha.service\" T_Thing");
  EXPECT_EQ(asked("__PATH <> 'T_Thing.Name=\"alpha.service\"'", ""), "1 T_Thing.Name=\"alpha.service\" T_Thing fits");
  EXPECT_EQ(asked("__PATH = 'T_Base.Id=5'", ""), "1 T_Base.Id=\"5\" T_Thing")
      << "whose keys are those of its subclasses";
  EXPECT_EQ(asked("Path = 'T_Thing.Id=5' OR Number = -5", ""), "1 T_Thing.Id=\"5\" any fits");
  for (const char* whole : {"Path = 'T_Part.Name=\"x\"'", "Path = 'T_Part=\"x\"'", "Number = -5 OR Path = 'T_Part'",
                            "Number = -5 OR Path = 'Nothing.Name=\"x\"'", "Number = -5 OR __PATH = 'T_Thing=5'",
                            "__RELPATH = 'T_Thing.Id=18000000000000000000,Name=\"alpha.service\"'"})
    EXPECT_EQ(asked(whole, ""), "0 fits") << whole;
}

TEST_F(WqlFilter, PathsMayNameAClassThatStandsForOthers) {
  const auto statement = parse("SELECT * FROM T_Thing WHERE Path = 'T_Job.Name=\"x\"' AND __PATH <> 'T_Job=\"x\"'");
  ASSERT_TRUE(statement);
  const auto filter = Filter::compile(*std::get<Select>(*statement).where, thing, {"HOST", "root/test", &schema},
                                      [](const ObjectPath& path) -> std::optional<std::string> {
                                        if (path.class_name != "T_Job") return std::nullopt;
                                        return "T_Part";
                                      });
  ASSERT_TRUE(filter);
  EXPECT_TRUE(filter->matches(instance));
}

TEST_F(WqlFilter, WhatTheClientCallsThisServerIsItsName) {
  const auto statement = parse(R"(SELECT * FROM T_Thing WHERE Path = '\\\\192.0.2.1\\root\\test:T_Part.Name="x"')");
  ASSERT_TRUE(statement);
  for (const bool called : {true, false}) {
    const auto filter = Filter::compile(*std::get<Select>(*statement).where, thing,
                                        {"HOST", "root/test", &schema, called ? "192.0.2.1:5985" : ""});
    ASSERT_TRUE(filter);
    EXPECT_EQ(filter->matches(instance), called);
  }
}

TEST_F(WqlFilter, DatesAreThoseOfMicrosoftsPages) {
  for (const char* day : {"20260102", "01/02/2026", "1/2/2026", "1-2-26", "01.02.2026", "2026/01/02", "2026-01-02",
                          "1/2026/02", "January 2, 2026", "january 2 26", "Jan 2 2026", "JAN 2026 2", "2 January, 2026",
                          "2 Jan26", "2 2026 January", "2026 January 2", "2026 2 Jan"}) {
    EXPECT_TRUE(matches("Date >= '" + std::string(day) + "'")) << day;
    EXPECT_TRUE(matches("Date < '" + std::string(day) + " 03:04:05:001'")) << day;
    EXPECT_TRUE(matches("Date = '" + std::string(day) + " 3:04:05'")) << day;
    EXPECT_TRUE(matches("Date = '" + std::string(day) + " 03:04:05.000 AM'")) << day;
    EXPECT_FALSE(matches("Date > '" + std::string(day) + " 3:04:05 PM'")) << day;
  }
  for (const char* where :
       {"Date > '2026'", "Date > '2026 Jan'", "Date > 'Jan, 2026'", "Date < 'February 2026'", "Date < '13/01/2026'",
        "Date < '2026/13/01'", "Date > '31 Dec 99'", "Date < '2 Jan 2026 4 AM'", "Date > '2 Jan 2026 3AM'",
        "Date > '2 Jan 2026 12:30AM'", "Date < '2 Jan 2026 12:30 PM'", "Date > ' 1/2/2026 3:04 '"})
    EXPECT_TRUE(matches(where)) << where;
  for (const char* where : {"Date = 'yesterday'",
                            "Date = ''",
                            "Date = '202601'",
                            "Date = '260102'",
                            "Date = '1/2-2026'",
                            "Date = '1/2'",
                            "Date = '1/2/3/4'",
                            "Date = '31/31/2026'",
                            "Date = '2/30/2026'",
                            "Date = '1/2/202'",
                            "Date = '1/2/20260'",
                            "Date = '2 Foo 2026'",
                            "Date = 'Jan 26'",
                            "Date = 'Jan'",
                            "Date = 'Jan Feb 2026'",
                            "Date = '1 2 3 Jan'",
                            "Date = ', Jan 2026'",
                            "Date = 'Jan 2026,'",
                            "Date = 'Jan,, 2026'",
                            "Date = '3:04'",
                            "Date = '1/2/2026 3'",
                            "Date = '1/2/2026 25:00'",
                            "Date = '1/2/2026 13:00 PM'",
                            "Date = '1/2/2026 0 AM'",
                            "Date = '1/2/2026 3:04:05:60'",
                            "Date = '1/2/2026 3:'",
                            "Date = '1/2/2026 :3'",
                            "Date = '1/2/20263:04'",
                            "Date = '1/2/2026 3:04:05:000:1'",
                            "Date = '0/2/2026'",
                            "Date = '1/0/2026'",
                            "Date = '20260102 20260102'"})
    EXPECT_NE(failure(where), "") << where;
}

TEST_F(WqlFilter, PropertiesStandOnBothSides) {
  instance.set("Flag2", true);
  for (const char* where : {"Name = Name",
                            "Name != __SERVER",
                            "__SERVER <> Name",
                            "__SERVER = 'host'",
                            "'HOST' = __SERVER",
                            "Number < Id",
                            "Id > Number",
                            "Real > Number",
                            "Number <= Real",
                            "Flag = Flag2",
                            "Date = Date",
                            "Date >= Date",
                            "Path = Path",
                            "__CLASS <> __SUPERCLASS",
                            "__GENUS < __PROPERTY_COUNT",
                            "__GENUS > Number",
                            "__NAMESPACE <> Name",
                            "NOT Name = __CLASS",
                            "Name > __CLASS OR Name < __CLASS",
                            "__PATH = __RELPATH"})
    EXPECT_TRUE(matches(where)) << where;
  for (const char* where : {"Name = __SERVER", "Name <> Name", "Number > Id", "Flag <> Flag2", "Path <> Path"})
    EXPECT_FALSE(matches(where)) << where;
  instance.set("Number", Value());
  for (const char* where : {"Number = Number", "Number <> Id", "NOT Number <> Id", "Id > Number"})
    EXPECT_FALSE(matches(where)) << where << ": a comparison with NULL";
  for (const char* where : {"Name = Number", "Flag = Number", "Date > Name", "Path = Number", "Codes = Number",
                            "Number = Codes", "Inner = Path", "__THIS = Name", "__DERIVATION = Name", "Name = Nothing",
                            "Nothing = Name", "Flag < Flag2", "Path > Path", "Path < Name", "__GENUS = Name"})
    EXPECT_NE(failure(where), "") << where;
  EXPECT_EQ(failure("Name = Number"), "query: Name is a string and Number is a number; they cannot be compared");
}

TEST_F(WqlFilter, BooleansHaveNoOrder) {
  for (const char* where : {"Flag >= 0", "Flag <= TRUE", "Flag > FALSE", "TRUE > Flag", "Flag < '1'"})
    EXPECT_EQ(failure(where), "query: Flag is a boolean; it can be compared by =, != and <> only") << where;
  EXPECT_EQ(failure("Flag >= NULL"), "query: Flag can be equal to NULL or not, nothing else");
  for (const char* where : {"Flag = 1", "Flag = TRUE", "Flag <> FALSE", "Flag != 0", "Flag = 'TRUE'"})
    EXPECT_TRUE(matches(where)) << where;
}

TEST_F(WqlFilter, TextsHaveNoCaseInAnyAlphabet) {
  instance.set("Name", std::string("Сервер-01 Straße ÉCOLE"));
  for (const char* where : {"Name = 'сервер-01 STRASSE école'", "Name LIKE 'серв%'",
                            "Name LIKE '%СТРА%' OR Name LIKE '%strasse%'", "Name LIKE '%stra_e%'", "Name LIKE '[а-я]%'",
                            "Name LIKE '[^a-z]%'", "Name LIKE '%[é]cole'", "Name >= 'СЕРВЕР'", "Name < 'т'"})
    EXPECT_TRUE(matches(where)) << where;
  for (const char* where : {"Name LIKE '[a-z]%'", "Name LIKE '[é-ö]%'", "Name = 'сервер'"})
    EXPECT_FALSE(matches(where)) << where;
}

TEST_F(WqlFilter, InstancesInsideAreLookedInto) {
  auto inner = std::make_shared<Instance>(thing);
  inner->set("Number", std::int64_t{7});
  inner->set("Name", std::string("Web"));
  inner->set("Flag", true);
  auto deep = std::make_shared<Instance>(thing);
  deep->set("Name", std::string("Deep"));
  inner->set("Inner", InstancePtr(deep));
  instance.set("Inner", InstancePtr(inner));
  for (const char* where : {"Inner.Number = 7", "Inner.Number > '6'", "7 = Inner.Number", "Inner.Name LIKE 'w%'",
                            "Inner.Inner.Name = 'deep'", "Inner.Id IS NULL", "Inner.Number IS NOT NULL",
                            "Inner.Inner ISA 'T_Base'", "Inner.Name <> Name", "Inner.Flag = TRUE"})
    EXPECT_TRUE(matches(where)) << where;
  // As real hosts answer paths into an instance that lead nowhere: no error, and nothing found.
  for (const char* where :
       {"Inner.Nothing = 7", "NOT Inner.Nothing = 7", "Inner.Inner.Inner.Name = 'x'", "Inner.Number = 'seven'",
        "Inner.Codes = 1", "Inner.Flag > 0", "Inner.Number LIKE '7'", "Inner.Name = Number", "Inner.Name.X = 1"})
    EXPECT_FALSE(matches(where)) << where;
  EXPECT_EQ(failure("Name.X = 1"), "query: Name is no embedded instance, so there is no Name.X");
}

TEST_F(WqlFilter, NullIsNeitherTrueNorFalse) {
  instance.set("Number", Value());
  instance.set("Name", Value());
  for (const char* where : {"Number = NULL", "Number IS NULL", "Name is null AND Flag IS NOT NULL", "Flag <> NULL",
                            "Number = 5 OR Flag = TRUE", "NOT (Number = 5 AND Flag = FALSE)", "Codes IS NULL"})
    EXPECT_TRUE(matches(where)) << where;
  for (const char* where : {"Number = 5", "Number <> 5", "NOT Number = 5", "Number IS NOT NULL", "Name LIKE '%'",
                            "NOT Name LIKE '%'", "Number = 5 AND Flag = TRUE", "Flag IS NULL"})
    EXPECT_FALSE(matches(where)) << where;
}

TEST_F(WqlFilter, SystemPropertiesAreThoseOfTheInstance) {
  for (const char* where :
       {"__CLASS = 't_thing'", "__SUPERCLASS = 'T_Base'", "__DYNASTY = 'T_Base'", "__SERVER = 'host'",
        "__NAMESPACE = 'root\\\\test'", "__RELPATH = 'T_Thing.Name=\"alpha.SERVICE\",Id=18000000000000000000'",
        "__PATH = '\\\\\\\\HOST\\\\root\\\\test:T_Thing.Id=18000000000000000000,Name=\"Alpha.service\"'",
        "__PATH LIKE '%T[_]Thing.%'", "__PATH <> 'T_Thing.Id=1,Name=\"x\"'"})
    EXPECT_TRUE(matches(where)) << where;
  EXPECT_FALSE(
      matches("__PATH = '\\\\\\\\OTHER\\\\root\\\\test:T_Thing.Id=18000000000000000000,Name=\"Alpha.service\"'"));
  EXPECT_NE(failure("__PATH = 'no path='").find("object path"), std::string::npos);
  EXPECT_EQ(failure("__CLASS = 5"), "query: __CLASS is a string; it cannot be compared with 5");
}

TEST_F(WqlFilter, RefusesWhatCannotBeCompared) {
  EXPECT_EQ(failure("Nothing = 1"), "query: T_Thing has no property named Nothing");
  EXPECT_EQ(failure("Name = 5"), "query: Name is a string; it cannot be compared with 5");
  EXPECT_EQ(failure("Number = 'many'"), "query: Number is a sint32; it cannot be compared with 'many'");
  EXPECT_EQ(failure("Codes = 1"), "query: Codes is a uint16 array; it cannot be compared with 1");
  EXPECT_EQ(failure("Number < NULL"), "query: Number can be equal to NULL or not, nothing else");
  EXPECT_EQ(failure("Number LIKE '5%'"), "query: Number is a sint32; it cannot be compared with '5%'");
  for (const char* where : {"Date = 'yesterday'", "Date = 5", "Path < 'T_Base.Name=\"x\"'", "Flag = 1.5", "Flag = 2",
                            "Number = 99999999999999999999", "Real = TRUE"})
    EXPECT_NE(failure(where), "") << where;
}

TEST_F(WqlFilter, FixesKeysThatMustBeEqual) {
  const auto keys_of = [](const std::string& where) {
    std::string text;
    const auto filter = compile(where);
    EXPECT_TRUE(filter) << where;
    for (const KeyBinding& key : filter->keys()) text += key.name + "=" + key.value + ";";
    return text + filter->class_name();
  };
  EXPECT_EQ(keys_of("Name = 'x' AND Flag = TRUE AND (5 = Id AND Number = 1)"), "Name=x;Id=5;");
  EXPECT_EQ(keys_of("Name = 'x' AND Name = 'y'"), "Name=x;");
  EXPECT_EQ(keys_of("__CLASS = 'T_Thing' AND Id = 0x10"), "Id=16;T_Thing");
  EXPECT_EQ(keys_of("__PATH = 'T_Base.Id=0x7,Name=\"x\"'"), "Id=7;Name=x;");
  EXPECT_EQ(keys_of("Name = __SERVER"), "Name=HOST;");
  EXPECT_EQ(keys_of("__SERVER = Name AND Id = Number"), "Name=HOST;");
  for (const char* where : {"Name = 'x' OR Id = 5", "NOT Name = 'x'", "Name <> 'x'", "Name LIKE 'x'", "Id > 5",
                            "Name IS NULL", "Number = 1"})
    EXPECT_EQ(keys_of(where), "") << where;
}

TEST(WqlPattern, MatchesAsLikeDoes) {
  for (const auto& [text, pattern] : std::initializer_list<std::pair<const char*, const char*>>{
           {"Microsoft:Definition\\Maximum", "Microsoft:Definition%Maximum"},
           {"abc", "%"},
           {"", "%"},
           {"", "%%"},
           {"abc", "_b_"},
           {"abc", "%B%"},
           {"a%b", "a[%]b"},
           {"b", "[a-c]"},
           {"B", "[a-c]"},
           {"d", "[^a-c]"},
           {"-", "[a-]"},
           {"[", "["},
           {"\xc3\xa4x", "_x"},
           {"abababac", "%abac"},
           {"]", "[]]"}})
    EXPECT_TRUE(Pattern(pattern).matches(text)) << text << " " << pattern;
  for (const auto& [text, pattern] : std::initializer_list<std::pair<const char*, const char*>>{
           {"abc", ""}, {"abc", "ab"}, {"ab", "abc"}, {"abc", "_"}, {"d", "[a-c]"}, {"a", "[^a-c]"}, {"abc", "%d%"}})
    EXPECT_FALSE(Pattern(pattern).matches(text)) << text << " " << pattern;
}

TEST(WqlPattern, CharactersAreThoseOfUnicode) {
  for (const auto& [text, pattern] : std::initializer_list<std::pair<const char*, const char*>>{
           {"ß", "_"},       {"ß", "ss"},      {"ß", "SS"},        {"ß", "s_"},
           {"ß", "[ß]"},     {"ẞ", "[ß]"},     {"STRASSE", "%ß%"}, {"Straße", "%se"},
           {"Я", "[а-я]"},   {"я", "[А-Я]"},   {"É", "[^а-яa-z]"}, {"É", "[é]"},
           {"ÿ", "[ß-ÿ]"},   {"😀 vm", "_ vm"}, {"😀 vm", "[😀-😂]%"}, {"a", "[^а]"},  // a Latin text, a Cyrillic set
           {"σς", "[Σ][Σ]"}, {"\xff", "_"},    {"\xff", "\xff"},   {"\xc3\xa9", "[\xc3\xa9]"},
           {"Å", "[\u212b]"}})
    EXPECT_TRUE(Pattern(pattern).matches(text)) << text << " " << pattern;
  for (const auto& [text, pattern] : std::initializer_list<std::pair<const char*, const char*>>{{"ß", "__"},
                                                                                                {"ß", "s"},
                                                                                                {"É", "[а-я]%"},
                                                                                                {"é", "__"},
                                                                                                {"я", "[^А-Я]"},
                                                                                                {"é", "[e]"},
                                                                                                {"\xc3", "[\xc3\xa9]"},
                                                                                                {"é", "\xc3%"},
                                                                                                {"😀", "[а-я]"}})
    EXPECT_FALSE(Pattern(pattern).matches(text)) << text << " " << pattern;
}

TEST(WqlPattern, ExpressionsMatchAsThoseOfCql) {
  for (const auto& [text, pattern] : std::initializer_list<std::pair<const char*, const char*>>{{"abcdefg", "abcdefg"},
                                                                                                {"ABC", "abc"},
                                                                                                {"ab?", "ab."},
                                                                                                {"aa!b", ".a.b"},
                                                                                                {".ab", "\\.ab"},
                                                                                                {"abcdefg", ".*"},
                                                                                                {"", ".*"},
                                                                                                {"", ".*.*"},
                                                                                                {"", "a*"},
                                                                                                {"......", "\\.*"},
                                                                                                {"abcddddd", "abcd*"},
                                                                                                {"abc", "abcd*"},
                                                                                                {"abbbbcd", "ab*cd"},
                                                                                                {"acd", "ab*cd"},
                                                                                                {"ab123!cd", "ab.*cd"},
                                                                                                {"*ab", "\\*ab"},
                                                                                                {"a\\b", "a\\\\b"},
                                                                                                {"aaab", "a*aab"},
                                                                                                {"abab", "a*b*a*b*"},
                                                                                                {"%_[", "%_["},
                                                                                                {"ß", "s*"},
                                                                                                {"ßẞß", "ß*"},
                                                                                                {"😀😀x", "😀*x"},
                                                                                                {"ß", "ss*"},
                                                                                                {"xaab", ".*a*b"},
                                                                                                {"straße", "stra.e"},
                                                                                                {"", ""}}) {
    const auto read = Pattern::read_expression(pattern);
    ASSERT_TRUE(read) << pattern << ": " << read.error().message;
    EXPECT_TRUE(read->matches(text)) << text << " " << pattern;
  }
  for (const auto& [text, pattern] : std::initializer_list<std::pair<const char*, const char*>>{{"abcd", "abc"},
                                                                                                {"abcd", "bcd"},
                                                                                                {"abc", "abcd"},
                                                                                                {"xab", "\\.ab"},
                                                                                                {"abc", ""},
                                                                                                {"", "."},
                                                                                                {"", "aa*"},
                                                                                                {"abxcd", "ab*cd"},
                                                                                                {"a", "a*a*b"},
                                                                                                {"b.", "\\.*"},
                                                                                                {"a", "%"}}) {
    const auto read = Pattern::read_expression(pattern);
    ASSERT_TRUE(read) << pattern << ": " << read.error().message;
    EXPECT_FALSE(read->matches(text)) << text << " " << pattern;
  }
  for (const char* pattern : {"*", "*a", "a**", ".**", "\\a", "a\\", "\\d*"})
    EXPECT_FALSE(Pattern::read_expression(pattern)) << pattern;
  EXPECT_FALSE(Pattern::read_expression("a*" + std::string(2000, 'b')));
}

TEST(WqlPattern, ManyWildcardsTakeNoTime) {
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "%a";
  EXPECT_FALSE(Pattern(pattern + "c").matches(std::string(100'000, 'a') + "b"));
}

// The first implementation: from the pattern's text, again each time.
bool matches_slowly(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '%') {
    for (std::size_t i = 0; i <= text.size(); ++i)
      if (matches_slowly(text.substr(i), pattern.substr(1))) return true;
    return false;
  }
  if (text.empty()) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  const char c = lower(text.front());
  const std::size_t end = pattern.front() == '[' ? pattern.find(']', 2) : std::string_view::npos;
  if (end == std::string_view::npos)
    return (pattern.front() == '_' || lower(pattern.front()) == c) && matches_slowly(text.substr(1), pattern.substr(1));
  std::string_view set = pattern.substr(1, end - 1);
  const bool negated = set.size() > 1 && set.front() == '^';
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < set.size(); ++i) {
    const bool range = i + 2 < set.size() && set[i + 1] == '-';
    found = found || (lower(set[i]) <= c && c <= lower(set[range ? i + 2 : i]));
    if (range) i += 2;
  }
  return found != negated && matches_slowly(text.substr(1), pattern.substr(end + 1));
}

RC_GTEST_PROP(Pattern, MatchesWhatThePlainestReadingDoes, ()) {
  const auto text_of = [](std::string_view letters) {
    return rc::gen::container<std::string>(rc::gen::elementOf(std::vector<char>(letters.begin(), letters.end())));
  };
  const std::string text = (*text_of("abAB-z]^")).substr(0, 10);
  const std::string pattern = (*text_of("abAz%%_[]^-")).substr(0, 12);
  RC_ASSERT(Pattern(pattern).matches(text) == matches_slowly(text, pattern));
}

TEST(Pattern, LongOnesTakeNoLongerThanTheirLengthTimesTheText) {
  std::string text(2'000, 'a');
  for (const char* const piece : {"%", "_%", "[", "[a-z]", "%a", "[^b]%", "%ß", "%[ß-я]"}) {
    std::string pattern;
    while (pattern.size() < 60'000) pattern += piece;
    EXPECT_FALSE(Pattern(pattern + "q").matches(text)) << piece;
  }
  std::string members;
  for (unsigned i = 0; i < 20'000; ++i) members += i % 2 == 0 ? "я" : "b-c";
  EXPECT_FALSE(Pattern("%[" + members + "]q").matches(std::string(20'000, 'a')));
}

}  // namespace
}  // namespace vmms::cim::wql
