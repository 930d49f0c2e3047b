// For tests: a CIM-XML server over providers in memory, with a pool that runs when the test says so.
#pragma once

#include "testing/protocol_server.hpp"
#include "testing/test_principal.hpp"
#include "wire/cimxml/server.hpp"
#include "wire/xml/reader.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>

namespace vmms::wire::testing {

inline constexpr cim::QualifierType key_qualifier{
    .name = "Key", .type = Type::boolean, .default_value = "false", .scopes = 12, .overridable = false};
inline constexpr cim::QualifierType write_qualifier{
    .name = "Write", .type = Type::boolean, .default_value = "false", .scopes = 8};
inline constexpr cim::QualifierType qualifier_types[] = {key_qualifier, write_qualifier};

inline constexpr cim::Property error_properties[] = {{.name = "CIMStatusCode", .type = Type::uint32},
                                                     {.name = "ErrorType", .type = Type::uint16},
                                                     {.name = "Message"},
                                                     {.name = "PerceivedSeverity", .type = Type::uint16}};
inline constexpr cim::Class error_class{
    .name = "CIM_Error", .properties = error_properties, .keys = {}, .methods = {}, .is_abstract = true};
inline constexpr cim::Class own_error_class{
    .name = "Test_Error", .superclass = &error_class, .properties = error_properties, .keys = {}, .methods = {}};
inline constexpr const cim::Class* cimxml_classes[] = {&error_class,     &service,       &affected_job_element,
                                                       &computer_system, &guest_service, &management_service,
                                                       &own_error_class, &setting_data,  &wide_setting_data};
inline constexpr cim::Schema cimxml_schema{
    .namespace_name = "root/virtualization/v2", .classes = cimxml_classes, .qualifier_types = qualifier_types};

inline const std::string local_path =
    R"(<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="virtualization"/><NAMESPACE NAME="v2"/></LOCALNAMESPACEPATH>)";

inline std::string parameter(std::string_view name, std::string_view content) {
  return fmt::format("<IPARAMVALUE NAME=\"{}\">{}</IPARAMVALUE>", name, content);
}
inline std::string value(std::string_view name, std::string_view text) {
  return parameter(name, fmt::format("<VALUE>{}</VALUE>", text));
}
inline std::string values(std::string_view name, const std::vector<std::string>& texts) {
  std::string items;
  for (const std::string& text : texts) items += fmt::format("<VALUE>{}</VALUE>", text);
  return parameter(name, fmt::format("<VALUE.ARRAY>{}</VALUE.ARRAY>", items));
}
inline std::string class_parameter(std::string_view name, std::string_view class_name) {
  return parameter(name, fmt::format("<CLASSNAME NAME=\"{}\"/>", class_name));
}
using Keys = std::vector<std::pair<std::string, std::string>>;
inline std::string instance_name(std::string_view class_name, const Keys& keys) {
  std::string bindings;
  for (const auto& [name, text] : keys)
    bindings +=
        fmt::format("<KEYBINDING NAME=\"{}\"><KEYVALUE VALUETYPE=\"string\">{}</KEYVALUE></KEYBINDING>", name, text);
  return fmt::format("<INSTANCENAME CLASSNAME=\"{}\">{}</INSTANCENAME>", class_name, bindings);
}
inline std::string setting_name(std::string_view id) {
  return instance_name("Test_SettingData", {{"InstanceID", std::string(id)}});
}

inline std::string intrinsic_call(std::string_view name, std::string_view parameters) {
  return fmt::format("<SIMPLEREQ><IMETHODCALL NAME=\"{}\">{}{}</IMETHODCALL></SIMPLEREQ>", name, local_path,
                     parameters);
}
inline std::string message(std::string_view content) {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?><CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\"><MESSAGE ID=\"4711\" "
      "PROTOCOLVERSION=\"1.0\">{}</MESSAGE></CIM>",
      content);
}
inline http::Request cimxml_request(std::string body, std::vector<http::Header> headers) {
  http::Request request;
  request.method = "POST";
  request.target = "/cimom";
  request.content_type = "application/xml; charset=\"utf-8\"";
  request.body = std::move(body);
  request.principal = http::test_principal("Administrator");
  request.headers = std::move(headers);
  request.headers.push_back({"CIMOperation", "MethodCall"});
  request.headers.push_back({"CIMProtocolVersion", "1.0"});
  return request;
}
inline http::Request intrinsic_request(std::string_view name, std::string_view parameters) {
  return cimxml_request(message(intrinsic_call(name, parameters)),
                        {{"CIMMethod", std::string(name)}, {"CIMObject", "root%2Fvirtualization%2Fv2"}});
}
/// `object` is as CIMObject has it, behind the namespace.
inline http::Request method_request(std::string_view name, std::string_view object, std::string_view path,
                                    std::string_view parameters = {}) {
  return cimxml_request(
      message(fmt::format("<SIMPLEREQ><METHODCALL NAME=\"{}\">{}{}</METHODCALL></SIMPLEREQ>", name, path, parameters)),
      {{"CIMMethod", std::string(name)}, {"CIMObject", fmt::format("root/virtualization/v2:{}", object)}});
}

