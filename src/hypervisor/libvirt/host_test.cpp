// The host on libvirt's own test driver: everything but guests.
#include "hypervisor/libvirt/host.hpp"

#include "hypervisor/libvirt/connection.hpp"
#include "hypervisor/libvirt/define.hpp"
#include "hypervisor/libvirt/domain_xml.hpp"
#include "hypervisor/libvirt/library.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace vmms::hypervisor::libvirt {
namespace {

/// Settings with these values; the others were never set.
Settings with(std::optional<bool> interface, std::optional<bool> file_service = {}) {
  Settings result;
  result.guest_service_interface = interface;
  result.guest_file_service = file_service;
  return result;
}

using namespace std::chrono_literals;

constexpr const char* test_uri = "test:///default";
constexpr const char* machine_id = "A1576C71-F505-4D1B-9B78-2CFD971B0F31";

std::string definition(const std::string& more = "") {
  return fmt::format(
      "<domain type='test'><name>host-test</name><uuid>{}</uuid>{}<memory unit='MiB'>8</memory><vcpu>2</vcpu>"
      "<os><type>hvm</type></os></domain>",
      machine_id, more);
}

struct HostTest : testing::Test {
  HostTest() {
    EXPECT_TRUE(initialise_library());
    direct = own(virConnectOpen(test_uri));
    auto connected = connect({test_uri});
    EXPECT_TRUE(connected) << connected.error().message;
    host = *std::move(connected);
    host->machines().listen([this](const VirtualMachinePtr&, const VirtualMachinePtr&) {
      const std::lock_guard lock(mutex);
      changed.notify_all();
    });
  }
  ~HostTest() override {
    if (const DomainHandle left{virDomainLookupByUUIDString(direct.get(), machine_id)}) {
      if (virDomainIsActive(left.get()) == 1) virDomainDestroy(left.get());
      virDomainUndefineFlags(left.get(), VIR_DOMAIN_UNDEFINE_MANAGED_SAVE);
    }
    host.reset();
  }

  /// Waits until the record is as wanted.
  template <class Wanted>
  bool becomes(const Wanted& wanted) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 5s, [&] { return wanted(host->machines().find(machine_id)); });
  }
  DomainHandle domain() const { return DomainHandle(virDomainLookupByUUIDString(direct.get(), machine_id)); }
  void define(const std::string& more = "") {
    const DomainHandle defined(virDomainDefineXML(direct.get(), definition(more).c_str()));
    ASSERT_TRUE(defined);
    ASSERT_TRUE(becomes([](const auto& vm) { return vm != nullptr; }));
  }
  Settings stored(unsigned flags) const {
    const TextHandle xml(virDomainGetXMLDesc(domain().get(), flags));
    return parse_domain(xml.get())->settings;
  }
  static Status enable(Host& on, bool enabled) {
    return on.machines().change_settings(machine_id,
                                         [=](Settings& settings) { settings.guest_service_interface = enabled; });
  }

  ConnectionHandle direct;
  std::unique_ptr<Host> host;
  std::mutex mutex;
  std::condition_variable changed;
};

TEST_F(HostTest, ListsWhatIsThere) {
  EXPECT_TRUE(host->machine().health());
  const auto vm = host->machines().find("6695eb01-f6a4-8304-79aa-97f2502e193f");
  ASSERT_NE(vm, nullptr);
  EXPECT_EQ(vm->name, "test");
  EXPECT_EQ(vm->power, PowerState::running);
  EXPECT_EQ(vm->memory_bytes, 8192ULL << 20);
  EXPECT_FALSE(vm->agent_channel);
  EXPECT_EQ(host->machines().list("", 10).at(0)->id, vm->id);
  EXPECT_EQ(host->guests().find(vm->id), host->guests().find("6695eb01-f6a4-8304-79aa-97f2502e193f"));
  const auto refused = host->guests().find(vm->id)->command("{}", guest::Clock::now() + 1s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::unreachable);

  const HostInformation information = *host->machine().information();
  EXPECT_NE(information.hypervisor.find("libvirt"), std::string::npos);
  EXPECT_GT(information.processors, 0U);
  EXPECT_GT(information.memory_bytes, 0U);
  EXPECT_EQ(information.name.find('.'), std::string::npos);
}

TEST_F(HostTest, FollowsDefinitions) {
  define("<description>first</description>");
  EXPECT_EQ(host->machines().find(machine_id)->description, "first");
  EXPECT_EQ(host->machines().find(machine_id)->processors, 2U);
  EXPECT_EQ(host->machines().find(machine_id)->power, PowerState::off);
  EXPECT_TRUE(host->machines().find(machine_id)->created);
  define("<description>second</description>");
  EXPECT_TRUE(becomes([](const auto& vm) { return vm->description == "second" && vm->configuration_changed; }));

  const auto transport = host->guests().find(machine_id);
  virDomainUndefine(domain().get());
  EXPECT_TRUE(becomes([](const auto& vm) { return vm == nullptr; }));
  EXPECT_EQ(host->guests().find(machine_id), nullptr);
  EXPECT_EQ(transport->command("{}", guest::Clock::now() + 1s).error().kind, Failure::invalid_state);
  EXPECT_EQ(host->machines().start(machine_id).error().kind, Failure::not_found);
}

