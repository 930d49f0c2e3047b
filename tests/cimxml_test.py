#!/usr/bin/env python3
"""CIM-XML: Debian's client wbemcli, recorded and live, and every operation, with answers that fit the DTD."""

import base64
import http.client
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import tempfile
import unittest
import urllib.parse
import xml.etree.ElementTree as ElementTree

import vmms

# The password goes into URLs.
USER, PASSWORD = "whistle", "blower"
NAMESPACE = "root/virtualization/v2"
DTD = pathlib.Path(__file__).resolve().parent / "cimxml.dtd"
CAPTURES = vmms.SOURCE / "tests" / "captures" / "wbemcli"

FLEET = """
[host]
name = "HOST1"

[[vm]]
name = "web"
state = "running"
# wbemcli cannot read arrays of embedded instances, such as those of the key-value pair exchange.
settings = { guest_service_interface = true, key_value_exchange = false }
[[vm.guest.service]]
name = "web"
[[vm.guest.service]]
name = "other"
"""

# What each recorded request is answered: the code of an ERROR, or the elements of the return value and their number.
ANSWERS = {
    "01-EnumerateInstances.http": ("VALUE.NAMEDINSTANCE", 2),
    "02-EnumerateInstanceNames.http": ("INSTANCENAME", 2),
    "03-GetInstance.http": 6,  # there is no system named x
    "04-GetClass.http": ("CLASS", 1),
    "05-StartService.http": ("VALUE", 1),
    "06-GetClass.http": ("CLASS", 1),
    "07-RequestStateChange.http": 6,
    "08-Associators.http": 4,  # there is no class A
    "09-GetClass.http": ("CLASS", 1),
    "10-EnumerateClassNames.http": ("CLASSNAME", None),
    "11-DeleteInstance.http": 7,
}


class CimError(Exception):
    """An ERROR."""

    def __init__(self, element):
        self.code = int(element.get("CODE"))
        self.instance = element.find("INSTANCE")
        super().__init__(element.get("DESCRIPTION"))


def parameter(name, content):
    return f'<IPARAMVALUE NAME="{name}">{content}</IPARAMVALUE>'


def value(name, text):
    return parameter(name, f"<VALUE>{vmms.escape(str(text))}</VALUE>")


def class_name(name, parameter_name="ClassName"):
    return parameter(parameter_name, f'<CLASSNAME NAME="{name}"/>')


def instance_name(name, keys):
    bindings = "".join(f'<KEYBINDING NAME="{key}"><KEYVALUE VALUETYPE="string">{vmms.escape(text)}</KEYVALUE></KEYBINDING>'
                       for key, text in keys.items())
    return f'<INSTANCENAME CLASSNAME="{name}">{bindings}</INSTANCENAME>'


def namespace_path(namespace=NAMESPACE):
    parts = "".join(f'<NAMESPACE NAME="{part}"/>' for part in namespace.split("/"))
    return f"<LOCALNAMESPACEPATH>{parts}</LOCALNAMESPACEPATH>"


def intrinsic(name, parameters="", namespace=NAMESPACE):
    return f'<SIMPLEREQ><IMETHODCALL NAME="{name}">{namespace_path(namespace)}{parameters}</IMETHODCALL></SIMPLEREQ>'


def message(content, version="2.4"):
    return ('<?xml version="1.0" encoding="utf-8"?>'
            f'<CIM CIMVERSION="2.0" DTDVERSION="{version}"><MESSAGE ID="1" PROTOCOLVERSION="1.0">{content}</MESSAGE></CIM>')


def check_dtd(answers):
    """All of the documents, which are bytes, fit the DTD."""
    if not answers:
        return
    with tempfile.TemporaryDirectory(prefix="vmms-cimxml-") as folder:
        for number, answer in enumerate(answers):
            (pathlib.Path(folder) / f"{number}.xml").write_bytes(answer)
        files = sorted(pathlib.Path(folder).iterdir())
        done = subprocess.run(["xmllint", "--huge", "--noout", "--dtdvalid", str(DTD), *map(str, files)],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr[:3000])


