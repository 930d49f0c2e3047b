#include "wire/wsman/fault.hpp"

#include "base/shortened.hpp"
#include "base/text.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/writer.hpp"

#include <fmt/format.h>

#include <iterator>

namespace vmms::wire::wsman {

namespace {

constexpr std::string_view sender = "s:Sender";
constexpr std::string_view receiver = "s:Receiver";

constexpr std::size_t longest_header_name = 1024;

constexpr std::uint32_t wbem_failed = 0x80041001;
constexpr std::uint32_t wbem_not_found = 0x80041002;
constexpr std::uint32_t wbem_access_denied = 0x80041003;
constexpr std::uint32_t wbem_provider_failure = 0x80041004;
constexpr std::uint32_t wbem_invalid_parameter = 0x80041008;
constexpr std::uint32_t wbem_not_supported = 0x8004100C;
constexpr std::uint32_t wbem_invalid_class = 0x80041010;
constexpr std::uint32_t wbem_transport_failure = 0x80041015;
constexpr std::uint32_t wbem_invalid_operation = 0x80041016;
constexpr std::uint32_t wbem_already_exists = 0x80041019;
constexpr std::uint32_t wbem_invalid_method = 0x8004102E;
constexpr std::uint32_t wbem_invalid_method_parameters = 0x8004102F;
constexpr std::uint32_t wbem_server_too_busy = 0x80041045;
constexpr std::uint32_t wbem_timed_out = 0x80041069;

// What real hosts answer for a namespace that they do not have; virt-who looks for it.
constexpr std::uint32_t wsman_cannot_process_filter = 0x8033801A;

// 500 is what real hosts send for nearly all faults, and what openwsman still reads as SOAP.
constexpr FaultRow table[] = {
    {Condition::failed, "failed", receiver, "w:InternalError", "", wbem_failed, wbem_failed, 1, 500,
     "The operation was tried and failed."},
    {Condition::internal, "internal", receiver, "w:InternalError", "", wbem_provider_failure, wbem_provider_failure, 1,
     500, "The service cannot comply with the request due to an error of its own."},
    {Condition::invalid_argument, "invalid_argument", sender, "w:InvalidParameter", "InvalidValue", 0x8033803A,
     wbem_invalid_parameter, 4, 500, "A value of the request cannot be used."},
    {Condition::not_found, "not_found", sender, "a:DestinationUnreachable", "InvalidResourceURI", 0x80338000,
     wbem_not_found, 6, 500, "There is no instance with this class and these selectors."},
    {Condition::already_exists, "already_exists", sender, "w:AlreadyExists", "", 0x80338033, wbem_already_exists, 11,
     500, "The instance exists already."},
    {Condition::access_denied, "access_denied", sender, "w:AccessDenied", "", 5, wbem_access_denied, 2, 500,
     "Access is denied."},
    {Condition::not_supported, "not_supported", sender, "w:UnsupportedFeature", "", 0x80338042, wbem_not_supported, 7,
     500, "The operation is not supported."},
    {Condition::invalid_state, "invalid_state", receiver, "w:InternalError", "", wbem_invalid_operation,
     wbem_invalid_operation, 1, 500, "The operation is not possible in the present state."},
    {Condition::timed_out, "timed_out", receiver, "w:TimedOut", "", 0x80338029, wbem_timed_out, 1, 500,
     "The operation did not finish within its OperationTimeout."},
    {Condition::unreachable, "unreachable", receiver, "w:InternalError", "", wbem_transport_failure,
     wbem_transport_failure, 1, 500, "The guest or host cannot be asked at present."},
    {Condition::busy, "busy", sender, "w:QuotaLimit", "", 0x8033803F, wbem_server_too_busy, 27, 500,
     "The service has reached a limit. Try again later."},

    {Condition::http_method, "http_method", sender, "", "", 0x80338074, 0, 0, 405, "Only POST is answered here."},
    {Condition::media_type, "media_type", sender, "", "", 0x80338075, 0, 0, 415,
     "The content type must be application/soap+xml."},
    {Condition::malformed_xml, "malformed_xml", sender, "w:SchemaValidationError", "", 0x80338043, 0, 0, 400,
     "The request is not well-formed XML."},
    {Condition::character_set, "character_set", sender, "w:EncodingLimit", "CharacterSet", 0x8033804C, 0, 0, 400,
     "The request's character set is not supported. Send UTF-8."},
    {Condition::not_soap, "not_soap", sender, "w:SchemaValidationError", "", 0x80338043, 0, 0, 400,
     "The request is not a SOAP envelope."},
    {Condition::soap_version, "soap_version", "s:VersionMismatch", "", "", 0x8033800D, 0, 0, 500,
     "Only SOAP 1.2 is supported."},

    {Condition::not_understood, "not_understood", "s:MustUnderstand", "", "", 0x80338010, 0, 0, 500,
     "A header that must be understood is not."},
    {Condition::missing_header, "missing_header", sender, "a:MessageInformationHeaderRequired", "", 0x80338011, 0, 0,
     500, "A required header is missing."},
    {Condition::invalid_header, "invalid_header", sender, "a:InvalidMessageInformationHeader", "", 0x8033800F, 0, 0,
     500, "A header is not valid."},
    {Condition::addressing_mode, "addressing_mode", sender, "w:UnsupportedFeature", "AddressingMode", 0x80338076, 0, 0,
     500, "Answers and faults go back over the connection of the request only."},
    {Condition::action_not_supported, "action_not_supported", sender, "a:ActionNotSupported", "", 0x80338013, 0, 0, 500,
     "The action is not supported."},
    {Condition::invalid_resource_uri, "invalid_resource_uri", sender, "a:DestinationUnreachable", "InvalidResourceURI",
     0x8033803B, 0, 0, 500, "The resource URI does not name a class."},
    {Condition::unknown_namespace, "unknown_namespace", sender, "a:DestinationUnreachable", "InvalidResourceURI",
     wsman_cannot_process_filter, wsman_cannot_process_filter, 3, 500, "There is no such namespace."},
    {Condition::unknown_class, "unknown_class", sender, "a:DestinationUnreachable", "InvalidResourceURI", 0x80338000,
     wbem_invalid_class, 5, 500, "There is no such class in the namespace."},
    {Condition::unknown_method, "unknown_method", sender, "a:ActionNotSupported", "", 0x80338013, wbem_invalid_method,
     17, 500, "The class has no such method."},
    {Condition::invalid_selectors, "invalid_selectors", sender, "w:InvalidSelectors", "UnexpectedSelectors", 0x8033805B,
     0, 0, 500, "The selectors do not fit the class."},
    {Condition::duplicate_selectors, "duplicate_selectors", sender, "w:InvalidSelectors", "DuplicateSelectors",
     0x8033805F, 0, 0, 500, "A selector is given twice."},
    {Condition::selector_limit, "selector_limit", sender, "w:EncodingLimit", "SelectorLimit", 0x8033804A, 0, 0, 500,
     "There are too many selectors."},
    {Condition::unsupported_options, "unsupported_options", sender, "w:InvalidOptions", "NotSupported", 0x80338051, 0,
     0, 500, "An option that must be complied with is not supported."},
    {Condition::fragment_transfer, "fragment_transfer", sender, "w:UnsupportedFeature", "FragmentLevelAccess",
     0x80338077, 0, 0, 500, "Fragment-level access is not supported for this operation."},
    {Condition::envelope_limit, "envelope_limit", sender, "w:EncodingLimit", "MinimumEnvelopeLimit", 0x8033807E, 0, 0,
     500, "MaxEnvelopeSize must be at least 8192 octets."},

    {Condition::schema_validation, "schema_validation", sender, "w:SchemaValidationError", "", 0x80338041, 0, 0, 500,
     "The body does not fit the action."},
    {Condition::unknown_parameter, "unknown_parameter", sender, "w:InvalidParameter", "InvalidName", 0x80338055,
     wbem_invalid_method_parameters, 4, 500, "The method has no such parameter."},
    {Condition::invalid_representation, "invalid_representation", sender, "x:InvalidRepresentation", "InvalidValues",
     0x80338015, wbem_invalid_parameter, 4, 500, "The instance in the body cannot be used."},
    {Condition::filter_dialect, "filter_dialect", sender, "n:FilterDialectRequestedUnavailable", "", 0x80338019, 0, 0,
     500, "The filter's dialect is not supported."},
    {Condition::cannot_process_filter, "cannot_process_filter", sender, "n:CannotProcessFilter", "",
     wsman_cannot_process_filter, 0, 0, 500, "The filter cannot be processed. It might be missing or not valid."},
    {Condition::enumeration_mode, "enumeration_mode", sender, "w:UnsupportedFeature", "EnumerationMode", 0x80338086, 0,
     0, 500, "The enumeration mode is not supported."},
    {Condition::polymorphism_mode, "polymorphism_mode", sender, "b:PolymorphismModeNotSupported", "", 0x80338042, 0, 0,
     500, "The polymorphism mode is not supported."},
    {Condition::invalid_expiration, "invalid_expiration", sender, "n:InvalidExpirationTime", "", 0x80338016, 0, 0, 500,
     "The expiration time is not valid."},
    {Condition::unsupported_expiration, "unsupported_expiration", sender, "n:UnsupportedExpirationType", "", 0x80338017,
     0, 0, 500, "Only durations are accepted as expiration time."},
    {Condition::invalid_context, "invalid_context", receiver, "n:InvalidEnumerationContext", "", 0x8033801B, 0, 0, 500,
     "There is no such enumeration context: it has ended, expired, or belongs to another user."},
    {Condition::concurrency, "concurrency", sender, "w:Concurrency", "", 0x80338032, 0, 0, 500,
     "Another Pull of this enumeration is still being answered."},
    {Condition::fragment_dialect, "fragment_dialect", sender, "w:FragmentDialectNotSupported", "", 0x80338078, 0, 0,
     500, "The dialect of the fragment's expression is not supported. Use XPath 1.0."},

    {Condition::answer_too_large, "answer_too_large", sender, "w:EncodingLimit", "MaxEnvelopeSize", 0x80338047, 0, 0,
     500, "The answer does not fit into MaxEnvelopeSize."},
    {Condition::unreportable_success, "unreportable_success", sender, "w:EncodingLimit", "UnreportableSuccess",
     0x8033804D, 0, 0, 500, "The operation was carried out, but its answer does not fit into MaxEnvelopeSize."},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(table); ++i)
    if (static_cast<std::size_t>(table[i].condition) != i) return false;
  return std::size(table) == static_cast<std::size_t>(Condition::unreportable_success) + 1;
}
static_assert(in_order(), "fault_row() finds a row by its place");

std::string_view fault_action(const FaultRow& row) {
  switch (row.subcode.empty() ? 'a' : row.subcode.front()) {
    case 'a':
      return names::addressing_fault_action;
    case 'b':
      return "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/fault";
    case 'n':
      return "http://schemas.xmlsoap.org/ws/2004/09/enumeration/fault";
    case 'x':
      return "http://schemas.xmlsoap.org/ws/2004/09/transfer/fault";
    default:
      return names::fault_action;
  }
}

// As real hosts spell it, with all properties of the class; what says nothing here is NULL or 0.
void write_wmi_error(xml::Writer& writer, const FaultRow& row, std::string_view message) {
  const auto null = [&](std::string_view name) {
    writer.start("p", name).attribute("xsi:type", "cim:cimString").attribute("xsi:nil", "true").end();
  };
  const auto value = [&](std::string_view name, std::string_view type, std::string_view text) {
    writer.start("p", name).attribute("xsi:type", type).text(text).end();
  };
  writer.start("p:MSFT_WmiError")
      .attribute("b:IsCIM_Error", "true")
      .attribute("xmlns:xsi", names::xsi)
      .attribute("xmlns:b", names::cimbinding)
      .attribute("xmlns:p", "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError")
      .attribute("xmlns:cim", names::cim_common)
      .attribute("xsi:type", "p:MSFT_WmiError_Type");
  value("CIMStatusCode", "cim:cimUnsignedInt", fmt::to_string(row.cim_status));
  null("CIMStatusCodeDescription");
  null("ErrorSource");
  value("ErrorSourceFormat", "cim:cimUnsignedShort", "0");
  value("ErrorType", "cim:cimUnsignedShort", "0");
  value("Message", "cim:cimString", message);
  value("MessageID", "cim:cimString", fmt::format("HRESULT 0x{:08x}", row.hresult));
  null("OtherErrorSourceFormat");
  null("OtherErrorType");
  null("OwningEntity");
  value("PerceivedSeverity", "cim:cimUnsignedShort", "0");
  value("ProbableCause", "cim:cimUnsignedShort", "0");
  null("ProbableCauseDescription");
  value("error_Category", "cim:cimUnsignedInt", "0");
  value("error_Code", "cim:cimUnsignedInt", fmt::to_string(row.hresult));
  value("error_Type", "cim:cimString", "HRESULT");
  value("error_WindowsErrorMessage", "cim:cimString", row.reason);
  writer.end();
}

void write_detail(xml::Writer& writer, const FaultRow& row, std::string_view message, std::string_view machine) {
  writer.start("s:Detail");
  if (!row.fault_detail.empty())
    writer.element("w:FaultDetail",
                   fmt::format("http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/{}", row.fault_detail));
  writer.start("f:WSManFault")
      .attribute("xmlns:f", names::wsman_fault)
      .attribute("Code", fmt::to_string(row.code))
      .attribute("Machine", machine)
      .element("f:Message", message)
      .end();
  if (row.hresult != 0) write_wmi_error(writer, row, message);
  writer.end();
}

}  // namespace

