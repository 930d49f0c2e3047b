// What people and scripts may rely on beside the answers themselves: words that are no verbs, states that are there
// already, exit statuses that agree, names that look like something else.
#include "testing/test_program.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <tuple>

namespace vmms::cli {
namespace {

using test::Call;
using test::demo_id;
using test::FakeHost;
using test::Reply;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class MannersTest : public ProgramTest {};

TEST_F(MannersTest, UnknownVerbsAreNamed) {
  EXPECT_EQ(vmms({"vm", "lst"}).err,
            "vmms: vmms vm has no verb \"lst\"; did you mean: vmms vm list (see vmms vm --help)\n");
  EXPECT_THAT(vmms({"servce", "list", "demo"}).err,
              HasSubstr("vmms has no verb \"servce\"; did you mean: vmms service"));
  // A verb of others, an option with its value before it, and nothing near.
  EXPECT_THAT(vmms({"--timeout", "5", "enable", "demo"}).err, HasSubstr("did you mean: vmms guest enable"));
  EXPECT_THAT(vmms({"vm", "frobnicate"}).err, HasSubstr("it has: list, start, shutdown, stop, pause, save, reset"));
  EXPECT_THAT(vmms({"service"}).err, HasSubstr("vmms service needs a verb: list"));
  // What other programs call it, although another verb is spelled more alike.
  EXPECT_THAT(vmms({"vm", "restart", "demo"}).err, HasSubstr("did you mean: vmms vm shutdown VM --reboot"));
  EXPECT_THAT(vmms({"kvp", "get", "demo"}).err, HasSubstr("did you mean: vmms kvp list VM"));
  EXPECT_THAT(vmms({"help"}).err, HasSubstr("did you mean: vmms --help"));
  EXPECT_THAT(vmms({"vm", "\x1b[2J"}).err, Not(HasSubstr("\x1b")));
  for (const Ran& ran : {vmms({"vm", "lst"}), vmms({"service"}), vmms({"nonsense"})}) EXPECT_EQ(ran.status, 2);
  EXPECT_TRUE(host.calls.empty());
}

TEST_F(MannersTest, UnknownOptionsAreNamed) {
  EXPECT_THAT(vmms({"vm", "list", "--jsn"}).err,
              HasSubstr("vmms vm list has no option --jsn; did you mean --json? A name"));
  const Ran name = vmms({"vm", "start", "-x"});
  EXPECT_EQ(name.status, 2);
  EXPECT_THAT(
      name.err,
      HasSubstr(
          "vmms vm start has no option -x. A name that begins with a dash stands behind --: vmms vm start ... -- -x"));
}

TEST_F(MannersTest, WrongValuesAndArgumentsSayWhatToType) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"vm", "list", "extra"}, "vmms vm list has no place for \"extra\"; a value with spaces in it stands in quotes"},
      {{"kvp", "set", "demo", "Role", "web", "server"}, "vmms kvp set has no place for \"server\""},
      {{"vm", "show"}, "vmms vm show needs VM: name or GUID of the VM"},
      {{"service", "start", "demo"}, "vmms service start needs NAME: the service, such as nginx"},
      {{"user", "list"}, "vmms user list needs --users: the server's users file"},
      {{"vm", "start", "demo", "--wait"}, "--wait needs a value: SECONDS"},
      {{"vm", "start", "demo", "--wait", "soon"}, "--wait: a whole number from 0 to 86400 is needed, not \"soon\""},
      {{"vm", "list", "--timeout", "-1"}, "--timeout: a whole number from 1 to 86400 is needed, not \"-1\""},
      {{"vm", "list", "--timeout", "1.5"}, "--timeout: a whole number from 1 to 86400 is needed, not \"1.5\""},
      {{"vm", "list", "--timeout", "99999999999"}, "--timeout: a whole number from 1 to 86400 is needed"},
      {{"copy", "one"}, "vmms copy needs 2 PATH at least: what is copied, then where it goes"},
      {{"service", "mode", "demo", "nginx", "never"},
       "MODE: one of automatic, manual, disabled is needed, not \"never\""},
      {{"mof", "check", "--dialect", "cim", "x"}, "--dialect: one of dmtf, wmi is needed, not \"cim\""}};
  for (const auto& [arguments, text] : wrong) {
    const Ran ran = run_with(arguments);
    EXPECT_EQ(ran.status, 2) << text;
    EXPECT_THAT(ran.err, StartsWith("vmms: " + text));
    EXPECT_THAT(ran.err, HasSubstr(" --help)\n"));
  }
}

