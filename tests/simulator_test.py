#!/usr/bin/env python3
"""vmmsd on a simulated fleet: every row of "What StartService answers", and the daemon's own behaviour."""

import json
import os
import pathlib
import pwd
import stat
import subprocess
import tempfile
import threading
import time
import unittest

import vmms
from vmms import Fault, machine_keys, service_keys

FLEET = """
[host]
name = "HOST1"

[template.linux]
state = "running"
processors = 2

[template.linux.settings]
guest_service_interface = true

[[template.linux.guest.service]]
name = "web"
description = "A web server"
unit_file_state = "enabled"

[[template.linux.guest.service]]
name = "broken"
start = "fail"
exit_status = 3
log = ["reading the configuration", "no such setting: colour"]

[[template.linux.guest.service]]
name = "dies"
start = "dies"
exit_status = 1

[[template.linux.guest.service]]
name = "slow"
start_milliseconds = 3000

[[template.linux.guest.service]]
name = "hang"
start = "hang"

[[template.linux.guest.service]]
name = "once"
type = "oneshot"

[[template.linux.guest.service]]
name = "unmet-once"
type = "oneshot"
start = "condition"

[[template.linux.guest.service]]
name = "unmet"
start = "condition"

[[template.linux.guest.service]]
name = "asserted"
type = "oneshot"
start = "assertion"

[[template.linux.guest.service]]
name = "stubborn"
state = "active"
ignores_stop = true
stop_milliseconds = 500

[[template.linux.guest.service]]
name = "getty@.service"

[[template.linux.guest.service]]
name = "masked"
masked = true

[[vm]]
name = "good"
template = "linux"

[[vm]]
name = "reset-me"
template = "linux"

[[vm]]
name = "off"
template = "linux"
state = "off"

[[vm]]
name = "saved"
template = "linux"
state = "saved"

[[vm]]
name = "paused"
template = "linux"
state = "paused"

[[vm]]
name = "plain"
state = "running"
[vm.guest]
[[vm.guest.service]]
name = "web"

[[vm]]
name = "no-agent"
state = "running"
settings = { guest_service_interface = true }
[vm.guest]
agent = "none"

[[vm]]
name = "silent"
state = "running"
settings = { guest_service_interface = true }
[vm.guest]
agent = "silent"

[[vm]]
name = "forbids"
state = "running"
settings = { guest_service_interface = true }
[vm.guest]
forbids = ["guest-exec", "guest-file-open", "guest-fsfreeze-freeze"]

[[vm]]
name = "forbids-programs"
state = "running"
settings = { guest_service_interface = true }
[vm.guest]
forbids = ["guest-exec", "guest-exec-status"]

[[vm]]
name = "forbids-files"
state = "running"
settings = { guest_service_interface = true }
[vm.guest]
forbids = ["guest-file-write"]
[[vm.guest.service]]
name = "web"

[[vm]]
name = "openrc"
state = "running"
settings = { guest_service_interface = true }
[vm.guest]
service_manager = "openrc"
[[vm.guest.service]]
name = "web"

[[vm]]
name = "no-manager"
state = "running"
settings = { guest_service_interface = true }
[vm.guest]
service_manager = "none"

[[vm]]
name = "frozen"
state = "running"
settings = { guest_service_interface = true }
[vm.guest]
frozen = true
[[vm.guest.service]]
name = "web"

[[vm]]
name = "tardy"
state = "running"
settings = { guest_service_interface = true }
[vm.guest]
latency_milliseconds = 300

[[vm]]
name = "slow-agent"
state = "running"
settings = { guest_service_interface = true }
[vm.guest]
latency_milliseconds = 1500
[[vm.guest.service]]
name = "web"

[[vm]]
name = "-x"
state = "running"
settings = { guest_service_interface = true }
[vm.guest]
[[vm.guest.service]]
name = "web"

[[vm]]
name = "a:b"
state = "running"
settings = { guest_service_interface = true }
guest = {}

[[vm]]
name = "stuck"
state = "off"
faults = ["start"]
"""


def write_fleet(test, text):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-fleet-"))
    test.addClassCleanup(subprocess.run, ["rm", "-rf", str(folder)])
    file = folder / "fleet.toml"
    file.write_text(text)
    return file


