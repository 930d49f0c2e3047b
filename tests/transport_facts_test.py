#!/usr/bin/env python3
"""How clients bring their requests: HTTP's forms, the first try without credentials, encodings."""

import contextlib
import re
import socket
import time
import unittest

import attack
import vmms
import wire
from vmms import machine_keys
from wire import GET, MANAGEMENT, WEB, Answer, record, soap, uri

tearDownModule = wire.record.check

SYSTEM = "Msvm_ComputerSystem"
REQUEST = soap(GET, uri(SYSTEM), machine_keys(WEB))


class Http(wire.Served):
    def challenge(self, response):
        self.assertEqual(response.status, 401)
        self.assertRegex(response.getheader("WWW-Authenticate"), '^Basic realm="[^"]+"')

    def test_the_whole_body_comes_without_credentials_first(self):
        for body in (REQUEST, REQUEST + " " * 300_000):
            self.challenge(self.client.exchange(body.encode(), {"Authorization": None}))
            socket_before = self.client.connection.sock
            self.assertEqual(self.ask(body).instance["ElementName"], "web")
            self.assertIs(self.client.connection.sock, socket_before)

    def test_the_first_request_has_no_body_and_no_credentials(self):
        self.challenge(self.client.exchange(b"", {"Authorization": None}))
        self.ask(REQUEST)

    def test_credentials_come_at_once(self):
        self.ask(REQUEST)

    def test_other_schemes_first(self):
        for scheme in ("Negotiate TlRMTVNTUAABAAAAN4II4g==", "Negotiate", "Kerberos YII="):
            self.challenge(self.client.exchange(REQUEST.encode(), {"Authorization": scheme}))
            self.ask(REQUEST)

    def test_the_path_with_and_without_a_slash_at_its_end(self):
        for path in ("/wsman", "/wsman/"):
            self.ask(REQUEST, path=path)
        self.assertEqual(self.client.exchange(REQUEST.encode(), path="/other").status, 404)

    def test_content_types(self):
        for kind in ("application/soap+xml;charset=UTF-8", "application/soap+xml; charset=utf-8",
                     'application/soap+xml; charset="UTF-8"', "application/soap+xml",
                     "Application/SOAP+XML;Charset=utf-8",
                     f'application/soap+xml; charset=UTF-8; action="{GET}"'):
            with self.subTest(kind):
                self.ask(REQUEST, {"Content-Type": kind})

    def test_statuses_200_400_and_500_are_soap(self):
        missing = soap(GET, uri(SYSTEM), machine_keys("x"))
        for status, request in ((200, REQUEST), (500, missing), (400, REQUEST[:-1])):
            response = self.client.exchange(request.encode())
            self.assertEqual(response.status, status)
            self.assertEqual(response.getheader("Content-Type"), "application/soap+xml;charset=UTF-8")
            self.assertIn(b"<s:Fault>" if status != 200 else b"<p:Msvm_ComputerSystem", response.content)

    def test_head_and_body_of_an_answer_come_together(self):
        # With two writes a client waits for the second until its kernel has acknowledged the first: 40 ms.
        begun = time.monotonic()
        with self.connect() as connection:
            for _ in range(50):
                connection.sendall(self.bytes())
                received = connection.recv(1 << 16)
                head, _, body = received.partition(b"\r\n\r\n")
                self.assertEqual(len(body), int(re.search(rb"(?i)Content-Length: (\d+)", head).group(1)))
        if not vmms.SANITIZED:
            self.assertLess(time.monotonic() - begun, 50 * 0.04)

    # From here on the bytes are written by hand.

    @contextlib.contextmanager
    def connect(self):
        with socket.create_connection((self.client.url.hostname, self.client.url.port), timeout=60) as connection:
            yield connection

    def head(self, *fields, authorization=True):
        fields = [*fields, "Authorization: " + self.client.authorization] if authorization else fields
        return "\r\n".join(["POST /wsman HTTP/1.1", "Host: hyperv.example:5985",
                            "Content-Type: application/soap+xml;charset=UTF-8", *fields, "", ""]).encode()

    def bytes(self, request=REQUEST):
        body = request.encode()
        return self.head(f"Content-Length: {len(body)}") + body

    def receive(self, stream):
        """The next answer of a connection, with its head."""
        status = stream.readline()
        self.assertRegex(status, rb"^HTTP/1\.1 [0-9]{3} ")
        fields = {}
        while line := stream.readline().rstrip(b"\r\n").decode():
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        content = stream.read(int(fields.get("content-length", "0")))
        record(fields.get("content-type", ""), content)
        return Answer(int(status.split()[1]), content.decode()), fields

    def relates_to(self, answer):
        return re.search("<a:RelatesTo>([^<]*)<", answer.text).group(1)

    def test_a_chunked_request(self):
        body = soap(GET, uri(SYSTEM), machine_keys(WEB), message="uuid:chünked").encode()
        for size, extension, trailer in ((len(body), "", ""), (1000, "", ""), (7, "", ""), (1, "", ""),
                                         (100, ";name=value", ""), (100, "", "X-Trailer: x\r\n")):
            with self.subTest(size=size, extension=extension, trailer=trailer), self.connect() as connection:
                chunks = b"".join(f"{len(piece):x}{extension}\r\n".encode() + piece + b"\r\n" for piece in (
                    body[at:at + size] for at in range(0, len(body), size)))
                connection.sendall(self.head("Transfer-Encoding: chunked") + chunks + f"0\r\n{trailer}\r\n".encode())
                with connection.makefile("rb") as stream:
                    answer, _ = self.receive(stream)
                    self.assertEqual((answer.status, self.relates_to(answer)), (200, "uuid:chünked"))
                    # The connection is as good as before.
                    connection.sendall(self.bytes())
                    self.assertEqual(self.receive(stream)[0].status, 200)

    def test_pipelined_requests_are_answered_in_their_order(self):
        with self.connect() as connection, connection.makefile("rb") as stream:
            messages = [f"uuid:{i}" for i in range(40)]
            # Some are answered from memory, some may wait.
            resources = (uri(SYSTEM), uri("Win32_OperatingSystem", wire.CIMV2))
            connection.sendall(b"".join(self.bytes(soap(GET, resources[i % 2], machine_keys(WEB) if i % 2 == 0 else {},
                                                        message=message)) for i, message in enumerate(messages)))
            answers = [self.receive(stream)[0] for _ in messages]
            self.assertEqual([answer.status for answer in answers], [200] * len(messages))
            self.assertEqual([self.relates_to(answer) for answer in answers], messages)

    def test_a_client_that_waits_for_100_continue(self):
        body = REQUEST.encode()
        with self.connect() as connection, connection.makefile("rb") as stream:
            for _ in range(2):
                connection.sendall(self.head(f"Content-Length: {len(body)}", "Expect: 100-continue"))
                self.assertEqual(stream.readline(), b"HTTP/1.1 100 Continue\r\n")
                self.assertEqual(stream.readline(), b"\r\n")
                connection.sendall(body)
                self.assertEqual(self.receive(stream)[0].status, 200)

    def test_a_client_that_does_not_wait_for_100_continue(self):
        body = REQUEST.encode()
        with self.connect() as connection, connection.makefile("rb") as stream:
            connection.sendall(self.head(f"Content-Length: {len(body)}", "Expect: 100-continue") + body)
            first = stream.peek(12)[:12]
            if first == b"HTTP/1.1 100":
                self.assertEqual((stream.readline(), stream.readline()), (b"HTTP/1.1 100 Continue\r\n", b"\r\n"))
            self.assertEqual(self.receive(stream)[0].status, 200)

    def test_a_client_that_waits_without_credentials_is_challenged(self):
        body = REQUEST.encode()
        with self.connect() as connection, connection.makefile("rb") as stream:
            connection.sendall(self.head(f"Content-Length: {len(body)}", "Expect: 100-continue", authorization=False))
            if stream.peek(12)[:12] == b"HTTP/1.1 100":
                stream.readline(), stream.readline()
                connection.sendall(body)
            answer, fields = self.receive(stream)
            self.assertEqual(answer.status, 401)
            self.assertRegex(fields["www-authenticate"], "^Basic ")

    def test_a_connection_that_the_client_ends(self):
        with self.connect() as connection, connection.makefile("rb") as stream:
            body = REQUEST.encode()
            connection.sendall(self.head(f"Content-Length: {len(body)}", "Connection: close") + body)
            answer, fields = self.receive(stream)
            self.assertEqual((answer.status, fields["connection"].lower()), (200, "close"))
            self.assertEqual(stream.read(), b"")


