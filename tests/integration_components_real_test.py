#!/usr/bin/env python3
"""The integration components on a real guest: one boot under libvirt's embedded QEMU driver, paused and saved besides."""

import json
import os
import re
import signal
import socket
import time
import unittest

import integration_components_test as simulated
import vmms
from real_guest import RealGuestTest
from vmms import machine_keys


class Components(RealGuestTest, unittest.TestCase):
    """In the order of their names; the last ones end daemon and guest."""

    device = simulated.Components.device
    keys = simulated.Components.keys
    setting_id = simulated.Components.setting_id
    modify = simulated.Components.modify
    items = simulated.Components.items
    change_items = simulated.Components.change_items

    @classmethod
    def setUpClass(cls):
        cls.make_root()
        cls.set_up(vmms.GUEST)

    def setUp(self):
        super().setUp()
        self.ids = {"guest": self.machine}

    def status(self, component="Heartbeat"):
        status = self.device("guest", component)["OperationalStatus"]
        return status[0] if isinstance(status, list) else status

    def test_01_boot(self):
        self.wait_for_guest()
        self.modify("guest", "GuestServiceInterface", 2)
        self.assertEqual(self.status(), "2")
        # Until its service manager runs.
        self.wait_for(lambda: self.started("vmms-demo-web.service"))

    def started(self, service):
        try:
            return self.call(service) == 0
        except vmms.Fault:
            return False

    def test_02_key_values(self):
        exchange = self.device("guest", "KvpExchange")
        intrinsic = self.items(exchange["GuestIntrinsicExchangeItems"])
        print(re.sub(r"<[^>]*>|Key-Value Pair Exchange Data Item|Microsoft", " ", intrinsic))
        for part in ("OSName", "Debian GNU/Linux", "OSBuildNumber", "ProcessorArchitecture", "x86_64"):
            self.assertIn(part, intrinsic)
        self.assertEqual(self.change_items("AddKvpItems", "guest", ("Owner", "Ann\tBob", 0), ("own", "x", 4))
                         ["ReturnValue"], 0)
        self.wait_for(lambda: "delivering key-value pairs: done" in (self.daemon.folder / "log").read_text())
        # Values from the host and from the guest: files, copied out of it and into it.
        told, tells = self.root / "told", self.root / "tells"
        self.daemon.cli("copy", "guest:/var/lib/vmms/host-key-values", str(told))
        self.assertEqual(told.read_text(), "Owner\tAnn\\tBob\n")
        tells.write_text("Role\tweb server\n")
        self.daemon.cli("copy", str(tells), "guest:/var/lib/vmms/guest-key-values")
        self.wait_for(lambda: "web server" in self.items(self.device("guest", "KvpExchange").get("GuestExchangeItems")), 10)

    def test_03_a_hung_guest_shows_within_two_seconds(self):
        self.assertEqual(self.status(), "2")
        os.kill(self.process(), signal.SIGSTOP)  # the whole guest hangs
        try:
            begun = time.monotonic()
            self.wait_for(lambda: self.status() == "13", 10)
            took = time.monotonic() - begun
            print(f"silent after {took:.2f} s")
            self.assertLess(took, 2 if not vmms.SANITIZED else 10)
            self.assertEqual(self.status("GuestServiceInterface"), "13")
        finally:
            os.kill(self.process(), signal.SIGCONT)
        begun = time.monotonic()
        self.wait_for(lambda: self.status() == "2", 30)
        print(f"back after {time.monotonic() - begun:.2f} s")

    def test_04_the_clock_is_readable(self):
        text = self.device("guest", "TimeSync")["StatusDescriptions"]
        print(text)
        self.assertRegex(text, r"OK: clock offset [+-]\d+\.\d{3} s")

    def test_04a_the_clock_is_set_on_resume_and_restore(self):
        states = [9]
        if os.path.exists("/usr/lib/libvirt/libvirt_iohelper"):  # saving needs it
            states.append(6)
        for state in states:
            count = (self.daemon.folder / "log").read_text().count("setting its clock: done")
            job = self.client.invoke("Msvm_ComputerSystem", machine_keys(self.machine), "RequestStateChange",
                                     f"<p:RequestedState>{state}</p:RequestedState>")
            self.assertEqual(self.daemon.job(self.client, job)["JobState"], "7")
            if state == 9:
                self.assertEqual(self.status(), "15")
            time.sleep(5)  # how far the clock would be behind
            self.daemon.cli("vm", "start", "guest", "--wait", "60")
            self.wait_for(lambda: (self.daemon.folder / "log").read_text().count("setting its clock: done") > count)
            time.sleep(5.1)  # what was read of the clock before is forgotten
            text = self.device("guest", "TimeSync")["StatusDescriptions"]
            print(f"after state {state}: {text}")
            self.assertLess(abs(float(re.search(r"[+-]\d+\.\d+", text).group())), 1.5)
        # Off: the clock stays where it was.
        self.assertEqual(self.modify("guest", "TimeSync", 3), 0)
        self.client.invoke("Msvm_ComputerSystem", machine_keys(self.machine), "RequestStateChange",
                           "<p:RequestedState>9</p:RequestedState>")
        self.wait_for(lambda: self.status() == "15")
        time.sleep(5)
        self.daemon.cli("vm", "start", "guest", "--wait", "60")
        self.assertEqual(self.modify("guest", "TimeSync", 2), 0)
        text = self.device("guest", "TimeSync")["StatusDescriptions"]
        print(f"not set: {text}")
        self.assertLess(float(re.search(r"[+-]\d+\.\d+", text).group()), -3)

    def test_05_vss(self):
        keys = vmms.service_keys(self.machine, "vsssvc", "Msvm_VssService")
        self.assertEqual(self.client.invoke("Msvm_VssService", keys, "StartService")["ReturnValue"], 0)
        self.assertEqual(self.client.invoke("Msvm_VssService", keys, "QueryGuestClusterInformation")["ReturnValue"], 32770)

    def test_06_what_a_dead_daemon_froze_is_thawed(self):
        """The daemon is killed; the guest is frozen as it would have been, by its agent, and marked."""
        self.daemon.process.kill()
        self.daemon.process.wait()
        definition = next(self.root.glob("e/etc/qemu/*.xml"))
        text = definition.read_text()
        self.assertEqual(text.count("<vmms:settings"), 1)
        definition.write_text(re.sub(r"(<vmms:settings[^>]*>)", r"\1<vmms:fileSystems frozen='yes'/>", text))
        channel = next(self.root.glob("e/**/org.qemu.guest_agent.0"))
        agent = socket.socket(socket.AF_UNIX)
        agent.settimeout(30)
        agent.connect(str(channel))
        agent.sendall(b'\xff{"execute":"guest-sync-delimited","arguments":{"id":77}}\n')
        answer = b""
        while b"77" not in answer:
            answer += agent.recv(4096)
        agent.sendall(b'{"execute":"guest-fsfreeze-freeze"}\n')
        frozen = json.loads(agent.makefile().readline() or "{}")
        agent.close()
        print(frozen)
        self.assertGreater(frozen["return"], 0)
        self.daemon.start()
        self.client = self.daemon.client()
        self.wait_for(lambda: "thawing its file systems: done" in (self.daemon.folder / "log").read_text())
        self.wait_for(lambda: self.started("vmms-demo-oneshot.service"))
        self.wait_for(lambda: "frozen" not in definition.read_text())

    def test_07_reboot(self):
        answer = self.client.invoke("Msvm_ShutdownComponent", self.keys("guest", "Shutdown"), "InitiateReboot",
                                    "<p:Force>false</p:Force><p:Reason>test</p:Reason>")
        self.assertEqual(answer["ReturnValue"], 0)
        begun = time.monotonic()
        self.wait_for(lambda: self.status() == "12", 60)
        print(f"gone {time.monotonic() - begun:.2f} s after InitiateReboot answered")
        self.wait_for(lambda: self.status() == "2", 120)
        # The host's values are there again.
        self.wait_for(lambda: (self.daemon.folder / "log").read_text().count("delivering key-value pairs: done") >= 2)

    def test_07a_what_is_typed_reaches_the_guest(self):
        keyboard, = self.client.enumerate("Msvm_Keyboard")
        keys = {name: keyboard[name] for name in ("CreationClassName", "DeviceID", "SystemCreationClassName",
                                                  "SystemName")}
        self.assertEqual(self.client.invoke("Msvm_Keyboard", keys, "TypeText", "<p:AsciiText>aB1!</p:AsciiText>")
                         ["ReturnValue"], 0)
        self.assertEqual(self.status(), "2")
        self.assertEqual(self.client.invoke("Msvm_Keyboard", keys, "TypeCtrlAltDel")["ReturnValue"], 0)
        self.wait_for(lambda: self.status() == "12", 60)  # systemd restarts the machine
        self.wait_for(lambda: self.status() == "2", 120)

    def test_08_shutdown(self):
        self.wait_for(lambda: self.started("vmms-demo-web.service"))
        begun = time.monotonic()
        self.daemon.cli("vm", "shutdown", "guest")
        self.wait_for(lambda: self.client.get("Msvm_ComputerSystem", machine_keys(self.machine))["EnabledState"] == "3", 90)
        print(f"off after {time.monotonic() - begun:.2f} s")


if __name__ == "__main__":
    vmms.main()
