// Faults: the one table that says how each condition looks on the wire, and the writing of them.
#pragma once

#include "base/result.hpp"

#include <boost/system/result.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vmms::wire::wsman {

/// Everything that can go wrong, from the text of a request to the guest.
enum class Condition : std::uint8_t {
  // What a layer below answered (vmms::Failure).
  failed,
  internal,
  invalid_argument,
  not_found,
  already_exists,
  access_denied,
  not_supported,
  invalid_state,
  timed_out,
  unreachable,
  busy,
  // The HTTP request and its text.
  http_method,
  media_type,
  malformed_xml,
  character_set,
  not_soap,
  soap_version,
  // The headers.
  not_understood,
  missing_header,
  invalid_header,
  addressing_mode,
  action_not_supported,
  invalid_resource_uri,
  unknown_namespace,
  unknown_class,
  unknown_method,
  invalid_selectors,
  duplicate_selectors,
  selector_limit,
  unsupported_options,
  fragment_transfer,
  envelope_limit,
  // The body.
  schema_validation,
  unknown_parameter,
  invalid_representation,
  filter_dialect,
  cannot_process_filter,
  enumeration_mode,
  polymorphism_mode,
  invalid_expiration,
  unsupported_expiration,
  invalid_context,
  concurrency,
  fragment_dialect,
  // The answer.
  answer_too_large,
  unreportable_success,
};

struct FaultRow {
  Condition condition;
  std::string_view name;          ///< of the condition, for documents and the log
  std::string_view soap_code;     ///< "s:Sender"
  std::string_view subcode;       ///< "w:AccessDenied", empty for none
  std::string_view fault_detail;  ///< last part of the w:FaultDetail URI (DSP0226 14), empty for none
  std::uint32_t code;             ///< f:WSManFault/@Code (MS-WSMV, WSManFaultType; ERROR_WSMAN_…)
  std::uint32_t hresult;          ///< MSFT_WmiError.error_Code (wbemcli.h's WBEM_E_…); 0: no CIM error
  std::uint32_t cim_status;       ///< DSP0200's CIM_ERR_… in MSFT_WmiError.CIMStatusCode
  unsigned http_status;
  std::string_view reason;  ///< when there is nothing more precise to say
};

/// All rows, one for each Condition, in its order.
std::span<const FaultRow> fault_table();
const FaultRow& fault_row(Condition condition);

struct Fault {
  Condition condition = Condition::internal;
  std::string message;  ///< the reason; empty: the row's own
  /// For not_understood: the header block that was not (namespace and local name).
  std::string header_namespace = {};
  std::string header_name = {};
};

/// A value or a Fault.
template <class T>
using OrFault = boost::system::result<T, Fault>;

Fault fault(Condition condition, std::string message);
Fault to_fault(const Error& error);

/// The whole SOAP envelope. `relates_to` is the request's message id, if it could be read; `machine` names this host.
std::string write_fault(const Fault& fault, const std::optional<std::string>& relates_to, std::string_view machine);

}  // namespace vmms::wire::wsman
