"""What ./run leaves behind, on a real terminal: programs that only say what they were asked stand in for all that it calls."""

import fcntl
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import tempfile
import termios
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent

VMMSD = '''#!/usr/bin/env python3
import os, pathlib, signal, sys
here = pathlib.Path(__file__).resolve().parent.parent.parent
print("info this is the log", file=sys.stderr, flush=True)
if (here / "does-not-start").exists():
    sys.exit("error there is no host")
def told(number, frame):
    with open(here / "events", "a") as events:
        events.write(f"vmmsd {signal.Signals(number).name}\\n")
    if number != signal.SIGHUP:
        sys.exit(0)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, told)
print("ready wsman=http://127.0.0.1:1/wsman", flush=True)
while True:
    if (here / "dies").exists():
        os._exit(3)
    signal.sigtimedwait([], 0.02)
'''

VMMS = '''#!/usr/bin/env python3
import pathlib, sys, time
here = pathlib.Path(__file__).resolve().parent.parent.parent
words = [word for word in sys.argv[1:] if word != "--json"]
with open(here / "events", "a") as events:
    events.write("vmms " + " ".join(words[:4]) + "\\n")
statuses = {"service start vmms-demo vmms-demo-web": [1, 0], "service start vmms-demo vmms-demo-probe": [2, 0],
            "service start vmms-demo vmms-demo-fail": [2]}
if words[:2] == ["vm", "start"] and (here / "waits").exists():
    (here / "waits").unlink()
    time.sleep(60)
if words[:2] == ["vm", "stop"] and (here / "slow").exists():
    time.sleep(1)
if words[:2] == ["vm", "list"]:
    print('[{"id":"A1576C71-F505-4D1B-9B78-2CFD971B0F31"}]')
times = (here / "events").read_text().count("vmms " + " ".join(words[:4]) + "\\n")
listed = statuses.get(" ".join(words[:4]), [0])
if words[:2] == ["guest", "enable"] and (here / "goes-wrong").exists():
    sys.exit(5)
with open(here / "events", "a") as events:
    events.write("vmms done " + " ".join(words[:2]) + "\\n")
sys.exit(listed[min(times, len(listed)) - 1])
'''


