#!/usr/bin/env python3
"""What is known of real hosts' answers and refusals, row by row, in the bytes that vmmsd sends."""

import re

import vmms
import wire
from vmms import NAMES, escape, local, machine_keys
from wire import (ANONYMOUS, CIM, CIMV2, DMTF, ENUMERATE, GET, GUID, MANAGEMENT, MICROSOFT_WSMAN, PULL, RELEASE, V2,
                  WEB, XSI, selectors, soap, uri, wql)

tearDownModule = wire.record.check

SYSTEM = "Msvm_ComputerSystem"
INSTANCE_CLASSES = (SYSTEM, "Msvm_VirtualSystemSettingData", MANAGEMENT, "Msvm_ConcreteJob", "Msvm_AffectedJobElement",
                    "Msvm_GuestServiceInterfaceComponentSettingData", "Msvm_GuestService", "Vmms_GuestOSService",
                    "Msvm_SettingsDefineState")


class WhatAHostSends(wire.Served):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        client = cls.daemon.client()
        cls.off = next(m["Name"] for m in client.enumerate(SYSTEM) if m["ElementName"] == "off")
        cls.faulty = next(m["Name"] for m in client.enumerate(SYSTEM) if m["ElementName"] == "faulty")
        client.close()

    def answers(self):
        """One of each operation."""
        enumerated = self.ask(soap(ENUMERATE, uri(SYSTEM), body="<n:Enumerate/>"))
        pull = f"<n:Pull><n:EnumerationContext>{enumerated.context}</n:EnumerationContext></n:Pull>"
        pulled = self.ask(soap(PULL, uri(SYSTEM), body=pull))
        release = f"<n:Release><n:EnumerationContext>{enumerated.context}</n:EnumerationContext></n:Release>"
        self.ask(soap(RELEASE, uri(SYSTEM), body=release))
        got = self.get(SYSTEM, machine_keys(WEB))
        called = self.invoke(MANAGEMENT, {"CreationClassName": MANAGEMENT}, "StartService")
        return {"Enumerate": enumerated, "Pull": pulled, "Get": got, "StartService": called}

    def test_an_envelope_is_one_line_with_a_language_and_known_prefixes(self):
        for operation, answer in self.answers().items():
            with self.subTest(operation):
                kind = "n" if operation in ("Enumerate", "Pull") else "x"
                names = "".join(f' xmlns:{prefix}="{NAMES[prefix]}"' for prefix in ("s", "a", kind, "w"))
                self.assertRegex(answer.text,
                                 f'^<s:Envelope xml:lang="[a-z]{{2}}-[A-Z]{{2}}"{re.escape(names)}><s:Header>')
                self.assertNotIn("\n", answer.text)
                self.assertTrue(answer.text.endswith("</s:Body></s:Envelope>"))

    def test_a_header_is_action_message_id_to_relates_to(self):
        for operation, answer in self.answers().items():
            with self.subTest(operation):
                self.assertRegex(answer.text, "<s:Header><a:Action>[^<]+Response</a:Action><a:MessageID>uuid:" + GUID +
                                 f"</a:MessageID><a:To>{ANONYMOUS}</a:To><a:RelatesTo>uuid:2D5C3E1A-0000-4000-8000-"
                                 "000000000001</a:RelatesTo></s:Header><s:Body>")

    def test_an_enumerate_response_is_nothing_but_a_context(self):
        self.assertRegex(self.answers()["Enumerate"].text, "<s:Body><n:EnumerateResponse><n:EnumerationContext>uuid:" +
                         GUID + "</n:EnumerationContext></n:EnumerateResponse></s:Body></s:Envelope>$")

    def test_a_pull_gives_one_item_and_the_end_comes_with_the_last(self):
        resource = uri("*")
        first = self.ask(soap(ENUMERATE, resource, body="<n:Enumerate>" + wql(
            f"SELECT * FROM {SYSTEM} WHERE ElementName = 'web' OR ElementName = 'off' OR ElementName = 'saved'") +
            "</n:Enumerate>"))
        pulled = self.pull_all(first, resource)
        self.assertEqual(len(pulled), 3)
        goes_on = (f"^<n:PullResponse><n:EnumerationContext>{first.context}</n:EnumerationContext><n:Items><p:{SYSTEM} "
                   f"(?:(?!<p:{SYSTEM} ).)*</n:Items></n:PullResponse>$")
        for answer in pulled[:-1]:
            self.assertRegex(answer.body_text, goes_on)
        self.assertRegex(pulled[-1].body_text, f"^<n:PullResponse><n:Items><p:{SYSTEM} (?:(?!<p:{SYSTEM} ).)*</n:Items>"
                         "<n:EndOfSequence/></n:PullResponse>$")

    def test_an_instance_declares_xsi_p_cim_and_its_type(self):
        text = self.get(SYSTEM, machine_keys(WEB)).body_text
        self.assertTrue(text.startswith(f'<p:{SYSTEM} xmlns:xsi="{XSI}" xmlns:p="{uri(SYSTEM)}" xmlns:cim="{CIM}" '
                                        f'xsi:type="p:{SYSTEM}_Type"><p:Caption>'), text[:500])

    def test_properties_are_in_alphabetical_order(self):
        self.change_state(self.off, 2)
        self.change_state(self.off, 3)
        for namespace, names in ((V2, INSTANCE_CLASSES), (CIMV2, ("Win32_ComputerSystem", "Win32_OperatingSystem",
                                                                 "Win32_Processor", "Win32_ComputerSystemProduct"))):
            for name in names:
                with self.subTest(name):
                    items = self.enumerate(uri(name, namespace))
                    self.assertTrue(items)
                    for item in items:
                        properties = [local(child).lower() for child in item]
                        self.assertEqual(properties, sorted(properties))

    def test_null_is_nil_and_null_arrays_are_left_out(self):
        text = self.get(SYSTEM, machine_keys(WEB)).text
        self.assertIn('<p:InstanceID xsi:nil="true"/>', text)
        self.assertIn('<p:PrimaryOwnerName xsi:nil="true"/>', text)
        for array in ("Dedicated", "IdentifyingDescriptions", "OtherDedicatedDescriptions", "OtherIdentifyingInfo",
                      "PowerManagementCapabilities", "Roles"):
            self.assertNotIn(f"<p:{array}", text)

    def test_arrays_repeat_booleans_are_words_and_empty_strings_are_not_nil(self):
        _, job = self.change_state(self.off, 2)
        self.change_state(self.off, 3)
        self.assertIn("<p:OperationalStatus>17</p:OperationalStatus><p:OperationalStatus>2</p:OperationalStatus>",
                      job.text)
        self.assertIn("<p:DeleteOnCompletion>false</p:DeleteOnCompletion>", job.text)
        self.assertRegex(job.text, "<p:ErrorDescription></p:ErrorDescription>|<p:ErrorDescription/>")
        service = self.get(MANAGEMENT, {"CreationClassName": MANAGEMENT, "Name": "vmms"})
        self.assertIn("<p:Started>true</p:Started>", service.text)

    def test_timestamps_and_intervals(self):
        text = self.get(SYSTEM, machine_keys(WEB)).text
        # The zeros at the end of a fraction are not written, nor is a fraction of nothing else.
        moment = r"<cim:Datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z</cim:Datetime>"
        for name in ("InstallDate", "TimeOfLastConfigurationChange", "TimeOfLastStateChange"):
            self.assertRegex(text, f"<p:{name}>{moment}</p:{name}>")
        for name in ("LastApplicationConsistentReplicationTime", "LastReplicationTime"):
            self.assertIn(f"<p:{name}><cim:Datetime>1601-01-01T00:00:00Z</cim:Datetime></p:{name}>", text)
        _, job = self.change_state(self.off, 2)
        self.change_state(self.off, 3)
        self.assertIn("<p:TimeBeforeRemoval><cim:Interval>P0DT0H5M0S</cim:Interval></p:TimeBeforeRemoval>", job.text)
        self.assertRegex(job.text, r"<p:ElapsedTime><cim:Interval>P0DT0H0M\d+(\.\d{0,5}[1-9])?S</cim:Interval>"
                         "</p:ElapsedTime>")

    def test_a_reference_is_directly_inside_its_property_and_declares_its_prefixes(self):
        items = self.ask(soap(ENUMERATE, uri("*"), body="<n:Enumerate><w:OptimizeEnumeration/>" + wql(
            f"REFERENCES OF {{{SYSTEM}.CreationClassName='{SYSTEM}',Name='{WEB}'}} WHERE ResultClass = "
            "Msvm_SettingsDefineState") + "</n:Enumerate>"))
        declared = f'xmlns:a="{NAMES["a"]}" xmlns:w="{NAMES["w"]}"'
        # The SelectorSet declares its own, for clients that copy it alone.
        selector_set = f'<w:SelectorSet xmlns:w="{NAMES["w"]}">'
        self.assertIn(f"<p:ManagedElement {declared}><a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters>"
                      f"<w:ResourceURI>{uri(SYSTEM)}</w:ResourceURI>{selector_set}"
                      f'<w:Selector Name="CreationClassName">{SYSTEM}</w:Selector><w:Selector Name="Name">{WEB}'
                      "</w:Selector></w:SelectorSet></a:ReferenceParameters></p:ManagedElement>", items.text)
        self.assertIn(f"<p:SettingData {declared}><a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters>"
                      f"<w:ResourceURI>{uri('Msvm_VirtualSystemSettingData')}</w:ResourceURI>{selector_set}"
                      f'<w:Selector Name="InstanceID">Microsoft:{WEB}</w:Selector></w:SelectorSet>'
                      "</a:ReferenceParameters></p:SettingData>", items.text)

    def test_the_reference_of_a_job_names_the_class_that_can_be_read(self):
        asked, job = self.change_state(self.off, 2)
        self.change_state(self.off, 3)
        self.assertRegex(asked.body_text, f'^<p:RequestStateChange_OUTPUT [^>]*xmlns:p="{uri(SYSTEM)}"[^>]*>'
                         f"<p:Job [^>]*><a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters><w:ResourceURI>"
                         f"{uri('Msvm_ConcreteJob')}</w:ResourceURI><w:SelectorSet[^>]*>"
                         f'<w:Selector Name="InstanceID">'
                         f"{GUID}</w:Selector></w:SelectorSet></a:ReferenceParameters></p:Job><p:ReturnValue>4096<")
        self.assertEqual(local(job.body), "Msvm_ConcreteJob")

    def test_what_a_job_that_succeeded_says(self):
        _, answer = self.change_state(self.off, 2)
        self.change_state(self.off, 3)
        job = answer.instance
        self.assertEqual(job["OperationalStatus"], ["17", "2"])
        self.assertEqual(len(job["StatusDescriptions"]), 2)
        self.assertTrue(job["JobStatus"])
        said = {
            "JobState": "7", "PercentComplete": "100", "DeleteOnCompletion": "false", "TimeBeforeRemoval": "P0DT0H5M0S",
            "RecoveryAction": "2", "LocalOrUtcTime": "2", "JobRunTimes": "1", "ErrorCode": "0", "ErrorDescription": "",
            "Notify": "", "InstallDate": "1601-01-01T00:00:00Z", "RunDay": None, "RunMonth": None, "UntilTime": None}
        self.assertEqual({name: job.get(name) for name in said}, said)
        self.assertIn(vmms.USER, job["Owner"])

    def test_the_owner_of_a_job_has_a_domain(self):
        _, job = self.change_state(self.off, 2)
        self.change_state(self.off, 3)
        self.assertRegex(job.instance["Owner"], rf"^[^\\]+\\{vmms.USER}$")

    def test_an_embedded_instance_comes_as_escaped_cim_xml(self):
        asked, failed = self.change_state(self.faulty, 2)
        self.assertEqual(failed.instance["JobState"], "10")
        keys = self.body_reference(asked, "Job")[1]
        text = self.invoke("Msvm_ConcreteJob", keys, "GetErrorEx").body_text
        self.assertRegex(text, '<p:Errors>&lt;INSTANCE CLASSNAME=(&quot;|")Msvm_Error(&quot;|")&gt;')
        plain = text.replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">")
        self.assertRegex(plain, '<PROPERTY NAME="Message"( PROPAGATED="true")? TYPE="string"><VALUE>[^<]+</VALUE>'
                         "</PROPERTY>")
        self.assertRegex(plain, '<PROPERTY NAME="[A-Za-z]+" PROPAGATED="true" TYPE="[a-z0-9]+"></PROPERTY>')
        self.assertNotRegex(plain, "<PROPERTY[^>]*/>")

    def test_an_optimized_enumeration_ends_with_an_empty_context(self):
        body = "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>2</w:MaxElements>{}</n:Enumerate>"
        one = self.ask(soap(ENUMERATE, uri("*"), body=body.format(wql(f"SELECT * FROM {SYSTEM} WHERE Name = '{WEB}'"))))
        self.assertRegex(one.body_text, "^<n:EnumerateResponse>(<n:EnumerationContext/>|<n:EnumerationContext>"
                         f"</n:EnumerationContext>)<w:Items><p:{SYSTEM} .*</w:Items><w:EndOfSequence/>"
                         "</n:EnumerateResponse>$")
        many = self.ask(soap(ENUMERATE, uri(SYSTEM), body=body.format("")))
        self.assertRegex(many.body_text, f"^<n:EnumerateResponse><n:EnumerationContext>uuid:{GUID}"
                         f"</n:EnumerationContext><w:Items><p:{SYSTEM} .*</w:Items></n:EnumerateResponse>$")

    def test_columns_come_as_fragments_without_prefixes(self):
        answer = self.ask(soap(ENUMERATE, uri("*"), body="<n:Enumerate><w:OptimizeEnumeration/>" + wql(
            f"SELECT ElementName, InstallDate, Name, PrimaryOwnerName FROM {SYSTEM} WHERE Name = '{WEB}'") +
            "</n:Enumerate>"))
        self.assertRegex(answer.body_text, "<w:Items><w:XmlFragment[^>]*><ElementName>web</ElementName><InstallDate>"
                         f"<Datetime>[^<]+Z</Datetime></InstallDate><Name>{WEB}</Name>"
                         '<PrimaryOwnerName xsi:nil="true"/></w:XmlFragment></w:Items>')


