#include "guest/services/systemd.hpp"

#include "guest/services/systemd_show.hpp"

#include <gtest/gtest.h>

namespace vmms::guest {
namespace {

using std::chrono::microseconds;

std::string shown(const std::string& name, const std::string& active = "active", const std::string& more = {}) {
  return "Type=notify\nMainPID=640\nResult=success\nExecMainCode=0\nExecMainStatus=0\nId=" + name + "\nNames=" + name +
         "\nDescription=Does it=well\nLoadState=loaded\nActiveState=" + active +
         "\nSubState=running\nUnitFileState=enabled\nStateChangeTimestamp=Sun 2026-11-22 14:20:24.123456 UTC\n" + more;
}

Output printed(std::string out, int status = 0, std::string err = {}) {
  return {status, std::nullopt, std::move(out), std::move(err)};
}

std::int64_t since_epoch(std::string_view text) {
  const auto time = read_systemd_time(text);
  return time ? time->time_since_epoch().count() : -1;
}

TEST(SystemdTime, IsReadInUtcOnly) {
  EXPECT_EQ(since_epoch("Sun 2026-11-22 14:20:24.123456 UTC"), 1795357224123456);
  EXPECT_EQ(since_epoch("Sun 2026-11-22 14:20:24 UTC"), 1795357224000000);
  for (const char* text : {"", "n/a", "0", "Sun 2026-11-22 14:20:24 CET", "Sun 2026-13-22 14:20:24 UTC",
                           "Sun 2026-02-30 14:20:24 UTC", "Sun 2026-11-22 24:20:24 UTC", "Sun 2026-11-22", "Sun ",
                           "Sun 2026-11-22 14:20:24.12 UTC", "Sun -026-11-22 14:20:24 UTC"})
    EXPECT_EQ(since_epoch(text), -1) << text;
}

TEST(SystemdShow, ReadsEveryProperty) {
  const std::string text = shown("nginx.service");
  std::string_view rest = text;
  const auto unit = read_shown_unit(rest);
  ASSERT_TRUE(unit);
  const Service& service = unit->service;
  EXPECT_EQ(service.name, "nginx.service");
  EXPECT_EQ(service.description, "Does it=well");
  EXPECT_EQ(service.load_state, "loaded");
  EXPECT_EQ(service.active_state, "active");
  EXPECT_EQ(service.sub_state, "running");
  EXPECT_EQ(service.unit_file_state, "enabled");
  EXPECT_EQ(service.type, "notify");
  EXPECT_EQ(service.result, "success");
  EXPECT_EQ(service.main_process_id, 640U);
  EXPECT_FALSE(service.exit_status);
  EXPECT_FALSE(service.exit_signal);
  EXPECT_TRUE(service.state_changed);
  EXPECT_TRUE(service.exists());
  EXPECT_TRUE(service.started());
}

TEST(SystemdShow, TellsExitFromSignalWhateverTheOrder) {
  std::string_view exited = "ExecMainStatus=3\nExecMainCode=1\nId=a.service\n";
  std::string_view killed = "ExecMainCode=2\nId=a.service\nExecMainStatus=9\n";
  EXPECT_EQ(read_shown_unit(exited)->service.exit_status, 3U);
  const auto unit = read_shown_unit(killed);
  EXPECT_EQ(unit->service.exit_signal, 9U);
  EXPECT_FALSE(unit->service.exit_status);
}

TEST(SystemdShow, LeavesOutWhatCannotBe) {
  std::string_view text = "Id=../../etc\nActiveState=active\n\nrest";
  EXPECT_FALSE(read_shown_unit(text));
  EXPECT_EQ(text, "rest");
  std::string_view odd = "Id=a.service\nMainPID=-1\nExecMainCode=1\nExecMainStatus=99999999999\nno equals\n=\n";
  const auto unit = read_shown_unit(odd);
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->service.main_process_id, 0U);
  EXPECT_EQ(unit->service.exit_status, 0U);
}

class Systemd : public testing::Test {
 protected:
  std::unique_ptr<ServiceManager> systemd_ = make_systemd(252);
};

TEST_F(Systemd, ValuesArePositionalParameters) {
  const Script start = systemd_->start_script("a.service");
  EXPECT_EQ(start.name, "vmms-systemd-start");
  EXPECT_EQ(start.parameters, (std::vector<std::string>{"a.service", "--timestamp=us+utc"}));
  EXPECT_EQ(start.text.find("a.service"), std::string_view::npos);
  EXPECT_EQ(systemd_->stop_script("a.service").name, "vmms-systemd-stop");
  EXPECT_EQ(make_systemd(239)->state_script("a.service").parameters.at(1), "");
}

TEST_F(Systemd, OutcomeOfAStart) {
  const auto outcome =
      systemd_->read_outcome("nginx.service", printed("ExitStatus=0\n" + shown("nginx.service") + "\n"));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->exit_status, 0U);
  EXPECT_TRUE(outcome->service.started());
  EXPECT_TRUE(outcome->message.empty());
  EXPECT_TRUE(outcome->log_lines.empty());
}

