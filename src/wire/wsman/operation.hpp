// One operation: what the server passes to Get, Invoke and the others, and what they return.
#pragma once

#include "cim/object_manager.hpp"
#include "wire/execution.hpp"
#include "wire/wsman/endpoint_reference.hpp"
#include "wire/wsman/fault.hpp"
#include "wire/wsman/request.hpp"

#include <functional>
#include <memory>
#include <string>

namespace vmms::wire::wsman {

struct Operation {
  cim::ObjectManager& manager;
  const MachineOf& machine_of;  ///< the server's, which outlives its operations
  std::shared_ptr<const Request> request;
  cim::Context context;
};

/// An operation that has been read and checked, ready to run: at once on the thread that read it, or in the pool.
struct OperationTask {
  bool waits = false;           ///< may wait on a guest, a host or a disk
  std::string key;              ///< the virtual machine it is for, see MachineOf
  std::size_t held = 0;         ///< bytes of the parts of the request that are kept here, see cim::footprint
  bool needs_document = false;  ///< `run` reads the request's body
  bool changes = false;  ///< has done something when it succeeds, so an answer that does not fit is not a plain failure
  /// When the answer is due, if that is before the operation's own deadline.
  cim::Context::Clock::time_point deadline = cim::Context::Clock::time_point::max();
  /// Appends the content of the answer's Body to the text before it; after a fault that is not read.
  std::function<OrFault<void>(std::string& answer)> run;
  /// Called last, also when `run` was not, with whether the answer reached the connection before its deadline.
  std::function<void(bool delivered)> after = {};
};

/// The class that the request's resource URI names.
struct Target {
  const cim::Schema* schema;
  const cim::Class* cim_class;
  cim::ObjectPath path;  ///< namespace and class in the schema's spelling, the selectors as keys

  Spelling spelling(const Request& request) const {
    return {request.resource->family, schema->namespace_name, request.has_option("ExcludeNilProperties")};
  }
};

/// Faults: missing_header, unknown_namespace, unknown_class, invalid_selectors (a key that the class does not have).
OrFault<Target> find_target(const Operation& operation);
/// The namespace that the request's resource is in. Faults: missing_header, unknown_namespace.
OrFault<const cim::Schema*> find_schema(const Operation& operation);
/// The classes of a request whose resource is the schema (names::schema_resource): the one that the selector ClassName
/// names, or null when there is no such selector. Faults: unknown_class, invalid_selectors.
OrFault<const cim::Class*> find_schema_class(const Operation& operation, const cim::Schema& schema);

}  // namespace vmms::wire::wsman
