// The server's side of CIM-XML: turns HTTP exchanges into operations of the object manager.
#pragma once

#include "cim/object_manager.hpp"
#include "wire/cimxml/operation.hpp"
#include "wire/enumeration/contexts.hpp"
#include "wire/execution.hpp"
#include "wire/http/exchange.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace vmms::wire::cimxml {

struct ServerOptions {
  MachineOf machine_of = [](const cim::ObjectPath&) { return std::string(); };
  /// After which a request is answered with an error; CIM-XML has no way to ask for another.
  std::chrono::milliseconds operation_timeout = std::chrono::minutes(2);
  /// Of an answer. Beyond it clients must use the pulled operations.
  std::size_t most_bytes = 16 * 1024 * 1024;
  enumeration::ContextLimits contexts = {};
  std::shared_ptr<enumeration::ContextStore> context_store = {};  ///< null: its own
};

/// Thread-safe. What it submits keeps what it needs alive, except the object manager, which must outlive all tasks.
class Server {
 public:
  Server(cim::ObjectManager& manager, Submit submit, ServerOptions options);

  /// Answers one exchange: at once when the operation answers from memory, else from the pool, within the operation
  /// timeout. Whatever comes in, it neither throws nor waits. A http::Handler for `/cimom`.
  void handle(const std::shared_ptr<http::Exchange>& exchange);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace vmms::wire::cimxml