TEST_F(Systemd, OutcomeOfAFailedStartHasMessageAndLog) {
  const auto outcome = systemd_->read_outcome(
      "b.service", printed("ExitStatus=1\n" + shown("b.service", "failed") +
                               "\nJournal:\nreading\n\nJournal:\nExitStatus=0\n\x1B[1mbold\nfive\nsix\nseven\n",
                           0, "Job for b.service failed.\nSee more.\n"));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->exit_status, 1U);
  EXPECT_EQ(outcome->service.active_state, "failed");
  EXPECT_EQ(outcome->message, "Job for b.service failed.\nSee more.");
  EXPECT_EQ(outcome->log_lines,
            (std::vector<std::string>{"reading", "Journal:", "ExitStatus=0", "\uFFFD[1mbold", "five"}));
}

TEST_F(Systemd, UnknownServiceIsNotFound) {
  const std::string text = "Id=nosuch.service\nLoadState=not-found\nActiveState=inactive\n";
  EXPECT_EQ(systemd_->read_outcome("nosuch.service", printed("ExitStatus=5\n" + text + "\n")).error().kind,
            Failure::not_found);
  EXPECT_EQ(systemd_->read_state("nosuch.service", printed(text)).error().kind, Failure::not_found);
}

TEST_F(Systemd, NonsenseIsAnErrorThatSaysWhatWasPrinted) {
  for (const char* out : {"", "ExitStatus=\n", "ExitStatus=x\n\n", "ExitStatus=0\n", "Id=a.service\n", "\n\n\n",
                          "ExitStatus=-1\nId=a.service\nLoadState=loaded\n"}) {
    const auto outcome = systemd_->read_outcome("a.service", printed(out, 127, "sh: systemctl: not found\n"));
    ASSERT_FALSE(outcome) << out;
    EXPECT_EQ(outcome.error().kind, Failure::failed);
    EXPECT_NE(outcome.error().message.find("systemctl: not found"), std::string::npos) << outcome.error().message;
  }
  Output killed;
  killed.signal = 9;
  EXPECT_NE(systemd_->read_state("a.service", killed).error().message.find("signal 9"), std::string::npos);
}

TEST_F(Systemd, ListTakesLoadedUnitsAndFiles) {
  const auto list = systemd_->read_list(
      printed("Fingerprint=123 456\n" + shown("a.service", "active", "Names=a.service alias.service\n") + "\n" +
              shown("run-x.service") + "\n" + "Id=gone.service\nLoadState=not-found\n\n" +
              "UnitFiles=a.service alias.service b.service gone.service \n" + shown("b.service", "inactive") + "\n" +
              shown("t@.service", "inactive")),
      nullptr);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ((*list)->services.size(), 3U);
  EXPECT_EQ((*list)->fingerprint, "123 456");
  EXPECT_EQ((*list)->defined, (std::set<std::string>{"a.service", "b.service"}));
  EXPECT_EQ((*list)->services.at("b.service").active_state, "inactive");
}

