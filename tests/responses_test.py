#!/usr/bin/env python3
"""Answers of every kind, so that xmllint sees each of them: well-formed, and in the order of the standards' schemas."""

import re
import shutil
import unittest

import vmms
import wire
from vmms import NAMES, escape, local, machine_keys
from wire import (ANONYMOUS, CIMV2, DMTF, ENUMERATE, GET, GUID, MANAGEMENT, PULL, RELEASE, WEB, openwsman, selectors,
                  soap, uri, wql)

tearDownModule = wire.record.check

SYSTEM = "Msvm_ComputerSystem"
SETTING = "Msvm_GuestCommunicationServiceSettingData"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
CIMBINDING = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"
TRANSFER, ENUMERATION = NAMES["x"], NAMES["n"]


class Answers(wire.Served):
    def test_identify(self):
        answer = self.ask(f'<s:Envelope xmlns:s="{NAMES["s"]}" xmlns:i="{IDENTITY}"><s:Header/><s:Body><i:Identify/>'
                          "</s:Body></s:Envelope>")
        self.assertEqual(answer.body.tag, f"{{{IDENTITY}}}IdentifyResponse")
        self.assertEqual(answer.instance["ProtocolVersion"], NAMES["w"])

    def test_get_by_the_text_of_a_selector_set(self):
        # Some clients copy it without the declarations around it.
        self.change_state(self.query(f"SELECT * FROM {SYSTEM} WHERE ElementName = 'faulty'")[0]["Name"], 2)
        text = "<w:ResourceURI>([^<]*)</w:ResourceURI>(<w:SelectorSet.*</w:SelectorSet>)</a:ReferenceParameters>"
        body = "<n:Enumerate><w:EnumerationMode>EnumerateEPR</w:EnumerationMode></n:Enumerate>"
        for class_name in (SYSTEM, MANAGEMENT, "Msvm_VirtualSystemSettingData", "Msvm_ConcreteJob",
                           "Msvm_AffectedJobElement", "Msvm_SettingsDefineState",
                           "Msvm_VirtualSystemSettingDataComponent",
                           "Msvm_ElementSettingData", "Msvm_SystemDevice", "Msvm_HostedService",
                           "Msvm_RegisteredGuestService", "Vmms_GuestOSService", "Msvm_GuestServiceInterfaceComponent",
                           "Msvm_GuestServiceInterfaceComponentSettingData", "Msvm_KvpExchangeComponentSettingData",
                           "Msvm_VssService", "Msvm_GuestFileService"):
            with self.subTest(class_name):
                context = self.ask(soap(ENUMERATE, uri(class_name), body=body)).context
                for _ in range(3):
                    pull = f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext></n:Pull>"
                    pulled = self.ask(soap(PULL, uri(class_name), body=pull))
                    resource, keys = re.search(text, pulled.text).groups()
                    # Without the prefix w, but for what needs it.
                    plain = soap(GET, resource, header=keys).replace(f' xmlns:w="{NAMES["w"]}"', "", 1).replace(
                        "<w:ResourceURI>", f'<w:ResourceURI xmlns:w="{NAMES["w"]}">', 1)
                    answer = self.ask(plain)
                    self.assertEqual(f"{{{resource}}}{local(answer.body)}", answer.body.tag)
                    if pulled.has_ended:
                        break

    def test_enumerations_in_all_modes(self):
        modes = ("EnumerateObject", "EnumerateEPR", "EnumerateObjectAndEPR")
        for resource, filtered in ((uri(SYSTEM), ""), (uri("Msvm_SettingsDefineState"), ""), (DMTF + SYSTEM, ""),
                                   (uri("*"), wql(f"SELECT * FROM {SYSTEM}")),
                                   (uri("*"), wql(f"SELECT InstallDate, Name, OperationalStatus FROM {SYSTEM}")),
                                   (uri("Win32_Processor", CIMV2), "")):
            for mode in modes:
                with self.subTest(resource=resource, filter=filtered, mode=mode):
                    inside = f"<w:EnumerationMode>{mode}</w:EnumerationMode>{filtered}"
                    items = self.enumerate(resource, inside, 7)
                    self.assertTrue(items)
                    # The same with the Pulls of WS-Enumeration alone.
                    first = self.ask(soap(ENUMERATE, resource, body=f"<n:Enumerate>{inside}</n:Enumerate>"))
                    pulled = self.pull_all(first, resource, "<n:MaxElements>50</n:MaxElements>")
                    self.assertEqual(sum(len(answer.items) for answer in pulled), len(items))

    def test_the_life_of_a_context(self):
        body = "<n:Enumerate><n:Expires>PT5M</n:Expires></n:Enumerate>"
        first = self.ask(soap(ENUMERATE, uri(SYSTEM), body=body))
        self.assertRegex(first.body_text, "^<n:EnumerateResponse><n:Expires>[^<]+</n:Expires><n:EnumerationContext>")
        context = f"<n:EnumerationContext>{first.context}</n:EnumerationContext>"
        for action, inside in (("Renew", context + "<n:Expires>PT6M</n:Expires>"), ("GetStatus", context)):
            answer = self.ask(soap(f"{ENUMERATION}/{action}", uri(SYSTEM), body=f"<n:{action}>{inside}</n:{action}>"))
            self.assertEqual(answer.body.tag, f"{{{ENUMERATION}}}{action}Response")
        release = soap(RELEASE, uri(SYSTEM), body=f"<n:Release>{context}</n:Release>")
        self.assertIn("<s:Body></s:Body>", self.ask(release).text)
        self.refused("InvalidEnumerationContext", release)

    def test_associations(self):
        reference = (f"<a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters><w:ResourceURI>{uri(SYSTEM)}"
                     f"</w:ResourceURI>{selectors(machine_keys(WEB))}</a:ReferenceParameters>")
        for kind in ("AssociatedInstances", "AssociationInstances"):
            for object_form in (reference, f"<a:EndpointReference>{reference}</a:EndpointReference>"):
                filtered = (f'<w:Filter xmlns:b="{CIMBINDING}" Dialect="http://schemas.dmtf.org/wbem/wsman/1/'
                            f'cimbinding/associationFilter"><b:{kind}><b:Object>{object_form}</b:Object></b:{kind}>'
                            "</w:Filter>")
                for mode in ("EnumerateObject", "EnumerateObjectAndEPR"):
                    mode = f"<w:EnumerationMode>{mode}</w:EnumerationMode>"
                    self.assertTrue(self.enumerate(uri("*"), filtered + mode))

    def setting(self, content):
        return f'<c:{SETTING} xmlns:c="{uri(SETTING)}">{content}</c:{SETTING}>'

    def test_create_put_fragment_delete(self):
        service = "00000ABC-FACB-11E6-BD58-64006A7986D3"
        created = self.ask(soap(f"{TRANSFER}/Create", uri(SETTING), body=self.setting(
            f"<c:InstanceID>Microsoft:{WEB}</c:InstanceID><c:Name>{service}</c:Name>")))
        self.assertTrue(created.body_text.startswith("<x:ResourceCreated "), created.body_text)
        parameters = created.body.find("a:ReferenceParameters", NAMES)
        self.assertEqual(parameters.findtext("w:ResourceURI", None, NAMES), uri(SETTING))
        keys = {key.get("Name"): key.text for key in parameters.find("w:SelectorSet", NAMES)}

        changed = self.ask(soap(f"{TRANSFER}/Put", uri(SETTING), keys, self.setting(
            "<c:EnabledStatePolicy>3</c:EnabledStatePolicy>"
            f"<c:InstanceID>{escape(keys['InstanceID'])}</c:InstanceID>")))
        self.assertEqual(changed.instance["EnabledStatePolicy"], "3")

        fragment = '<w:FragmentTransfer s:mustUnderstand="true">{}</w:FragmentTransfer>'
        for expression, content in (("EnabledStatePolicy", "<[^>]*EnabledStatePolicy[^>]*>3</[^>]*>"),
                                    ("EnabledStatePolicy/text()", "3")):
            part = self.ask(soap(GET, uri(SETTING), keys, header=fragment.format(expression)))
            self.assertRegex(part.text, f"<w:FragmentTransfer[^>]*>{re.escape(expression)}</w:FragmentTransfer>"
                             "</s:Header>")
            self.assertRegex(part.body_text, f"^<w:XmlFragment[^>]*>{content}</w:XmlFragment>$")
        nothing = self.ask(soap(GET, uri(SETTING), keys, header=fragment.format("Description")))
        self.assertIn('xsi:nil="true"', nothing.body_text)
        part = self.ask(soap(f"{TRANSFER}/Put", uri(SETTING), keys, header=fragment.format("EnabledStatePolicy"),
                             body=f'<w:XmlFragment><c:EnabledStatePolicy xmlns:c="{uri(SETTING)}">2'
                                  "</c:EnabledStatePolicy></w:XmlFragment>"))
        self.assertIn(">2<", part.body_text)

        deletion = soap(f"{TRANSFER}/Delete", uri(SETTING), keys)
        self.assertIn("<s:Body></s:Body>", self.ask(deletion).text)
        self.refused("DestinationUnreachable", deletion)

    def test_methods(self):
        keys = {"CreationClassName": MANAGEMENT}
        self.invoke(MANAGEMENT, keys, "StartService")
        off = self.query(f"SELECT Name FROM {SYSTEM} WHERE ElementName = 'off'")[0]["Name"]
        for state in (2, 3):
            asked, job = self.change_state(off, state)
            self.assertRegex(job.instance["InstanceID"], f"^{GUID}$")
            for method in ("GetError", "GetErrorEx"):
                self.invoke("Msvm_ConcreteJob", {"InstanceID": job.instance["InstanceID"]}, method)

    def test_classes(self):
        # As Get-CimClass asks.
        answer = self.ask(soap(GET, "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*", {
            "ClassName": SYSTEM, "__cimnamespace": wire.V2}))
        self.assertEqual((answer.body.tag, answer.body.get("NAME")), ("CLASS", SYSTEM))

    def test_faults(self):
        text = "&lt;&amp;&gt; ]]&gt; \u00fc\u20ac\U0001f600"
        enumerate_ = lambda inside, resource=uri(SYSTEM): soap(ENUMERATE, resource, body=(
            f"<n:Enumerate>{inside}</n:Enumerate>"))
        service = uri(MANAGEMENT)
        for subcode, request in (
                ("DestinationUnreachable", soap(GET, uri("None"))),
                ("DestinationUnreachable", soap(GET, "urn:none")),
                ("DestinationUnreachable", soap(GET, uri(SYSTEM)).replace("<w:ResourceURI>", "<w:ResourceURI>" + text)),
                ("DestinationUnreachable", soap(GET, uri(SYSTEM), machine_keys("<&> ü€"))),
                ("InvalidSelectors", soap(GET, uri(SYSTEM), machine_keys(WEB) | {"None": "x"})),
                ("InvalidSelectors", soap(GET, uri(SYSTEM), machine_keys(WEB), header="").replace(
                    "</w:SelectorSet>", '<w:Selector Name="name">x</w:Selector></w:SelectorSet>')),
                ("ActionNotSupported", soap(f"urn:{text}", uri(SYSTEM))),
                ("ActionNotSupported", soap(f"{service}/None", service)),
                ("UnsupportedFeature", soap(f"{TRANSFER}/Delete", uri(SYSTEM), machine_keys(WEB))),
                ("InvalidParameter", soap(f"{service}/ModifyGuestServiceSettings", service, body=(
                    f'<c:ModifyGuestServiceSettings_INPUT xmlns:c="{service}"><c:None/>'
                    "</c:ModifyGuestServiceSettings_INPUT>"))),
                ("SchemaValidationError", soap(f"{service}/StartService", service, body="<n:Pull/>")),
                ("SchemaValidationError", enumerate_("<n:None/>")),
                ("CannotProcessFilter", enumerate_(wql(text), uri("*"))),
                ("FilterDialectRequestedUnavailable", enumerate_(f'<w:Filter Dialect="{text}"/>')),
                ("UnsupportedFeature", enumerate_("<w:EnumerationMode>None</w:EnumerationMode>")),
                ("InvalidExpirationTime", enumerate_("<n:Expires>never</n:Expires>")),
                ("UnsupportedExpirationType", enumerate_("<n:Expires>2030-01-01T00:00:00Z</n:Expires>")),
                ("InvalidEnumerationContext", soap(PULL, uri(SYSTEM), body=(
                    f"<n:Pull><n:EnumerationContext>{text}</n:EnumerationContext></n:Pull>"))),
                ("EncodingLimit", soap(GET, uri(SYSTEM), header="<w:MaxEnvelopeSize>10</w:MaxEnvelopeSize>")),
                ("InvalidOptions", soap(GET, uri(SYSTEM), header=(
                    '<w:OptionSet><w:Option Name="x" MustComply="true">x</w:Option></w:OptionSet>'))),
                ("InvalidMessageInformationHeader", soap(GET, uri(SYSTEM), header=(
                    f"<w:OperationTimeout>{text}</w:OperationTimeout>")))):
            with self.subTest(subcode, request=request):
                self.refused(subcode, request)

    def test_faults_of_soap(self):
        # Faults without a subcode, or without a message to relate to.
        for code, status, request in (
                ("s:MustUnderstand", 500, soap(GET, uri(SYSTEM), header=(
                    '<u:None xmlns:u="urn:u" s:mustUnderstand="1"/>'))),
                ("s:VersionMismatch", 500, soap(GET, uri(SYSTEM)).replace(
                    NAMES["s"], "http://schemas.xmlsoap.org/soap/envelope/")),
                ("s:Sender", 400, "<html/>"), ("s:Sender", 400, "no XML"), ("s:Sender", 400, ""),
                ("s:Sender", 500, re.sub("<a:MessageID>.*</a:MessageID>", "", soap(GET, uri(SYSTEM)))),
                ("s:Sender", 500, re.sub("<a:Action>.*</a:Action>", "", soap(GET, uri(SYSTEM)))),
                ("s:Sender", 500, openwsman(GET, uri(SYSTEM)).replace("role/anonymous", "role/none"))):
            with self.subTest(code, request=request):
                answer = self.send(request)
                self.assertEqual(answer.status, status, answer.text)
                self.assertIn(f"<s:Fault><s:Code><s:Value>{code}</s:Value>", answer.text)


