"""What the tests of the wire share: requests as text, answers as text, and a check of every answer by xmllint."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import vmms
from vmms import NAMES, WQL, Fault, Instance, escape, local

ANONYMOUS = NAMES["a"] + "/role/anonymous"
MICROSOFT = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
MICROSOFT_WSMAN = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
DMTF = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
CIM = "http://schemas.dmtf.org/wbem/wscim/1/common"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
V2, CIMV2 = "root/virtualization/v2", "root/cimv2"
GET = NAMES["x"] + "/Get"
ENUMERATE, PULL, RELEASE = (f"{NAMES['n']}/{name}" for name in ("Enumerate", "Pull", "Release"))
GUID = "[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}"
MANAGEMENT = "Msvm_VirtualSystemManagementService"

WEB = "A1B2C3D4-0000-4000-8000-00000000ABCD"
FLEET = f"""
[host]
name = "HOST1"
processors = 8

[[vm]]
name = "web"
id = "{WEB}"
state = "running"
settings = {{ guest_service_interface = true }}
[[vm.guest.service]]
name = "web"

[[vm]]
name = "off"

[[vm]]
name = "paused"
state = "paused"

[[vm]]
name = "saved"
state = "saved"

[[vm]]
name = "faulty"
faults = ["start"]

[[vm]]
name = "blank"
description = ""

[[fleet]]
prefix = "farm"
count = 100
"""


def uri(class_name, namespace=V2):
    return f"{MICROSOFT}{namespace}/{class_name}"


def selectors(keys):
    text = "".join(f'<w:Selector Name="{name}">{escape(value)}</w:Selector>' for name, value in dict(keys).items())
    return f"<w:SelectorSet>{text}</w:SelectorSet>" if text else ""


def wql(query):
    return f'<w:Filter Dialect="{WQL}">{escape(query)}</w:Filter>'


def soap(action, resource, keys=(), body="", header="", message="uuid:2D5C3E1A-0000-4000-8000-000000000001"):
    """A plain request; `header` is more of it, with the prefixes s a n x w p."""
    names = "".join(f' xmlns:{prefix}="{name}"' for prefix, name in NAMES.items())
    return (f'<s:Envelope{names} xmlns:p="{MICROSOFT_WSMAN}" xmlns:xsi="{XSI}"><s:Header><a:Action>{action}</a:Action>'
            f"<a:To>http://localhost/wsman</a:To><w:ResourceURI>{resource}</w:ResourceURI>"
            f"<a:MessageID>{message}</a:MessageID><a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo>{header}"
            f"{selectors(keys)}</s:Header><s:Body>{body}</s:Body></s:Envelope>")


def openwsman(action, resource, body="", keys=()):
    """As Openwsman's library writes it, for libvirt too."""
    names = {"s": NAMES["s"], "wsa": NAMES["a"], "wsman": NAMES["w"], "wsen": NAMES["n"]}
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope'
            + "".join(f' xmlns:{prefix}="{name}"' for prefix, name in names.items())
            + f'><s:Header><wsa:Action s:mustUnderstand="true">{action}</wsa:Action>'
            f'<wsa:To s:mustUnderstand="true">http://hyperv.example:5985/wsman</wsa:To>'
            f'<wsman:ResourceURI s:mustUnderstand="true">{resource}</wsman:ResourceURI>'
            '<wsa:MessageID s:mustUnderstand="true">uuid:fe8979f6-60d9-10d9-8002-01000000fc02</wsa:MessageID>'
            f"<wsa:ReplyTo><wsa:Address>{ANONYMOUS}</wsa:Address></wsa:ReplyTo>"
            + selectors(keys).replace("w:", "wsman:") + f"</s:Header><s:Body>{body}</s:Body></s:Envelope>")


class Answer:
    """An answer: its text as it came, and read."""

    def __init__(self, status, text):
        self.status, self.text = status, text

    @property
    def body(self):
        """The element in the Body."""
        return ElementTree.fromstring(self.text).find("s:Body", NAMES)[0]

    @property
    def body_text(self):
        return re.search("(?s)<s:Body>(.*)</s:Body>", self.text).group(1)

    @property
    def instance(self):
        return Instance.read(self.body)

    @property
    def fault(self):
        return Fault(self.status, self.text)

    @property
    def context(self):
        """Of an enumeration that goes on."""
        return self.body.findtext("n:EnumerationContext", "", NAMES)

    @property
    def has_ended(self):
        return any(self.body.find(name, NAMES) is not None for name in ("n:EndOfSequence", "w:EndOfSequence"))

    @property
    def items(self):
        return [item for name in ("n:Items", "w:Items") for items in self.body.findall(name, NAMES) for item in items]


