"""What the tests with hostile clients share: raw connections, requests as bytes, and a vmmsd that is measured."""

import base64
import errno
import pathlib
import re
import resource
import socket
import struct
import subprocess
import tempfile
import time
import unittest

import vmms

# Growth of the resident set that is no leak: the allocator's free lists, stacks of threads that ended.
MOST_GROWTH = 30 * 1024 * 1024
LARGEST_ENVELOPE = 4 * 1024 * 1024
# A machine may be loaded; only a hang takes this long.
PATIENCE = 60
STRANGER, STRANGERS_PASSWORD = "stranger", "danger"

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
name = "hang"
start = "hang"

[[fleet]]
prefix = "farm"
count = 120
"""

# Not served here.
OTHER_SCHEMES = (None, "Negotiate TlRMTVNTUAABAAAA", "Bearer x", "Digest username=x", "Kerberos", "x" * 5000)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


RIGHT = basic(STRANGER, STRANGERS_PASSWORD)
WSMID = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
IDENTIFY = (f'<s:Envelope xmlns:s="{vmms.NAMES["s"]}" xmlns:i="{WSMID}"><s:Body><i:Identify/></s:Body>'
            "</s:Envelope>").encode()


class Answer:
    """The answer on a connection until its end; status None: there was none."""

    def __init__(self, received):
        self.status, self.head, self.body = None, b"", b""
        self.contexts = re.findall(rb"<n:EnumerationContext>([^<]+)<", received)
        while received:
            head, separator, rest = received.partition(b"\r\n\r\n")
            match = re.match(rb"HTTP/1\.1 ([0-9]{3}) ", head)
            if not match or not separator:
                raise AssertionError(f"this is no HTTP: {received[:200]!r}")
            if match.group(1) != b"100":
                self.status, self.head, self.body = int(match.group(1)), head, rest
                return
            received = rest

    def header(self, name):
        match = re.search(rb"(?im)^" + name.encode() + rb": *([^\r]*)", self.head)
        return match.group(1).decode() if match else None

    def reason(self):
        text = re.search(rb"<s:Text[^>]*>([^<]*)<", self.body)
        return (text.group(1) if text else self.body[:200]).decode(errors="replace")

    def first_body(self):
        """Without what later answers on the same connection hold."""
        return self.body[: int(self.header("Content-Length") or 0)]


def read_to_end(connection):
    received = []
    try:
        while chunk := connection.recv(65536):
            received.append(chunk)
    except (ConnectionResetError, BrokenPipeError):
        pass
    return b"".join(received)


def connect(port, source="127.0.0.1", receive_buffer=None):
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(PATIENCE)
    connection.bind((source, 0))
    connection.connect(("127.0.0.1", port))
    return connection


def exchange(port, data, source="127.0.0.1"):
    """Sends, closes its sending side, and reads everything."""
    with connect(port, source) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except (ConnectionResetError, BrokenPipeError):
            pass  # refused before all was sent
        except OSError as e:
            if e.errno != errno.ENOTCONN:  # the same, noticed by shutdown
                raise
        return Answer(read_to_end(connection))


def reset(connection):
    """Leaves abruptly: RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def post(body, authorization=RIGHT, length=None, path="/wsman", kind="application/soap+xml;charset=UTF-8", fields=()):
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {kind}",
             f"Content-Length: {len(body) if length is None else length}", *fields]
    if authorization:
        lines.append(f"Authorization: {authorization}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def envelope(action, resource="Msvm_ComputerSystem", header="", body=""):
    names = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in vmms.NAMES.items())
    return (f"<s:Envelope{names}><s:Header><a:Action>{action}</a:Action><a:To>http://127.0.0.1/wsman</a:To>"
            f"<w:ResourceURI>{vmms.RESOURCE}{resource}</w:ResourceURI><a:MessageID>uuid:1</a:MessageID>{header}"
            f"</s:Header><s:Body>{body}</s:Body></s:Envelope>").encode("utf-8", "surrogatepass")


def get(header):
    return envelope("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", header=header)


def enumerate_all(inside="", resource="Msvm_ComputerSystem", header=""):
    optimized = f"<w:OptimizeEnumeration/><w:MaxElements>2000</w:MaxElements>{inside}"
    return envelope(vmms.NAMES["n"] + "/Enumerate", resource, header, f"<n:Enumerate>{optimized}</n:Enumerate>")


def query(wql):
    return enumerate_all(f'<w:Filter Dialect="{vmms.WQL}">{vmms.escape(wql)}</w:Filter>', "*")


# In one answer: queries with a condition may take their time.
EVERYTHING = query("SELECT * FROM Msvm_ComputerSystem WHERE Name <> 'x'")


def selectors(text):
    return f"<w:SelectorSet>{text}</w:SelectorSet>"


def write_fleet(test):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-fleet-"))
    test.addClassCleanup(subprocess.run, ["rm", "-rf", str(folder)])
    file = folder / "fleet.toml"
    file.write_text(FLEET)
    return file


class Attacked(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # The daemon starts with the soft limit that is usual and raises its own; this process needs more than that.
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))
        cls.daemon = vmms.Daemon(cls, "--simulate", write_fleet(cls))
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(4096, hard)), hard))
        cls.idle_files, cls.idle_threads = cls.files(), cls.threads()
        cls.add_user(STRANGER)
        client = cls.daemon.client()
        cls.port = client.url.port
        cls.web = next(m["Name"] for m in client.enumerate("Msvm_ComputerSystem") if m["ElementName"] == "web")
        client.close()

    def setUp(self):
        self.client = self.daemon.client()
        self.addCleanup(self.client.close)

    @classmethod
    def add_user(cls, name):
        """Strangers have separate user names: limits per user must not affect other users."""
        subprocess.run([vmms.BUILD / "vmms", "user", "add", name, "--users", cls.daemon.users],
                       input=STRANGERS_PASSWORD + "\n", text=True, check=True, stdout=subprocess.DEVNULL)

    @classmethod
    def process(cls, name):
        return pathlib.Path("/proc", str(cls.daemon.process.pid), name)

    @classmethod
    def memory(cls):
        return int(re.search(r"VmRSS:\s+([0-9]+) kB", cls.process("status").read_text()).group(1)) * 1024

    @classmethod
    def threads(cls):
        return int(re.search(r"Threads:\s+([0-9]+)", cls.process("status").read_text()).group(1))

    @classmethod
    def thread_names(cls):
        return [task.joinpath("comm").read_text().strip() for task in cls.process("task").iterdir()]

    @classmethod
    def is_sanitized(cls):
        """A sanitizer keeps freed memory for a while."""
        return vmms.SANITIZED

    @classmethod
    def files(cls):
        return len(list(cls.process("fd").iterdir()))

    def eventually(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                self.fail(what())
            time.sleep(0.1)

    def returns(self, measure, idle, what):
        self.eventually(lambda: measure() <= idle, lambda: f"{measure()} {what}, {idle} at the start")

    def right_answers(self):
        everything = self.client.enumerate("Msvm_ComputerSystem")
        web = self.client.get("Msvm_ComputerSystem", vmms.machine_keys(self.web))
        service = self.client.get("Vmms_GuestOSService", vmms.service_keys(self.web, "web.service"))
        for system in (web, *everything):
            system.pop("OnTimeInMilliseconds", None)
        return everything, web, service

    def assert_log_has_no_errors(self):
        log = (self.daemon.folder / "log").read_text(errors="replace")
        self.assertRegex(log, r"(?m)^\S+ info ")
        self.assertEqual(re.findall(r"(?m)^\S+ (?:error|critical) .*", log)[:5], [])
