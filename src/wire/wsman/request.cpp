#include "wire/wsman/request.hpp"

#include "base/text.hpp"
#include "cim/datetime.hpp"
#include "cim/footprint.hpp"
#include "wire/wsman/endpoint_reference.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/characters.hpp"
#include "wire/xml/simple_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

namespace vmms::wire::wsman {

namespace {

constexpr std::size_t smallest_envelope = 8192;  // DSP0226 R6.2-4
constexpr std::size_t longest_identifier = 1024;

constexpr std::string_view role_next = "http://www.w3.org/2003/05/soap-envelope/role/next";
constexpr std::string_view role_last = "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver";

/// Headers of other roles are other nodes' business (SOAP 1.2 part 1, 2.2 to 2.4).
bool is_for_us(const xml::Element& header) {
  const std::string_view role = xml::trim(header.attribute(names::soap, "role").value_or(std::string_view{}));
  return role.empty() || role == role_next || role == role_last;
}

// DSP0226 writes `s:mustUnderstand`; some clients leave out the prefix. Nothing: it is no boolean.
std::optional<bool> must_understand(const xml::Element& header) {
  for (const std::string_view uri : {names::soap, std::string_view{}})
    if (const auto value = header.attribute(uri, "mustUnderstand")) return xml::read_boolean(*value);
  return false;
}

bool is_utf8(std::string_view charset) {
  return charset.empty() || equals_no_case(charset, "utf-8") || equals_no_case(charset, "utf8");
}

/// What most other character sets have in common with UTF-8.
bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

class HeaderReader {
 public:
  HeaderReader(const RequestLimits& limits, Request& request) : limits_(limits), request_(request) {
    request_.operation_timeout = limits.operation_timeout;
    request_.max_envelope_size = limits.max_envelope_size;
  }

  OrFault<void> read(const xml::Element& header) {
    // The message id first, so that every fault can relate to it.
    for (const xml::Element block : header.children())
      if (block.is(names::addressing, "MessageID") && is_for_us(block))
        if (auto read = message_id(block); !read) return read;
    // What must be understood comes before everything else (SOAP 1.2 part 1, 2.6).
    for (const xml::Element block : header.children())
      if (auto understood = understand(block); !understood) return understood;
    if (request_.is_identify) return {};
    for (const xml::Element block : header.children())
      if (auto read = this->block(block); !read) return read;
    if (request_.action.empty()) return fault(Condition::missing_header, "the request has no wsa:Action header");
    if (!request_.message_id) return fault(Condition::missing_header, "the request has no wsa:MessageID header");
    return finish_resource();
  }

 private:
  using ReadHeader = OrFault<void> (HeaderReader::*)(const xml::Element&);
  struct Known {
    std::string_view uri;
    std::string_view name;
    ReadHeader read;
  };

  static constexpr std::size_t unknown = SIZE_MAX;

  /// The index in known() of what is processed here.
  static std::size_t find(const xml::Element& block) {
    const std::string_view name = block.name();
    const std::string_view uri = block.namespace_uri();
    const auto all = known();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Known& each) { return each.name == name && each.uri == uri; });
    return found == all.end() ? unknown : static_cast<std::size_t>(found - all.begin());
  }

  static std::span<const Known> known() {
    static constexpr Known all[] = {
        {names::addressing, "Action", &HeaderReader::action},
        {names::addressing, "MessageID", &HeaderReader::passed_over},
        {names::addressing, "To", &HeaderReader::passed_over},  // some clients name another host
        {names::addressing, "From", &HeaderReader::passed_over},
        {names::addressing, "RelatesTo", &HeaderReader::passed_over},
        {names::addressing, "ReplyTo", &HeaderReader::answer_address},
        {names::addressing, "FaultTo", &HeaderReader::answer_address},
        {names::wsman, "ResourceURI", &HeaderReader::resource_uri},
        {names::wsman, "SelectorSet", &HeaderReader::selector_set},
        {names::wsman, "OperationTimeout", &HeaderReader::operation_timeout},
        {names::wsman, "MaxEnvelopeSize", &HeaderReader::max_envelope_size},
        {names::wsman, "OptionSet", &HeaderReader::option_set},
        {names::wsman, "FragmentTransfer", &HeaderReader::fragment_transfer},
        {names::wsman, "Locale", &HeaderReader::passed_over},  // answers are in English
        {names::microsoft_wsman, "DataLocale", &HeaderReader::passed_over},
        {names::microsoft_wsman, "SessionId", &HeaderReader::passed_over},
        {names::microsoft_wsman, "OperationID", &HeaderReader::passed_over},
        {names::microsoft_wsman, "SequenceId", &HeaderReader::passed_over},
        {names::microsoft_wsman, "ActivityId", &HeaderReader::passed_over},
    };
    return all;
  }

