// Typing into VMs.
#include "testing/test_fleet.hpp"

#include <algorithm>
#include <future>

namespace vmms::providers {
namespace {

using Chords = std::vector<std::vector<std::uint8_t>>;

class Keyboard : public testing::Providers {
 protected:
  std::string path(std::string_view machine) {
    return R"(Msvm_Keyboard.CreationClassName="Msvm_Keyboard",DeviceID="Microsoft:DE6CDC86-E1FB-4940-801B-C3C1A26C4DA4",)"
           R"(SystemCreationClassName="Msvm_ComputerSystem",SystemName=")" +
           id(machine) + "\"";
  }
  std::uint64_t answer(std::string_view method, cim::Arguments inputs = {}, std::string_view machine = "alpha") {
    const auto result = call(path(machine), method, std::move(inputs));
    EXPECT_TRUE(result) << result.error().message;
    return result ? *result->return_value.get_if<std::uint64_t>() : 99999;
  }
  std::uint64_t text(const std::string& typed) { return answer("TypeText", {typed}); }
  std::uint64_t scancodes(const std::vector<std::uint64_t>& codes) {
    return answer("TypeScancodes", {cim::Value(cim::Array(codes.begin(), codes.end()))});
  }
  bool is_pressed(std::uint64_t key) {
    const auto result = call(path("alpha"), "IsKeyPressed", {key});
    EXPECT_TRUE(result) << result.error().message;
    return result->outputs.at(1) == cim::Value(true);
  }
  /// What was pressed since the last call.
  Chords pressed(std::string_view machine = "alpha") {
    Chords all = host_.keys(id(machine));
    const Chords news(all.begin() + static_cast<std::ptrdiff_t>(seen_), all.end());
    seen_ = all.size();
    return news;
  }

 private:
  std::size_t seen_ = 0;
};

TEST_F(Keyboard, BelongsToEachVmThatIsOn) {
  const auto keyboards = all("Msvm_Keyboard");
  ASSERT_EQ(keyboards.size(), 3U);
  for (const cim::Instance& keyboard : keyboards) {
    EXPECT_EQ(keyboard["Layout"], cim::Value("00000409"));
    EXPECT_NE(keyboard["SystemName"], cim::Value(id("gamma")));
  }
  EXPECT_EQ(all("Msvm_Keyboard", 1).size(), 3U) << "one at a time";
  EXPECT_EQ(answer("TypeCtrlAltDel", {}, "gamma"), 32775U) << "it is off";
  EXPECT_FALSE(call(R"(Msvm_Keyboard.CreationClassName="Msvm_Keyboard",DeviceID="Microsoft:1",)"
                    R"(SystemCreationClassName="Msvm_ComputerSystem",SystemName=")" +
                        id("alpha") + "\"",
                    "TypeCtrlAltDel"));
}

TEST_F(Keyboard, TypesText) {
  EXPECT_EQ(text("aB1!\r\n\t"), 0U);
  EXPECT_EQ(pressed(), (Chords{{0x1E}, {0x2A, 0x30}, {0x02}, {0x2A, 0x02}, {0x1C}, {0x0F}}));
  EXPECT_EQ(text(""), 0U);
  EXPECT_EQ(text("abc\xC3\xA4"), 1U);
  EXPECT_EQ(text(std::string(513, 'a')), 32773U);
  EXPECT_EQ(answer("TypeText", {cim::Value()}), 32773U);
  EXPECT_EQ(pressed(), Chords()) << "nothing of a text that cannot be typed to its end";
  for (char c = ' '; c < 0x7F; ++c) EXPECT_EQ(text(std::string(1, c)), 0U) << c;
}

