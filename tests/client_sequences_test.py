#!/usr/bin/env python3
"""The requests of virt-who and libvirt to a host, in their own form and order."""

import re
import xml.etree.ElementTree as ElementTree

import vmms
import wire
from vmms import NAMES, Instance, escape, local, machine_keys
from wire import ANONYMOUS, CIMV2, ENUMERATE, GUID, MANAGEMENT, PULL, V2, WEB, openwsman, uri

tearDownModule = wire.record.check

SYSTEM = "Msvm_ComputerSystem"
V1 = "root/virtualization"


class VirtWho(wire.Served):
    """Red Hat's agent: it prints its requests pretty, with white space around the resource URI."""

    def envelope(self, action, resource, body, selectors=""):
        names = {"s": NAMES["s"], "wsa": NAMES["a"], "wsman": NAMES["w"], "wsen": NAMES["n"]}
        return ('<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope '
                + " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in names.items()) + f""">
    <s:Header>
            <wsa:Action s:mustUnderstand="true">{action}</wsa:Action>
            <wsa:To s:mustUnderstand="true">http://hyperv.example:5985/wsman</wsa:To>
            <wsman:ResourceURI s:mustUnderstand="true">
                {resource}
            </wsman:ResourceURI>
            <wsa:MessageID s:mustUnderstand="true">uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427</wsa:MessageID>
            <wsa:ReplyTo>
                <wsa:Address>{ANONYMOUS}</wsa:Address>
            </wsa:ReplyTo>{selectors}
        </s:Header>
    <s:Body>
        {body}
    </s:Body>
</s:Envelope>""")

    def enumeration(self, query, namespace):
        # It does not escape the query.
        return self.envelope(ENUMERATE, uri("*", namespace), f"""<wsen:Enumerate>
            <wsman:Filter Dialect="{vmms.WQL}">{query}</wsman:Filter>
        </wsen:Enumerate>""")

    def begin(self, query, namespace):
        """Returns the context."""
        response = ElementTree.fromstring(self.ask(self.enumeration(query, namespace)).text)
        answer = response.findall(f"{{{NAMES['s']}}}Body/{{{NAMES['n']}}}EnumerateResponse")[0]
        self.assertEqual(answer[0].tag, f"{{{NAMES['n']}}}EnumerationContext")
        return answer[0].text

    def pull(self, context, namespace):
        """It reads the first item of each answer, and goes on as long as there is a context."""
        found = []
        while context is not None:
            body = f"""<wsen:Pull>
            <wsen:EnumerationContext>{context}</wsen:EnumerationContext>
        </wsen:Pull>"""
            answer = self.ask(self.envelope(PULL, uri("*", namespace), body)).body
            self.assertEqual(answer.tag, f"{{{NAMES['n']}}}PullResponse")
            context = None
            for node in answer:
                if node.tag == f"{{{NAMES['n']}}}EnumerationContext":
                    context = node.text
                elif node.tag == f"{{{NAMES['n']}}}Items" and len(node):
                    found.append({local(child): child.text for child in node[0]})
        return found

    REALIZED = ("select BIOSGUID, VirtualSystemIdentifier from Msvm_VirtualSystemSettingData where VirtualSystemType = "
                "'Microsoft:Hyper-V:System:Realized'")
    VERSION = r"select * from CIM_Datafile where Path = '\\windows\\system32\\' and FileName='vmms'"

    def summaries(self):
        service = uri(MANAGEMENT)
        action = service + "/GetSummaryInformation"
        return self.ask(self.envelope(action, service, f"""<wsman:GetSummaryInformation_INPUT xmlns:p="{service}">
            <p:RequestedInformation>0</p:RequestedInformation>
            <p:RequestedInformation>1</p:RequestedInformation>
            <p:RequestedInformation>100</p:RequestedInformation>
        </wsman:GetSummaryInformation_INPUT>""", f"""
        <wsman:SelectorSet>
            <wsman:Selector Name="CreationClassName">{MANAGEMENT}</wsman:Selector>
            <wsman:Selector Name="SystemCreationClassName">{SYSTEM}</wsman:Selector>
        </wsman:SelectorSet>""")).body

    def test_the_whole_sequence(self):
        # 1. Identify.
        response = self.client.exchange(b"", {"Authorization": None})
        self.assertEqual(response.status, 401)
        self.assertRegex(response.getheader("WWW-Authenticate"), "^Basic ")
        # 2. The namespace of older hosts.
        old = self.send(self.enumeration("select BIOSGUID, VirtualSystemIdentifier from Msvm_VirtualSystemSettingData "
                                         "where SettingType = 3", V1))
        self.assertEqual(old.status, 500)
        error = "{http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError}error_Code"
        self.assertEqual(ElementTree.fromstring(old.text).findtext(f".//{error}"), "2150858778")
        # 3. The current one. What it finds is read last.
        settings = self.begin(self.REALIZED, V2)
        # 4. The states of all guests.
        self.assertEqual(self.summaries().tag, f"{{{uri(MANAGEMENT)}}}GetSummaryInformation_OUTPUT")
        # 5. The version; not knowing it is fine.
        self.pull(self.begin(self.VERSION, CIMV2), CIMV2)
        # 6. The guests, by the old namespace's resource URI.
        guests = self.pull(settings, V1)
        self.assertEqual({tuple(guest) for guest in guests}, {("BIOSGUID", "VirtualSystemIdentifier")})
        self.assertEqual(len(guests), 106)
        self.assertIn(WEB, {guest["VirtualSystemIdentifier"] for guest in guests})
        # 7. The host.
        host, = self.pull(self.begin("select DNSHostName, NumberOfProcessors from Win32_ComputerSystem", CIMV2), CIMV2)
        self.assertEqual(host["DNSHostName"], "HOST1")
        self.assertGreater(int(host["NumberOfProcessors"]), 0)
        product, = self.pull(self.begin("select UUID from Win32_ComputerSystemProduct", CIMV2), CIMV2)
        self.assertRegex(product["UUID"], f"^{GUID}$")


    def test_the_ids_of_guests_are_guids_in_braces(self):
        for guest in self.pull(self.begin(self.REALIZED, V2), V1)[:3]:
            self.assertRegex(guest["BIOSGUID"] or "", "^{" + GUID + "}$")


class GuestServices(wire.Served):
    """The official sample's way from a VM to the service that copies files into its guest."""

    def test_walks_to_the_file_service(self):
        machine = f"{SYSTEM}.CreationClassName='{SYSTEM}',Name='{WEB}'"
        component, = self.query(f"ASSOCIATORS OF {{{machine}}} WHERE AssocClass = Msvm_SystemDevice ResultClass = "
                                "Msvm_GuestServiceInterfaceComponent")
        self.assertEqual((component["SystemName"], component["EnabledState"]), (WEB, "2"))
        keys = ",".join(f"{name}='{component[name]}'" for name in (
            "CreationClassName", "DeviceID", "SystemCreationClassName", "SystemName"))
        service, = self.query(f"ASSOCIATORS OF {{Msvm_GuestServiceInterfaceComponent.{keys}}} WHERE AssocClass = "
                              "Msvm_RegisteredGuestService ResultClass = Msvm_GuestFileService")
        found, = self.query(f"SELECT * FROM Msvm_GuestFileService WHERE SystemName='{WEB}'")
        self.assertEqual(found, service)


class Libvirt(wire.Served):
    """libvirt's driver: one item a Pull, the class in the Pull's resource URI, XPath with the answer's own prefixes."""

    def find(self, query, class_name, namespace=V2, mode=""):
        body = (f"<wsen:Enumerate>{mode}<wsman:Filter Dialect=\"{vmms.WQL}\">{escape(query)}</wsman:Filter>"
                "</wsen:Enumerate>")
        context = self.ask(openwsman(ENUMERATE, uri("*", namespace), body)).context
        found = []
        while context:
            body = f"<wsen:Pull><wsen:EnumerationContext>{context}</wsen:EnumerationContext></wsen:Pull>"
            answer = self.ask(openwsman(PULL, uri(class_name, namespace), body))
            if not answer.items:
                break
            self.assertEqual(len(answer.items), 1)
            found.append(answer)
            context = answer.context
        return found

    def instances(self, query, class_name, namespace=V2):
        answers = self.find(query, class_name, namespace)
        for answer in answers:
            # The prefix that it looks for is declared on the Envelope or on the first child of the item's parent.
            resource = re.escape(uri(class_name, namespace))
            self.assertRegex(answer.text, f'<n:Items><p:{class_name} [^>]*xmlns:p="{resource}"')
        return [Instance.read(answer.items[0]) for answer in answers]

    def systems(self, condition=""):
        query = f'SELECT * FROM {SYSTEM} WHERE Description = "Microsoft Virtual Machine" {condition}'
        return sorted(system["ElementName"] for system in self.instances(query, SYSTEM))

    def test_it_connects(self):
        for _ in range(2):
            product, = self.instances("SELECT * FROM Win32_ComputerSystemProduct", "Win32_ComputerSystemProduct", CIMV2)
            self.assertRegex(product["UUID"], f"^{GUID}$")
        system, = self.instances("SELECT * FROM Win32_OperatingSystem", "Win32_OperatingSystem", CIMV2)
        self.assertRegex(system["Version"], r"^\d+\.\d+(\.\d+)*$")
        self.assertGreater(int(system["FreePhysicalMemory"]), 0)
        self.assertGreater(int(system["TotalVisibleMemorySize"]), 0)

    def test_node_information(self):
        computer, = self.instances("SELECT * FROM Win32_ComputerSystem", "Win32_ComputerSystem", CIMV2)
        self.assertEqual(computer["DNSHostName"], "HOST1")
        self.assertEqual(int(computer["TotalPhysicalMemory"]), 524288 * 1024 * 1024)
        processors = self.instances(
            f"ASSOCIATORS OF {{Win32_ComputerSystem.Name='{computer['Name']}'}} WHERE AssocClass = "
            "Win32_ComputerSystemProcessor ResultClass = Win32_Processor ", "Win32_Processor", CIMV2)
        self.assertEqual(sum(int(processor["NumberOfLogicalProcessors"]) for processor in processors), 8)
        for processor in processors:
            self.assertTrue(processor["Name"])
            self.assertGreater(int(processor["NumberOfCores"]), 0)
            self.assertGreater(int(processor["MaxClockSpeed"]), 0)

    def test_lists(self):
        every = self.systems()
        self.assertEqual(len(every), 106)
        self.assertNotIn("HOST1", every)
        active = self.systems("AND (EnabledState != 0 and EnabledState != 3 and EnabledState != 32769) ")
        self.assertEqual(active, ["paused", "saved", "web"])
        inactive = self.systems("AND (EnabledState = 0 or EnabledState = 3 or EnabledState = 32769) ")
        self.assertEqual(sorted(active + inactive), every)

    def test_looks_a_system_up(self):
        self.assertEqual(self.systems("AND ElementName = 'web' "), ["web"])
        self.assertEqual(self.systems(f"AND Name = '{WEB.lower()}' "), ["web"])
        self.assertEqual(self.systems("AND ProcessID = 4711 "), [])

    def test_walks_to_the_settings(self):
        settings, = self.instances(
            f"ASSOCIATORS OF {{{SYSTEM}.CreationClassName='{SYSTEM}',Name='{WEB.lower()}'}} WHERE AssocClass = "
            "Msvm_SettingsDefineState ResultClass = Msvm_VirtualSystemSettingData ", "Msvm_VirtualSystemSettingData")
        self.assertEqual(settings["ElementName"], "web")
        self.assertEqual(settings["InstanceID"], f"Microsoft:{WEB}")
        for result in ("Msvm_ResourceAllocationSettingData", "Msvm_ProcessorSettingData", "Msvm_MemorySettingData",
                       "Msvm_StorageAllocationSettingData", "Msvm_SerialPortSettingData",
                       "Msvm_SyntheticEthernetPortSettingData", "Msvm_EthernetPortAllocationSettingData"):
            self.find(f"ASSOCIATORS OF {{Msvm_VirtualSystemSettingData.InstanceID='{settings['InstanceID']}'}} WHERE "
                      f"AssocClass = Msvm_VirtualSystemSettingDataComponent ResultClass = {result} ", result)

    def test_the_shutdown_component_is_found(self):
        component, = self.query(f"SELECT * FROM Msvm_ShutdownComponent WHERE SystemName = '{WEB.lower()}' ")
        self.assertEqual((component["SystemName"], component["EnabledState"]), (WEB, "2"))

    def test_presses_keys(self):
        keyboard, = self.instances(
            f"ASSOCIATORS OF {{{SYSTEM}.CreationClassName='{SYSTEM}',Name='{WEB.lower()}'}} WHERE ResultClass = "
            "Msvm_Keyboard ", "Msvm_Keyboard")
        keys = {name: keyboard[name] for name in ("CreationClassName", "DeviceID", "SystemCreationClassName",
                                                  "SystemName")}
        resource = uri("Msvm_Keyboard")
        for method in ("PressKey", "ReleaseKey"):
            body = f'<p:{method}_INPUT xmlns:p="{resource}"><p:keyCode>65</p:keyCode></p:{method}_INPUT>'
            answer = self.ask(openwsman(f"{resource}/{method}", resource, body, keys))
            self.assertEqual(answer.body.findtext("p:ReturnValue", None, dict(NAMES, p=resource)), "0")

    def test_a_query_about_what_this_host_has_not_finds_nothing(self):
        owner = f"{SYSTEM}.CreationClassName='{SYSTEM}',Name='{WEB.lower()}'"
        settings = f"Msvm_VirtualSystemSettingData.InstanceID='Microsoft:{WEB}'"
        performance = "Win32_PerfRawData_HvStats_HyperVHypervisorVirtualProcessor"
        for query, class_name, namespace in (
                (f"ASSOCIATORS OF {{{owner}}} WHERE AssocClass = Msvm_SnapshotOfVirtualSystem ResultClass = "
                 "Msvm_VirtualSystemSettingData ", "Msvm_VirtualSystemSettingData", V2),
                (f"ASSOCIATORS OF {{{settings}}} WHERE ResultClass = Msvm_SecuritySettingData ",
                 "Msvm_SecuritySettingData", V2),
                ("SELECT * FROM Msvm_ProcessorSettingData WHERE InstanceID LIKE 'Microsoft:Definition%Maximum'",
                 "Msvm_ProcessorSettingData", V2),
                ("SELECT * FROM Msvm_ResourceAllocationSettingData WHERE ResourceSubType = 'Microsoft:Hyper-V:Physical "
                 "Disk Drive' AND InstanceID LIKE '%Default%'", "Msvm_ResourceAllocationSettingData", V2),
                ("SELECT * FROM Msvm_VirtualEthernetSwitch WHERE Name = 'x'", "Msvm_VirtualEthernetSwitch", V2),
                ("SELECT * FROM Msvm_VirtualEthernetSwitch WHERE HealthState = 5", "Msvm_VirtualEthernetSwitch", V2),
                ("SELECT * FROM Msvm_DiskDrive WHERE __PATH = '\\\\\\\\HOST1\\\\root\\\\virtualization\\\\v2:"
                 "Msvm_DiskDrive.CreationClassName=\"Msvm_DiskDrive\",DeviceID=\"x\",SystemCreationClassName=\"x\","
                 "SystemName=\"x\"'",
                 "Msvm_DiskDrive", V2),
                ("SELECT * FROM Msvm_ConcreteJob WHERE InstanceID = 'x'", "Msvm_ConcreteJob", V2),
                (f"SELECT * FROM Msvm_VirtualSystemSettingData WHERE InstanceID = 'Microsoft:{WEB}' AND "
                 f"VirtualSystemIdentifier = '{WEB}' AND VirtualSystemType = 'Microsoft:Hyper-V:Snapshot:Realized' ",
                 "Msvm_VirtualSystemSettingData", V2),
                (f"SELECT * FROM {performance} WHERE Name = 'web:Hv VP 0'", performance, CIMV2),
                ("SELECT * FROM CIM_DataFile WHERE Name = 'C:\\\\x.vhdx'", "CIM_DataFile", CIMV2),
                ("SELECT * FROM Win32_DiskDrive WHERE Index = 4711", "Win32_DiskDrive", CIMV2)):
            with self.subTest(query):
                self.assertEqual(self.find(query, class_name, namespace), [])

    def test_references_instead_of_objects(self):
        answer, = self.find(f"SELECT * FROM {SYSTEM} WHERE Name = '{WEB}'", SYSTEM,
                            mode="<wsman:EnumerationMode>EnumerateEPR</wsman:EnumerationMode>")
        self.assertRegex(answer.body_text, f"<n:Items><a:EndpointReference[^>]*><a:Address>{ANONYMOUS}</a:Address>"
                         f"<a:ReferenceParameters><w:ResourceURI>{re.escape(uri(SYSTEM))}</w:ResourceURI>")

    def test_starts_a_system_and_asks_for_the_job(self):
        off, = self.instances(f"SELECT * FROM {SYSTEM} WHERE ElementName = 'off'", SYSTEM)
        resource = uri(SYSTEM)
        for state in (2, 3):
            body = (f'<p:RequestStateChange_INPUT xmlns:p="{resource}"><p:RequestedState>{state}</p:RequestedState>'
                    "</p:RequestStateChange_INPUT>")
            answer = self.ask(openwsman(resource + "/RequestStateChange", resource, body, machine_keys(off["Name"])))
            names = dict(NAMES, p=resource)
            self.assertEqual(answer.body.findtext("p:ReturnValue", None, names), "4096")
            path = "p:Job/a:ReferenceParameters/w:SelectorSet/w:Selector[@Name='InstanceID']"
            selector = answer.body.find(path, names)
            self.daemon.job(self.client, {"Job": selector.text})
            job, = self.instances(f"SELECT * FROM Msvm_ConcreteJob WHERE InstanceID = '{selector.text}'",
                                  "Msvm_ConcreteJob")
            self.assertEqual(job["JobState"], "7")


if __name__ == "__main__":
    vmms.main()
