#!/usr/bin/env python3
"""The integration components as clients see them: a running vmmsd with a simulated fleet."""

import html
import pathlib
import subprocess
import tempfile
import time
import unittest

import vmms
from vmms import Fault, escape, machine_keys

FLEET = """
[host]
name = "HOST1"
[[vm]]
name = "web"
state = "running"
settings = { guest_service_interface = true }
[vm.guest]
host_name = "web.example.org"
addresses = ["192.0.2.7", "2001:db8::7"]
clock_offset_milliseconds = -5000
key_values = { Role = "web server" }
[[vm]]
name = "hung"
state = "running"
[vm.guest]
agent = "silent"
[[vm]]
name = "bare"
state = "running"
[[vm]]
name = "paused"
state = "paused"
[vm.guest]
[[vm]]
name = "off"
[vm.guest]
"""

COMPONENTS = {  # by the middle of their class names; the ids are the same on every host
    "GuestServiceInterface": "6C09BB55-D683-4DA0-8931-C9BF705F6480",
    "Heartbeat": "84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47",
    "KvpExchange": "2A34B1C2-FD73-4043-8A5B-DD2159BC743F",
    "Shutdown": "9F8233AC-BE49-4C79-8EE3-E7E1985B2077",
    "TimeSync": "2497F4DE-E9FA-4204-80E4-4B75C46419C0",
    "Vss": "5CED1297-4598-4915-A5FC-AD21BB4D02A4",
}


def instance(class_name, **properties):
    """An embedded instance as text, with only these properties."""
    text = "".join(
        f'<PROPERTY NAME="{name}" TYPE="{"uint16" if isinstance(value, int) else "string"}">'
        f"<VALUE>{escape(str(value))}</VALUE></PROPERTY>" for name, value in properties.items())
    return f'<INSTANCE CLASSNAME="{class_name}">{text}</INSTANCE>'


