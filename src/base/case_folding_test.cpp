#include "base/case_folding.hpp"

#include "base/text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

namespace vmms {
namespace {

TEST(CaseFolding, TextsDifferWithoutCase) {
  for (const auto& [left, right] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", ""},
           {"web", "WEB"},
           {"сервер-01", "СЕРВЕР-01"},
           {"école", "ÉCOLE"},
           {"Straße", "STRASSE"},
           {"straẞe", "Straße"},
           {"ΣΊΣΥΦΟΣ", "σίσυφος"},
           {"ﬃ", "FFI"},
           {"\u0130", "i\u0307"},  // a capital I with a dot
           {"\u212A", "k"},        // the sign of kelvin
           {"ԵՒ", "և"},
           {"\U00010400", "\U00010428"},  // Deseret, beyond 16 bits
           {"ᏸ", "Ᏸ"},
           {"名前😀", "名前😀"}}) {
    EXPECT_TRUE(equals_folded(left, right)) << left << " " << right;
    EXPECT_TRUE(equals_folded(right, left)) << left << " " << right;
  }
  for (const auto& [left, right] : std::initializer_list<std::pair<const char*, const char*>>{
           {"a", ""}, {"ä", "a"}, {"i", "ı"}, {"сервер", "сервeр"}, {"é", "e\u0301"}, {"s", "ß"}, {"ss", "sß"}})
    EXPECT_FALSE(equals_folded(left, right)) << left << " " << right;
}

TEST(CaseFolding, TheOrderIsThatOfTheFoldedCodePoints) {
  EXPECT_LT(compare_folded("a", "B"), 0);
  EXPECT_GT(compare_folded("b", "A"), 0);
  EXPECT_LT(compare_folded("a", "ab"), 0);
  EXPECT_LT(compare_folded("Z", "é"), 0);
  EXPECT_LT(compare_folded("É", "я"), 0);
  EXPECT_LT(compare_folded("Б", "в"), 0);
  EXPECT_GT(compare_folded("ß", "SR"), 0);
  EXPECT_LT(compare_folded("\uFFFD", "\U00010000"), 0);
}

TEST(CaseFolding, OneCharacterMayHaveToStayOne) {
  EXPECT_EQ(fold_case(U'ß').size, 2u);
  EXPECT_EQ(fold_case_to_one(U'ß'), U'ß');
  EXPECT_EQ(fold_case_to_one(U'ẞ'), U'ß');
  EXPECT_EQ(fold_case_to_one(U'Я'), U'я');
  EXPECT_EQ(fold_case_to_one(U'A'), U'a');
}

TEST(CaseFolding, BytesThatAreNoTextEqualThemselvesAlone) {
  EXPECT_TRUE(equals_folded("a\xff", "A\xff"));
  EXPECT_FALSE(equals_folded("\xff", "\xfe"));
  EXPECT_FALSE(equals_folded("\xc3", "\xc3\xa9"));
  EXPECT_FALSE(equals_folded("\xed\xb3\xbf", "\xff")) << "a surrogate in UTF-8 is no character";
}

std::string text_of(const std::vector<int>& choices) {
  static const char* const pieces[] = {"a",        "A", "s", "ß",    "ẞ",    "é", "É",
                                       "\xcc\x81", "я", "Я", "\xff", "\xc3", "ﬀ", "f"};
  std::string text;
  for (const int choice : choices) text += pieces[static_cast<std::size_t>(choice) % std::size(pieces)];
  return text;
}

RC_GTEST_PROP(CaseFolding, IsAnOrder,
              (const std::vector<int>& a, const std::vector<int>& b, const std::vector<int>& c)) {
  const auto sign = [](int order) { return (order > 0) - (order < 0); };
  const auto indexes = [](const std::vector<int>& values) {
    std::vector<int> result;
    for (const int value : values) result.push_back(value < 0 ? -(value + 1) : value);
    return text_of(result);
  };
  const std::string x = indexes(a);
  const std::string y = indexes(b);
  const std::string z = indexes(c);
  RC_ASSERT(compare_folded(x, x) == 0);
  RC_ASSERT(sign(compare_folded(x, y)) == -sign(compare_folded(y, x)));
  if (compare_folded(x, y) <= 0 && compare_folded(y, z) <= 0) RC_ASSERT(compare_folded(x, z) <= 0);
}

RC_GTEST_PROP(CaseFolding, OfAsciiIsThatOfNames, (const std::string& left, const std::string& right)) {
  const auto ascii = [](std::string text) {
    for (char& c : text) c = static_cast<char>(c & 0x7F);
    return text;
  };
  const auto sign = [](int order) { return (order > 0) - (order < 0); };
  RC_ASSERT(sign(compare_folded(ascii(left), ascii(right))) == sign(compare_no_case(ascii(left), ascii(right))));
}

}  // namespace
}  // namespace vmms
