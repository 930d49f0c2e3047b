// CIM_ObjectManager of root/interop: this server.
#include "providers/common/environment.hpp"
#include "schema/interop/CIM_ObjectManager.hpp"

namespace vmms::providers {

namespace {

using ObjectManager = schema::interop::cim::ObjectManager;

class CimObjectManagerProvider : public schema::interop::cim::ObjectManagerProvider {
 public:
  explicit CimObjectManagerProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<ObjectManager>& query,
                 cim::PageOf<ObjectManager>& page) override {
    ObjectManager manager;
    manager.creation_class_name = "CIM_ObjectManager";
    manager.name = manager.element_name = manager.caption = "vmms";
    manager.system_name = environment_.host.machine().information()->name;
    if (!query.selects(manager.key())) return;
    manager.description = "vmms " + environment_.configuration.version;
    manager.version = environment_.configuration.version;
    manager.started = true;
    manager.enabled_state = ObjectManager::EnabledState::enabled;
    manager.operational_status = {{ObjectManager::OperationalStatus::ok}};
    manager.gather_statistical_data = false;
    page.add(std::move(manager));
  }

 private:
  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::interop::cim::ObjectManagerProvider> make_provider(Environment& environment) {
  return std::make_unique<CimObjectManagerProvider>(environment);
}

}  // namespace vmms::providers
