// Generators of the cost law's inputs: texts of about a size, all alike but for their length.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace cost_law {

/// As many items as make `size` bytes; `item` gets their numbers.
inline std::string items(std::size_t size, const std::function<std::string(std::size_t)>& item,
                         std::string_view separator = {}) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) {
    if (i > 0) text += separator;
    text += item(i);
  }
  return text;
}

inline std::string repeated(std::size_t size, std::string_view item, std::string_view separator = {}) {
  return items(
      size, [&](std::size_t) { return std::string(item); }, separator);
}

/// `open` so many times, then what is inside, then `close` so many times.
inline std::string nested(std::size_t levels, std::string_view open, std::string_view inside, std::string_view close) {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += open;
  text += inside;
  for (std::size_t i = 0; i < levels; ++i) text += close;
  return text;
}

inline std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '<' ? "&lt;" : c == '&' ? "&amp;" : c == '>' ? "&gt;" : std::string(1, c);
  return result;
}

// WS-Management.

inline constexpr std::string_view class_uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/";
inline constexpr std::string_view get = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get";
inline constexpr std::string_view put = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Put";
inline constexpr std::string_view enumerate = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate";
inline constexpr std::string_view pull = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull";
inline constexpr std::string_view echo =
    "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/Msvm_VirtualSystemManagementService/Echo";

struct Envelope {
  std::string_view action = get;
  std::string class_name = "Test_SettingData";
  std::string selectors = "<w:Selector Name=\"InstanceID\">a</w:Selector>";
  std::string header = {};
  std::string body = {};
};

inline std::string soap(const Envelope& parts) {
  return fmt::format(
      R"(<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope")"
      R"( xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing")"
      R"( xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd")"
      R"( xmlns:b="http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd")"
      R"( xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration"><s:Header><a:Action>{}</a:Action>)"
      R"(<a:MessageID>uuid:1</a:MessageID><w:ResourceURI>{}{}</w:ResourceURI>{}{}</s:Header><s:Body>{}</s:Body>)"
      R"(</s:Envelope>)",
      parts.action, class_uri, parts.class_name,
      parts.selectors.empty() ? "" : "<w:SelectorSet>" + parts.selectors + "</w:SelectorSet>", parts.header,
      parts.body);
}

inline std::string soap_header(std::string header) { return soap({.header = std::move(header)}); }
inline std::string soap_get(std::string selectors) { return soap({.selectors = std::move(selectors)}); }
inline std::string soap_echo(std::string parameters) {
  return soap({.action = echo,
               .class_name = "Msvm_VirtualSystemManagementService",
               .selectors = {},
               .body = "<Echo_INPUT>" + std::move(parameters) + "</Echo_INPUT>"});
}
inline std::string soap_put(std::string properties) {
  return soap({.action = put, .body = "<Test_SettingData>" + std::move(properties) + "</Test_SettingData>"});
}
inline std::string soap_enumerate(std::string filter, std::string class_name = "Test_SettingData") {
  return soap({.action = enumerate,
               .class_name = std::move(class_name),
               .selectors = {},
               .body = "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>1000</w:MaxElements>" + std::move(filter) +
                       "</n:Enumerate>"});
}
inline std::string soap_selector_filter(std::string selectors) {
  return soap_enumerate(
      "<w:Filter Dialect=\"http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter\"><w:SelectorSet>" +
      std::move(selectors) + "</w:SelectorSet></w:Filter>");
}
inline std::string soap_query(std::string_view text) {
  return soap_enumerate(
      "<w:Filter Dialect=\"http://schemas.microsoft.com/wbem/wsman/1/WQL\">" + escaped(text) + "</w:Filter>", "*");
}
inline std::string soap_associations(std::string parts) {
  return soap_enumerate(
      "<w:Filter Dialect=\"http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter\">"
      "<b:AssociatedInstances>" +
      std::move(parts) + "</b:AssociatedInstances></w:Filter>");
}
/// What stands inside a reference to a setting whose key holds something.
inline std::string reference(std::string_view inside) {
  return fmt::format(
      "<a:Address>x</a:Address><a:ReferenceParameters><w:ResourceURI>{}Test_SettingData</w:ResourceURI><w:SelectorSet>"
      "<w:Selector Name=\"InstanceID\">{}</w:Selector></w:SelectorSet></a:ReferenceParameters>",
      class_uri, inside);
}
/// References inside each other, around a text that must be escaped once for each of them.
inline std::string nested_references(std::size_t levels, std::string_view text) {
  std::string inside(text);
  for (std::size_t i = 0; i < levels; ++i)
    inside = "<a:EndpointReference>" + reference(inside) + "</a:EndpointReference>";
  return inside;
}
/// UTF-16 without a mark.
inline std::string wide(std::string_view text) {
  std::string result;
  for (const char c : text) result.append({c, '\0'});
  return result;
}

