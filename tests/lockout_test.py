#!/usr/bin/env python3
"""Connections: a client that holds as many as it can get keeps out neither others nor root on the local socket."""

import contextlib
import itertools
import os
import resource
import socket
import ssl
import subprocess
import sys
import time
import unittest
import urllib.parse

import vmms
from attack import (Answer, Attacked, basic, connect, envelope, exchange, IDENTIFY, post, read_to_end, reset, selectors, STRANGER,
                    STRANGERS_PASSWORD)

NOTHING = post(b"", None)  # is answered 401, and the connection stays
HANGING = "".join(f"""
[[vm]]
name = "hanging{number}"
state = "running"
settings = {{ guest_service_interface = true }}
[[vm.guest.service]]
name = "hang"
start = "hang"
""" for number in range(5))
# Of one principal and one address: connections whose clients closed their sending side.
MOST_LEAVING = 128
# Descriptors that come and go by themselves.
SPARE = 16


def ask_locally(path, timeout=20):
    """The status that a request on the local socket gets, without credentials."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        connection.sendall(post(IDENTIFY, None, fields=("Connection: close",)))
        return Answer(read_to_end(connection)).status


class Crowds(Attacked):
    def setUp(self):
        super().setUp()
        self.crowd = contextlib.ExitStack()
        self.addCleanup(self.crowd.close)

    def open(self, source="127.0.0.1", data=b"", port=None):
        connection = self.crowd.enter_context(connect(port or self.port, source))
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        return connection

    def status(self, source="127.0.0.1"):
        return exchange(self.port, post(IDENTIFY), source).status

    def is_open(self, connection):
        connection.setblocking(False)
        try:
            while connection.recv(65536):
                pass
            return False
        except BlockingIOError:
            return True
        except ConnectionError:
            return False


class Strangers(Crowds):
    """Connections without a signed-in user."""

    def test_a_thousand_idle_ones_of_one_address(self):
        neighbour = self.open("127.0.0.2", NOTHING)
        crowd = [self.open(data=NOTHING) for _ in range(1088)]
        for _ in range(3):
            self.assertEqual(ask_locally(self.daemon.socket), 200)
            self.assertEqual(self.status("127.0.0.3"), 200)
            # Its own newest connection displaces its own oldest one.
            self.assertEqual(self.status(), 200)
            for connection in crowd:
                with contextlib.suppress(ConnectionError):
                    connection.sendall(NOTHING)
        self.assertTrue(self.is_open(neighbour), "one address displaced the connection of another")
        self.assertFalse(self.is_open(crowd[0]))
        self.assertTrue(self.is_open(crowd[-1]))

    def test_who_signed_in_is_not_displaced(self):
        user = self.open()
        user.sendall(post(IDENTIFY))
        self.assertEqual(user.recv(12), b"HTTP/1.1 200")
        for _ in range(600):
            self.open(data=NOTHING)
        self.assertEqual(self.status(), 200)
        self.assertTrue(self.is_open(user))

    def test_many_addresses(self):
        for number in range(1, 16):
            for _ in range(200):
                self.open(f"127.0.1.{number}", NOTHING)
        for _ in range(3):
            self.assertEqual(ask_locally(self.daemon.socket), 200)
            # The address with most of them makes room for one with none.
            self.assertEqual(self.status("127.0.3.1"), 200)
        # A client that has a connection already goes on.
        self.assertEqual(self.status("127.0.1.1"), 200)
        self.crowd.close()
        self.returns(self.files, self.idle_files + SPARE, "open files")
        self.assertEqual(self.status("127.0.3.1"), 200)

    def test_guesses_that_wait_hold_no_places(self):
        # Each is another password, so that each waits for its turn.
        guesses = itertools.count()
        for number in range(1, 7):
            for _ in range(450):
                self.open(f"127.0.1.{number}", post(IDENTIFY, basic(STRANGER, f"guess{next(guesses)}")))
        for _ in range(3):
            self.assertEqual(ask_locally(self.daemon.socket), 200)
            self.assertEqual(self.status("127.0.3.1"), 200)

    def test_headers_that_do_not_end(self):
        crowd = [self.open(data=post(IDENTIFY)[:40]) for _ in range(900)]
        for _ in range(3):
            for connection in crowd:
                with contextlib.suppress(ConnectionError):
                    connection.sendall(b"a")
            self.assertEqual(ask_locally(self.daemon.socket), 200)
            self.assertEqual(self.status("127.0.0.2"), 200)
            self.assertEqual(self.status(), 200)

    def test_bodies_of_strangers_that_do_not_end(self):
        for claimed in (900_000, 8_000_000):
            for _ in range(500):
                self.open(data=post(b"x" * 10_000, None, length=claimed))
            self.assertEqual(ask_locally(self.daemon.socket), 200)
            self.assertEqual(self.status("127.0.0.2"), 200)
            self.assertEqual(self.status(), 200)

    def test_there_is_an_end_also_for_one_address(self):
        # Connections that are being answered are not displaced, so here the newest is refused, with an answer that says
        # so.
        self.add_user("busy")
        keys = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>'
                       for name, value in vmms.service_keys(self.web, "hang.service").items())
        uri = "Vmms_GuestOSService"
        call = post(envelope(f"{vmms.RESOURCE}{uri}/StartService", uri,
                             selectors(keys) + "<w:OperationTimeout>PT30S</w:OperationTimeout>"),
                    basic("busy", STRANGERS_PASSWORD))
        for _ in range(1100):
            self.open(data=call)
        self.assertEqual(ask_locally(self.daemon.socket), 200)
        self.assertEqual(self.status("127.0.0.2"), 200)


class HalfHandshakes(Crowds):
    def test_a_thousand(self):
        daemon = vmms.Daemon(self, "--simulate", self.daemon.arguments[self.daemon.arguments.index("--simulate") + 1],
                             "--wsmans", "127.0.0.1:0")
        port = urllib.parse.urlsplit(daemon.urls["wsmans"]).port
        for _ in range(1000):
            self.open(data=b"\x16\x03\x01\x02\x00\x01", port=port)
        self.assertEqual(ask_locally(daemon.socket), 200)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for source in ("127.0.0.2", "127.0.0.1"):
            with context.wrap_socket(connect(port, source)) as connection:
                connection.sendall(post(IDENTIFY, basic(vmms.USER, vmms.PASSWORD), fields=("Connection: close",)))
                self.assertEqual(Answer(read_to_end(connection)).status, 200)


@unittest.skipIf(os.geteuid() != 0, "only root can act as another user")
class LocalUsers(Crowds):
    """Users who may use the local socket take it neither from root nor from each other."""

    CROWD = """
