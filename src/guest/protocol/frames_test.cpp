#include "guest/protocol/frames.hpp"

#include <gtest/gtest.h>

namespace vmms::guest::protocol {
namespace {

Unit unit() {
  return {"nginx.service",
          {"nginx.service", "web.service"},
          "a web server",
          "loaded",
          "active",
          "running",
          "enabled",
          "notify",
          "success",
          4711,
          1,
          3,
          1'700'000'000'000'000};
}

// One frame, as FrameReader and decode give it back.
template <class Decode>
auto round(const std::string& bytes, Decode decode) {
  FrameReader reader;
  reader.add(bytes);
  const auto frame = reader.next();
  EXPECT_TRUE(frame);
  EXPECT_FALSE(reader.next());
  return decode(frame.value_or(""));
}

TEST(Protocol, MessagesToTheAgentComeThrough) {
  const Receive receive{7, "org.vmms.data.copy", "/tmp/ä b", 1ULL << 40, {{0, 5}, {1ULL << 33, 6}}};
  const auto read = round(encode(ToAgent(receive)), decode_to_agent);
  ASSERT_TRUE(read);
  const auto& message = std::get<Receive>(*read);
  EXPECT_EQ(message.id, 7U);
  EXPECT_EQ(message.port, receive.port);
  EXPECT_EQ(message.path, receive.path);
  EXPECT_EQ(message.size, receive.size);
  EXPECT_EQ(message.segments, receive.segments);
  EXPECT_EQ(std::get<Stop>(*round(encode(ToAgent(Stop{9, "a.service"})), decode_to_agent)).unit, "a.service");
  EXPECT_TRUE(std::holds_alternative<Exit>(*round(encode(ToAgent(Exit{})), decode_to_agent)));
}

TEST(Protocol, MessagesToTheHostComeThrough) {
  const auto read =
      round(encode(ToHost(Done{3, "failed", "", "", unit(), {"one", "two"}, unmet_assertion})), decode_to_host);
  ASSERT_TRUE(read);
  const auto& message = std::get<Done>(*read);
  EXPECT_EQ(message.job_result, "failed");
  EXPECT_EQ(message.unit, unit());
  EXPECT_EQ(message.log_lines, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(message.unmet, unmet_assertion);
  Transferred transferred{4, 99, {}};
  transferred.sha256[0] = 255;
  transferred.sha256[31] = 1;
  EXPECT_EQ(std::get<Transferred>(*round(encode(ToHost(transferred)), decode_to_host)).sha256, transferred.sha256);
}

TEST(Protocol, ASegmentListOfTheLargestSizeFits) {
  Receive receive{1, std::string(64, 'p'), std::string(4096, 'f'), 0, {}};
  receive.segments.resize(segments_limit);
  EXPECT_LE(encode(ToAgent(receive)).size(), frame_limit);
}

TEST(Protocol, BytesMayComeInAnyPieces) {
  const std::string bytes =
      encode(ToHost(Gone{"a.service"})) + encode(ToHost(Lost{})) + encode(ToHost(Changed{unit()}));
  FrameReader reader;
  std::vector<std::size_t> kinds;
  for (const char byte : bytes) {
    reader.add({&byte, 1});
    while (const auto frame = reader.next()) kinds.push_back(decode_to_host(*frame).value().index());
  }
  EXPECT_EQ(kinds, (std::vector<std::size_t>{7, 10, 6}));
}

TEST(Protocol, WhatIsNoMessageIsRefused) {
  std::string frame = encode(ToHost(State{1, unit()})).substr(4);
  for (std::size_t size = 0; size < frame.size(); ++size) EXPECT_FALSE(decode_to_host(frame.substr(0, size)));
  EXPECT_FALSE(decode_to_host(frame + "x"));
  frame[0] = 99;
  EXPECT_FALSE(decode_to_host(frame));
  // A list that promises four billion elements costs nothing.
  EXPECT_FALSE(decode_to_agent(std::string("\4") + std::string(16, '\0') + std::string(4, '\xff')));
}

TEST(Protocol, AFrameThatIsTooLongEndsTheReading) {
  FrameReader reader;
  reader.add(std::string_view("\1\0\4\0", 4));
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.broken());
  reader.add(encode(ToHost(Lost{})));
  EXPECT_FALSE(reader.next());
}

}  // namespace
}  // namespace vmms::guest::protocol
