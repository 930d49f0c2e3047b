#include "wire/wsman/request.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

namespace vmms::wire::wsman {
namespace {

constexpr std::string_view vm_uri =
    "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/Msvm_ComputerSystem";

std::string envelope(std::string_view headers, std::string_view body = {}) {
  return fmt::format(
      R"(<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"><s:Header><a:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</a:Action><a:MessageID>uuid:1</a:MessageID>{}</s:Header><s:Body>{}</s:Body></s:Envelope>)",
      headers, body);
}

std::string resource(std::string_view uri) { return fmt::format("<w:ResourceURI>{}</w:ResourceURI>", uri); }

struct Reading {
  Request request;
  std::optional<Fault> fault;
};

Reading read(std::string text) {
  Reading reading;
  if (auto status = read_request(std::move(text), {}, {}, reading.request); !status) reading.fault = status.error();
  return reading;
}

Condition condition_of(std::string text) {
  const Reading reading = read(std::move(text));
  EXPECT_TRUE(reading.fault) << "was accepted";
  return reading.fault ? reading.fault->condition : Condition::failed;
}

TEST(Request, Defaults) {
  const auto [request, fault] = read(envelope(resource(vm_uri)));
  ASSERT_FALSE(fault) << fault->message;
  EXPECT_EQ(request.action, "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get");
  EXPECT_EQ(request.message_id, "uuid:1");
  EXPECT_EQ(request.operation_timeout, std::chrono::seconds(60));
  EXPECT_EQ(request.max_envelope_size, 512'000U);
  EXPECT_FALSE(request.body);
  EXPECT_EQ(request.resource->namespace_name, "root/virtualization/v2");
  EXPECT_EQ(request.resource->class_name, "Msvm_ComputerSystem");
}

TEST(Request, ResourceUrisInAllSpellings) {
  // virt-who leaves white space around; the letter case of namespaces varies.
  const auto spaced = read(envelope(
      resource("\n  http://schemas.microsoft.com/wbem/wsman/1/wmi/Root/Virtualization/V2/Msvm_ComputerSystem \n")));
  ASSERT_FALSE(spaced.fault);
  EXPECT_EQ(spaced.request.resource->namespace_name, "Root/Virtualization/V2");
  EXPECT_EQ(spaced.request.resource->uri,
            "http://schemas.microsoft.com/wbem/wsman/1/wmi/Root/Virtualization/V2/Msvm_ComputerSystem");

  const auto all = read(envelope(resource("http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/*")));
  ASSERT_FALSE(all.fault);
  EXPECT_TRUE(all.request.resource->is_all_classes());

  const auto dmtf = read(envelope(resource("http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Msvm_ComputerSystem") +
                                  "<w:SelectorSet><w:Selector Name=\"__cimnamespace\"> root/cimv2\n</w:Selector>"
                                  "<w:Selector Name=\"Name\">x</w:Selector></w:SelectorSet>"));
  ASSERT_FALSE(dmtf.fault);
  EXPECT_EQ(dmtf.request.resource->family, UriFamily::dmtf);
  EXPECT_EQ(dmtf.request.resource->namespace_name, "root/cimv2");
  ASSERT_EQ(dmtf.request.selectors.size(), 1U);
  EXPECT_EQ(dmtf.request.selectors[0].name, "Name");

  const auto dmtf_default = read(envelope(resource("http://schemas.dmtf.org/wbem/wscim/1/*")));
  ASSERT_FALSE(dmtf_default.fault);
  EXPECT_EQ(dmtf_default.request.resource->namespace_name, "root/virtualization/v2");
  EXPECT_TRUE(dmtf_default.request.resource->is_all_classes());

  for (const char* uri : {"", "http://schemas.microsoft.com/wbem/wsman/1/wmi/", "urn:other",
                          "http://schemas.microsoft.com/wbem/wsman/1/wmi/Msvm_ComputerSystem",
                          "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/",
                          "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/",
                          "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"})
    EXPECT_EQ(condition_of(envelope(resource(uri))), Condition::invalid_resource_uri) << uri;
}

TEST(Request, NamespaceSelectorMustAgree) {
  const auto selector = [](std::string_view name) {
    return resource(vm_uri) +
           fmt::format("<w:SelectorSet><w:Selector Name=\"__cimnamespace\">{}</w:Selector></w:SelectorSet>", name);
  };
  EXPECT_FALSE(read(envelope(selector("ROOT\\virtualization\\V2"))).fault);
  EXPECT_FALSE(read(envelope(selector("\n   root/virtualization/v2 \t"))).fault) << "a request that is printed pretty";
  EXPECT_EQ(condition_of(envelope(selector("root/cimv2"))), Condition::invalid_selectors);
}

TEST(Request, Selectors) {
  const auto [request, fault] = read(envelope(
      resource(vm_uri) +
      "<w:SelectorSet>\n<w:Selector Name=\"CreationClassName\">\"Msvm_ComputerSystem\"</w:Selector>"
      "<w:Selector Name=\"Name\">a &amp; b</w:Selector><w:Selector Name=\"Antecedent\"><a:EndpointReference>"
      "<a:Address>x</a:Address><a:ReferenceParameters><w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/wmi/"
      "root/"
      "virtualization/v2/Msvm_ConcreteJob</w:ResourceURI><w:SelectorSet><w:Selector Name=\"InstanceID\">7</w:Selector>"
      "</w:SelectorSet></a:ReferenceParameters></a:EndpointReference></w:Selector></w:SelectorSet>"));
  ASSERT_FALSE(fault) << fault->message;
  ASSERT_EQ(request.selectors.size(), 3U);
  EXPECT_EQ(request.selectors[0].value, "Msvm_ComputerSystem") << "libvirt quotes inside the value";
  EXPECT_EQ(request.selectors[1].value, "a & b");
  ASSERT_TRUE(request.selectors[2].reference);
  EXPECT_EQ(request.selectors[2].reference->class_name, "Msvm_ConcreteJob");
  EXPECT_EQ(request.selectors[2].reference->value("InstanceID"), "7");

  EXPECT_EQ(condition_of(envelope("<w:SelectorSet><w:Selector Name=\"a\">1</w:Selector><w:Selector Name=\"A\">1"
                                  "</w:Selector></w:SelectorSet>")),
            Condition::duplicate_selectors);
  EXPECT_EQ(condition_of(envelope("<w:SelectorSet><w:Selector>1</w:Selector></w:SelectorSet>")),
            Condition::invalid_selectors);
  std::string many;
  for (int i = 0; i < 65; ++i) many += fmt::format("<w:Selector Name=\"n{}\"/>", i);
  EXPECT_EQ(condition_of(envelope("<w:SelectorSet>" + many + "</w:SelectorSet>")), Condition::selector_limit);
}

TEST(Request, LongSelectorValuesArePassedOnAndHugeOnesNotRepeated) {
  const auto named = [](const std::string& value) {
    return read(envelope(resource(vm_uri) + "<w:SelectorSet><w:Selector Name=\"Name\">" + value +
                         "</w:Selector></w:SelectorSet>"));
  };
  EXPECT_FALSE(named(std::string(60'000, 'x')).fault);
  const std::string huge(300'000, 'x');
  ASSERT_TRUE(named(huge).fault);
  EXPECT_EQ(named(huge).fault->condition, Condition::invalid_selectors);
  EXPECT_LT(named(huge).fault->message.size(), 1000U);
  const auto refused = read(envelope("<w:SelectorSet><w:Selector Name=\"" + huge + "\"/><w:Selector Name=\"" + huge +
                                     "\"/></w:SelectorSet>"));
  ASSERT_TRUE(refused.fault);
  EXPECT_LT(refused.fault->message.size(), 1000U);
}

TEST(Request, OperationTimeout) {
  const auto timeout = [](std::string_view text) {
    return envelope(fmt::format("<w:OperationTimeout>{}</w:OperationTimeout>", text));
  };
  EXPECT_EQ(read(timeout("PT30.0S")).request.operation_timeout, std::chrono::seconds(30));
  EXPECT_EQ(read(timeout(" PT1M30S ")).request.operation_timeout, std::chrono::seconds(90));
  EXPECT_EQ(read(timeout("PT0.5S")).request.operation_timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(read(timeout("P1D")).request.operation_timeout, std::chrono::hours(1)) << "the longest that is granted";
  for (const char* text : {"", "60", "PT0S", "-PT5S", "2025-01-01T00:00:00Z", "P1Y", "P999999999D"})
    EXPECT_EQ(condition_of(timeout(text)), Condition::invalid_header) << text;
}

TEST(Request, MaxEnvelopeSize) {
  const auto size = [](std::string_view text) {
    return envelope(fmt::format("<w:MaxEnvelopeSize s:mustUnderstand=\"true\">{}</w:MaxEnvelopeSize>", text));
  };
  EXPECT_EQ(read(size("153600")).request.max_envelope_size, 153'600U);
  EXPECT_EQ(read(size("8192")).request.max_envelope_size, 8192U);
  EXPECT_EQ(read(size("4294967295")).request.max_envelope_size, 4'194'304U);
  EXPECT_EQ(read(size("99999999999999999999999")).request.max_envelope_size, 4'194'304U);
  EXPECT_EQ(read(size(" +0009000 ")).request.max_envelope_size, 9000U);
  EXPECT_EQ(condition_of(size("-9000")), Condition::invalid_header);
  EXPECT_EQ(condition_of(size("8191")), Condition::envelope_limit);
  EXPECT_EQ(condition_of(size("lots")), Condition::invalid_header);
  EXPECT_EQ(condition_of(size("")), Condition::invalid_header);
}

TEST(Request, MustUnderstand) {
  const auto unknown = [](std::string_view attribute) {
    return envelope(fmt::format("<x:Strange xmlns:x=\"urn:x\" {}/>", attribute));
  };
  EXPECT_FALSE(read(unknown("")).fault);
  EXPECT_FALSE(read(unknown("s:mustUnderstand=\"false\"")).fault);
  EXPECT_FALSE(read(unknown("s:mustUnderstand=\"0\"")).fault);
  for (const char* attribute :
       {"s:mustUnderstand=\"true\"", "s:mustUnderstand=\"1\"", "mustUnderstand=\"true\"", "mustUnderstand=\"1\""}) {
    const auto reading = read(unknown(attribute));
    ASSERT_TRUE(reading.fault) << attribute;
    EXPECT_EQ(reading.fault->condition, Condition::not_understood);
    EXPECT_EQ(reading.fault->header_namespace, "urn:x");
    EXPECT_EQ(reading.fault->header_name, "Strange");
    EXPECT_EQ(reading.request.message_id, "uuid:1") << "an answer can relate to the request";
  }
  EXPECT_FALSE(read(envelope("<w:Locale xml:lang=\"de\" s:mustUnderstand=\"true\"/><p:DataLocale xml:lang=\"de\" "
                             "s:mustUnderstand=\"true\"/><p:SessionId s:mustUnderstand=\"true\">uuid:2</p:SessionId>"
                             "<w:OptionSet s:mustUnderstand=\"true\"/>"))
                   .fault);
}

TEST(Request, HeadersOfOtherRolesAreNotOurs) {
  const auto odd = [](std::string_view role) {
    return envelope(fmt::format("<x:Odd xmlns:x=\"urn:x\" s:mustUnderstand=\"true\" s:role=\"{}\"/>", role));
  };
  EXPECT_FALSE(read(odd("http://example.org/other")).fault);
  EXPECT_FALSE(read(odd("http://www.w3.org/2003/05/soap-envelope/role/none")).fault);
  EXPECT_EQ(condition_of(odd("")), Condition::not_understood);
  EXPECT_EQ(condition_of(odd(" http://www.w3.org/2003/05/soap-envelope/role/next ")), Condition::not_understood);
  EXPECT_EQ(condition_of(odd("http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver")),
            Condition::not_understood);
  const auto reading =
      read(envelope(resource(vm_uri) + "<w:MaxEnvelopeSize s:role=\"urn:other\">1</w:MaxEnvelopeSize>"
                                       "<w:OperationTimeout s:role=\"urn:other\">never</w:OperationTimeout>"));
  ASSERT_FALSE(reading.fault) << reading.fault->message;
  EXPECT_EQ(reading.request.max_envelope_size, 512'000U);
}

TEST(Request, WhatMustBeUnderstoodComesBeforeOtherFaults) {
  EXPECT_EQ(condition_of(envelope("<w:MaxEnvelopeSize>lots</w:MaxEnvelopeSize>"
                                  "<x:Odd xmlns:x=\"urn:x\" s:mustUnderstand=\" 1 \"/>")),
            Condition::not_understood);
  for (const char* value : {"", "yes", "True", "2"})
    EXPECT_EQ(condition_of(envelope(fmt::format("<x:Odd xmlns:x=\"urn:x\" s:mustUnderstand=\"{}\"/>", value))),
              Condition::invalid_header)
        << value;
}

TEST(Request, IdentifyUnderstandsItsHeaders) {
  const auto identify = [](std::string_view header) {
    return fmt::format(
        R"(<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>{}</s:Header><s:Body><i:Identify xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>)",
        header);
  };
  EXPECT_TRUE(read(identify("")).request.is_identify);
  EXPECT_FALSE(read(identify("<x:Odd xmlns:x=\"urn:x\"/>")).fault);
  EXPECT_FALSE(read(identify("<x:Odd xmlns:x=\"urn:x\" s:mustUnderstand=\"1\" s:role=\"urn:other\"/>")).fault);
  EXPECT_EQ(condition_of(identify("<x:Odd xmlns:x=\"urn:x\" s:mustUnderstand=\"1\"/>")), Condition::not_understood);
}

TEST(Request, Options) {
  const auto option = [](std::string_view attribute) {
    return envelope(fmt::format("<w:OptionSet><w:Option Name=\"x\" {}>1</w:Option></w:OptionSet>", attribute));
  };
  EXPECT_FALSE(read(option("")).fault);
  EXPECT_FALSE(read(option("MustComply=\"false\"")).fault);
  EXPECT_EQ(condition_of(option("MustComply=\"true\"")), Condition::unsupported_options);
}

TEST(Request, AddressesAndFragments) {
  EXPECT_FALSE(read(envelope("<a:To>http://another-host/wsman</a:To>")).fault) << "To is never checked";
  EXPECT_FALSE(read(envelope("<a:ReplyTo><a:Address s:mustUnderstand=\"true\">\nhttp://schemas.xmlsoap.org/ws/2004/08/"
                             "addressing/role/anonymous</a:Address></a:ReplyTo>"))
                   .fault);
  EXPECT_EQ(condition_of(envelope("<a:ReplyTo><a:Address>http://elsewhere/</a:Address></a:ReplyTo>")),
            Condition::addressing_mode);
  EXPECT_EQ(condition_of(envelope("<a:FaultTo><a:Address>http://elsewhere/</a:Address></a:FaultTo>")),
            Condition::addressing_mode);
  EXPECT_EQ(condition_of(envelope("<w:FragmentTransfer>Name</w:FragmentTransfer>")), Condition::invalid_header);
}

TEST(Request, MessageIdToTheLetter) {
  const std::string text = envelope({});
  const auto with = [&](std::string_view id) {
    std::string changed = text;
    return changed.replace(changed.find("uuid:1"), 6, id);
  };
  EXPECT_EQ(read(with(" uuid:Ab-1 ")).request.message_id, " uuid:Ab-1 ");
  EXPECT_EQ(read(with("")).request.message_id, "") << "wsl sends an empty one";
  EXPECT_EQ(condition_of(with(std::string(2000, 'x'))), Condition::invalid_header);
  EXPECT_EQ(condition_of(envelope("<a:MessageID>uuid:2</a:MessageID>")), Condition::invalid_header);
  std::string without = text;
  without.erase(without.find("<a:MessageID>"), std::string("<a:MessageID>uuid:1</a:MessageID>").size());
  EXPECT_EQ(condition_of(without), Condition::missing_header);
}

TEST(Request, OtherCharacterSetsHoldAsciiAtMost) {
  const auto condition = [](std::string text, std::string_view charset) -> std::optional<Condition> {
    Request request;
    const auto read = read_request(std::move(text), charset, {}, request);
    return read ? std::nullopt : std::optional(read.error().condition);
  };
  const std::string ascii = envelope(resource(vm_uri));
  const std::string other = envelope(resource(vm_uri), "<p:x>\xC3\xA9</p:x>");
  for (const char* charset : {"", "utf-8", "UTF-8", "utf8", "iso-8859-1", "us-ascii", "windows-1252"})
    EXPECT_EQ(condition(ascii, charset), std::nullopt) << charset;
  for (const char* charset : {"", "utf-8", "UTF8"}) EXPECT_EQ(condition(other, charset), std::nullopt) << charset;
  for (const char* charset : {"iso-8859-1", "us-ascii", "windows-1252"})
    EXPECT_EQ(condition(other, charset), Condition::character_set) << charset;
}

TEST(Request, Envelopes) {
  EXPECT_EQ(condition_of("not xml"), Condition::malformed_xml);
  EXPECT_EQ(condition_of(""), Condition::malformed_xml);
  EXPECT_EQ(condition_of(std::string("\xFF\xFE<\0s\0", 6)), Condition::malformed_xml);
  EXPECT_EQ(condition_of("<html/>"), Condition::not_soap);
  EXPECT_EQ(condition_of("<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body/></s:Envelope>"),
            Condition::soap_version);
  constexpr const char* soap = "http://www.w3.org/2003/05/soap-envelope";
  EXPECT_EQ(condition_of(fmt::format("<s:Envelope xmlns:s=\"{}\"/>", soap)), Condition::not_soap);
  EXPECT_EQ(condition_of(fmt::format("<s:Envelope xmlns:s=\"{}\"><s:Body/><s:Body/></s:Envelope>", soap)),
            Condition::not_soap);
  EXPECT_EQ(condition_of(fmt::format("<s:Envelope xmlns:s=\"{}\"><s:Body/></s:Envelope>", soap)),
            Condition::missing_header);
  EXPECT_EQ(condition_of(envelope({}, "<a/><b/>")), Condition::schema_validation);
  const auto identify = read(fmt::format(
      "<s:Envelope xmlns:s=\"{}\"><s:Body><i:Identify xmlns:i=\"http://schemas.dmtf.org/wbem/wsman/identity/1/"
      "wsmanidentity.xsd\"/></s:Body></s:Envelope>",
      soap));
  EXPECT_FALSE(identify.fault);
  EXPECT_TRUE(identify.request.is_identify);
}

TEST(Request, HostileTextsAreFaultsNotCrashes) {
  const std::string good = envelope(resource(vm_uri) +
                                    "<w:SelectorSet><w:Selector Name=\"a\">1</w:Selector></w:SelectorSet>"
                                    "<w:OperationTimeout>PT60S</w:OperationTimeout>");
  for (std::size_t length = 0; length < good.size(); ++length) EXPECT_TRUE(read(good.substr(0, length)).fault);
  std::mt19937 random(42);
  for (int i = 0; i < 5000; ++i) {
    std::string text = good;
    for (int j = 0; j < 4; ++j) text[random() % text.size()] = static_cast<char>(random());
    read(text);
  }
  std::string deep;
  for (int i = 0; i < 50'000; ++i) deep += "<a:x>";
  EXPECT_EQ(condition_of(envelope(deep)), Condition::malformed_xml);
  EXPECT_EQ(condition_of("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>" + envelope("&e;")),
            Condition::malformed_xml);
}

}  // namespace
}  // namespace vmms::wire::wsman
