// Msvm_GuestCommunicationServiceSettingData: the programs of a guest that may be reached through sockets of the
// hypervisor. Clients create, change and delete them; they live in the domain's <metadata>.
#include "base/text.hpp"
#include "providers/integration/setting_provider.hpp"
#include "schema/Msvm_GuestCommunicationServiceSettingData.hpp"

namespace vmms::providers {

namespace {

using Setting = schema::msvm::GuestCommunicationServiceSettingData;
using hypervisor::VirtualMachine;

Setting setting_of(const VirtualMachine& machine, const hypervisor::Settings::CommunicationService& service) {
  Setting instance;
  instance.instance_id = communication_setting_id(machine.id, service.id);
  instance.name = service.id;
  instance.element_name = service.id;
  instance.enabled_state_policy = static_cast<Setting::EnabledStatePolicy>(service.policy);
  return instance;
}

class GuestCommunicationServiceSettingDataProvider : public schema::msvm::GuestCommunicationServiceSettingDataProvider {
 public:
  explicit GuestCommunicationServiceSettingDataProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<Setting>& query, cim::PageOf<Setting>& page) override {
    enumerate_by_machine(environment_, query, page, [](const VirtualMachine& machine) {
      std::vector<Setting> settings;
      for (const auto& service : machine.settings.communication_services)
        settings.push_back(setting_of(machine, service));
      return settings;
    });
  }

  Status modify(const cim::Context&, const Key& key, const Setting& changes) override {
    return modify_settings(environment_, key, changes);
  }

  Result<Key> create(const cim::Context&, const Setting& instance) override {
    const auto change = check_addition(environment_, cim::to_instance(instance));
    if (!change) return change.error();
    if (const Status done = apply(environment_, *change); !done) return done.error();
    Key key;
    key.instance_id = change->path.value("InstanceID");
    return key;
  }

  Status remove(const cim::Context&, const Key& key) override {
    const auto change = check_removal(environment_, cim::to_path(key));
    if (!change) return change.error();
    return apply(environment_, *change);
  }

 private:
  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::GuestCommunicationServiceSettingDataProvider> make_provider(Environment& environment) {
  return std::make_unique<GuestCommunicationServiceSettingDataProvider>(environment);
}

}  // namespace vmms::providers
