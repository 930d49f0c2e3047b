#include "wire/xml/writer.hpp"

#include "wire/xml/reader.hpp"

#include <gtest/gtest.h>

namespace vmms::wire::xml {
namespace {

TEST(XmlWriter, WritesNestedElements) {
  std::string text;
  Writer writer(text);
  writer.start("p", "a").attribute("x", "1").element("b", "2").start("c").end().start("d").text("").end();
  writer.raw("<e/>").text("t").end();
  EXPECT_EQ(text, "<p:a x=\"1\"><b>2</b><c/><d></d><e/>t</p:a>");
}

TEST(XmlWriter, EscapesMarkupAndQuotes) {
  std::string text;
  Writer(text).start("a").attribute("x", "<&>\"'\n\t").text("<&>\"'\n\t\r").end();
  EXPECT_EQ(text, "<a x=\"&lt;&amp;&gt;&quot;'&#xA;&#x9;\">&lt;&amp;&gt;&quot;'\n\t&#xD;</a>");
}

TEST(XmlWriter, ReplacesWhatXmlCannotCarry) {
  using namespace std::string_literals;
  std::string text;
  append_text(text, "a\0b\x01\x7F\xFF\xC3(\xEF\xBF\xBE\xED\xA0\x80ä"s);
  EXPECT_EQ(text, "a\uFFFDb\uFFFD\x7F\uFFFD\uFFFD(\uFFFD\uFFFD\uFFFD\uFFFDä");
}

TEST(XmlWriter, WhateverIsWrittenCanBeRead) {
  std::string value;
  for (int i = 0; i < 256; ++i) value += static_cast<char>(i);
  std::string text;
  Writer(text).start("a").attribute("x", value).text(value).end();
  const auto document = Document::parse(text);
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->root().text(), document->root().attribute({}, "x"));
}

}  // namespace
}  // namespace vmms::wire::xml