std::span<const FaultRow> fault_table() { return table; }
const FaultRow& fault_row(Condition condition) { return table[static_cast<std::size_t>(condition)]; }

Fault fault(Condition condition, std::string message) {
  if (message.size() > longest_message) message = shortened(message);
  return Fault{condition, std::move(message)};
}

Fault to_fault(const Error& error) {
  const auto condition = [&] {
    switch (error.kind) {
      case Failure::failed:
        return Condition::failed;
      case Failure::internal:
        return Condition::internal;
      case Failure::invalid_argument:
        return Condition::invalid_argument;
      case Failure::not_found:
        return Condition::not_found;
      case Failure::already_exists:
        return Condition::already_exists;
      case Failure::access_denied:
        return Condition::access_denied;
      case Failure::not_supported:
        return Condition::not_supported;
      case Failure::invalid_state:
        return Condition::invalid_state;
      case Failure::timed_out:
        return Condition::timed_out;
      case Failure::unreachable:
        return Condition::unreachable;
      case Failure::busy:
        return Condition::busy;
    }
    return Condition::internal;
  }();
  return fault(condition, error.message);
}

std::string write_fault(const Fault& fault, const std::optional<std::string>& relates_to, std::string_view machine) {
  const FaultRow& row = fault_row(fault.condition);
  const std::string_view message = fault.message.empty() ? row.reason : std::string_view(fault.message);

  std::string text;
  xml::Writer writer(text);
  writer.start("s:Envelope")
      .attribute("xml:lang", "en-US")
      .attribute("xmlns:s", names::soap)
      .attribute("xmlns:a", names::addressing)
      .attribute("xmlns:x", names::transfer)
      .attribute("xmlns:e", names::eventing)
      .attribute("xmlns:n", names::enumeration)
      .attribute("xmlns:w", names::wsman)
      .attribute("xmlns:p", names::microsoft_wsman);
  if (row.subcode.starts_with("b:")) writer.attribute("xmlns:b", names::cimbinding);
  writer.start("s:Header")
      .element("a:Action", fault_action(row))
      .element("a:MessageID", "uuid:" + random_guid())
      .element("a:To", names::anonymous);
  if (relates_to) writer.element("a:RelatesTo", *relates_to);
  // A name that cannot be given in full is left out.
  if (!fault.header_name.empty() && fault.header_name.size() + fault.header_namespace.size() <= longest_header_name) {
    const bool qualified = !fault.header_namespace.empty();
    writer.start("s:NotUnderstood").attribute("qname", (qualified ? "h:" : "") + fault.header_name);
    if (qualified) writer.attribute("xmlns:h", fault.header_namespace);
    writer.end();
  }
  // What SOAP there is instead (SOAP 1.2 part 1, 5.4.7).
  if (fault.condition == Condition::soap_version)
    writer.start("s:Upgrade").start("s:SupportedEnvelope").attribute("qname", "s:Envelope").end().end();
  writer.end().start("s:Body").start("s:Fault").start("s:Code").element("s:Value", row.soap_code);
  if (!row.subcode.empty()) writer.start("s:Subcode").element("s:Value", row.subcode).end();
  writer.end();
  writer.start("s:Reason").start("s:Text").attribute("xml:lang", "en-US").text(message).end().end();
  write_detail(writer, row, message, machine);
  writer.end().end().end();
  return text;
}

}  // namespace vmms::wire::wsman