TEST_F(MannersTest, AStartModeIsTypedAsListsShowIt) {
  vmms({"service", "mode", "demo", "nginx", "Disabled"});
  ASSERT_FALSE(host.calls.empty());
  EXPECT_EQ(host.calls.back().method(), "ChangeStartMode");
  EXPECT_EQ(host.calls.back().input("StartMode"), "Disabled");
}

TEST_F(MannersTest, HelpOfAFamilyOfVerbsIsItsOwn) {
  for (const std::string family : {"vm", "guest", "service", "kvp", "user", "mof"}) {
    const Ran ran = run_with({family, "--help"});
    EXPECT_EQ(ran.status, 0);
    EXPECT_THAT(ran.out, HasSubstr("\"vmms " + family + " VERB --help\" tells more of each."));
    EXPECT_THAT(ran.out, Not(HasSubstr("Which server, and who"))) << family;
  }
  const std::string copy = run_with({"copy", "--help"}).out;
  EXPECT_THAT(copy, HasSubstr("vmms copy [OPTIONS] PATH..."));
  std::istringstream lines(copy.substr(0, copy.find("Files travel")));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
}

TEST_F(MannersTest, NamesMayLookLikeOptions) {
  demo().name = "-x";
  demo().interface_enabled = false;
  EXPECT_EQ(vmms({"--server", host.url(), "guest", "show", "--", "-x"}).status, 2) << "the server's option came last";
  const Ran shown = run_with({"--server", host.url(), "guest", "show", "--", "-x"});
  EXPECT_EQ(shown.status, 0) << shown.err;
  // A hint can be typed as it stands.
  EXPECT_THAT(shown.err, HasSubstr(fmt::format("vmms guest enable {}", demo_id)));
}

TEST_F(MannersTest, WhatIsThereAlreadyIsSuccess) {
  const Ran start = vmms({"vm", "start", "demo"});
  EXPECT_EQ(start.status, 0) << start.err;
  EXPECT_EQ(start.out, "VM 'demo' is running already\n");
  const Ran json = vmms({"vm", "start", "demo", "--json"});
  EXPECT_EQ(json.json().at("changed"), false);
  EXPECT_EQ(json.json().at("return_value"), 0);
  demo().state = 3;
  EXPECT_EQ(vmms({"vm", "stop", "demo"}).out, "VM 'demo' is off already\n");
  EXPECT_EQ(vmms({"vm", "start", "demo", "--json"}).json().at("changed"), true);
  for (const char* verb : {"start", "stop"})
    for (int i = 0; i < 2; ++i) EXPECT_EQ(vmms({"service", verb, "demo", "nginx"}).status, 0) << verb;
}

TEST_F(MannersTest, WhatWasRefusedChangedNothing) {
  host.intercept = [&](const Call& call) -> std::optional<Reply> {
    if (call.method() != "RequestStateChange" && call.method() != "InitiateReboot") return {};
    return FakeHost::invoke_answer(call.method(), "<p:ReturnValue>32775</p:ReturnValue>");
  };
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"pause", "demo"}, {"reset", "demo"}, {"shutdown", "demo", "--reboot"}}) {
    std::vector<std::string> arguments{"--json", "vm"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const Ran refused = vmms(arguments);
    EXPECT_EQ(refused.status, 1) << refused.err;
    EXPECT_EQ(refused.json().at("changed"), false) << words.front();
    EXPECT_EQ(refused.json().at("return_value"), 32775) << words.front();
  }
}

