// Msvm_HeartbeatComponent: whether a guest answers.
#include "providers/integration/integration_components.hpp"
#include "schema/Msvm_HeartbeatComponent.hpp"

namespace vmms::providers {

namespace {

using Component = schema::msvm::HeartbeatComponent;
using Base = IntegrationComponentProvider<Component, schema::msvm::HeartbeatComponentProvider>;

constexpr ComponentStatus communication_timed_out{32783};

class HeartbeatComponentProvider : public Base {
 public:
  explicit HeartbeatComponentProvider(Environment& environment) : Base(environment, heartbeat) {}

 private:
  // The second value adds to the first: for a guest that answers, that no fault of it is known.
  void complete(const cim::Context&, const Machine&, const Query&, Contact& contact, Component& found) override {
    if (contact.text.empty()) return;
    if (contact.status == ComponentStatus::ok) {
      found.operational_status = {{ComponentStatus::ok, ComponentStatus::ok}};
      found.status_descriptions = {{contact.text, "OK"}};
    }
    if (contact.status == ComponentStatus::lost_communication) {
      found.operational_status = {{ComponentStatus::lost_communication, communication_timed_out}};
      found.status_descriptions = {{contact.text, "Communication timed out"}};
    }
  }
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::HeartbeatComponentProvider> make_provider(Environment& environment) {
  return std::make_unique<HeartbeatComponentProvider>(environment);
}

}  // namespace vmms::providers
