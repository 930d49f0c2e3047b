// An agent that answers with anything that has the shape of an answer: every call ends by its deadline, what a person
// reads is short and printable, and the guest costs no more than its virtual machine may.
#include "guest/agent/base64.hpp"
#include "guest/files/files.hpp"
#include "guest/guest.hpp"
#include "guest/services/recent_lists.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <mutex>
#include <random>
#include <string>
#include <string_view>

namespace vmms::guest {
namespace {

using namespace std::chrono_literals;

class Liar : public Transport {
 public:
  explicit Liar(unsigned seed) : random_(seed) {}
  bool connected() const override { return true; }
  std::uint64_t connection() const override { return 1; }
  PollDelays poll_delays() const override { return {1ms, 5ms}; }

  Result<std::string> command(std::string_view json, Clock::time_point) override {
    const std::lock_guard lock(mutex_);
    const auto asks = [json](std::string_view name) { return json.find(name) != std::string_view::npos; };
    switch (below(40)) {
      case 0:
        return pick({"", "{", "[]", "{\"return\":1e999}", "{\"return\":{}}", "\xff\xfe", "{\"return\":[{}]}"});
      case 1:
        return "{\"return\":" + std::string(5000, '[') + std::string(5000, ']') + "}";
      case 2:
        return "{\"error\":{\"class\":\"" + pick({"CommandNotFound", "GenericError", ""}) + "\",\"desc\":\"" + text() +
               "\"}}";
      case 3:
        return "{\"return\":{\"a\":\"" + std::string(500'000, 'x') + "\"}}";
      case 4:
        return error(Failure::unreachable, "silent");
      default:
        break;
    }
    if (asks("guest-info")) {
      std::string list;
      for (const char* each : {"guest-exec", "guest-exec-status", "guest-file-open", "guest-file-read",
                               "guest-file-write", "guest-file-close", "guest-get-osinfo", "guest-fsfreeze-freeze"})
        list += "{\"name\":\"" + std::string(each) + "\",\"enabled\":true},";
      return "{\"return\":{\"version\":\"" + text() + "\",\"supported_commands\":[" + list + "{\"name\":\"" + text() +
             "\",\"enabled\":1}]}}";
    }
    if (asks("guest-get-osinfo"))
      return "{\"return\":{\"id\":\"" + pick({"debian", "mswindows"}) + "\",\"pretty-name\":\"" + text() + "\"}}";
    if (asks("guest-exec-status"))
      return "{\"return\":{\"exited\":" + pick({"true", "true", "true", "false"}) +
             ",\"exitcode\":" + pick({"0", "1", "255"}) + ",\"out-data\":\"" + encode_base64(output()) +
             "\",\"err-data\":\"" + encode_base64(bytes()) + "\"" + pick({"", "", ",\"out-truncated\":true"}) + "}}";
    if (asks("guest-exec"))
      return "{\"return\":{\"pid\":" + pick({"1", "2", "-1", "0", "9223372036854775807", "1.5", "\"1\""}) + "}}";
    if (asks("guest-network")) {
      std::string list;
      for (int i = 0; i < 2000; ++i)
        list += "{\"name\":\"" + text() +
                "\",\"hardware-address\":\"52:54:00:00:00:01\",\"ip-addresses\":[{\"ip-address\":\"" +
                pick({"192.0.2.1", "::zz%1"}) +
                "\",\"ip-address-type\":\"ipv4\",\"prefix\":" + pick({"24", "-1", "999999999999"}) + "}]},";
      return "{\"return\":[" + list + "{}]}";
    }
    if (asks("guest-get-time")) return "{\"return\":" + pick({"9223372036854775807", "-1", "0"}) + "}";
    if (asks("guest-get-host-name")) return "{\"return\":{\"host-name\":\"" + text() + "\"}}";
    return "{\"return\":{}}";
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::string pick(std::initializer_list<const char*> from) { return from.begin()[below(from.size())]; }
  std::string text() {
    return pick({"", "\\u0000", "\\n2026 info audit: user 'root' calls X", "\\ud800", "99999999999999999999", "-1",
                 "\\u202e\\u0085", "../../etc", "%s%n{}", "a.service"}) +
           std::string(below(8) == 0 ? below(5000) : 0, 'A');
  }
  std::string bytes() {
    return pick({"", "\n\n\n", "\xff\xc0\x80", "18446744073709551616", "-9223372036854775809", "x=y", "\33[2J",
                 "a\r\nb", "Sum=sha256:00\n"}) +
           std::string(below(8) == 0 ? below(4000) : 0, 'q') + std::to_string(below(50)) + ".service";
  }
  std::string unit() {
    std::string unit;
    for (const char* key : {"Id", "Names", "Description", "LoadState", "ActiveState", "SubState", "UnitFileState",
                            "Type", "Result", "MainPID", "ExecMainCode", "ExecMainStatus", "StateChangeTimestamp"})
      unit += std::string(key) + "=" +
              (below(3) == 0 ? bytes()
                             : pick({"svc1.service svc2.service", "svc3.service", "loaded", "active", "failed", "0",
                                     "1", "4294967296", "Mon 9999-12-31 23:59:60.999999 UTC"})) +
              "\n";
    return unit + "\n";
  }
  std::string output() {
    std::string output = below(3) == 0 ? "" : "Init=systemd\nManager=systemd\nVersion=252\nContext=x\n";
    if (below(2) == 0) output += "Fingerprint=f\nUnitFiles=svc1.service svc2.service\nExitStatus=0\n" + unit() + unit();
    for (std::size_t parts = below(12); parts > 0; --parts) {
      output += pick({"Fingerprint=", "UnitFiles=", "States:\n", "Reloaded=", "After=", "ExitStatus=", "Journal:\n",
                      "File=81a4 -1 -9223372036854775808 root root ", "Directory=/x\n", "Error="}) +
                bytes() + "\n" + unit();
    }
    return output;
  }

  std::mutex mutex_;
  std::mt19937 random_;
};

class HostileAgent : public testing::TestWithParam<unsigned> {};

TEST_P(HostileAgent, CostsTimeAndMemoryWithinBounds) {
  Ledger::Options options;
  options.bytes_of_machine = std::size_t{4} << 20;
  Ledger ledger(options);
  const AccountPtr account = ledger.account(Ledger::Payer::machine, "VM");
  const auto guest = make_agent_guest(std::make_shared<Liar>(GetParam()), {}, account);
  const auto expect_bounded = [&](const char* what, auto call) {
    const Clock::time_point deadline = Clock::now() + 200ms;
    const auto result = call(deadline);
    EXPECT_LT(Clock::now(), deadline + 5s) << what;
    EXPECT_LE(account->bytes(), options.bytes_of_machine) << what;
    if (result) return;
    EXPECT_LT(result.error().message.size(), 8000U) << what;
    for (const char c : result.error().message)
      ASSERT_TRUE(c == '\n' || c == '\t' || static_cast<unsigned char>(c) >= 0x20)
          << what << ": " << result.error().message;
  };
  for (int round = 0; round < 2; ++round) {
    expect_bounded("capabilities", [&](auto deadline) { return guest->capabilities(deadline); });
    expect_bounded("services", [&](auto deadline) { return guest->services(deadline); });
    expect_bounded("service", [&](auto deadline) { return guest->service("svc1.service", deadline); });
    expect_bounded("start", [&](auto deadline) { return guest->start_service("svc1.service", deadline); });
    expect_bounded("stop", [&](auto deadline) { return guest->stop_service("svc2.service", deadline); });
    expect_bounded("mode",
                   [&](auto deadline) { return guest->change_start_mode("svc2", StartMode::manual, deadline); });
    expect_bounded("identity", [&](auto deadline) { return guest->identity(deadline); });
    expect_bounded("key values", [&](auto deadline) { return guest->key_values(deadline); });
    expect_bounded("clock", [&](auto deadline) { return guest->clock_offset(deadline); });
    expect_bounded("heartbeat", [&](auto deadline) { return guest->heartbeat(deadline); });
    expect_bounded("describe", [&](auto deadline) { return guest->files().describe("/etc/x", deadline); });
    expect_bounded("list", [&](auto deadline) { return guest->files().list("/etc", deadline); });
  }
}

INSTANTIATE_TEST_SUITE_P(Liars, HostileAgent, testing::Range(0U, 6U));

}  // namespace
}  // namespace vmms::guest