TEST_F(HostTest, StartsAndTurnsOff) {
  define();
  EXPECT_EQ(host->machines().turn_off(machine_id).error().kind, Failure::invalid_state);
  ASSERT_TRUE(host->machines().start(machine_id));
  EXPECT_EQ(host->machines().find(machine_id)->power, PowerState::running);
  EXPECT_TRUE(host->machines().find(machine_id)->state_changed);
  EXPECT_TRUE(becomes([](const auto& vm) { return vm->started.has_value(); }));
  const auto again = host->machines().start(machine_id);
  EXPECT_EQ(again.error().kind, Failure::invalid_state);
  EXPECT_NE(again.error().message.find("host-test"), std::string::npos);
  ASSERT_TRUE(host->machines().turn_off(machine_id));
  EXPECT_EQ(host->machines().find(machine_id)->power, PowerState::off);
  EXPECT_FALSE(host->machines().find(machine_id)->started);
  EXPECT_EQ(host->machines().start("nonsense").error().kind, Failure::not_found);
}

TEST_F(HostTest, ResumesWhatIsPausedAndRestoresWhatIsSaved) {
  define();
  ASSERT_TRUE(host->machines().start(machine_id));
  virDomainSuspend(domain().get());
  EXPECT_TRUE(becomes([](const auto& vm) { return vm->power == PowerState::paused; }));
  ASSERT_TRUE(host->machines().start(machine_id));
  EXPECT_EQ(host->machines().find(machine_id)->power, PowerState::running);

  ASSERT_EQ(virDomainManagedSave(domain().get(), 0), 0);
  EXPECT_TRUE(becomes([](const auto& vm) { return vm->power == PowerState::saved; }));
  EXPECT_EQ(host->machines().turn_off(machine_id).error().kind, Failure::invalid_state);
  ASSERT_TRUE(host->machines().start(machine_id));
  EXPECT_EQ(host->machines().find(machine_id)->power, PowerState::running);
}

