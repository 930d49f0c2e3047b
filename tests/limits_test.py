#!/usr/bin/env python3
"""vmmsd with few descriptors, little memory, few threads: it reports that to the clients concerned, lives, and serves
again."""

import collections
import concurrent.futures
import os
import pathlib
import re
import resource
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import attack
import vmms
from limited import LimitedDaemon, ask, is_served

MIB = 1 << 20
GSI = "settings = { guest_service_interface = true }\n"
FLEET = '[host]\nname = "HOST1"\n' + "".join(
    f'[[vm]]\nname = "vm{i}"\nstate = "running"\n{GSI}[[vm.guest.service]]\nname = "hang"\nstart = "hang"\n'
    for i in range(10)) + '[[fleet]]\nprefix = "farm"\ncount = 200\n'
SLOW_FLEET = ('[host]\nname = "HOST1"\n[[fleet]]\nprefix = "slow"\ncount = 200\nstate = "running"\n' + GSI +
              'guest = { latency_milliseconds = 800, service_manager = "systemd" }\n')


def start_hanging(machine):
    class_name = "Vmms_GuestOSService"
    keys = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>'
                   for name, value in vmms.service_keys(machine, "hang.service").items())
    return attack.envelope(f"{vmms.RESOURCE}{class_name}/StartService", class_name,
                           "<w:OperationTimeout>PT5S</w:OperationTimeout>" + attack.selectors(keys),
                           f'<p:StartService_INPUT xmlns:p="{vmms.RESOURCE}{class_name}"/>')


def port_of(daemon):
    return int(daemon.url.rpartition(":")[2].partition("/")[0])


