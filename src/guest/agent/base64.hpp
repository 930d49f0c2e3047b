// Base64 in this layer's namespace.
#pragma once

#include "base/base64.hpp"

namespace vmms::guest {
using vmms::decode_base64;
using vmms::encode_base64;
}  // namespace vmms::guest