TEST_F(Keyboard, KeysThatArePressedReachTheGuestAtTheFirstRelease) {
  for (const std::uint64_t key : {17U, 18U, 0x2EU}) EXPECT_EQ(answer("PressKey", {key}), 0U);
  EXPECT_EQ(pressed(), Chords());
  EXPECT_TRUE(is_pressed(162));
  EXPECT_FALSE(is_pressed(17)) << "no key of a keyboard";
  for (const std::uint64_t key : {17U, 18U, 0x2EU}) EXPECT_EQ(answer("ReleaseKey", {key}), 0U);
  EXPECT_EQ(pressed(), (Chords{{0x1D, 0x38, 0xD3}}));
  EXPECT_FALSE(is_pressed(162));

  // A shift key that is held counts for each.
  EXPECT_EQ(answer("PressKey", {std::uint64_t{160}}), 0U);
  EXPECT_EQ(answer("TypeKey", {std::uint64_t{0x41}}), 0U);
  EXPECT_EQ(answer("PressKey", {std::uint64_t{0x42}}), 0U);
  EXPECT_EQ(answer("ReleaseKey", {std::uint64_t{0x42}}), 0U);
  EXPECT_EQ(answer("ReleaseKey", {std::uint64_t{160}}), 0U);
  EXPECT_EQ(answer("ReleaseKey", {std::uint64_t{160}}), 0U) << "it is up already";
  EXPECT_EQ(pressed(), (Chords{{0x2A, 0x1E}, {0x2A, 0x30}}));
  EXPECT_EQ(answer("TypeCtrlAltDel"), 0U);
  EXPECT_EQ(pressed(), (Chords{{0x1D, 0x38, 0xD3}}));

  EXPECT_EQ(answer("PressKey", {std::uint64_t{7}}), 32773U);
  EXPECT_EQ(answer("PressKey", {std::uint64_t{0x141}}), 32773U);
  EXPECT_EQ(answer("PressKey", {cim::Value()}), 32773U);
}

TEST_F(Keyboard, AtMostSixteenAreDownAndNoneAfterTheVmWasOff) {
  for (std::uint64_t key = 0x41; key < 0x51; ++key) EXPECT_EQ(answer("PressKey", {key}), 0U);
  EXPECT_EQ(answer("PressKey", {std::uint64_t{0x51}}), 32774U);
  EXPECT_EQ(text("z"), 32774U);
  host_.machines().turn_off(id("alpha"));
  EXPECT_EQ(answer("ReleaseKey", {std::uint64_t{0x41}}), 32775U);
  host_.machines().start(id("alpha"));
  EXPECT_FALSE(is_pressed(0x41));
  EXPECT_EQ(text("z"), 0U);
  EXPECT_EQ(pressed(), (Chords{{0x2C}}));
  host_.set_power(id("alpha"), hypervisor::PowerState::paused);
  EXPECT_EQ(text("z"), 32775U);
}

TEST_F(Keyboard, ReadsScancodes) {
  EXPECT_EQ(scancodes({0x1D, 0x38, 0xE0, 0x53, 0xE0, 0xD3, 0xB8, 0x9D}), 0U);
  EXPECT_EQ(pressed(), (Chords{{0x1D, 0x38, 0xD3}}));
  EXPECT_EQ(scancodes({0xE0, 0x2A, 0xE0, 0x4B, 0xE0, 0xCB, 0xE0, 0xAA, 0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5, 0x1E, 0x9E}),
            0U);
  EXPECT_EQ(pressed(), (Chords{{0xCB}, {0xC6}, {0x1E}}));
  for (const std::vector<std::uint64_t>& wrong :
       {std::vector<std::uint64_t>{0x1E, 0x9E, 0xE0}, {0xE1, 0x1D}, {0xE0, 0x80}, {0x00}})
    EXPECT_EQ(scancodes(wrong), 32773U);
  EXPECT_EQ(scancodes(std::vector<std::uint64_t>(4097, 0x1E)), 32773U);
  EXPECT_EQ(pressed(), Chords());
}

TEST_F(Keyboard, EndsAtItsTimeAndOneTypesAtATime) {
  context_.deadline = cim::Context::Clock::now() + std::chrono::milliseconds(400);
  EXPECT_EQ(text(std::string(100, 'a')), 32772U);
  EXPECT_LT(cim::Context::Clock::now(), context_.deadline);
  EXPECT_LT(pressed().size(), 20U);

  context_.deadline = cim::Context::Clock::now() + std::chrono::seconds(60);
  auto other = std::async(std::launch::async, [&] { return text(std::string(10, 'b')); });
  EXPECT_EQ(text(std::string(10, 'c')), 0U);
  EXPECT_EQ(other.get(), 0U);
  Chords chords = pressed();
  EXPECT_EQ(std::unique(chords.begin(), chords.end()) - chords.begin(), 2) << "not mixed";
}

}  // namespace
}  // namespace vmms::providers
