#!/usr/bin/env python3
"""vmms beside a vmmsd with a simulated fleet: doctor, exit statuses, states that are there already, names that look like
something else; and the example fleet, which is everybody's first."""

import json
import re
import subprocess
import time
import unittest

import vmms
from simulator_test import Simulated, write_fleet


class Doctor(Simulated):
    def test_says_what_is_in_the_way_and_what_to_do(self):
        for machine, problem, advice in (
            ("good", "", ""),
            ("plain", "Guest Service Interface", "vmms guest enable plain"),
            ("off", "VM", "vmms vm start --wait 60 off"),
            ("paused", "VM", "vmms vm start paused"),
            ("no-agent", "Way into the guest", "qemu-guest-agent"),
            ("forbids", "Way into the guest", "allow-rpcs"),
            ("no-manager", "Way into the guest", "systemd"),
            ("silent", "Way into the guest", "silent"),
            ("frozen", "Guest services", "vmms doctor frozen"),
        ):
            with self.subTest(machine):
                done = self.daemon.cli("--json", "doctor", machine, check=False)
                result = json.loads(done.stdout)
                problems = [finding["what"] for finding in result["findings"] if finding["verdict"] == "problem"]
                self.assertEqual(done.returncode, 1 if problem else 0, done.stdout)
                self.assertEqual(result["healthy"], not problem)
                self.assertEqual(bool(result["advice"]), bool(problem))
                if problem:
                    self.assertEqual(problems[0], problem)
                    self.assertIn(advice, " ".join(result["advice"]))
                else:
                    self.assertEqual(problems, [])


    def test_a_slow_guest_is_not_silent(self):
        done = self.daemon.cli("doctor", "slow-agent", check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("silent", done.stdout)
        self.assertIn("Contact with the guest   OK", self.daemon.cli("guest", "show", "slow-agent").stdout)


class LostHypervisor(unittest.TestCase):
    """As with a libvirtd that is down."""

    def test_nobody_tells_what_nobody_knows(self):
        fleet = '[host]\nname = "H"\nconnection_lost = true\n[[vm]]\nname = "a"\nstate = "running"\nguest = {}\n'
        daemon = vmms.Daemon(self, "--simulate", write_fleet(type(self), fleet))
        for words in (["vm", "list"], ["vm", "start", "a"], ["service", "list", "a"], ["guest", "show", "a"]):
            done = daemon.cli(*words, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertRegex(done.stderr, r"has been lost since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
        done = daemon.cli("--json", "doctor", "a", check=False)
        self.assertEqual(done.returncode, 1)
        verdicts = {finding["what"]: finding["verdict"] for finding in json.loads(done.stdout)["findings"]}
        self.assertEqual(verdicts, {"Server": "ok", "Hypervisor": "problem", "VM": "unknown"})
        self.assertNotIn("agent", done.stdout)


class ExampleFleet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.example = (vmms.SOURCE / "examples" / "fleet.toml").read_text()

    def test_every_key_is_shown_and_documented(self):
        reference = (vmms.SOURCE / "docs" / "simulator.md").read_text()
        vm = '[[vm]]\nname = "a"\n'
        for place in ("[host]\n", "[template.t]\n", vm, '[[fleet]]\nprefix = "a"\ncount = 1\n', vm + "[vm.settings]\n",
                      vm + "[vm.guest]\n", vm + "[vm.guest.os]\n", vm + '[[vm.guest.service]]\nname = "s"\n'):
            fleet = write_fleet(type(self), place + "no_such_key = 1\n")
            done = subprocess.run([vmms.BUILD / "vmmsd", "--simulate", fleet, "--state", fleet.parent,
                                   "--socket", fleet.parent / "socket", "--wsman", "127.0.0.1:0"], text=True, capture_output=True, timeout=30)
            known = re.search(r"known here: (.*)", done.stderr)
            self.assertTrue(known, done.stderr)
            for key in known[1].split(", "):
                with self.subTest(place=place, key=key):
                    self.assertRegex(self.example, rf"(?m)(^|[{{,.\[# ]) ?{key}( =|\]|\.)")
                    self.assertIn(f"`{key}`", reference)

    def test_it_shows_an_empty_guest_and_windows(self):
        daemon = vmms.Daemon(self, "--simulate", vmms.SOURCE / "examples" / "fleet.toml")
        self.assertEqual(daemon.json("service", "list", "fresh"), [])
        done = daemon.cli("doctor", "fresh")
        self.assertIn("the guest has none", done.stdout)
        self.assertEqual(daemon.json("service", "start", "windows", "w32TIME")["name"], "W32Time")
        self.assertEqual([service["name"] for service in daemon.json("service", "list", "windows")], ["W32Time"])
        self.assertIn("service 'nginx' of virtual machine 'windows'",
                      daemon.cli("service", "start", "windows", "nginx", check=False).stderr)
        file = daemon.folder / "file for windows"
        file.write_text("text")
        (daemon.folder / "directory").mkdir()
        for words in (["ls", "windows:C:\\"], ["rm", "windows:C:\\x"], ["copy", "windows:C:\\x", str(daemon.folder / "x")],
                      ["copy", "-r", str(daemon.folder / "directory"), "windows:C:\\x"]):
            done = daemon.cli(*words, check=False)
            self.assertEqual(done.returncode, 1 if words[0] == "copy" else 2, words)
            self.assertIn("runs Windows", done.stderr)


class FirstFleet(unittest.TestCase):
    """The fleet and the calls of docs/simulator.md, as they are printed."""

    def test_it_works_as_printed(self):
        text = (vmms.SOURCE / "docs" / "simulator.md").read_text()
        section = text.split("## A first fleet")[1].split("\n## ")[0]
        printed = "\n".join(line[4:] for line in section.splitlines() if line.startswith("    ") or not line)
        fleet, rest = printed.split("mkdir -p /tmp/first\n")
        calls = re.findall(r"(?s)curl .*?\nEND\n", rest)
        self.assertEqual(len(calls), 2)
        daemon = vmms.Daemon(self, "--simulate", write_fleet(type(self), fleet))

        def call(script):
            script = script.replace("admin:correct horse", f"{vmms.USER}:{vmms.PASSWORD}")
            script = script.replace("http://127.0.0.1:5985/wsman", daemon.url)
            return subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=True).stdout

        for name in ("web", "hung", "windows"):
            self.assertIn(f"<ElementName>{name}</ElementName>", call(calls[0]))
        self.assertIn("<p:ReturnValue>0</p:ReturnValue>", call(calls[1]))
        self.assertIn("no such setting: colour", call(calls[1].replace("nginx.service", "broken.service")))
        self.assertIn("a condition", call(calls[1].replace("nginx.service", "unmet.service")))
        self.assertEqual([service["name"] for service in daemon.json("service", "list", "windows")], ["Spooler"])
        self.assertEqual(daemon.cli("service", "list", "hung", check=False).returncode, 2)


class CommandLine(Simulated):
    def status(self, *arguments):
        done = self.daemon.cli(*arguments, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_statuses(self):
        self.assertEqual(self.status("service", "start", "good", "web")[0], 0)
        status, text = self.status("service", "start", "forbids", "web")
        self.assertEqual(status, 1)
        status, text = self.status("service", "start", "good", "broken")
        self.assertEqual(status, 2)
        self.assertIn("no such setting: colour", text)
        self.assertEqual(self.status("vm", "start", "nothing")[0], 2)

    def test_lists(self):
        names = {machine["name"] for machine in self.daemon.json("vm", "list")}
        self.assertLessEqual({"good", "off", "paused"}, names)
        services = {service["name"] for service in self.daemon.json("service", "list", "good")}
        self.assertLessEqual({"web.service", "broken.service"}, services)

    def test_statuses_of_service_verbs_agree(self):
        for machine, expected in (("good", 0), ("plain", 1), ("no-agent", 1), ("forbids", 1), ("no-manager", 1),
                                  ("off", 2), ("saved", 2), ("paused", 2), ("silent", 2), ("frozen", 2)):
            for words in (["list", machine], ["show", machine, "web"], ["start", machine, "web"], ["stop", machine, "web"],
                          ["restart", machine, "web"]):
                with self.subTest(words=words):
                    status, text = self.status("service", *words)
                    self.assertEqual(status, expected, text)

    def test_a_service_that_cannot_be_started_says_what_to_do(self):
        for service, part in (
                ("no-such", "those that are there: vmms service list good"),
                ("x.socket", "it names another kind of unit"),
                ("masked", "Allow it to start with: vmms service mode good masked.service manual"),
                ("unmet", "systemctl cat unmet.service; state inactive (dead)"),
                ("broken", "exit status 3")):
            with self.subTest(service):
                status, text = self.status("service", "start", "good", service)
                self.assertEqual(status, 2, text)
                self.assertIn(part, text)
                self.assertNotIn("result success", text)
                self.assertNotIn(".;", text)
        self.assertEqual(self.status("service", "list", "paused")[1].count("'paused'"), 1)
        self.assertIn("What to do: vmms doctor no-agent", self.status("service", "list", "no-agent")[1])

    def test_a_silent_guest_is_named_whatever_the_timeout(self):
        for seconds in ("1", "2", "3"):
            for words in (["service", "start", "silent", "web"], ["service", "show", "silent", "web"],
                          ["service", "list", "silent"], ["ls", "silent:/"]):
                with self.subTest(seconds=seconds, words=words):
                    status, text = self.status("--timeout", seconds, *words)
                    self.assertEqual(status, 2, text)
                    self.assertRegex(text, "connected but silent|has not answered for")

    def test_names_that_look_like_something_else(self):
        self.assertEqual(self.status("service", "list", "--", "-x")[0], 0)
        self.daemon.cli("vm", "stop", "--", "-x")
        hint = self.status("service", "list", "--", "-x")[1]
        words = re.search(r"vmms (vm start .*)", hint)[1].split()
        self.assertEqual(self.status(*words)[0], 0, "what is hinted works as it stands")
        file = self.daemon.folder / "file"
        file.write_text("text")
        self.assertEqual(self.status("copy", str(file), "a:b:/root/file")[0], 0)
        self.assertIn("file", self.status("ls", "a:b:/root")[1])

    def test_states_that_are_there_already(self):
        for words in (["vm", "start", "good"], ["vm", "stop", "off"], ["vm", "pause", "paused"], ["vm", "save", "saved"],
                      ["vm", "shutdown", "off"]):
            self.assertEqual(self.daemon.json(*words)["changed"], False, words)

    def test_times_and_what_is_not_known(self):
        listed = self.daemon.json("ls", "good:/")
        self.assertTrue(listed)
        for file in listed:
            self.assertRegex(file["modified"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.daemon.cli("service", "restart", "good", "web")
        self.assertRegex(self.daemon.json("service", "show", "good", "web")["state_changed"], r"^\d{4}-.*Z$")
        self.assertIsNone(self.daemon.json("service", "show", "good", "masked")["state_changed"])

    def test_key_values(self):
        self.daemon.cli("kvp", "set", "good", "Role", "web")
        self.daemon.cli("kvp", "set", "--host-only", "good", "role", "db server")
        pairs = {(pair["source"], pair["name"]): pair["value"] for pair in self.daemon.json("kvp", "list", "good")}
        self.assertEqual(pairs["host_only", "Role"], "db server")
        self.assertEqual(pairs["guest_intrinsic", "OSName"], "Debian GNU/Linux")
        self.daemon.cli("kvp", "remove", "good", "ROLE")
        self.assertEqual(self.status("kvp", "remove", "good", "Role")[0], 1)
        self.daemon.cli("kvp", "list", "off")

    def test_key_values_that_are_missing_are_named(self):
        for machine, word in (("silent", "silent"), ("no-agent", "no agent"), ("paused", "paused"),
                              ("forbids", "guest-exec"), ("frozen", "frozen")):
            with self.subTest(machine):
                self.daemon.cli("kvp", "set", machine, "Role", "web")
                done = self.daemon.cli("--json", "kvp", "list", machine, check=False)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn({"source": "host", "name": "Role", "value": "web"}, json.loads(done.stdout))
                self.assertIn(word, json.loads(done.stderr)["error"]["message"])
                done = self.daemon.cli("kvp", "list", machine, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn("Role", done.stdout)
                self.assertIn(word, done.stderr)
                self.daemon.cli("kvp", "remove", machine, "Role")

    def test_a_guest_that_does_not_run_is_not_asked_to_restart(self):
        for machine, advice in (("off", "start it with: vmms vm start off"), ("saved", "restore it with: vmms vm start saved")):
            status, text = self.status("vm", "shutdown", machine, "--reboot")
            self.assertEqual(status, 2)
            self.assertIn("no guest to restart", text)
            self.assertIn(advice, text)
        for verb in ("pause", "save", "reset"):
            status, text = self.status("vm", verb, "off")
            self.assertEqual(status, 1)
            self.assertIn("start it with: vmms vm start off", text)

    def test_statuses_of_copies(self):
        """1: a file was not copied, whatever is in the way of it, and in both directions; 2: the command names what is
        not there."""
        file = self.daemon.folder / "file of statuses"
        file.write_text("text")
        target = str(self.daemon.folder / "nothing of it")
        for machine, word in (("off", "is off"), ("paused", "paused"), ("plain", "vmms guest enable"),
                              ("no-agent", "qemu-guest-agent"), ("silent", "hangs")):
            for words in ([str(file), f"{machine}:/root/"], [f"{machine}:/root/x", target]):
                with self.subTest(words=words):
                    done = self.daemon.cli("--json", "copy", *words, check=False)
                    self.assertEqual(done.returncode, 1, done.stderr)
                    event = json.loads(done.stdout.splitlines()[-1])
                    self.assertEqual(event["event"], "failed")
                    self.assertIn(word, event["error"])
        for words in (["good:/root/not there", target], [str(file), "nobody:/root/"], ["nobody:/root/x", target]):
            status, text = self.status("copy", *words)
            self.assertEqual(status, 2, text)
        status, text = self.status("copy", "/no/such/file", "good:/root/")
        self.assertEqual(status, 1)
        self.assertIn("/no/such/file on this machine", text)
        self.assertNotIn("host", text)

    def test_removing_ends_at_the_first_that_cannot_be(self):
        file = self.daemon.folder / "to be removed"
        file.write_text("text")
        self.daemon.cli("copy", str(file), "good:/root/removed")
        self.assertEqual(self.status("rm", "good:/root/removed", "nobody:/root/x")[0], 2)
        done = self.daemon.cli("--json", "rm", "good:/root/removed", "good:/root/none", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(json.loads(done.stdout)["removed"])
        self.assertIn("/root/none", done.stderr)
        self.assertEqual(self.status("rm", "good:/root/none")[0], 2)

    def test_a_copy_ends_at_its_timeout(self):
        file = self.daemon.folder / "large"
        file.write_bytes(bytes(20 << 20))
        for machine in ("silent", "slow-agent"):
            begun = time.monotonic()
            status, text = self.status("--timeout", "2", "copy", str(file), machine + ":/root/")
            self.assertNotEqual(status, 0, text)
            self.assertLess(time.monotonic() - begun, 10, machine)

    def test_get_and_invoke_by_path(self):
        path = (f'Vmms_GuestOSService.CreationClassName="Vmms_GuestOSService",Name="web.service",'
                f'SystemCreationClassName="Msvm_ComputerSystem",SystemName="{self.id("good")}"')
        self.assertEqual(self.status("invoke", path, "StartService")[0], 0)
        self.assertIn("web.service", self.status("get", path)[1])

    def test_guest_show_tells_the_way_in_use(self):
        self.assertIn("qemu-guest-agent", self.status("guest", "show", "good")[1])
        self.assertIn("no agent", self.status("guest", "show", "no-agent")[1].lower())


if __name__ == "__main__":
    vmms.main()
