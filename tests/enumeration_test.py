#!/usr/bin/env python3
"""Enumerations of a running vmmsd: modes, limits, the life of contexts, and memory while very many are pulled."""

import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import vmms
from vmms import NAMES, Fault, Instance

# A million with ./check --long.
INSTANCES = int(os.environ.get("VMMS_TEST_INSTANCES", "200000"))
ENUMERATION = NAMES["n"] + "/"
CLASS = "Msvm_ComputerSystem"


def fleet(test, machines):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-fleet-"))
    test.addClassCleanup(subprocess.run, ["rm", "-rf", str(folder)])
    file = folder / "fleet.toml"
    file.write_text(f'[host]\nname = "HOST1"\n[[fleet]]\nprefix = "vm"\ncount = {machines}\nstate = "running"\n')
    return file


class Enumerations(unittest.TestCase):
    machines = 120

    @classmethod
    def setUpClass(cls):
        cls.daemon = vmms.Daemon(cls, "--simulate", fleet(cls, cls.machines))

    def setUp(self):
        self.client = self.daemon.client()
        self.addCleanup(self.client.close)

    def enumerate(self, inside="", client=None):
        return (client or self.client).request(ENUMERATION + "Enumerate", CLASS,
                                               body=f"<n:Enumerate>{inside}</n:Enumerate>")

    def pull(self, context, inside="", client=None):
        body = f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext>{inside}</n:Pull>"
        return (client or self.client).request(ENUMERATION + "Pull", CLASS, body=body)

    def release(self, context):
        body = f"<n:Release><n:EnumerationContext>{context}</n:EnumerationContext></n:Release>"
        self.client.request(ENUMERATION + "Release", CLASS, body=body)

    @staticmethod
    def context(body):
        return body.find(".//n:EnumerationContext", NAMES).text

    @staticmethod
    def items(body):
        items = body.find(".//n:Items", NAMES)
        return list(items if items is not None else body.find(".//w:Items", NAMES))

    def refused(self, subcode, function, *arguments):
        with self.assertRaises(Fault) as caught:
            function(*arguments)
        self.assertEqual(caught.exception.subcode, subcode)

    def all(self, inside, pull_inside="<n:MaxElements>50</n:MaxElements>"):
        body = self.enumerate(inside)
        found = self.items(body) if body.find(".//w:Items", NAMES) is not None else []
        while body.find(".//n:EndOfSequence", NAMES) is None and body.find(".//w:EndOfSequence", NAMES) is None:
            body = self.pull(self.context(body), pull_inside)
            found += self.items(body)
        return found

    def test_modes_give_the_same_objects(self):
        objects = {Instance.read(item)["Name"] for item in self.all("")}
        self.assertEqual(len(objects), self.machines + 1)  # and the host
        for optimize in ("", "<w:OptimizeEnumeration/><w:MaxElements>7</w:MaxElements>"):
            references = self.all("<w:EnumerationMode>EnumerateEPR</w:EnumerationMode>" + optimize)
            names = {item.find(".//w:Selector[@Name='Name']", NAMES).text for item in references}
            self.assertEqual(names, objects)
            both = self.all("<w:EnumerationMode>EnumerateObjectAndEPR</w:EnumerationMode>" + optimize)
            for item in both:
                self.assertEqual(Instance.read(item[0])["Name"], item[1].find(".//w:Selector[@Name='Name']", NAMES).text)
            self.assertEqual({Instance.read(item[0])["Name"] for item in both}, objects)

    def test_the_client_says_how_many(self):
        context = self.context(self.enumerate())
        self.assertEqual(len(self.items(self.pull(context))), 1)
        # Less where computing is slow: a page gets 2 ms of it.
        self.assertIn(len(self.items(self.pull(context, "<n:MaxElements>20</n:MaxElements>"))), range(1, 21))
        one = len(self.pull(context).find(".//n:Items", NAMES)[0].findall("*"))
        self.assertGreater(one, 10)
        few = self.items(self.pull(context, "<n:MaxElements>100</n:MaxElements><n:MaxCharacters>20000</n:MaxCharacters>"))
        self.assertTrue(0 < len(few) < 20, len(few))
        self.release(context)
        optimized = self.enumerate("<w:OptimizeEnumeration/><w:MaxElements>20</w:MaxElements>")
        self.assertIn(len(self.items(optimized)), range(1, 21))
        self.release(self.context(optimized))

    def test_a_context_is_released_once_and_ends_with_its_last_item(self):
        context = self.context(self.enumerate())
        self.release(context)
        self.refused("InvalidEnumerationContext", self.pull, context)
        self.refused("InvalidEnumerationContext", self.release, context)
        context = self.context(self.enumerate())
        while self.pull(context, "<n:MaxElements>50</n:MaxElements>").find(".//n:EndOfSequence", NAMES) is None:
            pass
        self.refused("InvalidEnumerationContext", self.pull, context)

    def test_a_context_expires_when_the_client_said(self):
        body = self.enumerate("<n:Expires>PT1S</n:Expires>")
        self.assertEqual(body.find(".//n:Expires", NAMES).text, "P0DT0H0M1S")
        context = self.context(body)
        self.pull(context)
        time.sleep(1.2)
        self.refused("InvalidEnumerationContext", self.pull, context)

    def test_contexts_are_of_one_user_and_limited(self):
        other = {"user": "other", "password": "another secret"}
        subprocess.run([vmms.BUILD / "vmms", "user", "add", other["user"], "--users", self.daemon.users],
                       input=other["password"] + "\n", text=True, check=True, stdout=subprocess.DEVNULL)
        stranger = vmms.Client(self.daemon.url, **other)
        self.addCleanup(stranger.close)
        context = self.context(self.enumerate())
        self.refused("InvalidEnumerationContext", self.pull, context, "", stranger)
        self.pull(context)
        self.release(context)

        # The one that its user left unused longest makes room for another; those of other users stay.
        others = self.context(self.enumerate(client=stranger))
        contexts = [self.context(self.enumerate()) for _ in range(200)]
        self.refused("InvalidEnumerationContext", self.pull, contexts[0])
        self.pull(others, "", stranger)
        for context in contexts[-16:]:
            self.release(context)