class Components(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-fleet-"))
        self.addCleanup(subprocess.run, ["rm", "-rf", str(folder)])
        (folder / "fleet.toml").write_text(FLEET)
        self.daemon = vmms.Daemon(self, "--simulate", folder / "fleet.toml")
        self.client = self.daemon.client()
        self.addCleanup(self.client.close)
        self.ids = {machine["name"]: machine["id"] for machine in self.daemon.json("vm", "list")}

    def device(self, machine, component):
        return self.client.get(f"Msvm_{component}Component", self.keys(machine, component))

    def keys(self, machine, component):
        return {"CreationClassName": f"Msvm_{component}Component", "DeviceID": f"Microsoft:{COMPONENTS[component]}",
                "SystemCreationClassName": "Msvm_ComputerSystem", "SystemName": self.ids[machine]}

    def setting_id(self, machine, component):
        return f"Microsoft:{self.ids[machine]}\\{COMPONENTS[component]}"

    def modify(self, machine, component, state, method="ModifyResourceSettings", parameter="ResourceSettings"):
        settings = instance(f"Msvm_{component}ComponentSettingData", InstanceID=self.setting_id(machine, component),
                            EnabledState=state)
        return self.client.invoke("Msvm_VirtualSystemManagementService", {}, method,
                                  f"<p:{parameter}>{escape(settings)}</p:{parameter}>")["ReturnValue"]

    def items(self, value):
        """The embedded items of a property as one text."""
        return html.unescape(" ".join(value if isinstance(value, list) else [value or ""]))

    def change_items(self, method, machine, *items):
        target = (f'<p:TargetSystem><a:Address>x</a:Address><a:ReferenceParameters><w:ResourceURI>'
                  f"{vmms.RESOURCE}Msvm_ComputerSystem</w:ResourceURI><w:SelectorSet>"
                  f'<w:Selector Name="CreationClassName">Msvm_ComputerSystem</w:Selector>'
                  f'<w:Selector Name="Name">{self.ids[machine]}</w:Selector></w:SelectorSet>'
                  f"</a:ReferenceParameters></p:TargetSystem>")
        data = "".join(
            f'<p:DataItems>{escape(instance("Msvm_KvpExchangeDataItem", Name=name, Data=value, Source=source))}'
            f"</p:DataItems>" for name, value, source in items)
        return self.client.invoke("Msvm_VirtualSystemManagementService", {}, method, target + data)

    def test_devices_while_a_vm_is_on_and_settings_always(self):
        for component in COMPONENTS:
            self.assertEqual(len(self.client.enumerate(f"Msvm_{component}Component")), 4, component)
            self.assertEqual(len(self.client.enumerate(f"Msvm_{component}ComponentSettingData")), 5, component)
            with self.assertRaises(Fault):
                self.device("off", component)
        devices = self.client.query(f"ASSOCIATORS OF {{Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',"
                                    f"Name='{self.ids['web']}'}} WHERE AssocClass = Msvm_SystemDevice")
        self.assertEqual(sorted(device.class_name for device in devices),
                         sorted([*(f"Msvm_{component}Component" for component in COMPONENTS), "Msvm_Keyboard"]))

    def test_operational_status_is_the_guests(self):
        expected = {"web": ["2", "2"], "hung": ["13", "32783"], "bare": "12", "paused": "15"}
        begun = time.monotonic()
        found = {i["SystemName"]: i["OperationalStatus"] for i in self.client.enumerate("Msvm_HeartbeatComponent")}
        self.assertLess(time.monotonic() - begun, 3, "a silent guest holds nobody up")
        self.assertEqual({name: found[self.ids[name]] for name in expected}, expected)
        self.assertEqual(self.device("hung", "GuestServiceInterface")["OperationalStatus"], "13")
        self.assertEqual(self.device("hung", "Shutdown")["Status"], "Lost Comm")

    def test_components_are_switched_by_methods_and_by_put(self):
        for component in COMPONENTS:
            self.assertEqual(self.modify("web", component, 3), 0)
            self.assertEqual(self.device("web", component)["EnabledState"], "3", component)
            self.assertEqual(self.modify("web", component, 2, "ModifyGuestServiceSettings", "GuestServiceSettings"), 0)
            self.assertEqual(self.device("web", component)["EnabledState"], "2", component)
            self.client.transfer("Put", f"Msvm_{component}ComponentSettingData",
                                 {"InstanceID": self.setting_id("web", component)}, {"EnabledState": "3"},
                                 fragment="EnabledState")
            self.assertEqual(self.device("web", component)["EnabledState"], "3", component)
            result = self.client.invoke(f"Msvm_{component}Component", self.keys("web", component), "RequestStateChange",
                                        "<p:RequestedState>2</p:RequestedState>")["ReturnValue"]
            self.assertEqual(result, 0 if component == "GuestServiceInterface" else 1)

    def test_key_values_come_and_go(self):
        intrinsic = self.items(self.device("web", "KvpExchange")["GuestIntrinsicExchangeItems"])
        for part in ("FullyQualifiedDomainName", "web.example.org", "192.0.2.7", "2001:db8::7", "OSName", "6.1.0-amd64"):
            self.assertIn(part, intrinsic)
        self.assertIn("web server", self.items(self.device("web", "KvpExchange")["GuestExchangeItems"]))
        self.assertEqual(self.change_items("AddKvpItems", "web", ("Owner", "Ann & Bob", 0), ("own", "x", 4))["ReturnValue"],
                         0)
        setting = {"InstanceID": self.setting_id("web", "KvpExchange")}
        shown = self.client.get("Msvm_KvpExchangeComponentSettingData", setting)
        self.assertIn("Ann & Bob", self.items(shown.get("HostExchangeItems")))
        self.assertIn("own", self.items(shown["HostOnlyItems"]))
        self.assertEqual(self.change_items("ModifyKvpItems", "web", ("Owner", "Cy", 0))["ReturnValue"], 0)
        self.assertEqual(self.change_items("RemoveKvpItems", "web", ("nothing", "", 0))["ReturnValue"], 32779)
        refused = self.change_items("AddKvpItems", "web", ("Owner", "Dee", 0))
        self.assertEqual(refused["ReturnValue"], 4096)
        self.assertIn("already", self.daemon.job(self.client, refused)["ErrorDescription"])
        self.assertEqual(self.change_items("RemoveKvpItems", "web", ("Owner", "", 0))["ReturnValue"], 0)
        shown = self.client.get("Msvm_KvpExchangeComponentSettingData", setting)
        self.assertNotIn("Owner", self.items(shown.get("HostExchangeItems")))

    def test_shutdown_by_method_state_and_command_line(self):
        answer = self.client.invoke("Msvm_ShutdownComponent", self.keys("web", "Shutdown"), "InitiateReboot",
                                    "<p:Force>false</p:Force><p:Reason>test</p:Reason>")
        self.assertEqual(answer["ReturnValue"], 0)
        self.assertEqual(self.client.get("Msvm_ComputerSystem", machine_keys(self.ids["web"]))["EnabledState"], "2")
        self.daemon.cli("vm", "shutdown", "web")
        self.assertEqual(self.client.get("Msvm_ComputerSystem", machine_keys(self.ids["web"]))["EnabledState"], "3")
        job = self.client.invoke("Msvm_ComputerSystem", machine_keys(self.ids["bare"]), "RequestStateChange",
                                 "<p:RequestedState>4</p:RequestedState>")
        self.assertEqual(job["ReturnValue"], 4096)
        self.assertEqual(self.daemon.job(self.client, job)["JobState"], "7")
        self.assertEqual(self.client.get("Msvm_ComputerSystem", machine_keys(self.ids["bare"]))["EnabledState"], "3")
        self.assertEqual(self.client.invoke("Msvm_ShutdownComponent", self.keys("paused", "Shutdown"), "InitiateShutdown")
                         ["ReturnValue"], 32775)

    def test_the_clock_is_set_when_a_vm_goes_on(self):
        self.assertIn("-5.0", self.device("web", "TimeSync")["StatusDescriptions"])
        self.daemon.cli("vm", "start", "paused")
        deadline = time.monotonic() + 10
        while "+0.0" not in (text := self.device("paused", "TimeSync")["StatusDescriptions"]) and "-0.0" not in text:
            self.assertLess(time.monotonic(), deadline, text)
            time.sleep(0.2)

    def test_network_adapters(self):
        adapter = self.client.query("SELECT * FROM Msvm_GuestNetworkAdapterConfiguration WHERE InstanceID LIKE "
                                    f"'Microsoft:GuestNetwork%{self.ids['web']}%'")
        self.assertEqual(adapter[0]["IPAddresses"], ["192.0.2.7", "2001:db8::7"])
        self.assertEqual(adapter[0]["Subnets"], ["255.255.255.0", "64"])


if __name__ == "__main__":
    vmms.main()