@unittest.skipUnless(shutil.which("xmllint"), "needs the Debian package libxml2-utils: tools/install-packages check")
class Served(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-fleet-"))
        cls.addClassCleanup(subprocess.run, ["rm", "-rf", str(folder)])
        (folder / "fleet.toml").write_text(FLEET)
        cls.daemon = vmms.Daemon(cls, "--simulate", folder / "fleet.toml", "--cimxml", "127.0.0.1:0", "--cimxmls",
                                 "127.0.0.1:0")
        subprocess.run([vmms.BUILD / "vmms", "user", "add", USER, "--users", cls.daemon.users], text=True,
                       input=PASSWORD + "\n", check=True, stdout=subprocess.DEVNULL)
        cls.url = urllib.parse.urlsplit(cls.daemon.urls["cimxml"])
        cls.authorization = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        client = cls.daemon.client()
        cls.machine = next(m["Name"] for m in client.enumerate("Msvm_ComputerSystem") if m["ElementName"] == "web")
        client.close()

    def setUp(self):
        self.connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=60)
        self.addCleanup(self.connection.close)
        self.answers = []

    def tearDown(self):
        check_dtd(self.answers)

    def post(self, body, headers=(), path="/cimom", method="POST"):
        fields = {"Content-Type": 'application/xml; charset="utf-8"', "Authorization": self.authorization,
                  "CIMOperation": "MethodCall", "CIMProtocolVersion": "1.0", **dict(headers)}
        self.connection.request(method, path, body.encode(), {key: text for key, text in fields.items() if text is not None})
        response = self.connection.getresponse()
        text = response.read()
        if response.status == 200:
            self.answers.append(text)
        return response, text

    def respond(self, text):
        """The METHODRESPONSE or IMETHODRESPONSE of an answer."""
        element = ElementTree.fromstring(text)[0][0][0]
        error = element.find("ERROR")
        if error is not None:
            raise CimError(error)
        return element

    def call(self, name, parameters="", namespace=NAMESPACE):
        response, text = self.post(message(intrinsic(name, parameters, namespace)),
                                   {"CIMMethod": name, "CIMObject": urllib.parse.quote(namespace, safe="")})
        self.assertEqual(response.status, 200, text)
        self.assertEqual(response.getheader("CIMOperation"), "MethodResponse")
        return self.respond(text)

    def items(self, name, parameters="", namespace=NAMESPACE):
        result = self.call(name, parameters, namespace).find("IRETURNVALUE")
        return [] if result is None else list(result)

    def code(self, name, parameters=""):
        with self.assertRaises(CimError) as raised:
            self.call(name, parameters)
        return raised.exception.code

    def system(self):
        return instance_name("Msvm_ComputerSystem", vmms.machine_keys(self.machine))


class RecordedRequests(Served):
    def test_every_recording_is_listed(self):
        self.assertEqual({path.name for path in CAPTURES.glob("*.http")}, set(ANSWERS))

    def test_get_their_answers(self):
        for name, expected in ANSWERS.items():
            with self.subTest(name):
                head, _, body = (CAPTURES / name).read_bytes().partition(b"\r\n\r\n")
                request, *fields = head.decode().split("\r\n")
                method, path, _ = request.split()
                headers = dict(field.split(": ", 1) for field in fields)
                for left_out in ("Host", "Content-Length", "Authorization", "Connection"):
                    headers.pop(left_out)
                response, text = self.post(body.decode(), headers, path, method)
                self.assertEqual(response.status, 200, text)
                self.assertEqual(ElementTree.fromstring(text)[0].get("ID"), "4711")
                if isinstance(expected, int):
                    with self.assertRaises(CimError) as raised:
                        self.respond(text)
                    self.assertEqual(raised.exception.code, expected, text)
                    self.assertIsNone(raised.exception.instance, "its DTD is older than that")
                    continue
                element, number = expected
                found = list(self.respond(text)[0])
                self.assertEqual({item.tag for item in found}, {element})
                if number is not None:
                    self.assertEqual(len(found), number)


