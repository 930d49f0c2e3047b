// CIM_Namespace of root/interop: the namespaces.
#include "schema/interop/CIM_Namespace.hpp"

#include "providers/common/environment.hpp"

namespace vmms::providers {

namespace {

using Namespace = schema::interop::cim::Namespace;

class CimNamespaceProvider : public schema::interop::cim::NamespaceProvider {
 public:
  explicit CimNamespaceProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<Namespace>& query, cim::PageOf<Namespace>& page) override {
    const std::string host = environment_.host.machine().information()->name;
    for (const std::string_view name : environment_.manager.namespaces()) {
      Namespace space;
      space.creation_class_name = "CIM_Namespace";
      space.name = space.element_name = std::string(name);
      space.object_manager_name = "vmms";
      space.system_name = host;
      if (!query.selects(space.key())) continue;
      if (page.full()) break;
      space.class_info = Namespace::ClassInfo::other;  // none of the listed versions
      space.description_of_class_info = "Hyper-V";
      space.class_type = Namespace::ClassType::cim;
      page.add(std::move(space));
    }
  }

 private:
  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::interop::cim::NamespaceProvider> make_provider(Environment& environment) {
  return std::make_unique<CimNamespaceProvider>(environment);
}

}  // namespace vmms::providers