TEST_F(Systemd, UnchangedFilesGiveTheUnloadedServices) {
  const auto first = systemd_->read_list(printed("Fingerprint=1 2\n" + shown("a.service") +
                                                 "\nUnitFiles=a.service b.service \n" + shown("b.service", "inactive")),
                                         nullptr);
  ASSERT_TRUE(first);
  // a has stopped and was unloaded, b runs now, and a transient unit came.
  const auto second = systemd_->read_list(
      printed("Fingerprint=1 2\n" + shown("b.service") + "\n" + shown("run-x.service") + "\n\nUnitFiles=unchanged\n"),
      first->get());
  ASSERT_TRUE(second) << second.error().message;
  ASSERT_EQ((*second)->services.size(), 3U);
  const Service& a = (*second)->services.at("a.service");
  EXPECT_EQ(a.active_state, "inactive");
  EXPECT_EQ(a.sub_state, "dead");
  EXPECT_EQ(a.main_process_id, 0U);
  EXPECT_FALSE(a.state_changed);
  EXPECT_EQ(a.description, "Does it=well");
  EXPECT_TRUE((*second)->services.at("b.service").started());
  EXPECT_EQ((*second)->fingerprint, "1 2");
  // The transient unit is gone again.
  const auto third =
      systemd_->read_list(printed("Fingerprint=1 2\n" + shown("b.service") + "\nUnitFiles=unchanged\n"), second->get());
  ASSERT_TRUE(third);
  EXPECT_EQ((*third)->services.size(), 2U);
}

TEST_F(Systemd, AListThatBrokeOffIsNotBuiltUpon) {
  const std::string half = "Fingerprint=1 2\n" + shown("a.service") + "\n";
  EXPECT_FALSE(systemd_->read_list(printed(half, 1, "Connection reset\n"), nullptr));
  const auto list = systemd_->read_list(printed(half + "UnitFiles=a.service \n", 1), nullptr);
  ASSERT_TRUE(list);
  EXPECT_TRUE((*list)->fingerprint.empty());
  EXPECT_FALSE(systemd_->read_list(printed(half + "UnitFiles=unchanged\n"), nullptr)) << "nothing was known";
}

TEST_F(Systemd, StatesDecideWhatStaysKnown) {
  const auto first = systemd_->read_list(
      printed("Fingerprint=1 2\nReloaded=7\nStates:\na.service loaded active running 0a\n"
              "b.service loaded active running 0b\nc.service loaded active running 0c\n\n" +
              shown("a.service") + "\n" + shown("b.service") + "\n" + shown("c.service") + "\nUnitFiles=a.service \n"),
      nullptr);
  ASSERT_TRUE(first) << first.error().message;
  const Script next = systemd_->list_script(first->get());
  EXPECT_EQ(next.parameters, (std::vector<std::string>{"1 2", "--timestamp=us+utc", "7", "", "states"}));
  EXPECT_EQ(next.input,
            "\na.service loaded active running 0a\nb.service loaded active running 0b\n"
            "c.service loaded active running 0c\n");

  // The guest did not come to b's properties; a and c were unloaded, and d was never shown.
  const auto second =
      systemd_->read_list(printed("Fingerprint=1 2\nReloaded=7\nStates:\nb.service loaded failed failed 0b\n"
                                  "d.service loaded active running 0d\n\nUnitFiles=unchanged\n"),
                          first->get());
  ASSERT_TRUE(second) << second.error().message;
  ASSERT_EQ((*second)->services.size(), 2U);
  EXPECT_EQ((*second)->services.at("a.service").active_state, "inactive");
  const Service& failed = (*second)->services.at("b.service");
  EXPECT_EQ(failed.active_state, "failed");
  EXPECT_EQ(failed.description, "Does it=well");
  EXPECT_EQ(failed.main_process_id, 0U);
  EXPECT_EQ(failed.result, "") << "why is not known yet";
  EXPECT_EQ(systemd_->list_script(second->get()).input, "b.service \nb.service loaded failed failed 0b\n");
}