class WhatAHostAcceptsAndRejects(wire.Served):
    def enumeration(self, resource, query):
        return soap(ENUMERATE, resource, body=f"<n:Enumerate>{wql(query)}</n:Enumerate>")

    def test_a_query_goes_to_all_classes_and_not_to_one(self):
        query = f"SELECT * FROM {SYSTEM}"
        self.refused("CannotProcessFilter", self.enumeration(uri(SYSTEM), query))
        self.ask(self.enumeration(uri("*"), query))

    def test_an_enumeration_of_a_class_without_filter(self):
        self.assertEqual(len(self.enumerate(uri(SYSTEM))), 107)

    def test_a_namespace_selector_must_fit_the_uri(self):
        keys = machine_keys(WEB)
        for name in (V2, V2.upper(), "Root\\Virtualization\\V2"):
            self.get(SYSTEM, keys | {"__cimnamespace": name})
        for name in (CIMV2, "root/virtualization"):
            answer = self.send(soap(GET, uri(SYSTEM), keys | {"__cimnamespace": name}))
            self.assertEqual(answer.status, 500, answer.text)
            self.assertTrue(answer.fault.subcode)

    def test_get_needs_both_keys_of_a_system(self):
        self.get(SYSTEM, machine_keys(WEB))
        self.refused("DestinationUnreachable", soap(GET, uri(SYSTEM), {"Name": WEB}))

    def test_what_does_not_exist_is_unreachable(self):
        keys = machine_keys("00000000-0000-4000-8000-000000000000")
        action = uri(SYSTEM) + "/RequestStateChange"
        body = (f'<c:RequestStateChange_INPUT xmlns:c="{uri(SYSTEM)}"><c:RequestedState>2</c:RequestedState>'
                "</c:RequestStateChange_INPUT>")
        for request in (soap(GET, uri(SYSTEM), keys), soap(action, uri(SYSTEM), keys, body),
                        soap(GET, uri("Msvm_ConcreteJob"), {"InstanceID": "x"}),
                        soap(uri("Msvm_ConcreteJob") + "/GetError", uri("Msvm_ConcreteJob"), {"InstanceID": "x"})):
            self.refused("DestinationUnreachable", request)

    def test_the_management_service_is_found_by_its_class_alone_or_by_nothing(self):
        complete = {"CreationClassName": MANAGEMENT, "Name": "vmms", "SystemCreationClassName": SYSTEM,
                    "SystemName": "HOST1"}
        for keys in ({"CreationClassName": MANAGEMENT}, {}, {"Name": "vmms"}, complete,
                     {"CreationClassName": MANAGEMENT, "SystemCreationClassName": SYSTEM}):
            self.assertEqual(self.get(MANAGEMENT, keys).instance["Name"], "vmms")
            self.assertEqual(self.invoke(MANAGEMENT, keys, "StartService").instance["ReturnValue"], "1")

    def test_a_method_call_finds_a_system_by_its_name_alone(self):
        answers = [self.invoke(SYSTEM, keys, "RequestStateChange", "<c:RequestedState>2</c:RequestedState>").instance
                   for keys in (machine_keys(WEB), {"Name": WEB})]
        self.assertEqual(answers[0]["ReturnValue"], "32775")  # it runs already
        self.assertEqual(answers[1], answers[0])

    def guest_service_settings(self, setting):
        inputs = f"<c:GuestServiceSettings>{setting}</c:GuestServiceSettings>"
        return self.invoke(MANAGEMENT, {"CreationClassName": MANAGEMENT}, "ModifyGuestServiceSettings", inputs)

    def interface(self, machine_id=WEB):
        keys = {"InstanceID": f"Microsoft:{machine_id}\\{vmms.INTERFACE}"}
        return self.get("Msvm_GuestServiceInterfaceComponentSettingData", keys).instance

    def change_interface(self, setting, enabled):
        """Modifies the settings, awaits the job if there is one, and looks for the change."""
        answer = self.guest_service_settings(setting)
        if answer.instance["ReturnValue"] == "4096":
            self.daemon.job(self.client, answer.instance)
        else:
            self.assertEqual(answer.instance["ReturnValue"], "0", answer.text)
        self.assertEqual(self.interface()["EnabledState"], str(enabled))

    # Only what changes, and what says where.
    MINIMAL = ('<INSTANCE CLASSNAME="Msvm_GuestServiceInterfaceComponentSettingData"><PROPERTY NAME="InstanceID" '
               f'TYPE="string"><VALUE>Microsoft:{WEB}\\{vmms.INTERFACE}</VALUE></PROPERTY>'
               '<PROPERTY NAME="EnabledState" TYPE="uint16"><VALUE>%d</VALUE></PROPERTY></INSTANCE>')
    PROLOG = '<?xml version="1.0" encoding="utf-8"?>\n'

    def test_an_embedded_instance_is_cim_xml_escaped_or_in_cdata_with_or_without_prolog(self):
        for enabled, form in ((3, escape), (2, lambda text: f"<![CDATA[{text}]]>"),
                              (3, lambda text: escape(self.PROLOG + text)),
                              (2, lambda text: f"<![CDATA[{self.PROLOG}{text}]]>")):
            self.change_interface(form(self.MINIMAL % enabled), enabled)

    def test_what_an_embedded_instance_leaves_out_stays_as_it_is(self):
        before = self.interface()
        self.change_interface(escape(self.MINIMAL % 3), 3)
        after = self.interface()
        self.change_interface(escape(self.MINIMAL % 2), 2)
        self.assertEqual(dict(before, EnabledState="3"), dict(after))

    def test_a_reference_as_input_is_bare_or_wrapped(self):
        bare = (f"<a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters><w:ResourceURI>"
                f"{uri('Msvm_VirtualSystemSettingData')}</w:ResourceURI>{selectors({'InstanceID': 'Microsoft:' + WEB})}"
                "</a:ReferenceParameters>")
        names = f'xmlns:a="{NAMES["a"]}" xmlns:w="{NAMES["w"]}"'
        for i, configuration in enumerate((bare, f"<a:EndpointReference>{bare}</a:EndpointReference>",
                                           bare.replace(f"{ANONYMOUS}", "http://hyperv.example/wsman"))):
            port = f"{i + 1:08x}-facb-11e6-bd58-64006a7986d3"
            setting = ('<INSTANCE CLASSNAME="Msvm_GuestCommunicationServiceSettingData"><PROPERTY NAME="Name" '
                       f'TYPE="string"><VALUE>{port}</VALUE></PROPERTY></INSTANCE>')
            answer = self.invoke(MANAGEMENT, {"CreationClassName": MANAGEMENT}, "AddGuestServiceSettings",
                                 f"<c:AffectedConfiguration {names}>{configuration}</c:AffectedConfiguration>"
                                 f"<c:GuestServiceSettings>{escape(setting)}</c:GuestServiceSettings>")
            self.assertIn(answer.instance["ReturnValue"], ("0", "4096"), answer.text)

    def test_an_unknown_namespace_has_the_error_code_that_clients_look_for(self):
        error = "{http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError}error_Code"
        for namespace in ("root/virtualization", "root/none"):
            for request in (self.enumeration(uri("*", namespace), "select Name from Msvm_VirtualSystemSettingData"),
                            soap(ENUMERATE, uri(SYSTEM, namespace), body="<n:Enumerate/>"),
                            soap(GET, uri(SYSTEM, namespace), machine_keys(WEB))):
                answer = self.send(request)
                self.assertEqual(answer.status, 500)
                self.assertEqual(answer.body.findtext(f".//{error}"), "2150858778")


