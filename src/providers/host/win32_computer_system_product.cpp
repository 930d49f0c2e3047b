// Win32_ComputerSystemProduct of root/cimv2: the host's UUID, by which libvirt's Hyper-V driver and virt-who know it.
#include "schema/cimv2/win32/computer_system_product.hpp"

#include "providers/common/environment.hpp"

namespace vmms::providers {

namespace {

using Product = schema::cimv2::win32::ComputerSystemProduct;

class Win32ComputerSystemProductProvider : public schema::cimv2::win32::ComputerSystemProductProvider {
 public:
  explicit Win32ComputerSystemProductProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<Product>& query, cim::PageOf<Product>& page) override {
    const auto host = environment_.host.information();
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

}  // namespace vmms::providers

namespace vmms::schema::cimv2::win32 {
std::unique_ptr<ComputerSystemProductProvider> make_computer_system_product_provider(
    ::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::Win32ComputerSystemProductProvider>(environment);
}
}  // namespace vmms::schema::cimv2::win32
