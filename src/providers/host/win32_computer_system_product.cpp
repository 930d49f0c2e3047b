// Win32_ComputerSystemProduct of root/cimv2: the host's UUID, by which libvirt's Hyper-V driver and virt-who know it.
#include "providers/common/environment.hpp"
#include "schema/cimv2/Win32_ComputerSystemProduct.hpp"

namespace vmms::providers {

namespace {

using Product = schema::cimv2::win32::ComputerSystemProduct;

class Win32ComputerSystemProductProvider : public schema::cimv2::win32::ComputerSystemProductProvider {
 public:
  explicit Win32ComputerSystemProductProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<Product>& query, cim::PageOf<Product>& page) override {
    const auto host = environment_.host.machine().information();
    Product product;
    product.caption = product.description = "Computer System Product";
    product.identifying_number = host->serial_number;
    product.name = host->model;
    product.vendor = host->manufacturer;
    product.version = host->machine_version;
    product.uuid = host->uuid;
    if (query.selects(product.key())) page.add(std::move(product));
  }

 private:
  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::cimv2::win32::ComputerSystemProductProvider> make_provider(Environment& environment) {
  return std::make_unique<Win32ComputerSystemProductProvider>(environment);
}

}  // namespace vmms::providers
