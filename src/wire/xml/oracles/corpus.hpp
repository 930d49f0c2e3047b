// Documents, most of them nearly well-formed: put together at random from pieces that each try a rule of XML 1.0 or of
// Namespaces in XML, then sometimes broken at a byte.
#pragma once

#include <cstddef>
#include <random>
#include <string>

namespace vmms::wire::xml::testing {

class Corpus {
 public:
  explicit Corpus(unsigned seed) : random_(seed) {}

  std::string document() {
    std::string text = once_in(5) ? pick(prologs) : "";
    text += "<r xmlns:p0=\"urn:0\">" + element(0) + "</r>";
    if (once_in(8)) text += pick(epilogs);
    if (once_in(10)) {
      const std::size_t at = random_() % (text.size() + 1);
      if (once_in(2))
        text.insert(at, pick(bytes));
      else if (at < text.size())
        text.erase(at, 1);
    }
    return text;
  }

 private:
  static constexpr const char* names[] = {"a",      "A",      "_x",        "x-1",     "x.y",    "\u00e9",  "p0:b",
                                          "1a",     "-a",     ".a",        "a b",     ":a",     "a:",      "a:b:c",
                                          "p0:1",   "p0:-a",  "p0:\u0300", "xml",     "xmlns",  "xmlns:q", "xml:a",
                                          "\u00d7", "\u2028", "\u00b7",    "x\u00b7", "\u0300", "a\u0300", "\U00010000",
                                          "\ufffd", "\u037e", "\u0f00",    "\u200c",  "\u203f", "x\u203f"};
  static constexpr const char* texts[] = {"",
                                          "t",
                                          "&amp;",
                                          "&lt;&gt;&quot;&apos;",
                                          "&#65;",
                                          "&#x41;",
                                          "&#X41;",
                                          "&#0;",
                                          "&#xD800;",
                                          "&#x10FFFF;",
                                          "&#x110000;",
                                          "&#xFFFE;",
                                          "&#xFFFD;",
                                          "&foo;",
                                          "&amp",
                                          "&",
                                          "& amp;",
                                          "&;",
                                          "&#;",
                                          "&#x;",
                                          "&#00000000000065;",
                                          "&#x0000000000041;",
                                          "&#99999999999999999999;",
                                          "&#-1;",
                                          "]]>",
                                          "]]",
                                          "]>",
                                          "]]&gt;",
                                          "]",
                                          "\t\n\r\r\n",
                                          "\x0b",
                                          "\x01",
                                          "\x7f",
                                          "\uffff",
                                          "\ud7ff",
                                          "\U0001F600",
                                          "<![CDATA[x]]>",
                                          "<![CDATA[]]]]>",
                                          "<![CDATA[]]>]]>",
                                          "<![CDATA[<&]]>",
                                          "<![cdata[x]]>",
                                          "<![CDATA [x]]>",
                                          "<!--x-->",
                                          "<!---->",
                                          "<!-- -- -->",
                                          "<!-->",
                                          "<!--->",
                                          "<!--->-->",
                                          "<!---x-->",
                                          "<!--x--->",
                                          "<!-- - -->",
                                          "<!-x-->",
                                          "<?p x?>",
                                          "<?p?>",
                                          "<?p ?>",
                                          "<?p?x?>",
                                          "<?p?\?>",
                                          "<?p\tx?y?>",
                                          "<?xml version=\"1.0\"?>",
                                          "<?XML x?>",
                                          "<?xMl?>",
                                          "<?xml-a b?>",
                                          "<?xmlx?>",
                                          "<?a:b x?>",
                                          "<?\?>",
                                          "<? p?>",
                                          "<?1?>",
                                          "<?\u00d7?>",
                                          "<?p",
                                          "\u0085",
                                          "\u2028",
                                          ">",
                                          "\"",
                                          "'",
                                          "<",
                                          "</>",
                                          "< a/>",
                                          "<a / >",
                                          "<!>"};
  static constexpr const char* values[] = {"",     "v",  "&lt;",  "<",    "&amp;",    "&quot;", "'",
                                           "a\nb", "\t", "&#10;", "&#0;", "&#xFFFF;", "\x01",   "]]>",
                                           "&x;",  "&",  "a & b", ">",    "\u00e9",   "\u0085"};
  static constexpr const char* attributes[] = {"a=\"V\"",
                                               "a='V'",
                                               "a=V",
                                               "a",
                                               "a=",
                                               "a=\"V",
                                               "a =\"V\"",
                                               "a= \"V\"",
                                               "a\n=\n\"V\"",
                                               "a=\"V\"b=\"V\"",
                                               "a=\"V\" a=\"V\"",
                                               "a=\"V\" A=\"V\"",
                                               "p0:a=\"V\"",
                                               "p0:a=\"V\" a=\"V\"",
                                               "q:a=\"V\"",
                                               "xmlns=\"u\"",
                                               "xmlns=\"\"",
                                               "xmlns:p=\"urn:p\"",
                                               "xmlns:p=\"\"",
                                               "xmlns:p=\"urn:p\" xmlns:p=\"urn:p\"",
                                               "xmlns:xml=\"http://www.w3.org/XML/1998/namespace\"",
                                               "xmlns:xml=\"urn:x\"",
                                               "xmlns:xmlns=\"urn:x\"",
                                               "xmlns:p=\"http://www.w3.org/2000/xmlns/\"",
                                               "xmlns:p=\"http://www.w3.org/XML/1998/namespace\"",
                                               "xmlns=\"http://www.w3.org/XML/1998/namespace\"",
                                               "xmlns=\"http://www.w3.org/2000/xmlns/\"",
                                               "xml:lang=\"V\"",
                                               "xml:space=\"default\"",
                                               "xml:a=\"V\" xml:a=\"V\"",
                                               "xmlns:a:b=\"u\"",
                                               "xmlns:=\"u\"",
                                               "xmlns:1=\"u\"",
                                               "xmlns:q=\"u\" q:1=\"V\"",
                                               ":a=\"V\"",
                                               "a:=\"V\"",
                                               "\u00e9=\"V\"",
                                               "\u00d7=\"V\"",
                                               "1=\"V\"",
                                               "xmlns:p=\"urn:p\" p:a=\"V\"",
                                               "xmlns:p=\"u\" xmlns:q=\"u\" p:a=\"1\" q:a=\"2\"",
                                               "xmlns:p=\"u\" xmlns:q=\"u\" p:a=\"1\" q:b=\"2\"",
                                               "xmlns:p=\"urn:0\" p:a=\"1\" p0:a=\"2\"",
                                               "xmlns:p=\"urn:&#48;\" p:a=\"1\" p0:a=\"2\""};
  static constexpr const char* prologs[] = {"<?xml version=\"1.0\"?>",
                                            "<?xml version='1.0' ?>",
                                            "<?xml version=\"1.0\" encoding=\"utf-8\"?>",
                                            "<?xml version = \"1.0\" encoding = 'UTF-8' standalone = \"yes\" ?>",
                                            "<?xml version=\"1.0\"encoding=\"utf-8\"?>",
                                            "<?xml version=\"1.0\" standalone=\"no\"?>",
                                            "<?xml version=\"1.0\" standalone=\"maybe\"?>",
                                            "<?xml version=\"1.0\" standalone=\"yes\" encoding=\"utf-8\"?>",
                                            "<?xml version=\"1.1\"?>",
                                            "<?xml version=\"2.0\"?>",
                                            "<?xml version=\"1.\"?>",
                                            "<?xml version=\"1\"?>",
                                            "<?xml version=\"\"?>",
                                            "<?xml encoding=\"utf-8\"?>",
                                            "<?xml?>",
                                            "<?xml ?>",
                                            "<?xml version=1.0?>",
                                            "<?xml encoding=\"utf-8\" version=\"1.0\"?>",
                                            "<?xml version=\"1.0\" bogus=\"x\"?>",
                                            "<?xml version=\"1.0\" xencoding=\"utf-8\"?>",
                                            "<?xml version=\"1.0\" encoding=\"\"?>",
                                            "<?xml version=\"1.0\" encoding=\"-8\"?>",
                                            "<?xml version=\"1.0\" encoding=\"us-ascii\"?>",
                                            "<?xml version=\"1.0\" encoding=\"utf-8\" encoding=\"utf-8\"?>",
                                            "<?xml version=\"1.0\"?><?xml version=\"1.0\"?>",
                                            "<?xml version=\"1.0\"? >",
                                            "<?xml version=\"1.0'?>",
                                            " <?xml version=\"1.0\"?>",
                                            "<!-- x --><?xml version=\"1.0\"?>",
                                            "\n",
                                            "<!-- x --> <?p x?>",
                                            "\ufeff",
                                            "\ufeff<?xml version=\"1.0\"?>",
                                            "\ufeff\ufeff",
                                            "x",
                                            "&#32;",
                                            "<![CDATA[]]>"};
  static constexpr const char* epilogs[] = {"\n",           "<!--x-->", "<?p x?>",     "x",
                                            "<a/>",         "&#32;",    "</r>",        ">",
                                            "<![CDATA[]]>", "\ufeff",   "<!-- -- -->", "<?xml version=\"1.0\"?>"};
  static constexpr const char* bytes[] = {
      "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\x0c", "<", "&",
      "]]>",  "--",       "\"",           "\xc3\xa9",         ":"};

  bool once_in(unsigned times) { return random_() % times == 0; }
  template <std::size_t size>
  std::string pick(const char* const (&from)[size]) {
    return from[random_() % size];
  }

  std::string attribute() {
    std::string text = pick(attributes);
    if (const std::size_t value = text.find('V'); value != std::string::npos) text.replace(value, 1, pick(values));
    return text;
  }

  std::string element(int depth) {
    const std::string name = once_in(3) ? pick(names) : "a";
    std::string text = "<" + name;
    for (auto i = random_() % 3; i > 0; --i) text += (once_in(20) ? "\u00a0" : " ") + attribute();
    if (once_in(4)) return text + (once_in(4) ? " />" : "/>");
    text += ">";
    for (auto i = random_() % 4; i > 0; --i) text += once_in(3) && depth < 4 ? element(depth + 1) : pick(texts);
    return text + (once_in(30) ? "</ " : "</") + (once_in(20) ? pick(names) : name) + (once_in(5) ? " >" : ">");
  }

  std::mt19937 random_;
};

}  // namespace vmms::wire::xml::testing
