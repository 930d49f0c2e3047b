#include "hypervisor/libvirt/define.hpp"

#include "hypervisor/libvirt/connection.hpp"
#include "hypervisor/libvirt/domain_xml.hpp"
#include "hypervisor/libvirt/embedded_root.hpp"
#include "hypervisor/libvirt/record.hpp"
#include "hypervisor/libvirt/uri.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>
#include <spdlog/spdlog.h>

#include <sstream>

namespace vmms::hypervisor::libvirt {

namespace {

/// The present domain that `wanted` means; null when there is none.
DomainHandle find_existing(virConnectPtr connection, const DomainXml& wanted) {
  return DomainHandle(wanted.uuid.empty() ? virDomainLookupByName(connection, wanted.name.c_str())
                                          : virDomainLookupByUUIDString(connection, wanted.uuid.c_str()));
}

void keep_metadata(pugi::xml_node domain, pugi::xml_node existing) {
  const pugi::xml_node kept = existing.child("metadata");
  if (!kept) return;
  pugi::xml_node metadata = domain.child("metadata");
  if (!metadata) metadata = domain.append_child("metadata");
  for (const pugi::xml_node element : kept.children()) {
    if (!metadata.child(element.name())) metadata.append_copy(element);
  }
}

}  // namespace

Result<std::string> prepare_definition(std::string_view xml, std::string_view existing,
                                       const std::function<Accelerator()>& choose) {
  pugi::xml_document document;
  pugi::xml_node domain;
  if (const auto parsed = document.load_buffer(xml.data(), xml.size()); parsed) domain = document.child("domain");
  if (!domain) return error(Failure::invalid_argument, "the definition is not the XML of a libvirt domain");
  if (domain.attribute("type").value() == std::string_view("vmms:auto")) {
    const Accelerator accelerator = choose();
    domain.attribute("type").set_value(domain_type(accelerator));
    if (accelerator == Accelerator::kvm) domain.child("features").remove_child("tcg");
  }
  pugi::xml_document present;
  if (!existing.empty() && present.load_buffer(existing.data(), existing.size())) {
    if (!domain.child("uuid")) {
      domain.append_child("uuid").text().set(present.child("domain").child("uuid").text().get());
    }
    keep_metadata(domain, present.child("domain"));
  }
  std::ostringstream out;
  document.print(out, "  ", pugi::format_indent | pugi::format_no_declaration);
  return out.str();
}

Result<std::string> define_domain(const std::string& uri, std::string_view xml,
                                  const std::function<Accelerator()>& choose) {
  const auto wanted = parse_domain(xml);
  if (!wanted) return error(Failure::invalid_argument, wanted.error().message);
  if (wanted->name.empty()) return error(Failure::invalid_argument, "the domain's XML has no <name>");
  if (const auto root = embedded_root(uri); root && *root) {
    if (auto fits = check_socket_paths(**root, wanted->name); !fits) return fits.error();
  }
  const auto connection = open_connection(uri);
  if (!connection) return connection.error();

  std::string existing;
  if (const auto domain = find_existing(connection->get(), *wanted)) {
    if (virDomainIsActive(domain.get()) == 1) {
      spdlog::info("VM {} is active: its definition stays as it is", wanted->name);
      return id_of(domain.get());
    }
    const TextHandle text(virDomainGetXMLDesc(domain.get(), VIR_DOMAIN_XML_INACTIVE));
    if (!text) return last_error_of(fmt::format("the present definition of VM {} cannot be read", wanted->name));
    existing = text.get();
  }
  auto definition = prepare_definition(xml, existing, choose);
  if (!definition) return definition.error();
  const DomainHandle defined(virDomainDefineXML(connection->get(), definition->c_str()));
  if (!defined) return last_error_of(fmt::format("VM {} cannot be defined", wanted->name));
  return id_of(defined.get());
}

}  // namespace vmms::hypervisor::libvirt
