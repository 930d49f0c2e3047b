"""The programs as they were built: what makes a mistake in them hard to use is there (cmake/toolchain.cmake)."""

import platform
import re
import subprocess
import unittest

from vmms import BUILD, SANITIZED

OURS = ["vmmsd", "vmms", "agent/vmms-agent"]
ENDBR64 = bytes.fromhex("f30f1efa")
# The command lines that GNU compilers record, one note per source file.
FLAGS = ["-fPIE", "-fstack-protector-strong", "-fstack-clash-protection", "-ftrivial-auto-var-init=zero"]


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=True).stdout


class Program:
    def __init__(self, name):
        self.name = name
        self.path = BUILD / name
        self.headers = output("readelf", "--wide", "--file-header", "--program-headers", self.path)
        self.dynamic = output("readelf", "--wide", "--dynamic", self.path)
        self.static = "(NEEDED)" not in self.dynamic
        self.symbols = output("nm", "--defined-only", self.path).splitlines()
        self.imports = "" if self.static else output("nm", "--dynamic", "--undefined-only", self.path)

    def functions(self):
        """Addresses of the functions of ours that other files may call, by their names."""
        found = {}
        for line in self.symbols:
            address, kind, symbol = line.split(" ", 2)
            if kind in "TW" and re.match(r"_ZNK?4vmms", symbol):
                found[symbol] = int(address, 16)
        return found

    def loaded(self):
        """(address, bytes) of each part that is loaded."""
        data = self.path.read_bytes()
        for line in self.headers.splitlines():
            fields = line.split()
            if fields and fields[0] == "LOAD":
                offset, address, size = int(fields[1], 16), int(fields[2], 16), int(fields[4], 16)
                yield address, data[offset:offset + size]

    def calls(self, symbol):
        if self.static:
            return any(re.search(rf" [TtWw] {re.escape(symbol)}$", line) for line in self.symbols)
        return re.search(rf" U {re.escape(symbol)}(@|$)", self.imports, re.M) is not None


class Hardening(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.programs = [Program(name) for name in OURS]

    def test_their_place_in_memory_is_chosen_at_each_start(self):
        for program in self.programs:
            with self.subTest(program.name):
                self.assertRegex(program.headers, r"Type:\s+DYN")
                self.assertIn("PIE", re.search(r"\(FLAGS_1\).*", program.dynamic).group())
        agent = self.programs[-1]
        self.assertTrue(agent.static)
        self.assertNotIn("INTERP", agent.headers)

    def test_what_the_loader_wrote_is_read_only_when_main_begins(self):
        for program in self.programs:
            with self.subTest(program.name):
                self.assertIn("GNU_RELRO", program.headers)
                if not program.static:
                    self.assertRegex(program.dynamic, r"BIND_NOW|Flags:.*\bNOW\b")

    def test_no_memory_is_both_written_and_executed(self):
        for program in self.programs:
            with self.subTest(program.name):
                stack = next(line for line in program.headers.splitlines() if "GNU_STACK" in line)
                self.assertRegex(stack, r" RW +0x")
                for line in program.headers.splitlines():
                    if line.split()[:1] == ["LOAD"]:
                        self.assertNotRegex(line, r" R?WE ")

    def test_stacks_are_guarded_and_calls_of_the_C_library_are_checked(self):
        for program in self.programs:
            with self.subTest(program.name):
                self.assertTrue(program.calls("__stack_chk_fail"))
                if not SANITIZED or program.static:
                    checked = [symbol for symbol in ("__memcpy_chk", "__read_chk", "__snprintf_chk", "__memmove_chk", "__recv_chk",
                                                     "__pread_chk", "__vsnprintf_chk", "__fdelt_chk", "__strncpy_chk")
                               if program.calls(symbol)]
                    self.assertNotEqual([], checked)

    def test_the_library_checks_what_indexes_it(self):
        for program in self.programs:
            with self.subTest(program.name):
                if not program.static:  # the agent uses none of it
                    self.assertTrue(program.calls("_ZSt21__glibcxx_assert_failPKciS0_S0_"))

    @unittest.skipUnless(platform.machine() in ("x86_64", "AMD64"), "endbr64 is x86-64's")
    def test_each_function_of_ours_begins_with_endbr64(self):
        for program in self.programs:
            with self.subTest(program.name):
                functions = program.functions()
                parts = list(program.loaded())
                self.assertGreater(len(functions), 20)
                without = [symbol for symbol, at in functions.items()
                           if not any(at - address >= 0 and data[at - address:at - address + 4] == ENDBR64
                                      for address, data in parts)]
                self.assertEqual([], without[:10])

    def test_every_source_was_compiled_so(self):
        """Where the compiler recorded its command line (GNU, with debug information)."""
        for program in self.programs[:2]:
            with self.subTest(program.name):
                # The C ones are the system's; a sanitizer brings some of an older C++.
                ours = r"GNU C\+\+20 " if SANITIZED else r"GNU C\+\+\d+ "
                notes = [line for line in output("readelf", "--string-dump=.debug_str", program.path).splitlines()
                         if re.search(ours, line)]
                wrong = [note for note in notes if " -g" in note and any(flag not in note for flag in FLAGS)]
                if not notes:
                    self.skipTest("no debug information of GNU's")
                self.assertEqual([], wrong)


if __name__ == "__main__":
    unittest.main()
