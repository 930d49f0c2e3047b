#include "wire/cimxml/request.hpp"

#include "base/text.hpp"
#include "cim/footprint.hpp"
#include "wire/cimxml/shape.hpp"
#include "wire/representation/instance_name.hpp"
#include "wire/xml/characters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vmms::wire::cimxml {

namespace {

Refusal refusal(unsigned status, std::string_view cim_error, std::string message) {
  return {status, cim_error, std::move(message)};
}

Refusal not_valid(std::string message) { return refusal(400, "request-not-valid", std::move(message)); }

std::string_view attribute(const xml::Element& element, std::string_view name) {
  return element.attribute({}, name).value_or(std::string_view{});
}

/// Only the major version counts (DSP0201, element CIM): "2.0", "2.4.0".
bool has_major(std::string_view version, char major) {
  return !version.empty() && version[0] == major && (version.size() == 1 || version[1] == '.');
}

/// The number behind the first point, 0 when there is none.
unsigned minor_of(std::string_view version) {
  unsigned minor = 0;
  const std::string_view rest = version.substr(std::min(version.size(), version.find('.') + 1));
  std::from_chars(rest.data(), rest.data() + rest.size(), minor);
  return minor;
}

std::string namespace_of(const xml::Element& local_path) {
  std::string name;
  for (const xml::Element part : local_path.children()) {
    if (!name.empty()) name += '/';
    name += attribute(part, "NAME");
  }
  return name;
}

OrRefusal<Call> read_intrinsic(const xml::Element& element) {
  Call call;
  call.name = attribute(element, "NAME");
  xml::Element child = element.first_child();
  if (child.name() != "LOCALNAMESPACEPATH") return not_valid("IMETHODCALL does not begin with LOCALNAMESPACEPATH");
  call.namespace_name = namespace_of(child);
  while ((child = child.next_sibling())) {
    if (child.name() != "IPARAMVALUE") return not_valid("IMETHODCALL has more than one LOCALNAMESPACEPATH");
    call.parameters.push_back(child);
  }
  return call;
}

OrRefusal<Call> read_extrinsic(const xml::Element& element) {
  Call call;
  call.intrinsic = false;
  call.name = attribute(element, "NAME");
  xml::Element child = element.first_child();
  const xml::Element space = child.first_child();
  const xml::Element object = space.next_sibling();
  const std::string_view wanted = child.name() == "LOCALCLASSPATH" ? "CLASSNAME" : "INSTANCENAME";
  if (child.name() == "PARAMVALUE" || space.name() != "LOCALNAMESPACEPATH" || object.name() != wanted)
    return not_valid("METHODCALL does not begin with a LOCALCLASSPATH or LOCALINSTANCEPATH");
  call.namespace_name = namespace_of(space);
  call.target.namespace_name = call.namespace_name;
  call.target_element = object;
  if (wanted == "CLASSNAME") {
    call.target.class_name = attribute(object, "NAME");
  } else {
    auto path = representation::read_instance_path(object);
    if (!path) return not_valid(path.error().message);
    call.target.class_name = std::move(path->class_name);
    call.target.keys = std::move(path->keys);
  }
  while ((child = child.next_sibling())) {
    if (child.name() != "PARAMVALUE") return not_valid("METHODCALL has more than one path");
    call.parameters.push_back(child);
  }
  return call;
}

OrRefusal<Call> read_call(const xml::Element& simple_request) {
  xml::Element element = simple_request.first_child();
  while (element && element.name() == "CORRELATOR") element = element.next_sibling();
  if (!element || element.next_sibling()) return not_valid("SIMPLEREQ does not hold one method call");
  return element.name() == "IMETHODCALL" ? read_intrinsic(element) : read_extrinsic(element);
}

/// Undoes %XX. DSP0200 6.3.6 has header values in UTF-8 with escapes; not every client escapes all that should be.
std::string unescape(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    c = to_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? digit(text[i + 1]) : -1;
    const int low = high >= 0 ? digit(text[i + 2]) : -1;
    if (low < 0) {
      plain += text[i];
    } else {
      plain += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return plain;
}

bool same_namespace(std::string_view left, std::string_view right) {
  const auto names = [](std::string_view text) {
    text = xml::trim(text);
    text.remove_prefix(std::min(text.size(), text.find_first_not_of("/\\")));
    return text.substr(0, text.find_last_not_of("/\\") + 1);
  };
  const auto letter = [](char c) { return c == '\\' ? '/' : to_lower(c); };
  left = names(left);
  right = names(right);
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](char l, char r) { return letter(l) == letter(r); });
}

