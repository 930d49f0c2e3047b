// Msvm_ShutdownComponent: shuts a guest down from within.
#include "schema/msvm/shutdown_component.hpp"

#include "base/escaped.hpp"
#include "base/shortened.hpp"
#include "providers/integration/guest_shutdown.hpp"
#include "providers/integration/integration_components.hpp"

#include <spdlog/spdlog.h>

namespace vmms::providers {

namespace {

using Component = schema::msvm::ShutdownComponent;
using Base = IntegrationComponentProvider<Component, schema::msvm::ShutdownComponentProvider>;
using guest::ShutdownMode;

constexpr std::uint32_t shutdown_in_progress = 32782;

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
      out.return_value = shutdown_in_progress;
      return out;
    }
    const Status told = shut_down_guest(environment_, (*machine)->id, mode, guest_deadline(context));
    out.return_value = shutdown_code(told);
    spdlog::info("{} of virtual machine '{}' by {} for {}: {}{}{:.500}", Method::name, (*machine)->name,
                 json_string(context.principal->id()), json_string(shortened(reason.value_or(""), 200)),
                 out.return_value, told ? "" : ", ", told ? std::string() : told.error().message);
    return out;
  }
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<ShutdownComponentProvider> make_shutdown_component_provider(
    ::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::ShutdownComponentProvider>(environment);
}
}  // namespace vmms::schema::msvm
