#include "wire/http/listener.hpp"

#include <gtest/gtest.h>

namespace vmms::wire::http {
namespace {

TEST(Listener, IsReadAndWritten) {
  const struct {
    const char* text;
    Listener listener;
    const char* written;
    bool loopback;
  } cases[] = {
      {"127.0.0.1:5985", {"127.0.0.1", 5985, false}, "127.0.0.1:5985", true},
      {"127.8.9.1:0", {"127.8.9.1", 0, false}, "127.8.9.1:0", true},
      {"localhost:80", {"127.0.0.1", 80, false}, "127.0.0.1:80", true},
      {"[::1]:5986", {"::1", 5986, false}, "[::1]:5986", true},
      {"[::ffff:127.0.0.1]:1", {"::ffff:127.0.0.1", 1, false}, "[::ffff:127.0.0.1]:1", true},
      {"0.0.0.0:5985", {"0.0.0.0", 5985, false}, "0.0.0.0:5985", false},
      {"*:65535", {"::", 65535, false}, "[::]:65535", false},
      {"[2001:DB8::1]:1", {"2001:db8::1", 1, false}, "[2001:db8::1]:1", false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto listener = parse_listener(c.text, false);
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_EQ(*listener, c.listener);
    EXPECT_EQ(to_string(*listener), c.written);
    EXPECT_EQ(is_loopback(*listener), c.loopback);
  }
  EXPECT_TRUE(parse_listener("*:1", true)->tls);
}

TEST(Listener, MistakesAreExplained) {
  for (const char* text :
       {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80 ",
        "host.example:80", "::1:80", "[127.0.0.1]:80", "[::1]", "[::1]80", "[]:80", ":80", "127.0.0.1:+80"}) {
    SCOPED_TRACE(text);
    const auto listener = parse_listener(text, false);
    ASSERT_FALSE(listener);
    EXPECT_EQ(listener.error().kind, Failure::invalid_argument);
    EXPECT_NE(listener.error().message.find("127.0.0.1:5985"), std::string::npos);
  }
}

}  // namespace
}  // namespace vmms::wire::http