class Recorder:
    """Keeps every answer in SOAP until the tests of a file have ended, then has xmllint look at them all."""

    SCHEMA = vmms.SOURCE / "tests" / "schemas" / "answer.xsd"

    def __init__(self):
        self.folder = None
        self.test = ""
        self.files = []

    def __call__(self, content_type, content):
        if not content_type.startswith("application/soap+xml"):
            return
        if self.folder is None:
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-answers-"))
        file = self.folder / f"{len(self.files):04}-{self.test}.xml"
        file.write_bytes(content)
        self.files.append(file)

    def check(self):
        """Well-formed, with namespaces, and in the order that the standards' schemas ask for."""
        if self.folder is None:
            return
        try:
            if not shutil.which("xmllint"):
                raise unittest.SkipTest("needs the Debian package libxml2-utils: tools/install-packages check")
            problems = self.xmllint(self.files)
            # There are no schemas of classes here, so there are no types to name.
            for file in self.files:
                file.write_bytes(re.sub(rb' xsi:type="[^"]*"', b"", file.read_bytes()))
            problems += [line for line in self.xmllint(self.files, "--schema", self.SCHEMA)
                         if not line.endswith(" validates")]
        finally:
            subprocess.run(["rm", "-rf", str(self.folder)])
            self.folder, self.files = None, []
        if problems:
            raise AssertionError("xmllint:\n" + "\n".join(problems[:40]))

    @staticmethod
    def xmllint(files, *arguments):
        done = subprocess.run(["xmllint", "--noout", "--nonet", *map(str, arguments), *map(str, files)], text=True,
                              capture_output=True, timeout=120)
        if done.returncode != 0 and not done.stderr:
            raise AssertionError(f"xmllint ended with {done.returncode}")
        return done.stderr.splitlines()


record = Recorder()


class Served(unittest.TestCase):
    """Tests against a daemon with a simulated fleet; every answer is recorded."""

    fleet = FLEET

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-fleet-"))
        cls.addClassCleanup(subprocess.run, ["rm", "-rf", str(folder)])
        (folder / "fleet.toml").write_text(cls.fleet)
        cls.daemon = vmms.Daemon(cls, "--simulate", folder / "fleet.toml")

    def setUp(self):
        record.test = self._testMethodName
        self.client = self.daemon.client()
        self.client.recorder = record
        self.addCleanup(self.client.close)

    def send(self, request, headers=(), path=None):
        response = self.client.exchange(request.encode(), headers, path)
        return Answer(response.status, response.content.decode())

    def ask(self, request, headers=(), path=None):
        """Sends what must not be answered with a fault."""
        answer = self.send(request, headers, path)
        self.assertEqual(answer.status, 200, f"{request}\n{answer.text}")
        return answer

    def refused(self, subcode, request, status=500):
        answer = self.send(request)
        self.assertEqual((answer.status, answer.fault.subcode), (status, subcode), f"{request}\n{answer.text}")
        return answer

    def get(self, class_name, keys=(), namespace=V2):
        return self.ask(soap(GET, uri(class_name, namespace), keys))

    def invoke(self, class_name, keys, method, inputs=""):
        resource = uri(class_name)
        body = f'<c:{method}_INPUT xmlns:c="{resource}">{inputs}</c:{method}_INPUT>'
        return self.ask(soap(f"{resource}/{method}", resource, keys, body))

    def pull_all(self, answer, resource, inside=""):
        """The answers to all Pulls of an enumeration."""
        answers = []
        while not answer.has_ended and answer.context:
            body = f"<n:Pull><n:EnumerationContext>{answer.context}</n:EnumerationContext>{inside}</n:Pull>"
            answer = self.ask(soap(PULL, resource, body=body))
            answers.append(answer)
        return answers

    def enumerate(self, resource, inside="", most=1000):
        """All items of an enumeration."""
        body = f"<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>{most}</w:MaxElements>{inside}</n:Enumerate>"
        first = self.ask(soap(ENUMERATE, resource, body=body))
        answers = [first, *self.pull_all(first, resource, f"<n:MaxElements>{most}</n:MaxElements>")]
        return [item for answer in answers for item in answer.items]

    def query(self, text, namespace=V2, inside=""):
        """The instances that a query finds."""
        return [Instance.read(item) for item in self.enumerate(uri("*", namespace), wql(text) + inside)]

    def names(self, text):
        """The names of the instances found."""
        return sorted(instance["ElementName"] for instance in self.query(text))

    def change_state(self, name, state):
        """RequestStateChange; returns its answer and, when it has ended, the answer to Get of the job."""
        asked = self.invoke("Msvm_ComputerSystem", vmms.machine_keys(name), "RequestStateChange",
                            f"<c:RequestedState>{state}</c:RequestedState>")
        job = self.body_reference(asked, "Job")
        self.daemon.job(self.client, {"Job": job[1]["InstanceID"]})
        return asked, self.ask(soap(GET, *job))

    def body_reference(self, answer, name):
        """The resource URI and the selectors of a reference in an answer's Body, as libvirt finds them."""
        parameters = next(child for child in answer.body if local(child) == name).find("a:ReferenceParameters", NAMES)
        found = {selector.get("Name"): selector.text for selector in parameters.find("w:SelectorSet", NAMES)}
        return parameters.findtext("w:ResourceURI", None, NAMES), found
