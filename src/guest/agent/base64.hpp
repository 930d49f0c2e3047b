// Base64 under the name that this layer knew it by first.
#pragma once

#include "base/base64.hpp"

namespace vmms::guest {
using vmms::decode_base64;
using vmms::encode_base64;
}  // namespace vmms::guest
