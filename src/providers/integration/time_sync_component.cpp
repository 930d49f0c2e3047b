// Msvm_TimeSyncComponent: keeps the clock of a guest right. The clock is set when the VM goes on after a pause or from
// a saved state (upkeep.hpp); here it is read.
#include "providers/integration/integration_components.hpp"
#include "schema/Msvm_TimeSyncComponent.hpp"

namespace vmms::providers {

namespace {

using Component = schema::msvm::TimeSyncComponent;
using Base = IntegrationComponentProvider<Component, schema::msvm::TimeSyncComponentProvider>;

class TimeSyncComponentProvider : public Base {
 public:
  explicit TimeSyncComponentProvider(Environment& environment) : Base(environment, time_synchronization) {}

 private:
  // StatusDescriptions says how far the guest's clock is ahead.
  void complete(const cim::Context& context, const Machine& machine, const Query& query, Contact& contact,
                Component&) override {
    if (contact.status != ComponentStatus::ok || !query.wants(Component::Property::status_descriptions)) return;
    const auto guest = environment_.guests.find(machine.id);
    if (!guest) return;
    const auto offset = guest->clock_offset(guest_deadline(context));
    if (!offset) return;
    contact.text = fmt::format("OK: clock offset {:+.3f} s", std::chrono::duration<double>(*offset).count());
  }
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::TimeSyncComponentProvider> make_provider(Environment& environment) {
  return std::make_unique<TimeSyncComponentProvider>(environment);
}

}  // namespace vmms::providers
