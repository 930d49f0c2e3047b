// The verbs against a host behind a real socket; what a shell sees is in process_test.cpp.
#include "cli/program.hpp"

#include "testing/test_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

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

TEST_F(ProgramTest, VmListIsATable) {
  const Ran ran = vmms({"vm", "list"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "NAME      STATE    STATUS  UPTIME       ID\n"
            "demo      running  OK      1d 02:03:04  3F2A6C1E-0D5B-4B7C-9A41-6E0C8D1B7F52\n"
            "Other VM  off      OK      -            7C0E9B34-52A1-4D0F-8E66-1B9A3C5D7E20\n");
}

TEST_F(ProgramTest, VmListIsJson) {
  const Ran ran = vmms({"--json", "vm", "list"});
  EXPECT_EQ(ran.status, 0);
  ASSERT_EQ(ran.json().as_array().size(), 2U);
  EXPECT_EQ(ran.json().at_pointer("/0/name"), "demo");
  EXPECT_EQ(ran.json().at_pointer("/0/state"), "running");
  EXPECT_EQ(ran.json().at_pointer("/1/enabled_state"), 3);
}

TEST_F(ProgramTest, VmsAreFoundByNameAndGuidOfAnyCase) {
  for (const char* name : {"demo", "DEMO", "3f2a6c1e-0d5b-4b7c-9a41-6e0c8d1b7f52"})
    EXPECT_EQ(vmms({"guest", "show", name}).status, 0) << name;
}

TEST_F(ProgramTest, AnUnknownVmIsAnError) {
  for (const char* name : {"nobody", "00000000-0000-4000-8000-000000000000"}) {
    const Ran ran = vmms({"guest", "show", name});
    EXPECT_EQ(ran.status, 2);
    EXPECT_THAT(ran.err, AllOf(StartsWith("vmms: there is no VM '"), HasSubstr("vmms vm list")));
    EXPECT_THAT(ran.out, IsEmpty());
  }
}

TEST_F(ProgramTest, AMistypedVmIsGuessed) {
  EXPECT_THAT(vmms({"vm", "show", "dmeo"}).err, HasSubstr("; did you mean 'demo'; list them with: vmms vm list"));
  EXPECT_THAT(vmms({"vm", "show", "nobody"}).err, Not(HasSubstr("did you mean")));
}

TEST_F(ProgramTest, NamesHaveNoCaseInAnyAlphabet) {
  demo().name = "\u00dcbung";
  EXPECT_EQ(vmms({"vm", "show", "\u00fcBUNG"}).status, 0);
}

TEST_F(ProgramTest, AmbiguousNamesListTheCandidates) {
  host.machines.push_back({"11111111-2222-4333-8444-555555555555", "Demo", 3});
  const Ran either = vmms({"vm", "stop", "DEMO"});
  EXPECT_EQ(either.status, 2);
  EXPECT_THAT(either.err, AllOf(HasSubstr("2 VMs are named 'DEMO'"), HasSubstr(std::string(demo_id)),
                                HasSubstr("11111111-2222-4333-8444-555555555555")));
  // The exact spelling decides.
  EXPECT_EQ(vmms({"vm", "stop", "demo"}).status, 0);
  EXPECT_EQ(demo().state, 3);
}

TEST_F(ProgramTest, VmStartWaitsForItsJob) {
  demo().state = 3;
  host.uses_jobs = true;
  const Ran ran = vmms({"vm", "start", "demo", "--json"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(demo().state, 2);
  EXPECT_EQ(ran.json().at("return_value"), 4096);
  EXPECT_EQ(ran.json().at("job"), "JOB-1");
  EXPECT_EQ(ran.json().at("job_error"), 0);
}

TEST_F(ProgramTest, AJobThatFailsIsRefusedWithItsText) {
  demo().state = 3;
  host.uses_jobs = true;
  host.job_error = "no memory for VM 'demo'";
  const Ran ran = vmms({"vm", "start", "demo"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err, "RequestStateChange failed: no memory for VM 'demo' (error 32775 of its job)\n");
}

TEST_F(ProgramTest, AJobThatGoesOnIsLeftAtTheTimeout) {
  demo().state = 3;
  host.uses_jobs = true;
  host.job_state = "4";
  const Ran ran = vmms({"vm", "start", "demo", "--timeout", "1"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("vmms get 'root/virtualization/v2:Msvm_ConcreteJob.InstanceID=\"JOB-1\"'"));
}

TEST_F(ProgramTest, ARefusedChangeSaysHowTheVmIs) {
  host.intercept = [](const Call& call) -> std::optional<Reply> {
    if (call.method() != "RequestStateChange") return {};
    return FakeHost::invoke_answer(call.method(), "<p:ReturnValue>32775</p:ReturnValue>");
  };
  const Ran ran = vmms({"vm", "pause", "demo"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("RequestStateChange returned 32775 ("), HasSubstr("VM 'demo' is running")));
}

TEST_F(ProgramTest, VmStartWaitsForTheGuest) {
  demo().state = 3;
  demo().answers_after = 2;
  const Ran ran = vmms({"vm", "start", "demo", "--wait", "30"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "VM 'demo' started, and its guest answers\n");
  // Waiting for one that runs already is no second start.
  EXPECT_EQ(vmms({"vm", "start", "demo", "--wait", "30"}).out, "VM 'demo' is running already, and its guest answers\n");
}

TEST_F(ProgramTest, AGuestThatDoesNotAnswerIsAnError) {
  demo().answers_after = 1000;
  const Ran ran = vmms({"vm", "start", "demo", "--wait", "0"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("did not answer within 0 s: No Contact: no agent"));
}

TEST_F(ProgramTest, AVmThatEndsWhileItsGuestIsAwaitedIsAnError) {
  demo().state = 3;
  host.intercept = [&](const Call& call) -> std::optional<Reply> {
    if (call.class_name == "Msvm_GuestServiceInterfaceComponent") demo().state = 3;
    return {};
  };
  const Ran ran = vmms({"vm", "start", "demo", "--wait", "30"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("VM 'demo' is off again"));
}

TEST_F(ProgramTest, VmStop) { EXPECT_EQ(vmms({"vm", "stop", "demo"}).out, "VM 'demo' is off\n"); }

TEST_F(ProgramTest, VmShutdown) {
  EXPECT_EQ(vmms({"vm", "shutdown", "demo", "--reboot"}).out, "The guest of VM 'demo' was told to restart\n");
  EXPECT_EQ(demo().state, 2);
  EXPECT_EQ(vmms({"vm", "shutdown", "demo", "--force"}).out, "The guest of VM 'demo' was told to shut down\n");
  EXPECT_EQ(demo().state, 3);
  EXPECT_EQ(vmms({"vm", "shutdown", "demo"}).out, "VM 'demo' is off already\n");
  EXPECT_EQ(vmms({"vm", "shutdown", "demo", "--reboot"}).status, 2);
}

TEST_F(ProgramTest, GuestEnableAndDisable) {
  demo().interface_enabled = false;
  EXPECT_EQ(vmms({"guest", "enable", "demo"}).out, "Guest Service Interface of VM 'demo' enabled\n");
  EXPECT_TRUE(demo().interface_enabled);
  host.uses_jobs = true;
  const Ran ran = vmms({"guest", "disable", "demo", "--json"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.json().at("guest_service_interface"), "disabled");
  EXPECT_FALSE(demo().interface_enabled);
}

TEST_F(ProgramTest, GuestShow) {
  const Ran ran = vmms({"guest", "show", "demo"});
  EXPECT_EQ(ran.out,
            "VM                       demo\n"
            "ID                       3F2A6C1E-0D5B-4B7C-9A41-6E0C8D1B7F52\n"
            "State                    running\n"
            "Guest Service Interface  enabled\n"
            "Contact with the guest   OK\n"
            "Way in use               OK: the agent\n"
            "File service             stopped\n");
  EXPECT_THAT(ran.err, IsEmpty());
  const Ran off = vmms({"guest", "show", "other vm"});
  EXPECT_EQ(off.status, 0);
  EXPECT_THAT(off.out, Not(HasSubstr("Contact")));
  EXPECT_THAT(off.err, HasSubstr("vmms guest enable 'Other VM'"));
  const Ran json = vmms({"guest", "show", "other vm", "--json"});
  EXPECT_EQ(json.json().at("contact"), nullptr);
  EXPECT_THAT(json.err, IsEmpty());
}

TEST_F(ProgramTest, ServiceList) {
  EXPECT_EQ(vmms({"service", "list", "demo"}).out,
            "NAME           STATE             STARTED  START MODE  UNIT FILE  PID  DESCRIPTION\n"
            "nginx.service  inactive (dead)   no       Manual      -          -    The nginx.service\n"
            "ssh.service    active (running)  yes      Manual      -          512  The ssh.service\n");
  const Ran json = vmms({"service", "list", "demo", "--json"});
  EXPECT_EQ(json.json().at_pointer("/1/started"), true);
  EXPECT_EQ(json.json().at_pointer("/1/main_process_id"), 512);
}

TEST_F(ProgramTest, ServiceStartAndStop) {
  const Ran start = vmms({"service", "start", "demo", "nginx"});
  EXPECT_EQ(start.status, 0) << start.err;
  EXPECT_EQ(start.out, "nginx.service of VM 'demo' started: active (running), main process 512\n");
  EXPECT_TRUE(host.services["nginx.service"]);
  const Ran stop = vmms({"service", "stop", "demo", "nginx.service", "--json"});
  EXPECT_EQ(stop.status, 0);
  EXPECT_EQ(stop.json().at("method"), "StopService");
  EXPECT_EQ(stop.json().at("return_value"), 0);
  EXPECT_EQ(stop.json().at("meaning"), "Completed with No Error");
  EXPECT_EQ(stop.json().at("started"), false);
}

TEST_F(ProgramTest, NotSupportedSaysWhatToDo) {
  demo().interface_enabled = false;
  const Ran ran = vmms({"service", "start", "demo", "nginx"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err,
            "StartService returned 1 (Not supported): the Guest Service Interface of VM 'demo' is off; enable it with: "
            "vmms guest enable demo\n");
  EXPECT_THAT(ran.out, IsEmpty());
  const Ran json = vmms({"service", "start", "demo", "nginx", "--json"});
  EXPECT_EQ(json.status, 1);
  EXPECT_EQ(json.json().at("return_value"), 1);
  EXPECT_THAT(std::string(json.json().at("explanation").as_string()), HasSubstr("vmms guest enable demo"));
  EXPECT_THAT(json.err, IsEmpty());
}

TEST_F(ProgramTest, NotSupportedWithoutAReasonSaysWhereToLook) {
  host.intercept = [](const Call& call) -> std::optional<Reply> {
    if (call.method() == "StartService")
      return FakeHost::invoke_answer("StartService", "<p:ReturnValue>1</p:ReturnValue>");
    return {};
  };
  EXPECT_EQ(vmms({"service", "start", "demo", "nginx"}).err,
            "StartService returned 1 (Not supported): the server's log says why; so may: vmms doctor demo\n");
}

TEST_F(ProgramTest, AServiceThatFailsIsTheServersText) {
  host.intercept = [](const Call& call) -> std::optional<Reply> {
    if (call.method() != "StartService") return {};
    return test::fault(Failure::failed, "service 'x' did not start: exit status 3; last log lines:\n  \x1b[31mred");
  };
  const Ran ran = vmms({"service", "start", "demo", "x"});
  EXPECT_EQ(ran.status, 2);
  // The wire replaces what XML cannot carry; nothing reaches the terminal that could command it.
  EXPECT_THAT(ran.err, StartsWith("vmms: service 'x' did not start: exit status 3; last log lines:\n  "));
  EXPECT_THAT(ran.err, Not(HasSubstr("\x1b")));
  const Ran json = vmms({"service", "start", "demo", "x", "--json"});
  EXPECT_EQ(boost::json::parse(json.err).at_pointer("/error/kind"), "failed");
  EXPECT_THAT(json.out, IsEmpty());
}

TEST_F(ProgramTest, AReadThatFailsAfterAStartDoesNotUndoIt) {
  host.intercept = [](const Call& call) -> std::optional<Reply> {
    if (call.action == wire::wsman::names::action_get && call.class_name == "Vmms_GuestOSService")
      return test::fault(Failure::unreachable, "silent");
    return {};
  };
  const Ran ran = vmms({"service", "start", "demo", "nginx"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, "nginx.service of VM 'demo' started\n");
}

TEST_F(ProgramTest, ServiceShow) {
  const Ran ran = vmms({"service", "show", "demo", "ssh"});
  EXPECT_THAT(ran.out, AllOf(HasSubstr("Service       ssh.service\n"), HasSubstr("Main process  512\n"),
                             HasSubstr("State         active (running)\n")));
  const Ran json = vmms({"service", "show", "demo", "ssh", "--json"});
  EXPECT_EQ(json.json().at("vm"), "demo");
  EXPECT_EQ(json.json().at("started"), true);
  EXPECT_EQ(json.json().at("main_process_id"), 512);
  EXPECT_EQ(json.json().at("status_descriptions"), boost::json::array{"active (running)"});
  EXPECT_THAT(vmms({"service", "show", "demo", "none"}).err, HasSubstr("there is no such"));
}

TEST_F(ProgramTest, GetPrintsProperties) {
  const std::string path = fmt::format("Msvm_ComputerSystem.CreationClassName=\"x\",Name=\"{}\"", demo_id);
  const Ran ran = vmms({"get", path});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("EnabledState          2 (Running)\n"),
                             HasSubstr("OperationalStatus     {2 (OK)}\n"), HasSubstr("ProcessID             NULL\n")));
  EXPECT_EQ(vmms({"get", path, "--json"}).json().at("EnabledState"), 2);
}

TEST_F(ProgramTest, GetOfAClassPrintsAllInstances) {
  const Ran ran = vmms({"get", "Msvm_ComputerSystem"});
  EXPECT_THAT(ran.out, AllOf(HasSubstr("HOST"), HasSubstr("demo"), HasSubstr("Other VM")));
  const Ran json = vmms({"get", "Msvm_ComputerSystem", "--json"});
  EXPECT_EQ(std::count(json.out.begin(), json.out.end(), '\n'), 3);
}

TEST_F(ProgramTest, GetOfAPathThatIsNoneIsAnError) {
  for (const char* path : {"", ".", "Class.", "Class.Key", "Class.Key=\"x", "ns:", "Class.K=\"a\",K=\"b\""}) {
    const Ran ran = vmms({"get", path});
    EXPECT_EQ(ran.status, 2) << path;
    EXPECT_THAT(ran.err, StartsWith("vmms: ")) << path;
  }
  EXPECT_TRUE(host.calls.empty());
}

TEST_F(ProgramTest, InvokePrintsReturnValueAndOutputs) {
  demo().state = 3;
  host.uses_jobs = true;
  const std::string path = fmt::format("Msvm_ComputerSystem.Name=\"{}\"", demo_id);
  const Ran ran = vmms({"invoke", path, "requeststatechange", "requestedstate=2"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "RequestStateChange returned 4096 (Method Parameters Checked - Transition Started), and its job completed\n"
            "Job  root/virtualization/v2:Msvm_ConcreteJob.InstanceID=\"JOB-1\"\n");
  host.uses_jobs = false;
  const Ran refused = vmms({"invoke", path, "RequestStateChange", "RequestedState=2", "--json"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(refused.json().at("return_value"), 32775);
}

TEST_F(ProgramTest, InvokeChecksParametersOfKnownMethods) {
  const Ran ran = vmms({"invoke", "Msvm_ComputerSystem.Name=\"x\"", "RequestStateChange", "State=2"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("has no input parameter State"), HasSubstr("RequestedState")));
  EXPECT_EQ(vmms({"invoke", "Msvm_ComputerSystem.Name=\"x\"", "RequestStateChange", "RequestedState"}).status, 2);
  EXPECT_TRUE(host.calls.empty());
}

TEST_F(ProgramTest, InvokeOfAnUnknownClassSendsTextAndPrintsText) {
  host.intercept = [](const Call& call) -> std::optional<Reply> {
    return FakeHost::invoke_answer(call.method(), "<p:Out>a</p:Out><p:Out>b</p:Out><p:ReturnValue>7</p:ReturnValue>");
  };
  const Ran ran = vmms({"invoke", "root/cimv2:Win32_Thing=@", "Do", "A=1", "A=x=y", "B=@@at"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err, "Do returned 7\n");
  EXPECT_EQ(ran.out, "Out  {a, b}\n");
  using Inputs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(host.calls.at(0).inputs, (Inputs{{"A", "1"}, {"A", "x=y"}, {"B", "@at"}}));
}

TEST_F(ProgramTest, InvokeReadsValuesFromFiles) {
  host.intercept = [](const Call& call) -> std::optional<Reply> {
    return FakeHost::invoke_answer(call.method(), "<p:ReturnValue>0</p:ReturnValue>");
  };
  const auto file = std::filesystem::temp_directory_path() / fmt::format("vmms-invoke-test-{}", getpid());
  std::ofstream(file) << "<INSTANCE CLASSNAME=\"A\"/>";
  const std::string service = "Msvm_VirtualSystemManagementService.Name=\"vmms\"";
  EXPECT_EQ(vmms({"invoke", service, "ModifyGuestServiceSettings", "GuestServiceSettings=@" + file.string()}).status,
            0);
  std::filesystem::remove(file);
  EXPECT_EQ(host.calls.at(0).input("GuestServiceSettings"), "<INSTANCE CLASSNAME=\"A\"/>");
  EXPECT_EQ(vmms({"invoke", service, "ModifyGuestServiceSettings", "GuestServiceSettings=@/no/such"}).status, 2);
}

TEST_F(ProgramTest, Identify) {
  EXPECT_THAT(vmms({"identify"}).out, HasSubstr("Product   vmms\n"));
  EXPECT_EQ(vmms({"identify", "--json"}).json().at("product_version"), "0.1");
}

TEST_F(ProgramTest, TheServerAndUserComeFromTheEnvironment) {
  setenv("VMMS_SERVER", host.url().c_str(), 1);
  setenv("VMMS_USER", "admin", 1);
  setenv("VMMS_PASSWORD", "secret", 1);
  EXPECT_EQ(run_with({"vm", "list"}).status, 0);
  EXPECT_EQ(host.server().requests().at(0)["Authorization"], "Basic YWRtaW46c2VjcmV0");
}

TEST_F(ProgramTest, APasswordFileHoldsThePasswordInItsFirstLine) {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("vmms-password-test-{}", getpid());
  std::ofstream(file) << "secret\nnot this\n";
  std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const Ran ran = vmms({"vm", "list", "--user", "admin", "--password-file", file.string()});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.err, IsEmpty());
  EXPECT_EQ(host.server().requests().at(0)["Authorization"], "Basic YWRtaW46c2VjcmV0");
  std::filesystem::permissions(file, std::filesystem::perms::all);
  EXPECT_THAT(vmms({"vm", "list", "--user", "admin", "--password-file", file.string()}).err, HasSubstr("chmod 600"));
  std::filesystem::remove(file);
}

TEST_F(ProgramTest, IncompleteCredentialsAreErrors) {
  EXPECT_THAT(vmms({"vm", "list", "--user", "admin"}).err, HasSubstr("no password for user admin"));
  EXPECT_THAT(vmms({"vm", "list", "--password-file", "/x"}).err, HasSubstr("a password needs its user"));
  EXPECT_EQ(vmms({"vm", "list", "--user", "a", "--password-file", "/no/such"}).status, 2);
}

TEST_F(ProgramTest, WrongCommandLinesAreErrors) {
  const std::vector<std::vector<std::string>> wrong = {{},
                                                       {"vm"},
                                                       {"vm", "list", "extra"},
                                                       {"vm", "start"},
                                                       {"nonsense"},
                                                       {"vm", "list", "--no-such-option"},
                                                       {"vm", "list", "--timeout", "0"},
                                                       {"vm", "list", "--timeout", "x"},
                                                       {"vm", "start", "demo", "--wait", "-1"},
                                                       {"service", "start", "demo"},
                                                       {"vm", "list", "--password", "secret"}};
  for (const auto& arguments : wrong) {
    const Ran ran = run_with(arguments);
    EXPECT_EQ(ran.status, 2);
    EXPECT_THAT(ran.err, AllOf(StartsWith("vmms: "), HasSubstr("--help")));
    EXPECT_THAT(ran.out, IsEmpty());
  }
  EXPECT_EQ(boost::json::parse(run_with({"--json", "nonsense"}).err).at_pointer("/error/kind"), "invalid_argument");
}

TEST_F(ProgramTest, EveryVerbHasHelpWithAnExample) {
  const std::vector<std::vector<std::string>> verbs = {{},
                                                       {"vm", "list"},
                                                       {"vm", "start"},
                                                       {"vm", "shutdown"},
                                                       {"vm", "stop"},
                                                       {"vm", "pause"},
                                                       {"vm", "save"},
                                                       {"vm", "reset"},
                                                       {"vm", "show"},
                                                       {"guest", "enable"},
                                                       {"guest", "disable"},
                                                       {"guest", "show"},
                                                       {"service", "list"},
                                                       {"service", "start"},
                                                       {"service", "stop"},
                                                       {"service", "restart"},
                                                       {"service", "show"},
                                                       {"kvp", "list"},
                                                       {"kvp", "set"},
                                                       {"kvp", "remove"},
                                                       {"get"},
                                                       {"invoke"},
                                                       {"identify"},
                                                       {"user", "add"}};
  for (auto arguments : verbs) {
    std::string command = "vmms";
    for (const std::string& word : arguments) command += " " + word;
    arguments.emplace_back("--help");
    const Ran ran = run_with(arguments);
    EXPECT_EQ(ran.status, 0) << command;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("Example"), HasSubstr("\n  " + command + " "))) << command;
    EXPECT_THAT(ran.err, IsEmpty());
  }
}

TEST_F(ProgramTest, NoServerIsAnErrorThatSaysWhatToDo) {
  std::string url;
  { url = FakeHost().url(); }
  const Ran ran = run_with({"vm", "list", "--server", url});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("is vmmsd running there?"));
  const Ran json = run_with({"vm", "list", "--json", "--server", url});
  EXPECT_EQ(boost::json::parse(json.err).at_pointer("/error/kind"), "unreachable");
}

}  // namespace
}  // namespace vmms::cli
