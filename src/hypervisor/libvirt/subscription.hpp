// libvirt's events of one connection, reduced to a few calls of ours.
#pragma once

#include "hypervisor/libvirt/library.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vmms::hypervisor::libvirt {

/// Called on libvirt's event thread (`on_closed` also on another that notices first): must be quick and must not call
/// libvirt.
class EventHandler {
 public:
  enum class Event : std::uint8_t {
    defined,          ///< a definition was added
    started,          ///< also from a saved state or a checkpoint
    changed,          ///< any other change of what a record holds
    agent_connected,  ///< and libvirt talks to it
    agent_gone,       ///< also with its domain
  };

  virtual ~EventHandler() = default;
  virtual void on_event(const std::string& id, Event event) = 0;
  /// An event was lost, for lack of memory.
  virtual void on_event_lost(const char* why) = 0;
  virtual void on_closed(virConnectPtr connection, const char* reason) = 0;
};

/// Registers for the events of a connection for as long as it lives. Its end calls libvirt.
class Subscription {
 public:
  Subscription(ConnectionHandle connection, std::weak_ptr<EventHandler> handler);
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

 private:
  ConnectionHandle connection_;
  std::uintptr_t number_;
  std::vector<int> callbacks_;
};

}  // namespace vmms::hypervisor::libvirt
