// One operation: what the server passes to the functions that prepare operations, and what they return.
#pragma once

#include "cim/object_manager.hpp"
#include "wire/cimxml/request.hpp"
#include "wire/cimxml/status.hpp"
#include "wire/enumeration/contexts.hpp"
#include "wire/execution.hpp"

#include <functional>
#include <memory>
#include <string>

namespace vmms::wire::cimxml {

struct Operation {
  cim::ObjectManager& manager;
  const MachineOf& machine_of;      ///< the server's, which outlives its operations
  enumeration::Contexts& contexts;  ///< likewise
  const cim::Schema& schema;        ///< of the call's namespace
  std::shared_ptr<const Request> request;
  const Call& call;  ///< of the request
  cim::Context context;
  std::size_t most_bytes;  ///< that the answer may have
};

/// An operation that has been read and checked, ready to run: at once on the thread that read it, or in the pool.
struct OperationTask {
  bool waits = false;    ///< may wait on a guest, a host or a disk, or search many items
  std::string key;       ///< the virtual machine it is for, see MachineOf
  std::size_t held = 0;  ///< bytes of the parts of the request that are kept here, see cim::footprint
  /// Appends the content of IMETHODRESPONSE or METHODRESPONSE; after an error that is not read.
  std::function<OrError<void>(std::string& answer)> run;
  /// Called last, also when `run` was not, with whether the answer reached the connection before its deadline.
  std::function<void(bool delivered)> after = {};
};

/// The class, as the caller may read it. Errors: `missing`, which DSP0200 5.3.2 says for each operation; access_denied.
OrError<const cim::Class*> find_class(const Operation& operation, std::string_view class_name,
                                      Code missing = Code::invalid_class);

/// Prepares an intrinsic operation. Errors: those of DSP0200 5.3 for the operation; not_supported for unknown ones.
OrError<OperationTask> prepare_intrinsic(const Operation& operation);
/// Prepares a method call (DSP0200 5.2.1). Errors: those that are listed there.
OrError<OperationTask> prepare_extrinsic(const Operation& operation);

// The intrinsic operations, by what they are about (DSP0200 5.3.2).
OrError<OperationTask> get_class(const Operation& operation);
OrError<OperationTask> enumerate_classes(const Operation& operation);
OrError<OperationTask> enumerate_class_names(const Operation& operation);
OrError<OperationTask> get_qualifier(const Operation& operation);
OrError<OperationTask> enumerate_qualifiers(const Operation& operation);

OrError<OperationTask> get_instance(const Operation& operation);
OrError<OperationTask> create_instance(const Operation& operation);
OrError<OperationTask> modify_instance(const Operation& operation);
OrError<OperationTask> delete_instance(const Operation& operation);
OrError<OperationTask> get_property(const Operation& operation);
OrError<OperationTask> set_property(const Operation& operation);

OrError<OperationTask> enumerate_instances(const Operation& operation);
OrError<OperationTask> enumerate_instance_names(const Operation& operation);
OrError<OperationTask> associators(const Operation& operation);
OrError<OperationTask> associator_names(const Operation& operation);
OrError<OperationTask> references(const Operation& operation);
OrError<OperationTask> reference_names(const Operation& operation);
OrError<OperationTask> execute_query(const Operation& operation);

OrError<OperationTask> open_enumerate_instances(const Operation& operation);
OrError<OperationTask> open_enumerate_instance_paths(const Operation& operation);
OrError<OperationTask> open_associator_instances(const Operation& operation);
OrError<OperationTask> open_associator_instance_paths(const Operation& operation);
OrError<OperationTask> open_reference_instances(const Operation& operation);
OrError<OperationTask> open_reference_instance_paths(const Operation& operation);
OrError<OperationTask> open_query_instances(const Operation& operation);
OrError<OperationTask> pull_instances_with_path(const Operation& operation);
OrError<OperationTask> pull_instance_paths(const Operation& operation);
OrError<OperationTask> pull_instances(const Operation& operation);
OrError<OperationTask> close_enumeration(const Operation& operation);

}  // namespace vmms::wire::cimxml