  OrFault<void> understand(const xml::Element& block) {
    if (!is_for_us(block)) return {};
    const auto must = must_understand(block);
    if (!must)
      return fault(Condition::invalid_header,
                   fmt::format("mustUnderstand of the header {:.100} must be true or false", block.name()));
    if (!*must || find(block) != unknown) return {};
    Fault not_understood =
        fault(Condition::not_understood, fmt::format("the header {:.100} must be understood but is not", block.name()));
    not_understood.header_namespace = block.namespace_uri();
    not_understood.header_name = block.name();
    return not_understood;
  }

  OrFault<void> block(const xml::Element& block) {
    const std::size_t index = is_for_us(block) ? find(block) : unknown;
    if (index == unknown) return {};
    if (seen_ & (1U << index))
      return fault(Condition::invalid_header, fmt::format("the header {} is given twice", block.name()));
    seen_ |= 1U << index;
    return (this->*known()[index].read)(block);
  }

  OrFault<void> passed_over(const xml::Element&) { return {}; }

  OrFault<void> message_id(const xml::Element& block) {
    std::string id = block.text();
    if (id.size() > longest_identifier)
      return fault(Condition::invalid_header,
                   fmt::format("the MessageID is longer than {} characters", longest_identifier));
    request_.message_id = std::move(id);
    return {};
  }

  OrFault<void> action(const xml::Element& block) {
    request_.action = xml::trim(block.text());
    if (request_.action.size() > longest_identifier)
      return fault(Condition::invalid_header,
                   fmt::format("the Action is longer than {} characters", longest_identifier));
    return {};
  }

  OrFault<void> answer_address(const xml::Element& block) {
    const std::string text = block.child(names::addressing, "Address").text();
    if (xml::trim(text) == names::anonymous) return {};
    return fault(
        Condition::addressing_mode,
        fmt::format("{} must be the anonymous address: answers go back over the request's connection", block.name()));
  }

  OrFault<void> resource_uri(const xml::Element& block) {
    const std::string uri = block.text();
    if (uri.size() <= longest_identifier) request_.resource = parse_resource(uri);
    if (request_.resource) return {};
    return fault(Condition::invalid_resource_uri,
                 fmt::format("the resource URI {:.200} does not name a class; write {}NAMESPACE/CLASS", xml::trim(uri),
                             names::microsoft_resource));
  }

  OrFault<void> selector_set(const xml::Element& block) {
    std::size_t number = 0;
    for (const xml::Element selector : block.children())
      if (++number > most_selectors && selector)
        return fault(Condition::selector_limit, fmt::format("there are more than {} selectors", most_selectors));
    auto selectors = read_selectors(block, limits_.default_namespace);
    if (!selectors) return fault(Condition::invalid_selectors, selectors.error().message);
    if (const auto* twice = cim::find_repeated(*selectors))
      return fault(Condition::duplicate_selectors, fmt::format("the selector {:.100} is given twice", twice->name));
    request_.selectors = std::move(*selectors);
    return {};
  }

  OrFault<void> operation_timeout(const xml::Element& block) {
    const std::string text = block.text();
    const auto length = cim::parse_duration(xml::trim(text));
    if (!length || length->count() <= 0)
      return fault(Condition::invalid_header,
                   fmt::format("the OperationTimeout \"{:.40}\" is not a duration greater than zero, such as PT60S",
                               xml::trim(text)));
    request_.operation_timeout = std::min(*length, limits_.longest_operation_timeout);
    return {};
  }

  OrFault<void> max_envelope_size(const xml::Element& block) {
    const std::string text = block.text();
    const auto size = xml::read_unsigned(text);
    if (!size)
      return fault(Condition::invalid_header,
                   fmt::format("the MaxEnvelopeSize \"{:.40}\" is not a number", xml::trim(text)));
    if (*size < smallest_envelope)
      return fault(Condition::envelope_limit,
                   fmt::format("the MaxEnvelopeSize {} is less than {} octets", *size, smallest_envelope));
    request_.max_envelope_size = std::min<std::uint64_t>(*size, limits_.largest_envelope_size);
    return {};
  }

