#include "wire/wsman/client_envelope.hpp"

#include "base/text.hpp"
#include "wire/wsman/endpoint_reference.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/characters.hpp"
#include "wire/xml/simple_types.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace vmms::wire::wsman::client {

namespace {

constexpr Spelling spelling{UriFamily::microsoft, default_namespace};
constexpr std::string_view most_envelope_bytes = "1048576";

// A pull of many instances has an attribute for each NULL.
constexpr xml::Limits limits{.depth = 64, .elements = 1U << 20, .attributes = 1U << 20};

xml::Writer& understood(xml::Writer& writer, std::string_view name, std::string_view value) {
  return writer.start(name).attribute("s:mustUnderstand", "true").text(value).end();
}

std::string_view local_part(std::string_view qualified_name) {
  qualified_name = xml::trim(qualified_name);
  return qualified_name.substr(qualified_name.find(':') + 1);
}

// wbemcli.h's WBEM_E_…, which says more than the fault's code.
std::optional<Failure> failure_of_result(std::uint32_t result) {
  switch (result) {
    case 0x80041001:
      return Failure::failed;
    case 0x80041002:
      return Failure::not_found;
    case 0x80041003:
      return Failure::access_denied;
    case 0x80041004:
      return Failure::internal;
    case 0x80041008:
      return Failure::invalid_argument;
    case 0x8004100C:
      return Failure::not_supported;
    case 0x80041010:
      return Failure::not_found;
    case 0x80041015:
      return Failure::unreachable;
    case 0x80041016:
      return Failure::invalid_state;
    case 0x80041019:
      return Failure::already_exists;
    case 0x8004102E:
      return Failure::not_supported;
    case 0x8004102F:
      return Failure::invalid_argument;
    case 0x80041045:
      return Failure::busy;
    case 0x80041069:
      return Failure::timed_out;
    default:
      return {};
  }
}

// The codes of WS-Management (DSP0226 14), WS-Addressing and WS-Enumeration.
Failure failure_of_code(std::string_view code) {
  struct Kind {
    std::string_view code;
    Failure failure;
  };
  static constexpr Kind kinds[] = {
      {"AccessDenied", Failure::access_denied},
      {"DestinationUnreachable", Failure::not_found},
      {"EndpointUnavailable", Failure::unreachable},
      {"TimedOut", Failure::timed_out},
      {"AlreadyExists", Failure::already_exists},
      {"Concurrency", Failure::busy},
      {"QuotaLimit", Failure::busy},
      {"InternalError", Failure::failed},
      {"UnsupportedFeature", Failure::not_supported},
      {"ActionNotSupported", Failure::not_supported},
      {"FilterDialectRequestedUnavailable", Failure::not_supported},
      {"FilteringNotSupported", Failure::not_supported},
      {"CannotProcessFilter", Failure::invalid_argument},
      {"InvalidParameter", Failure::invalid_argument},
      {"InvalidSelectors", Failure::invalid_argument},
      {"InvalidOptions", Failure::invalid_argument},
      {"InvalidResourceURI", Failure::invalid_argument},
      {"InvalidMessageInformationHeader", Failure::invalid_argument},
      {"SchemaValidationError", Failure::invalid_argument},
      {"EncodingLimit", Failure::invalid_argument},
  };
  for (const Kind& kind : kinds)
    if (kind.code == code) return kind.failure;
  return Failure::failed;
}

// The innermost s:Subcode is the most precise one.
std::string fault_code(const xml::Element& fault) {
  xml::Element code = fault.child(names::soap, "Code");
  while (const xml::Element inner = code.child(names::soap, "Subcode")) code = inner;
  return code.child(names::soap, "Value").text();
}

// MSFT_WmiError.error_Code in the fault's detail; 0 when there is none.
std::uint32_t wmi_result(const xml::Element& fault) {
  for (const xml::Element detail : fault.child(names::soap, "Detail").children()) {
    if (detail.name() != "MSFT_WmiError") continue;
    for (const xml::Element property : detail.children()) {
      if (property.name() != "error_Code") continue;
      const std::string text = property.text();
      std::uint32_t value = 0;
      std::from_chars(text.data(), text.data() + text.size(), value);
      return value;
    }
  }
  return 0;
}

Field read_field(const xml::Element& element) {
  Field field;
  field.name = element.name();
  field.is_null = xml::read_boolean(element.attribute(names::xsi, "nil").value_or(std::string_view{})).value_or(false);
  if (field.is_null) return field;
  const xml::Element child = element.first_child();
  // In a projection times have no namespace.
  const bool is_time = child && (child.name() == "Datetime" || child.name() == "Interval");
  if (child && (child.namespace_uri() == names::cim_common || (is_time && child.namespace_uri().empty()))) {
    field.text = child.text();
  } else if (child && child.namespace_uri() == names::addressing) {
    if (auto reference = read_reference(element, default_namespace))
      field.reference = std::make_shared<const cim::ObjectPath>(std::move(*reference));
  } else {
    field.text = element.text();
  }
  return field;
}

}  // namespace

