#!/usr/bin/env python3
"""What requests make the daemon hold: nothing of an unwanted body, nothing for longer than it is needed."""

import concurrent.futures
import contextlib
import socket
import time

import vmms
from attack import (Answer, Attacked, basic, connect, envelope, EVERYTHING, exchange, IDENTIFY, post, read_to_end,
                    reset, RIGHT, selectors, STRANGERS_PASSWORD)

MIB = 1 << 20
WRONG = basic("stranger", "wrong")


def read_answer(connection):
    """One answer, of a connection that stays."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return Answer(received)
        received += part
    answer = Answer(received)
    while len(answer.body) < int(answer.header("Content-Length") or 0):
        answer.body += connection.recv(65536)
    return answer


class BodiesOfStrangers(Attacked):
    """Whether a body is wanted is decided at the end of the header."""

    def test_up_to_a_mebibyte_is_thrown_away_and_the_connection_stays(self):
        for authorization in (None, WRONG, "Negotiate TlRMTVNTUAABAAAA"):
            with self.subTest(authorization), connect(self.port) as connection:
                for size in (0, 1, 70_000, MIB):
                    connection.sendall(post(b"x" * size, authorization))
                    answer = read_answer(connection)
                    self.assertEqual((answer.status, answer.header("Connection")), (401, None))
                chunks = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
                head = post(b"", authorization, length=0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
                connection.sendall(head + chunks * 16 + b"0\r\n\r\n")
                self.assertEqual(read_answer(connection).status, 401)
                connection.sendall(post(IDENTIFY))
                self.assertEqual(read_answer(connection).status, 200)

    def test_more_is_refused_and_the_answer_arrives(self):
        chunks = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        head = post(b"", None, length=0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        for data in (post(b"x" * (MIB + 1), None), post(b"x" * (7 * MIB), None), post(b"x", None, length=7 * MIB),
                     head + chunks * 17 + b"0\r\n\r\n"):
            with self.subTest(len(data)), connect(self.port) as connection:
                with contextlib.suppress(ConnectionError):
                    connection.sendall(data)
                answer = Answer(read_to_end(connection))
                self.assertEqual((answer.status, answer.header("Connection")), (401, "close"))

    def test_who_asks_before_he_sends_is_told_at_once(self):
        for authorization, status in ((None, b"401"), (WRONG, b"401"), (RIGHT, b"100")):
            with self.subTest(authorization), connect(self.port) as connection:
                connection.sendall(post(b"", authorization, length=8_000_000, fields=("Expect: 100-continue",)))
                self.assertEqual(connection.recv(1000)[9:12], status)
                if status != b"100":
                    read_to_end(connection)  # it ends: whether the body would come is unknown

    def test_they_cost_nothing(self):
        memory = self.memory()
        with contextlib.ExitStack() as crowd:
            for number in range(250):
                connection = crowd.enter_context(connect(self.port, f"127.0.0.{2 + number % 8}"))
                with contextlib.suppress(ConnectionError):
                    connection.sendall(post(b"x" * 900_000, None, length=1_000_000))
            time.sleep(1)
            if not self.is_sanitized():
                self.assertLess(self.memory() - memory, 60 * MIB)
            large = envelope("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", header=f"<x>{'y' * 100_000}</x>")
            self.assertEqual(exchange(self.port, post(large)).status, 500)  # which names no keys; no 503
        self.returns(self.files, self.idle_files, "open files")


class RequestsThatWait(Attacked):
    """An operation that waits keeps its arguments, not its document."""

    def call(self, padding, inside="", timeout="PT60M"):
        keys = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>'
                       for name, value in vmms.service_keys(self.web, "hang.service").items())
        uri = "Vmms_GuestOSService"
        return envelope(f"{vmms.RESOURCE}{uri}/StartService", uri,
                        selectors(keys) + f"<w:OperationTimeout>{timeout}</w:OperationTimeout><x>{padding}</x>", inside)

    def leave(self, data, how, times):
        for _ in range(times):
            connection = connect(self.port)
            with contextlib.suppress(ConnectionError):
                connection.sendall(data)
                connection.settimeout(0.05)
                with contextlib.suppress(TimeoutError):
                    connection.recv(1)
            how(connection)

    def test_large_requests_whose_callers_left(self):
        paddings = {"text": "y" * 7_000_000, "elements": "<y/>" * 60_000, "pieces": "y<!---->" * 400_000}
        for padding in paddings.values():  # malloc keeps what the largest needed while it was read
            self.leave(post(self.call(padding)), reset, 4)
        for what, padding in paddings.items():
            for how in (reset, socket.socket.close):
                with self.subTest(what, how=how.__name__):
                    memory = self.memory()
                    self.leave(post(self.call(padding)), how, 40)
                    if not self.is_sanitized():
                        self.assertLess(self.memory() - memory, 120 * MIB)
        self.assertEqual(exchange(self.port, post(IDENTIFY)).status, 200)

    def test_large_requests_whose_callers_wait(self):
        memory = self.memory()
        data = post(self.call("y" * 7_000_000))
        with contextlib.ExitStack() as callers:
            for _ in range(40):
                callers.enter_context(connect(self.port)).sendall(data)
            time.sleep(1)
            if not self.is_sanitized():
                self.assertLess(self.memory() - memory, 120 * MIB)


class AnswersThatNobodyReads(Attacked):
    def test_they_are_bounded_by_user(self):
        # What one user's unread answers hold does not keep others from large ones.
        self.add_user("deaf")
        enumerate_much = EVERYTHING.replace(b"</s:Header>", b"<w:MaxEnvelopeSize>4000000</w:MaxEnvelopeSize></s:Header>")
        with contextlib.ExitStack() as crowd:
            for _ in range(200):
                connection = crowd.enter_context(connect(self.port, receive_buffer=4096))
                connection.sendall(post(enumerate_much, basic("deaf", STRANGERS_PASSWORD)) * 3)
            answer = exchange(self.port, post(enumerate_much))
            self.assertEqual(answer.status, 200)
        self.returns(self.files, self.idle_files, "open files")


class OneUser(Attacked):
    def test_large_bodies_are_bounded_by_user(self):
        # Begun and not ended, from one user: refused at his share; another's are read.
        self.add_user("greedy")
        pieces = post(b" " * 7_900_000, basic("greedy", STRANGERS_PASSWORD), length=8_000_000)
        with contextlib.ExitStack() as crowd, concurrent.futures.ThreadPoolExecutor(8) as pool:
            def begin(_):
                connection = crowd.enter_context(connect(self.port))
                with contextlib.suppress(ConnectionError):
                    connection.sendall(pieces)
            list(pool.map(begin, range(48)))
            whole = post(b" " * 7_000_000 + IDENTIFY)
            self.assertEqual(exchange(self.port, whole, "127.0.0.2").status, 200)
        self.returns(self.files, self.idle_files, "open files")


if __name__ == "__main__":
    vmms.main()