class Memory(unittest.TestCase):
    def resident(self):
        text = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1))  # KiB

    def test_does_not_grow_with_what_is_pulled(self):
        self.daemon = vmms.Daemon(self, "--simulate", fleet(type(self), INSTANCES))
        client = self.daemon.client()
        self.addCleanup(client.close)
        # The bytes are searched, not parsed: it is the daemon that is to be measured.
        context = Enumerations.context(client.request(ENUMERATION + "Enumerate", CLASS, body="<n:Enumerate/>"))
        envelope = (
            f'<s:Envelope xmlns:s="{NAMES["s"]}" xmlns:a="{NAMES["a"]}" xmlns:n="{NAMES["n"]}" xmlns:w="{NAMES["w"]}">'
            f"<s:Header><a:Action>{ENUMERATION}Pull</a:Action><a:To>x</a:To><a:MessageID>uuid:1</a:MessageID>"
            f"<w:ResourceURI>{vmms.RESOURCE}{CLASS}</w:ResourceURI></s:Header><s:Body><n:Pull>"
            f"<n:EnumerationContext>{context}</n:EnumerationContext><n:MaxElements>1000</n:MaxElements></n:Pull>"
            "</s:Body></s:Envelope>"
        )
        pulled = 0
        after_a_tenth = None
        while True:
            status, answer = client.post(envelope)
            self.assertEqual(status, 200)
            pulled += answer.count(b"</p:Msvm_ComputerSystem>")
            if after_a_tenth is None and pulled > INSTANCES // 10:
                after_a_tenth = self.resident()
            if b"EndOfSequence" in answer:
                break
        self.assertEqual(pulled, INSTANCES + 1)
        if not vmms.SANITIZED:  # a sanitizer keeps freed memory for a while
            self.assertLess(self.resident() - after_a_tenth, 4096)


if __name__ == "__main__":
    vmms.main()
