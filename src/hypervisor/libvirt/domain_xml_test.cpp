#include "hypervisor/libvirt/domain_xml.hpp"

#include <gtest/gtest.h>

namespace vmms::hypervisor::libvirt {
namespace {

/// Settings with these values; the others were never set.
Settings with(std::optional<bool> interface, std::optional<bool> file_service = {},
              std::optional<bool> vss_service = {}) {
  Settings result;
  result.guest_service_interface = interface;
  result.guest_file_service = file_service;
  result.vss_service = vss_service;
  return result;
}

constexpr std::string_view running_domain = R"(<domain type='qemu' id='3'>
  <name>web</name>
  <uuid>a1576c71-f505-4d1b-9b78-2cfd971b0f31</uuid>
  <description>serves &lt;pages&gt;</description>
  <metadata>
    <app:other xmlns:app="urn:app"><app:settings/></app:other>
    <vmms:settings xmlns:vmms="urn:vmms:domain:1">
      <vmms:guestServiceInterface enabled="yes"/>
      <vmms:later value="kept"><vmms:deep/></vmms:later>
      <x:foreign xmlns:x="urn:x">text</x:foreign>
    </vmms:settings>
  </metadata>
  <memory unit='KiB'>196608</memory>
  <currentMemory unit='KiB'>98304</currentMemory>
  <vcpu placement='static' current='2'>4</vcpu>
  <devices>
    <channel type='unix'>
      <source mode='bind' path='/x/org.qemu.guest_agent.0'/>
      <target type='virtio' name='org.qemu.guest_agent.0' state='connected'/>
      <alias name='channel0'/>
    </channel>
    <channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0' state='disconnected'/></channel>
  </devices>
</domain>)";

TEST(DomainXml, ReadsWhatARecordNeeds) {
  const auto domain = parse_domain(running_domain);
  ASSERT_TRUE(domain);
  EXPECT_EQ(domain->name, "web");
  EXPECT_EQ(domain->uuid, "a1576c71-f505-4d1b-9b78-2cfd971b0f31");
  EXPECT_EQ(domain->description, "serves <pages>");
  EXPECT_EQ(domain->processors, 2U);
  EXPECT_EQ(domain->memory_bytes, 196608U * 1024);
  EXPECT_TRUE(domain->agent_channel);
  EXPECT_TRUE(domain->agent_connected);
  EXPECT_EQ(domain->settings, with(true));
  EXPECT_EQ(domain->settings_element,
            R"(<settings><guestServiceInterface enabled="yes"/><later value="kept"><deep/></later>)"
            R"(<x:foreign xmlns:x="urn:x">text</x:foreign></settings>)");
}

TEST(DomainXml, ToleratesTheLeast) {
  const auto domain = parse_domain("<domain/>");
  ASSERT_TRUE(domain);
  EXPECT_EQ(domain->processors, 1U);
  EXPECT_EQ(domain->memory_bytes, 0U);
  EXPECT_FALSE(domain->agent_channel);
  EXPECT_FALSE(domain->agent_connected);
  EXPECT_EQ(domain->settings, Settings());
  EXPECT_EQ(domain->settings_element, "");
}

TEST(DomainXml, RefusesWhatIsNoDomain) {
  for (const char* xml : {"", "text", "<domain", "<network/>", "<domain><name></domain>"}) {
    EXPECT_FALSE(parse_domain(xml)) << xml;
  }
}

std::string with_metadata(const std::string& metadata) {
  return "<domain><metadata>" + metadata + "</metadata></domain>";
}

TEST(DomainXml, GoesByNamespaceNotPrefix) {
  const auto settings = [](const std::string& metadata) { return parse_domain(with_metadata(metadata))->settings; };
  const Settings on = with(true);
  EXPECT_EQ(settings("<settings xmlns='urn:vmms:domain:1'><guestServiceInterface enabled='yes'/></settings>"), on);
  EXPECT_EQ(settings("<q:settings xmlns:q='urn:vmms:domain:1'><q:guestServiceInterface enabled='yes'/></q:settings>"),
            on);
  EXPECT_EQ(
      settings("<vmms:settings xmlns:vmms='urn:other'><vmms:guestServiceInterface enabled='yes'/></vmms:settings>"),
      Settings());
  EXPECT_EQ(settings("<vmms:settings><vmms:guestServiceInterface enabled='yes'/></vmms:settings>"), Settings());
  EXPECT_EQ(parse_domain("<domain xmlns:v='urn:vmms:domain:1'><metadata><v:settings>"
                         "<v:guestFileService started='no'/></v:settings></metadata></domain>")
                ->settings,
            with(std::nullopt, false));
}

TEST(DomainXml, IgnoresValuesItDoesNotKnow) {
  const auto domain = parse_domain(with_metadata(
      "<settings xmlns='urn:vmms:domain:1'><guestServiceInterface enabled='perhaps'/><guestFileService/></settings>"));
  EXPECT_EQ(domain->settings, Settings());
}

TEST(DomainXml, ReadsUnitsAndRefusesOverflow) {
  const auto memory = [](const char* xml) { return parse_domain(xml)->memory_bytes; };
  EXPECT_EQ(memory("<domain><memory unit='MiB'>192</memory></domain>"), 192U << 20);
  EXPECT_EQ(memory("<domain><memory>1024</memory></domain>"), 1U << 20);
  EXPECT_EQ(memory("<domain><memory unit='TiB'>99999999999999999999</memory></domain>"), 0U);
  EXPECT_EQ(memory("<domain><memory unit='parsec'>1</memory></domain>"), 0U);
}

TEST(WriteSettings, SetsWhatWasNeverSet) {
  EXPECT_EQ(
      *write_settings("", with(true, false, false)),
      R"(<settings><guestServiceInterface enabled="yes"/><guestFileService started="no"/><vssService started="no"/></settings>)");
}

TEST(WriteSettings, KeepsWhatItDoesNotKnow) {
  const auto domain = parse_domain(running_domain);
  EXPECT_EQ(*write_settings(domain->settings_element, with(false, true)),
            R"(<settings><guestServiceInterface enabled="no"/><later value="kept"><deep/></later>)"
            R"(<x:foreign xmlns:x="urn:x">text</x:foreign><guestFileService started="yes"/></settings>)");
  EXPECT_EQ(
      *write_settings("<settings version='2'><guestServiceInterface enabled='no' by='x'/></settings>", with(true)),
      R"(<settings version="2"><guestServiceInterface enabled="yes" by="x"/></settings>)");
}

TEST(WriteSettings, SaysNothingWhereNothingIsLeft) {
  EXPECT_EQ(*write_settings("<settings><guestServiceInterface enabled='yes'/></settings>", {}), "");
  EXPECT_EQ(*write_settings("", {}), "");
}

TEST(WriteSettings, RefusesWhatItCannotRead) { EXPECT_FALSE(write_settings("<settings", with(true, true))); }

TEST(WriteSettings, CommunicationServicesAreWrittenAndReadBack) {
  constexpr const char* first = "00000001-FACB-11E6-BD58-64006A7986D3";
  constexpr const char* second = "00000002-FACB-11E6-BD58-64006A7986D3";
  using Policy = Settings::CommunicationService::Policy;
  Settings settings;
  settings.communication_services = {{first, Policy::enabled}, {second, Policy::deferred}};
  settings.key_value_exchange = false;
  settings.host_key_values_disabled = true;
  const auto written = write_settings("", settings);
  ASSERT_TRUE(written);
  EXPECT_NE(written->find(std::string("<guestCommunicationService id=\"") + second + "\" policy=\"deferred\"/>"),
            std::string::npos)
      << *written;
  const auto read = [](const std::string& element) {
    return parse_domain("<domain><metadata>" +
                        std::string(element).insert(9, " xmlns=\"" + std::string(settings_namespace) + "\"") +
                        "</metadata></domain>")
        ->settings;
  };
  EXPECT_EQ(read(*written), settings);
  settings.communication_services.pop_back();
  EXPECT_EQ(read(*write_settings(*written, settings)), settings);
  // Written by hand: any order, either case, twice, or not a GUID.
  const Settings odd = read(std::string("<settings><guestCommunicationService id='") + second +
                            "' policy='dreams'/><guestCommunicationService id='00000001-facb-11e6-bd58-64006a7986d3' "
                            "policy='disabled'/><guestCommunicationService id='" +
                            first + "'/><guestCommunicationService id='x'/><guestCommunicationService/></settings>");
  EXPECT_EQ(odd.communication_services,
            (std::vector<Settings::CommunicationService>{{first, Policy::disabled}, {second, Policy::enabled}}));
}

TEST(WriteSettings, ComponentsAndKeyValuesAreWrittenAndReadBack) {
  Settings settings;
  settings.heartbeat = false;
  settings.shutdown = true;
  settings.time_synchronization = false;
  settings.volume_backup = false;
  settings.file_systems_frozen = true;
  settings.host_key_values = {{"Owner", "Ann & \"Bob\"\n<both>\t\xC3\xA9", false}, {"secret", "", true}};
  const auto written = write_settings("<settings><later/></settings>", settings);
  ASSERT_TRUE(written);
  EXPECT_NE(written->find(R"(<hostKeyValue name="secret" value="" hostOnly="yes"/>)"), std::string::npos) << *written;
  const auto read = [](std::string element) {
    return parse_domain(with_metadata(element.insert(9, " xmlns=\"" + std::string(settings_namespace) + "\"")))
        ->settings;
  };
  EXPECT_EQ(read(*written), settings);
  EXPECT_EQ(*write_settings(*written, {}), "<settings><later/></settings>");
  // By hand: unordered, twice, without a name.
  EXPECT_EQ(
      read("<settings><hostKeyValue name='b' value='1'/><hostKeyValue name='A' value='2'/><hostKeyValue name='B'/>"
           "<hostKeyValue value='x'/></settings>")
          .host_key_values,
      (std::vector<Settings::KeyValue>{{"A", "2", false}, {"b", "1", false}}));
}

TEST(DomainXml, KnowsItsVsockDevice) {
  const auto context = [](const std::string& device) {
    return parse_domain("<domain><devices>" + device + "</devices></domain>")->vsock_context;
  };
  EXPECT_EQ(context("<vsock model='virtio'><cid auto='yes' address='5'/></vsock>"), 5U);
  EXPECT_EQ(context("<vsock model='virtio'><cid auto='yes'/></vsock>"), std::nullopt);
  EXPECT_EQ(context(""), std::nullopt);
}

}  // namespace
}  // namespace vmms::hypervisor::libvirt