class Simulated(unittest.TestCase):
    extra = ()

    @classmethod
    def setUpClass(cls):
        cls.daemon = vmms.Daemon(cls, "--simulate", write_fleet(cls, FLEET), *cls.extra)
        cls.machines = {m["ElementName"]: m for m in cls.daemon.client().enumerate("Msvm_ComputerSystem")}

    def setUp(self):
        self.client = self.daemon.client()
        self.addCleanup(self.client.close)

    def id(self, name):
        return self.machines[name]["Name"]

    def start(self, machine, service, method="StartService", class_name="Vmms_GuestOSService", timeout=None, inputs=""):
        keys = service_keys(self.id(machine), service, class_name)
        return self.client.invoke(class_name, keys, method, inputs, timeout)["ReturnValue"]

    def service(self, machine, service, class_name="Vmms_GuestOSService"):
        return self.client.get(class_name, service_keys(self.id(machine), service, class_name))

    def fault(self, *arguments, **options):
        with self.assertRaises(Fault) as caught:
            self.start(*arguments, **options)
        return caught.exception

    def interface(self, machine, enabled):
        output = self.client.invoke("Msvm_VirtualSystemManagementService", {}, "ModifyGuestServiceSettings",
                                    vmms.interface_setting(self.id(machine), enabled))
        self.assertEqual(output["ReturnValue"], 0)


