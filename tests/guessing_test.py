#!/usr/bin/env python3
"""Guessing passwords is slow only for the guesser, and does not show which users exist."""

import pathlib
import re
import resource
import socket
import statistics
import subprocess
import threading
import time
import urllib.parse

import vmms
from attack import (Answer, Attacked, basic, connect, envelope, exchange, IDENTIFY, post, read_to_end, STRANGER,
                    STRANGERS_PASSWORD)

GUESSER, NEIGHBOUR = "127.0.0.9", "127.0.0.77"


class Guessing(Attacked):
    def setUp(self):
        super().setUp()
        self.stopped = threading.Event()
        self.guessers = []
        self.guessed = 0
        self.addCleanup(self.stop)

    def stop(self):
        self.stopped.set()
        for guesser in self.guessers:
            guesser.join()

    def processor_time(self):
        fields = self.process("stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def guess(self, number, source, user, patience):
        """One wrong password after the other, each on a new connection, which is left when the answer takes long."""
        while not self.stopped.is_set():
            self.guessed += 1
            try:
                with connect(self.port, source) as connection:
                    connection.settimeout(patience)
                    connection.sendall(post(IDENTIFY, basic(user or f"nobody{self.guessed}", f"{number}-{self.guessed}")))
                    connection.recv(1000)
            except OSError:
                pass

    def start(self, guessers, source=GUESSER, user=STRANGER, patience=0.6):
        for number in range(guessers):
            self.guessers.append(threading.Thread(target=self.guess, args=(number, source, user, patience)))
            self.guessers[-1].start()

    def sign_in(self, source, user=STRANGER):
        begun = time.monotonic()
        status = exchange_while_connected(self.port, post(IDENTIFY, basic(user, STRANGERS_PASSWORD)), source)
        return status, time.monotonic() - begun

    def hash_time(self):
        """Of one password, alone: measured, since machines differ."""
        return statistics.median(self.sign_in_wrong(f"127.0.7.{n}", "nobody at all")[1] for n in range(1, 4))

    def sign_in_wrong(self, source, user):
        begun = time.monotonic()
        status = exchange_while_connected(self.port, post(IDENTIFY, basic(user, f"x{begun}")), source)
        return status, time.monotonic() - begun


def exchange_while_connected(port, data, source):
    with connect(port, source) as connection:
        connection.sendall(data.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        return Answer(read_to_end(connection)).status


class WhoGuesses(Guessing):
    def test_leaving_early_brings_no_more_passwords(self):
        one = self.hash_time()
        before, guessed = self.processor_time(), self.guessed
        self.start(16)
        time.sleep(8)
        self.stop()
        self.assertGreater(self.guessed - guessed, 100)
        # Twenty and one a second, if all the time that it took went into hashes.
        self.assertLess(self.processor_time() - before, 40 * one + 2)

    def test_others_sign_in_meanwhile(self):
        self.add_user("newcomer")
        self.assertEqual(self.sign_in(GUESSER)[0], 200)
        self.start(40)
        self.start(10, user=None)
        time.sleep(2)
        # From the same address: a user who signed in from there before, and one who never did, under the name that is
        # guessed at and under another.
        for source, user in ((GUESSER, STRANGER), (GUESSER, "newcomer"), (NEIGHBOUR, STRANGER), (NEIGHBOUR, "newcomer")):
            with self.subTest(source, user=user):
                status, seconds = self.sign_in(source, user)
                self.assertEqual(status, 200)
                self.assertLess(seconds, 10)

    def test_patient_guessers_do_not_shut_out_who_was_there_before(self):
        self.assertEqual(self.sign_in(GUESSER)[0], 200)
        self.start(60, patience=10)
        time.sleep(2)
        status, seconds = self.sign_in(GUESSER)
        self.assertEqual(status, 200)
        self.assertLess(seconds, 5)
        self.assertEqual(self.sign_in(NEIGHBOUR)[0], 200)


class WhoExists(Guessing):
    def test_the_time_of_a_failure_does_not_show_it(self):
        # Eight failures of each from eight addresses, then more from others; in turns, as the machine may be busy.
        users = (STRANGER, "nobody here", "admin", vmms.USER)
        times = {user: [] for user in users}
        for number in range(8 + 12):
            for block, user in enumerate(users):
                seconds = self.sign_in_wrong(f"127.0.{20 + block}.{number + 1}", user)[1]
                if number >= 8:
                    times[user].append(seconds)
        times = {user: min(all_times) for user, all_times in times.items()}
        self.assertLess(max(times.values()) - min(times.values()), 0.02 + min(times.values()) / 2, times)

    def test_nor_do_its_words(self):
        def answer(user):
            found = exchange(self.port, post(IDENTIFY, basic(user, "no")), "127.0.0.66")
            return found.status, re.sub(rb"Date: [^\r]*", b"", found.head), found.body
        self.assertEqual(answer(STRANGER), answer("nobody here"))


class Realms(Attacked):
    """A user of the password file who is called root is not the host's root."""

    def test_root_of_the_password_file(self):
        for name in ("root", "uid 65534"):
            self.add_user(name)
        with socket.socket(socket.AF_UNIX) as local:
            local.settimeout(20)
            local.connect(str(self.daemon.socket))
            enumerate_some = envelope(vmms.NAMES["n"] + "/Enumerate", body="<n:Enumerate/>")
            local.sendall(post(enumerate_some, None, fields=("Connection: close",)))
            opened = Answer(read_to_end(local))
        self.assertEqual(opened.status, 200)
        context = opened.contexts[0].decode()
        pull = envelope(vmms.NAMES["n"] + "/Pull",
                        body=f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext></n:Pull>")
        for name in ("root", "uid 65534", STRANGER):
            answer = exchange(self.port, post(pull, basic(name, STRANGERS_PASSWORD)))
            self.assertEqual(answer.status, 500, name)


class OurOwnFailures(Attacked):
    """There is no memory for a password's hash: that does not count as a wrong password."""

    def test_no_memory(self):
        if vmms.SANITIZED:
            self.skipTest("a sanitizer's address space cannot be limited")
        daemon = vmms.Daemon(self, "--simulate", self.daemon.arguments[self.daemon.arguments.index("--simulate") + 1])
        port = urllib.parse.urlsplit(daemon.url).port
        right = post(IDENTIFY, basic(vmms.USER, vmms.PASSWORD))
        status = re.search(r"VmSize:\s+([0-9]+) kB", pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text())
        limits = resource.prlimit(daemon.process.pid, resource.RLIMIT_AS)
        # 16 MiB are one hash.
        resource.prlimit(daemon.process.pid, resource.RLIMIT_AS, (int(status.group(1)) * 1024 + (6 << 20), limits[1]))
        statuses = set()
        for _ in range(30):
            answer = exchange(port, right)
            statuses.add(answer.status)
            if answer.status == 503:
                self.assertGreater(int(answer.header("Retry-After")), 0)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_AS, limits)
        self.assertNotIn(401, statuses)
        self.assertIn(503, statuses)
        # Nor was it counted.
        begun = time.monotonic()
        self.assertEqual(exchange(port, right).status, 200)
        self.assertLess(time.monotonic() - begun, 5)


if __name__ == "__main__":
    vmms.main()
