# Language level, warnings, hardening, ccache and sanitizers, the same for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

# asio: without separate compilation nothing to choose; no deprecated interfaces. spdlog uses Debian's compiled library.
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ALL_NO_LIB)

set(VMMS_WARNINGS -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports impossible paths inside std::string and std::variant when optimizing.
  list(APPEND VMMS_WARNINGS -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds)
  if(VMMS_SANITIZE)  # there it takes the temporaries that it instruments for uninitialized ones
    list(APPEND VMMS_WARNINGS -Wno-uninitialized)
  endif()
endif()

# What makes mistakes of ours hard to exploit; tests/hardening_test.py looks for each in the programs. agent/ takes the
# same, without the sanitizers. Nothing marks a program for CET by force: where the C library is not marked, the kernel
# would not enforce it anyway, but each function of ours begins with endbr64.
set(VMMS_HARDENING -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND VMMS_HARDENING -fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64")
  list(APPEND VMMS_HARDENING -mbranch-protection=standard)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
  list(APPEND VMMS_HARDENING -enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
endif()
set(VMMS_FORTIFY -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
set(VMMS_HARDENED_LINK LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)
add_compile_options(-fPIE ${VMMS_HARDENING})
add_compile_definitions(_GLIBCXX_ASSERTIONS)
add_link_options(-pie ${VMMS_HARDENED_LINK})
if(NOT VMMS_SANITIZE)
  add_compile_options(${VMMS_FORTIFY})  # sanitizers look at the same calls by themselves
endif()

if(VMMS_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(VMMS_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
  # A finding ends the program, so that the test of a daemon notices it, too.
  set(VMMS_TEST_ENVIRONMENT
      "TSAN_OPTIONS=halt_on_error=1:suppressions=${CMAKE_SOURCE_DIR}/tests/thread_sanitizer.txt")
  # g++ warns that fences are not instrumented; Boost has some in paths that asio guards otherwise.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)
  endif()
endif()