class WhatStartServiceAnswers(Simulated):
    """In the order of the table in docs/guest-services.md."""

    def test_no_such_machine(self):
        keys = service_keys("00000000-0000-4000-8000-000000000000", "web.service")
        with self.assertRaises(Fault) as caught:
            self.client.invoke("Vmms_GuestOSService", keys, "StartService")
        self.assertEqual(caught.exception.subcode, "DestinationUnreachable")

    def test_the_machine_is_off_or_saved(self):
        for name in ("off", "saved"):
            fault = self.fault(name, "web.service")
            self.assertEqual(fault.subcode, "DestinationUnreachable")
            self.assertIn(f"'{name}' is {name}", fault.text)

    def test_the_interface_is_off(self):
        for service in ("web.service", "no-such.service"):
            self.assertEqual(self.start("plain", service), 1)
        self.assertEqual(self.start("plain", "guestfilesvc", class_name="Msvm_GuestFileService"), 1)

    def test_no_agent(self):
        self.assertEqual(self.start("no-agent", "web.service"), 1)

    def test_the_agent_forbids_what_is_needed(self):
        self.assertEqual(self.start("forbids", "web.service"), 1)
        self.assertEqual(self.start("forbids", "guestfilesvc", class_name="Msvm_GuestFileService"), 1)
        self.assertEqual(self.start("forbids", "vsssvc", class_name="Msvm_VssService"), 1)

    def test_what_the_agent_forbids_is_told_with_the_setting_to_change(self):
        for machine, programs, files in (("forbids-programs", 1, 0), ("forbids-files", 0, 1)):
            with self.subTest(machine):
                self.assertEqual(self.start(machine, "web.service"), programs)
                self.assertEqual(self.start(machine, "guestfilesvc", class_name="Msvm_GuestFileService"), files)
                self.assertEqual(self.start(machine, "vsssvc", class_name="Msvm_VssService"), 0)
                service = self.client.get("Msvm_GuestFileService",
                                          service_keys(self.id(machine), "guestfilesvc", "Msvm_GuestFileService"))
                interface = next(each for each in self.client.enumerate("Msvm_GuestServiceInterfaceComponent")
                                 if each["SystemName"] == self.id(machine))
                if files:
                    self.assertIsNone(service["Started"])
                    self.assertEqual(service["EnabledState"], "5")
                    self.assertIn("/etc/qemu/qemu-ga.conf", service["StatusDescriptions"])
                else:
                    self.assertEqual(service["Started"], "true")
                    self.assertEqual(interface["OperationalStatus"], "3")
                for text in ("forbids", "/etc/qemu/qemu-ga.conf", "/etc/sysconfig/qemu-ga"):
                    self.assertIn(text, interface["StatusDescriptions"])
        log = (self.daemon.folder / "log").read_text()
        for machine in ("forbids-programs", "forbids-files"):
            self.assertRegex(log, f"virtual machine '{machine}': 1, .*qemu-ga.conf")

    def test_no_known_service_manager(self):
        self.assertEqual(self.start("no-manager", "web.service"), 1)

    def test_the_agent_is_silent(self):
        begun = time.monotonic()
        fault = self.fault("silent", "web.service")
        self.assertLess(time.monotonic() - begun, 5.5)
        self.assertIn("silent", fault.text)
        self.assertEqual(fault.subcode, "InternalError")

    def test_the_machine_is_paused(self):
        self.assertIn("'paused' is paused", self.fault("paused", "web.service").text)

    def test_file_systems_are_frozen(self):
        self.assertIn("frozen", self.fault("frozen", "web.service").text)

    def test_no_such_unit(self):
        fault = self.fault("good", "no-such.service")
        self.assertEqual(fault.subcode, "DestinationUnreachable")
        self.assertIn("no-such.service", fault.text)

    def test_it_runs_afterwards_or_ran_already(self):
        for _ in range(2):
            self.assertEqual(self.start("good", "web.service"), 0)
            self.assertEqual(self.service("good", "web.service")["Started"], "true")
        self.assertEqual(self.start("good", "web.service", "StopService"), 0)
        self.assertEqual(self.service("good", "web.service")["Started"], "false")
        self.assertEqual(self.start("good", "web.service", "StopService"), 0)

    def test_a_oneshot_that_is_done(self):
        self.assertEqual(self.start("good", "once.service"), 0)
        self.assertEqual(self.service("good", "once.service")["Started"], "false")

    def test_nothing_was_started_since_a_condition_or_an_assertion_did_not_hold(self):
        for service, word in (("unmet-once", "condition"), ("unmet", "condition"), ("asserted", "assertion")):
            for _ in range(2):
                fault = self.fault("good", f"{service}.service")
                self.assertEqual(fault.subcode, self.fault("good", "broken.service").subcode)
                self.assertIn(f"'{service}.service' of virtual machine 'good' was not started", fault.text)
                self.assertIn(word, fault.text)
            self.assertEqual(self.service("good", f"{service}.service")["Started"], "false")

    def test_the_guest_tried_and_failed(self):
        fault = self.fault("good", "broken.service")
        for part in ("broken.service", "'good'", "exit status 3", "no such setting: colour"):
            self.assertIn(part, fault.text)
        self.assertEqual(self.service("good", "broken.service")["Started"], "false")
        self.assertEqual(self.service("good", "broken.service")["Status"], "Error")

    def test_dead_at_the_state_read_after_the_start(self):
        self.assertIn("exit status 1", self.fault("good", "dies.service").text)

    def test_the_deadline_passes_and_the_guest_goes_on(self):
        begun = time.monotonic()
        fault = self.fault("good", "slow.service", timeout=1)
        self.assertLess(time.monotonic() - begun, 2)
        self.assertEqual(fault.subcode, "TimedOut")
        # A second call joins the first.
        self.assertEqual(self.start("good", "slow.service"), 0)
        self.assertLess(time.monotonic() - begun, 4.5)
        self.assertEqual(self.service("good", "slow.service")["Started"], "true")

    def test_masked(self):
        self.assertIn("masked", self.fault("good", "masked.service").text)

    def test_a_template_starts_when_it_is_instantiated(self):
        self.assertEqual(self.start("good", "getty@tty7.service"), 0)
        self.assertEqual(self.service("good", "getty@tty7.service")["Started"], "true")

    def test_a_service_that_ignores_stop_is_stopped_in_the_end(self):
        self.assertEqual(self.start("good", "stubborn.service", "StopService"), 0)
        self.assertEqual(self.service("good", "stubborn.service")["Started"], "false")

    def test_the_file_service(self):
        of = {"class_name": "Msvm_GuestFileService"}
        self.assertEqual(self.start("good", "guestfilesvc", "StopService", **of), 0)
        self.assertEqual(self.service("good", "guestfilesvc", **of)["Started"], "false")
        self.assertEqual(self.start("good", "guestfilesvc", **of), 0)
        self.assertEqual(self.service("good", "guestfilesvc", **of)["Started"], "true")

    def test_the_vss_service(self):
        of = {"class_name": "Msvm_VssService"}
        self.assertEqual(self.start("good", "vsssvc", **of), 0)
        self.assertEqual(self.service("good", "vsssvc", **of)["Started"], "true")

    def test_the_hosts_own_services(self):
        output = self.client.invoke("Msvm_VirtualSystemManagementService", {"Name": "vmms"}, "StartService")
        self.assertEqual(output["ReturnValue"], 1)

    def test_request_state_change_does_the_same(self):
        def change(service, state, extra=""):
            inputs = f"<p:RequestedState>{state}</p:RequestedState>{extra}"
            return self.start("good", service, "RequestStateChange", inputs=inputs)

        self.assertEqual(change("web.service", 2), 0)
        self.assertEqual(self.service("good", "web.service")["EnabledState"], "2")
        self.assertEqual(change("web.service", 3), 0)
        self.assertEqual(self.service("good", "web.service")["EnabledState"], "3")
        self.assertEqual(change("web.service", 11), 1)
        for timeout, answer in (("00000000000030.000000:000", 4098), ("PT5S", 4098), ("PT0S", 0),
                                ("00000000000000.000000:000", 0)):
            self.assertEqual(change("web.service", 2, f"<p:TimeoutPeriod>{timeout}</p:TimeoutPeriod>"), answer)

    def test_the_interface_knows_no_timeout_either(self):
        keys = {"CreationClassName": "Msvm_GuestServiceInterfaceComponent", "SystemName": self.id("good"),
                "DeviceID": "Microsoft:6C09BB55-D683-4DA0-8931-C9BF705F6480",
                "SystemCreationClassName": "Msvm_ComputerSystem"}
        for timeout, answer in (("PT5S", 4098), ("PT0S", 0)):
            output = self.client.invoke("Msvm_GuestServiceInterfaceComponent", keys, "RequestStateChange",
                                        "<p:RequestedState>2</p:RequestedState>"
                                        f"<p:TimeoutPeriod>{timeout}</p:TimeoutPeriod>")
            self.assertEqual(output["ReturnValue"], answer)

    def test_the_abstract_class_finds_the_service(self):
        keys = service_keys(self.id("good"), "web.service")
        self.assertEqual(self.client.invoke("Msvm_GuestService", keys, "StartService")["ReturnValue"], 0)

    def test_the_properties_tell_one_story(self):
        story = self.service("good", "broken.service")
        with self.assertRaises(Fault):
            self.start("good", "broken.service")
        story = self.service("good", "broken.service")
        self.assertEqual((story["Started"], story["EnabledState"], story["ActiveState"]), ("false", "3", "failed"))
        self.assertEqual(story["OperationalStatus"], ["6", "10"])
        self.assertEqual(story["ExitStatus"], "3")
        self.assertEqual(len(story), len(set(story)))


