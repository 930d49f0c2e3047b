// What an agent refused, in each language that libvirt knows.
#include "hypervisor/libvirt/agent_refusal.hpp"

#include <gtest/gtest.h>

namespace vmms::hypervisor::libvirt {
namespace {

constexpr const char* disabled_text = "Command guest-exec has been disabled";

// As in the catalogues of libvirt 9.0.
TEST(AgentRefusal, IsReadInEveryLanguage) {
  for (const char* sentence : {
           "internal error: unable to execute QEMU agent command 'guest-exec': ",
           "guest agent command failed: unable to execute QEMU agent command 'guest-exec': ",  // libvirt 11.2
           "Interner Fehler: Agent QEMU-befehl 'guest-exec' kann nicht ausgef\u00fchrt werden: ",
           "\u5185\u90e8\u30a8\u30e9\u30fc: QEMU \u30a8\u30fc\u30b8\u30a7\u30f3\u30c8\u30b3\u30de\u30f3\u30c9 "
           "'guest-exec' "
           "\u3092\u5b9f\u884c\u3067\u304d\u307e\u305b\u3093: ",
           "vnit\u0159n\u00ed chyba: neda\u0159\u00ed se vykonat p\u0159\u00edkaz QEMU agenta \u201eguest-exec\u201c: ",
           "erro interno: n\u00e3o foi poss\u00edvel executar o comando de agente QEMU \"guest-exec\": ",
           "\u043d\u0435 \u0443\u0434\u0430\u043b\u043e\u0441\u044c "
           "\u0432\u044b\u043f\u043e\u043b\u043d\u0438\u0442\u044c "
           "\u043a\u043e\u043c\u0430\u043d\u0434\u0443 \u0430\u0433\u0435\u043d\u0442\u0430 QEMU "
           "\u00abguest-exec\u00bb: ",
           "\u5185\u90e8\u9519\u8bef\uff1a\u65e0\u6cd5\u6267\u884c QEMU \u4ee3\u7406\u547d\u4ee4 'guest-exec'\uff1a",
       }) {
    SCOPED_TRACE(sentence);
    EXPECT_EQ(agent_refusal(std::string(sentence) + disabled_text, "guest-exec"), disabled_text);
  }
  EXPECT_EQ(agent_refusal("x 'guest-exec': Failed: \"x': y\"", "guest-exec"), "Failed: \"x': y\"");
}

TEST(AgentRefusal, OtherMessagesAreNone) {
  for (const char* other : {"", "internal error: cannot parse json", "Interner Fehler: QEMU agent command",
                            "'guest-exec'", "internal error: unable to execute QEMU agent command 'guest-exec'"})
    EXPECT_EQ(agent_refusal(other, "guest-exec"), std::nullopt) << other;
  EXPECT_EQ(agent_refusal("unable to execute QEMU agent command 'guest-ping': x", "guest-exec"), std::nullopt);
  EXPECT_EQ(agent_refusal("a: b", ""), std::nullopt);
}

TEST(AgentRefusal, WhatAnAgentLacksIsInItsList) {
  const char* information = R"({"return":{"version":"7.2","supported_commands":[
      {"enabled":true,"name":"guest-exec","success-response":true},{"enabled":false,"name":"guest-file-open"},7]}})";
  EXPECT_FALSE(lacks_command(information, "guest-exec"));
  EXPECT_TRUE(lacks_command(information, "guest-file-open"));
  EXPECT_TRUE(lacks_command(information, "guest-get-load"));
  for (const char* senseless : {"", "{", "[]", R"({"return":{}})", R"({"return":{"supported_commands":{}}})"})
    EXPECT_FALSE(lacks_command(senseless, "guest-exec")) << senseless;
}

TEST(AgentRefusal, BecomesTheAgentsAnswer) {
  EXPECT_EQ(refused_answer("Failed: \"x': y\"", false),
            R"({"error":{"class":"GenericError","desc":"Failed: \"x': y\""}})");
  EXPECT_EQ(refused_answer("no", true), R"({"error":{"class":"CommandNotFound","desc":"no"}})");
  EXPECT_EQ(command_name(R"({"execute":"guest-exec","arguments":{"path":"execute"}})"), "guest-exec");
  for (const char* senseless : {"", "{}", "[1]", R"({"execute":1})"}) EXPECT_EQ(command_name(senseless), "");
}

}  // namespace
}  // namespace vmms::hypervisor::libvirt
