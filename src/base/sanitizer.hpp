// Whether this is a build under a sanitizer.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define VMMS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VMMS_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define VMMS_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define VMMS_THREAD_SANITIZER 1
#endif
#endif

namespace vmms {

#if defined(VMMS_ADDRESS_SANITIZER) || defined(VMMS_THREAD_SANITIZER)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace vmms
