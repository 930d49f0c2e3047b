// For tests: every provider on a simulated fleet.
#pragma once

#include "cim/object_manager.hpp"
#include "hypervisor/simulator/host.hpp"
#include "providers/common/environment.hpp"
#include "schema/cimv2/classes.hpp"
#include "schema/cimv2/providers.hpp"
#include "schema/classes.hpp"
#include "schema/interop/classes.hpp"
#include "schema/interop/providers.hpp"
#include "schema/providers.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <string>
#include <vector>

namespace vmms::providers::testing {

inline constexpr const char* fleet = R"(
[host]
name = "HOST1"
vsock = true

[[vm]]
name = "alpha"
state = "running"
vsock_context = 5
settings = { guest_service_interface = true }
[vm.guest]
host_name = "alpha.example.org"
addresses = ["192.0.2.1", "2001:db8::1"]
clock_offset_milliseconds = 90_000
key_values = { Role = "web" }
[[vm.guest.service]]
name = "cron"
state = "active"
[[vm.guest.service]]
name = "web"

[[vm]]
name = "beta"
state = "running"
settings = { guest_service_interface = true }
[[vm.guest.service]]
name = "web"

[[vm]]
name = "gamma"
state = "off"

[[vm]]
name = "delta"
state = "running"
settings = { guest_service_interface = true }
[vm.guest]
agent = "silent"
)";

inline constexpr std::string_view space = "root/virtualization/v2";

/// Counts which VMs were reached through their agents.
class CountingHost : public hypervisor::Host {
 public:
  explicit CountingHost(hypervisor::simulator::FleetDescription description) : simulator_(std::move(description)) {}
  hypervisor::HostInformationPtr information() const override { return simulator_.information(); }
  std::optional<std::uint64_t> free_memory_bytes() const override { return simulator_.free_memory_bytes(); }
  hypervisor::VirtualMachinePtr find(std::string_view id) const override { return simulator_.find(id); }
  std::vector<hypervisor::VirtualMachinePtr> list(std::string_view after, std::size_t limit) const override {
    ++lists;
    return simulator_.list(after, limit);
  }
  Status health() const override { return simulator_.health(); }
  Status start(std::string_view id) override { return simulator_.start(id); }
  Status turn_off(std::string_view id) override { return simulator_.turn_off(id); }
  Status pause(std::string_view id) override { return simulator_.pause(id); }
  Status save(std::string_view id) override { return simulator_.save(id); }
  Status reset(std::string_view id) override { return simulator_.reset(id); }
  Status request_power(std::string_view id, PowerRequest request) override {
    return simulator_.request_power(id, request);
  }
  Status press_keys(std::string_view id, const std::vector<std::uint8_t>& keys,
                    std::chrono::milliseconds hold) override {
    return simulator_.press_keys(id, keys, hold);
  }
  Status change_settings(std::string_view id, const std::function<void(hypervisor::Settings&)>& change) override {
    return simulator_.change_settings(id, change);
  }
  std::shared_ptr<guest::Transport> guest(std::string_view id) override {
    if (broken) throw std::bad_alloc();
    const std::lock_guard lock(mutex_);
    const std::string name = simulator_.find(id)->name;
    reached.insert(name);
    const auto own = transports.find(name);
    return own == transports.end() ? simulator_.guest(id) : own->second;
  }
  void listen(Listener listener) override { simulator_.listen(std::move(listener)); }

  mutable std::atomic<int> lists = 0;  ///< how often VMs were listed instead of looked up
  std::set<std::string> reached;
  bool broken = false;                                                  ///< guest() throws
  std::map<std::string, std::shared_ptr<guest::Transport>> transports;  ///< by VM name, instead of the simulator's

  hypervisor::simulator::Simulator& simulator() { return simulator_; }

 private:
  std::mutex mutex_;  ///< guards `reached`: several guests are asked at the same time
  hypervisor::simulator::Simulator simulator_;
};

class Providers : public ::testing::Test {
 protected:
  explicit Providers(Guests::Options options = {})
      : host_(hypervisor::simulator::parse_description(fleet, "fleet").value()),
        guests_(host_, options),
        jobs_(cim::job::Jobs::open("",
                                   [](const AccountPtr&, std::string_view, std::function<void()> task) -> Status {
                                     task();
                                     return {};
                                   })
                  .value()),
        manager_(
            [](const cim::Principal&, cim::OperationKind, const cim::Class&, const cim::Method*) { return Status(); },
            "HOST1"),
        environment_{host_, guests_, *jobs_, {}, manager_} {
    manager_.add_schema(schema::root_virtualization_v2);
    manager_.add_schema(schema::cimv2::root_cimv2);
    manager_.add_schema(schema::interop::root_interop);
    schema::add_providers(manager_, environment_);
    schema::cimv2::add_providers(manager_, environment_);
    schema::interop::add_providers(manager_, environment_);
    context_.deadline = cim::Context::Clock::now() + std::chrono::seconds(60);
  }

  std::string id(std::string_view name) {
    for (const auto& machine : host_.list("", 100))
      if (machine->name == name) return machine->id;
    return {};
  }
  std::vector<cim::Instance> all(std::string_view class_name, std::size_t most = 100,
                                 const std::vector<cim::KeyBinding>& keys = {}, std::string_view name = space) {
    auto enumeration = manager_.enumerate(context_, name, class_name, keys);
    EXPECT_TRUE(enumeration) << class_name;
    return read(**enumeration, most);
  }
  std::vector<cim::Instance> read(cim::Enumeration& enumeration, std::size_t most) {
    std::vector<cim::Instance> found;
    failures_.clear();
    for (bool done = false; !done;) {
      auto batch = enumeration.next(context_, most);
      std::move(batch.items.begin(), batch.items.end(), std::back_inserter(found));
      std::move(batch.failures.begin(), batch.failures.end(), std::back_inserter(failures_));
      done = batch.done;
    }
    return found;
  }
  Result<cim::MethodResult> call(const std::string& path, std::string_view method, cim::Arguments inputs = {}) {
    return manager_.invoke(context_, cim::ObjectPath::parse(std::string(space) + ":" + path).value(), method, inputs);
  }
  std::string machine_path(std::string_view name) {
    return R"(Msvm_ComputerSystem.CreationClassName="Msvm_ComputerSystem",Name=")" + id(name) + "\"";
  }

  CountingHost host_;
  Guests guests_;
  std::unique_ptr<cim::job::Jobs> jobs_;
  cim::ObjectManager manager_;
  Environment environment_;
  cim::Context context_;
  std::vector<Error> failures_;
};

}  // namespace vmms::providers::testing