/// An answer, read back.
struct CimxmlAnswer {
  http::Response response;
  xml::Document document;

  xml::Element message() const { return document.root().first_child(); }
  /// IMETHODRESPONSE or METHODRESPONSE.
  xml::Element method_response() const { return message().first_child().first_child(); }
  xml::Element error() const { return method_response().child({}, "ERROR"); }
  int code() const {
    const auto text = error() ? error().attribute({}, "CODE") : std::nullopt;
    return text ? std::stoi(std::string(*text)) : 0;
  }
  std::string description() const {
    return std::string(error() ? error().attribute({}, "DESCRIPTION").value_or("") : std::string_view());
  }
  xml::Element result() const { return method_response().child({}, "IRETURNVALUE"); }
  std::size_t count() const {
    std::size_t number = 0;
    for (const xml::Element item : result().children()) number += item ? 1 : 0;
    return number;
  }
  xml::Element output(std::string_view name) const {
    for (const xml::Element each : method_response().children())
      if (each.name() == "PARAMVALUE" && each.attribute({}, "NAME") == name) return each;
    return {};
  }
  std::string_view cim_error() const {
    for (const http::Header& header : response.headers)
      if (header.name == "CIMError") return header.value;
    return {};
  }
};

/// The PROPERTY (or its like) of an INSTANCE or CLASS.
inline xml::Element property_of(const xml::Element& parent, std::string_view name) {
  for (const xml::Element each : parent.children())
    if (each.attribute({}, "NAME") == name) return each;
  return {};
}
inline std::string property_text(const xml::Element& instance, std::string_view name) {
  return property_of(instance, name).child({}, "VALUE").text();
}

class CimxmlServerTest : public ProtocolServerTest<cimxml::Server, cimxml::ServerOptions> {
 protected:
  CimxmlServerTest()
      : ProtocolServerTest(cimxml_schema, "host1",
                           {.machine_of = [](const cim::ObjectPath& path) { return std::string(path.value("Name")); },
                            .most_bytes = 64 * 1024,
                            .contexts = {.edge_time = edge_time()}}) {}

  static CimxmlAnswer read(http::Response response) {
    if (response.status != 200) return {std::move(response), {}};
    auto document = xml::Document::parse(response.body);
    EXPECT_TRUE(document) << document.error().message << "\n" << response.body;
    return {std::move(response), document ? std::move(*document) : xml::Document()};
  }
  CimxmlAnswer call(http::Request request) { return read(answer_to(std::move(request))); }
  CimxmlAnswer intrinsic(std::string_view name, std::string_view parameters) {
    return call(intrinsic_request(name, parameters));
  }
  int code(std::string_view name, std::string_view parameters) { return intrinsic(name, parameters).code(); }
};

}  // namespace vmms::wire::testing