class Operations(Served):
    def test_classes(self):
        for namespace in (NAMESPACE, "root/cimv2", "root/interop"):
            with self.subTest(namespace):
                names = self.items("EnumerateClassNames", value("DeepInheritance", "TRUE"), namespace)
                classes = self.items("EnumerateClasses", value("DeepInheritance", "TRUE") + value("LocalOnly", "FALSE") +
                                     value("IncludeClassOrigin", "TRUE"), namespace)
                self.assertEqual([item.get("NAME") for item in names], [item.get("NAME") for item in classes])
                self.assertTrue(self.items("EnumerateQualifiers", "", namespace))
        whole, = self.items("GetClass", class_name("Msvm_ComputerSystem") + value("LocalOnly", "FALSE"))
        self.assertEqual(whole.get("SUPERCLASS"), "CIM_ComputerSystem")
        self.assertIn("RequestStateChange", [method.get("NAME") for method in whole.iter("METHOD")])
        self.assertEqual(self.items("GetQualifier", value("QualifierName", "Key"))[0].get("TYPE"), "boolean")

    def test_instances_of_every_class(self):
        for namespace in (NAMESPACE, "root/cimv2", "root/interop"):
            for each in self.items("EnumerateClassNames", "", namespace):
                with self.subTest(each.get("NAME")):
                    named = self.items("EnumerateInstances", class_name(each.get("NAME")), namespace)
                    names = self.items("EnumerateInstanceNames", class_name(each.get("NAME")), namespace)
                    self.assertEqual(len(named), len(names))

    def test_what_an_enumeration_names_can_be_read(self):
        for name in ("Msvm_ComputerSystem", "Vmms_GuestOSService", "Msvm_HostedService"):
            for item in self.items("EnumerateInstanceNames", class_name(name)):
                path = ElementTree.tostring(item).decode()
                instance, = self.items("GetInstance", parameter("InstanceName", path))
                self.assertEqual(instance.get("CLASSNAME"), item.get("CLASSNAME"))

    def test_associations(self):
        source = parameter("ObjectName", self.system())
        settings = self.items("Associators", source + class_name("Msvm_VirtualSystemSettingData", "ResultClass"))
        self.assertEqual([item.tag for item in settings], ["VALUE.OBJECTWITHPATH"])
        self.assertEqual(len(self.items("Associators", source)), len(self.items("AssociatorNames", source)))
        self.assertEqual(len(self.items("References", source)), len(self.items("ReferenceNames", source)))
        classes = self.items("Associators", class_name("Msvm_ComputerSystem", "ObjectName"))
        self.assertIn("CLASS", [item[1].tag for item in classes])
        self.assertTrue(self.items("ReferenceNames", class_name("Msvm_ComputerSystem", "ObjectName")))
        # Without keys sblim's Java client names a class so; a singleton is named as in all other operations.
        for name, kind in (("Msvm_ComputerSystem", "CLASSPATH"), ("Msvm_VirtualSystemManagementService", "INSTANCEPATH")):
            named = self.items("References", parameter("ObjectName", instance_name(name, {})))
            self.assertEqual({item[0].tag for item in named}, {kind}, name)

    def test_queries(self):
        query = value("QueryLanguage", "WQL") + value("Query", "SELECT ElementName FROM Msvm_ComputerSystem")
        self.assertEqual(len(self.items("ExecQuery", query)), 2)

    def pull(self, open_name, pull_name, parameters):
        """All that an opened enumeration has, one by one."""
        response = self.call(open_name, parameters + value("MaxObjectCount", 1))
        found = list(response.find("IRETURNVALUE"))
        while response.findtext("PARAMVALUE[@NAME='EndOfSequence']/VALUE") == "FALSE":
            context = response.findtext("PARAMVALUE[@NAME='EnumerationContext']/VALUE")
            response = self.call(pull_name, value("EnumerationContext", context) + value("MaxObjectCount", 1))
            found += list(response.find("IRETURNVALUE"))
        return found

    def test_pulled_operations(self):
        systems = class_name("Msvm_ComputerSystem")
        self.assertEqual(len(self.pull("OpenEnumerateInstances", "PullInstancesWithPath", systems)), 2)
        self.assertEqual(len(self.pull("OpenEnumerateInstancePaths", "PullInstancePaths", systems)), 2)
        fql = value("FilterQueryLanguage", "DMTF:FQL") + value("FilterQuery", "ElementName = 'web'")
        self.assertEqual(len(self.pull("OpenEnumerateInstances", "PullInstancesWithPath", systems + fql)), 1)
        source = parameter("InstanceName", self.system())
        for kind in ("Associator", "Reference"):
            objects = self.pull(f"Open{kind}Instances", "PullInstancesWithPath", source)
            paths = self.pull(f"Open{kind}InstancePaths", "PullInstancePaths", source)
            self.assertEqual(len(objects), len(paths))
            self.assertGreater(len(objects), 2)
        wql = value("FilterQueryLanguage", "WQL") + value("FilterQuery", "SELECT * FROM Msvm_ComputerSystem")
        self.assertEqual(len(self.pull("OpenQueryInstances", "PullInstances", wql)), 2)
        self.call("OpenQueryInstances", wql + value("ReturnQueryResultClass", "TRUE"))
        opened = self.call("OpenEnumerateInstances", systems)
        context = value("EnumerationContext", opened.findtext("PARAMVALUE[@NAME='EnumerationContext']/VALUE"))
        self.call("CloseEnumeration", context)
        self.assertEqual(self.code("PullInstancesWithPath", context + value("MaxObjectCount", 1)), 21)

    def test_creates_changes_and_deletes(self):
        name = "Msvm_GuestCommunicationServiceSettingData"
        guid = "12345678-1234-1234-1234-1234567890AB"

        def properties(**texts):
            types = {"EnabledStatePolicy": "uint16"}
            return "".join(f'<PROPERTY NAME="{key}" TYPE="{types.get(key, "string")}"><VALUE>{text}</VALUE></PROPERTY>'
                           for key, text in texts.items())

        new = properties(InstanceID=f"Microsoft:{self.machine}", Name=guid, EnabledStatePolicy="2")
        created, = self.items("CreateInstance", parameter("NewInstance", f'<INSTANCE CLASSNAME="{name}">{new}</INSTANCE>'))
        path = ElementTree.tostring(created).decode()
        instance = parameter("InstanceName", path)
        changes = f'<INSTANCE CLASSNAME="{name}">{properties(EnabledStatePolicy="3")}</INSTANCE>'
        self.call("ModifyInstance", parameter("ModifiedInstance",
                                              f"<VALUE.NAMEDINSTANCE>{path}{changes}</VALUE.NAMEDINSTANCE>"))
        policy = instance + value("PropertyName", "EnabledStatePolicy")
        self.assertEqual(self.items("GetProperty", policy)[0].text, "3")
        self.call("SetProperty", policy + value("NewValue", 8))
        self.assertEqual(self.items("GetProperty", policy)[0].text, "8")
        self.call("DeleteInstance", instance)
        self.assertEqual(self.code("GetInstance", instance), 6)

    def test_errors_have_an_instance(self):
        with self.assertRaises(CimError) as raised:
            self.call("GetInstance", parameter("InstanceName", instance_name("Msvm_ComputerSystem", {"Name": "x"})))
        properties = {item.get("NAME"): item.findtext("VALUE") for item in raised.exception.instance}
        self.assertEqual(properties["CIMStatusCode"], str(raised.exception.code))
        self.assertIn("x", properties["Message"])

    def test_several_at_once(self):
        calls = (intrinsic("EnumerateInstanceNames", class_name("Msvm_ComputerSystem")) +
                 intrinsic("GetClass", class_name("Nope")))
        _, text = self.post(message(f"<MULTIREQ>{calls}</MULTIREQ>"), {"CIMBatch": "CIMBatch"})
        first, second = ElementTree.fromstring(text)[0][0]
        self.assertEqual(len(first[0][0]), 2)
        self.assertEqual(second[0][0].get("CODE"), "6")


