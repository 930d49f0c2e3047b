#include "hypervisor/libvirt/subscription.hpp"

#include "hypervisor/libvirt/record.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace vmms::hypervisor::libvirt {

namespace {

using HandlerReference = std::weak_ptr<EventHandler>;  // each registration owns one, freed by libvirt

void release(void* reference) { delete static_cast<HandlerReference*>(reference); }

void tell(void* reference, virDomainPtr domain, EventHandler::Event event) {
  if (const auto handler = static_cast<HandlerReference*>(reference)->lock()) handler->on_event(id_of(domain), event);
}

int on_lifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* reference) {
  using Event = EventHandler::Event;
  Event meaning = Event::changed;
  if (event == VIR_DOMAIN_EVENT_DEFINED && detail == VIR_DOMAIN_EVENT_DEFINED_ADDED) meaning = Event::defined;
  if (event == VIR_DOMAIN_EVENT_STARTED) meaning = Event::started;
  tell(reference, domain, meaning);
  return 0;
}

void on_agent(virConnectPtr, virDomainPtr domain, int state, int, void* reference) {
  const bool came = state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED;
  tell(reference, domain, came ? EventHandler::Event::agent_connected : EventHandler::Event::changed);
}

void on_metadata(virConnectPtr, virDomainPtr domain, int, const char*, void* reference) {
  tell(reference, domain, EventHandler::Event::changed);
}

void on_device(virConnectPtr, virDomainPtr domain, const char*, void* reference) {
  tell(reference, domain, EventHandler::Event::changed);
}

void on_close(virConnectPtr connection, int reason, void* reference) {
  const char* text = "it was closed";
  if (reason == VIR_CONNECT_CLOSE_REASON_EOF) text = "libvirt's daemon closed it or ended";
  if (reason == VIR_CONNECT_CLOSE_REASON_KEEPALIVE) text = "libvirt's daemon gave no sign of life";
  if (reason == VIR_CONNECT_CLOSE_REASON_ERROR) text = "it broke";
  if (const auto handler = static_cast<HandlerReference*>(reference)->lock()) handler->on_closed(connection, text);
}

template <class Function>
virConnectDomainEventGenericCallback generic(Function* function) {
  // libvirt keeps callbacks of every signature as one type and casts them back.
  return reinterpret_cast<virConnectDomainEventGenericCallback>(reinterpret_cast<void (*)()>(function));
}

}  // namespace

Subscription::Subscription(ConnectionHandle connection, std::weak_ptr<EventHandler> handler)
    : connection_(std::move(connection)) {
  const std::pair<int, virConnectDomainEventGenericCallback> wanted[] = {
      {VIR_DOMAIN_EVENT_ID_LIFECYCLE, generic(on_lifecycle)},
      {VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, generic(on_agent)},
      {VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, generic(on_metadata)},
      {VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, generic(on_device)},
      {VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, generic(on_device)},
  };
  for (const auto& [event, callback] : wanted) {
    auto* reference = new HandlerReference(handler);
    const int id = virConnectDomainEventRegisterAny(connection_.get(), nullptr, event, callback, reference, release);
    if (id >= 0) {
      callbacks_.push_back(id);
    } else {
      release(reference);
      spdlog::warn("libvirt does not tell about event {}: {}", event, last_error().text);
    }
  }
  auto* reference = new HandlerReference(std::move(handler));
  if (virConnectRegisterCloseCallback(connection_.get(), on_close, reference, release) < 0) release(reference);
}

Subscription::~Subscription() {
  // A registration holds the connection: it would never be closed.
  for (const int id : callbacks_) virConnectDomainEventDeregisterAny(connection_.get(), id);
  virConnectUnregisterCloseCallback(connection_.get(), on_close);
}

}  // namespace vmms::hypervisor::libvirt
