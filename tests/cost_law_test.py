#!/usr/bin/env python3
"""What a request costs grows no faster than its size times the objects it looks at: tests/cost_law, counted by callgrind.

usage: cost_law_test.py [unittest's arguments]        VMMS_COST_ROWS="soap: wql:" for some rows alone
"""

import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import vmms

# Instructions and bytes that a byte of input may cost, for each object that is looked at; beside them what a request
# costs however short it is. Each bound of instructions is some quarter above what is measured (g++ 12, -O1): 630 are the
# dearest of all rows but those named, JSON arrays of one element in each other (1,720, until the most values that an
# answer may have), an embedded instance as XML in XML that is read and answered (1,390), and empty lines, each of which
# ends a record for three service managers (1,170).
INSTRUCTIONS, FIXED_INSTRUCTIONS = 800, 2_000_000
DEARER = {"agent: nested arrays": 2_000, "cimxml: embedded instances": 1_700, "systemd: empty lines": 1_450}
BYTES, FIXED_BYTES = 100, 512 * 1024
# How much dearer the last bytes may be than those before them.
STEEPER = 1.5
# Of a square, the last bytes cost twice as much; below this they cost next to nothing anyway.
FLAT = 20

Measured = collections.namedtuple("Measured", "size objects instructions memory")


def measure():
    """Of each row, what was measured as its input doubled."""
    program = vmms.BUILD / "tests" / "cost_law"
    rows = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--quiet", f"--callgrind-out-file={folder}/counts",
             program, *filter(None, re.split(r"(?<=:) ", os.environ.get("VMMS_COST_ROWS", "")))],
            stdout=subprocess.PIPE, text=True, check=True)
        for number, line in enumerate(run.stdout.splitlines(), 1):
            name, size, objects, memory = line.split("\t")
            counts = pathlib.Path(folder, f"counts.{number}").read_text()
            if f"Trigger: Client Request: {name}\n" not in counts:
                raise RuntimeError(f"the counts of {name!r} are missing")
            rows[name].append(Measured(int(size), int(objects),
                                       int(re.search(r"^(?:summary|totals): (\d+)", counts, re.M).group(1)),
                                       int(memory)))
    return rows


class CostLaw(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.environ.get("VMMS_SANITIZE"):
            raise unittest.SkipTest("left out under sanitizers: valgrind does not run them")
        cls.rows = measure()
        if not cls.rows:
            raise RuntimeError("nothing was measured")
        for name, row in cls.rows.items() if os.environ.get("VMMS_COST_ROWS") else ():
            print(f"{name:44}", *(f"{each.size:>8} {each.instructions:>12,} {each.memory:>10,}" for each in row), sep="  ")

    def test_each_row_that_may_be_dearer_is_there(self):
        if not os.environ.get("VMMS_COST_ROWS"):
            self.assertLessEqual(set(DEARER), set(self.rows))

    def test_instructions_are_linear_in_size_and_objects(self):
        for name, row in self.rows.items():
            with self.subTest(name):
                for each in row:
                    allowed = DEARER.get(name, INSTRUCTIONS) * each.size * each.objects + FIXED_INSTRUCTIONS
                    self.assertLessEqual(each.instructions, allowed, row)
                # A bound that is reached makes it cheaper, never dearer; some grammars have an end themselves.
                steps = [(after.instructions - former.instructions, after.size * after.objects - former.size * former.objects)
                         for former, after in zip(row, row[1:])]
                first, before, last = (more / wider if wider else 0 for more, wider in steps)
                self.assertLessEqual(last, STEEPER * max(first, before, 0) + FLAT, row)

    def test_memory_is_linear_in_size(self):
        for name, row in self.rows.items():
            with self.subTest(name):
                for each in row:
                    self.assertLessEqual(each.memory, BYTES * each.size + FIXED_BYTES, row)
                    # What is looked at goes by, it is not kept.
                    if row[0].size == row[-1].size:
                        self.assertLessEqual(each.memory, 2 * row[0].memory + FIXED_BYTES, row)


if __name__ == "__main__":
    if not shutil.which("valgrind"):
        print("needs the Debian package valgrind: tools/install-packages check")
        sys.exit(77)
    unittest.main()