def burst(count, call):
    """What `count` calls at once gave, by kind."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return collections.Counter(pool.map(lambda _: call(), range(count)))


class Limited(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Those below are the daemon's.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(16384, hard), hard))

    def daemon(self, *arguments, fleet=FLEET, limits=()):
        file = tempfile.NamedTemporaryFile("w", suffix=".toml")
        self.addCleanup(file.close)
        file.write(fleet)
        file.flush()
        os.chmod(file.name, 0o644)
        return LimitedDaemon(self, "--simulate", file.name, *arguments, limits=limits)

    def assert_lives(self, daemon, what):
        self.assertTrue(daemon.is_alive(), f"{what}: vmmsd ended with {daemon.process.poll()}: {daemon.said()[-2000:]}")
        self.assertTrue(is_served(daemon.port), f"{what}: not served any more: {daemon.said()[-2000:]}")
        status, seconds = daemon.terminate()
        self.assertEqual(status, 0, what)
        self.assertLess(seconds, 2.5, f"{what}: TERM")
        self.assertNotIn("terminate called", daemon.said())


@unittest.skipIf(vmms.SANITIZED, "a sanitizer opens files of its own")
class FewDescriptors(Limited):
    def test_lives_and_serves_again(self):
        for limit in (24, 32, 48, 64, 128):
            with self.subTest(descriptors=limit):
                try:
                    daemon = self.daemon(limits=[f"nofile={limit}"])
                except AssertionError as refused:
                    self.assertRegex(str(refused), r"error .*(open|descriptor|files)", "it does not say why it ends")
                    continue
                connections = []
                for _ in range(limit + 20):
                    connection = socket.socket()
                    connection.settimeout(2)
                    connection.connect(("127.0.0.1", daemon.port))
                    connections.append(connection)
                time.sleep(1)
                begun, processor = time.monotonic(), daemon.processor_seconds()
                time.sleep(2)
                share = (daemon.processor_seconds() - processor) / (time.monotonic() - begun)
                self.assertLess(share, 0.3, "it spins")
                for connection in connections:
                    connection.close()
                self.assert_lives(daemon, f"{limit} descriptors")


@unittest.skipIf(vmms.SANITIZED, "a sanitizer reserves terabytes of address space")
class LittleMemory(Limited):
    BIG_ANSWER = attack.envelope(
        vmms.NAMES["n"] + "/Enumerate", "CIM_ManagedElement", "<w:MaxEnvelopeSize>1000000000</w:MaxEnvelopeSize>",
        "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>100000</w:MaxElements></n:Enumerate>")
    BIG_REQUEST = attack.get("<x>" + "<y/>" * 60_000 + "</x><z>" + "z" * 4_000_000 + "</z>")
    LARGER_REQUEST = attack.get("<x>" + "<y/>" * 60_000 + "</x><z>" + "z" * 7_000_000 + "</z>")

    def squeeze(self, mebibytes, *loads):
        try:
            daemon = self.daemon(limits=[f"as={mebibytes * MIB}"])
        except AssertionError as refused:
            self.assertRegex(str(refused), r" (error|critical) ", "it does not say why it ends")
            return
        client = daemon.client()
        machine = next(m["Name"] for m in client.enumerate("Msvm_ComputerSystem", 500) if m["ElementName"] == "vm1")
        client.close()
        bodies = {"big answers": (60, self.BIG_ANSWER), "big requests": (60, self.BIG_REQUEST),
                  "larger requests": (40, self.LARGER_REQUEST), "starts": (100, start_hanging(machine)),
                  "enumerations": (200, attack.enumerate_all())}
        for name in loads:
            count, body = bodies[name]
            seen = burst(count, lambda: ask(daemon.port, body))
            self.assertTrue(daemon.is_alive(), f"{name} with {mebibytes} MiB: {daemon.said()[-2000:]}")
            self.assertLessEqual(set(seen), {200, 400, 401, 413, 500, 503, None, "ConnectionResetError", "TimeoutError",
                                             "BrokenPipeError"}, f"{name} with {mebibytes} MiB")
        self.assert_lives(daemon, f"{mebibytes} MiB, {loads}")

    def test_all_together(self):
        for mebibytes in (300, 400, 600, 1000):
            with self.subTest(mebibytes=mebibytes):
                self.squeeze(mebibytes, "big answers", "big requests", "starts")

    def test_each_alone(self):
        for mebibytes, load in ((400, "larger requests"), (700, "larger requests"), (300, "enumerations"),
                                (400, "enumerations"), (300, "big answers"), (300, "starts")):
            with self.subTest(mebibytes=mebibytes, load=load):
                self.squeeze(mebibytes, load)


@unittest.skipIf(vmms.SANITIZED, "a sanitizer has threads of its own")
class FewThreads(Limited):
    def test_lives_and_serves_again(self):
        if os.geteuid() != 0:
            self.skipTest("the limit would count the threads of this user's other programs")
        for limit in (12, 20, 40):
            with self.subTest(threads=limit):
                try:
                    daemon = self.daemon(limits=[f"nproc={limit}"])
                except AssertionError as refused:
                    self.assertRegex(str(refused), r" (error|critical) .*thread", "it does not say why it ends")
                    continue
                client = daemon.client()
                machines = [m["Name"] for m in client.enumerate("Msvm_ComputerSystem", 500) if m["ElementName"].startswith("vm")]
                client.close()
                numbers = iter(range(10**6))
                seen = burst(120, lambda: ask(daemon.port, start_hanging(machines[next(numbers) % len(machines)])))
                self.assertLessEqual(set(seen), {500, 503, 401}, "answers")
                self.assert_lives(daemon, f"{limit} threads")

    def test_one_bound_holds_for_all_of_them(self):
        daemon = self.daemon("--worker-threads", "48", fleet=SLOW_FLEET)
        peak, stop = [0], threading.Event()

        def watch():
            while not stop.wait(0.02):
                peak[0] = max(peak[0], daemon.threads())

        watcher = threading.Thread(target=watch)
        watcher.start()
        self.addCleanup(watcher.join)
        self.addCleanup(stop.set)
        kinds = iter(("Msvm_HeartbeatComponent", "Msvm_KvpExchangeComponent") * 1000)
        seen = burst(200, lambda: ask(daemon.port, attack.enumerate_all(resource=next(kinds)), patience=90))
        stop.set()
        self.assertLessEqual(peak[0], 48 + 16, "threads at once")
        self.assertGreater(peak[0], 8, "guests were not asked at the same time")
        self.assertGreater(seen[200], 0, seen)
        self.assert_lives(daemon, "many enumerations of slow guests")


class FullDisk(Limited):
    """What is answered with a job is in the store, or was refused."""

    def mount(self, size):
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small file system")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-full-"))
        self.addCleanup(folder.rmdir)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", folder],
                                 stderr=subprocess.DEVNULL)
        if mounted.returncode != 0:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        return folder

    def mount_disk(self):
        """A separate disk, which can turn read-only while files on it are open."""
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small file system")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-disk-"))
        self.addCleanup(folder.rmdir)
        image = tempfile.NamedTemporaryFile(prefix="vmms-disk-")
        self.addCleanup(image.close)
        image.truncate(16 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", image.name], check=True)
        if subprocess.run(["mount", "-o", "loop", image.name, folder], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no loop device can be had here")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        return folder

    def change_state(self, client, machine, number):
        """True: started as a job; False: refused."""
        requested = f"<p:RequestedState>{(3, 2)[number % 2]}</p:RequestedState>"
        try:
            output = client.invoke("Msvm_ComputerSystem", vmms.machine_keys(machine), "RequestStateChange", requested)
        except vmms.Fault:
            return None
        return vmms.job_id_of(output) if output["ReturnValue"] == 4096 else None

    def wait_for_end(self, client, job):
        end = time.monotonic() + attack.PATIENCE
        while int(client.get("Msvm_ConcreteJob", {"InstanceID": job})["JobState"]) < 7:
            self.assertLess(time.monotonic(), end, "the job does not end")
            time.sleep(0.02)

    def start(self, folder):
        # Its log lies elsewhere: as long as a file is open for writing, nothing can be made read-only.
        log = self.log = tempfile.TemporaryFile()
        self.addCleanup(log.close)

        class Logging(vmms.Daemon):
            def open_log(self):
                return os.fdopen(os.dup(log.fileno()), "ab")

        return Logging(self, "--connect", "test:///default", state=folder / "state")

    def stored(self, folder):
        import sqlite3
        with sqlite3.connect(folder / "state" / "jobs.sqlite") as store:
            self.assertEqual(store.execute("pragma integrity_check").fetchone()[0], "ok")
            return {row[0].upper() for row in store.execute("select id from job")}

    def test_jobs_that_cannot_be_stored_are_refused(self):
        for size in ("512k", "256k"):
            with self.subTest(size=size):
                folder = self.mount(size)
                (folder / "state").mkdir(mode=0o700)
                daemon = self.start(folder)
                client = daemon.client()
                machine = next(m["Name"] for m in client.enumerate("Msvm_ComputerSystem") if m["ElementName"] == "test")
                self.assertIsNotNone(self.change_state(client, machine, 0))
                with open(folder / "fill", "wb", buffering=0) as fill:
                    try:
                        while fill.write(b"x" * 4096):
                            pass
                    except OSError:
                        pass
                told = [self.change_state(client, machine, i) for i in range(40)]
                self.assertIn(None, told, "nothing was refused on a full disk")
                self.assertTrue(is_served(port_of(daemon)))
                (folder / "fill").unlink()
                told += [self.change_state(client, machine, i) for i in range(4)]
                # Some are refused since the machine is in that state already, or on its way.
                self.assertTrue(any(told[-4:]), "refused although there is room again")
                client.close()
                daemon.process.kill()
                daemon.process.wait()
                self.assertEqual({id for id in told if id} - self.stored(folder), set(), "told and not stored")

    def test_a_little_room_again_is_enough(self):
        """Then the store's log goes on in what it has, and does not fill the room with jobs that ended long ago."""
        folder = self.mount("512k")
        (folder / "state").mkdir(mode=0o700)
        daemon = self.start(folder)
        client = daemon.client()
        self.addCleanup(client.close)
        machine = next(m["Name"] for m in client.enumerate("Msvm_ComputerSystem") if m["ElementName"] == "test")

        def jobs(numbers):
            for number in numbers:
                job = self.change_state(client, machine, number)
                self.assertIsNotNone(job, f"job {number} was refused")
                self.wait_for_end(client, job)

        jobs(range(20))
        with open(folder / "fill", "wb", buffering=0) as fill:
            try:
                while fill.write(b"x" * 4096):
                    pass
            except OSError:
                pass
            # Which fit into the log, and which are refused, is the other test's.
            told = [self.change_state(client, machine, number) for number in range(20)]
            fill.truncate(fill.tell() - 64 * 1024)
        for job in filter(None, told):
            self.wait_for_end(client, job)
        is_off = client.get("Msvm_ComputerSystem", vmms.machine_keys(machine))["EnabledState"] == "3"
        jobs(range(int(is_off), 30))

    def test_a_disk_that_turns_read_only_refuses_jobs(self):
        folder = self.mount_disk()
        (folder / "state").mkdir(mode=0o700)
        daemon = self.start(folder)
        client = daemon.client()
        self.addCleanup(client.close)
        machine = next(m["Name"] for m in client.enumerate("Msvm_ComputerSystem") if m["ElementName"] == "test")
        told = []
        for number in range(4):
            told.append(self.change_state(client, machine, number))
            self.assertIsNotNone(told[-1])
            self.wait_for_end(client, told[-1])
        subprocess.run(["mount", "-o", "remount,abort", folder], check=True)  # as after an error of the disk
        self.assertEqual([self.change_state(client, machine, number) for number in range(6)], [None] * 6)
        self.assertTrue(is_served(port_of(daemon)))
        for job in told:
            self.assertEqual(client.get("Msvm_ConcreteJob", {"InstanceID": job})["JobState"], "7")

    def test_a_read_only_disk_ends_the_start_or_refuses_jobs(self):
        folder = self.mount("1m")
        (folder / "state").mkdir(mode=0o700)
        daemon = self.start(folder)
        daemon.terminate()
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        try:
            daemon.start()
        except (AssertionError, FileNotFoundError):  # it has no log in its folder
            self.log.seek(0)
            self.assertRegex(self.log.read().decode(), "error .*(Read-only|readonly|read-only)")
            return
        client = daemon.client()
        self.addCleanup(client.close)
        machine = next(m["Name"] for m in client.enumerate("Msvm_ComputerSystem") if m["ElementName"] == "test")
        self.assertEqual([self.change_state(client, machine, i) for i in range(6)], [None] * 6)
        self.assertTrue(is_served(port_of(daemon)))


if __name__ == "__main__":
    vmms.main()