class GuestServiceInterface(Simulated):
    def test_switching_it_on_and_off_shows_and_hides_the_services(self):
        machine = self.id("plain")
        services = lambda: [s for s in self.client.enumerate("Vmms_GuestOSService") if s["SystemName"] == machine]
        self.assertEqual(services(), [])
        self.interface("plain", True)
        self.assertEqual([s["Name"] for s in services()], ["web.service"])
        self.assertEqual(self.start("plain", "web.service"), 0)
        self.interface("plain", False)
        self.assertEqual(self.start("plain", "web.service"), 1)
        self.assertEqual(services(), [])
        files = self.service("plain", "guestfilesvc", "Msvm_GuestFileService")
        self.assertEqual(files["Started"], "false")

    def test_modify_resource_settings_does_it_too(self):
        inputs = vmms.interface_setting(self.id("frozen"), True).replace("GuestServiceSettings", "ResourceSettings")
        output = self.client.invoke("Msvm_VirtualSystemManagementService",
                                    {"CreationClassName": "Msvm_VirtualSystemManagementService"},
                                    "ModifyResourceSettings", inputs)
        self.assertEqual(output["ReturnValue"], 0)

    def test_a_wrong_setting_is_a_job_that_tells_why(self):
        inputs = vmms.interface_setting("00000000-0000-4000-8000-000000000000", True)
        output = self.client.invoke("Msvm_VirtualSystemManagementService", {}, "ModifyGuestServiceSettings", inputs)
        self.assertEqual(output["ReturnValue"], 4096)
        job = self.daemon.job(self.client, output)
        self.assertEqual(job["JobState"], "10")
        self.assertIn("no virtual machine 00000000", job["ErrorDescription"])

    def test_settings_exist_for_every_machine_and_the_component_only_while_it_runs(self):
        settings = self.client.enumerate("Msvm_GuestServiceInterfaceComponentSettingData")
        self.assertEqual(len(settings), len(self.machines) - 1)
        components = {c["SystemName"] for c in self.client.enumerate("Msvm_GuestServiceInterfaceComponent")}
        self.assertIn(self.id("paused"), components)
        self.assertNotIn(self.id("off"), components)


