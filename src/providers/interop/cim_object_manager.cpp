// CIM_ObjectManager of root/interop: this server.
#include "schema/interop/cim/object_manager.hpp"

#include "providers/common/environment.hpp"

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
    manager.system_name = environment_.host.information()->name;
    if (!query.selects(manager.key())) return;
    manager.description = "vmms " + environment_.configuration.version;
    manager.version = environment_.configuration.version;
    manager.started = true;
    manager.enabled_state = 2;
    manager.operational_status = {{2}};
    manager.gather_statistical_data = false;
    page.add(std::move(manager));
  }

 private:
  Environment& environment_;
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::interop::cim {
std::unique_ptr<ObjectManagerProvider> make_object_manager_provider(::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::CimObjectManagerProvider>(environment);
}
}  // namespace vmms::schema::interop::cim
