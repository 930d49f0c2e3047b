#!/usr/bin/env python3
"""Other people's clients: their recorded requests replayed against a running vmmsd, and Debian's shell client wsl."""

import http.client
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import vmms
from vmms import NAMES, Instance, local

# The host has the name that the recorded requests ask for.
FLEET = """
[host]
name = "HOST1"

[[vm]]
name = "web"
state = "running"
settings = { guest_service_interface = true }
[[vm.guest.service]]
name = "web"
[[vm.guest.service]]
name = "other"
"""

CAPTURES = vmms.SOURCE / "tests" / "captures"
SYSTEM = {"CreationClassName": "Msvm_ComputerSystem", "Name": "HOST1", "ElementName": "HOST1"}

# What each recorded request is answered, in the order of recording: the HTTP status, and a fault's subcode or the name
# of the element in the Body; then the number of items, or properties. A Pull pulls from the enumeration before it.
ANSWERS = {
    "openwsman/02-Identify.http": (200, "IdentifyResponse", {"ProductVendor": "vmms"}),
    "openwsman/04-Enumerate.http": (200, "EnumerateResponse"),
    # Without MaxElements a Pull gets one item.
    "openwsman/05-Pull.http": (200, "PullResponse", 1),
    "openwsman/06-Pull.http": (200, "PullResponse", 1),
    "openwsman/08-Enumerate-WQL.http": (200, "EnumerateResponse"),
    "openwsman/09-Pull.http": (200, "PullResponse", 0),  # there is no system named x
    "openwsman/11-Enumerate-EnumerateEPR.http": (200, "EnumerateResponse"),
    "openwsman/12-Pull.http": (200, "PullResponse", 2),
    "openwsman/14-Enumerate-EnumerateObjectAndEPR-Opt.http": (200, "EnumerateResponse", 2),
    "openwsman/16-Get.http": (200, "Msvm_ComputerSystem", SYSTEM),
    "openwsman/18-Invoke-StartService.http": (200, "StartService_OUTPUT", {"ReturnValue": "1"}),
    # Found by its Name alone, as method calls may; but the host's own state is not for clients to change.
    "openwsman/20-Invoke-RequestStateChange.http": (500, "UnsupportedFeature"),
    # Elsewhere the Name alone names no system.
    "openwsman/22-Get.http": (500, "DestinationUnreachable"),
    "openwsman/23-Put.http": (500, "DestinationUnreachable"),
    "openwsman/25-Delete.http": (500, "DestinationUnreachable"),
    "openwsman/27-Subscribe.http": (500, "ActionNotSupported"),
    "openwsman/29-Subscribe.http": (500, "ActionNotSupported"),
    "pypsrp/01-Enumerate.http": (200, "EnumerateResponse"),
    "pypsrp/02-Pull.http": (200, "PullResponse", 2),
    "pypsrp/03-Enumerate-Opt.http": (200, "EnumerateResponse", 2),
    "pypsrp/04-Enumerate-EnumerateEPR.http": (200, "EnumerateResponse"),
    "pypsrp/05-Pull.http": (200, "PullResponse", 2),
    "pypsrp/06-Enumerate-WQL.http": (200, "EnumerateResponse"),
    "pypsrp/07-Pull.http": (200, "PullResponse", 2),
    "pypsrp/08-Get.http": (200, "Msvm_ComputerSystem", SYSTEM),
    "pypsrp/09-Invoke-StartService.http": (500, "DestinationUnreachable"),  # a system's selectors on a service
    "pypsrp/10-Put.http": (500, "UnsupportedFeature"),
    "pypsrp/11-Delete.http": (500, "UnsupportedFeature"),
}
# Whose enumeration goes on, of those with items.
GO_ON = ("openwsman/05-Pull.http",)