TEST_F(MannersTest, AStateThatCameMeanwhileIsSuccess) {
  demo().state = 3;
  host.intercept = [&](const Call& call) -> std::optional<Reply> {
    if (call.method() != "RequestStateChange") return {};
    demo().state = 2;  // another client started it
    return FakeHost::invoke_answer(call.method(), "<p:ReturnValue>32775</p:ReturnValue>");
  };
  const Ran ran = vmms({"vm", "start", "demo"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "VM 'demo' is running already\n");
}

TEST_F(MannersTest, PauseSaveAndReset) {
  EXPECT_EQ(vmms({"vm", "pause", "demo"}).out, "VM 'demo' is paused\n");
  EXPECT_EQ(demo().state, 9);
  EXPECT_EQ(vmms({"vm", "pause", "demo"}).out, "VM 'demo' is paused already\n");
  EXPECT_EQ(vmms({"vm", "start", "demo"}).out, "VM 'demo' resumed\n");
  EXPECT_EQ(vmms({"vm", "save", "demo"}).out, "VM 'demo' is saved\n");
  EXPECT_EQ(demo().state, 6);
  EXPECT_EQ(vmms({"vm", "start", "demo"}).out, "VM 'demo' restored\n");
  host.calls.clear();
  EXPECT_EQ(vmms({"vm", "reset", "demo"}).out, "VM 'demo' was reset\n");
  EXPECT_EQ(host.calls.back().input("RequestedState"), "11");
  EXPECT_EQ(demo().state, 2);
}

TEST_F(MannersTest, ServiceRestart) {
  host.calls.clear();
  const Ran ran = vmms({"service", "restart", "demo", "ssh"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "ssh.service of VM 'demo' restarted: active (running), main process 512\n");
  std::vector<std::string> methods;
  for (const Call& call : host.calls)
    if (call.method().ends_with("Service")) methods.push_back(call.method());
  EXPECT_EQ(methods, (std::vector<std::string>{"StopService", "StartService"}));
  EXPECT_EQ(vmms({"service", "restart", "demo", "nothing"}).status, 2);
  demo().interface_enabled = false;
  host.calls.clear();
  const Ran refused = vmms({"service", "restart", "demo", "ssh"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("StopService returned 1"), HasSubstr("vmms guest enable demo")));
  EXPECT_EQ(std::count_if(host.calls.begin(), host.calls.end(),
                          [](const Call& call) { return call.method().ends_with("Service"); }),
            1)
      << "what was refused is not asked for again";
}

TEST_F(MannersTest, AGuestThatDoesNotRunIsNotAskedToShutDown) {
  for (const auto& [state, word, advice] : {std::tuple(3, "is off", "start it with: vmms vm start demo"),
                                            std::tuple(6, "is saved", "restore it with: vmms vm start demo")}) {
    demo().state = state;
    const Ran reboot = vmms({"vm", "shutdown", "demo", "--reboot"});
    EXPECT_EQ(reboot.status, 2) << reboot.out;
    EXPECT_THAT(reboot.err, AllOf(HasSubstr(word), HasSubstr("no guest to restart"), HasSubstr(advice)));
    const Ran json = vmms({"vm", "shutdown", "demo", "--reboot", "--json"});
    EXPECT_EQ(boost::json::parse(json.err).at_pointer("/error/kind"), "invalid_state");
    EXPECT_THAT(json.out, IsEmpty());
  }
  EXPECT_EQ(vmms({"vm", "shutdown", "demo"}).status, 2) << "a saved VM is not off: its guest goes on";
  // It ended since it was looked at.
  demo().state = 2;
  host.intercept = [&](const Call& call) -> std::optional<Reply> {
    if (!call.method().starts_with("Initiate")) return {};
    demo().state = 3;
    return test::fault(Failure::not_found, "there is no such component");
  };
  EXPECT_THAT(vmms({"vm", "shutdown", "demo", "--reboot"}).err, HasSubstr("no guest to restart"));
  demo().state = 2;
  EXPECT_EQ(vmms({"vm", "shutdown", "demo"}).out, "VM 'demo' is off already\n");
}

TEST_F(MannersTest, AShutdownThatIsRefusedSaysWhy) {
  for (const auto& [value, why] : {std::pair("32775", "the Shutdown integration component of VM 'demo' is off"),
                                   std::pair("32774", "the guest of VM 'demo' are frozen"),
                                   std::pair("32768", "the power button cannot be pressed")}) {
    host.intercept = [&, value = value](const Call& call) -> std::optional<Reply> {
      if (call.method() != "InitiateShutdown") return {};
      return FakeHost::invoke_answer(call.method(), fmt::format("<p:ReturnValue>{}</p:ReturnValue>", value));
    };
    const Ran ran = vmms({"vm", "shutdown", "demo"});
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.err, HasSubstr(why));
    EXPECT_THAT(ran.err, Not(HasSubstr("is running")));
  }
}

TEST_F(MannersTest, VmShow) {
  EXPECT_THAT(vmms({"vm", "show", "DEMO"}).out, AllOf(HasSubstr("demo\n"), HasSubstr("State   running\n")));
  const boost::json::value shown = vmms({"vm", "show", "demo", "--json"}).json();
  EXPECT_EQ(shown, vmms({"vm", "list", "--json"}).json().at(0)) << "one spelling for list and show";
  EXPECT_EQ(vmms({"vm", "show", "nothing"}).status, 2);
}

TEST_F(MannersTest, AServiceThatIsDoneIsNotSaidToRun) {
  host.intercept = [&](const Call& call) -> std::optional<Reply> {
    if (call.method() != "StartService") return {};
    return FakeHost::invoke_answer(call.method(), "<p:ReturnValue>0</p:ReturnValue>");  // nothing runs afterwards
  };
  EXPECT_EQ(vmms({"service", "start", "demo", "nginx"}).out,
            "nginx.service of VM 'demo' has done its work and ended: inactive (dead)\n");
}

TEST_F(MannersTest, StatusesOfServiceVerbsAgree) {
  const std::vector<std::vector<std::string>> verbs{{"service", "list", "demo"},
                                                    {"service", "show", "demo", "ssh"},
                                                    {"service", "start", "demo", "ssh"},
                                                    {"service", "stop", "demo", "ssh"},
                                                    {"service", "restart", "demo", "ssh"}};
  const auto expect = [&](int status, const char* text) {
    for (const auto& verb : verbs) {
      const Ran ran = vmms(verb);
      EXPECT_EQ(ran.status, status) << verb[1];
      EXPECT_THAT(ran.err, HasSubstr(text)) << verb[1];
      EXPECT_THAT(ran.out, IsEmpty()) << verb[1];
    }
  };
  demo().interface_enabled = false;
  expect(1, "vmms guest enable demo");
  const Ran json = vmms({"service", "list", "demo", "--json"});
  EXPECT_EQ(boost::json::parse(json.err).at_pointer("/error/kind"), "not_supported");
  EXPECT_THAT(json.out, IsEmpty());
  demo().interface_enabled = true;
  host.intercept = [&](const Call& call) -> std::optional<Reply> {
    if (call.class_name != "Vmms_GuestOSService") return {};
    return test::fault(Failure::unreachable, "the guest agent is connected but silent");
  };
  expect(2, "silent");
  host.intercept = [&](const Call& call) -> std::optional<Reply> {
    if (call.class_name != "Vmms_GuestOSService") return {};
    return test::fault(Failure::not_found, "VM 'demo' is off");
  };
  demo().state = 3;
  expect(2, "is off");
}

TEST_F(MannersTest, AGuestWithoutServicesHasAnEmptyList) {
  host.services.clear();
  const Ran ran = vmms({"service", "list", "demo"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "the guest of VM 'demo' has no services\n");
  EXPECT_EQ(vmms({"service", "list", "demo", "--json"}).out, "[]\n");
  const Ran doctor = vmms({"doctor", "demo"});
  EXPECT_EQ(doctor.status, 0) << doctor.out;
  EXPECT_THAT(doctor.out, AllOf(HasSubstr("the guest has none"), Not(HasSubstr("problem"))));
}

TEST_F(MannersTest, AServerThatLostItsHypervisorKnowsNothing) {
  host.lost = "the connection to libvirt has been lost since 2026-11-30 14:20:05";
  for (const auto& verb : std::vector<std::vector<std::string>>{{"vm", "list"},
                                                                {"vm", "start", "demo"},
                                                                {"vm", "stop", std::string(demo_id)},
                                                                {"service", "list", "demo"}}) {
    const Ran ran = vmms(verb);
    EXPECT_EQ(ran.status, 2) << verb[1];
    EXPECT_THAT(ran.err, HasSubstr("lost since 2026-11-30 14:20:05")) << verb[1];
    EXPECT_THAT(ran.out, IsEmpty()) << verb[1];
  }
  const Ran doctor = vmms({"doctor", "demo"});
  EXPECT_EQ(doctor.status, 1);
  EXPECT_THAT(doctor.out, AllOf(HasSubstr("Hypervisor  problem"), HasSubstr("libvirtd"), Not(HasSubstr("agent"))));
}

TEST_F(MannersTest, DoctorGivesASlowGuestMoreTime) {
  host.intercept = [&](const Call& call) -> std::optional<Reply> {
    if (call.class_name != "Vmms_GuestOSService") return {};
    return test::fault(Failure::timed_out, "the deadline passed while the guest was asked for its services");
  };
  const Ran ran = vmms({"--timeout", "2", "doctor", "demo"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("more time than 2 s"), HasSubstr("vmms --timeout 60 doctor demo")));
  EXPECT_THAT(vmms({"--timeout", "60", "doctor", "demo"}).out, HasSubstr("vmms --timeout 120 doctor demo"));
}

TEST_F(MannersTest, DoctorSaysOneThing) {
  const auto with_status = [&](int status, const char* text) {
    host.intercept = [status, text](const Call& call) -> std::optional<Reply> {
      if (call.class_name != "Msvm_GuestServiceInterfaceComponent") return {};
      return FakeHost::get_answer(call.class_name, fmt::format("<p:OperationalStatus>{}</p:OperationalStatus>"
                                                               "<p:StatusDescriptions>{}</p:StatusDescriptions>",
                                                               status, text));
    };
    const Ran ran = vmms({"doctor", "demo", "--json"});
    const boost::json::value told = ran.json();
    bool problems = false;
    for (const auto& finding : told.at("findings").as_array())
      problems = problems || finding.at("verdict") == "problem";
    EXPECT_EQ(ran.status, problems ? 1 : 0) << ran.out;
    EXPECT_EQ(told.at("healthy"), !problems) << ran.out;
    EXPECT_EQ(told.at("advice").as_array().empty(), !problems) << ran.out;
    return problems;
  };
  EXPECT_FALSE(with_status(2, "OK: the agent"));
  EXPECT_TRUE(with_status(3, "Degraded: the agent forbids guest-exec"));
  EXPECT_TRUE(with_status(3, "Degraded: no known service manager"));
  EXPECT_TRUE(with_status(12, "No Contact: no agent is connected"));
  EXPECT_TRUE(with_status(13, "Lost Communication: silent"));
  host.services.clear();
  EXPECT_FALSE(with_status(2, "OK: the agent"));
  EXPECT_TRUE(with_status(3, "Degraded: the agent forbids guest-exec"));
}

TEST_F(MannersTest, KeyValues) {
  EXPECT_EQ(vmms({"kvp", "set", "demo", "Role", "web"}).out, "Role of VM 'demo' is set\n");
  EXPECT_EQ(vmms({"kvp", "set", "demo", "Role", "db server"}).status, 0);
  EXPECT_EQ(host.key_values["Role"], "db server");
  const Ran list = vmms({"kvp", "list", "demo"});
  EXPECT_EQ(list.out, "SOURCE  NAME  VALUE\nhost    Role  db server\n");
  EXPECT_THAT(list.err, HasSubstr("no agent"));
  EXPECT_EQ(list.status, 1) << "those of the guest are missing";
  const Ran json = vmms({"kvp", "list", "demo", "--json"});
  EXPECT_EQ(json.out, "[{\"source\":\"host\",\"name\":\"Role\",\"value\":\"db server\"}]\n");
  EXPECT_EQ(json.status, 1);
  EXPECT_EQ(boost::json::parse(json.err).at_pointer("/error/kind"), "not_supported");
  const Ran removed = vmms({"kvp", "remove", "demo", "Role", "--json"});
  EXPECT_EQ(removed.json().at("name"), "Role");
  const Ran again = vmms({"kvp", "remove", "demo", "Role"});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("no key-value pair 'Role'"));
}

TEST_F(MannersTest, KeyValuesThatAreMissingAreNamed) {
  const auto with = [&](std::string properties) {
    host.intercept = [properties = std::move(properties)](const Call& call) -> std::optional<Reply> {
      if (call.class_name != "Msvm_KvpExchangeComponent") return {};
      return FakeHost::get_answer(call.class_name, properties);
    };
    return vmms({"kvp", "list", "demo"});
  };
  const auto status = [](int value, const char* text) {
    return fmt::format(
        "<p:EnabledState>2</p:EnabledState><p:OperationalStatus>{}</p:OperationalStatus>"
        "<p:StatusDescriptions>{}</p:StatusDescriptions>",
        value, text);
  };
  const Ran whole = with(status(2, "OK"));
  EXPECT_EQ(whole.status, 0);
  EXPECT_EQ(whole.err, "no key-value pairs of VM 'demo'\n");
  for (const auto& [answer, text] :
       {std::pair(status(13, "Lost Communication: silent"), "silent"),
        {status(15, "It is paused"), "paused"},
        {status(2, "OK") + "<p:StatusDescriptions>the agent forbids guest-exec</p:StatusDescriptions>", "forbids"},
        {std::string("<p:EnabledState>3</p:EnabledState><p:OperationalStatus>12</p:OperationalStatus>"), "is off"},
        {std::string(), "does not say why"}}) {
    const Ran ran = with(answer);
    EXPECT_EQ(ran.status, 1) << text;
    EXPECT_THAT(ran.err, AllOf(HasSubstr("not all here"), HasSubstr(text), Not(HasSubstr("no key-value"))));
  }
  demo().state = 3;
  const Ran off = with(std::string());
  EXPECT_EQ(off.status, 0) << "there is no guest";
  EXPECT_THAT(off.err, HasSubstr("while it does not run"));
}

TEST_F(MannersTest, ADirectoryThatIsNotListedWholeSaysSo) {
  host.intercept = [](const Call& call) -> std::optional<Reply> {
    if (call.method() == "GetFileInformation")
      return FakeHost::invoke_answer(
          call.method(),
          "<p:File><![CDATA[<INSTANCE CLASSNAME=\"Vmms_GuestFile\"><PROPERTY NAME=\"FileType\" TYPE=\"uint16\">"
          "<VALUE>3</VALUE></PROPERTY></INSTANCE>]]></p:File><p:ReturnValue>0</p:ReturnValue>");
    if (call.method() == "ListDirectory")
      return FakeHost::invoke_answer(call.method(), "<p:Complete>false</p:Complete><p:ReturnValue>0</p:ReturnValue>");
    return {};
  };
  const Ran ran = vmms({"ls", "demo:/etc", "--json"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.out, "[]\n");
  EXPECT_THAT(ran.err, AllOf(StartsWith("{\"error\""), HasSubstr("demo:/etc"), HasSubstr("not all are listed")));
}

TEST_F(MannersTest, TheEnvironmentNamesTheAuthority) {
  setenv("VMMS_CA", "/no/such.pem", 1);
  EXPECT_THAT(run_with({"vm", "list", "--server", "https://127.0.0.1:1/wsman"}).err, Not(IsEmpty()));
  EXPECT_THAT(run_with({"--help"}).out, HasSubstr("VMMS_CA"));
}

// As another user, whom the socket of the host's daemon is not for.
TEST(DefaultServer, GoesOnToTheNetworkForAUserWhoMayNotUseTheSocket) {
  if (geteuid() != 0) GTEST_SKIP() << "needs another user";
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("vmms-default-server-{}", getpid());
  std::filesystem::create_directories(folder / "vmms");
  std::filesystem::permissions(folder, std::filesystem::perms(0755));
  std::filesystem::permissions(folder / "vmms", std::filesystem::perms(0755));
  const std::string path = (folder / "vmms" / "vmmsd.sock").string();
  const int server = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  ASSERT_EQ(bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto as_nobody = [&](bool has_user, mode_t mode) {
    chmod(path.c_str(), mode);
    int results[2];
    EXPECT_EQ(pipe(results), 0);
    const pid_t child = fork();
    if (child == 0) {
      setenv("XDG_RUNTIME_DIR", folder.c_str(), 1);
      if (setresuid(65534, 65534, 65534) != 0) _exit(1);
      const std::string found = default_server(has_user);
      if (write(results[1], found.data(), found.size()) < 0) _exit(1);
      _exit(0);
    }
    close(results[1]);
    char text[512] = {};
    EXPECT_GE(read(results[0], text, sizeof text - 1), 0);
    close(results[0]);
    waitpid(child, nullptr, 0);
    return std::string(text);
  };
  EXPECT_EQ(as_nobody(false, 0600), "unix:" + path) << "who names no user learns why it is not for him";
  EXPECT_THAT(as_nobody(true, 0600), StartsWith("http://127.0.0.1:5985")) << "unless the host's own is for everybody";
  EXPECT_EQ(as_nobody(true, 0666), "unix:" + path);
  close(server);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace vmms::cli
