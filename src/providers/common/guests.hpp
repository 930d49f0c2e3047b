// The guests of a host's VMs, each made at the first request for it and kept while the VM exists.
#pragma once

#include "base/ledger.hpp"
#include "guest/guest.hpp"
#include "hypervisor/host.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace vmms::providers {

/// Thread-safe. Outlives the host's listeners through shared state.
class Guests {
 public:
  struct Options {
    guest::OwnAgentProgram own_agent;      ///< is deployed to guests; empty: never
    bool guest_service_interface = false;  ///< whether it is on where it was never set
    Ledger* ledger = nullptr;              ///< accounts for data from guests; null: none does
  };
  explicit Guests(hypervisor::Host& host) : Guests(host, Options()) {}
  Guests(hypervisor::Host& host, Options options);

  /// nullptr when there is no such VM.
  std::shared_ptr<guest::Guest> find(std::string_view id);

 private:
  struct Shared {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<guest::Guest>, std::less<>> guests;  ///< by upper-case VM id
  };
  hypervisor::GuestTransports& transports_;
  const Options options_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace vmms::providers
