#!/usr/bin/env python3
"""Services of guests under OpenRC and SysV init: one boot each of what guest/build --init makes, through vmmsd."""

import statistics
import time
import unittest

import vmms
from real_guest import RealGuestTest, built


class OtherServiceManager(RealGuestTest):
    """The tests run in the order of their names. Subclasses name the guest and what differs."""

    init = ""
    manager = ""

    @classmethod
    def setUpClass(cls):
        cls.make_root()
        cls.set_up(built(cls.init, "--init", cls.init))
        cls.wait_for_guest(180)
        cls.daemon.cli("guest", "enable", "guest")

    def set_mode(self, service, mode):
        return self.call(service, "ChangeStartMode", inputs=f"<p:StartMode>{mode}</p:StartMode>")

    def test_01_the_service_manager_is_found(self):
        self.assertIn(self.manager, self.daemon.cli("doctor", "guest").stdout)

    def test_02_start_and_stop(self):
        for _ in range(5):
            self.assertEqual(self.call("vmms-demo-ok"), 0)
            service = self.service("vmms-demo-ok")
            self.assertEqual((service["Started"], service["EnabledState"]), ("true", "2"))
            self.assertEqual(self.call("vmms-demo-ok"), 0, "it runs already")
            self.assertEqual(self.call("vmms-demo-ok", "StopService"), 0)
            self.assertEqual(self.service("vmms-demo-ok")["Started"], "false")
        self.assertEqual(self.call("vmms-demo-ok", "StopService"), 0, "it is stopped already")

    def test_03_failures_tell_what_the_script_said(self):
        fault = self.fault("vmms-demo-fail")
        self.assertIn("no such setting: colour", fault.text)
        self.assertIn("exit status", fault.text)
        self.assertEqual(self.service("vmms-demo-fail")["Started"], "false")

    def test_04_no_such_service(self):
        for name in ("no-such-thing", "../../bin/sh", "a b"):
            self.assertEqual(self.fault(name).subcode, "DestinationUnreachable")

    def test_05_a_slow_start_is_waited_for_and_joined(self):
        self.assertEqual(self.fault("vmms-demo-slow", timeout=2).subcode, "TimedOut")
        self.assertEqual(self.call("vmms-demo-slow"), 0)
        self.assertEqual(self.service("vmms-demo-slow")["Started"], "true")
        self.assertEqual(self.call("vmms-demo-slow", "StopService"), 0)

    def test_06_who_holds_the_output_open_holds_up_nobody(self):
        begun = time.monotonic()
        self.assertEqual(self.call("vmms-demo-holds-output"), 0)
        self.assertLess(time.monotonic() - begun, 30)
        self.assertEqual(self.call("vmms-demo-holds-output", "StopService"), 0)

    def test_07_the_list_is_that_of_the_guest(self):
        services = {s["Name"]: s for s in self.client.enumerate("Vmms_GuestOSService")}
        self.assertLessEqual({"vmms-demo-ok", "vmms-demo-fail", "qemu-guest-agent"}, set(services))
        self.assertEqual(services["qemu-guest-agent"]["Started"], "true")
        self.assertEqual(services["qemu-guest-agent"]["StartMode"], "Automatic")
        self.assertEqual(services["vmms-demo-ok"]["Description"], "Runs and does nothing")

    def test_08_start_modes(self):
        self.assertEqual(self.service("vmms-demo-ok")["StartMode"], "Manual")
        for mode in ("Automatic", "Automatic", "Manual", "Manual"):
            self.assertEqual(self.set_mode("vmms-demo-ok", mode), 0)
            self.assertEqual(self.service("vmms-demo-ok")["StartMode"], mode)
            self.assertEqual(self.service("vmms-demo-ok")["Started"], "false")
        self.assertEqual(self.set_mode("vmms-demo-ok", "Disabled"), 1)
        done = self.daemon.cli("service", "mode", "guest", "vmms-demo-ok", "disabled", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no such start mode", done.stderr)

    def test_09_figures(self):
        def timed(action, count=5):
            times = []
            for _ in range(count):
                begun = time.monotonic()
                action()
                times.append(time.monotonic() - begun)
            return statistics.median(times)

        def pause_and_list():
            time.sleep(1.1)
            self.client.enumerate("Vmms_GuestOSService")

        figures = {"start": timed(lambda: self.call("vmms-demo-ok")),
                   "state": timed(lambda: self.service("vmms-demo-ok")),
                   "stop": timed(lambda: self.call("vmms-demo-ok", "StopService")),
                   "list": timed(pause_and_list) - 1.1}
        print(f"\n{self.manager}: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in figures.items()))


class OpenRc(OtherServiceManager, unittest.TestCase):
    init = "openrc"
    manager = "OpenRC"

    def test_10_what_a_service_needs_is_started_too_or_named(self):
        self.assertEqual(self.call("vmms-demo-needs-ok"), 0)
        self.assertEqual(self.service("vmms-demo-ok")["Started"], "true")
        self.assertEqual(self.call("vmms-demo-ok", "StopService"), 0)
        self.assertEqual(self.service("vmms-demo-needs-ok")["Started"], "false", "it needs what was stopped")
        self.assertIn("vmms-demo-fail", self.fault("vmms-demo-dependent").text)


class SysvInit(OtherServiceManager, unittest.TestCase):
    init = "sysvinit"
    manager = "SysV init"

    def test_10_what_a_service_needs(self):
        self.assertIn("vmms-demo-ok does not run", self.fault("vmms-demo-dependent").text)
        self.assertEqual(self.call("vmms-demo-ok"), 0)
        self.assertEqual(self.call("vmms-demo-dependent"), 0)

    def test_11_a_script_that_cannot_tell_its_state_is_done_when_it_ends(self):
        self.assertEqual(self.call("vmms-demo-no-state"), 0)
        self.assertEqual(self.service("vmms-demo-no-state")["Started"], "false")
        self.assertEqual(self.service("vmms-demo-no-state")["SubState"], "unknown")
        self.assertEqual(self.call("vmms-demo-no-state", "StopService"), 0)


if __name__ == "__main__":
    vmms.main()