class Machines(Simulated):
    def change(self, machine, state):
        return self.client.invoke("Msvm_ComputerSystem", machine_keys(self.id(machine)), "RequestStateChange",
                                  f"<p:RequestedState>{state}</p:RequestedState>")

    def state(self, machine):
        return self.client.get("Msvm_ComputerSystem", machine_keys(self.id(machine)))["EnabledState"]

    def test_start_and_turn_off_are_jobs(self):
        for state in ("2", "3"):
            output = self.change("off", state)
            self.assertEqual(output["ReturnValue"], 4096)
            self.assertEqual(self.daemon.job(self.client, output)["JobState"], "7")
            self.assertEqual(self.state("off"), state)
            self.assertEqual(self.change("off", state)["ReturnValue"], 32775)

    def test_a_machine_is_reset(self):
        output = self.change("good", 11)
        self.assertEqual(self.daemon.job(self.client, output)["JobState"], "7")
        self.assertEqual(self.state("good"), "2")

    def test_states_of_version_1_and_states_that_are_none(self):
        for state, then in (("32768", "9"), ("2", "2"), ("32769", "6"), ("2", "2")):
            self.assertEqual(self.daemon.job(self.client, self.change("reset-me", state))["JobState"], "7")
            self.assertEqual(self.state("reset-me"), then)
        for state in ("0", "7", "99", "65535"):
            self.assertEqual(self.change("reset-me", state)["ReturnValue"], 32773)
        self.assertEqual(self.client.invoke("Msvm_ComputerSystem", machine_keys(self.id("reset-me")),
                                            "RequestStateChange")["ReturnValue"], 32773)

    def test_running_machines_have_processes_of_their_own(self):
        processes = [m["ProcessID"] for m in self.client.enumerate("Msvm_ComputerSystem") if m["EnabledState"] == "2"
                     and m["Name"] != "HOST1"]
        self.assertEqual(len(set(processes)), len(processes))
        self.assertTrue(all(int(process) > 0 for process in processes))
        self.assertIsNone(self.client.get("Msvm_ComputerSystem", machine_keys(self.id("saved")))["ProcessID"])

    def test_a_start_that_fails_says_why_in_its_job(self):
        job = self.daemon.job(self.client, self.change("stuck", 2))
        self.assertEqual(job["JobState"], "10")
        self.assertNotEqual(job["ErrorDescription"], "")

    def test_states_are_those_of_version_2(self):
        self.assertEqual((self.state("paused"), self.state("saved")), ("9", "6"))

    def test_the_host_is_an_instance_too(self):
        self.assertEqual(self.machines["HOST1"]["Description"], "Microsoft Hosting Computer System")

    def test_associations_of_one_machine(self):
        devices = self.client.enumerate("Msvm_SystemDevice")
        self.assertTrue(any(self.id("good") in d["GroupComponent"] for d in devices))
        for name in ("Msvm_ElementSettingData", "Msvm_SettingsDefineState", "Msvm_VirtualSystemSettingDataComponent"):
            self.assertTrue(self.client.enumerate(name), name)


