// Msvm_KvpExchangeComponentSettingData: whether host and guest exchange key-value pairs. Exists for every VM.
#include "schema/msvm/kvp_exchange_component_setting_data.hpp"

#include "base/text.hpp"
#include "cim/typed.hpp"
#include "providers/setting_changes.hpp"

namespace vmms::providers {

namespace {

using Setting = schema::msvm::KvpExchangeComponentSettingData;
using hypervisor::VirtualMachine;
using hypervisor::VirtualMachinePtr;

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
    cim::PageOf<Setting> page;
    std::optional<std::string> id;
    if (query.keys.instance_id) id = std::string(machine_of_instance_id(*query.keys.instance_id));
    const std::string after(query.after ? machine_of_instance_id(query.after->instance_id) : std::string_view{});
    for_each_machine(environment_, id, after, [&](const VirtualMachinePtr& machine) {
      Setting instance = setting_of(*machine);
      if (!query.selects(instance.key())) return true;
      if (page.items.size() == query.limit) {
        page.more = true;
        return false;
      }
      page.items.push_back(std::move(instance));
      return true;
    });
    return page;
  }

  Status modify(const cim::Context&, const Key& key, const Setting& changes) override {
    Setting whole = changes;
    whole.instance_id = key.instance_id;
    const auto change = check_modification(environment_, cim::to_instance(std::move(whole)));
    if (!change) return change.error();
    return apply(environment_, *change);
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
