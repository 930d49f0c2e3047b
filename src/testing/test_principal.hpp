// For tests of what a signed-in user does.
#pragma once

#include "cim/principal.hpp"

#include <memory>
#include <string>
#include <utility>

namespace vmms::wire::http {

inline cim::PrincipalPtr test_principal(std::string name, std::string mechanism = "basic") {
  return std::make_shared<const cim::Principal>(cim::Principal{
      .realm = "vmms", .name = std::move(name), .mechanism = std::move(mechanism), .address = "192.0.2.1"});
}

}  // namespace vmms::wire::http
