"""What the whole-process tests share: a running vmmsd, the command line, and a bare WS-Management client."""

import base64
import http.client
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import xml.etree.ElementTree as ElementTree

SOURCE = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("VMMS_BUILD", SOURCE / "build" / "dev")).resolve()
GUEST = pathlib.Path(os.environ.get("VMMS_TEST_GUEST", SOURCE / "build" / "guest")).resolve()
SANITIZED = bool(os.environ.get("VMMS_SANITIZE"))  # memory and times say nothing then
USER, PASSWORD = "tester", "correct horse"
RESOURCE = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/"

WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"

NAMES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
}


class Fault(Exception):
    """A SOAP fault: its subcode's local name and its text."""

    def __init__(self, status, body):
        root = ElementTree.fromstring(body)
        self.status = status
        subcode = root.find(".//s:Subcode/s:Value", NAMES)
        self.subcode = "" if subcode is None else subcode.text.split(":")[-1]
        reason = root.find(".//s:Reason/s:Text", NAMES)
        self.text = "" if reason is None else reason.text or ""
        super().__init__(f"{self.subcode}: {self.text}")


class Instance(dict):
    """The properties of an instance: text, None for NULL, a list where a property repeats."""

    @classmethod
    def read(cls, element):
        instance = cls()
        instance.class_name = local(element)
        for child in element:
            nil = child.get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"
            value = None if nil else "".join(child.itertext())
            name = local(child)
            if name in instance:
                if not isinstance(instance[name], list):
                    instance[name] = [instance[name]]
                instance[name].append(value)
            else:
                instance[name] = value
        return instance


def local(element):
    return element.tag.split("}")[-1]


