#include "wire/wsman/envelope.hpp"

#include "base/text.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/writer.hpp"

namespace vmms::wire::wsman {

namespace {

// The same for all answers of a kind, made once.
std::string start_of_envelope(std::string_view prefix, std::string_view namespace_uri) {
  std::string start;
  xml::Writer writer(start);
  writer.start("s:Envelope")
      .constant("xml:lang", "en-US")
      .constant("xmlns:s", names::soap)
      .constant("xmlns:a", names::addressing)
      .constant(prefix, namespace_uri)
      .constant("xmlns:w", names::wsman);
  writer.open("s", "Header");
  return start;
}

}  // namespace

void begin_envelope(std::string& answer, const Request& request) {
  answer.reserve(4096);  // a common answer
  xml::Writer writer(answer);
  if (request.is_identify) {
    writer.start("s:Envelope").constant("xml:lang", "en-US").constant("xmlns:s", names::soap);
    writer.start("s:Header").end().open("s", "Body");
    return;
  }
  static const std::string start_of_enumeration = start_of_envelope("xmlns:n", names::enumeration);
  static const std::string start_of_others = start_of_envelope("xmlns:x", names::transfer);
  static const std::string to = "<a:To>" + std::string(names::anonymous) + "</a:To>";
  const bool enumeration = request.action.starts_with(names::enumeration);
  writer.raw(enumeration ? start_of_enumeration : start_of_others)
      .raw("<a:Action>")
      .text(request.action)
      .raw("Response</a:Action><a:MessageID>uuid:")
      .raw(random_guid())
      .raw("</a:MessageID>")
      .raw(to)
      .element("a:RelatesTo", request.message_id.value_or(std::string()));
  if (request.fragment && !enumeration)
    writer.start("w:FragmentTransfer")
        .attribute("s:mustUnderstand", "true")
        .attribute("Dialect", request.fragment->dialect)
        .text(request.fragment->expression)
        .end();
  writer.raw("</s:Header><s:Body>");
}

void end_envelope(std::string& answer) { answer += "</s:Body></s:Envelope>"; }

}  // namespace vmms::wire::wsman