class Http(Served):
    HEADERS = {"CIMMethod": "EnumerateClassNames", "CIMObject": NAMESPACE}
    BODY = message(intrinsic("EnumerateClassNames"))

    def refused(self, status, cim_error, body=BODY, **how):
        headers = {**self.HEADERS, **how.pop("headers", {})}
        response, text = self.post(body, headers, **how)
        self.assertEqual(response.status, status, text)
        self.assertEqual(response.getheader("CIMError"), cim_error)

    def test_refuses_what_is_no_request(self):
        self.refused(400, "header-mismatch", headers={"CIMMethod": "GetClass"})
        self.refused(400, "unsupported-operation", headers={"CIMOperation": None})
        self.refused(501, "unsupported-protocol-version", headers={"CIMProtocolVersion": "2.0"})
        self.refused(400, "request-not-well-formed", "<CIM")
        self.refused(400, "request-not-valid", message("<SIMPLEREQ/>"))
        self.refused(415, None, headers={"Content-Type": "application/soap+xml"})

    def test_methods_and_paths(self):
        self.refused(501, None, method="M-POST")
        self.refused(405, None, method="PUT")
        self.refused(404, None, path="/wsman")
        self.assertEqual(self.post(self.BODY, self.HEADERS, path="/")[0].status, 200)
        self.refused(401, None, headers={"Authorization": None})

    def test_each_protocol_has_its_port(self):
        wsman = urllib.parse.urlsplit(self.daemon.url)
        connection = http.client.HTTPConnection(wsman.hostname, wsman.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", "/cimom", self.BODY, {"Authorization": self.authorization})
        self.assertEqual(connection.getresponse().status, 404)

    def test_tls(self):
        url = urllib.parse.urlsplit(self.daemon.urls["cimxmls"])
        context = ssl.create_default_context(cafile=self.daemon.folder / "tls-certificate.pem")
        self.connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=60, context=context)
        self.addCleanup(self.connection.close)
        self.assertEqual(self.post(self.BODY, self.HEADERS)[0].status, 200)


