#include "wire/xml/reader.hpp"

#include "base/encoding.hpp"

#include <gtest/gtest.h>

#include <random>

namespace vmms::wire::xml {
namespace {

std::string refusal(std::string text) {
  const auto document = Document::parse(std::move(text));
  return document ? "accepted" : document.error().message;
}

Failure refusal_kind(std::string text) {
  const auto document = Document::parse(std::move(text));
  EXPECT_FALSE(document);
  return document ? Failure::internal : document.error().kind;
}

TEST(XmlReader, ResolvesNamespacesOfElementsAndAttributes) {
  const auto document =
      Document::parse(R"(<a:root xmlns:a="urn:a" xmlns="urn:default" a:x="1" x="2"><child/><b:child xmlns:b="urn:a"/>)"
                      R"(<a:child xmlns:a="urn:inner"><a:deep/></a:child><none xmlns=""/></a:root>)");
  ASSERT_TRUE(document) << document.error().message;
  const Element root = document->root();
  EXPECT_TRUE(root.is("urn:a", "root"));
  EXPECT_EQ(root.attribute("urn:a", "x"), "1");
  EXPECT_EQ(root.attribute({}, "x"), "2") << "an attribute without prefix has no namespace";
  EXPECT_EQ(root.attribute({}, "y"), std::nullopt);
  EXPECT_TRUE(root.first_child().is("urn:default", "child"));
  EXPECT_TRUE(root.child("urn:a", "child"));
  EXPECT_TRUE(root.child("urn:inner", "child").first_child().is("urn:inner", "deep"));
  EXPECT_TRUE(root.child("", "none"));
  EXPECT_FALSE(root.child("urn:other", "child"));
}

TEST(XmlReader, NoElementIsHarmless) {
  const Element none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.name(), "");
  EXPECT_EQ(none.namespace_uri(), "");
  EXPECT_EQ(none.text(), "");
  EXPECT_FALSE(none.first_child());
  EXPECT_FALSE(none.child("urn:a", "x").next_sibling());
  EXPECT_EQ(none.attribute({}, "x"), std::nullopt);
}

TEST(XmlReader, TextJoinsCharacterDataAndCdata) {
  const auto document = Document::parse("<r>a&lt;&#x41;<!-- not this --><![CDATA[<b>&amp;]]>\r\n<x>not this</x>z</r>");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->root().text(), "a<A<b>&amp;\nz");
}

TEST(XmlReader, KeepsWhiteSpaceThatIsAllThereIs) {
  const auto document = Document::parse("<r><a>  </a><b>\n <c/>\n</b></r>");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().first_child().text(), "  ");
}

TEST(XmlReader, AcceptsDeclarationMarkAndProcessingInstructions) {
  EXPECT_EQ(refusal("\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?other thing?><!-- c --><r/>\n"),
            "accepted");
  EXPECT_EQ(refusal("<?xml version='1.0' encoding='us-ascii'?><r/>"), "accepted");
  EXPECT_EQ(refusal("<?xml version='1.1' standalone = 'no' ?><r/>"), "accepted")
      << "a processor of 1.0 reads what says 1.x (fifth edition)";
  EXPECT_EQ(refusal("<r><?xml-stylesheet x?><?p?></r>"), "accepted");
}

TEST(XmlReader, RefusesOtherEncodings) {
  using namespace std::string_literals;
  EXPECT_EQ(refusal_kind("\xFF\xFE<\0r\0/\0>\0"s), Failure::not_supported);
  EXPECT_EQ(refusal_kind("\xFE\xFF\0<\0r\0/\0>"s), Failure::not_supported);
  EXPECT_EQ(refusal_kind("<\0r\0/\0>\0"s), Failure::not_supported);
  EXPECT_EQ(refusal_kind("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><r/>"), Failure::not_supported);
}

