#include "wire/wsman/fault.hpp"

#include "wire/wsman/names.hpp"
#include "wire/xml/reader.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

namespace vmms::wire::wsman {
namespace {

constexpr std::string_view wmi_error = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError";

TEST(FaultTable, EveryRowIsCompleteAndItsFaultReadable) {
  std::set<std::string_view> seen;
  for (const FaultRow& row : fault_table()) {
    SCOPED_TRACE(row.name);
    EXPECT_TRUE(seen.insert(row.name).second);
    EXPECT_FALSE(row.reason.empty());
    EXPECT_NE(row.code, 0U);
    EXPECT_TRUE(row.http_status == 400 || row.http_status == 405 || row.http_status == 415 || row.http_status == 500);
    EXPECT_EQ(row.hresult != 0, row.cim_status != 0) << "a CIM error has both";

    const std::string text = write_fault(fault(row.condition, "VM <A> & \"B\""), "uuid:1", "host");
    const auto document = xml::Document::parse(text);
    ASSERT_TRUE(document) << document.error().message << text;
    const xml::Element envelope = document->root();
    EXPECT_EQ(envelope.child(names::soap, "Header").child(names::addressing, "RelatesTo").text(), "uuid:1");
    const xml::Element body = envelope.child(names::soap, "Body").child(names::soap, "Fault");
    const xml::Element code = body.child(names::soap, "Code");
    EXPECT_EQ(code.child(names::soap, "Value").text(), row.soap_code);
    EXPECT_EQ(code.child(names::soap, "Subcode").child(names::soap, "Value").text(), row.subcode);
    EXPECT_EQ(body.child(names::soap, "Reason").child(names::soap, "Text").text(), "VM <A> & \"B\"");
    const xml::Element detail = body.child(names::soap, "Detail");
    const xml::Element wsman = detail.child(names::wsman_fault, "WSManFault");
    EXPECT_EQ(wsman.attribute({}, "Code"), fmt::to_string(row.code));
    EXPECT_EQ(wsman.attribute({}, "Machine"), "host");
    EXPECT_EQ(wsman.child(names::wsman_fault, "Message").text(), "VM <A> & \"B\"");
    const xml::Element wmi = detail.child(wmi_error, "MSFT_WmiError");
    EXPECT_EQ(static_cast<bool>(wmi), row.hresult != 0);
    if (wmi) {
      EXPECT_EQ(wmi.child(wmi_error, "error_Code").text(), fmt::to_string(row.hresult));
      EXPECT_EQ(wmi.child(wmi_error, "CIMStatusCode").text(), fmt::to_string(row.cim_status));
      EXPECT_EQ(wmi.child(wmi_error, "Message").text(), "VM <A> & \"B\"");
    }
  }
}

TEST(FaultTable, ReasonsStandInForMissingMessages) {
  const auto document = xml::Document::parse(write_fault(fault(Condition::access_denied, {}), {}, {}));
  ASSERT_TRUE(document);
  const xml::Element envelope = document->root();
  EXPECT_FALSE(envelope.child(names::soap, "Header").child(names::addressing, "RelatesTo"));
  EXPECT_EQ(envelope.child(names::soap, "Body")
                .child(names::soap, "Fault")
                .child(names::soap, "Reason")
                .child(names::soap, "Text")
                .text(),
            "Access is denied.");
}

TEST(FaultTable, EveryFailureHasItsRow) {
  for (const Failure kind : {Failure::failed, Failure::internal, Failure::invalid_argument, Failure::not_found,
                             Failure::already_exists, Failure::access_denied, Failure::not_supported,
                             Failure::invalid_state, Failure::timed_out, Failure::unreachable, Failure::busy}) {
    const Fault result = to_fault(error(kind, "unit a.service"));
    EXPECT_EQ(result.message, "unit a.service");
    EXPECT_EQ(static_cast<int>(result.condition), static_cast<int>(kind)) << "the names agree";
  }
}

TEST(FaultTable, TheCodesClientsLookFor) {
  // virt-who falls back to the next namespace on this number.
  EXPECT_EQ(fault_row(Condition::unknown_namespace).hresult, 2150858778U);
  EXPECT_EQ(fault_row(Condition::not_found).subcode, "a:DestinationUnreachable");
  EXPECT_EQ(fault_row(Condition::not_found).hresult, 0x80041002U);
  EXPECT_EQ(fault_row(Condition::unknown_class).hresult, 0x80041010U);
  EXPECT_EQ(fault_row(Condition::access_denied).code, 5U);
  EXPECT_EQ(fault_row(Condition::timed_out).code, 2150858793U);
}

TEST(FaultTable, NotUnderstoodNamesTheHeader) {
  Fault unknown = fault(Condition::not_understood, "no");
  unknown.header_namespace = "urn:x";
  unknown.header_name = "Strange";
  const std::string text = write_fault(unknown, "uuid:1", {});
  EXPECT_NE(text.find("<s:NotUnderstood qname=\"h:Strange\" xmlns:h=\"urn:x\"/>"), std::string::npos) << text;
  unknown.header_namespace.clear();
  EXPECT_TRUE(xml::Document::parse(write_fault(unknown, "uuid:1", {})));
}

TEST(FaultTable, AnotherSoapIsToldWhichOneThereIs) {
  const std::string text = write_fault(fault(Condition::soap_version, {}), {}, {});
  EXPECT_NE(text.find("<s:Upgrade><s:SupportedEnvelope qname=\"s:Envelope\"/></s:Upgrade></s:Header>"),
            std::string::npos)
      << text;
  EXPECT_EQ(write_fault(fault(Condition::failed, {}), {}, {}).find("Upgrade"), std::string::npos);
}

}  // namespace
}  // namespace vmms::wire::wsman
