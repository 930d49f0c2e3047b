// The server's side of WS-Management: turns HTTP exchanges into operations of the object manager.
#pragma once

#include "cim/object_manager.hpp"
#include "wire/enumeration/contexts.hpp"
#include "wire/execution.hpp"
#include "wire/http/exchange.hpp"
#include "wire/wsman/operation.hpp"
#include "wire/wsman/request.hpp"

#include <functional>
#include <memory>
#include <string>

namespace vmms::wire::wsman {

struct ServerOptions {
  std::string product_vendor = "vmms";
  std::string product_version = "0.0.0";
  bool tell_everybody_version = false;  ///< in an Identify without credentials
  std::string host_name;                ///< f:WSManFault/@Machine
  MachineOf machine_of = [](const cim::ObjectPath&) { return std::string(); };
  RequestLimits requests = {};
  enumeration::ContextLimits contexts = {};
  std::shared_ptr<enumeration::ContextStore> context_store = {};  ///< null: its own
};

/// Thread-safe. What it submits keeps what it needs alive, except the object manager, which must outlive all tasks.
class Server {
 public:
  Server(cim::ObjectManager& manager, Submit submit, ServerOptions options);

  /// Answers one exchange: at once when the operation answers from memory, else from the pool, by the deadline of its
  /// OperationTimeout at the latest. Whatever comes in, it neither throws nor waits. A http::Handler for `/wsman`.
  void handle(const std::shared_ptr<http::Exchange>& exchange);

  /// The same for requests without credentials: of these only Identify is answered (DSP0226 11), without our version
  /// unless the options say so, and without the host's name. At once.
  void handle_everybody(const std::shared_ptr<http::Exchange>& exchange);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Whether a request to `/wsman` says that it comes without credentials on purpose, as Test-WSMan's and openwsman's do.
bool is_unauthenticated(const http::Request& request);

}  // namespace vmms::wire::wsman
