#include "wire/wsman/envelope.hpp"

#include "base/text.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/writer.hpp"

namespace vmms::wire::wsman {

void begin_envelope(std::string& answer, const Request& request) {
  answer.reserve(4096);  // a common answer
  xml::Writer writer(answer);
  if (request.is_identify) {
    writer.start("s:Envelope").constant("xml:lang", "en-US").constant("xmlns:s", names::soap);
    writer.start("s:Header").end().open("s", "Body");
    return;
  }
  const bool enumeration = request.action.starts_with(names::enumeration);
  writer.start("s:Envelope")
      .constant("xml:lang", "en-US")
      .constant("xmlns:s", names::soap)
      .constant("xmlns:a", names::addressing)
      .constant(enumeration ? "xmlns:n" : "xmlns:x", enumeration ? names::enumeration : names::transfer)
      .constant("xmlns:w", names::wsman);
  writer.start("s:Header")
      .element("a:Action", request.action + "Response")
      .element("a:MessageID", "uuid:" + random_guid())
      .element("a:To", names::anonymous)
      .element("a:RelatesTo", request.message_id.value_or(std::string()));
  if (request.fragment && !enumeration)
    writer.start("w:FragmentTransfer")
        .attribute("s:mustUnderstand", "true")
        .attribute("Dialect", request.fragment->dialect)
        .text(request.fragment->expression)
        .end();
  writer.end();
  writer.open("s", "Body");
}

void end_envelope(std::string& answer) { answer += "</s:Body></s:Envelope>"; }

}  // namespace vmms::wire::wsman