class WithoutCredentials(unittest.TestCase):
    """Test-WSMan and `wsman anonid`; what they get is the administrator's choice."""

    UNAUTHENTICATED = ("WSMANIDENTIFY: unauthenticated",)

    def serve(self, *options):
        daemon = vmms.Daemon(self, "--simulate", attack.write_fleet(type(self)), *options)
        port = int(daemon.url.rpartition(":")[2].partition("/")[0])
        return daemon, lambda body, authorization=None, **more: attack.exchange(
            port, attack.post(body, authorization, **more))

    def test_identify_says_as_much_as_it_may(self):
        for options, told in (([], False), (["--anonymous-identify", "minimal"], False),
                              (["--anonymous-identify", "full"], True)):
            with self.subTest(options):
                daemon, ask = self.serve(*options)
                version = daemon.json("identify")["product_version"]
                for way in ({"fields": self.UNAUTHENTICATED}, {"path": "/wsman-anon/identify"}):
                    answer = ask(attack.IDENTIFY, **way)
                    self.assertEqual(answer.status, 200)
                    self.assertIn(b"IdentifyResponse", answer.body)
                    self.assertEqual(f">{version}<".encode() in answer.body, told)
                    self.assertNotIn(b"HOST1", answer.body)
                    for body in (attack.get(""), b"", attack.IDENTIFY + b" " * 4096):
                        self.assertEqual(ask(body, **way).status, 401)
                    self.assertEqual(ask(attack.IDENTIFY, attack.basic("nobody", "x"), **way).status, 401)
                self.assertEqual(ask(attack.IDENTIFY).status, 401)

    def test_off_is_off(self):
        _, ask = self.serve("--anonymous-identify", "off")
        self.assertEqual(ask(attack.IDENTIFY, fields=self.UNAUTHENTICATED).status, 401)
        self.assertEqual(ask(attack.IDENTIFY, path="/wsman-anon/identify").status, 404)


