#!/usr/bin/env python3
"""Files through the client's connection and by paths of the host: transfers over both protocols, vmms copy, and what
hostile callers, guests and files of the host try."""

import base64
import concurrent.futures
import contextlib
import hashlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

import vmms
from cimxml_test import instance_name, namespace_path
from vmms import Fault, escape, service_keys

OTHER = "other"
MEBIBYTE = 1 << 20
TO_GUEST, FROM_GUEST = 1, 2
MOST_BYTES = 768 << 10  # of a Write or Read

FLEET = """
[host]
name = "HOST1"

[template.linux]
state = "running"

[template.linux.settings]
guest_service_interface = true

[template.linux.guest]

[[vm]]
name = "web1"
template = "linux"

[[vm]]
name = "web:2"
template = "linux"

[[vm]]
name = "tardy"
template = "linux"
[vm.guest]
latency_milliseconds = 150

[[vm]]
name = "silent"
template = "linux"
[vm.guest]
agent = "silent"

[[vm]]
name = "plain"
state = "running"
"""


def pattern(size):
    return (hashlib.sha512(str(size).encode()).digest() * (size // 64 + 1))[:size]


class Wsman:
    """Vmms_GuestFileService of one VM over WS-Management."""

    class_name, name = "Vmms_GuestFileService", "vmmsguestfilesvc"

    def __init__(self, daemon, machine_id, user=vmms.USER):
        self.daemon, self.user = daemon, user
        self.keys = service_keys(machine_id, self.name, self.class_name)
        self.clients = threading.local()

    def call(self, method, timeout=20, **inputs):
        if not hasattr(self.clients, "client"):
            self.clients.client = vmms.Client(self.daemon.url, self.user)
        xml = "".join(f"<p:{name}>{escape(str(value))}</p:{name}>" for name, value in inputs.items())
        return self.clients.client.invoke(self.class_name, self.keys, method, xml, timeout)

    def open(self, direction, path, size=None, **inputs):
        if size is not None:
            inputs["Size"] = size
        opened = self.call("OpenTransfer", Direction=direction, Path=path, **inputs)
        return opened["Transfer"], opened

    def write(self, transfer, offset, data, **how):
        return self.call("Write", Transfer=transfer, Offset=offset, Data=base64.b64encode(data).decode(), **how)

    def read(self, transfer, offset, length=MOST_BYTES // 4):
        output = self.call("Read", Transfer=transfer, Offset=offset, Length=length)
        return base64.b64decode(output["Data"] or ""), output

    def commit(self, transfer, data, size=None):
        return self.call("CommitTransfer", Transfer=transfer, Size=len(data) if size is None else size,
                         SHA256=hashlib.sha256(data).hexdigest())

    def abort(self, transfer):
        return self.call("AbortTransfer", Transfer=transfer)

    def send(self, path, data, **inputs):
        transfer, _ = self.open(TO_GUEST, path, len(data), **inputs)
        for offset in range(0, len(data), MOST_BYTES):
            self.write(transfer, offset, data[offset:offset + MOST_BYTES])
        self.commit(transfer, data)

    def receive(self, path):
        transfer, _ = self.open(FROM_GUEST, path)
        data = b""
        while True:
            piece, output = self.read(transfer, len(data))
            data += piece
            if output["EndOfFile"] == "true":
                assert output["SHA256"] == hashlib.sha256(data).hexdigest() and int(output["Size"]) == len(data), output
                self.commit(transfer, data)
                return data


class CimXml(Wsman):
    """The same over CIM-XML."""

    KINDS = {"Direction": "uint16", "Size": "uint64", "Offset": "uint64", "Length": "uint32", "Overwrite": "boolean",
             "CreatePath": "boolean", "Permissions": "uint16"}

    def call(self, method, timeout=20, **inputs):
        parameters = "".join(
            f'<PARAMVALUE NAME="{name}" PARAMTYPE="{self.KINDS.get(name, "string")}"><VALUE>{escape(str(value))}</VALUE>'
            "</PARAMVALUE>" for name, value in inputs.items())
        path = f"<LOCALINSTANCEPATH>{namespace_path()}{instance_name(self.class_name, self.keys)}</LOCALINSTANCEPATH>"
        body = ('<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" '
                f'PROTOCOLVERSION="1.0"><SIMPLEREQ><METHODCALL NAME="{method}">{path}{parameters}</METHODCALL></SIMPLEREQ>'
                "</MESSAGE></CIM>")
        if not hasattr(self.clients, "client"):
            self.clients.client = vmms.Client(self.daemon.urls["cimxml"], self.user)
        keys = ",".join(f'{name}="{value}"' for name, value in self.keys.items())
        target = f"root/virtualization/v2:{self.class_name}.{keys}"
        response = self.clients.client.exchange(body.encode(), {
            "Content-Type": 'application/xml; charset="utf-8"', "CIMOperation": "MethodCall", "CIMMethod": method,
            "CIMObject": urllib.parse.quote(target, safe="")}, path="/cimom")
        root = vmms.ElementTree.fromstring(response.content)
        error = root.find(".//ERROR")
        if error is not None:
            raise CimFault(error)
        outputs = {element.get("NAME"): "".join(element.itertext()) for element in root.iter("PARAMVALUE")}
        outputs["ReturnValue"] = int(root.find(".//RETURNVALUE/VALUE").text)
        outputs.setdefault("EndOfFile", "")
        outputs["EndOfFile"] = outputs["EndOfFile"].lower()
        return outputs


class CimFault(Exception):
    def __init__(self, error):
        self.text = error.get("DESCRIPTION")
        super().__init__(self.text)


REFUSED = (Fault, CimFault)


class Files(unittest.TestCase):
    """A simulated fleet whose daemon lets files of two folders be named."""

    options = ()

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-transfers-"))
        cls.addClassCleanup(subprocess.run, ["rm", "-rf", str(cls.folder)])
        (cls.folder / "fleet.toml").write_text(FLEET)
        for name in ("in", "out", "here"):
            (cls.folder / name).mkdir()
        cls.daemon = vmms.Daemon(cls, "--simulate", cls.folder / "fleet.toml", "--cimxml", "127.0.0.1:0", *[
            str(option).replace("FOLDER", str(cls.folder)) for option in cls.options])
        subprocess.run([vmms.BUILD / "vmms", "user", "add", OTHER, "--users", cls.daemon.users],
                       input=vmms.PASSWORD + "\n", text=True, check=True, stdout=subprocess.DEVNULL)
        cls.client = cls.daemon.client()
        cls.ids = {each["ElementName"]: each["Name"] for each in cls.client.enumerate("Msvm_ComputerSystem")}

    def service(self, machine="web1", protocol=Wsman, user=vmms.USER):
        return protocol(self.daemon, self.ids[machine], user)

    def file(self, name, content):
        path = self.folder / "here" / name
        path.write_bytes(content)
        return path

    def copy(self, *arguments, check=True, **options):
        return self.daemon.cli("copy", *map(str, arguments), check=check, **options)

    def names(self, machine, directory):
        return {each["name"] for each in self.daemon.json("ls", f"{machine}:{directory}")}

    def empty(self, machine="web1"):
        for name in self.names(machine, "/tmp"):
            self.daemon.cli("rm", f"{machine}:/tmp/{name}")


class Transfers(Files):
    def tearDown(self):
        self.empty()

    def test_both_protocols_send_and_receive(self):
        for protocol in (Wsman, CimXml):
            for size in (0, 1, 5000, 70_000, 2 * MEBIBYTE + 17):
                with self.subTest(protocol=protocol.__name__, size=size):
                    service = self.service(protocol=protocol)
                    service.send("/tmp/x", pattern(size), Overwrite="true", Permissions=0o640)
                    self.assertEqual(self.names("web1", "/tmp"), {"x"})
                    self.assertEqual(service.receive("/tmp/x"), pattern(size))
        self.assertEqual(self.daemon.json("ls", "web1:/tmp/x")[0]["permissions"], "0640")

    def test_a_transfer_has_a_job(self):
        service = self.service()
        data = pattern(MEBIBYTE)
        transfer, opened = service.open(TO_GUEST, "/tmp/x", len(data))
        self.assertEqual(opened["ReturnValue"], 4096)
        keys = {"InstanceID": vmms.job_id_of(opened)}
        service.write(transfer, 0, data[:MEBIBYTE // 2])
        job = self.client.get("Msvm_CopyFileToGuestJob", keys)
        self.assertEqual(job["JobState"], "4")
        self.assertGreaterEqual(int(job["PercentComplete"]), 40)
        service.write(transfer, MEBIBYTE // 2, data[MEBIBYTE // 2:])
        service.commit(transfer, data)
        self.assertEqual(self.client.get("Msvm_CopyFileToGuestJob", keys)["JobState"], "7")
        service.commit(transfer, data)  # its answer may have been lost

    def test_several_writes_in_flight_in_any_order_and_repeated(self):
        service = self.service("web1")
        data = pattern(3 * MEBIBYTE)
        offsets = list(range(0, len(data), MEBIBYTE // 2))
        transfer, _ = service.open(TO_GUEST, "/tmp/x", len(data))
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            calls = [pool.submit(service.write, transfer, offset, data[offset:offset + MEBIBYTE // 2])
                     for offset in reversed(offsets)]
            for call in calls:
                call.result(20)
        service.write(transfer, 0, data[:1000])  # the guest has it
        service.commit(transfer, data)
        self.assertEqual(service.receive("/tmp/x"), data)

    def test_a_write_is_answered_when_the_guest_has_the_bytes(self):
        service = self.service()
        transfer, _ = service.open(TO_GUEST, "/tmp/x", 2000)
        with self.assertRaises(Fault) as late:
            service.write(transfer, 1000, b"x" * 1000, timeout=1)  # what lies before is missing
        self.assertEqual(late.exception.subcode, "TimedOut")
        service.write(transfer, 0, b"x" * 1000)
        service.write(transfer, 1000, b"x" * 1000)
        service.commit(transfer, b"x" * 2000)

    def test_what_differs_at_the_commit_is_refused_and_leaves_nothing(self):
        for protocol in (Wsman, CimXml):
            for wrong in (b"y" * 100_000, b"x" * 99_999, b"x" * 100_001):
                service = self.service(protocol=protocol)
                transfer, _ = service.open(TO_GUEST, "/tmp/x", 100_000)
                service.write(transfer, 0, b"x" * 100_000)
                with self.assertRaises(REFUSED):
                    service.commit(transfer, wrong)
                self.assertEqual(self.names("web1", "/tmp"), set())
            transfer, _ = service.open(TO_GUEST, "/tmp/x", 100_000)
            service.write(transfer, 0, b"x" * 50_000)
            with self.assertRaises(REFUSED) as refused:
                service.commit(transfer, b"x" * 100_000)
            self.assertIn("50000", refused.exception.text)
            self.assertEqual(self.names("web1", "/tmp"), set())

    def test_an_aborted_transfer_leaves_nothing(self):
        service = self.service()
        transfer, opened = service.open(TO_GUEST, "/tmp/x", 100_000)
        service.write(transfer, 0, b"x" * 70_000)
        self.assertEqual(len(self.names("web1", "/tmp")), 1)
        service.abort(transfer)
        self.assertEqual(self.names("web1", "/tmp"), set())
        service.abort(transfer)
        self.assertEqual(self.daemon.job(self.client, opened, 5, "Msvm_CopyFileToGuestJob")["JobState"], "8")
        with self.assertRaises(Fault):
            service.write(transfer, 70_000, b"x" * 10)

    def test_a_terminated_job_ends_the_transfer(self):
        service = self.service()
        transfer, opened = service.open(TO_GUEST, "/tmp/x", 100_000)
        service.write(transfer, 0, b"x" * 70_000)
        self.client.invoke("Msvm_CopyFileToGuestJob", {"InstanceID": vmms.job_id_of(opened)}, "RequestStateChange",
                           "<p:RequestedState>4</p:RequestedState>")
        with self.assertRaises(Fault) as ended:
            service.write(transfer, 70_000, b"x" * 30_000)
            service.commit(transfer, b"x" * 100_000)
        self.assertIn("cancelled", ended.exception.text)
        self.daemon.job(self.client, opened, 5, "Msvm_CopyFileToGuestJob")
        self.assertEqual(self.names("web1", "/tmp"), set())

    def test_it_belongs_to_who_opened_it(self):
        service = self.service()
        transfer, _ = service.open(TO_GUEST, "/tmp/x", 10)
        for stranger in (self.service(user=OTHER), self.service(user=OTHER, protocol=CimXml), self.service("web:2")):
            for attempt in (lambda: stranger.write(transfer, 0, b"0123456789"), lambda: stranger.abort(transfer),
                            lambda: stranger.commit(transfer, b"0123456789"), lambda: stranger.read(transfer, 0)):
                with self.assertRaises(REFUSED) as refused:
                    attempt()
                self.assertIn("no transfer", refused.exception.text)
        service.write(transfer, 0, b"0123456789")
        service.commit(transfer, b"0123456789")

    def test_there_are_only_so_many(self):
        opened = []

        def fill(service, most):
            """Opens transfers until one is refused, and says why."""
            with self.assertRaises(Fault) as refused:
                for _ in range(100):
                    opened.append((service, service.open(TO_GUEST, "/tmp/x", 10)[0]))
            self.assertLessEqual(len(opened), most)
            return refused.exception.text

        self.assertIn("it has 8 transfers open already", fill(self.service("web1"), 8))
        self.assertIn("it has 8 transfers open already", fill(self.service("web1", user=OTHER), 8))
        self.assertIn("16 file transfers of user", fill(self.service("web:2"), 16))
        for service, transfer in opened:
            service.abort(transfer)
        service = self.service()
        transfer, _ = service.open(TO_GUEST, "/tmp/x", 10)
        service.abort(transfer)

    def test_wrong_arguments_are_named(self):
        service = self.service()
        for inputs, word in (({"Direction": 3, "Path": "/tmp/x", "Size": 1}, "Direction"),
                             ({"Direction": 1, "Path": "/tmp/x"}, "Size"), ({"Direction": 1, "Size": 1}, "Path"),
                             ({"Direction": 1, "Path": "/tmp/\tx", "Size": 1}, "Path"),
                             ({"Direction": 1, "Path": "/tmp/x", "Size": 1, "Name": "../x"}, "Name"),
                             ({"Direction": 1, "Path": "/tmp/x", "Size": 1 << 62}, "at most"),
                             ({"Direction": 2, "Path": "/no/such"}, "no file"), ({"Direction": 2, "Path": "/tmp"}, "directory")):
            with self.assertRaises(Fault, msg=inputs) as refused:
                service.call("OpenTransfer", **inputs)
            self.assertIn(word, refused.exception.text)
        transfer, _ = service.open(TO_GUEST, "/tmp/x", 32 * MEBIBYTE)
        for inputs in ({"Offset": 0, "Data": "A"}, {"Offset": 0, "Data": "A" * (MEBIBYTE + 4)}, {"Offset": 32 * MEBIBYTE, "Data": "QQ=="},
                       {"Offset": 16 * MEBIBYTE, "Data": "QQ=="}, {"Data": "QQ=="}):
            with self.assertRaises(Fault, msg=str(inputs)[:50]):
                service.call("Write", Transfer=transfer, **inputs)
        with self.assertRaises(Fault):
            service.read(transfer, 0)
        with self.assertRaises(Fault):
            service.call("CommitTransfer", Transfer=transfer, Size=1, SHA256="abc")
        service.write(transfer, 0, pattern(MOST_BYTES))  # all of 1 MiB of text
        service.abort(transfer)

    def test_reads_may_be_repeated_and_short(self):
        service = self.service()
        data = pattern(3 * MEBIBYTE)
        service.send("/tmp/x", data)
        transfer, opened = service.open(FROM_GUEST, "/tmp/x")
        self.assertIn(str(len(data)), opened["File"])
        for offset in (0, 0, 100, MEBIBYTE, 200):
            self.assertEqual(service.read(transfer, offset, 1000)[0], data[offset:offset + 1000])
        for offset in range(0, len(data), 256 << 10):
            self.assertEqual(service.read(transfer, offset, 256 << 10)[0], data[offset:offset + (256 << 10)])
        piece, output = service.read(transfer, len(data), 1000)
        self.assertEqual((piece, output["EndOfFile"]), (b"", "true"))
        with self.assertRaises(Fault):
            service.commit(transfer, data[:-1])

    def test_its_vm_ends_or_its_service_stops(self):
        service = self.service("web:2")
        setting = vmms.interface_setting(self.ids["web:2"], False)
        management = {"CreationClassName": "Msvm_VirtualSystemManagementService", "Name": "vmms",
                      "SystemCreationClassName": "Msvm_ComputerSystem", "SystemName": "HOST1"}
        files = service_keys(self.ids["web:2"], "guestfilesvc", "Msvm_GuestFileService")
        for end, again, word in (
                (lambda: self.client.invoke("Msvm_GuestFileService", files, "StopService"),
                 lambda: self.client.invoke("Msvm_GuestFileService", files, "StartService"), "stopped"),
                (lambda: self.client.invoke("Msvm_VirtualSystemManagementService", management,
                                            "ModifyGuestServiceSettings", setting),
                 lambda: self.daemon.cli("guest", "enable", "web:2"), "Interface"),
                (lambda: self.daemon.cli("vm", "stop", "web:2"), lambda: self.daemon.cli("vm", "start", "web:2"),
                 "turned off")):
            transfer, opened = service.open(TO_GUEST, "/tmp/x", 200_000)
            service.write(transfer, 0, b"x" * 131_072)
            end()
            with self.assertRaises(Fault) as refused:
                service.write(transfer, 131_072, b"x" * 68_928)
                service.commit(transfer, b"x" * 200_000)
            self.assertIn(word, refused.exception.text)
            again()
            self.assertEqual(self.daemon.job(self.client, opened, 5, "Msvm_CopyFileToGuestJob")["JobState"], "10")

    def test_a_slow_guest_holds_up_nobody(self):
        slow = self.service("tardy")
        data = pattern(MEBIBYTE)
        opened = [slow.open(TO_GUEST, f"/tmp/{i}", 4 * MEBIBYTE)[0] for i in range(4)]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            calls = [pool.submit(slow.write, transfer, i * 700_000, data[:700_000], timeout=60)
                     for transfer in opened for i in range(4)]
            begun = time.monotonic()
            self.service().send("/tmp/quick", data)
            self.assertLess(time.monotonic() - begun, 5)
            aborting = slow = self.service("tardy")
            for transfer in opened:
                aborting.abort(transfer)
            for call in calls:
                call.exception(60)
        self.assertEqual(self.names("tardy", "/tmp"), set())

    @unittest.skipIf(vmms.SANITIZED, "takes a minute of waiting as it is")
    def test_nobody_calls_for_a_minute(self):
        service = self.service()
        transfer, opened = service.open(TO_GUEST, "/tmp/x", 100_000)
        service.write(transfer, 0, b"x" * 70_000)
        begun = time.monotonic()
        job = self.daemon.job(self.client, opened, 80, "Msvm_CopyFileToGuestJob")
        self.assertEqual(job["JobState"], "10")
        self.assertIn("nobody has called", job["ErrorDescription"])
        self.assertGreater(time.monotonic() - begun, 55)
        self.assertEqual(self.names("web1", "/tmp"), set())


class LosesAnAnswer:
    """Stands before a server, and keeps one answer of many bytes back for a while; then it breaks that connection."""

    def __init__(self, test, port):
        self.port, self.lost = port, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        test.addCleanup(self.listener.close)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/wsman"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", self.port))
                for source, target, loses in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self.pump, args=(source, target, loses), daemon=True).start()

    def pump(self, source, target, loses):
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                passed += len(data)
                if loses and passed > MEBIBYTE and self.lost.acquire(blocking=False):
                    time.sleep(1.5)
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Copy(Files):
    """vmms copy, without --on-server."""

    def tearDown(self):
        self.empty()

    def test_it_reads_and_writes_with_the_rights_of_its_user(self):
        up = self.file("up", pattern(2 * MEBIBYTE))
        up.chmod(0o604)
        os.utime(up, (1_500_000_000, 1_500_000_000))
        for server in (None, f"unix:{self.daemon.socket}"):
            self.copy("--overwrite", up, "web1:/tmp/", server=server)
            down = self.folder / "here" / "down"
            self.copy("--overwrite", "web1:/tmp/up", down, server=server)
            self.assertEqual(down.read_bytes(), up.read_bytes())
            self.assertEqual(down.stat().st_mode & 0o777, 0o604)
            self.assertEqual(int(down.stat().st_mtime), 1_500_000_000)

    def test_a_connection_that_breaks_costs_time_alone(self):
        big = self.file("big", pattern(24 * MEBIBYTE))
        for source, target in ((big, "web1:/tmp/big"), ("web1:/tmp/big", self.folder / "here" / "big-back")):
            between = LosesAnAnswer(self, urllib.parse.urlsplit(self.daemon.url).port)
            self.daemon.cli("--server", between.url, "copy", "--overwrite", str(source), str(target))
            self.assertEqual(between.lost.locked(), source != big, "nothing was lost")
        self.assertEqual((self.folder / "here" / "big-back").read_bytes(), big.read_bytes())

    def test_files_that_hold_more_than_their_size_says(self):
        self.copy("/proc/cpuinfo", "web1:/tmp/cpu")
        copied = self.service().receive("/tmp/cpu")
        self.assertIn(b"processor", copied)
        self.assertEqual(copied.count(b"\n"), pathlib.Path("/proc/cpuinfo").read_bytes().count(b"\n"))

    def test_what_is_no_file_is_refused_with_the_reason(self):
        os.mkfifo(self.folder / "here" / "pipe")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.folder / "here" / "socket"))
        self.addCleanup(listener.close)
        for source, word in ((self.folder / "here" / "pipe", "pipe"), ("/dev/zero", "device"), ("/dev/null", "device"),
                             (self.folder / "here" / "socket", "socket"), (self.folder / "here", "-r")):
            refused = self.copy(source, "web1:/tmp/x", check=False, timeout=20)
            self.assertNotEqual(refused.returncode, 0, source)
            self.assertIn(word, refused.stderr)
        self.assertEqual(self.names("web1", "/tmp"), set())

    def test_files_of_the_kernel_there_and_back(self):
        back = self.folder / "here" / "kernel-back"
        for source in ("/proc/cmdline", "/proc/version", "/sys/kernel/mm/transparent_hugepage/enabled"):
            self.copy("--overwrite", source, "web1:/tmp/x")
            self.copy("--overwrite", "web1:/tmp/x", back)
            self.assertEqual(back.read_bytes(), pathlib.Path(source).read_bytes(), source)

    def test_what_is_no_file_is_not_replaced(self):
        self.copy(self.file("x", b"x"), "web1:/tmp/")
        os.mkfifo(self.folder / "here" / "unread-pipe")
        for target in ("/dev/null", "/dev/full", self.folder / "here" / "unread-pipe", "/proc/self/fd/1", "/dev/stdout",
                       "/proc/self/comm", "/proc/nothing", "/sys/kernel/nothing"):
            refused = self.copy("--overwrite", "web1:/tmp/x", target, check=False, timeout=20)
            self.assertNotEqual(refused.returncode, 0, target)
            self.assertIn(str(target), refused.stderr)
        self.assertTrue(pathlib.Path("/dev/null").is_char_device())
        self.assertTrue((self.folder / "here" / "unread-pipe").is_fifo())

    def test_files_that_grow_or_shrink(self):
        path = self.file("moving", pattern(40 * MEBIBYTE))
        for change in (lambda file: file.write(b"more"), lambda file: file.truncate(MEBIBYTE)):
            path.write_bytes(pattern(40 * MEBIBYTE))
            copying = subprocess.Popen([vmms.BUILD / "vmms", "--json", "copy", path, "web1:/tmp/moving"],
                                       env=dict(os.environ, VMMS_SERVER=self.daemon.url, VMMS_USER=vmms.USER,
                                                VMMS_PASSWORD=vmms.PASSWORD), stdout=subprocess.PIPE, text=True)
            copying.stdout.readline()  # it moves
            with open(path, "ab") as file:
                change(file)
            output = copying.stdout.read()
            self.assertNotEqual(copying.wait(30), 0, output)
            copying.stdout.close()
            self.assertEqual(self.names("web1", "/tmp"), set())

    def test_a_directory_without_r_is_refused_alike_in_both_directions(self):
        (self.folder / "here" / "sub").mkdir(exist_ok=True)
        self.copy(self.file("x", b"x"), "web1:/tmp/x")
        for source, target in ((self.folder / "here" / "sub", "web1:/tmp/"), ("web1:/tmp", self.folder / "here" / "never"),
                               ("web1:/tmp/", self.folder / "here" / "never")):
            refused = self.copy(source, target, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(f"{source} is a directory: to copy it, add -r", refused.stderr)
        refused = self.copy("-r", "web1:/tmp", self.folder / "nowhere" / "below", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("add --create-path", refused.stderr)

    def test_files_here_are_not_said_to_be_elsewhere(self):
        x = self.file("x", b"x")
        self.copy(x, "web1:/tmp/")
        for words in (("web1:/tmp/x", x), ("web1:/tmp/x", self.folder / "nowhere" / "x"),
                      (self.folder / "none", "web1:/tmp/"), ("-r", "web1:/tmp", self.folder / "nowhere" / "x"),
                      ("/dev/zero", "web1:/tmp/")):
            refused = self.copy(*words, check=False)
            self.assertEqual(refused.returncode, 1, words)
            self.assertIn("on this machine", refused.stderr)
            self.assertNotIn("on the host", refused.stderr)

    def test_directories_there_and_back(self):
        tree = self.folder / "here" / "tree"
        (tree / "a" / "b").mkdir(parents=True)
        (tree / "empty").mkdir(mode=0o750)
        (tree / "a" / "b" / "deep").write_bytes(pattern(5000))
        (tree / "a" / "name with ünïcode").write_bytes(b"x")
        (tree / "top").write_bytes(pattern(300_000))
        (tree / "top").chmod(0o600)
        (tree / "link").symlink_to("/etc/passwd")
        os.mkfifo(tree / "pipe")
        done = self.copy("-r", tree, "web1:/tmp/")
        self.assertIn("link", done.stderr)
        self.assertIn("pipe", done.stderr)
        self.assertEqual(self.names("web1", "/tmp/tree"), {"a", "empty", "top"})
        events = [json.loads(line) for line in self.copy("--json", "-r", tree, "web1:/tmp/told").stdout.splitlines()]
        self.assertEqual({event["path"] for event in events if event["event"] == "left_out"},
                         {str(tree / "link"), str(tree / "pipe")})
        self.assertEqual(events[-1]["event"], "completed")
        back = self.folder / "here" / "back"
        self.copy("-r", "web1:/tmp/tree", back)
        found = {str(path.relative_to(back)): path.read_bytes() for path in back.rglob("*") if path.is_file()}
        self.assertEqual(found, {"a/b/deep": pattern(5000), "a/name with ünïcode": b"x", "top": pattern(300_000)})
        self.assertTrue((back / "empty").is_dir())
        self.assertEqual((back / "top").stat().st_mode & 0o777, 0o600)
        # Into a directory that is there; a link in it leads nowhere else.
        outside = self.folder / "here" / "outside"
        outside.mkdir()
        (self.folder / "here" / "again").mkdir()
        self.copy("-r", "web1:/tmp/tree", self.folder / "here" / "again")
        self.assertTrue((self.folder / "here" / "again" / "tree" / "top").exists())
        victim = self.folder / "here" / "victim"
        victim.mkdir()
        (victim / "tree").mkdir()
        (victim / "tree" / "a").symlink_to(outside)
        refused = self.copy("-r", "web1:/tmp/tree", victim, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertEqual(list(outside.iterdir()), [])
        for copied in ("tree", "told"):
            for path in ("a/b/deep", "a/name with ünïcode", "top", "a/b", "a", "empty", ""):
                self.daemon.cli("rm", f"web1:/tmp/{copied}/{path}".rstrip("/"))

    def test_names_that_no_file_has_end_the_copy_before_it_begins(self):
        self.service().send("/tmp/good", b"x")
        self.service().send("/tmp/..", b"a simulated guest has any name")
        target = self.folder / "here" / "hostile"
        target.mkdir()
        refused = self.copy("-r", "web1:/tmp", target, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("name", refused.stderr)
        self.assertEqual(list(target.iterdir()), [])

    def test_names_with_blanks_at_their_ends_are_two(self):
        for name in ("t", "t "):
            self.service().send(f"/tmp/{name}", name.encode())
        self.assertEqual(self.names("web1", "/tmp"), {"t", "t "})
        back = self.folder / "here" / "blanks"
        self.copy("-r", "web1:/tmp", back)
        self.assertEqual({path.name: path.read_bytes() for path in back.iterdir()}, {"t": b"t", "t ": b"t "})

    def test_names_that_cannot_be_sent_are_not_changed(self):
        tree = self.folder / "here" / "odd"
        tree.mkdir()
        for name in (b"a\xfe", b"a\xff"):
            (tree / os.fsdecode(name)).write_bytes(name)
        (tree / "good").write_bytes(b"x")
        for words in (("--overwrite", "-r", tree, "web1:/tmp/"), (tree / os.fsdecode(b"a\xff"), "web1:/tmp/"),
                      (tree / "good", os.fsdecode(b"web1:/tmp/a\xff")), (tree / "good", "web1:/tmp/\x1b[31m")):
            refused = self.copy(*words, check=False)
            self.assertNotEqual(refused.returncode, 0, words)
            self.assertIn("cannot be sent", refused.stderr)
        self.assertEqual(self.names("web1", "/tmp"), set())
        self.service().send("/tmp/a\ufffd", b"x")
        refused = self.daemon.cli("rm", os.fsdecode(b"web1:/tmp/a\xff"), check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertEqual(self.names("web1", "/tmp"), {"a\ufffd"}, "another file is not removed")

    def test_names_of_vms_with_colons(self):
        self.copy(self.file("x", b"colon"), "web:2:/tmp/x")
        self.assertEqual(self.names("web:2", "/tmp"), {"x"})
        down = self.folder / "here" / "colon"
        self.copy("web:2:/tmp/x", down)
        self.assertEqual(down.read_bytes(), b"colon")
        self.daemon.cli("rm", "web:2:/tmp/x")

    def test_interrupted_it_leaves_nothing_on_either_side(self):
        big = self.file("big", pattern(12 * MEBIBYTE))
        for source, target in ((big, "tardy:/tmp/big"), ("web1:/tmp/big", self.folder / "here" / "partly")):
            if target != "tardy:/tmp/big":
                self.copy(big, "web1:/tmp/big")
            copying = subprocess.Popen([vmms.BUILD / "vmms", "--json", "copy", source, target],
                                       env=dict(os.environ, VMMS_SERVER=self.daemon.url, VMMS_USER=vmms.USER,
                                                VMMS_PASSWORD=vmms.PASSWORD), stdout=subprocess.PIPE, text=True)
            if target == "tardy:/tmp/big":
                time.sleep(1.5)
            copying.send_signal(signal.SIGINT)
            output = copying.communicate(timeout=30)[0]
            if copying.returncode == 0:
                continue  # it was quicker
            self.assertTrue(copying.returncode in (1, -signal.SIGINT), output)
            self.assertEqual(self.names("tardy", "/tmp"), set())
            self.assertFalse((self.folder / "here" / "partly").exists())
            self.assertEqual([path for path in (self.folder / "here").iterdir() if ".part" in path.name], [])

    def test_the_time_out_bounds_it(self):
        begun = time.monotonic()
        done = self.daemon.cli("--timeout", "2", "copy", str(self.file("x", pattern(MEBIBYTE))), "silent:/tmp/x", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertLess(time.monotonic() - begun, 8)

    def test_words(self):
        x = self.file("x", b"x")
        self.copy(x, "web1:/tmp/")
        again = self.copy(x, "web1:/tmp", check=False)
        self.assertIn("\"/tmp/x\" is in the guest already", again.stderr)
        self.assertIn("--overwrite", again.stderr)
        here = self.copy("web1:/tmp/x", x, check=False)
        self.assertIn("--overwrite", here.stderr)
        off = self.copy(x, "plain:/tmp/", check=False)
        self.assertIn("vmms guest enable plain", off.stderr)


class OnServer(Files):
    """Paths of the daemon's host."""

    options = ("--copy-read", "images=FOLDER/in", "--copy-write", "logs=FOLDER/out")

    def tearDown(self):
        self.empty()

    def copy(self, *arguments, **options):
        return super().copy("--on-server", *arguments, **options)

    def test_below_the_folders_and_nowhere_else(self):
        (self.folder / "in" / "x").write_bytes(pattern(100_000))
        (self.folder / "secret").write_bytes(b"secret")
        (self.folder / "in" / "link").symlink_to(self.folder / "secret")
        self.copy(self.folder / "in" / "x", "web1:/tmp/")
        self.copy("web1:/tmp/x", self.folder / "out" / "y")
        self.assertEqual((self.folder / "out" / "y").read_bytes(), pattern(100_000))
        for server in (None, f"unix:{self.daemon.socket}"):  # root over the local socket, too
            for path in ("/etc/shadow", self.daemon.users, f"/proc/{self.daemon.process.pid}/environ", self.folder / "secret",
                         self.folder / "in" / "link", f"{self.folder}/in/../secret", self.folder / "out" / "y"):
                refused = self.copy(path, "web1:/tmp/stolen", check=False, server=server)
                self.assertEqual(refused.returncode, 1, path)
            for path in ("/etc/cron.d/owned", self.folder / "owned", self.folder / "in" / "owned", f"{self.folder}/out/../owned"):
                refused = self.copy("--create-path", "web1:/tmp/x", path, check=False, server=server)
                self.assertEqual(refused.returncode, 1, path)
                self.assertFalse(os.path.exists(path))
        self.assertEqual(self.names("web1", "/tmp"), {"x"})

    def test_a_file_swapped_for_a_link_while_its_job_runs(self):
        (self.folder / "secret").write_bytes(b"SECRET outside of the folder")
        for i in range(40):
            (self.folder / "in" / f"a{i:03}").write_bytes(b"harmless")
        last = self.folder / "in" / "z"
        ends = threading.Event()

        def swap():
            while not ends.is_set():
                last.write_bytes(b"harmless")
                last.unlink()
                last.symlink_to(self.folder / "secret")
                last.unlink()

        swapping = threading.Thread(target=swap)
        swapping.start()
        try:
            for i in range(8):
                self.copy("--overwrite", *[self.folder / "in" / f"a{i:03}" for i in range(40)], last, "web1:/tmp/", check=False)
                if "z" in self.names("web1", "/tmp"):
                    self.assertIn(self.service().receive("/tmp/z"), (b"harmless", b""))
        finally:
            ends.set()
            swapping.join()

    def test_a_folder_swapped_for_a_link_while_a_guest_file_comes(self):
        self.service().send("/tmp/payload", b"* * * * * root id > /tmp/owned")
        outside = self.folder / "outside"
        outside.mkdir(exist_ok=True)
        sub = self.folder / "out" / "sub"
        sub.mkdir()
        ends = threading.Event()

        def swap():
            while not ends.is_set():
                sub.rename(self.folder / "out" / "kept")
                sub.symlink_to(outside)
                sub.unlink()
                (self.folder / "out" / "kept").rename(sub)

        swapping = threading.Thread(target=swap)
        swapping.start()
        try:
            for _ in range(20):
                self.copy("--overwrite", "web1:/tmp/payload", sub / "payload", check=False)
        finally:
            ends.set()
            swapping.join()
        self.assertEqual(list(outside.iterdir()), [])

    def test_what_copies_leave_free(self):
        disk = self.folder / "out" / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m,nr_inodes=200", "tmpfs", disk], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("needs to be root and to be allowed to mount")
        self.addCleanup(subprocess.run, ["umount", disk])
        self.service().send("/tmp/large", pattern(16 * MEBIBYTE))
        self.service().send("/tmp/small", b"")
        least, stop = [os.statvfs(disk)], threading.Event()

        def look():
            while not stop.wait(0.001):
                least.append(min(least.pop(), os.statvfs(disk), key=lambda space: space.f_bavail))
        looking = threading.Thread(target=look)
        looking.start()
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            ended = list(pool.map(lambda i: self.copy("web1:/tmp/large", disk / str(i), check=False), range(5)))
        stop.set()
        looking.join()
        refused = [each.stderr for each in ended if each.returncode != 0]
        self.assertTrue(refused)
        for why in refused:
            self.assertIn("stay free", why)
        self.assertGreaterEqual(least[0].f_bavail * least[0].f_frsize, MEBIBYTE, "a twentieth, but what was under way")
        for path in disk.iterdir():
            path.unlink()
        for i in range(os.statvfs(disk).f_favail - 12):
            (disk / str(i)).touch()
        told = [self.copy("web1:/tmp/small", disk / f"small{i}", check=False) for i in range(6)]
        self.assertEqual((0, 1), (told[0].returncode, told[-1].returncode), told[0].stderr)
        self.assertIn("more files", told[-1].stderr)
        self.assertGreaterEqual(os.statvfs(disk).f_favail, 8)

    def test_the_bytes_that_are_not_known_are_not_told(self):
        (self.folder / "in" / "some").write_bytes(b"12345")
        done = self.copy("--overwrite", self.folder / "in" / "some", "web1:/tmp/some")
        self.assertRegex(done.stdout, r"^copied in [0-9.]+ s\n$")
        done = self.copy("--overwrite", "web1:/tmp/some", self.folder / "out" / "some")
        self.assertIn("5 B copied in", done.stdout)

    def test_files_of_the_host_are_said_to_be_there(self):
        refused = self.copy(self.folder / "in" / "none", "web1:/tmp/", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("on the host", refused.stderr)

    def test_directories_need_the_connection(self):
        refused = self.copy("web1:/tmp", self.folder / "out" / "never", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("add -r and leave out --on-server", refused.stderr)

    def test_paths_are_absolute_and_named(self):
        refused = self.copy("relative", "web1:/tmp/", check=False)
        self.assertIn("relative", refused.stderr)
        self.assertEqual(refused.returncode, 2)


class NoFolders(Files):
    def test_nothing_of_the_host_by_default_and_the_answer_names_the_key(self):
        for arguments, key in ((("/etc/hostname", "web1:/tmp/"), "copy-read"),):
            for server in (None, f"unix:{self.daemon.socket}"):
                refused = self.copy("--on-server", *arguments, check=False, server=server)
                self.assertEqual(refused.returncode, 1)
                self.assertIn(key, refused.stderr)
        self.copy(self.file("x", b"x"), "web1:/tmp/")
        refused = self.copy("--on-server", "web1:/tmp/x", self.folder / "out" / "x", check=False)
        self.assertIn("copy-write", refused.stderr)
        self.assertFalse((self.folder / "out" / "x").exists())

    def test_folders_that_touch_our_own_are_refused_at_the_start(self):
        state = self.folder / "state"
        state.mkdir(mode=0o700, exist_ok=True)
        (self.folder / "alias").symlink_to(state)
        for folder in (state, self.folder, self.folder / "alias", "/", "/etc", "/var/lib", self.folder / "missing"):
            for option in ("--copy-read", "--copy-write"):
                started = subprocess.run([vmms.BUILD / "vmmsd", "--simulate", self.folder / "fleet.toml", "--state", state,
                                          "--users", self.daemon.users, "--wsman", "127.0.0.1:0", "--socket", "none", option,
                                          f"files={folder}"], capture_output=True, text=True, timeout=30)
                self.assertNotEqual(started.returncode, 0, folder)
                self.assertIn("files", started.stdout + started.stderr)

    def test_files_of_our_own_in_a_folder_are_refused_at_the_start(self):
        given = self.folder / "given-too"
        given.mkdir()
        for name in ("key", "certificate", "domain.xml"):
            (given / name).write_text("x")
        (given / "vmmsd.toml").write_text('log-level = "info"\n')
        for arguments in (("--audit", given / "audit"), ("--config", given / "vmmsd.toml"),
                          ("--key", given / "key", "--certificate", given / "certificate"),
                          ("--connect", f"qemu:///embed?root=%2F{str(given)[1:]}"),
                          ("--connect", f"qemu:///embed?x=1;root={given}/below"),
                          ("--connect", "test:///default", "--define", given / "domain.xml")):
            host = () if "--connect" in arguments else ("--simulate", self.folder / "fleet.toml")
            for option in ("--copy-read", "--copy-write"):
                with self.subTest(arguments=arguments, option=option):
                    started = subprocess.run([vmms.BUILD / "vmmsd", *host, "--state", self.folder / "state-apart", "--users",
                                              self.daemon.users, "--wsman", "127.0.0.1:0", "--socket", "none", option,
                                              f"files={given}", *arguments], capture_output=True, text=True, timeout=30)
                    self.assertEqual((1, ""), (started.returncode, started.stdout), started.stderr)
                    self.assertIn(f"{option[2:]} files={given}", started.stderr)
                    self.assertIn("which no request may touch", started.stderr)
        self.assertFalse((given / "audit").exists())

    def test_parts_of_our_own_that_are_mounted_in_a_folder_are_refused_at_the_start(self):
        state, users, given = (self.folder / name for name in ("kept", "kept-users", "given"))
        for folder in (state, state / "inside", users, given, given / "sub", given / "sub" / "deep", self.folder / "apart"):
            folder.mkdir(mode=0o700)
        (users / "users").write_bytes(self.daemon.users.read_bytes())
        (users / "users").chmod(0o600)
        (given / "file").touch()

        def start(*mounts):
            """In a separate mount namespace: its output, and whether it was ready."""
            script = "".join(f"mount --bind {source} {target} && " for source, target in mounts) + 'exec "$@"'
            return subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", "timeout",
                                   "--signal=TERM", "5", vmms.BUILD / "vmmsd", "--simulate", self.folder / "fleet.toml",
                                   "--state", state, "--users", users / "users", "--wsman", "127.0.0.1:0", "--socket", "none",
                                   "--copy-read", f"files={given}"], capture_output=True, text=True, timeout=60)
        if os.geteuid() != 0 or "ready" not in start((self.folder / "apart", given / "sub")).stdout:
            self.skipTest("needs to be root and to be allowed to mount")
        for source, target in ((state / "inside", given / "sub"), (state / "inside", given / "sub" / "deep"),
                               (state / "inside", given), (state, given / "sub"), (users, given / "sub"),
                               (users / "users", given / "file"), (self.folder, given / "sub"),
                               (given / "sub", state / "inside")):
            with self.subTest(source=source.name, target=target.name):
                started = start((source, target))
                self.assertEqual("", started.stdout)
                self.assertEqual(1, started.returncode, started.stderr)
                self.assertIn(f"copy-read files={given}", started.stderr)
                self.assertIn("which no request may touch", started.stderr)


if __name__ == "__main__":
    vmms.main()
