#!/usr/bin/env python3
"""Slow, greedy, leaving and unknown clients: others are served meanwhile, and all is freed afterwards."""

import concurrent.futures
import contextlib
import re
import resource
import time

import vmms
from attack import (Answer, Attacked, basic, connect, enumerate_all, envelope, EVERYTHING, exchange, get, IDENTIFY,
                    LARGEST_ENVELOPE, MOST_GROWTH, OTHER_SCHEMES, post, query, read_to_end, reset, selectors,
                    STRANGER, STRANGERS_PASSWORD)


class RudeClients(Attacked):
    """Slow, silent and leaving clients: others are served meanwhile, and all is freed afterwards."""

    def setUp(self):
        super().setUp()
        self.rude = contextlib.ExitStack()
        self.addCleanup(self.rude.close)

    def open(self, data=b"", receive_buffer=None):
        connection = self.rude.enter_context(connect(self.port, receive_buffer=receive_buffer))
        connection.sendall(data)
        return connection

    def is_large(self, begin):
        """Whether an answer that begins so is too large for what buffers the kernel has for it."""
        length = re.search(rb"Content-Length: ([0-9]+)", begin)
        self.assertIsNotNone(length, begin)
        return int(length.group(1)) > 200_000

    def assert_others_are_served(self):
        for _ in range(10):
            begun = time.monotonic()
            web = self.client.get("Msvm_ComputerSystem", vmms.machine_keys(self.web))
            self.assertEqual(web["ElementName"], "web")
            self.assertLess(time.monotonic() - begun, 10)
        self.client.close()

    def assert_all_is_freed(self):
        self.returns(self.files, self.idle_files, "open files")
        self.assert_others_are_served()
        self.assert_log_has_no_errors()

    def test_hundreds_that_say_nothing_or_half(self):
        for _ in range(100):
            self.open()
            self.open(post(IDENTIFY)[:40])
            self.open(post(IDENTIFY)[:-40])
        self.eventually(lambda: self.files() >= self.idle_files + 300, lambda: "not all were accepted")
        self.assert_others_are_served()
        self.rude.close()
        self.assert_all_is_freed()

    def test_a_header_that_does_not_end_is_told_so(self):
        # 15 seconds for a header. That a body too slow gets 408 as well, and who idles is closed, is shown with shorter
        # limits in src/wire/http/server_limits_test.cpp.
        silent, slow = self.open(), self.open(post(IDENTIFY)[:40])
        self.assertEqual(Answer(read_to_end(slow)).status, 408)
        self.assertEqual(read_to_end(silent), b"")
        self.rude.close()
        self.assert_all_is_freed()

    def test_hundreds_that_ask_for_much_and_read_nothing(self):
        self.add_user("deaf")
        memory = self.memory()
        deaf = [self.open(post(EVERYTHING, basic("deaf", STRANGERS_PASSWORD)) * 3, receive_buffer=4096)
                for _ in range(200)]
        self.assert_others_are_served()
        # While 64 enumerations of a user are in progress, more are refused.
        self.assertGreaterEqual(sum(self.is_large(connection.recv(500)) for connection in deaf), 64)
        if not self.is_sanitized():
            # An answer is half a MiB at most, and no client gets a second one before the first is gone.
            self.assertLess(self.memory() - memory, 200 * 1024 * 1024)
        self.rude.close()
        self.assert_all_is_freed()

    def test_hundreds_that_leave_in_the_middle_of_a_request(self):
        request = post(IDENTIFY)
        for i in range(400):
            connection = connect(self.port)
            connection.sendall(request[: 1 + i * (len(request) - 2) // 400])
            reset(connection)
            if i % 100 == 0:
                self.assert_others_are_served()
        self.assert_all_is_freed()

    def test_hundreds_that_leave_in_the_middle_of_an_answer(self):
        self.add_user("fickle")
        large = 0
        for i in range(400):
            connection = self.open(post(EVERYTHING, basic("fickle", STRANGERS_PASSWORD)), receive_buffer=4096)
            # Some leave before the answer begins, most in the middle of it.
            if i % 4:
                large += self.is_large(connection.recv(500))
            reset(connection)
            if i % 100 == 0:
                self.assert_others_are_served()
        self.assertGreater(large, 200)
        self.assert_all_is_freed()

    def test_hundreds_that_leave_while_a_call_waits(self):
        keys = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>'
                       for name, value in vmms.service_keys(self.web, "hang.service").items())
        resource = "Vmms_GuestOSService"
        call = envelope(f"{vmms.RESOURCE}{resource}/StartService", resource,
                        selectors(keys) + "<w:OperationTimeout>PT5S</w:OperationTimeout>")
        callers = [self.open(post(call)) for _ in range(200)]
        self.assert_others_are_served()
        for caller in callers:
            reset(caller)
        self.assert_all_is_freed()

    def test_a_user_with_too_many_connections_is_told(self):
        # 512 are served; for one beyond them 503 says when to come back.
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 1024:
            self.skipTest("needs more open files")
        once = post(IDENTIFY, fields=("Connection: close",))
        for _ in range(510):  # the test's own client is one, and another may just be ending
            self.assertEqual(self.open(post(IDENTIFY)).recv(12), b"HTTP/1.1 200")
        first = self.rude.enter_context(connect(self.port))
        statuses = set()
        for _ in range(8):
            connection = self.open(post(IDENTIFY))
            statuses.add(int(connection.recv(12)[9:]))
        self.assertIn(503, statuses)
        refused = Answer(read_to_end(self.open(once)))
        self.assertEqual(refused.status, 503)
        self.assertGreater(int(refused.header("Retry-After")), 0)
        self.add_user("other")
        first.sendall(post(IDENTIFY, basic("other", STRANGERS_PASSWORD), fields=("Connection: close",)))
        self.assertEqual(Answer(read_to_end(first)).status, 200)
        self.rude.close()
        self.assert_all_is_freed()


class Refusals(Attacked):
    def status(self, data):
        answer = exchange(self.port, data)
        return answer.status, answer

    def test_a_body_beyond_the_limit(self):
        limit = 8 * 1024 * 1024
        self.assertEqual(self.status(post(b"<", length=limit + 1))[0], 413)
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        head = post(b"", length=0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        self.assertEqual(self.status(head + chunk * (limit // 0x10000) + b"1\r\n \r\n0\r\n\r\n")[0], 413)
        self.assertEqual(self.status(post(b" " * (limit - len(IDENTIFY)) + IDENTIFY))[0], 200)

    def test_without_right_credentials_basic_is_offered(self):
        for authorization in (*OTHER_SCHEMES, "Negotiate", "NTLM TlRMTVNTUAABAAAA", "Basic", "Basic !",
                              basic(STRANGER, "wrong"), basic("nobody", STRANGERS_PASSWORD)):
            with self.subTest(authorization):
                status, answer = self.status(post(IDENTIFY, authorization))
                self.assertEqual(status, 401)
                self.assertRegex(answer.header("WWW-Authenticate"), '^Basic realm="')
                self.assertNotIn(b"Envelope", answer.body)

    def test_who_guesses_passwords_waits_and_others_do_not(self):
        def guess(number):
            return exchange(self.port, post(IDENTIFY, f"Basic {number}"), source="127.0.0.2").status

        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            guesses = [pool.submit(guess, number) for number in range(50)]
            self.assertEqual(self.status(post(IDENTIFY))[0], 200)
            self.assertTrue(any(not each.done() for each in guesses), "nobody was held back")
            self.assertEqual({each.result() for each in guesses}, {401})

    def test_another_path_method_or_content_type(self):
        self.assertEqual(self.status(post(IDENTIFY, path="/"))[0], 404)
        self.assertEqual(self.status(post(IDENTIFY, path="/wsmanx"))[0], 404)
        status, answer = self.status(post(IDENTIFY).replace(b"POST", b"GET", 1))
        self.assertEqual((status, answer.header("Allow")), (405, "POST"))
        self.assertEqual(self.status(post(IDENTIFY, kind=""))[0], 200)
        for content_type in ("text/xml", "application/json", "multipart/encrypted"):
            self.assertEqual(self.status(post(IDENTIFY, kind=content_type))[0], 415, content_type)
        self.assertEqual(self.status(post(IDENTIFY, path="/wsman/?PSVersion=5.1"))[0], 200)


class LargeValues(Attacked):
    """A value of a request is as large as a request may be; what is said or kept about it is small."""

    VALUE = '"' * (4 * 1024 * 1024)  # six times as long in XML
    SELECTOR_FILTER = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"

    def selector_filter(self, name, value):
        selector = f"<w:SelectorSet><w:Selector Name='{name}'>{value}</w:Selector></w:SelectorSet>"
        return f'<w:Filter Dialect="{self.SELECTOR_FILTER}">{selector}</w:Filter>'

    def setting(self, instance_id):
        service, method = "Msvm_VirtualSystemManagementService", "ModifyGuestServiceSettings"
        text = vmms.interface_setting("@", True).replace("Microsoft:@", instance_id)
        body = f'<p:{method}_INPUT xmlns:p="{vmms.RESOURCE}{service}">{text}</p:{method}_INPUT>'
        return envelope(f"{vmms.RESOURCE}{service}/{method}", service, body=body)

    def test_a_refusal_is_no_larger_than_an_envelope(self):
        value, service = self.VALUE, "Vmms_GuestOSService"
        keys = "".join(f'<w:Selector Name="{name}">{text}</w:Selector>'
                       for name, text in vmms.service_keys(self.web, value).items())
        for what, body in {
            "a key of no instance": get(selectors(f'<w:Selector Name="Name">{value}</w:Selector>')),
            "the name of a service": envelope(f"{vmms.RESOURCE}{service}/StartService", service, selectors(keys)),
            "the name of a key": get(selectors(f"<w:Selector Name='{value}'>x</w:Selector>")),
            "the name of a key in a filter": enumerate_all(self.selector_filter(value, "x")),
            "a path in a query": query("ASSOCIATORS OF {Msvm_ComputerSystem.Name='" + value[:60_000] + "'}"),
            "a header's name": get(f'<{"y" * len(value)} s:mustUnderstand="true"/>'),
            "a header's namespace": get(f"<y:x xmlns:y='{value}' s:mustUnderstand='true'/>"),
            "a dialect": enumerate_all(f"<w:Filter Dialect='{value}'>x</w:Filter>"),
            "an enumeration's name": envelope(vmms.NAMES["n"] + "/Pull", body=
                                              f"<n:Pull><n:EnumerationContext>{value}</n:EnumerationContext></n:Pull>"),
        }.items():
            with self.subTest(what):
                answer = exchange(self.port, post(body))
                self.assertEqual(answer.status, 500)
                self.assertLessEqual(len(answer.body), LARGEST_ENVELOPE)

    def test_the_job_of_a_wrong_setting_can_be_read(self):
        answer = exchange(self.port, post(self.setting(vmms.escape(self.VALUE))))
        if answer.status == 200:
            job = re.search(rb'InstanceID">([^<]+)', answer.body)[1].decode()
            self.client.get("Msvm_ConcreteJob", {"InstanceID": job})
        else:
            self.assertEqual(answer.status, 500)
        # One user's job must not take all jobs from the others.
        self.client.enumerate("Msvm_ConcreteJob")

    def test_open_enumerations_hold_little(self):
        enumerate_some = envelope(vmms.NAMES["n"] + "/Enumerate", body=
                                  f'<n:Enumerate>{self.selector_filter("Name", self.VALUE)}</n:Enumerate>')
        exchange(self.port, post(enumerate_some))
        memory = self.memory()
        for _ in range(24):
            exchange(self.port, post(enumerate_some))
        if not self.is_sanitized():
            self.assertLess(self.memory() - memory, MOST_GROWTH)

    def test_large_bodies_that_do_not_end_lock_out_nobody(self):
        # 256 MiB of bodies are received at once. Clients whose credentials are not verified must not take it all.
        size = 8 * 1024 * 1024
        with contextlib.ExitStack() as strangers:
            for _ in range(32):
                connection = strangers.enter_context(connect(self.port))
                with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                    connection.sendall(post(b" " * (size - 1), None, length=size))
            # What is in the kernel's buffers is read a moment later.
            for _ in range(30):
                self.assertEqual(exchange(self.port, post(IDENTIFY)).status, 200)
                time.sleep(0.1)
        self.returns(self.files, self.idle_files, "open files")


if __name__ == "__main__":
    vmms.main()
