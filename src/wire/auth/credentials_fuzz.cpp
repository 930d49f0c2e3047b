// Authorization fields and users files with arbitrary content.
#include "wire/auth/credentials.hpp"
#include "wire/auth/password_file.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)vmms::wire::auth::decode_basic(text);
  (void)vmms::wire::auth::parse_users(text, "users");
  return 0;
}
