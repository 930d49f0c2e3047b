#include "wire/wsman/envelope.hpp"

#include "base/text.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/writer.hpp"

namespace vmms::wire::wsman {

std::string write_envelope(const Request& request, std::string_view body) {
  std::string text;
  text.reserve(body.size() + 1024);
  xml::Writer writer(text);
  if (request.is_identify) {
    writer.start("s:Envelope").attribute("xml:lang", "en-US").attribute("xmlns:s", names::soap);
    writer.start("s:Header").end().start("s:Body").raw(body).end().end();
    return text;
  }
  const bool enumeration = request.action.starts_with(names::enumeration);
  writer.start("s:Envelope")
      .attribute("xml:lang", "en-US")
      .attribute("xmlns:s", names::soap)
      .attribute("xmlns:a", names::addressing)
      .attribute(enumeration ? "xmlns:n" : "xmlns:x", enumeration ? names::enumeration : names::transfer)
      .attribute("xmlns:w", names::wsman);
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
  writer.start("s:Body").raw(body).end().end();
  return text;
}

}  // namespace vmms::wire::wsman