class WhatClientsSend(wire.Served):
    def test_a_pull_names_the_class_where_the_enumeration_named_all(self):
        first = self.ask(soap(ENUMERATE, uri("*"), body=f"<n:Enumerate>{wql(f'SELECT * FROM {SYSTEM}')}</n:Enumerate>"))
        pulled = self.pull_all(first, uri(SYSTEM), "<n:MaxElements>50</n:MaxElements>")
        self.assertEqual(sum(len(answer.items) for answer in pulled), 107)

    def test_a_pull_names_another_namespace(self):
        first = self.ask(soap(ENUMERATE, uri("*"), body=f"<n:Enumerate>{wql(f'SELECT * FROM {SYSTEM}')}</n:Enumerate>"))
        pulled = self.pull_all(first, uri("*", "root/virtualization"), "<n:MaxElements>500</n:MaxElements>")
        self.assertEqual(sum(len(answer.items) for answer in pulled), 107)

    def test_the_value_of_a_selector_in_quotes(self):
        service = {"CreationClassName": f'"{MANAGEMENT}"', "Name": '"vmms"'}
        self.assertEqual(self.get(MANAGEMENT, service).instance["Name"], "vmms")
        keys = {name: f'"{value}"' for name, value in machine_keys(WEB).items()}
        self.assertEqual(self.get(SYSTEM, keys).instance["ElementName"], "web")

    def test_white_space_around_the_resource_uri(self):
        request = soap(GET, f"\n            {uri(SYSTEM)}\n        ", machine_keys(WEB))
        self.assertEqual(self.ask(request).instance["ElementName"], "web")

    def test_guids_in_lower_case(self):
        self.assertEqual(self.get(SYSTEM, machine_keys(WEB.lower())).instance["Name"], WEB)
        self.assertEqual(self.names(f"SELECT * FROM {SYSTEM} WHERE Name = '{WEB.lower()}'"), ["web"])

    def test_names_in_any_case(self):
        for namespace, class_name in (("ROOT/Virtualization/V2", SYSTEM), (V2, SYSTEM.lower())):
            self.ask(soap(GET, uri(class_name, namespace), machine_keys(WEB)))
        query = f"select elementNAME from {SYSTEM.upper()} where instanceid is null and NAME = '{WEB}'"
        self.assertEqual([dict(found) for found in self.query(query)], [{"ElementName": "web"}])

    def test_strings_of_a_query_in_either_quotes_with_escapes(self):
        names = {"InstanceID": f"Microsoft:{WEB}\\{vmms.INTERFACE}"}
        text = names["InstanceID"].replace("\\", "\\\\")
        for query in (f"InstanceID = '{text}'", f'InstanceID = "{text}"', f"INSTANCEID='{text.lower()}'",
                      f"InstanceID LIKE '{text[:30]}%'"):
            found = self.query(f"SELECT * FROM Msvm_GuestServiceInterfaceComponentSettingData WHERE {query}")
            self.assertEqual([setting["InstanceID"] for setting in found], [names["InstanceID"]], query)

    def test_queries_that_clients_send(self):
        vm = "Description = 'Microsoft Virtual Machine'"
        path = (r"\\\\HOST1\\root\\virtualization\\v2:" f'{SYSTEM}.CreationClassName=\\"{SYSTEM}\\",Name=\\"{WEB}\\"')
        for condition, found in (
                ("ElementName = 'web' ", ["web"]), ("ElementName = 'web'  \t\n", ["web"]),
                ("ElementName LIKE '%eb'", ["web"]), ("ElementName LIKE 'W%'", ["web"]),
                ("Caption = \"Hosting Computer System\"", ["HOST1"]),
                ("EnabledState != 3 AND EnabledState <> 9", ["HOST1", "saved", "web"]),
                (f"{vm} AND (EnabledState != 0 and EnabledState != 3 and EnabledState != 32769)",
                 ["paused", "saved", "web"]),
                (f"({vm} and (ElementName = 'web' or ElementName = 'off')) OR Name = 'host1'", ["HOST1", "off", "web"]),
                ("__SERVER = 'HOST1' AND ElementName = 'web'", ["web"]),
                (f'__PATH = "{path}"', ["web"])):
            with self.subTest(condition):
                self.assertEqual(self.names(f"SELECT * FROM {SYSTEM} WHERE {condition}"), found)

    def test_the_dmtf_uri_with_a_namespace_selector(self):
        # As OMI's client has it, in any case of letters.
        for namespace in (V2, "Root/Virtualization/V2", "ROOT/VIRTUALIZATION/V2"):
            keys = {"__cimnamespace": namespace}
            answer = self.ask(soap(GET, DMTF + SYSTEM, keys | machine_keys(WEB)))
            self.assertEqual(answer.instance["ElementName"], "web")
            body = "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>1000</w:MaxElements></n:Enumerate>"
            envelope = '<w:MaxEnvelopeSize s:mustUnderstand="true">102400</w:MaxEnvelopeSize>'
            answer = self.ask(soap(ENUMERATE, DMTF + SYSTEM, keys, body, envelope))
            self.assertTrue(answer.items)
            self.assertEqual(answer.items[0].tag, f"{{{DMTF}{SYSTEM}}}{SYSTEM}")

    def test_a_call_as_omi_writes_it(self):
        # The namespace is its only selector.
        header = ('<w:MaxEnvelopeSize s:mustUnderstand="true">102400</w:MaxEnvelopeSize><w:OperationTimeout>PT1M30S'
                  '</w:OperationTimeout><w:Locale xml:lang="en-us" s:mustUnderstand="false"/><p:DataLocale '
                  'xml:lang="en-us" s:mustUnderstand="false"/><w:OptionSet s:mustUnderstand="true"/>')
        body = f'<p:StartService_INPUT xmlns:p="{DMTF}{MANAGEMENT}"/>'
        keys = {"__cimnamespace": V2}
        answer = self.ask(soap(f"{DMTF}{MANAGEMENT}/StartService", DMTF + MANAGEMENT, keys, body, header))
        self.assertEqual(answer.body.tag, f"{{{DMTF}{MANAGEMENT}}}StartService_OUTPUT")

    def test_many_items_in_envelopes_of_the_size_that_the_client_takes(self):
        for most, size in ((1000, 102400), (32000, 153600)):
            header = f'<w:MaxEnvelopeSize s:mustUnderstand="true">{size}</w:MaxEnvelopeSize>'
            body = f"<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>{most}</w:MaxElements></n:Enumerate>"
            answers = [self.ask(soap(ENUMERATE, uri(SYSTEM), body=body, header=header))]
            while not answers[-1].has_ended:
                pull = (f"<n:Pull><n:EnumerationContext>{answers[-1].context}</n:EnumerationContext>"
                        f"<n:MaxElements>{most}</n:MaxElements></n:Pull>")
                answers.append(self.ask(soap(PULL, uri(SYSTEM), body=pull, header=header)))
            self.assertEqual(sum(len(answer.items) for answer in answers), 107)
            self.assertGreater(len(answers), 1)
            for answer in answers:
                self.assertLessEqual(len(answer.text.encode()), size)

    def test_the_body_of_a_call_may_be_empty_bare_or_pretty(self):
        resource = uri(MANAGEMENT)
        start = f'<c:StartService_INPUT xmlns:c="{resource}"'
        for body in ("", "\n", f"{start}/>", f"{start}></c:StartService_INPUT>",
                     f"\n    {start}>\n    </c:StartService_INPUT>\n  ",
                     f'<StartService_INPUT xmlns="{resource}"/>', '<w:StartService_INPUT/>'):
            answer = self.ask(soap(f"{resource}/StartService", resource, {"CreationClassName": MANAGEMENT}, body))
            self.assertEqual(answer.body.tag, f"{{{resource}}}StartService_OUTPUT", body)
            self.assertEqual(answer.instance, {"ReturnValue": "1"})

    def test_relates_to_is_the_message_id_to_the_letter(self):
        for message in ("uuid:fe8979f6-60D9-10d9-8002-01000000fc02", "urn:uuid:X", "anything & all", " spaces around ",
                        "{braces}", "ü", ""):
            answer = self.ask(soap(GET, uri(MANAGEMENT), message=escape(message)))
            text = re.search("<a:RelatesTo>(.*?)</a:RelatesTo>|<a:RelatesTo/>", answer.text)
            self.assertEqual(text.group(1) or "", escape(message))

    def test_an_empty_message_id_element(self):
        request = re.sub("<a:MessageID>.*</a:MessageID>", "<a:MessageID/>", soap(GET, uri(MANAGEMENT)))
        self.assertRegex(self.ask(request).text, "<a:RelatesTo></a:RelatesTo>|<a:RelatesTo/>")

    def test_must_understand_with_and_without_prefix_as_true_or_1(self):
        for attribute in (f'{prefix}mustUnderstand="{value}"' for prefix in ("s:", "") for value in ("true", "1")):
            with self.subTest(attribute):
                self.get(MANAGEMENT)
                known = soap(GET, uri(MANAGEMENT))
                for name in ("a:Action", "a:To", "w:ResourceURI", "a:MessageID", "a:ReplyTo"):
                    known = known.replace(f"<{name}>", f"<{name} {attribute}>")
                self.ask(known)
                answer = self.send(soap(GET, uri(MANAGEMENT), header=f'<u:Unknown xmlns:u="urn:u" {attribute}/>'))
                self.assertEqual(answer.status, 500)
                self.assertIn("<s:Value>s:MustUnderstand</s:Value>", answer.text)
        for value in ("false", "0"):
            self.ask(soap(GET, uri(MANAGEMENT), header=f'<u:Unknown xmlns:u="urn:u" s:mustUnderstand="{value}"/>'))

    def test_headers_that_only_some_clients_send(self):
        for header in ('<w:OptionSet s:mustUnderstand="true"/>', '<w:OptionSet mustUnderstand="1"></w:OptionSet>',
                       '<p:SessionId s:mustUnderstand="false">uuid:DD7EAE5F-A479-437B-8735-2D6C6335808B</p:SessionId>',
                       '<p:SessionId s:mustUnderstand="true">uuid:DD7EAE5F-A479-437B-8735-2D6C6335808B</p:SessionId>',
                       '<w:Locale xml:lang="ja-JP" s:mustUnderstand="false"/>',
                       '<p:DataLocale xml:lang="ja-JP" mustUnderstand="false"/>',
                       *(f"<w:OperationTimeout>{text}</w:OperationTimeout>" for text in (
                           "PT30.0S", "PT30.000S", "PT1M30S", "PT60S", "P0DT0H1M0S", "PT20S"))):
            with self.subTest(header):
                self.ask(soap(GET, uri(MANAGEMENT), header=header))

    def test_optimize_enumeration_that_says_nil(self):
        for optimize in ('<w:OptimizeEnumeration xsi:nil="true"/>',
                         '<w:OptimizeEnumeration xsi:nil="true"></w:OptimizeEnumeration>'):
            body = f"<n:Enumerate>{optimize}<w:MaxElements>20</w:MaxElements></n:Enumerate>"
            self.assertTrue(self.ask(soap(ENUMERATE, uri(SYSTEM), body=body)).items)

    def winrb(self, action, body):
        """As Ruby's winrm gem writes it: all prefixes declared, env for SOAP, and mustUnderstand without one."""
        names = {"env": NAMES["s"], "a": NAMES["a"], "n": NAMES["n"], "x": NAMES["x"], "w": NAMES["w"],
                 "p": MICROSOFT_WSMAN, "xsi": XSI, "xsd": "http://www.w3.org/2001/XMLSchema"}
        return ('<?xml version="1.0" encoding="UTF-8"?><env:Envelope'
                + "".join(f' xmlns:{prefix}="{name}"' for prefix, name in names.items())
                + '><env:Header><a:To>http://hyperv.example:5985/wsman</a:To><a:ReplyTo>'
                f'<a:Address mustUnderstand="true">{ANONYMOUS}</a:Address></a:ReplyTo><w:MaxEnvelopeSize '
                'mustUnderstand="true">153600</w:MaxEnvelopeSize><a:MessageID>uuid:A2D9B9C0-3D0A-4C5F-8B0B-0F8A3C1E6A11</a:MessageID>'
                '<p:SessionId mustUnderstand="false">uuid:0C3A6A52-4D5E-4D49-8F5A-1B0B3A1D2C3E</p:SessionId>'
                '<w:Locale xml:lang="en-US" mustUnderstand="false"/><p:DataLocale xml:lang="en-US" '
                'mustUnderstand="false"/><w:OperationTimeout>PT60S</w:OperationTimeout>'
                f'<w:ResourceURI mustUnderstand="true">{uri("*")}</w:ResourceURI><a:Action mustUnderstand="true">'
                f"{action}</a:Action></env:Header><env:Body>{body}</env:Body></env:Envelope>")

    def test_a_query_as_ruby_writes_it(self):
        body = ('<n:Enumerate><w:OptimizeEnumeration xsi:nil="true"/><w:MaxElements>32000</w:MaxElements>'
                + wql(f"SELECT Name FROM {SYSTEM} WHERE Caption = \"Hosting Computer System\"") + "</n:Enumerate>")
        self.assertEqual(len(self.ask(self.winrb(ENUMERATE, body)).items), 1)

    SESSION = "<p:SessionId>uuid:0C3A6A52-4D5E-4D49-8F5A-1B0B3A1D2C3E</p:SessionId>"

    def test_a_session_id_in_the_body_of_enumerate(self):
        body = ('<n:Enumerate><w:OptimizeEnumeration xsi:nil="true"/><w:MaxElements>32000</w:MaxElements>'
                + wql(f"SELECT Name FROM {SYSTEM} WHERE Caption = \"Hosting Computer System\"") + self.SESSION
                + "</n:Enumerate>")
        self.assertEqual(len(self.ask(self.winrb(ENUMERATE, body)).items), 1)

    def test_a_session_id_and_optimize_enumeration_in_the_body_of_pull(self):
        query = f"<n:Enumerate>{wql(f'SELECT * FROM {SYSTEM}')}</n:Enumerate>"
        for more in (self.SESSION, '<w:OptimizeEnumeration xsi:nil="true"/>'):
            with self.subTest(more):
                context = self.ask(soap(ENUMERATE, uri("*"), body=query)).context
                body = (f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext>"
                        f"<n:MaxElements>32000</n:MaxElements>{more}</n:Pull>")
                self.assertTrue(self.ask(self.winrb(PULL, body)).items)

    def test_to_may_name_another_host(self):
        request = soap(GET, uri(MANAGEMENT)).replace("http://localhost/wsman", "https://other.example:5986/there")
        self.ask(request)


if __name__ == "__main__":
    vmms.main()
