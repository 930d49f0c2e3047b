#!/usr/bin/env python3
"""Requests that are made to be expensive: the daemon's processor time and memory stay in proportion, and its I/O
threads, which serve all clients, have hardly anything to do with them."""

import collections
import concurrent.futures
import os
import pathlib
import re
import tempfile
import unittest

import vmms
from attack import Attacked, enumerate_all, exchange, get, post, query, selectors

TICKS = os.sysconf("SC_CLK_TCK")
MACHINES = 3000
FLEET = f"""
[host]
name = "HOST1"
[[fleet]]
prefix = "farm"
count = {MACHINES}
"""
# A sanitizer makes everything slower, and a loaded machine a clock's ticks coarse.
SLOWER = 10 if vmms.SANITIZED else 1

Cost = collections.namedtuple("Cost", "answer seconds edge_seconds")


def nested(levels, inside):
    """References inside each other; each would escape what those inside it escaped."""
    for _ in range(levels):
        inside = ("<a:EndpointReference><a:Address>x</a:Address><a:ReferenceParameters>"
                  f"<w:ResourceURI>{vmms.RESOURCE}Msvm_ComputerSystem</w:ResourceURI><w:SelectorSet>"
                  f'<w:Selector Name="Name">{inside}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
                  "</a:EndpointReference>")
    return inside


class Costs(Attacked):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (cls.folder / "fleet.toml").write_text(FLEET)
        cls.daemon = vmms.Daemon(cls, "--simulate", cls.folder / "fleet.toml")
        cls.add_user("stranger")
        cls.port = cls.daemon.client().url.port

    def setUp(self):
        pass

    def seconds(self, only=None):
        """Processor time, of the threads of that name alone."""
        ticks = 0
        for thread in self.process("task").iterdir():
            try:
                name, rest = re.fullmatch(r"\d+ \((.*)\) (.*)", (thread / "stat").read_text(), re.S).groups()
            except OSError:
                continue
            fields = rest.split()
            if only in (None, name):
                ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def peak(self):
        return int(re.search(r"VmHWM:\s+(\d+) kB", self.process("status").read_text()).group(1)) * 1024

    def cost(self, body, times=4):
        """Of a request, sent several times at once."""
        before, edge_before = self.seconds(), self.seconds("http")
        with concurrent.futures.ThreadPoolExecutor(times) as pool:
            answers = list(pool.map(lambda _: exchange(self.port, post(body)), range(times)))
        return Cost(answers[0], (self.seconds() - before) / times, (self.seconds("http") - edge_before) / times)

    def assert_cheap(self, body, seconds, status, times=4):
        cost = self.cost(body, times)
        self.assertEqual(cost.answer.status, status, cost.answer.reason())
        self.assertLess(cost.seconds, seconds * SLOWER, cost.answer.reason())
        self.assertLess(cost.edge_seconds, 0.05 * SLOWER, cost.answer.reason())
        return cost.answer

    def test_nested_references(self):
        exchange(self.port, post(get(selectors('<w:Selector Name="Name">x</w:Selector>'))))
        before = self.peak()
        for levels, quotes in ((8, 1000), (8, 60_000), (10, 1000), (12, 1000), (13, 1000), (14, 1000), (14, 20_000)):
            with self.subTest(levels=levels, quotes=quotes):
                value = f'<w:Selector Name="Name">{nested(levels, chr(34) * quotes)}</w:Selector>'
                kind = '<w:Selector Name="CreationClassName">nonsense</w:Selector>'
                answer = self.assert_cheap(get(selectors(kind + value)), 0.2, 500)
                self.assertLess(len(answer.body), 16_384)
                dialect = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"
                body = enumerate_all(f'<w:Filter Dialect="{dialect}">{selectors(value)}</w:Filter>')
                cost = self.cost(body)
                self.assertLess(cost.seconds, 0.2 * SLOWER)
        if not self.is_sanitized():
            self.assertLess(self.peak() - before, 64 * 1024 * 1024)

    def test_queries(self):
        def where(condition):
            return f"SELECT * FROM Msvm_ComputerSystem WHERE {condition}"

        def each(item, number, separator=" OR "):
            return separator.join(item(i) for i in range(number))

        # By seconds: what reads, or looks at 3,000 machines; what is linear in both takes longer.
        queries = {
            "one pattern of percents": (where("ElementName LIKE '%" + "_%" * 30_000 + "q'"), 1, 200),
            "one of open sets": (where("ElementName LIKE '%" + "[" * 60_000 + "'"), 1, 200),
            "one of a set": (where("ElementName LIKE '%[" + "a-b" * 20_000 + "]q'"), 1, 200),
            "patterns": (where(each(lambda i: f"ElementName LIKE '%a{i}%'", 2_200)), 10, 200),
            "patterns of sets": (where(each(lambda i: "ElementName LIKE '%[" + "a-b" * 660 + "]q'", 30)), 2, 200),
            "parentheses": (where("NOT (" * 22 + "ElementName='x'" + ")" * 22), 1, 200),
            "negations": (where("NOT " * 4000 + "ElementName='x'"), 0.2, 500),
            "keys of a path": (where("__PATH='Msvm_ComputerSystem." + each(lambda i: f"k{i}=1", 7_000, ",") + "'"),
                               0.2, 500),
            "keys of an object": ("ASSOCIATORS OF {Msvm_ComputerSystem." + each(lambda i: f"k{i}=1", 7_000, ",") + "}",
                                  0.2, 500),
            "columns": ("SELECT " + each(lambda i: "ElementName", 5_000, ",") + " FROM Msvm_ComputerSystem", 1, 200),
        }
        for name, (text, seconds, status) in queries.items():
            with self.subTest(name):
                self.assert_cheap(query(text), seconds, status)


if __name__ == "__main__":
    unittest.main()
