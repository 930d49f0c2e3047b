#include "wire/wsman/identify.hpp"

#include "wire/wsman/names.hpp"
#include "wire/xml/writer.hpp"

namespace vmms::wire::wsman {

OrFault<OperationTask> prepare_identify(const std::string& product_vendor, const std::string& product_version) {
  std::string body;
  xml::Writer writer(body);
  writer.start("wsmid:IdentifyResponse")
      .attribute("xmlns:wsmid", names::wsmid)
      .element("wsmid:ProtocolVersion", names::wsman)
      .element("wsmid:ProductVendor", product_vendor)
      .element("wsmid:ProductVersion", product_version)
      .end();
  OperationTask task;
  task.run = [body = std::move(body)](std::string& answer) -> OrFault<void> {
    answer += body;
    return {};
  };
  return task;
}

}  // namespace vmms::wire::wsman
