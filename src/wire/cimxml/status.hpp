// CIM status codes (DSP0200, table "CIM status codes"), and the errors that operations answer with.
#pragma once

#include "base/result.hpp"
#include "cim/class.hpp"
#include "wire/xml/writer.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace vmms::wire::cimxml {

enum class Code : std::uint8_t {
  failed = 1,
  access_denied = 2,
  invalid_namespace = 3,
  invalid_parameter = 4,
  invalid_class = 5,
  not_found = 6,
  not_supported = 7,
  class_has_children = 8,
  class_has_instances = 9,
  invalid_superclass = 10,
  already_exists = 11,
  no_such_property = 12,
  type_mismatch = 13,
  query_language_not_supported = 14,
  invalid_query = 15,
  method_not_available = 16,
  method_not_found = 17,
  namespace_not_empty = 20,
  invalid_enumeration_context = 21,
  invalid_operation_timeout = 22,
  pull_has_been_abandoned = 23,
  pull_cannot_be_abandoned = 24,
  filtered_enumeration_not_supported = 25,
  continuation_on_error_not_supported = 26,
  server_limits_exceeded = 27,
  server_is_shutting_down = 28,
  query_feature_not_supported = 29,
};

/// "CIM_ERR_FAILED"
std::string_view code_name(Code code);

struct CimError {
  Code code = Code::failed;
  std::string message;
  Failure kind = Failure::invalid_argument;  ///< what kind of failure it was below
};

/// A value or a CimError.
template <class T>
using OrError = boost::system::result<T, CimError>;

CimError cim_error(Code code, std::string message);
/// Of the layers below.
CimError to_cim_error(const Error& error);

/// Writes an ERROR (DSP0201 5.2.6.7), with an instance of the schema's CIM_Error when it has that class (null: no
/// schema).
void write_error(xml::Writer& writer, const CimError& error, const cim::Schema* schema);

}  // namespace vmms::wire::cimxml
