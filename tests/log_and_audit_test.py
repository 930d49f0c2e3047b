"""The log and the audit of a vmmsd that strangers, users and guests try to mislead, and readers keep waiting."""

import base64
import fcntl
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import vmms
from attack import IDENTIFY, basic

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
name = "slow"
start = "hang"
"""

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d (debug|info|warning|error|critical) ")
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def post(address, authorization=None, body=IDENTIFY, source=None, timeout=20):
    """One request on a separate connection; its status."""
    with socket.create_connection(address, timeout, (source, 0) if source else None) as connection:
        header = f"Authorization: {authorization}\r\n" if authorization else ""
        connection.sendall(f"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n{header}"
                           f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        received = b""
        while b"\r\n" not in received:
            more = connection.recv(65536)
            if not more:
                raise AssertionError(f"no answer: {received!r}")
            received += more
        return int(received.split()[1])


class Watched(vmms.Daemon):
    """A vmmsd with the fleet above."""

    def __init__(self, test, *arguments):
        folder = tempfile.mkdtemp(prefix="vmms-test-")
        test.addCleanup(subprocess.run, ["rm", "-rf", folder])
        self.fleet = os.path.join(folder, "fleet.toml")
        with open(self.fleet, "w", encoding="utf-8") as file:
            file.write(FLEET)
        super().__init__(test, "--simulate", self.fleet, *arguments)

    @property
    def address(self):
        return "127.0.0.1", int(self.url.split(":")[2].split("/")[0])

    def lines(self):
        """The log's lines once it has ended."""
        self.terminate()
        return (self.folder / "log").read_text(encoding="utf-8").split("\n")[:-1]


class Piped(Watched):
    """One whose log goes into a pipe."""

    def __init__(self, test, writing, *arguments):
        self.writing = writing
        super().__init__(test, *arguments)

    def open_log(self):
        return os.fdopen(self.writing, "wb")

    def start(self):
        super().start()
        self.log.close()