class Run(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-run-"))
        self.addCleanup(subprocess.run, ["rm", "-rf", str(self.folder)])
        self.runtime = self.folder / "runtime"
        self.runtime.mkdir()
        shutil.copy(SOURCE / "run", self.folder / "run")
        self.program("build/dev/vmmsd", VMMSD)
        self.program("build/dev/vmms", VMMS)
        for name in ("tools/install-packages", "tools/embedded-driver-users", "guest/build", "bin/cmake", "bin/qemu-img"):
            self.program(name, "#!/bin/sh\nexit 0\n")
        (self.folder / "guest/domain.xml").write_text("<domain/>\n")
        (self.folder / "events").touch()
        self.nobody = os.geteuid() == 0  # root's demonstration has a place that all share
        if self.nobody:
            subprocess.run(["chown", "-R", "65534:65534", str(self.folder)], check=True)
        self.output = b""

    def program(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def mark(self, name):
        (self.folder / name).touch()
        if self.nobody:
            os.chown(self.folder / name, 65534, 65534)

    def begin(self, *arguments):
        self.terminal, its_end = pty.openpty()
        environment = dict(os.environ, XDG_RUNTIME_DIR=str(self.runtime), PATH=f"{self.folder}/bin:{os.environ['PATH']}")

        def prepare():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            if self.nobody:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
        self.process = subprocess.Popen(["bash", "./run", *arguments], cwd=self.folder, env=environment, stdin=its_end,
                                        stdout=its_end, stderr=its_end, preexec_fn=prepare)
        os.close(its_end)
        self.addCleanup(self.end)

    def end(self):
        self.process.kill()
        self.process.wait()
        if self.terminal is not None:
            os.close(self.terminal)

    def read(self, until=None):
        """What the terminal shows, until this stands there or the script has ended."""
        end = time.monotonic() + 60
        while until is None or until.encode() not in self.output:
            self.assertLess(time.monotonic(), end, self.output.decode())
            try:
                more = os.read(self.terminal, 65536)
            except OSError:  # no process has the other end any more
                break
            self.output += more
        return self.output.decode()

    def press(self, key=b"\x03"):
        os.write(self.terminal, key)

    def status(self):
        return self.process.wait(timeout=60)

    def events(self):
        return (self.folder / "events").read_text().splitlines()

    def wait_for_event(self, event):
        end = time.monotonic() + 60
        while event not in self.events():
            self.assertLess(time.monotonic(), end, self.events())
            time.sleep(0.01)

    def check_stopped_in_order(self):
        events = self.events()
        self.assertIn("vmms done vm stop", events)
        self.assertEqual("vmmsd SIGTERM", events[-1], "it is ended last")
        self.assertEqual(1, len([event for event in events if event.startswith("vmmsd ")]), events)

    def check_clean(self, logs_kept=False):
        self.assertFalse((self.folder / "build/demo").exists())
        self.assertEqual(logs_kept, (self.folder / "build/demo-failed/vmmsd.log").exists())

    def test_it_shows_everything_and_ends(self):
        self.begin("--once")
        output = self.read()
        self.assertEqual(0, self.status(), output)
        self.assertIn("proof complete", output)
        self.check_stopped_in_order()
        self.check_clean()

    def test_Ctrl_C_while_it_serves_stops_the_machine_first(self):
        self.begin()
        self.read("Ctrl-C ends it.")
        self.press()
        output = self.read()
        self.assertEqual(130, self.status(), output)
        self.check_stopped_in_order()
        self.check_clean()

    def test_Ctrl_C_in_the_middle_of_a_step(self):
        self.mark("waits")
        self.begin()
        self.wait_for_event("vmms vm start vmms-demo --wait")
        self.press()
        self.read()
        self.assertEqual(130, self.status())
        self.check_stopped_in_order()
        self.check_clean()

    def test_impatience_does_not_leave_the_machine_behind(self):
        self.mark("slow")
        self.begin()
        self.read("Ctrl-C ends it.")
        self.press()
        self.wait_for_event("vmms vm stop vmms-demo")
        self.press()
        self.press()
        self.read()
        self.assertEqual(130, self.status())
        self.check_stopped_in_order()
        self.check_clean()

    def test_a_terminal_that_is_closed_ends_it(self):
        self.begin()
        self.read("Ctrl-C ends it.")
        os.close(self.terminal)
        self.terminal = None
        self.assertIn(self.status(), (129, -signal.SIGHUP))
        self.wait_for_event("vmmsd SIGTERM")
        self.check_stopped_in_order()
        self.check_clean()

    def test_a_start_that_fails_keeps_the_log_and_names_it(self):
        self.mark("does-not-start")
        self.begin()
        output = self.read()
        self.assertEqual(1, self.status())
        self.assertIn("there is no host", output)
        self.assertIn("build/demo-failed", output)
        self.assertIn("there is no host", (self.folder / "build/demo-failed/vmmsd.log").read_text())
        self.check_clean(logs_kept=True)

    def test_a_step_that_fails_keeps_the_log_and_stops_the_machine(self):
        self.mark("goes-wrong")
        self.begin()
        output = self.read()
        self.assertEqual(1, self.status())
        self.assertIn("'vmms guest enable vmms-demo' ended with 5, expected 0", output)
        self.assertIn("build/demo-failed", output)
        self.check_stopped_in_order()
        self.check_clean(logs_kept=True)

    def test_a_daemon_that_dies_leaves_no_machine_behind(self):
        shutil.copy(shutil.which("sleep"), self.folder / "qemu-system-test")
        somebody = {"user": 65534, "group": 65534, "extra_groups": []} if self.nobody else {}
        machine = subprocess.Popen([self.folder / "qemu-system-test", "600"], **somebody)
        self.addCleanup(machine.wait)
        self.addCleanup(machine.kill)
        self.begin()
        self.read("Ctrl-C ends it.")
        pid_file = self.runtime / "vmms-demo/run/qemu/vmms-demo.pid"
        pid_file.parent.mkdir(parents=True)
        pid_file.write_text(f"{machine.pid}\n")
        if self.nobody:
            subprocess.run(["chown", "-R", "65534:65534", str(self.runtime)], check=True)
        self.mark("dies")
        output = self.read()
        self.assertEqual(1, self.status())
        self.assertIn("with status 3", output)
        self.assertEqual(-signal.SIGTERM, machine.wait(timeout=30))
        self.check_clean(logs_kept=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
