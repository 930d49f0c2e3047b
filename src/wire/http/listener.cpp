#include "wire/http/listener.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/core.h>

#include <charconv>

namespace vmms::wire::http {

Result<Listener> parse_listener(std::string_view text, bool tls) {
  const auto bad = [text](std::string_view why) {
    return error(
        Failure::invalid_argument,
        fmt::format("cannot listen on \"{}\": {}; write ADDRESS:PORT, for instance 127.0.0.1:5985, [::1]:5985 or "
                    "*:5986 (port 0 lets the kernel choose)",
                    text, why));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("there is no port");
  std::string_view address = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);

  Listener listener{.address = {}, .port = 0, .tls = tls};
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), listener.port);
  if (failed != std::errc() || end != port.data() + port.size()) return bad("the port is no number from 0 to 65535");

  const bool brackets = address.size() >= 2 && address.front() == '[' && address.back() == ']';
  if (brackets) address = address.substr(1, address.size() - 2);
  if (address == "localhost") address = "127.0.0.1";
  if (address == "*") address = "::";
  boost::system::error_code ec;
  const auto parsed = boost::asio::ip::make_address(std::string(address), ec);
  if (ec) return bad("this is no IP address (names are not looked up)");
  if (brackets && !parsed.is_v6()) return bad("only an IPv6 address goes into brackets");
  if (!brackets && parsed.is_v6() && text.front() != '*') return bad("an IPv6 address goes into brackets");
  listener.address = parsed.to_string();
  return listener;
}

std::string to_string(const Listener& listener) {
  if (listener.is_local()) return listener.path;
  const bool v6 = listener.address.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", listener.address, v6 ? "]" : "", listener.port);
}

bool is_loopback(const Listener& listener) {
  if (listener.is_local()) return true;
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(listener.address, ec);
  if (ec) return false;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).is_loopback();
  }
  return address.is_loopback();
}

}  // namespace vmms::wire::http