class Concurrency(Simulated):
    def test_a_hanging_start_holds_up_nobody(self):
        def hang():
            client = self.daemon.client()
            with self.assertRaises(Fault):
                client.invoke("Vmms_GuestOSService", service_keys(self.id("good"), "hang.service"), "StartService",
                              timeout=6)
            client.close()

        threads = [threading.Thread(target=hang) for _ in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        begun = time.monotonic()
        self.assertEqual(self.start("good", "web.service"), 0)
        self.assertLess(time.monotonic() - begun, 2)
        for thread in threads:
            thread.join()


class Strict(Simulated):
    extra = ("--compatibility", "strict")

    def test_the_file_service_is_unsupported(self):
        self.assertEqual(self.start("good", "guestfilesvc", class_name="Msvm_GuestFileService"), 1)
        self.assertEqual(self.start("good", "web.service"), 0)


class TheDaemon(unittest.TestCase):
    def daemon(self, *arguments):
        fleet = pathlib.Path(tempfile.mkdtemp(prefix="vmms-fleet-")) / "fleet.toml"
        self.addCleanup(subprocess.run, ["rm", "-rf", str(fleet.parent)])
        fleet.write_text(FLEET)
        return vmms.Daemon(self, "--simulate", fleet, *arguments)

    def test_term_ends_it_while_a_call_waits(self):
        daemon = self.daemon()
        client = daemon.client()
        machine = next(m for m in client.enumerate("Msvm_ComputerSystem") if m["ElementName"] == "good")

        def hang():
            try:
                daemon.client().invoke("Vmms_GuestOSService", service_keys(machine["Name"], "hang.service"), "StartService")
            except Exception:  # the connection ends with the daemon
                pass

        thread = threading.Thread(target=hang)
        thread.start()
        time.sleep(0.5)
        status, seconds = daemon.terminate()
        self.assertEqual(status, 0)
        self.assertLess(seconds, 20 if vmms.SANITIZED else 2)
        thread.join()

    def test_what_it_cannot_do_it_says(self):
        def fails(*arguments):
            done = subprocess.run([vmms.BUILD / "vmmsd", *arguments], capture_output=True, text=True, timeout=30)
            return done.returncode, done.stderr
        folder = tempfile.mkdtemp(prefix="vmms-test-")
        self.addCleanup(subprocess.run, ["rm", "-rf", folder])
        fleet = ("--simulate", vmms.SOURCE / "examples" / "fleet.toml", "--state", folder)
        status, text = fails(*fleet, "--socket", "none")
        self.assertEqual(status, 1)
        self.assertIn("users", text)
        users = pathlib.Path(folder, "users")
        users.write_text("")
        users.chmod(0o600)
        for option in ("--wsman", "--cimxml"):
            status, text = fails(*fleet, "--socket", "none", option, "0.0.0.0:0")
            self.assertEqual(status, 1)
            self.assertIn(f"use {option}s", text)

    def test_a_wrong_password_is_refused(self):
        daemon = self.daemon()
        client = vmms.Client(daemon.url, password="wrong")
        status, _ = client.post("<x/>")
        self.assertEqual(status, 401)

    def test_the_example_fleet_serves(self):
        daemon = vmms.Daemon(self, "--simulate", vmms.SOURCE / "examples" / "fleet.toml")
        self.assertGreaterEqual(len(daemon.json("vm", "list")), 3)


class LocalSocket(unittest.TestCase):
    def setUp(self):
        self.daemon = vmms.Daemon(self, "--simulate", vmms.SOURCE / "examples" / "fleet.toml")
        self.server = f"unix:{self.daemon.socket}"

    def test_the_kernel_says_who_asks(self):
        mode = self.daemon.socket.stat().st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(mode & 0o777, 0o600)
        machines = json.loads(self.daemon.cli("--json", "vm", "list", server=self.server).stdout)
        started = json.loads(self.daemon.cli("--json", "vm", "start", "stopped", server=self.server).stdout)
        self.assertGreater(len(machines), 3)
        self.assertTrue(started)
        owners = {job["Owner"] for job in self.daemon.client().enumerate("Msvm_ConcreteJob")}
        self.assertEqual({owner.split("\\")[-1] for owner in owners}, {pwd.getpwuid(os.getuid()).pw_name})

    @unittest.skipUnless(os.geteuid() == 0, "needs another user")
    def test_others_are_told_why_they_may_not(self):
        os.chmod(self.daemon.folder, 0o755)
        program = [str(vmms.BUILD / "vmms"), "--server", self.server, "vm", "list"]
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *program], text=True,
                              capture_output=True, timeout=30)
        if "cannot execute" in done.stderr or "failed to execute" in done.stderr:
            self.skipTest("another user cannot run programs of the build folder")
        self.assertEqual(done.returncode, 2)
        self.assertIn("you may not use", done.stderr)

    def test_the_clients_default_is_the_users_own_daemon(self):
        folder = self.daemon.folder / "runtime"
        (folder / "vmms").mkdir(parents=True)
        os.symlink(self.daemon.socket, folder / "vmms" / "vmmsd.sock")
        environment = {key: value for key, value in os.environ.items() if not key.startswith("VMMS_")}
        if os.geteuid() == 0:
            self.skipTest("root's own daemon is the host's")
        done = subprocess.run([vmms.BUILD / "vmms", "identify"], env=dict(environment, XDG_RUNTIME_DIR=str(folder)),
                              text=True, capture_output=True, timeout=30)
        self.assertIn(str(folder), done.stdout)

    def test_a_socket_that_a_killed_daemon_left_is_replaced_a_living_one_is_not(self):
        self.daemon.kill()
        self.assertTrue(self.daemon.socket.exists())
        self.daemon.start()
        self.daemon.cli("identify", server=self.server)
        folder = tempfile.mkdtemp(prefix="vmms-test-")
        self.addCleanup(subprocess.run, ["rm", "-rf", folder])
        elsewhere = [folder if word == str(self.daemon.folder) else word for word in self.daemon.arguments]
        second = subprocess.run(elsewhere, capture_output=True, text=True, timeout=30)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another process serves it", second.stderr)
        self.daemon.cli("identify", server=self.server)
        self.daemon.terminate()
        self.assertFalse(self.daemon.socket.exists())
        gone = self.daemon.cli("identify", server=self.server, check=False)
        self.assertEqual(gone.returncode, 2)
        self.assertIn("is vmmsd running there?", gone.stderr)

    def test_an_unknown_group_is_an_error_that_leaves_nothing(self):
        folder = tempfile.mkdtemp(prefix="vmms-test-")
        self.addCleanup(subprocess.run, ["rm", "-rf", folder])
        done = subprocess.run([vmms.BUILD / "vmmsd", "--simulate", vmms.SOURCE / "examples" / "fleet.toml", "--state",
                               folder, "--wsman", "127.0.0.1:0", "--socket", folder + "/s", "--socket-group", "no-such"],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no group no-such", done.stderr)
        self.assertFalse(os.path.exists(folder + "/s"))

    def test_no_password_file_is_needed(self):
        folder = tempfile.mkdtemp(prefix="vmms-test-")
        self.addCleanup(subprocess.run, ["rm", "-rf", folder])
        arguments = [vmms.BUILD / "vmmsd", "--simulate", vmms.SOURCE / "examples" / "fleet.toml", "--state", folder,
                     "--wsman", "127.0.0.1:0", "--socket", folder + "/s"]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            self.addCleanup(process.kill)
            self.assertIn(f"socket={folder}/s", process.stdout.readline())
            self.daemon.cli("identify", server=f"unix:{folder}/s")
            process.terminate()


class Queries(Simulated):
    def test_walk_from_the_machine_to_its_services_and_back(self):
        machine = f"Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='{self.id('good').lower()}'"
        devices = self.client.query(f"ASSOCIATORS OF {{{machine}}} WHERE AssocClass = Msvm_SystemDevice")
        self.assertEqual(len(devices), 7)  # the components and the keyboard
        interface, = (device for device in devices if device.class_name == "Msvm_GuestServiceInterfaceComponent")
        keys = ",".join(f"{name}='{interface[name]}'" for name in
                        ("CreationClassName", "DeviceID", "SystemCreationClassName", "SystemName"))
        services = self.client.query(f"ASSOCIATORS OF {{Msvm_GuestServiceInterfaceComponent.{keys}}} "
                                     "WHERE AssocClass = Msvm_RegisteredGuestService")
        names = {service["Name"] for service in services}
        self.assertLessEqual({"web.service", "guestfilesvc"}, names)
        keys = ",".join(f"{name}='{value}'" for name, value in service_keys(self.id("good"), "web.service").items())
        back = self.client.query(f"ASSOCIATORS OF {{Vmms_GuestOSService.{keys}}} WHERE ResultClass = Msvm_ComputerSystem")
        self.assertEqual([system["ElementName"] for system in back], ["good"])

    def test_columns_and_conditions(self):
        found = self.client.query("SELECT ElementName, EnabledState FROM Msvm_ComputerSystem "
                                  "WHERE Description = \"Microsoft Virtual Machine\" AND EnabledState <> 2", most=1)
        self.assertTrue(found)
        self.assertEqual({item.class_name for item in found}, {"XmlFragment"})
        self.assertIn({"ElementName": "off", "EnabledState": "3"}, found)

    def test_wrong_ones(self):
        for wql, subcode in (("SELECT * FROM", "CannotProcessFilter"),
                             ("SELECT * FROM Msvm_Nothing", "DestinationUnreachable"),
                             ("SELECT Nothing FROM Msvm_ComputerSystem", "CannotProcessFilter")):
            with self.assertRaises(Fault) as caught:
                self.client.query(wql)
            self.assertEqual(caught.exception.subcode, subcode, wql)

    def test_of_the_command_line(self):
        lines = self.daemon.cli("query", "SELECT ElementName FROM Msvm_ComputerSystem WHERE ElementName = 'GOOD'").stdout
        self.assertEqual(lines.split(), ["ElementName", "good"])
        one = self.daemon.json("query", "SELECT * FROM Msvm_ComputerSystem WHERE ElementName = 'good'")
        self.assertEqual(one["EnabledState"], 2)
        wrong = self.daemon.cli("query", "SELECT", check=False)
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("position", wrong.stderr)


class Copies(Simulated):
    @classmethod
    def setUpClass(cls):
        cls.files = pathlib.Path(tempfile.mkdtemp(prefix="vmms-copies-"))
        cls.addClassCleanup(subprocess.run, ["rm", "-rf", str(cls.files)])
        cls.extra = ("--copy-read", f"files={cls.files}")
        super().setUpClass()

    def file(self, name, size):
        path = self.files / name
        path.write_bytes(os.urandom(size))
        return path

    def copy_to_guest(self, machine, *settings):
        return self.client.invoke("Msvm_GuestFileService", service_keys(self.id(machine), "guestfilesvc",
                                  "Msvm_GuestFileService"), "CopyFilesToGuest", "".join(settings))

    def test_from_the_command_line(self):
        up = self.file("up", 500_000)
        done = self.daemon.cli("copy", str(up), self.file("more", 10), "good:/var/tmp")
        self.assertIn("copied", done.stdout)
        names = {each["name"]: each["size"] for each in self.daemon.json("ls", "good:/var/tmp")}
        self.assertEqual((names["up"], names["more"]), (500_000, 10))
        self.assertIn("-rw-r--r--", self.daemon.cli("ls", "good:/var/tmp/up").stdout)
        again = self.daemon.cli("copy", up, "good:/var/tmp/", check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("0x80070050", again.stderr)
        self.daemon.cli("copy", "good:/var/tmp/up", self.files / "down")
        self.assertEqual((self.files / "down").read_bytes(), up.read_bytes())
        self.daemon.cli("rm", "good:/var/tmp/up", "good:/var/tmp/more")
        self.assertEqual(self.daemon.json("ls", "good:/var/tmp"), [])
        for wrong in (("a", "b"), ("good:/a", "plain:/b"), ("good:/a", "plain:/b", "x"), ("x", "none:/tmp/")):
            self.assertEqual(self.daemon.cli("copy", *wrong, check=False).returncode, 2, wrong)

    def test_return_values(self):
        setting = vmms.copy_setting(self.file("x", 10), "/tmp/x")
        for machine, code in (("plain", 32775), ("paused", 32775), ("no-agent", 32777), ("silent", 32771),
                              ("forbids-files", 32770)):
            self.assertEqual(self.copy_to_guest(machine, setting)["ReturnValue"], code, machine)
        self.assertEqual(self.copy_to_guest("good")["ReturnValue"], 32773)
        with self.assertRaises(Fault) as caught:
            self.copy_to_guest("off", setting)
        self.assertEqual(caught.exception.subcode, "DestinationUnreachable")
        with self.assertRaises(Fault):
            self.copy_to_guest("good", setting.replace("OverwriteExisting", "Nonsense"))
        refused = self.daemon.cli("copy", self.files / "x", "plain:/tmp/", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("vmms guest enable plain", refused.stderr)

    def test_a_slow_guest_holds_up_nobody_and_can_be_cancelled(self):
        slow = self.file("slow", 3_000_000)
        jobs = [self.copy_to_guest("tardy", vmms.copy_setting(slow, f"/tmp/{number}")) for number in range(4)]
        self.daemon.cli("copy", "--overwrite", self.file("quick", 1_000_000), "good:/tmp/quick")
        keys = [{"InstanceID": vmms.job_id_of(job)} for job in jobs]

        def progress_of(key):
            job = self.client.get("Msvm_CopyFileToGuestJob", key)
            self.assertEqual(job["JobState"], "4", "it still runs")
            return job["PercentComplete"]

        for key in keys:
            progress_of(key)  # the quick one has not waited for it
        seen = set()
        while len(seen) < 3:
            seen.add(progress_of(keys[0]))
            time.sleep(0.2)
        for each in keys:
            self.assertEqual(self.client.invoke("Msvm_CopyFileToGuestJob", each, "RequestStateChange",
                                                "<p:RequestedState>5</p:RequestedState>")["ReturnValue"], 0)
        for job in jobs:
            self.assertEqual(self.daemon.job(self.client, job, 30, "Msvm_CopyFileToGuestJob")["JobState"], "9")
        self.assertEqual(self.daemon.json("ls", "tardy:/tmp"), [])


class StartModes(Simulated):
    def change(self, machine, name, mode):
        return self.client.invoke("Vmms_GuestOSService", service_keys(self.id(machine), name), "ChangeStartMode",
                                  f"<p:StartMode>{mode}</p:StartMode>")["ReturnValue"]

    def service(self, machine, name):
        return self.client.get("Vmms_GuestOSService", service_keys(self.id(machine), name))

    def test_each_mode_shows_in_the_service(self):
        for mode, default, unit_file in (("Disabled", "3", "masked"), ("Automatic", "2", "enabled"),
                                         ("Manual", "3", "disabled")):
            self.assertEqual(self.change("good", "web.service", mode), 0)
            service = self.service("good", "web.service")
            self.assertEqual((service["StartMode"], service["EnabledDefault"], service["UnitFileState"]),
                             (mode, default, unit_file))

    def test_faults_and_one(self):
        with self.assertRaises(Fault) as caught:
            self.change("good", "web.service", "Boot")
        self.assertIn("Automatic, Manual or Disabled", caught.exception.text)
        with self.assertRaises(Fault) as caught:
            self.change("good", "nothing.service", "Manual")
        self.assertEqual(caught.exception.subcode, "DestinationUnreachable")
        self.assertEqual(self.change("plain", "web.service", "Manual"), 1)
        self.assertEqual(self.change("forbids-programs", "web.service", "Manual"), 1)
        self.assertEqual(self.change("openrc", "web", "Automatic"), 0)
        self.assertEqual(self.change("openrc", "web", "Disabled"), 1)

    def test_from_the_command_line(self):
        done = self.daemon.cli("service", "mode", "openrc", "web", "automatic")
        self.assertIn("web of VM 'openrc' is now automatic", done.stdout)
        self.assertEqual(self.service("openrc", "web")["StartMode"], "Automatic")
        self.assertEqual(self.daemon.json("service", "mode", "good", "web", "manual")["start_mode"], "Manual")
        self.assertEqual(self.daemon.cli("service", "mode", "good", "web", "boot", check=False).returncode, 2)
        self.assertIn("no such start mode",
                      self.daemon.cli("service", "mode", "openrc", "web", "disabled", check=False).stderr)


if __name__ == "__main__":
    vmms.main()