@unittest.skipUnless(shutil.which("wbemcli"), "needs the Debian package sblim-wbemcli: tools/install-packages check")
class Wbemcli(Served):
    """Debian's command line client."""

    def object(self, name="", keys=()):
        # It takes keys as they are, without escapes.
        bindings = ",".join(f'{key}="{text}"' for key, text in dict(keys).items())
        return f"http://{USER}:{PASSWORD}@{self.url.netloc}/{NAMESPACE}" + (f":{name}" if name else "") + \
            (f".{bindings}" if bindings else "")

    def wbemcli(self, *arguments, check=True):
        """Runs a command and returns the lines that it printed."""
        environment = dict(os.environ, HOME=str(self.daemon.folder))
        done = subprocess.run(["wbemcli", *arguments], env=environment, cwd=self.daemon.folder, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        if check:
            self.assertNotIn("wbemcli:", done.stdout + done.stderr)
            return done.stdout.splitlines()
        return (done.stdout + done.stderr).splitlines()

    def properties(self, *arguments):
        """Of one instance, by name."""
        return dict(re.findall(r"(?m)^-(\w+)=(.*)$", "\n".join(self.wbemcli("-nl", *arguments))))

    def system_object(self):
        return self.object("Msvm_ComputerSystem", vmms.machine_keys(self.machine))

    def service_object(self, name):
        return self.object("Vmms_GuestOSService", vmms.service_keys(self.machine, name))

    def test_lists_systems(self):
        names = self.wbemcli("ein", self.object("Msvm_ComputerSystem"))
        self.assertEqual(len(names), 2)
        self.assertTrue(any(self.machine in name for name in names))
        lines = self.wbemcli("-nl", "ei", self.object("Msvm_ComputerSystem"))
        self.assertIn('-ElementName="web"', lines)

    def test_reads_instances_and_classes(self):
        self.assertEqual(self.properties("gi", self.system_object())["ElementName"], '"web"')
        self.assertEqual(self.properties("gi", self.system_object(), "ElementName"), {"ElementName": '"web"'})
        self.assertIn("ElementName", self.properties("gc", self.object("Msvm_ComputerSystem")))
        self.assertIn("<CLASS", self.wbemcli("gcd", self.object("Msvm_ComputerSystem"))[0])
        self.assertGreater(len(self.wbemcli("ecn", self.object())), 50)
        self.assertGreater(len(self.wbemcli("ec", self.object("CIM_Service"))), 2)

    def test_reads_every_class(self):
        for line in self.wbemcli("ecn", self.object()):
            with self.subTest(line):
                self.wbemcli("gc", self.object(line.split(":")[-1]))
                self.wbemcli("ei", self.object(line.split(":")[-1]))

    def test_says_what_went_wrong(self):
        lines = self.wbemcli("gi", self.object("Msvm_ComputerSystem", vmms.machine_keys("x")), check=False)
        self.assertIn("(6) CIM_ERR_NOT_FOUND", "\n".join(lines))

    def test_starts_a_service(self):
        started = lambda name: self.properties("gi", self.service_object(name))["Started"]
        self.assertEqual(started("web.service"), "FALSE")
        line, = self.wbemcli("cm", self.service_object("web.service"), "StartService")
        self.assertTrue(line.endswith("StartService: 0"), line)
        self.assertEqual((started("web.service"), started("other.service")), ("TRUE", "FALSE"))

    def test_walks_associations(self):
        names = self.wbemcli("ain", "-ac", "Msvm_HostedService", self.system_object())
        self.assertTrue(any("web.service" in name for name in names), names)
        found = self.wbemcli("-nl", "ai", "-arc", "Msvm_VirtualSystemSettingData", self.system_object())
        self.assertTrue(any(line.startswith("-VirtualSystemIdentifier=") for line in found), found)
        self.assertTrue(self.wbemcli("rin", self.system_object()))
        self.assertTrue(self.wbemcli("ri", "-arc", "Msvm_SettingsDefineState", self.system_object()))
        self.assertTrue(self.wbemcli("ai", self.system_object()))

    def test_creates_changes_and_deletes(self):
        name = "Msvm_GuestCommunicationServiceSettingData"
        guid = "87654321-1234-1234-1234-1234567890AB"
        machine = f"Microsoft:{self.machine}"
        line, = self.wbemcli("ci", self.object(name, {"InstanceID": machine}),
                             f"InstanceID={machine},Name={guid},EnabledStatePolicy=2")
        key = re.search(r'InstanceID="([^"]*)"', line).group(1).replace("\\\\", "\\")
        created = self.object(name, {"InstanceID": key})
        self.assertEqual(self.properties("gi", created)["EnabledStatePolicy"], "2")
        self.wbemcli("mi", created, "EnabledStatePolicy=3")
        self.assertEqual(self.properties("gi", created)["EnabledStatePolicy"], "3")
        self.wbemcli("di", created)
        self.assertNotIn(guid, "\n".join(self.wbemcli("ein", self.object(name))))


if __name__ == "__main__":
    vmms.main()