class Served(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-fleet-"))
        cls.addClassCleanup(subprocess.run, ["rm", "-rf", str(folder)])
        (folder / "fleet.toml").write_text(FLEET)
        cls.daemon = vmms.Daemon(cls, "--simulate", folder / "fleet.toml")

    def setUp(self):
        self.client = self.daemon.client()
        self.addCleanup(self.client.close)


class RecordedRequests(Served):
    def setUp(self):
        super().setUp()
        self.connection = http.client.HTTPConnection(self.client.url.hostname, self.client.url.port, timeout=60)
        self.addCleanup(self.connection.close)

    def send(self, name, authorization, context=None):
        """Sends a recorded request as it is, but for whom it is from and, in a Pull, the context."""
        head, _, body = (CAPTURES / name).read_bytes().partition(b"\r\n\r\n")
        if context is not None:
            body = re.sub(rb"(EnumerationContext>)[^<]*<", rb"\g<1>" + context.encode() + b"<", body)
        request, *fields = head.decode().split("\r\n")
        method, path, _ = request.split()
        self.connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for field in fields:
            key, _, value = field.partition(": ")
            if key not in ("Authorization", "Content-Length"):
                self.connection.putheader(key, value)
        self.connection.putheader("Content-Length", str(len(body)))
        if authorization:
            self.connection.putheader("Authorization", authorization)
        self.connection.endheaders(body)
        response = self.connection.getresponse()
        return response, response.read(), body

    def context_of(self, body):
        return body.findtext(".//n:EnumerationContext", "", NAMES)

    def check(self, name, response, text, request):
        status, what, *more = ANSWERS[name]
        self.assertEqual(response.status, status, text)
        self.assertRegex(response.getheader("Content-Type"), "^application/soap\\+xml;charset=UTF-8$")
        envelope = ElementTree.fromstring(text)
        asked = ElementTree.fromstring(request).findtext("s:Header/a:MessageID", None, NAMES)
        self.assertEqual(envelope.findtext("s:Header/a:RelatesTo", None, NAMES), asked)
        body = envelope.find("s:Body", NAMES)
        if status != 200:
            self.assertEqual(vmms.Fault(status, text).subcode, what)
            return ""
        self.assertEqual(local(body[0]), what)
        if not more:
            return self.context_of(body)
        if isinstance(more[0], dict):
            self.assertLessEqual(more[0].items(), Instance.read(body[0]).items())
            return ""
        number = self.number_of_items(body)
        # An answer has less when reading takes long; then the rest is pulled.
        while more[0] > number and (context := self.context_of(body)):
            pull = f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext></n:Pull>"
            body = self.client.request(NAMES["n"] + "/Pull", "Msvm_ComputerSystem", body=pull)
            number += self.number_of_items(body)
        self.assertEqual(number, more[0])
        ended = any(local(element) == "EndOfSequence" for element in body.iter())
        self.assertEqual(ended, name not in GO_ON)
        self.assertEqual(self.context_of(body) != "", name in GO_ON)
        return self.context_of(body)

    def number_of_items(self, body):
        return sum(len(element) for element in body.iter() if local(element) == "Items")

    def test_every_recording_is_listed(self):
        files = {str(path.relative_to(CAPTURES)) for folder in ("openwsman", "pypsrp")
                 for path in CAPTURES.glob(f"{folder}/*.http")}
        self.assertEqual(files, set(ANSWERS))

    def test_get_their_answers(self):
        context = ""
        for name in ANSWERS:
            with self.subTest(name):
                response, text, request = self.send(name, self.client.authorization, context)
                context = self.check(name, response, text, request) or context

    def test_first_without_credentials_and_again_on_the_same_connection(self):
        context = ""
        for name in ANSWERS:
            with self.subTest(name):
                for authorization in (None, "Negotiate TlRMTVNTUAABAAAAN4II4g=="):
                    response, text, _ = self.send(name, authorization, context)
                    self.assertEqual(response.status, 401)
                    self.assertRegex(response.getheader("WWW-Authenticate"), '^Basic realm="')
                    self.assertNotIn(b"HOST1", text)
                response, text, request = self.send(name, self.client.authorization, context)
                context = self.check(name, response, text, request) or context

    def test_the_first_leg_of_a_handshake_has_no_body(self):
        for fields in ({}, {"Authorization": "Negotiate TlRMTVNTUAABAAAAN4II4g=="}):
            self.connection.request("POST", "/wsman", b"", fields)
            response = self.connection.getresponse()
            response.read()
            self.assertEqual(response.status, 401)
            self.assertRegex(response.getheader("WWW-Authenticate"), '^Basic realm="')


@unittest.skipUnless(shutil.which("wslid") and shutil.which("curl") and shutil.which("xmllint"),
                     "needs the Debian packages wsl, curl and libxml2-utils: tools/install-packages check")
class Wsl(Served):
    """The shell client of Debian's package wsl. Its files are in the folder where it runs."""

    # It passes the password to a shell without quotes.
    LOGIN = ("whistle", "blower")
    SELECTOR_FILTER = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        subprocess.run([vmms.BUILD / "vmms", "user", "add", cls.LOGIN[0], "--users", cls.daemon.users], text=True,
                       input=cls.LOGIN[1] + "\n", check=True, stdout=subprocess.DEVNULL)

    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="vmms-wsl-")
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder])

    def run_wsl(self, *arguments):
        """Runs a command and returns the answers that it printed."""
        # HOME: at its first run it writes a configuration there.
        environment = dict(os.environ, HOME=self.folder, WSENDPOINT=self.client.url.netloc, WSNOSSL="true",
                           WSUSER=self.LOGIN[0], WSPASS=self.LOGIN[1], KEEPHISTORY="0", OUTLEVEL="1", TERM="dumb")
        for name in ("USEWGET", "WSENUMMAXELEM", "WSENUMOPTIMIZE", "FORMATDISPLAY", "RTFILEPREFIX", "OUTPREFIX"):
            environment.pop(name, None)
        done = subprocess.run(arguments, env=environment, cwd=self.folder, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        answers = re.findall(r"(?s)<s:Envelope.*?</s:Envelope>", done.stdout)
        self.assertTrue(answers, done.stdout + done.stderr)
        return [ElementTree.fromstring(answer).find("s:Body", NAMES) for answer in answers]

    def items(self, answers):
        return [item for body in answers for items in body.iter() if local(items) == "Items" for item in items]

    def test_identifies(self):
        identity, = self.run_wsl("wslid", "check")
        self.assertEqual(Instance.read(identity[0])["ProductVendor"], "vmms")

    def test_lists_systems(self):
        for options in ((), ("-opti", "20")):
            systems = self.items(self.run_wsl("wslenum", vmms.RESOURCE + "Msvm_ComputerSystem", *options))
            self.assertEqual({Instance.read(system)["ElementName"] for system in systems}, {"HOST1", "web"})

    def test_reads_a_service(self):
        name = "Msvm_VirtualSystemManagementService"
        service, = self.run_wsl("wslget", vmms.RESOURCE + name, f"CreationClassName={name}", "Name=vmms")
        self.assertEqual(Instance.read(service[0])["Started"], "true")

    def test_starts_a_service(self):
        machine = next(m["Name"] for m in self.client.enumerate("Msvm_ComputerSystem") if m["ElementName"] == "web")
        services = lambda: self.client.enumerate("Vmms_GuestOSService")
        started = lambda: {service["Name"]: service["Started"] for service in services()}
        self.assertEqual(started(), {"web.service": "false", "other.service": "false"})
        # It calls the instance of the reference that it finds in a file.
        found = self.run_wsl("wslenum", vmms.RESOURCE + "Vmms_GuestOSService", "-mode", "epr", "-dialect",
                             self.SELECTOR_FILTER, "-filter", f"Name=web.service,SystemName={machine}")
        self.assertEqual(len(self.items(found)), 1)
        output, = self.run_wsl("wslinvoke", vmms.RESOURCE + "Vmms_GuestOSService", "StartService", "-inst",
                               "response.xml")
        self.assertEqual(Instance.read(output[0]), {"ReturnValue": "0"})
        self.assertEqual(started(), {"web.service": "true", "other.service": "false"})


if __name__ == "__main__":
    vmms.main()