TEST_F(Systemd, OldPropertiesAreAskedForInTurn) {
  ServiceList known;
  known.services["a.service"].name = "a.service";
  known.loaded["a.service"] = {"loaded active running 0a", Clock::now() - std::chrono::seconds(11)};
  known.looked_back = Clock::now() - std::chrono::seconds(7);
  known.fingerprint = "1 2";
  EXPECT_EQ(systemd_->list_script(&known).input, "\na.service loaded active running 0a\n");
  known.looked_back = Clock::now() - std::chrono::seconds(9);
  const Script script = systemd_->list_script(&known);
  EXPECT_EQ(script.input, "a.service \na.service loaded active running 0a\n");
  EXPECT_EQ(script.parameters[3], "again");
  const std::string states = "Reloaded=\nAfter=7\nStates:\na.service loaded active running 0a\n\n";
  const std::string rest = "Fingerprint=1 2\nUnitFiles=unchanged\n";
  const auto shown_again =
      systemd_->read_list(printed(states + shown("a.service") + "\nLooked=again\n" + rest), &known);
  ASSERT_TRUE(shown_again) << shown_again.error().message;
  EXPECT_EQ((*shown_again)->services.at("a.service").main_process_id, 640U);
  EXPECT_GT((*shown_again)->looked_back, known.looked_back);
  EXPECT_GT((*shown_again)->loaded.at("a.service").read, Clock::now() - std::chrono::seconds(5));
  const auto states_alone = systemd_->read_list(printed(states + rest), &known);
  EXPECT_EQ((*states_alone)->looked_back, known.looked_back);

  // Who polls waits for that less often, but cannot put it off for ever.
  known.read = Clock::now();
  EXPECT_EQ(systemd_->list_script(&known).parameters[3], "");
  EXPECT_EQ(systemd_->list_script(&known).parameters[4], "states");
  known.looked_back = Clock::now() - std::chrono::seconds(17);
  EXPECT_EQ(systemd_->list_script(&known).parameters[3], "again");
  EXPECT_EQ(systemd_->list_script(&known).parameters[4], "all");
}

TEST_F(Systemd, StatesAloneDoForServicesThatAreKnownFromTheirFiles) {
  const auto first = systemd_->read_list(
      printed("Fingerprint=1 2\nReloaded=7\nStates:\na.service loaded active running 0a\n\n" + shown("a.service") +
              "\nLooked=\nUnitFiles=a.service b.service \n" + shown("b.service", "inactive") + "\n"),
      nullptr);
  ASSERT_TRUE(first) << first.error().message;
  const std::string states =
      "Reloaded=7\nStates:\na.service loaded active running 0a\nb.service loaded active running 0b\n"
      "c.service loaded active running 0c\n\n";
  const std::string rest = "Fingerprint=1 2\nUnitFiles=unchanged\n";
  const auto alone = systemd_->read_list(printed(states + rest), first->get());
  ASSERT_TRUE(alone) << alone.error().message;
  const Service& known = (*alone)->services.at("b.service");
  EXPECT_EQ(known.active_state, "active");
  EXPECT_EQ(known.description, "Does it=well");
  EXPECT_EQ(known.main_process_id, 0U);
  EXPECT_EQ((*alone)->services.count("c.service"), 0U);
  const Script next = systemd_->list_script(alone->get());
  EXPECT_EQ(next.parameters[4], "all") << "one is new";
  EXPECT_EQ(next.input.substr(0, next.input.find('\n')), "b.service ");
  const auto all = systemd_->read_list(
      printed(states + shown("b.service") + "\nLooked=\n" + shown("c.service") + "\n" + rest), alone->get());
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ((*all)->services.count("c.service"), 1U);
  EXPECT_EQ(systemd_->list_script(all->get()).parameters[4], "states");
}