// DSP0200 6.3.8: the namespace of an intrinsic method, the object path of an extrinsic one.
bool names_object(const std::string& header, const Call& call) {
  if (call.intrinsic) return same_namespace(header, call.namespace_name);
  const std::size_t colon = header.find(':');
  if (colon == std::string::npos || !same_namespace(header.substr(0, colon), call.namespace_name)) return false;
  const std::string object(xml::trim(std::string_view(header).substr(colon + 1)));
  if (call.target.keys.empty() && equals_no_case(object, call.target.class_name)) return true;
  const auto path = cim::ObjectPath::parse(object);
  if (!path || !equals_no_case(path->class_name, call.target.class_name) ||
      path->keys.size() != call.target.keys.size())
    return false;
  // How a reference is written as a key's text is left open, and not every client escapes backslashes (wbemcli).
  const auto plain = [](std::string_view text) {
    std::string letters(text);
    std::erase(letters, '\\');
    return letters;
  };
  return std::all_of(call.target.keys.begin(), call.target.keys.end(), [&](const cim::KeyBinding& key) {
    if (key.name.empty()) return true;
    const bool only = path->keys.size() == 1 && path->keys.front().name.empty();
    const cim::KeyBinding* other = only ? &path->keys.front() : path->find(key.name);
    return other && (key.reference || equals_no_case(plain(other->value), plain(key.value)));
  });
}

std::string_view header_or_empty(const http::Request& request, std::string_view name) {
  return xml::trim(request.header(name));
}

bool has_header(const http::Request& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const http::Header& header) { return equals_no_case(header.name, name); });
}

/// Of those that repeat what the body says: a proxy may use another one than we do.
std::string_view find_repeated(const http::Request& request) {
  for (const std::string_view name :
       {"CIMOperation", "CIMMethod", "CIMObject", "CIMBatch", "CIMExport", "CIMProtocolVersion"})
    if (std::count_if(request.headers.begin(), request.headers.end(),
                      [&](const http::Header& header) { return equals_no_case(header.name, name); }) > 1)
      return name;
  return {};
}

}  // namespace

void Request::forget_document() {
  for (Call& call : calls) {
    call.target_element = {};
    call.parameters = {};
  }
  document = {};
}

std::size_t Request::footprint() const {
  std::size_t bytes = sizeof(Request) + document.footprint() + message_id.size();
  for (const Call& call : calls)
    bytes += sizeof(Call) + call.name.size() + call.namespace_name.size() + cim::footprint(call.target) +
             call.parameters.capacity() * sizeof(xml::Element);
  return bytes;
}