TEST_F(HostTest, OnlyOneOfManyStartsAtATime) {
  define();
  std::vector<std::thread> threads;
  std::atomic<int> started{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto status = host->machines().start(machine_id);
      if (status) ++started;
      EXPECT_TRUE(status || status.error().kind == Failure::invalid_state);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(started, 1);
  EXPECT_EQ(host->machines().find(machine_id)->power, PowerState::running);
}

TEST_F(HostTest, KeepsSettingsInTheDefinition) {
  define();
  EXPECT_EQ(host->machines().find(machine_id)->settings, Settings());
  ASSERT_TRUE(enable(*host, true));
  EXPECT_EQ(host->machines().find(machine_id)->settings, with(true)) << "the record is new when the call returns";
  EXPECT_EQ(stored(VIR_DOMAIN_XML_INACTIVE), with(true));
  ASSERT_TRUE(host->machines().start(machine_id));
  EXPECT_EQ(stored(0), with(true));
  ASSERT_TRUE(enable(*host, false));
  EXPECT_EQ(stored(0), with(false));
  EXPECT_EQ(stored(VIR_DOMAIN_XML_INACTIVE), with(false));
  ASSERT_TRUE(host->machines().change_settings(machine_id, [](Settings& settings) { settings = {}; }));
  const TextHandle xml(virDomainGetXMLDesc(domain().get(), VIR_DOMAIN_XML_INACTIVE));
  EXPECT_EQ(std::string(xml.get()).find("vmms"), std::string::npos) << "nothing is left behind";
}

TEST_F(HostTest, KeepsWhatALaterVersionWrote) {
  define("<metadata><vmms:settings xmlns:vmms='urn:vmms:domain:1'><vmms:later x='1'/></vmms:settings></metadata>");
  ASSERT_TRUE(enable(*host, true));
  const TextHandle xml(virDomainGetXMLDesc(domain().get(), VIR_DOMAIN_XML_INACTIVE));
  EXPECT_NE(std::string(xml.get()).find("<vmms:later x=\"1\"/>"), std::string::npos) << xml.get();
  EXPECT_EQ(parse_domain(xml.get())->settings, with(true));
}

TEST_F(HostTest, TheConfigurationRulesTheLiveCopy) {
  define();
  ASSERT_TRUE(host->machines().start(machine_id));
  ASSERT_TRUE(enable(*host, true));
  // Changed by another tool, in the configuration only.
  ASSERT_EQ(virDomainSetMetadata(domain().get(), VIR_DOMAIN_METADATA_ELEMENT,
                                 "<settings><guestServiceInterface enabled='no'/></settings>", settings_prefix,
                                 settings_namespace, VIR_DOMAIN_AFFECT_CONFIG),
            0);
  EXPECT_TRUE(becomes([](const auto& vm) { return vm->settings.guest_service_interface == false; }));
  for (int i = 0; i < 500 && stored(0).guest_service_interface != false; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(stored(0).guest_service_interface, false);
  // Defined again without our element: the defaults, in the live copy too.
  const DomainHandle defined(virDomainDefineXML(direct.get(), definition().c_str()));
  EXPECT_TRUE(becomes([](const auto& vm) { return vm->settings == Settings(); }));
  for (int i = 0; i < 500 && stored(0) != Settings(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(stored(0), Settings());
}

TEST_F(HostTest, ATransientDomainHasOnlyItsLiveSettings) {
  const DomainHandle created(virDomainCreateXML(direct.get(), definition().c_str(), 0));
  ASSERT_TRUE(created);
  ASSERT_TRUE(becomes([](const auto& vm) { return vm && vm->power == PowerState::running; }));
  EXPECT_FALSE(host->machines().find(machine_id)->persistent);
  ASSERT_TRUE(enable(*host, true));
  EXPECT_EQ(host->machines().find(machine_id)->settings, with(true));
  ASSERT_TRUE(host->machines().turn_off(machine_id));
  EXPECT_TRUE(becomes([](const auto& vm) { return vm == nullptr; })) << "and with its end it is gone";
}

TEST_F(HostTest, ConcurrentSettingsLoseNothing) {
  define();
  ASSERT_TRUE(host->machines().start(machine_id));
  for (int round = 0; round < 20; ++round) {
    const bool value = round % 2 == 0;
    std::thread other([&] {
      EXPECT_TRUE(host->machines().change_settings(machine_id,
                                                   [=](Settings& settings) { settings.guest_file_service = value; }));
    });
    EXPECT_TRUE(enable(*host, value));
    other.join();
    EXPECT_EQ(host->machines().find(machine_id)->settings, with(value, value));
    EXPECT_EQ(stored(VIR_DOMAIN_XML_INACTIVE), with(value, value));
  }
}

TEST_F(HostTest, SurvivesAStormOfEventsAndReaders) {
  define();
  std::atomic<bool> ending{false};
  std::thread reader([&] {
    while (!ending) {
      for (const auto& vm : host->machines().list("", 100)) host->guests().find(vm->id);
      EXPECT_TRUE(host->machine().health());
    }
  });
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(host->machines().start(machine_id));
    ASSERT_EQ(virDomainSuspend(domain().get()), 0);
    ASSERT_TRUE(host->machines().turn_off(machine_id));
  }
  ending = true;
  reader.join();
  EXPECT_TRUE(becomes([](const auto& vm) { return vm->power == PowerState::off; }));
}

TEST(HostConnect, SaysWhatIsWrongWithAUri) {
  const auto unknown = connect({"nonsense:///x"});
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("nonsense:///x"), std::string::npos);
  const auto rootless = connect({"qemu:///embed"});
  ASSERT_FALSE(rootless);
  EXPECT_EQ(rootless.error().kind, Failure::invalid_argument);
  const auto nobody = connect({"qemu+unix:///system?socket=/nonexistent/socket"});
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().kind, Failure::unreachable);
}

TEST(ConnectionPool, BoundConnectionsAndCallsOnEach) {
  std::atomic<int> opened{0};
  const auto pools = std::make_shared<ConnectionPool>(
      [&] {
        ++opened;
        return open_connection("test:///default");
      },
      2);
  std::vector<ConnectionPool::Lease> held;
  for (std::size_t i = 0; i < 2 * ConnectionPool::calls_each; ++i) {
    auto lease = pools->acquire(guest::Clock::now() + 5s);
    ASSERT_TRUE(lease);
    held.push_back(*std::move(lease));
  }
  EXPECT_EQ(opened, 2);
  const auto refused = pools->acquire(guest::Clock::now() + 10ms);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::busy);
  std::thread releasing([&] { held.pop_back(); });
  EXPECT_TRUE(pools->acquire(guest::Clock::now() + 5s));
  releasing.join();
}

TEST(ConnectionPool, PassOnWhyNothingOpens) {
  const auto pools = std::make_shared<ConnectionPool>(
      []() -> Result<ConnectionHandle> { return error(Failure::unreachable, "nobody there"); }, 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(pools->acquire(guest::Clock::now() + 5s).error().message, "nobody there");
  }
}

}  // namespace
}  // namespace vmms::hypervisor::libvirt
