#include "wire/cimxml/status.hpp"

#include "cim/instance.hpp"
#include "wire/representation/instance_writer.hpp"

#include <fmt/format.h>

namespace vmms::wire::cimxml {

namespace {

/// Longer texts are cut: they may quote what a client or a guest said.
constexpr std::size_t longest_message = 16 * 1024;

// CIM_Error.ErrorType: what kind of thing failed.
std::uint64_t error_type(Failure kind) {
  constexpr std::uint64_t other = 1;
  constexpr std::uint64_t communications = 2;
  constexpr std::uint64_t software = 4;
  constexpr std::uint64_t security = 7;
  constexpr std::uint64_t oversubscription = 8;
  constexpr std::uint64_t unavailable_resource = 9;
  constexpr std::uint64_t unsupported_operation = 10;
  switch (kind) {
    case Failure::unreachable:
    case Failure::timed_out:
      return communications;
    case Failure::internal:
      return software;
    case Failure::access_denied:
      return security;
    case Failure::busy:
      return oversubscription;
    case Failure::not_found:
    case Failure::invalid_state:
      return unavailable_resource;
    case Failure::not_supported:
      return unsupported_operation;
    case Failure::failed:
    case Failure::invalid_argument:
    case Failure::already_exists:
      return other;
  }
  return other;
}

std::uint64_t perceived_severity(Failure kind) {
  constexpr std::uint64_t low = 2;
  constexpr std::uint64_t high = 4;
  return kind == Failure::internal ? high : low;
}

// The class of error instances: CIM_Error, or a subclass when that is abstract.
const cim::Class* error_class(const cim::Schema& schema) {
  const cim::Class* base = schema.find("CIM_Error");
  if (!base || !base->is_abstract) return base;
  for (const cim::Class* each : schema.classes)
    if (!each->is_abstract && each->is_a(*base)) return each;
  return nullptr;
}

}  // namespace

std::string_view code_name(Code code) {
  switch (code) {
    case Code::failed:
      return "CIM_ERR_FAILED";
    case Code::access_denied:
      return "CIM_ERR_ACCESS_DENIED";
    case Code::invalid_namespace:
      return "CIM_ERR_INVALID_NAMESPACE";
    case Code::invalid_parameter:
      return "CIM_ERR_INVALID_PARAMETER";
    case Code::invalid_class:
      return "CIM_ERR_INVALID_CLASS";
    case Code::not_found:
      return "CIM_ERR_NOT_FOUND";
    case Code::not_supported:
      return "CIM_ERR_NOT_SUPPORTED";
    case Code::class_has_children:
      return "CIM_ERR_CLASS_HAS_CHILDREN";
    case Code::class_has_instances:
      return "CIM_ERR_CLASS_HAS_INSTANCES";
    case Code::invalid_superclass:
      return "CIM_ERR_INVALID_SUPERCLASS";
    case Code::already_exists:
      return "CIM_ERR_ALREADY_EXISTS";
    case Code::no_such_property:
      return "CIM_ERR_NO_SUCH_PROPERTY";
    case Code::type_mismatch:
      return "CIM_ERR_TYPE_MISMATCH";
    case Code::query_language_not_supported:
      return "CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED";
    case Code::invalid_query:
      return "CIM_ERR_INVALID_QUERY";
    case Code::method_not_available:
      return "CIM_ERR_METHOD_NOT_AVAILABLE";
    case Code::method_not_found:
      return "CIM_ERR_METHOD_NOT_FOUND";
    case Code::namespace_not_empty:
      return "CIM_ERR_NAMESPACE_NOT_EMPTY";
    case Code::invalid_enumeration_context:
      return "CIM_ERR_INVALID_ENUMERATION_CONTEXT";
    case Code::invalid_operation_timeout:
      return "CIM_ERR_INVALID_OPERATION_TIMEOUT";
    case Code::pull_has_been_abandoned:
      return "CIM_ERR_PULL_HAS_BEEN_ABANDONED";
    case Code::pull_cannot_be_abandoned:
      return "CIM_ERR_PULL_CANNOT_BE_ABANDONED";
    case Code::filtered_enumeration_not_supported:
      return "CIM_ERR_FILTERED_ENUMERATION_NOT_SUPPORTED";
    case Code::continuation_on_error_not_supported:
      return "CIM_ERR_CONTINUATION_ON_ERROR_NOT_SUPPORTED";
    case Code::server_limits_exceeded:
      return "CIM_ERR_SERVER_LIMITS_EXCEEDED";
    case Code::server_is_shutting_down:
      return "CIM_ERR_SERVER_IS_SHUTTING_DOWN";
    case Code::query_feature_not_supported:
      return "CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED";
  }
  return "CIM_ERR_FAILED";
}

CimError cim_error(Code code, std::string message) { return {code, std::move(message)}; }

CimError to_cim_error(const Error& error) {
  const auto code = [&] {
    switch (error.kind) {
      case Failure::invalid_argument:
        return Code::invalid_parameter;
      case Failure::not_found:
        return Code::not_found;
      case Failure::already_exists:
        return Code::already_exists;
      case Failure::access_denied:
        return Code::access_denied;
      case Failure::not_supported:
        return Code::not_supported;
      case Failure::busy:
        return Code::server_limits_exceeded;
      case Failure::failed:
      case Failure::internal:
      case Failure::invalid_state:
      case Failure::timed_out:
      case Failure::unreachable:
        return Code::failed;
    }
    return Code::failed;
  };
  return {code(), error.message, error.kind};
}

void write_error(xml::Writer& writer, const CimError& error, const cim::Schema* schema) {
  std::string message = error.message;
  if (message.size() > longest_message) message = message.substr(0, longest_message) + "…";
  writer.start("ERROR")
      .attribute("CODE", std::to_string(static_cast<unsigned>(error.code)))
      .attribute("DESCRIPTION", fmt::format("{}: {}", code_name(error.code), message));
  if (const cim::Class* cim_class = schema ? error_class(*schema) : nullptr) {
    cim::Instance instance(*cim_class);
    instance.set("CIMStatusCode", static_cast<std::uint64_t>(error.code));
    instance.set("CIMStatusCodeDescription", std::string(code_name(error.code)));
    instance.set("ErrorType", error_type(error.kind));
    instance.set("Message", std::move(message));
    instance.set("OwningEntity", std::string("vmms"));
    instance.set("PerceivedSeverity", perceived_severity(error.kind));
    representation::write_instance(writer, instance, {}, {*schema, {}});
  }
  writer.end();
}

}  // namespace vmms::wire::cimxml