class Client:
    """A WS-Management client of few lines, independent of the project's own. One connection, not thread-safe."""

    recorder = None  # is given the content type and the bytes of every answer

    def __init__(self, url, user=USER, password=PASSWORD):
        self.url = urllib.parse.urlsplit(url)
        self.resource = RESOURCE
        self.authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.connection = None

    def post(self, body, timeout=150):
        response = self.exchange(body.encode(), timeout=timeout)
        return response.status, response.content

    def exchange(self, body, headers=(), path=None, timeout=150):
        """Sends bytes, to another path or with other headers if told (None: without), and returns the response, with
        its body as `content`."""
        headers = {"Content-Type": "application/soap+xml;charset=UTF-8", "Authorization": self.authorization} | dict(headers)
        headers = {name: value for name, value in headers.items() if value is not None}
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=timeout)
        self.connection.timeout = timeout
        try:
            self.connection.request("POST", path or self.url.path, body, headers)
            response = self.connection.getresponse()
            response.content = response.read()
            if self.recorder:
                self.recorder(response.getheader("Content-Type", ""), response.content)
            return response
        except Exception:
            self.close()
            raise

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def request(self, action, class_name, keys=(), body="", timeout=None, headers=""):
        selectors = "".join(f'<w:Selector Name="{name}">{escape(value)}</w:Selector>' for name, value in dict(keys).items())
        envelope = (
            f'<s:Envelope xmlns:s="{NAMES["s"]}" xmlns:a="{NAMES["a"]}" xmlns:n="{NAMES["n"]}" xmlns:w="{NAMES["w"]}">'
            f"<s:Header><a:Action>{action}</a:Action><a:To>{self.url.geturl()}</a:To>"
            f"<w:ResourceURI>{self.resource}{class_name}</w:ResourceURI><a:MessageID>uuid:{os.urandom(4).hex()}</a:MessageID>"
            f"<a:ReplyTo><a:Address>{NAMES['a']}/role/anonymous</a:Address></a:ReplyTo>"
            + (f"<w:OperationTimeout>PT{timeout}S</w:OperationTimeout>" if timeout else "")
            + (f"<w:SelectorSet>{selectors}</w:SelectorSet>" if selectors else "")
            + f"{headers}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )
        status, answer = self.post(envelope)
        if status != 200:
            if not answer.lstrip().startswith(b"<"):
                raise AssertionError(f"HTTP {status}: {answer[:300]!r}")
            raise Fault(status, answer)
        return ElementTree.fromstring(answer).find("s:Body", NAMES)

    def get(self, class_name, keys=()):
        return Instance.read(self.request("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", class_name, keys)[0])

    def transfer(self, verb, class_name, keys=(), properties=None, fragment=None):
        """Put, Create or Delete; with `fragment` Get or Put of one property, named by an XPath."""
        header = "" if fragment is None else \
            f'<w:FragmentTransfer s:mustUnderstand="true">{escape(fragment)}</w:FragmentTransfer>'
        elements = "".join(f"<p:{name}>{escape(value)}</p:{name}>" for name, value in (properties or {}).items())
        element = "w:XmlFragment" if fragment else f"p:{class_name}"
        body = "" if properties is None else f'<{element} xmlns:p="{RESOURCE}{class_name}">{elements}</{element}>'
        return self.request(NAMES["x"] + "/" + verb, class_name, keys, body, headers=header)

    def query(self, wql, most=100):
        """What a WQL query finds; of columns the instances' class_name is XmlFragment."""
        return self.enumerate("*", most, f'<w:Filter Dialect="{WQL}">{escape(wql)}</w:Filter>')

    def cimv2(self, wql):
        """The same in root/cimv2."""
        client = Client(self.url.geturl())
        client.resource = RESOURCE.replace("virtualization/v2", "cimv2")
        try:
            return client.query(wql)
        finally:
            client.close()

    def enumerate(self, class_name, most=100, inside=""):
        action = NAMES["n"] + "/"
        body = self.request(action + "Enumerate", class_name, body=f"<n:Enumerate>{inside}</n:Enumerate>")
        context = body.find(".//n:EnumerationContext", NAMES)
        instances = []
        while context is not None and context.text:
            pull = f"<n:Pull><n:EnumerationContext>{context.text}</n:EnumerationContext><n:MaxElements>{most}</n:MaxElements></n:Pull>"
            body = self.request(action + "Pull", class_name, body=pull)
            instances += [Instance.read(item) for item in body.find(".//n:Items", NAMES) or ()]
            context = body.find(".//n:EnumerationContext", NAMES)
            if body.find(".//n:EndOfSequence", NAMES) is not None:
                break
        return instances

    def invoke(self, class_name, keys, method, inputs="", timeout=None):
        """The outputs of a method, ReturnValue as a number. `inputs` is XML with the prefix p."""
        body = f'<p:{method}_INPUT xmlns:p="{RESOURCE}{class_name}">{inputs}</p:{method}_INPUT>'
        output = Instance.read(self.request(RESOURCE + class_name + "/" + method, class_name, keys, body, timeout)[0])
        output["ReturnValue"] = int(output["ReturnValue"])
        return output


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def service_keys(machine_id, name, class_name="Vmms_GuestOSService"):
    return {
        "CreationClassName": class_name,
        "Name": name,
        "SystemCreationClassName": "Msvm_ComputerSystem",
        "SystemName": machine_id,
    }


def machine_keys(machine_id):
    return {"CreationClassName": "Msvm_ComputerSystem", "Name": machine_id}


INTERFACE = "6C09BB55-D683-4DA0-8931-C9BF705F6480"


def interface_setting(machine_id, enabled):
    """The input of ModifyGuestServiceSettings that turns a VM's Guest Service Interface on or off."""
    instance = (
        '<INSTANCE CLASSNAME="Msvm_GuestServiceInterfaceComponentSettingData">'
        f'<PROPERTY NAME="InstanceID" TYPE="string"><VALUE>Microsoft:{machine_id}\\{INTERFACE}</VALUE></PROPERTY>'
        f'<PROPERTY NAME="EnabledState" TYPE="uint16"><VALUE>{2 if enabled else 3}</VALUE></PROPERTY></INSTANCE>'
    )
    return f"<p:GuestServiceSettings>{escape(instance)}</p:GuestServiceSettings>"


def copy_setting(source, destination, overwrite=False, create_path=False, dtd=2):
    """An element of CopyFilesToGuest's input, as GetText(1) (WMI's own spelling) or GetText(2) (CIM's) writes it."""
    origin = ' CLASSORIGIN="Msvm_CopyFileToGuestSettingData"' if dtd == 1 else ""
    properties = "".join(
        f'<PROPERTY NAME="{name}"{origin} TYPE="{kind}"><VALUE>{escape(str(value))}</VALUE></PROPERTY>'
        for name, kind, value in (("SourcePath", "string", source), ("DestinationPath", "string", destination),
                                  ("OverwriteExisting", "boolean", str(overwrite).upper()),
                                  ("CreateFullPath", "boolean", str(create_path).upper())))
    extras = ""
    if dtd == 1:  # qualifiers, and properties that are NULL
        extras = ('<QUALIFIER NAME="AMENDMENT" PROPAGATED="true" TYPE="boolean" OVERRIDABLE="false"><VALUE>TRUE</VALUE>'
                  '</QUALIFIER><PROPERTY NAME="Caption" CLASSORIGIN="CIM_ManagedElement" TYPE="string"></PROPERTY>')
    instance = f'<INSTANCE CLASSNAME="Msvm_CopyFileToGuestSettingData">{extras}{properties}</INSTANCE>'
    return f"<p:CopyFileToGuestSettings>{escape(instance)}</p:CopyFileToGuestSettings>"


def job_id_of(output):
    return re.search(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", output["Job"]).group(0)


class Daemon:
    """A vmmsd on a port that the kernel chose, with one user. Ends with the test."""

    def __init__(self, test, *arguments, state=None):
        self.folder = pathlib.Path(state) if state else pathlib.Path(tempfile.mkdtemp(prefix="vmms-test-"))
        if state is None:
            test.addClassCleanup(subprocess.run, ["rm", "-rf", str(self.folder)]) if isinstance(test, type) else \
                test.addCleanup(subprocess.run, ["rm", "-rf", str(self.folder)])
        (test.addClassCleanup if isinstance(test, type) else test.addCleanup)(self.kill)
        self.users = self.folder / "users"
        if not self.users.exists():
            subprocess.run([BUILD / "vmms", "user", "add", USER, "--users", self.users], input=PASSWORD + "\n", text=True,
                           check=True, stdout=subprocess.DEVNULL)
        self.socket = self.folder / "vmmsd.sock"
        self.arguments = [str(BUILD / "vmmsd"), "--users", str(self.users), "--state", str(self.folder), "--wsman",
                          "127.0.0.1:0", "--socket", str(self.socket), *map(str, arguments)]
        self.process = None
        self.start()

    def open_log(self):
        """Where standard error goes."""
        return open(self.folder / "log", "ab")

    def start(self):
        self.log = self.open_log()
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, stderr=self.log)
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline().decode() if ready else ""
        if not line.startswith("ready"):
            self.kill()
            raise AssertionError(f"vmmsd is not ready: {line!r}\n{(self.folder / 'log').read_text()[-3000:]}")
        self.urls = dict(re.findall(r" (\w+)=(\S+)", line))  # by protocol: wsman, cimxml, cimxmls …
        self.url = self.urls["wsman"]

    def client(self):
        return Client(self.url)

    def cli(self, *arguments, check=True, timeout=150, server=None):
        """Runs `vmms` and returns its finished process; with check its exit status must be 0."""
        environment = dict(os.environ, VMMS_SERVER=server or self.url)
        if server is None:
            environment.update(VMMS_USER=USER, VMMS_PASSWORD=PASSWORD)
        done = subprocess.run([str(BUILD / "vmms"), *arguments], env=environment, text=True, capture_output=True,
                              timeout=timeout)
        if check and done.returncode != 0:
            raise AssertionError(f"vmms {' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def json(self, *arguments):
        return json.loads(self.cli("--json", *arguments).stdout)

    def terminate(self):
        """TERM; returns the exit status and the seconds that it took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=10)
        self.process.stdout.close()
        self.log.close()
        return status, time.monotonic() - begun

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.log.close()

    def job(self, client, output, timeout=60, class_name="Msvm_ConcreteJob"):
        """Waits for the job of an output and returns its instance."""
        job_id = job_id_of(output)
        end = time.monotonic() + timeout
        while True:
            job = client.get(class_name, {"InstanceID": job_id})
            if int(job["JobState"]) >= 7 or time.monotonic() > end:
                return job
            time.sleep(0.1)


def main():
    unittest.main(verbosity=2)
