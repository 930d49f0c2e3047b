// The vsock port in the GUID of a guest communication service: Linux' template for Hyper-V sockets.
#pragma once

#include "base/text.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vmms::providers {

/// `<port as 8 hexadecimal digits>-FACB-11E6-BD58-64006A7986D3`, of either case; nothing: another GUID.
inline std::optional<std::uint32_t> vsock_port(std::string_view service_id) {
  constexpr std::size_t digits = 8;
  if (!is_guid(service_id) || !equals_no_case(service_id.substr(digits), "-FACB-11E6-BD58-64006A7986D3"))
    return std::nullopt;
  std::uint32_t port = 0;
  std::from_chars(service_id.data(), service_id.data() + digits, port, 16);
  return port;
}

}  // namespace vmms::providers