void write_selectors(xml::Writer& writer, const std::vector<cim::KeyBinding>& selectors) {
  if (selectors.empty()) return;
  writer.start("w:SelectorSet");
  for (const cim::KeyBinding& key : selectors) {
    writer.start("w:Selector").attribute("Name", key.name);
    if (key.reference) {
      writer.start("a:EndpointReference");
      write_reference(writer, *key.reference, spelling);
      writer.end();
    } else {
      writer.text(key.value);
    }
    writer.end();
  }
  writer.end();
}

std::string write_envelope(const Head& head, const std::function<void(xml::Writer&)>& body) {
  std::string text;
  xml::Writer writer(text);
  writer.start("s:Envelope")
      .attribute("xmlns:s", names::soap)
      .attribute("xmlns:a", names::addressing)
      .attribute("xmlns:n", names::enumeration)
      .attribute("xmlns:w", names::wsman);
  writer.start("s:Header");
  understood(writer, "a:Action", head.action);
  understood(writer, "a:To", head.to);
  understood(writer, "w:ResourceURI", head.resource_uri);
  writer.element("a:MessageID", "uuid:" + random_guid());
  writer.start("a:ReplyTo").element("a:Address", names::anonymous).end();
  understood(writer, "w:MaxEnvelopeSize", most_envelope_bytes);
  writer.element("w:OperationTimeout", fmt::format("PT{}.{:03}S", head.operation_timeout.count() / 1000,
                                                   head.operation_timeout.count() % 1000));
  writer.start("w:Locale").attribute("s:mustUnderstand", "false").attribute("xml:lang", "en-US").end();
  if (head.selectors) write_selectors(writer, *head.selectors);
  writer.end().start("s:Body");
  body(writer);
  writer.end().end();
  return text;
}

std::string write_identify() {
  std::string text;
  xml::Writer(text)
      .start("s:Envelope")
      .attribute("xmlns:s", names::soap)
      .attribute("xmlns:wsmid", names::wsmid)
      .start("s:Header")
      .end()
      .start("s:Body")
      .start("wsmid:Identify")
      .end()
      .end()
      .end();
  return text;
}

Result<Answer> read_envelope(std::string text) {
  auto document = xml::Document::parse(std::move(text), limits);
  if (!document) return document.error();
  Answer answer{std::move(*document), {}};
  const xml::Element root = answer.document.root();
  answer.body = root.child(names::soap, "Body");
  if (!root.is(names::soap, "Envelope") || !answer.body)
    return error(Failure::invalid_argument, "it is no SOAP 1.2 envelope");
  return answer;
}

std::optional<Error> find_fault(const Answer& answer) {
  const xml::Element fault = answer.body.child(names::soap, "Fault");
  if (!fault) return {};
  const std::string code = fault_code(fault);
  const std::string reason = fault.child(names::soap, "Reason").child(names::soap, "Text").text();
  const std::string_view text = xml::trim(reason);
  const std::optional<Failure> failure = failure_of_result(wmi_result(fault));
  return error(failure ? *failure : failure_of_code(local_part(code)),
               text.empty() ? fmt::format("the server reports the fault {} without a reason", xml::trim(code))
                            : std::string(text));
}

Record read_record(const xml::Element& element) {
  Record record;
  record.class_name = element.name();
  for (const xml::Element child : element.children()) record.fields.push_back(read_field(child));
  return record;
}

}  // namespace vmms::wire::wsman::client
