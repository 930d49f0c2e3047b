#include "wire/http/exchange.hpp"

#include <strings.h>

namespace vmms::wire::http {

std::string_view Request::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (header.name.size() == name.size() && strncasecmp(header.name.data(), name.data(), name.size()) == 0) {
      return header.value;
    }
  }
  return {};
}

}  // namespace vmms::wire::http