import os, socket, sys
os.setgroups([]); os.setgid(int(sys.argv[3])); os.setuid(int(sys.argv[2]))
crowd = []
for _ in range(200):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(sys.argv[1])
    crowd.append(connection)
print("connected", flush=True)
sys.stdin.read()
"""

    def crowd_of(self, user, group):
        process = subprocess.Popen([sys.executable, "-c", self.CROWD, str(self.daemon.socket), str(user), str(group)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.crowd.callback(process.stdout.close)
        self.crowd.callback(process.wait)
        self.crowd.callback(process.stdin.close)
        self.assertEqual(process.stdout.readline(), b"connected\n")

    def test_they_leave_some_for_root(self):
        group = 65534
        os.chown(self.daemon.socket, 0, group)
        os.chmod(self.daemon.socket, 0o660)
        os.chmod(self.daemon.folder, 0o711)
        for user in range(20001, 20011):
            self.crowd_of(user, group)
        for _ in range(3):
            self.assertEqual(ask_locally(self.daemon.socket), 200)
        self.assertEqual(self.status(), 200)


@unittest.skipIf(vmms.SANITIZED, "a sanitizer needs descriptors of its own in order to look at memory")
class FewDescriptors(Crowds):
    def test_some_are_kept_for_the_local_socket(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        fleet = self.daemon.arguments[self.daemon.arguments.index("--simulate") + 1]
        daemon = vmms.Daemon(self, "--simulate", fleet)
        subprocess.run(["prlimit", "--pid", str(daemon.process.pid), "--nofile=200:200"], check=True)
        port = urllib.parse.urlsplit(daemon.url).port
        for number in range(1, 5):
            for _ in range(150):
                self.open(f"127.0.2.{number}", NOTHING, port)
        for _ in range(5):
            self.assertEqual(ask_locally(daemon.socket), 200)
        self.crowd.close()
        end = time.monotonic() + 20
        while exchange(port, post(IDENTIFY, basic(vmms.USER, vmms.PASSWORD))).status != 200:
            self.assertLess(time.monotonic(), end)


class WhoLeft(Crowds):
    """Calls whose caller does not wait for the answer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        fleet = cls.daemon.folder / "hanging.toml"
        fleet.write_text('[host]\nname = "HOST1"\n' + HANGING)
        cls.hanging = vmms.Daemon(cls, "--simulate", fleet)
        cls.hanging_port = urllib.parse.urlsplit(cls.hanging.url).port
        client = cls.hanging.client()
        cls.machines = [machine["Name"] for machine in client.enumerate("Msvm_ComputerSystem")
                        if machine["ElementName"].startswith("hanging")]
        client.close()
        subprocess.run([vmms.BUILD / "vmms", "user", "add", "other", "--users", cls.hanging.users], text=True,
                       input=STRANGERS_PASSWORD + "\n", check=True, stdout=subprocess.DEVNULL)

    def call(self, machine, timeout, authorization=basic(vmms.USER, vmms.PASSWORD)):
        keys = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>'
                       for name, value in vmms.service_keys(machine, "hang.service").items())
        uri = "Vmms_GuestOSService"
        return post(envelope(f"{vmms.RESOURCE}{uri}/StartService", uri,
                             selectors(keys) + f"<w:OperationTimeout>{timeout}</w:OperationTimeout>"),
                    authorization)

    def held(self):
        return len(os.listdir(f"/proc/{self.hanging.process.pid}/fd"))

    def test_their_connections_are_free_at_once(self):
        idle = self.held()
        for machine in self.machines:
            call = self.call(machine, "PT60M")
            for _ in range(280):
                connection = connect(self.hanging_port)
                connection.sendall(call)
                connection.close()
        self.eventually(lambda: self.held() <= idle + MOST_LEAVING + SPARE, lambda: f"{self.held()} descriptors")
        self.assertEqual(ask_locally(self.hanging.socket), 200)
        other = post(IDENTIFY, basic("other", STRANGERS_PASSWORD))
        self.assertEqual(exchange(self.hanging_port, other).status, 200)
        self.assertEqual(exchange(self.hanging_port, other, "127.0.0.2").status, 200)

    def test_also_of_those_who_sent_something_more(self):
        idle = self.held()
        for rest in (b"P", b"x" * 200_000):
            for _ in range(200):
                connection = connect(self.hanging_port)
                connection.sendall(self.call(self.machines[0], "PT60M") + rest)
                connection.close()
        self.eventually(lambda: self.held() <= idle + MOST_LEAVING + SPARE, lambda: f"{self.held()} descriptors")

    def test_who_only_stops_sending_gets_the_answer(self):
        # Abandoned calls go on until their deadline, and only so many of one user do at once.
        another = basic("other", STRANGERS_PASSWORD)
        answer = exchange(self.hanging_port, self.call(self.machines[0], "PT1S", another))
        self.assertEqual(answer.status, 500)
        self.assertIn(b"w:TimedOut", answer.body)  # sent by the connection or the call itself, whichever notices first

    def test_a_reset_ends_it(self):
        idle = self.held()
        waiting = []
        for _ in range(50):
            connection = connect(self.hanging_port)
            connection.sendall(self.call(self.machines[1], "PT60M"))
            connection.shutdown(socket.SHUT_WR)
            waiting.append(connection)
        for connection in waiting:
            reset(connection)
        self.eventually(lambda: self.held() <= idle, lambda: f"{self.held()} descriptors")


if __name__ == "__main__":
    vmms.main()
