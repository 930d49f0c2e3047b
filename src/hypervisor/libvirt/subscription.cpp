#include "hypervisor/libvirt/subscription.hpp"

#include "hypervisor/libvirt/record.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <map>
#include <mutex>
#include <utility>

namespace vmms::hypervisor::libvirt {

namespace {

/// The handlers that callbacks may still name: what libvirt carries for us is a number and never a pointer, so a late
/// callback finds nothing instead of something freed.
class Handlers {
 public:
  std::uintptr_t add(std::weak_ptr<EventHandler> handler) {
    const std::lock_guard lock(mutex_);
    handlers_.emplace(++last_, std::move(handler));
    return last_;
  }
  void remove(std::uintptr_t number) {
    const std::lock_guard lock(mutex_);
    handlers_.erase(number);
  }
  std::shared_ptr<EventHandler> find(void* opaque) {
    const std::lock_guard lock(mutex_);
    const auto found = handlers_.find(reinterpret_cast<std::uintptr_t>(opaque));
    return found == handlers_.end() ? nullptr : found->second.lock();
  }

 private:
  std::mutex mutex_;
  std::map<std::uintptr_t, std::weak_ptr<EventHandler>> handlers_;
  std::uintptr_t last_ = 0;
};

Handlers& handlers() {
  static auto* all = new Handlers;  // libvirt's event thread runs until the process exits
  return *all;
}

void tell(void* opaque, virDomainPtr domain, EventHandler::Event event) {
  const auto handler = handlers().find(opaque);
  if (!handler) return;
  try {  // nothing may be thrown through libvirt
    handler->on_event(id_of(domain), event);
  } catch (const std::exception& e) {
    handler->on_event_lost(e.what());
  }
}

int on_lifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* opaque) {
  using Event = EventHandler::Event;
  Event meaning = Event::changed;
  if (event == VIR_DOMAIN_EVENT_DEFINED && detail == VIR_DOMAIN_EVENT_DEFINED_ADDED) meaning = Event::defined;
  if (event == VIR_DOMAIN_EVENT_STARTED) meaning = Event::started;
  if (event == VIR_DOMAIN_EVENT_STOPPED) meaning = Event::agent_gone;
  tell(opaque, domain, meaning);
  return 0;
}

void on_agent(virConnectPtr, virDomainPtr domain, int state, int, void* opaque) {
  const bool came = state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED;
  tell(opaque, domain, came ? EventHandler::Event::agent_connected : EventHandler::Event::agent_gone);
}

void on_metadata(virConnectPtr, virDomainPtr domain, int, const char*, void* opaque) {
  tell(opaque, domain, EventHandler::Event::changed);
}

void on_device(virConnectPtr, virDomainPtr domain, const char*, void* opaque) {
  tell(opaque, domain, EventHandler::Event::changed);
}

void on_close(virConnectPtr connection, int reason, void* opaque) {
  const char* text = "it was closed";
  if (reason == VIR_CONNECT_CLOSE_REASON_EOF) text = "libvirt's daemon closed it or ended";
  if (reason == VIR_CONNECT_CLOSE_REASON_KEEPALIVE) text = "libvirt's daemon gave no sign of life";
  if (reason == VIR_CONNECT_CLOSE_REASON_ERROR) text = "it broke";
  if (const auto handler = handlers().find(opaque)) handler->on_closed(connection, text);
}

template <class Function>
virConnectDomainEventGenericCallback generic(Function* function) {
  // libvirt keeps callbacks of every signature as one type and casts them back.
  return reinterpret_cast<virConnectDomainEventGenericCallback>(reinterpret_cast<void (*)()>(function));
}

}  // namespace

Subscription::Subscription(ConnectionHandle connection, std::weak_ptr<EventHandler> handler)
    : connection_(std::move(connection)), number_(handlers().add(std::move(handler))) {
  void* const opaque = reinterpret_cast<void*>(number_);
  const std::pair<int, virConnectDomainEventGenericCallback> wanted[] = {
      {VIR_DOMAIN_EVENT_ID_LIFECYCLE, generic(on_lifecycle)},
      {VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, generic(on_agent)},
      {VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, generic(on_metadata)},
      {VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, generic(on_device)},
      {VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, generic(on_device)},
  };
  for (const auto& [event, callback] : wanted) {
    const int id = virConnectDomainEventRegisterAny(connection_.get(), nullptr, event, callback, opaque, nullptr);
    if (id >= 0) {
      callbacks_.push_back(id);
    } else {
      spdlog::warn("libvirt does not tell about event {}: {}", event, last_error().text);
    }
  }
  virConnectRegisterCloseCallback(connection_.get(), on_close, opaque, nullptr);  // not every driver has it
}

Subscription::~Subscription() {
  handlers().remove(number_);
  // A registration holds the connection: it would never be closed.
  for (const int id : callbacks_) virConnectDomainEventDeregisterAny(connection_.get(), id);
  virConnectUnregisterCloseCallback(connection_.get(), on_close);
}

}  // namespace vmms::hypervisor::libvirt
