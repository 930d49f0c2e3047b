// __NAMESPACE of every namespace: those below it. In root/interop all, which is where CIM clients look.
#include "schema/cimv2/wmi/namespace.hpp"
#include "schema/interop/wmi/namespace.hpp"
#include "schema/wmi/namespace.hpp"

#include "providers/common/environment.hpp"

namespace vmms::providers {

namespace {

/// `Base` is the provider's base class in one of the namespaces.
template <class Base>
class WmiNamespaceProvider : public Base {
 public:
  using Namespace = typename Base::Object;

  /// `own` is the namespace itself, empty for all.
  WmiNamespaceProvider(Environment& environment, std::string own) : environment_(environment), own_(std::move(own)) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<Namespace>& query, cim::PageOf<Namespace>& page) override {
    for (const std::string_view name : environment_.manager.namespaces()) {
      Namespace space;
      if (own_.empty())
        space.name = std::string(name);
      else if (name.starts_with(own_ + "/") && name.find('/', own_.size() + 1) == std::string_view::npos)
        space.name = std::string(name.substr(own_.size() + 1));
      else
        continue;
      if (!query.selects(space.key())) continue;
      if (page.full()) break;
      page.add(std::move(space));
    }
  }

 private:
  Environment& environment_;
  const std::string own_;
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::wmi {
std::unique_ptr<NAMESPACEProvider> make_namespace_provider(::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::WmiNamespaceProvider<NAMESPACEProvider>>(environment,
                                                                                      "root/virtualization/v2");
}
}  // namespace vmms::schema::wmi
namespace vmms::schema::cimv2::wmi {
std::unique_ptr<NAMESPACEProvider> make_namespace_provider(::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::WmiNamespaceProvider<NAMESPACEProvider>>(environment, "root/cimv2");
}
}  // namespace vmms::schema::cimv2::wmi
namespace vmms::schema::interop::wmi {
std::unique_ptr<NAMESPACEProvider> make_namespace_provider(::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::WmiNamespaceProvider<NAMESPACEProvider>>(environment, "");
}
}  // namespace vmms::schema::interop::wmi
