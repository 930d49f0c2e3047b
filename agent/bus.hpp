// The connection to systemd: calls whose answers come later, and signals. Nothing here waits.
#pragma once

#include <dbus/dbus.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace vmms::agent {

/// A D-Bus message that is freed at the end.
class Message {
 public:
  explicit Message(DBusMessage* message = nullptr) : message_(message) {}
  ~Message() {
    if (message_ != nullptr) dbus_message_unref(message_);
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  DBusMessage* get() const { return message_; }

 private:
  DBusMessage* message_;
};

/// Names of systemd's objects and interfaces.
inline constexpr const char* systemd_name = "org.freedesktop.systemd1";
inline constexpr const char* systemd_path = "/org/freedesktop/systemd1";
inline constexpr const char* manager_interface = "org.freedesktop.systemd1.Manager";
inline constexpr const char* unit_interface = "org.freedesktop.systemd1.Unit";
inline constexpr const char* peer_interface = "org.freedesktop.DBus.Peer";
inline constexpr const char* properties_interface = "org.freedesktop.DBus.Properties";

class Bus {
 public:
  /// The answer, an error message, or null when the connection was lost first.
  using Answered = std::function<void(DBusMessage*)>;
  using Signalled = std::function<void(DBusMessage*)>;

  ~Bus() { close(); }

  /// Connects to the first address that answers: systemd's own socket first, which needs no dbus-daemon in between and
  /// outlives it; then the system bus.
  bool open(const std::vector<std::string>& addresses);
  void close();
  bool connected() const { return connection_ != nullptr; }

  void on_signal(Signalled signalled) { signalled_ = std::move(signalled); }

  /// Calls a method with text arguments.
  void call(const std::string& path, const char* interface, const char* method,
            const std::vector<std::string>& arguments, Answered answered);

  int descriptor() const;
  bool wants_to_write() const;
  /// Sends and receives what can be without waiting; false: the connection is lost.
  bool work();

 private:
  bool open(const std::string& address);

  DBusConnection* connection_ = nullptr;
  Signalled signalled_;
  std::map<std::uint32_t, Answered> waiting_;
};

}  // namespace vmms::agent
