// __NAMESPACE of every namespace: those below it. In root/interop all, which is where CIM clients look.
#include "providers/common/environment.hpp"
#include "schema/__NAMESPACE.hpp"
#include "schema/cimv2/__NAMESPACE.hpp"
#include "schema/interop/__NAMESPACE.hpp"

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

template <>
std::unique_ptr<schema::wmi::NAMESPACEProvider> make_provider(Environment& environment) {
  return std::make_unique<WmiNamespaceProvider<schema::wmi::NAMESPACEProvider>>(environment, "root/virtualization/v2");
}

template <>
std::unique_ptr<schema::cimv2::wmi::NAMESPACEProvider> make_provider(Environment& environment) {
  return std::make_unique<WmiNamespaceProvider<schema::cimv2::wmi::NAMESPACEProvider>>(environment, "root/cimv2");
}

template <>
std::unique_ptr<schema::interop::wmi::NAMESPACEProvider> make_provider(Environment& environment) {
  return std::make_unique<WmiNamespaceProvider<schema::interop::wmi::NAMESPACEProvider>>(environment, "");
}

}  // namespace vmms::providers