@unittest.skipUnless(shutil.which("xmllint"), "needs the Debian package libxml2-utils: tools/install-packages check")
class TheCheck(unittest.TestCase):
    """That it finds what is wrong."""

    RECORDED = vmms.SOURCE / "tests" / "captures" / "recorded-host"

    def problems(self, text):
        recorder = wire.Recorder()
        recorder("application/soap+xml;charset=UTF-8", text.encode())
        try:
            recorder.check()
        except AssertionError as e:
            return str(e)
        return None

    def test_what_real_hosts_send_is_right(self):
        files = sorted(self.RECORDED.glob("*.xml"))
        self.assertEqual(len(files), 4)
        for file in files:
            self.assertIsNone(self.problems(file.read_text()), file)

    def test_mistakes_are_found(self):
        pulled = (self.RECORDED / "recorded_computersystem_pull_host.xml").read_text()
        element = (self.RECORDED / "recorded_affectedjobelement_pull.xml").read_text()
        for text, old, new in (
                (pulled, "</p:Caption>", "</p:caption>"),
                (pulled, "<p:Name>", "<q:Name>"),
                (pulled, "<n:PullResponse>", "<n:PullResponse><n:EndOfSequence/>"),
                (pulled, "<s:Body>", "<s:Body/><s:Body>"),
                (element, "<w:ResourceURI>", "<w:Resource>"),
                (element, " Name=\"InstanceID\"", ""),
                (element, "<w:SelectorSet>", "<w:Selectors>"),
                (element, "<n:EndOfSequence/>", "<n:EnumerationContext>x</n:EnumerationContext>")):
            broken = text.replace(old, new)
            if old.startswith("<w:") or old.startswith("<a:"):
                broken = broken.replace(old.replace("<", "</"), new.replace("<", "</"))
            elif new.startswith("<q:"):
                broken = broken.replace("</p:Name>", "</q:Name>")
            self.assertNotEqual(broken, text)
            with self.subTest(new):
                self.assertIsNotNone(self.problems(broken))


if __name__ == "__main__":
    vmms.main()