TEST(XmlReader, RefusesDocumentTypesAndUndefinedEntities) {
  EXPECT_NE(refusal("<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><r>&b;</r>").find("document type"),
            std::string::npos);
  EXPECT_NE(refusal("<r>&nbsp;</r>").find("not defined"), std::string::npos);
  EXPECT_NE(refusal("<r a=\"&b;\"/>").find("not defined"), std::string::npos);
  EXPECT_NE(refusal("<r>a & b</r>").find("no reference"), std::string::npos);
  EXPECT_NE(refusal("<r>&#0;</r>").find("not allow"), std::string::npos);
  EXPECT_NE(refusal("<r>&#xD800;</r>").find("not allow"), std::string::npos);
  EXPECT_NE(refusal("<r>&#99999999;</r>").find("not allow"), std::string::npos);
  EXPECT_NE(refusal("<r>&#-1;</r>").find("not allow"), std::string::npos);
}

TEST(XmlReader, RefusesWhatIsNotWellFormed) {
  for (const char* text : {"",
                           "   ",
                           "text",
                           "<",
                           "<r",
                           "<r>",
                           "</r>",
                           "<r></s>",
                           "<r/><s/>",
                           "<r/>text",
                           "text<r/>",
                           "<r a=1/>",
                           "<r a/>",
                           "<r a=\"1\"b=\"2\"/>",
                           "<r a=\"<\"/>",
                           "<r a=\"1/>",
                           "<r><!-- </r>",
                           "<r><![CDATA[ </r>",
                           "<![CDATA[x]]><r/>",
                           "<r><?pi </r>",
                           "<1/>",
                           "<r 1=\"2\"/>",
                           "<>",
                           "<r><?xml version=\"1.0\"?></r>",
                           "<r></r",
                           "<!ELEMENT r ANY><r/>",
                           "<r>]]></r>",
                           "<r><!-- a -- b --></r>",
                           "<r><!--x---></r>",
                           "<\u2028/>",
                           "<\u00d7/>",
                           "<\u0300/>",
                           "<r a\u00d7=\"1\"/>",
                           "<r><?XML x?></r>",
                           "<r><?xMl?></r>",
                           "<r><?p+?></r>",
                           "<r><?a:b?></r>",
                           "<p:1 xmlns:p=\"u\"/>",
                           " <?xml version=\"1.0\"?><r/>",
                           "<!--x--><?xml version=\"1.0\"?><r/>",
                           "<?xml version=\"1.0\"?><?xml version=\"1.0\"?><r/>",
                           "<?xml?><r/>",
                           "<?xml encoding=\"utf-8\"?><r/>",
                           "<?xml version=\"2.0\"?><r/>",
                           "<?xml version=\"1.\"?><r/>",
                           "<?xml version=\"1.0\" xencoding=\"utf-8\"?><r/>",
                           "<?xml version=\"1.0\"encoding=\"utf-8\"?><r/>",
                           "<?xml version=\"1.0\" standalone=\"maybe\"?><r/>",
                           "<?xml version=\"1.0\" encoding=\"us-ascii\"?><r>\u00e9</r>"})
    EXPECT_EQ(refusal_kind(text), Failure::invalid_argument) << text;
}

TEST(XmlReader, RefusesBadUtf8AndControlCharacters) {
  using namespace std::string_literals;
  for (const std::string& bytes : {"\x80"s, "\xC3"s, "\xC0\x80"s, "\xED\xA0\x80"s, "\xF4\x90\x80\x80"s, "\xFF"s,
                                   "\xE2\x82"s, "\xF8\x88\x80\x80\x80"s}) {
    EXPECT_NE(refusal("<r>" + bytes + "</r>").find("UTF-8"), std::string::npos);
    EXPECT_NE(refusal("<r a=\"" + bytes + "\"/>").find("UTF-8"), std::string::npos);
  }
  for (const std::string& bytes : {"\0"s, "\x01"s, "\x1F"s, "\xEF\xBF\xBE"s})
    EXPECT_NE(refusal("<r>" + bytes + "</r>").find("control character"), std::string::npos);
  EXPECT_EQ(refusal("<r>\tä€😀\x7F</r>"), "accepted");
}

