#include "hypervisor/libvirt/define.hpp"

#include "hypervisor/libvirt/domain_xml.hpp"
#include "hypervisor/libvirt/library.hpp"

#include <gtest/gtest.h>

namespace vmms::hypervisor::libvirt {
namespace {

/// Settings with these values; the others were never set.
Settings with(std::optional<bool> interface, std::optional<bool> file_service = {}) {
  Settings result;
  result.guest_service_interface = interface;
  result.guest_file_service = file_service;
  return result;
}

Accelerator kvm() { return Accelerator::kvm; }
Accelerator tcg() { return Accelerator::tcg; }
Accelerator never() {
  ADD_FAILURE() << "nothing asks for a choice";
  return Accelerator::tcg;
}

TEST(PrepareDefinition, ChoosesTheAcceleratorWhereAsked) {
  const std::string xml =
      "<domain type='vmms:auto'><name>x</name><features><acpi/><tcg><tb-cache unit='MiB'>64</tb-cache></tcg></features>"
      "</domain>";
  const std::string on_tcg = *prepare_definition(xml, "", tcg);
  EXPECT_NE(on_tcg.find("type=\"qemu\""), std::string::npos);
  EXPECT_NE(on_tcg.find("<tb-cache"), std::string::npos);
  const std::string on_kvm = *prepare_definition(xml, "", kvm);
  EXPECT_NE(on_kvm.find("type=\"kvm\""), std::string::npos);
  EXPECT_EQ(on_kvm.find("<tcg"), std::string::npos);
  EXPECT_NE(on_kvm.find("<acpi"), std::string::npos);
  EXPECT_NE(prepare_definition("<domain type='xen'/>", "", never)->find("xen"), std::string::npos);
}

TEST(PrepareDefinition, KeepsIdentityAndMetadata) {
  const std::string existing =
      "<domain><name>x</name><uuid>u-1</uuid><metadata><vmms:settings xmlns:vmms='urn:vmms:domain:1'>"
      "<vmms:guestServiceInterface enabled='yes'/></vmms:settings><a:b xmlns:a='urn:a'>old</a:b></metadata></domain>";
  const auto merged = parse_domain(*prepare_definition(
      "<domain><name>x</name><metadata><a:b xmlns:a='urn:a'>new</a:b></metadata></domain>", existing, never));
  EXPECT_EQ(merged->uuid, "u-1");
  EXPECT_EQ(merged->settings, with(true));
  const std::string text = *prepare_definition(
      "<domain><name>x</name><metadata><a:b xmlns:a='urn:a'>new</a:b></metadata></domain>", existing, never);
  EXPECT_NE(text.find("new"), std::string::npos);
  EXPECT_EQ(text.find("old"), std::string::npos);
}

TEST(DefineDomain, IsTheSameVmAgain) {
  const std::string uri = "test:///default";
  const std::string xml =
      "<domain type='test'><name>define-test</name><memory unit='MiB'>8</memory><os><type>hvm</type></os></domain>";
  ASSERT_TRUE(initialise_library());
  const auto keeper = own(virConnectOpen(uri.c_str()));  // the test driver forgets all with its last connection
  const auto first = define_domain(uri, xml, never);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->size(), 36U);
  const DomainHandle domain(virDomainLookupByName(keeper.get(), "define-test"));
  ASSERT_TRUE(domain);
  ASSERT_EQ(virDomainSetMetadata(domain.get(), VIR_DOMAIN_METADATA_ELEMENT,
                                 "<settings><guestServiceInterface enabled='yes'/></settings>", settings_prefix,
                                 settings_namespace, VIR_DOMAIN_AFFECT_CONFIG),
            0);
  EXPECT_EQ(*define_domain(uri, xml, never), *first);
  const TextHandle after(virDomainGetXMLDesc(domain.get(), VIR_DOMAIN_XML_INACTIVE));
  EXPECT_EQ(parse_domain(after.get())->settings, with(true));

  ASSERT_EQ(virDomainCreate(domain.get()), 0);
  EXPECT_EQ(*define_domain(uri, "<domain type='test'><name>define-test</name><description>other</description></domain>",
                           never),
            *first);
  const TextHandle active(virDomainGetXMLDesc(domain.get(), VIR_DOMAIN_XML_INACTIVE));
  EXPECT_EQ(parse_domain(active.get())->description, "") << "an active domain is left alone";
  virDomainDestroy(domain.get());
  virDomainUndefine(domain.get());
}

TEST(DefineDomain, RefusesWhatIsNoDomain) {
  for (const char* xml : {"", "<domain", "<network/>", "<domain/>"}) {
    const auto refused = define_domain("test:///default", xml, never);
    ASSERT_FALSE(refused) << xml;
    EXPECT_EQ(refused.error().kind, Failure::invalid_argument) << xml;
  }
  EXPECT_FALSE(define_domain("test:///default", "<domain type='test'><name>x</name></domain>", never));
}

}  // namespace
}  // namespace vmms::hypervisor::libvirt
