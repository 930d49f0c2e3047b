// Msvm_KvpExchangeComponentSettingData: whether host and guest exchange key-value pairs. Exists for every VM.
#include "schema/msvm/kvp_exchange_component_setting_data.hpp"

#include "base/text.hpp"
#include "providers/setting_provider.hpp"

namespace vmms::providers {

namespace {

using Setting = schema::msvm::KvpExchangeComponentSettingData;
using hypervisor::VirtualMachine;

Setting setting_of(const VirtualMachine& machine) {
  Setting instance;
  instance.instance_id = setting_instance_id(machine.id, key_value_exchange_id);
  instance.enabled_state = machine.settings.key_value_exchange.value_or(true) ? 2 : 3;
  instance.disable_host_kvp_items = machine.settings.host_key_values_disabled.value_or(false);
  return instance;
}

class Provider : public schema::msvm::KvpExchangeComponentSettingDataProvider {
 public:
  explicit Provider(Environment& environment) : environment_(environment) {}

  cim::PageOf<Setting> enumerate(const cim::Context&, const cim::TypedQuery<Setting>& query) override {
    return enumerate_settings(environment_, query,
                              [](const VirtualMachine& machine) { return std::vector{setting_of(machine)}; });
  }

  Status modify(const cim::Context&, const Key& key, const Setting& changes) override {
    return modify_settings(environment_, key, changes);
  }

 private:
  Environment& environment_;
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<KvpExchangeComponentSettingDataProvider> make_kvp_exchange_component_setting_data_provider(
    ::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::Provider>(environment);
}
}  // namespace vmms::schema::msvm
