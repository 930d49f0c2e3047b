// For tests: expat and libxml2, which decide what is well-formed.
#pragma once

#include <expat.h>
#include <libxml/parser.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <regex>
#include <string>

namespace vmms::wire::xml::testing {

/// Why a parser refuses a document; empty when it accepts it.
inline std::string ask_expat(const std::string& text) {
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(XML_ParserCreateNS(nullptr, '|'),
                                                                            &XML_ParserFree);
  if (XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), 1) == XML_STATUS_OK) return {};
  return XML_ErrorString(XML_GetErrorCode(parser.get()));
}

inline std::string ask_libxml2(const std::string& text) {
  std::string refusal;
  // That the name of a namespace is a URI is no constraint of well-formedness.
  xmlSetStructuredErrorFunc(&refusal, [](void* first, xmlErrorPtr error) {
    auto& why = *static_cast<std::string*>(first);
    if (why.empty() && error->level >= XML_ERR_ERROR && error->code != XML_WAR_NS_URI) why = error->message;
  });
  const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> document(
      xmlReadMemory(text.data(), static_cast<int>(text.size()), nullptr, nullptr, XML_PARSE_NONET), &xmlFreeDoc);
  xmlSetStructuredErrorFunc(nullptr, nullptr);
  return refusal;
}

/// Whether the document is well-formed, by what both say and, where they differ, by the recommendation; nothing where
/// it is not known which is right.
inline std::optional<bool> judge(const std::string& text, const std::string& expat, const std::string& libxml2) {
  // expat does not look at the version, libxml2 takes "1." (production 26).
  static const std::regex version(R"re(^(\xEF\xBB\xBF)?<\?xml\s+version\s*=\s*("(.*?)"|'(.*?)'))re");
  static const std::regex right_version(R"(1\.[0-9]+)");
  std::smatch found;
  if (std::regex_search(text, found, version) && !std::regex_match(found.str(3) + found.str(4), right_version))
    return false;
  const bool beyond_ascii =
      std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  // libxml2 does not look at what comes after such a declaration.
  if (beyond_ascii && text.find("us-ascii") < 40) return false;
  // expat has the names of the fourth edition, and none beyond U+FFFF.
  if (beyond_ascii && expat == "not well-formed (invalid token)") return libxml2.empty();
  // libxml2 overlooks that `xmlns:xml` is there twice, and white space that is missing in a declaration.
  if (expat == "duplicate attribute" || expat == "XML declaration not well-formed") return false;
  if (expat.empty() == libxml2.empty()) return expat.empty();
  return std::nullopt;
}

}  // namespace vmms::wire::xml::testing
