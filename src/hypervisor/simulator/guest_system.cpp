#include "hypervisor/simulator/guest_system.hpp"

#include "guest/system/key_values.hpp"

#include <fmt/format.h>

namespace vmms::hypervisor::simulator {

namespace json = boost::json;

namespace {

json::value returned(json::value value) { return {{"return", std::move(value)}}; }

// The same for the same VM, from the locally administered addresses.
std::string hardware_address(std::string_view vm_name) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const char c : vm_name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return fmt::format("52:54:00:{:02x}:{:02x}:{:02x}", hash >> 16 & 0xffU, hash >> 8 & 0xffU, hash & 0xffU);
}

json::value address(std::string_view text) {
  const bool version_6 = text.find(':') != std::string_view::npos;
  return {{"ip-address", text}, {"ip-address-type", version_6 ? "ipv6" : "ipv4"}, {"prefix", version_6 ? 64 : 24}};
}

}  // namespace

GuestSystem::GuestSystem(std::string vm_name, std::shared_ptr<const GuestDescription> description)
    : vm_name_(std::move(vm_name)),
      description_(std::move(description)),
      clock_offset_(description_ ? description_->clock_offset : milliseconds(0)) {}

std::optional<json::value> GuestSystem::answer(std::string_view command, const json::object& arguments) {
  if (command == "guest-get-host-name")
    return returned({{"host-name", description_->host_name.empty() ? vm_name_ : description_->host_name}});
  if (command == "guest-network-get-interfaces") return returned(interfaces());
  const auto now = std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch());
  if (command == "guest-get-time") return returned((now + clock_offset_).count());
  if (command == "guest-set-time") {
    const json::value* time = arguments.if_contains("time");
    clock_offset_ = time != nullptr && time->is_int64() ? std::chrono::nanoseconds(time->get_int64()) - now
                                                        : std::chrono::nanoseconds(0);
    return returned(json::object());
  }
  return std::nullopt;
}

std::optional<std::string> GuestSystem::run(std::string_view script, const std::string& place,
                                            const std::string& input) {
  if (script == guest::write_key_values_script) {
    if (place.find("first") != std::string::npos) new_host_key_values_.clear();
    new_host_key_values_ += input;
    if (place.find("last") != std::string::npos) host_key_values_ = new_host_key_values_;
    return std::string();
  }
  if (script == guest::read_key_values_script) return guest::write_key_values(description_->key_values);
  return std::nullopt;
}

void GuestSystem::set_running(bool running) {
  if (!running) {
    if (!stopped_at_) stopped_at_ = std::chrono::steady_clock::now();
  } else if (stopped_at_) {
    clock_offset_ -= std::chrono::steady_clock::now() - *stopped_at_;
    stopped_at_.reset();
  }
}

void GuestSystem::boot() {
  clock_offset_ = description_ ? description_->clock_offset : milliseconds(0);
  stopped_at_.reset();
}

json::value GuestSystem::interfaces() const {
  json::array addresses;
  for (const std::string& each : description_->addresses) addresses.push_back(address(each));
  return {{{"name", "lo"}, {"hardware-address", "00:00:00:00:00:00"}, {"ip-addresses", {address("127.0.0.1")}}},
          {{"name", "eth0"}, {"hardware-address", hardware_address(vm_name_)}, {"ip-addresses", addresses}}};
}

}  // namespace vmms::hypervisor::simulator
