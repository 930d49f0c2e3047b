#include "agent/bus.hpp"

#include <cstring>
#include <utility>

namespace vmms::agent {

namespace {

// Everything that systemd sends, and systemd itself coming and going.
constexpr const char* rules[] = {
    "type='signal',sender='org.freedesktop.systemd1'",
    "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.freedesktop.systemd1'"};

}  // namespace

bool Bus::open(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses)
    if (open(address)) return true;
  return false;
}

bool Bus::open(const std::string& address) {
  close();
  connection_ = dbus_connection_open_private(address.c_str(), nullptr);
  if (connection_ == nullptr) return false;
  dbus_connection_set_exit_on_disconnect(connection_, FALSE);
  // A peer has no names; a bus assigns one and needs to know which signals we want.
  const bool is_bus = address.find("/systemd/private") == std::string::npos;
  if (is_bus) {
    if (!dbus_bus_register(connection_, nullptr)) {
      close();
      return false;
    }
    for (const char* rule : rules) dbus_bus_add_match(connection_, rule, nullptr);
  }
  return true;
}

void Bus::close() {
  if (connection_ != nullptr) {
    dbus_connection_close(connection_);
    dbus_connection_unref(connection_);
    connection_ = nullptr;
  }
  for (auto& [serial, answered] : std::exchange(waiting_, {})) answered(nullptr);
}

void Bus::call(const std::string& path, const char* interface, const char* method,
               const std::vector<std::string>& arguments, Answered answered) {
  const Message message(dbus_message_new_method_call(systemd_name, path.c_str(), interface, method));
  std::uint32_t serial = 0;
  bool sent = connection_ != nullptr && message.get() != nullptr;
  for (const std::string& argument : arguments) {
    const char* text = argument.c_str();
    sent = sent && dbus_message_append_args(message.get(), DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID);
  }
  sent = sent && dbus_connection_send(connection_, message.get(), &serial);
  if (sent)
    waiting_[serial] = std::move(answered);
  else
    answered(nullptr);
}

int Bus::descriptor() const {
  int descriptor = -1;
  if (connection_ == nullptr || !dbus_connection_get_unix_fd(connection_, &descriptor)) return -1;
  return descriptor;
}

bool Bus::wants_to_write() const { return connection_ != nullptr && dbus_connection_has_messages_to_send(connection_); }

bool Bus::work() {
  if (connection_ == nullptr) return false;
  if (!dbus_connection_read_write(connection_, 0)) return false;
  while (connection_ != nullptr) {
    const Message message(dbus_connection_pop_message(connection_));
    if (message.get() == nullptr) return dbus_connection_get_is_connected(connection_);
    if (dbus_message_is_signal(message.get(), DBUS_INTERFACE_LOCAL, "Disconnected")) return false;
    const int type = dbus_message_get_type(message.get());
    if (type == DBUS_MESSAGE_TYPE_SIGNAL) {
      signalled_(message.get());
    } else if (type == DBUS_MESSAGE_TYPE_METHOD_RETURN || type == DBUS_MESSAGE_TYPE_ERROR) {
      const auto found = waiting_.find(dbus_message_get_reply_serial(message.get()));
      if (found == waiting_.end()) continue;
      const Answered answered = std::move(found->second);
      waiting_.erase(found);
      answered(message.get());
    }
  }
  return false;
}

}  // namespace vmms::agent
