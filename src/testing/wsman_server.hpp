// For tests: requests and answers of WS-Management, and its server over providers in memory.
#pragma once

#include "testing/protocol_server.hpp"
#include "wire/wsman/names.hpp"
#include "wire/wsman/server.hpp"
#include "wire/xml/reader.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vmms::wire::testing {

inline constexpr std::string_view class_prefix =
    "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/";

inline std::string uri(std::string_view class_name) { return std::string(class_prefix) + std::string(class_name); }

/// A request the way most clients write one. `selectors` is `Name=value` pairs.
inline std::string soap(std::string_view action, std::string_view resource_uri,
                        const std::vector<std::pair<std::string, std::string>>& selectors = {},
                        std::string_view body = {}, std::string_view headers = {}) {
  std::string set;
  for (const auto& [name, value] : selectors)
    set += fmt::format("<w:Selector Name=\"{}\">{}</w:Selector>", name, value);
  return fmt::format(
      R"(<s:Envelope xmlns:s="{}" xmlns:a="{}" xmlns:w="{}" xmlns:n="{}" xmlns:xsi="{}" xmlns:cim="{}"><s:Header><a:Action s:mustUnderstand="true">{}</a:Action><a:MessageID>uuid:7</a:MessageID><w:ResourceURI>{}</w:ResourceURI><w:SelectorSet>{}</w:SelectorSet>{}</s:Header><s:Body>{}</s:Body></s:Envelope>)",
      wsman::names::soap, wsman::names::addressing, wsman::names::wsman, wsman::names::enumeration, wsman::names::xsi,
      wsman::names::cim_common, action, resource_uri, set, headers, body);
}

/// An answer, read back.
struct Answer {
  http::Response response;
  xml::Document document;

  xml::Element body() const { return document.root().child(wsman::names::soap, "Body").first_child(); }
  xml::Element header(std::string_view name) const {
    return document.root().child(wsman::names::soap, "Header").child(wsman::names::addressing, name);
  }
  xml::Element fault() const {
    return document.root().child(wsman::names::soap, "Body").child(wsman::names::soap, "Fault");
  }
  std::string subcode() const {
    return fault()
        .child(wsman::names::soap, "Code")
        .child(wsman::names::soap, "Subcode")
        .child(wsman::names::soap, "Value")
        .text();
  }
  std::string reason() const {
    return fault().child(wsman::names::soap, "Reason").child(wsman::names::soap, "Text").text();
  }
};

inline xml::Element local_child(const xml::Element& parent, std::string_view name) {
  for (const xml::Element child : parent.children())
    if (child.name() == name) return child;
  return {};
}

class WsmanServerTest : public ProtocolServerTest<wsman::Server, wsman::ServerOptions> {
 protected:
  WsmanServerTest()
      : ProtocolServerTest(schema, {},
                           {.product_vendor = "vmms project",
                            .product_version = "1.2.3",
                            .host_name = "host1",
                            .machine_of =
                                [](const cim::ObjectPath& path) {
                                  return std::string(path.value(path.find("SystemName") ? "SystemName" : "Name"));
                                },
                            .contexts = {.edge_time = edge_time()}}) {}

  static cim::Instance service_of(const cim::Class& cim_class, std::string name, std::string system_name) {
    cim::Instance instance(cim_class);
    instance.set("CreationClassName", std::string(cim_class.name));
    instance.set("Name", std::move(name));
    instance.set("SystemCreationClassName", std::string("Msvm_ComputerSystem"));
    instance.set("SystemName", std::move(system_name));
    return instance;
  }

  static Answer read(http::Response response) {
    auto document = xml::Document::parse(response.body);
    EXPECT_TRUE(document) << document.error().message << "\n" << response.body;
    return {std::move(response), document ? std::move(*document) : xml::Document()};
  }
  Answer call(http::Request request) { return read(answer_to(std::move(request))); }
  Answer call(std::string body, std::string user = "Administrator") {
    return call(post(std::move(body), std::move(user)));
  }
};

}  // namespace vmms::wire::testing