class Log(unittest.TestCase):
    FORGED = "x' in virtual machine 'web9': 0\n2026-11-30T09:00:00.000+00:00 info audit: user 'root' FORGED\r\x1b[2K\u2028\u202e\u0085"

    def check_whole(self, lines):
        for line in lines:
            self.assertRegex(line, LINE)
            self.assertNotRegex(line, UNSAFE)
            self.assertFalse(line.startswith("2026-11-30T09:00:00"), line)

    def test_a_record_is_one_line_whatever_clients_put_into_it(self):
        daemon = Watched(self)
        client = daemon.client()
        machine = client.enumerate("Msvm_ComputerSystem")[1]["Name"]
        # The Guest Service Interface off: the name of the service is logged.
        for name in (self.FORGED, "a\nb"):
            text = name.replace("\x1b", "").replace("\x85", "\u0085")
            for method in ("StartService", "StopService"):
                try:
                    client.invoke("Vmms_GuestOSService", vmms.service_keys(machine, text), method)
                except vmms.Fault:
                    pass
        component = client.enumerate("Msvm_ShutdownComponent")[0]
        keys = {key: component[key] for key in ("CreationClassName", "DeviceID", "SystemCreationClassName", "SystemName")}
        reason = vmms.escape(self.FORGED.replace("\x1b", ""))
        try:
            client.invoke("Msvm_ShutdownComponent", keys, "InitiateShutdown",
                          f"<p:Force>true</p:Force><p:Reason>{reason}</p:Reason>")
        except vmms.Fault:
            pass
        post(daemon.address, basic('x" from 10.9.8.7:1234: wrong password\u2028\u202e', "y"))
        lines = daemon.lines()
        self.check_whole(lines)
        self.assertTrue(any("FORGED" in line for line in lines), "it was logged, as text")
        refused = next(line for line in lines if "login failed" in line)
        self.assertRegex(refused, r' info login failed from 127\.0\.0\.1:\d+: user "x\\" from 10\.9\.8\.7')

    def test_a_reader_that_stops_holds_up_nobody(self):
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        self.addCleanup(os.close, reading)

        daemon = Piped(self, writing, "--log-level", "debug")
        right = "Basic " + base64.b64encode(f"{vmms.USER}:{vmms.PASSWORD}".encode()).decode()
        for number in range(400):
            self.assertEqual(401, post(daemon.address, "Basic !!!!", source=f"127.0.{number // 200 + 1}.{number % 200 + 1}"))
        client = daemon.client()
        for _ in range(2000):  # debug lines, and audit lines of calls
            try:
                client.invoke("Vmms_GuestOSService", vmms.service_keys("none", "x" * 300), "StartService")
            except vmms.Fault:
                pass
        self.assertEqual(200, post(daemon.address, right))
        status, seconds = daemon.terminate()
        self.assertEqual(0, status)
        self.assertLess(seconds, 2 if not vmms.SANITIZED else 10)

    def test_how_many_lines_were_dropped_is_logged_when_the_reader_goes_on(self):
        reading, writing = os.pipe()
        text = bytearray()

        def read():
            while more := os.read(reading, 65536):
                text.extend(more)

        daemon = Piped(self, writing)
        client = daemon.client()
        for _ in range(8000):
            try:
                client.invoke("Vmms_GuestOSService", vmms.service_keys("none", "x" * 300), "StartService")
            except vmms.Fault:
                pass
        reader = threading.Thread(target=read)
        reader.start()
        end = time.monotonic() + 30
        while b"lines were dropped" not in text and time.monotonic() < end:
            time.sleep(0.05)
        daemon.terminate()
        reader.join()
        os.close(reading)
        found = re.search(rb"warning (\d+) lines were dropped, since the log's reader is too slow", bytes(text))
        self.assertGreater(int(found.group(1)), 100)
        self.check_whole(text.decode().split("\n")[:-1])

    def test_strangers_cause_few_lines_and_what_is_left_out_is_counted(self):
        daemon = Watched(self)
        statuses = []

        def guess(address):
            for _ in range(12):
                statuses.append(post(daemon.address, "Basic !!!!", source=f"127.0.3.{address}", timeout=60))
        threads = [threading.Thread(target=guess, args=(address + 1,)) for address in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lines = daemon.lines()
        about = [line for line in lines if "login failed" in line]
        self.assertGreater(len(about), 50)
        self.assertLess(len(about), statuses.count(401) * 3 / 4)
        left_out = sum(int(number) for line in lines
                       for number in re.findall(r"(\d+) (?:more lines about this address|lines about \d+ addresses)", line))
        self.assertEqual(statuses.count(401), len(about) + left_out)


class Audit(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-audit-"))
        self.addCleanup(subprocess.run, ["rm", "-rf", str(self.folder)])
        self.file = self.folder / "audit.json"

    def records(self, event=None):
        records = [json.loads(line) for line in self.file.read_text(encoding="utf-8").splitlines()]
        for record in records:
            self.assertRegex(record["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        return [record for record in records if event in (None, record["event"])]

    def wait_for(self, event, count):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if len(found := self.records(event)) >= count:
                return found
            time.sleep(0.05)
        raise AssertionError(f"not {count} records of {event}: {self.file.read_text()}")

    def test_a_call_is_recorded_with_who_what_and_how_it_ended(self):
        daemon = Watched(self, "--audit", self.file)
        client = daemon.client()
        system = next(each for each in client.enumerate("Msvm_ComputerSystem") if each["ElementName"] == "web")
        client.invoke("Vmms_GuestOSService", vmms.service_keys(system["Name"], "web"), "StartService")
        record, = self.wait_for("invoke", 1)
        self.assertEqual(0o600, self.file.stat().st_mode & 0o777)
        self.assertEqual(record | {
            "event": "invoke", "outcome": "done", "principal": "vmms\\tester", "mechanism": "basic", "address": "127.0.0.1",
            "vm": system["Name"], "vm_name": "web", "namespace": "root/virtualization/v2", "class": "Vmms_GuestOSService",
            "method": "StartService", "parameters": {}, "return_value": 0}, record)
        self.assertEqual("web", record["keys"]["Name"])
        self.assertGreaterEqual(record["duration_us"], 0)
        self.assertNotIn("late", record)

    def test_the_machine_is_found_in_the_arguments_too(self):
        daemon = Watched(self, "--audit", self.file)
        client = daemon.client()
        system = next(each for each in client.enumerate("Msvm_ComputerSystem") if each["ElementName"] == "web")
        service = client.enumerate("Msvm_VirtualSystemManagementService")[0]
        keys = {key: service[key] for key in ("CreationClassName", "Name", "SystemCreationClassName", "SystemName")}
        client.invoke("Msvm_VirtualSystemManagementService", keys, "ModifyGuestServiceSettings",
                      vmms.interface_setting(system["Name"], True))
        record, = self.wait_for("invoke", 1)
        self.assertEqual((system["Name"], "web"), (record["vm"], record["vm_name"]))
        setting = record["parameters"]["GuestServiceSettings"]
        setting = setting[0] if isinstance(setting, list) else setting
        self.assertEqual("Msvm_GuestServiceInterfaceComponentSettingData", setting["class"])
        self.assertEqual(2, setting["EnabledState"])

    def test_secrets_are_not_recorded_and_values_are_bounded(self):
        daemon = Watched(self, "--audit", self.file)
        client = daemon.client()
        system = next(each for each in client.enumerate("Msvm_ComputerSystem") if each["ElementName"] == "web")
        service = client.enumerate("Msvm_VirtualSystemManagementService")[0]
        keys = {key: service[key] for key in ("CreationClassName", "Name", "SystemCreationClassName", "SystemName")}
        item = ('<INSTANCE CLASSNAME="Msvm_KvpExchangeDataItem"><PROPERTY NAME="Name" TYPE="string"><VALUE>key</VALUE>'
                '</PROPERTY><PROPERTY NAME="Data" TYPE="string"><VALUE>hunter2</VALUE></PROPERTY><PROPERTY NAME="Source" '
                'TYPE="uint16"><VALUE>0</VALUE></PROPERTY></INSTANCE>')
        reference = (f'<p:TargetSystem><a:Address>x</a:Address><a:ReferenceParameters><w:ResourceURI>{vmms.RESOURCE}'
                     f'Msvm_ComputerSystem</w:ResourceURI><w:SelectorSet><w:Selector Name="CreationClassName">'
                     f'Msvm_ComputerSystem</w:Selector><w:Selector Name="Name">{system["Name"]}</w:Selector>'
                     f'</w:SelectorSet></a:ReferenceParameters></p:TargetSystem>')
        client.invoke("Msvm_VirtualSystemManagementService", keys, "AddKvpItems",
                      reference + f"<p:DataItems>{vmms.escape(item)}</p:DataItems>")
        try:
            client.invoke("Vmms_GuestOSService", vmms.service_keys(system["Name"], "n\n" * 4000), "StartService")
        except vmms.Fault:
            pass
        records = self.wait_for("invoke", 2)
        text = self.file.read_text(encoding="utf-8")
        self.assertNotIn("hunter2", text)
        self.assertEqual("(7 bytes)", records[0]["parameters"]["DataItems"][0]["Data"])
        self.assertEqual(system["Name"], records[0]["vm"])
        self.assertLess(len(text.splitlines()[1]), 16384)

    def test_refusals_are_recorded(self):
        daemon = Watched(self, "--audit", self.file)
        post(daemon.address, basic("mallory\" \u202e", "x"))
        # No credentials of RFC 7617 hold control characters.
        post(daemon.address, basic("mallory\n", "x"))
        post(daemon.address, "Basic !!!!")
        records = self.wait_for("sign_in", 3)
        self.assertEqual({"refused"}, {record["outcome"] for record in records})
        self.assertEqual(["mallory\" \u202e", "", ""], [record["principal"] for record in records])
        self.assertTrue(all(record["address"].startswith("127.0.0.1:") for record in records))

    def test_a_job_is_recorded_when_it_ends_with_what_came_of_it(self):
        allowed = self.folder / "allowed"
        allowed.mkdir()
        (allowed / "file").write_text("text")
        daemon = Watched(self, "--audit", self.file, "--copy-read", f"here={allowed}")
        daemon.cli("guest", "enable", "web")
        daemon.cli("copy", "--on-server", f"{allowed}/file", "web:/tmp/file")
        daemon.cli("copy", "--on-server", "/etc/shadow", "web:/tmp/shadow", check=False)
        done, refused = self.wait_for("job", 2)
        system = next(each for each in daemon.client().enumerate("Msvm_ComputerSystem") if each["ElementName"] == "web")
        call = self.records("invoke")[-1]
        for record in (done, refused):
            self.assertEqual(("vmms\\tester", system["Name"], "web"), (record["principal"], record["vm"], record["vm_name"]))
            self.assertGreaterEqual(record["duration_us"], 0)
        self.assertEqual(("done", 0), (done["outcome"], done["error_code"]))
        self.assertNotIn("reason", done)
        self.assertEqual(("refused", 32769, call["job"]), (refused["outcome"], refused["error_code"], refused["job"]))
        self.assertIn("/etc/shadow", refused["reason"])

    def test_reads_are_recorded_on_request(self):
        daemon = Watched(self, "--audit", self.file, "--audit-reads")
        client = daemon.client()
        system = client.enumerate("Msvm_ComputerSystem")[0]
        client.get("Msvm_ComputerSystem", vmms.machine_keys(system["Name"]))
        client.query("SELECT Name FROM Msvm_ComputerSystem")
        self.wait_for("query", 1)
        self.assertEqual(["enumerate", "get", "query"], [record["event"] for record in self.records()])

        quiet = self.folder / "quiet.json"
        daemon = Watched(self, "--audit", quiet)
        daemon.client().enumerate("Msvm_ComputerSystem")
        daemon.terminate()
        self.assertEqual("", quiet.read_text())

    def test_what_ends_behind_its_deadline_is_recorded_with_what_came_of_it(self):
        daemon = Watched(self, "--audit", self.file)
        client = daemon.client()
        system = next(each for each in client.enumerate("Msvm_ComputerSystem") if each["ElementName"] == "web")
        with self.assertRaises(vmms.Fault):
            client.invoke("Vmms_GuestOSService", vmms.service_keys(system["Name"], "slow"), "StartService", timeout=1)
        record, = self.wait_for("invoke", 1)
        self.assertEqual("failed", record["outcome"])
        self.assertEqual("timed_out", record["error"])

    def test_the_file_moves_on_with_HUP(self):
        daemon = Watched(self, "--audit", self.file)
        client = daemon.client()

        def call():
            try:
                client.invoke("Vmms_GuestOSService", vmms.service_keys("none", "x"), "StartService")
            except vmms.Fault:
                pass
        call()
        self.wait_for("invoke", 1)
        rotated = self.folder / "audit.json.1"
        self.file.rename(rotated)
        call()
        daemon.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 30
        while not self.file.exists() and time.monotonic() < end:
            time.sleep(0.02)
        call()
        self.wait_for("invoke", 1)
        daemon.terminate()
        self.assertEqual(3, len(rotated.read_text().splitlines()) + len(self.records("invoke")))

    def test_a_full_disk_loses_records_not_calls_and_the_audit_says_so(self):
        full = self.folder / "full"
        full.mkdir()
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", full],
                                               stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", str(full)])
        self.file = full / "audit.json"
        daemon = Watched(self, "--audit", self.file)
        client = daemon.client()

        def call(name):
            with self.assertRaises(vmms.Fault):
                client.invoke("Vmms_GuestOSService", vmms.service_keys("none", name), "StartService")
        (full / "fill").write_bytes(b"")
        with open(full / "fill", "wb", buffering=0) as fill:
            try:
                while True:
                    fill.write(b"x" * 4096)
            except OSError:
                pass
        for number in range(200):
            call(f"lost{number}")
        (full / "fill").unlink()
        call("after")
        daemon.terminate()
        text = self.file.read_text()
        records = []
        for line in text.splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                continue  # the one that was cut off
        lost = sum(record["records"] for record in records if record["event"] == "lost")
        self.assertEqual(201, lost + len([record for record in records if record["event"] == "invoke"]))
        self.assertIn("records are lost until", (daemon.folder / "log").read_text())


if __name__ == "__main__":
    vmms.main()
