// Msvm_KvpExchangeComponentSettingData: whether host and guest exchange key-value pairs, and those of the host. Exists
// for every VM.
#include "providers/integration/integration_components.hpp"
#include "providers/integration/key_value_items.hpp"
#include "schema/Msvm_KvpExchangeComponentSettingData.hpp"

namespace vmms::providers {

namespace {

using Setting = schema::msvm::KvpExchangeComponentSettingData;
using Base = IntegrationSettingProvider<Setting, schema::msvm::KvpExchangeComponentSettingDataProvider>;

class KvpExchangeComponentSettingDataProvider : public Base {
 public:
  explicit KvpExchangeComponentSettingDataProvider(Environment& environment) : Base(environment, key_value_exchange) {}

 private:
  void complete(const Machine& machine, Setting& setting) override {
    setting.disable_host_kvp_items = is_on(machine.settings, &hypervisor::Settings::host_key_values_disabled);
    // NULL where there are none: wbemcli cannot read arrays of embedded instances.
    if (auto items = host_items(machine.settings, false); !items.empty())
      setting.host_exchange_items = std::move(items);
    if (auto items = host_items(machine.settings, true); !items.empty()) setting.host_only_items = std::move(items);
  }
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::KvpExchangeComponentSettingDataProvider> make_provider(Environment& environment) {
  return std::make_unique<KvpExchangeComponentSettingDataProvider>(environment);
}

}  // namespace vmms::providers