TEST(XmlReader, RefusesNamespaceErrors) {
  for (const char* text :
       {"<a:r/>", "<r a:x=\"1\"/>", "<r xmlns:a=\"\"/>", "<r x=\"1\" x=\"2\"/>",
        "<r xmlns:a=\"urn:1\" xmlns:b=\"urn:1\" a:x=\"1\" b:x=\"2\"/>", "<r xmlns=\"u\" xmlns=\"v\"/>",
        "<r xmlns:xml=\"urn:other\"/>", "<r xmlns:xmlns=\"urn:other\"/>", "<:r/>", "<r:/>", "<a:b:c xmlns:a=\"u\"/>",
        "<r xmlns:=\"u\"/>", "<r><s xmlns:a=\"u\"/><a:t/></r>",
        // Of one namespace, however it came to its prefixes.
        "<r xmlns:a=\"u\"><s xmlns:b=\"u\" a:x=\"1\" b:x=\"2\"/></r>",
        "<r><s xmlns:a=\"u\"/><s xmlns:a=\"u\" xmlns:b=\"&#117;\" a:x=\"1\" b:x=\"2\"/></r>",
        "<r xmlns=\"u\" xmlns:a=\"v\"><s xmlns:b=\"u\" xmlns:a=\"u\" a:x=\"1\" b:x=\"2\"/></r>",
        "<r xml:x=\"1\" xmlns:xml=\"http://www.w3.org/XML/1998/namespace\" xml:x=\"2\"/>"})
    EXPECT_EQ(refusal_kind(text), Failure::invalid_argument) << text;
  EXPECT_EQ(refusal("<r xmlns:a=\"u\" xmlns:b=\"v\" a:x=\"1\" b:x=\"2\" x=\"3\"/>"), "accepted");
  EXPECT_EQ(refusal("<r xml:lang=\"en\" xmlns:xml=\"http://www.w3.org/XML/1998/namespace\"/>"), "accepted");
}

TEST(XmlReader, TakesNamesAndReferencesOfTheFifthEdition) {
  EXPECT_EQ(refusal("<\u00e9 x\u00b7\u0300=\"1\" \U00010000=\"2\"/>"), "accepted");
  const auto document = Document::parse("<r>&#00000000000065;&#x00000000041;]]&gt;]</r>");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->root().text(), "AA]]>]");
}

TEST(XmlReader, ErrorsGiveLineAndColumn) {
  EXPECT_EQ(refusal("<r>\n  <s>&bad;</s>\n</r>").substr(0, 17), "line 2, column 6:");
  EXPECT_EQ(refusal("<r>\n<a:s/>\n</r>").substr(0, 7), "line 2,");
}

TEST(XmlReader, BoundsPiecesOfText) {
  const std::string three = "<r>a<!---->b<?p?><![CDATA[c]]></r>";
  EXPECT_TRUE(Document::parse(three, {.texts = 3}));
  const auto refused = Document::parse(three, {.texts = 2});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("pieces of text"), std::string::npos) << refused.error().message;
  std::string many = "<r>";
  for (std::size_t i = 0; i <= Limits().texts; ++i) many += "a<!---->";
  EXPECT_NE(refusal(many + "</r>").find("pieces of text"), std::string::npos);
  // As many as there are in a document of the most elements with white space around each.
  std::string spaced = "<r>";
  for (std::size_t i = 1; i < Limits().elements; ++i) spaced += "\n<a>\n</a>";
  EXPECT_EQ(refusal(spaced + "\n</r>"), "accepted");
}

