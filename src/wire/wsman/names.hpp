// The namespaces, actions and dialects of WS-Management (DSP0226 1.2, MS-WSMV 2.2.1), shared by server and client.
#pragma once

#include <string_view>

namespace vmms::wire::wsman::names {

inline constexpr std::string_view soap = "http://www.w3.org/2003/05/soap-envelope";
inline constexpr std::string_view addressing = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
inline constexpr std::string_view anonymous = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";
inline constexpr std::string_view enumeration = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
inline constexpr std::string_view transfer = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
inline constexpr std::string_view eventing = "http://schemas.xmlsoap.org/ws/2004/08/eventing";
inline constexpr std::string_view wsman = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
inline constexpr std::string_view wsmid = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd";
inline constexpr std::string_view cimbinding = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd";
inline constexpr std::string_view microsoft_wsman = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd";
inline constexpr std::string_view wsman_fault = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault";
inline constexpr std::string_view fault_action = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault";
inline constexpr std::string_view addressing_fault_action = "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault";
inline constexpr std::string_view cim_common = "http://schemas.dmtf.org/wbem/wscim/1/common";
inline constexpr std::string_view xsi = "http://www.w3.org/2001/XMLSchema-instance";

/// A resource URI is one of these followed by NAMESPACE/CLASS (Microsoft) or CLASS with a __cimnamespace selector
/// (DMTF).
inline constexpr std::string_view microsoft_resource = "http://schemas.microsoft.com/wbem/wsman/1/wmi/";
inline constexpr std::string_view dmtf_resource = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/";
/// Classes themselves, as CIM-XML: the selectors __cimnamespace and ClassName say which (MS-WSMV).
inline constexpr std::string_view schema_resource = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*";

inline constexpr std::string_view action_get = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get";
inline constexpr std::string_view action_put = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Put";
inline constexpr std::string_view action_create = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create";
inline constexpr std::string_view action_delete = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete";
inline constexpr std::string_view action_enumerate = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate";
inline constexpr std::string_view action_pull = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull";
inline constexpr std::string_view action_release = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Release";
inline constexpr std::string_view action_renew = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Renew";
inline constexpr std::string_view action_get_status = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/GetStatus";

inline constexpr std::string_view dialect_wql = "http://schemas.microsoft.com/wbem/wsman/1/WQL";
inline constexpr std::string_view dialect_association =
    "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter";
inline constexpr std::string_view dialect_xpath = "http://www.w3.org/TR/1999/REC-xpath-19991116";
inline constexpr std::string_view dialect_xpath_level_1 = "http://schemas.dmtf.org/wbem/wsman/1/wsman/xpath-level-1";
inline constexpr std::string_view dialect_selector = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter";

}  // namespace vmms::wire::wsman::names
