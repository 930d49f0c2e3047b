#!/usr/bin/env python3
"""The host itself, as monitoring and inventories read it from root/cimv2: its UUID, file systems, network and services."""

import os
import pathlib
import re
import socket
import tempfile
import unittest

import vmms

GUID = r"^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$"


class Identity(unittest.TestCase):
    def uuid(self, daemon):
        product, = daemon.client().cimv2("SELECT UUID FROM Win32_ComputerSystemProduct")
        self.assertRegex(product["UUID"], GUID)
        return product["UUID"]

    def test_stays_over_restarts(self):
        """Also where libvirt's driver has no UUID, and where it makes one up with each start."""
        for connect in ("test:///default", "qemu:///embed?root={}"):
            with self.subTest(connect), tempfile.TemporaryDirectory(prefix="vmms-", dir="/tmp") as folder:
                state = pathlib.Path(folder) / "state"
                state.mkdir(mode=0o700)
                uri = connect.format(pathlib.Path(folder) / "run")
                found = []
                for _ in range(2):
                    daemon = vmms.Daemon(self, "--connect", uri, state=state)
                    found.append(self.uuid(daemon))
                    daemon.terminate()
                self.assertEqual(found[0], found[1])
                machine = pathlib.Path("/etc/machine-id")
                if machine.exists():
                    self.assertNotEqual(found[0].replace("-", "").lower(), machine.read_text().strip())


class Figures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        fleet = pathlib.Path(tempfile.mkdtemp(prefix="vmms-test-")) / "fleet.toml"
        cls.addClassCleanup(lambda: (fleet.unlink(), fleet.parent.rmdir()))
        fleet.write_text('[host]\nname = "HOST1"\n')
        cls.daemon = vmms.Daemon(cls, "--simulate", fleet)
        cls.client = cls.daemon.client()

    def all(self, query):
        return self.client.cimv2(query)

    def test_file_systems(self):
        for cls, size in (("Win32_Volume", "Capacity"), ("Win32_LogicalDisk", "Size")):
            found = {each["DeviceID"]: each for each in self.all(f"SELECT * FROM {cls} WHERE DriveType = 3")}
            root = os.statvfs("/")
            self.assertEqual(int(found["/"][size]), root.f_blocks * root.f_frsize)
            self.assertEqual(found["/"]["SystemName"], "HOST1")
            for point, each in found.items():
                self.assertTrue(os.path.ismount(point), point)
                self.assertLessEqual(int(each["FreeSpace"]), int(each[size]))
                self.assertTrue(each["FileSystem"])
            one, = self.all(f"SELECT DeviceID FROM {cls} WHERE DeviceID = '/'")
            self.assertEqual(one["DeviceID"], "/")

    def test_network(self):
        found = {each["Description"]: each for each in self.all("SELECT * FROM Win32_NetworkAdapterConfiguration")}
        names = {name: index for index, name in socket.if_nameindex() if name != "lo"}
        self.assertEqual({name: int(each["Index"]) for name, each in found.items()}, names)
        for name, each in found.items():
            self.assertEqual(int(each["MTU"]), int(pathlib.Path(f"/sys/class/net/{name}/mtu").read_text()))
            if each["MACAddress"]:
                self.assertRegex(each["MACAddress"], r"^([0-9A-F]{2}:){5}[0-9A-F]{2}$")
        enabled = self.all("SELECT * FROM Win32_NetworkAdapterConfiguration WHERE IPEnabled = TRUE")
        self.assertEqual({each["Description"] for each in enabled},
                         {name for name, each in found.items() if each.get("IPAddress")})

    def test_operating_system(self):
        system, = self.all("SELECT * FROM Win32_OperatingSystem")
        self.assertEqual((system["Caption"], system["Version"], system["BuildNumber"]),
                         ("Simulated Operating System", "1.0.0", "0"))
        self.assertEqual(system["CSName"], "HOST1")
        self.assertGreaterEqual(int(system["TotalVisibleMemorySize"]), int(system["FreePhysicalMemory"]))

    def test_enclosure(self):
        enclosure, = self.all("SELECT * FROM Win32_SystemEnclosure")
        self.assertEqual(enclosure["Tag"], "System Enclosure 0")
        self.assertTrue(enclosure["ChassisTypes"])

    def test_services(self):
        found = self.all("SELECT * FROM Win32_Service")
        if os.path.isdir("/run/systemd/system"):
            self.assertTrue(found)
        for each in found:
            self.assertTrue(re.search(r"\.service$", each["Name"]))
            self.assertIn(each["State"], ("Running", "Stopped", "Start Pending", "Stop Pending"))
            self.assertEqual(each["Started"], "true" if each["State"] == "Running" else "false")


if __name__ == "__main__":
    unittest.main()