  // An option that is not known is an error only when it must be complied with (DSP0226 R6.4-5).
  OrFault<void> option_set(const xml::Element& block) {
    static constexpr std::string_view known[] = {"ExcludeNilProperties",        "IncludeClassOrigin",
                                                 "IncludeInheritanceHierarchy", "IncludeInheritedElements",
                                                 "IncludeQualifiers",           "ShowExtensions"};
    for (const xml::Element option : block.children()) {
      std::string_view name = option.attribute({}, "Name").value_or(std::string_view{});
      name.remove_prefix(std::min(name.size(), name.rfind(':') + 1));
      const bool is_known = std::any_of(std::begin(known), std::end(known),
                                        [&](std::string_view each) { return equals_no_case(each, name); });
      if (is_known) {
        const std::string text = option.text();
        request_.options.push_back({std::string(name), std::string(xml::trim(text))});
        continue;
      }
      const auto comply = option.attribute({}, "MustComply");
      if (comply && xml::read_boolean(*comply).value_or(true))
        return fault(Condition::unsupported_options, fmt::format("the option {:.100} is not supported", name));
    }
    return {};
  }

  OrFault<void> fragment_transfer(const xml::Element& block) {
    // A receiver that does not understand it would take the fragment for the whole (DSP0226 R7.7-3).
    if (must_understand(block) != true)
      return fault(Condition::invalid_header, "the header FragmentTransfer must say mustUnderstand=\"true\"");
    const std::string expression = block.text();
    if (expression.size() > longest_identifier)
      return fault(Condition::cannot_process_filter,
                   fmt::format("the fragment's expression is longer than {} bytes", longest_identifier));
    request_.fragment = {std::string(xml::trim(block.attribute({}, "Dialect").value_or(names::dialect_xpath))),
                         std::string(xml::trim(expression))};
    return {};
  }

  OrFault<void> finish_resource() {
    if (!request_.resource) return {};
    if (auto status = take_namespace(*request_.resource, request_.selectors, limits_.default_namespace); !status)
      return fault(Condition::invalid_selectors, status.error().message);
    return {};
  }

  const RequestLimits& limits_;
  Request& request_;
  std::uint32_t seen_ = 0;
};

}  // namespace

void Request::forget_document() {
  body = {};
  document = {};
}

std::size_t Request::footprint() const {
  std::size_t bytes = sizeof(Request) + document.footprint() + cim::footprint(selectors);
  for (const Option& option : options) bytes += sizeof(Option) + option.name.size() + option.value.size();
  if (fragment) bytes += fragment->dialect.size() + fragment->expression.size();
  return bytes;
}

bool Request::has_option(std::string_view name, bool otherwise) const {
  for (const Option& option : options)
    if (equals_no_case(option.name, name))
      // `<w:Option Name="ExcludeNilProperties"/>` says yes.
      return option.value.empty() || xml::read_boolean(to_lower(option.value)).value_or(false);
  return otherwise;
}

OrFault<void> read_request(std::string text, std::string_view charset, const RequestLimits& limits, Request& request,
                           const xml::Afford& afford) {
  request.encoding = encoding_of(text, charset);
  if (!request.encoding.is_utf16() && !is_utf8(charset) && !is_ascii(text))
    return fault(Condition::character_set,
                 fmt::format("the character set {:.40} is not supported, only UTF-8 and UTF-16 are", charset));
  auto decoded = to_utf8(std::move(text), request.encoding);
  if (!decoded) return fault(Condition::malformed_xml, decoded.error().message);
  text = std::move(*decoded);
  const bool converted = request.encoding.is_utf16();
  auto document = xml::Document::parse(std::move(text), {},
                                       converted ? xml::EncodingName::is_void : xml::EncodingName::counts, afford);
  if (!document) {
    if (document.error().kind == Failure::busy) return to_fault(document.error());
    const bool encoding = document.error().kind == Failure::not_supported;
    return fault(
        encoding ? Condition::character_set : Condition::malformed_xml,
        encoding ? document.error().message : fmt::format("the request is not XML: {}", document.error().message));
  }
  request.document = std::move(*document);
  const xml::Element envelope = request.document.root();
  if (envelope.name() != "Envelope")
    return fault(Condition::not_soap, fmt::format("the request is {:.100}, not a SOAP envelope", envelope.name()));
  if (envelope.namespace_uri() != names::soap) return fault(Condition::soap_version, {});

  xml::Element next = envelope.first_child();
  xml::Element header;
  if (next.is(names::soap, "Header")) {
    header = next;
    next = next.next_sibling();
  }
  if (!next.is(names::soap, "Body") || next.next_sibling())
    return fault(Condition::not_soap, "the SOAP envelope must hold a Header and one Body");
  request.body = next.first_child();
  request.is_identify = request.body.is(names::wsmid, "Identify");
  if (auto read = HeaderReader(limits, request).read(header); !read) return read;
  if (request.is_identify) return {};
  // Answers are measured in UTF-8, of which UTF-16 takes at most twice the octets.
  if (request.encoding.is_utf16()) request.max_envelope_size /= 2;
  if (request.body && request.body.next_sibling())
    return fault(Condition::schema_validation, "the SOAP Body must hold one element");
  return {};
}

}  // namespace vmms::wire::wsman