TEST_F(Systemd, NewerStatesWin) {
  const auto list = systemd_->read_list(
      printed("Fingerprint=1 2\nReloaded=7\nStates:\na.service loaded active running 0a\n"
              "b.service loaded active running 0b\n\n" +
              shown("a.service") + "\n" + shown("b.service") + "\nUnitFiles=c.service \n" +
              shown("c.service", "inactive") + "\nStates:\na.service loaded deactivating stop-sigterm 0a\n" +
              "c.service loaded active running 0c\n\n"),
      nullptr);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ((*list)->services.at("a.service").active_state, "deactivating");
  EXPECT_EQ((*list)->services.at("b.service").active_state, "inactive");
  EXPECT_EQ((*list)->services.at("c.service").active_state, "active");
}

TEST_F(Systemd, WhenTheStatesWereReadIsAnHonestNumber) {
  const auto after = [&](const std::string& text) {
    const auto list = systemd_->read_list(printed("Fingerprint=1 2\nAfter=" + text + "\nStates:\n\n" +
                                                  shown("a.service") + "\nUnitFiles=\nEnded=" + text + "\n"),
                                          nullptr);
    EXPECT_EQ((*list)->ended_after, (*list)->states_after);
    return (*list)->states_after;
  };
  EXPECT_EQ(after("57"), std::chrono::milliseconds(570));
  EXPECT_EQ(after("-1"), std::chrono::milliseconds(0));
  EXPECT_EQ(after("99999999999999999999"), std::chrono::milliseconds(0));
  EXPECT_LE(after("4000000000"), std::chrono::minutes(10));
}

TEST_F(Systemd, StatesThatMakeNoSenseAreLeftOut) {
  const std::string long_word(300, 'x');
  const auto list = systemd_->read_list(
      printed("Fingerprint=1 2\nStates:\na.service loaded active running\n../b.service loaded active running 0\n"
              "a.service " +
              long_word + " active running 0\n=\n\n" + shown("a.service") + "\nUnitFiles=\n"),
      nullptr);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_TRUE((*list)->loaded.empty());
  EXPECT_TRUE((*list)->services.at("a.service").started());
}

TEST_F(Systemd, WhatIsKnownOfManyServicesStaysACommandThatFits) {
  ServiceList list;
  for (int i = 0; i < 5000; ++i)
    list.loaded["unit" + std::to_string(i) + ".service"] = {"loaded active running 01234567", Clock::now()};
  const Script script = systemd_->list_script(&list);
  EXPECT_GT(script.input.size(), 80'000U);
  EXPECT_LT(script.input.size() * 4 / 3 + script.text.size() * 2, std::size_t{128} << 10);
}

TEST_F(Systemd, AThousandServicesFit) {
  std::string text = "Fingerprint=1 2\nUnitFiles=\n";
  for (int i = 0; i < 1000; ++i) text += shown("unit" + std::to_string(i) + ".service") + "\n";
  EXPECT_LT(text.size() * 4 / 3, answer_limit / 4);
  const auto list = systemd_->read_list(printed(text), nullptr);
  ASSERT_TRUE(list);
  EXPECT_EQ((*list)->services.size(), 1000U);
}

TEST_F(Systemd, AGuestMayHaveNoServices) {
  const auto list = systemd_->read_list(printed("Fingerprint=1 2\n\nUnitFiles=\n"), nullptr);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_TRUE((*list)->services.empty());
  const auto again = systemd_->read_list(printed("Fingerprint=1 2\n\nUnitFiles=unchanged\n"), list->get());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE((*again)->services.empty());
  // Files whose services are not shown, or a script that failed, are no answer.
  EXPECT_FALSE(systemd_->read_list(printed("Fingerprint=1 2\n\nUnitFiles=a.service \n"), nullptr));
  Output failed = printed("Fingerprint=1 2\n\nUnitFiles=\n");
  failed.exit_status = 1;
  EXPECT_FALSE(systemd_->read_list(failed, nullptr));
}

}  // namespace
}  // namespace vmms::guest
