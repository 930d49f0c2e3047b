#include "wire/http/exchange.hpp"

#include "base/text.hpp"

namespace vmms::wire::http {

std::string_view Request::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (equals_no_case(header.name, name)) return header.value;
  }
  return {};
}

}  // namespace vmms::wire::http