class Encodings(wire.Served):
    MESSAGE = "uuid:ü€😀"
    BOMS = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    PROLOG = '<?xml version="1.0" encoding="UTF-16"?>'

    def exchange(self, content, kind):
        """The status and the bytes of an answer; it is recorded as UTF-8, as readers of its head may expect."""
        self.client.recorder = None
        return self.client.exchange(content, {"Content-Type": kind})

    def test_utf_16_is_answered_in_kind(self):
        missing = soap(GET, uri(SYSTEM), machine_keys("ü€😀"), message=self.MESSAGE)
        found = soap(GET, uri(SYSTEM), machine_keys(WEB), message=self.MESSAGE)
        for encoding, mark in self.BOMS.items():
            for begin, prolog in ((mark, ""), (mark, self.PROLOG), (b"", ""), (b"", self.PROLOG)):
                for charset in ("UTF-16", '"utf-16"', encoding.upper().replace("-LE", "LE").replace("-BE", "BE")):
                    for request, status in ((found, 200), (missing, 500)):
                        with self.subTest(encoding, begin=begin, prolog=prolog, charset=charset, status=status):
                            response = self.exchange(begin + (prolog + request).encode(encoding),
                                                     f"application/soap+xml;charset={charset}")
                            self.assertEqual(response.status, status, response.content)
                            self.assertRegex(response.getheader("Content-Type").upper(),
                                             "^APPLICATION/SOAP\\+XML; ?CHARSET=UTF-16")
                            self.assertTrue(response.content.startswith(begin + "<s:Env".encode(encoding)),
                                            response.content[:40])
                            text = response.content[len(begin):].decode(encoding)
                            self.assertIn(f"<a:RelatesTo>{self.MESSAGE}</a:RelatesTo>", text)
                            self.assertIn("ü€😀" if status == 500 else ">web<", text.partition("<s:Body>")[2])
                            record("application/soap+xml", text.encode())

    def test_utf_16_that_only_its_mark_tells(self):
        for encoding, mark in self.BOMS.items():
            for kind in ("application/soap+xml", "application/soap+xml;charset=UTF-8"):
                response = self.exchange(mark + REQUEST.encode(encoding), kind)
                self.assertEqual(response.status, 200)
                self.assertTrue(response.content.startswith(mark))

    def test_utf_8_with_a_mark_and_a_prolog(self):
        for begin in ("\ufeff", "", '<?xml version="1.0" encoding="utf-8"?>',
                      "\ufeff<?xml version='1.0' encoding='UTF-8'?>\n"):
            with self.subTest(begin):
                answer = self.ask(begin + soap(GET, uri(MANAGEMENT), message=self.MESSAGE))
                self.assertIn(f"<a:RelatesTo>{self.MESSAGE}</a:RelatesTo>", answer.text)

    def test_utf_16_in_pieces_is_refused(self):
        for content in (REQUEST.encode("utf-16-le")[:-1], b"\xff\xfe" + REQUEST.encode("utf-16-le") + b"\x00\xd8",
                        b"\xff\xfe" + REQUEST.encode("utf-16-be")):
            self.assertEqual(self.exchange(content, "application/soap+xml;charset=UTF-16").status, 400)


if __name__ == "__main__":
    vmms.main()
