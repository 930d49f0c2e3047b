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
class CountingHost : public hypervisor::simulator::Simulator {
 public:
  explicit CountingHost(hypervisor::simulator::FleetDescription description) : Simulator(std::move(description)) {}
  hypervisor::VirtualMachines& machines() override { return machines_; }
  hypervisor::GuestTransports& guests() override { return guests_; }

  std::atomic<int> lists = 0;  ///< how often VMs were listed instead of looked up
  std::set<std::string> reached;
  bool broken = false;                                                  ///< guests().find() throws
  std::map<std::string, std::shared_ptr<guest::Transport>> transports;  ///< by VM name, instead of the simulator's

 private:
  class CountingMachines : public hypervisor::simulator::SimulatedVirtualMachines {
   public:
    explicit CountingMachines(CountingHost& host) : SimulatedVirtualMachines(host.fleet()), host_(host) {}
    std::vector<hypervisor::VirtualMachinePtr> list(std::string_view after, std::size_t limit) const override {
      ++host_.lists;
      return SimulatedVirtualMachines::list(after, limit);
    }

   private:
    CountingHost& host_;
  };

  class CountingGuests : public hypervisor::simulator::SimulatedGuestTransports {
   public:
    explicit CountingGuests(CountingHost& host) : SimulatedGuestTransports(host.fleet()), host_(host) {}
    std::shared_ptr<guest::Transport> find(std::string_view id) override {
      if (host_.broken) throw std::bad_alloc();
      const std::lock_guard lock(mutex_);
      const std::string name = host_.machines_.find(id)->name;
      host_.reached.insert(name);
      const auto own = host_.transports.find(name);
      return own == host_.transports.end() ? SimulatedGuestTransports::find(id) : own->second;
    }

   private:
    CountingHost& host_;
    std::mutex mutex_;  ///< guards `reached`: several guests are asked at the same time
  };

  CountingMachines machines_{*this};
  CountingGuests guests_{*this};
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
    for (const auto& machine : host_.machines().list("", 100))
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