OrRefusal<Request> read_request(std::string body, const xml::Afford& afford) {
  auto document = xml::Document::parse(std::move(body), {}, xml::EncodingName::counts, afford);
  if (!document && document.error().kind == Failure::busy) return refusal(503, "", document.error().message);
  if (!document) return refusal(400, "request-not-well-formed", document.error().message);
  const xml::Element root = document->root();
  const xml::Element message = root.first_child();
  // Versions first: what another version looks like is not known here.
  if (root.name() == "CIM" && !has_major(attribute(root, "CIMVERSION"), '2') && root.attribute({}, "CIMVERSION"))
    return refusal(501, "unsupported-cim-version", "only CIMVERSION 2 is known here");
  if (root.name() == "CIM" && !has_major(attribute(root, "DTDVERSION"), '2') && root.attribute({}, "DTDVERSION"))
    return refusal(501, "unsupported-dtd-version", "only DTDVERSION 2 is known here");
  if (message.name() == "MESSAGE" && !has_major(attribute(message, "PROTOCOLVERSION"), '1') &&
      message.attribute({}, "PROTOCOLVERSION"))
    return refusal(501, "unsupported-protocol-version", "only PROTOCOLVERSION 1 is known here");
  const xml::Element content = message.first_child();
  if (content.name() == "SIMPLEEXPREQ" || content.name() == "MULTIEXPREQ")
    return refusal(501, "unsupported-operation", "this server takes no indications");
  if (auto shaped = check_shape(root); !shaped) return not_valid(shaped.error().message);

  Request request;
  request.message_id = attribute(message, "ID");
  request.error_instances = minor_of(attribute(root, "DTDVERSION")) >= 2;
  request.multiple = content.name() == "MULTIREQ";
  std::vector<xml::Element> simple = {content};
  if (request.multiple) {
    simple.clear();
    for (const xml::Element each : content.children()) simple.push_back(each);
    if (simple.size() > most_calls)
      return refusal(501, "multiple-requests-unsupported",
                     fmt::format("at most {} operations go into one request", most_calls));
  }
  for (const xml::Element& each : simple) {
    auto call = read_call(each);
    if (!call) return call.error();
    request.calls.push_back(std::move(*call));
  }
  request.document = std::move(*document);
  return request;
}

OrRefusal<void> check_http(const http::Request& request) {
  const std::string_view type = request.content_type;
  const std::string_view media = xml::trim(type.substr(0, type.find(';')));
  if (!equals_no_case(media, "application/xml") && !equals_no_case(media, "text/xml"))
    return refusal(415, "", fmt::format("the content type is \"{:.100}\"; it must be application/xml", type));
  const std::string parameters = to_lower(type.substr(std::min(type.size(), media.size())));
  if (const std::size_t charset = parameters.find("charset="); charset != std::string::npos) {
    std::string name = parameters.substr(charset + 8);
    std::erase(name, '"');
    if (!name.starts_with("utf-8")) return refusal(415, "", "the character set must be utf-8");
  }
  if (has_header(request, "CIMExport"))
    return refusal(501, "unsupported-operation", "this server takes no indications");
  if (!equals_no_case(header_or_empty(request, "CIMOperation"), "MethodCall"))
    return refusal(400, "unsupported-operation", "the header CIMOperation must be there and say MethodCall");
  if (has_header(request, "CIMProtocolVersion") && !has_major(header_or_empty(request, "CIMProtocolVersion"), '1'))
    return refusal(501, "unsupported-protocol-version", "only CIMProtocolVersion 1 is known here");
  return {};
}

OrRefusal<void> check_headers(const http::Request& http_request, const Request& request) {
  const auto mismatch = [](std::string message) { return refusal(400, "header-mismatch", std::move(message)); };
  if (const std::string_view name = find_repeated(http_request); !name.empty())
    return mismatch(fmt::format("the header {} is there twice", name));
  if (request.multiple) {
    if (!has_header(http_request, "CIMBatch"))
      return mismatch("the body is a MULTIREQ, but there is no header CIMBatch");
    if (has_header(http_request, "CIMMethod") || has_header(http_request, "CIMObject"))
      return mismatch("CIMBatch excludes CIMMethod and CIMObject");
    return {};
  }
  if (has_header(http_request, "CIMBatch")) return mismatch("the header is CIMBatch, but the body is no MULTIREQ");
  const Call& call = request.calls.front();
  if (!equals_no_case(unescape(header_or_empty(http_request, "CIMMethod")), call.name))
    return mismatch(fmt::format("the header CIMMethod does not name {:.100}", call.name));
  if (!names_object(unescape(header_or_empty(http_request, "CIMObject")), call))
    return mismatch("the header CIMObject does not name what the body does");
  return {};
}

}  // namespace vmms::wire::cimxml
