// Msvm_ShutdownComponent: shuts a guest down from within.
#include "base/escaped.hpp"
#include "base/shortened.hpp"
#include "providers/integration/guest_shutdown.hpp"
#include "providers/integration/integration_components.hpp"
#include "schema/Msvm_ShutdownComponent.hpp"

#include <spdlog/spdlog.h>

namespace vmms::providers {

namespace {

using Component = schema::msvm::ShutdownComponent;
using Base = IntegrationComponentProvider<Component, schema::msvm::ShutdownComponentProvider>;
using guest::ShutdownMode;

class ShutdownComponentProvider : public Base {
 public:
  explicit ShutdownComponentProvider(Environment& environment) : Base(environment, shutdown_component) {}

  Result<Component::InitiateShutdown::Out> invoke(const cim::Context& context, Component::InitiateShutdown,
                                                  const Key& key, const Component::InitiateShutdown::In& in) override {
    return initiate<Component::InitiateShutdown>(context, key, ShutdownMode::power_down, in.reason);
  }
  Result<Component::InitiateReboot::Out> invoke(const cim::Context& context, Component::InitiateReboot, const Key& key,
                                                const Component::InitiateReboot::In& in) override {
    return initiate<Component::InitiateReboot>(context, key, ShutdownMode::reboot, in.reason);
  }
  Result<Component::InitiateHibernate::Out> invoke(const cim::Context& context, Component::InitiateHibernate,
                                                   const Key& key, const Component::InitiateHibernate::In&) override {
    return initiate<Component::InitiateHibernate>(context, key, ShutdownMode::hibernate, std::nullopt);
  }

 private:
  template <class Code>
  static Code code_of(const Status& outcome) {
    if (outcome) return Code::completed_with_no_error;
    switch (outcome.error().kind) {
      case Failure::not_supported:
        return Code::not_supported;
      case Failure::timed_out:
        return Code::timeout;
      case Failure::busy:
        return Code::system_is_in_use;
      case Failure::invalid_state:
        return Code::invalid_state_for_this_operation;
      case Failure::unreachable:
        return Code::the_system_is_not_ready;
      default:
        return Code::failed;
    }
  }

  // Force is for guests that ask their user first; the agent never does.
  template <class Method>
  Result<typename Method::Out> initiate(const cim::Context& context, const Key& key, ShutdownMode mode,
                                        const std::optional<std::string>& reason) {
    const auto machine = find_active_machine(environment_, key.system_name);
    if (!machine) return machine.error();
    if (!equals_no_case(key.device_id, device_id(component_)))
      return error(Failure::not_found, fmt::format("virtual machine '{}' has no shutdown component {:.100}",
                                                   (*machine)->name, key.device_id));
    typename Method::Out out;
    if ((*machine)->power == hypervisor::PowerState::stopping) {
      out.return_value = Method::Code::a_system_shutdown_is_in_progress;
      return out;
    }
    const Status told = shut_down_guest(environment_, (*machine)->id, mode, guest_deadline(context));
    out.return_value = code_of<typename Method::Code>(told);
    spdlog::info("{} of virtual machine '{}' by {} for {}: {}{}{:.500}", Method::name, (*machine)->name,
                 json_string(context.principal->id()), json_string(shortened(reason.value_or(""), 200)),
                 fmt::underlying(out.return_value), told ? "" : ", ", told ? std::string() : told.error().message);
    return out;
  }
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::ShutdownComponentProvider> make_provider(Environment& environment) {
  return std::make_unique<ShutdownComponentProvider>(environment);
}

}  // namespace vmms::providers
