// Msvm_HeartbeatComponent: whether a guest answers.
#include "schema/msvm/heartbeat_component.hpp"

#include "providers/integration/integration_components.hpp"

namespace vmms::providers {

namespace {

using Component = schema::msvm::HeartbeatComponent;
using Base = IntegrationComponentProvider<Component, schema::msvm::HeartbeatComponentProvider>;

constexpr std::uint16_t communication_timed_out = 32783;

class HeartbeatComponentProvider : public Base {
 public:
  explicit HeartbeatComponentProvider(Environment& environment) : Base(environment, heartbeat) {}

 private:
  // The second value tells more of the first: of a guest that answers, that nothing of it is known to be wrong.
  void complete(const cim::Context&, const Machine&, const Query&, Contact& contact, Component& found) override {
    if (contact.text.empty()) return;
    if (contact.status == status::ok) {
      found.operational_status = {{status::ok, status::ok}};
      found.status_descriptions = {{contact.text, "OK"}};
    }
    if (contact.status == status::lost_communication) {
      found.operational_status = {{status::lost_communication, communication_timed_out}};
      found.status_descriptions = {{contact.text, "Communication timed out"}};
    }
  }
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<HeartbeatComponentProvider> make_heartbeat_component_provider(
    ::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::HeartbeatComponentProvider>(environment);
}
}  // namespace vmms::schema::msvm
