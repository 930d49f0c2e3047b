#include "cim/provider.hpp"

#include <fmt/format.h>

namespace vmms::cim {

namespace {

Error unsupported(const Provider& provider, const char* what) {
  return error(Failure::not_supported, fmt::format("instances of {} cannot be {}", provider.cim_class().name, what));
}

}  // namespace

Status Provider::modify(const Context&, const ObjectPath&, const Instance&) { return unsupported(*this, "changed"); }
Result<ObjectPath> Provider::create(const Context&, const Instance&) { return unsupported(*this, "created"); }
Status Provider::remove(const Context&, const ObjectPath&) { return unsupported(*this, "deleted"); }

}  // namespace vmms::cim
