// Msvm_KvpExchangeComponent: what a guest reports of itself, and what its programs publish to the host.
#include "providers/integration/integration_components.hpp"
#include "providers/integration/key_value_items.hpp"
#include "schema/Msvm_KvpExchangeComponent.hpp"

namespace vmms::providers {

namespace {

using Component = schema::msvm::KvpExchangeComponent;
using Base = IntegrationComponentProvider<Component, schema::msvm::KvpExchangeComponentProvider>;

class KvpExchangeComponentProvider : public Base {
 public:
  explicit KvpExchangeComponentProvider(Environment& environment) : Base(environment, key_value_exchange) {}

 private:
  // NULL where there is nothing: without an agent that answers, and while the exchange is off. What an answering agent
  // could not report has a line of StatusDescriptions.
  void complete(const cim::Context& context, const Machine& machine, const Query& query, Contact&,
                Component& found) override {
    const bool wants_guest = query.wants(Component::Property::guest_exchange_items);
    const bool wants_intrinsic = query.wants(Component::Property::guest_intrinsic_exchange_items);
    if (!wants_guest && !wants_intrinsic) return;
    const auto deadline = guest_deadline(context);
    const Contact reached = contact(environment_, machine, component_, deadline);
    const auto guest = environment_.guests.find(machine.id);
    if (reached.status != ComponentStatus::ok || !guest) return;
    const auto missing = [&](const char* what, const Error& why) {
      if (!found.status_descriptions) found.status_descriptions = {{reached.text}};
      found.status_descriptions->push_back(fmt::format("{} not known: {:.1000}", what, why.message));
    };
    const auto identity = guest->identity(deadline);
    if (wants_intrinsic && identity) found.guest_intrinsic_exchange_items = intrinsic_items(**identity);
    if (wants_intrinsic && !identity) missing("What the guest is (GuestIntrinsicExchangeItems) is", identity.error());
    // Programs on Windows have no place to publish it.
    if (!wants_guest || (identity && is_windows(**identity))) return;
    const auto values = guest->key_values(deadline);
    if (!values) return missing("What the guest's programs tell (GuestExchangeItems) is", values.error());
    if (values->empty()) return;
    found.guest_exchange_items.emplace();
    for (const auto& [name, value] : *values)
      found.guest_exchange_items->push_back(key_value_item(name, value, KeyValueSource::guest));
  }
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::KvpExchangeComponentProvider> make_provider(Environment& environment) {
  return std::make_unique<KvpExchangeComponentProvider>(environment);
}

}  // namespace vmms::providers