// CIM-XML.

inline std::string cimxml(std::string_view call) {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?><CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\"><MESSAGE ID=\"1\" "
      "PROTOCOLVERSION=\"1.0\">{}</MESSAGE></CIM>",
      call);
}
inline constexpr std::string_view local_path =
    "<LOCALNAMESPACEPATH><NAMESPACE NAME=\"root\"/><NAMESPACE NAME=\"virtualization\"/><NAMESPACE NAME=\"v2\"/>"
    "</LOCALNAMESPACEPATH>";
inline std::string simple_request(std::string_view name, std::string_view parameters) {
  return fmt::format("<SIMPLEREQ><IMETHODCALL NAME=\"{}\">{}{}</IMETHODCALL></SIMPLEREQ>", name, local_path,
                     parameters);
}
inline std::string intrinsic(std::string_view name, std::string_view parameters) {
  return cimxml(simple_request(name, parameters));
}
inline std::string parameter(std::string_view name, std::string_view content) {
  return fmt::format("<IPARAMVALUE NAME=\"{}\">{}</IPARAMVALUE>", name, content);
}
inline std::string instance_name(std::string_view keys) {
  return fmt::format("<INSTANCENAME CLASSNAME=\"Test_SettingData\">{}</INSTANCENAME>", keys);
}
inline std::string get_instance(std::string_view keys, std::string_view more = {}) {
  return intrinsic("GetInstance", parameter("InstanceName", instance_name(keys)) + std::string(more));
}
inline constexpr std::string_view key_a = "<KEYBINDING NAME=\"InstanceID\"><KEYVALUE>a</KEYVALUE></KEYBINDING>";
inline std::string create_instance(std::string_view properties) {
  return intrinsic(
      "CreateInstance",
      parameter("NewInstance", fmt::format("<INSTANCE CLASSNAME=\"Test_SettingData\">{}</INSTANCE>", properties)));
}
inline std::string nested_names(std::size_t levels, std::string_view text) {
  std::string key = fmt::format("<KEYVALUE>{}</KEYVALUE>", text);
  for (std::size_t i = 0; i < levels; ++i)
    key = fmt::format("<VALUE.REFERENCE>{}</VALUE.REFERENCE>",
                      instance_name("<KEYBINDING NAME=\"InstanceID\">" + key + "</KEYBINDING>"));
  return "<KEYBINDING NAME=\"InstanceID\">" + key + "</KEYBINDING>";
}
inline std::string echo_call(std::string_view parameters) {
  return cimxml(
      fmt::format("<SIMPLEREQ><METHODCALL NAME=\"Echo\"><LOCALCLASSPATH>{}<CLASSNAME "
                  "NAME=\"Msvm_VirtualSystemManagementService\"/></LOCALCLASSPATH>{}</METHODCALL></SIMPLEREQ>",
                  local_path, parameters));
}

// Instances as text, and instances inside them, whose text is escaped once more each time.
inline std::string instance_text(std::string_view content) {
  return fmt::format("<INSTANCE CLASSNAME=\"Test_SettingData\">{}</INSTANCE>", content);
}
inline std::string nested_instances(std::size_t size, std::size_t levels) {
  std::string text = instance_text("");
  for (std::size_t i = 0; i < levels && text.size() < size; ++i)
    text = instance_text("<PROPERTY NAME=\"Inner\" TYPE=\"string\"><VALUE>" + escaped(text) + "</VALUE></PROPERTY>");
  return text;
}

// Object paths as text.

inline std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}
/// Paths inside each other, with some more text in the innermost.
inline std::string nested_path(std::size_t levels, std::string_view text) {
  std::string path = "X.A=" + in_quotes(text);
  for (std::size_t i = 0; i < levels; ++i) path = "X.A=" + in_quotes(path);
  return path;
}
inline std::string path_of_keys(std::size_t size) {
  return "Test_SettingData." + items(
                                   size, [](std::size_t i) { return fmt::format("k{}=1", i); }, ",");
}

// WQL.

inline std::string select_where(std::string_view condition) {
  return fmt::format("SELECT * FROM Msvm_ComputerSystem WHERE {}", condition);
}

// What a guest's agent answers.

inline std::string returned(std::string_view value) { return fmt::format("{{\"return\":{}}}", value); }

}  // namespace cost_law