TEST(XmlReader, AsksWhetherItsMemoryCanBeAfforded) {
  std::size_t asked = 0;
  std::size_t most = SIZE_MAX;
  const Afford afford = [&](std::size_t bytes) {
    EXPECT_GT(bytes, asked);
    asked = bytes;
    return bytes > most ? Status(error(Failure::busy, "too dear")) : Status();
  };
  const auto parse = [&](const std::string& text) {
    asked = 0;
    return Document::parse(text, {}, EncodingName::counts, afford);
  };
  std::string elements = "<r>";
  std::string texts = "<r>";
  std::string attributes = "<r>";
  for (int i = 0; i < 10'000; ++i) {
    elements += "<a/>";
    texts += "&amp;<!---->";
    attributes += "<a b=\"\"/>";
  }
  for (const std::string& text : {elements + "</r>", texts + "</r>", attributes + "</r>"}) {
    most = SIZE_MAX;
    const auto document = parse(text);
    ASSERT_TRUE(document) << document.error().message;
    EXPECT_LE(document->footprint(), asked + 16 * 1024) << "all but the first entries is asked for";
    most = asked / 2;
    const auto refused = parse(text);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), error(Failure::busy, "too dear"));
  }
  ASSERT_TRUE(parse("<r>small</r>"));
  EXPECT_EQ(asked, 0u);
}

TEST(XmlReader, BoundsDepthElementsAndAttributes) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  EXPECT_NE(refusal(deep).find("nested"), std::string::npos);

  std::string many_attributes = "<r";
  for (int i = 0; i < 50'000; ++i) many_attributes += " a" + std::to_string(i) + "=\"\"";
  EXPECT_NE(refusal(many_attributes + "/>").find("attributes in one element"), std::string::npos);

  std::string spread = "<r>";
  for (int i = 0; i < 50'000; ++i) spread += "<a b=\"\"/>";
  EXPECT_NE(refusal(spread + "</r>").find("attributes"), std::string::npos);

  std::string many_elements = "<r>";
  for (int i = 0; i < 100'000; ++i) many_elements += "<a/>";
  EXPECT_NE(refusal(many_elements + "</r>").find("elements"), std::string::npos);

  std::string declarations = "<r>";
  for (int i = 0; i < 50; ++i) {
    declarations += "<a";
    for (int j = 0; j < 10; ++j) declarations += " xmlns:n" + std::to_string(i * 10 + j) + "=\"u\"";
    declarations += ">";
  }
  EXPECT_NE(refusal(declarations +
                    [] {
                      std::string ends;
                      for (int i = 0; i < 50; ++i) ends += "</a>";
                      return ends + "</r>";
                    }())
                .find("namespace declarations"),
            std::string::npos);
}

TEST(XmlReader, SurvivesRandomAndTruncatedText) {
  std::mt19937 random(4711);
  const std::string good =
      "<s:Envelope xmlns:s=\"urn:s\"><s:Body a=\"1\"><x>&amp;<![CDATA[<>]]></x><!-- c --></s:Body></s:Envelope>";
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(Document::parse(good.substr(0, length))) << length;
  static constexpr char alphabet[] = "<>/&;:=\"'!-[]? abxmlns#0\xC3\xA4\x01\n";
  for (int i = 0; i < 20'000; ++i) {
    std::string text = i % 2 ? good : std::string();
    for (int j = 0; j < 12; ++j) {
      const char c = alphabet[random() % (sizeof alphabet - 1)];
      if (text.empty() || i % 2 == 0)
        text += c;
      else
        text[random() % text.size()] = c;
    }
    if (const auto document = Document::parse(text)) (void)document->root().text();
  }
}

TEST(XmlReader, TheDeclarationIsVoidOnceTheEncodingIsAnother) {
  const Encoding little{Encoding::Form::utf16_little_endian, true};
  const std::string text = R"(<?xml version="1.0" encoding="UTF-16"?><a/>)";
  ASSERT_EQ(to_utf8(from_utf8(text, little), little).value(), text);
  EXPECT_FALSE(Document::parse(text));
  EXPECT_TRUE(Document::parse(text, {}, EncodingName::is_void));
  EXPECT_FALSE(Document::parse("<?xml encoding=\"UTF-16\"?><a/>", {}, EncodingName::is_void));
}

}  // namespace
}  // namespace vmms::wire::xml
