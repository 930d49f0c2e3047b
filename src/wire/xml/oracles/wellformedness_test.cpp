// What is well-formed, beside the two parsers that most others are.
#include "wire/xml/oracles/corpus.hpp"
#include "wire/xml/oracles/oracle.hpp"
#include "wire/xml/reader.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vmms::wire::xml {
namespace {

std::string ask_ours(const std::string& text) {
  const auto document = Document::parse(text);
  return document ? std::string() : document.error().message;
}

TEST(Wellformedness, IsAsExpatAndLibxml2HaveIt) {
  testing::Corpus corpus(20240229);
  int taken = 0;
  int refused = 0;
  for (int i = 0; i < 60'000; ++i) {
    const std::string text = corpus.document();
    if (text.find("<!DOCTYPE") != std::string::npos) continue;  // refused here by choice
    const std::string expat = testing::ask_expat(text);
    const std::string libxml2 = testing::ask_libxml2(text);
    const std::string ours = ask_ours(text);
    const std::optional<bool> right = testing::judge(text, expat, libxml2);
    ASSERT_EQ(right, ours.empty()) << ::testing::PrintToString(text) << "\nexpat: " << expat << "\nlibxml2: " << libxml2
                                   << "\nours: " << ours;
    ++(ours.empty() ? taken : refused);
  }
  EXPECT_GT(taken, 5'000);
  EXPECT_GT(refused, 5'000);
}

}  // namespace
}  // namespace vmms::wire::xml
