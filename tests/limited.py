"""A vmmsd with little of something, as a user whom limits bind."""

import os
import pathlib
import shutil
import socket
import time

import attack
import vmms

# Root is not bound by limits of threads. A separate user: the limit counts all threads of one user.
USER_ID = 60000 + os.getpid() % 5000


class LimitedDaemon(vmms.Daemon):
    """`limits` are options of prlimit(1), "nofile=64". As a separate user where the tests are root, as they are
    otherwise."""

    def __init__(self, test, *arguments, limits=(), state=None):
        self.limits = [f"--{limit.partition('=')[0]}={limit.partition('=')[2]}:{limit.partition('=')[2]}" for limit in limits]
        self.is_prepared = False
        super().__init__(test, *arguments, state=state)

    def start(self):
        if not self.is_prepared:
            self.is_prepared = True
            prefix = ["prlimit", *self.limits]
            if os.geteuid() == 0:
                # Of a place that this user can read.
                program = self.folder / "vmmsd"
                if not program.exists():
                    shutil.copy(self.arguments[0], program)
                self.arguments[0] = str(program)
                prefix += ["setpriv", f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups"]
                for path in (self.folder, *self.folder.rglob("*")):
                    os.chown(path, USER_ID, USER_ID)
            self.arguments = [*prefix, *self.arguments]
        super().start()
        self.port = int(self.url.rpartition(":")[2].partition("/")[0])

    def is_alive(self):
        return self.process.poll() is None

    def said(self):
        return (self.folder / "log").read_text(errors="replace")

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


RIGHT = attack.basic(vmms.USER, vmms.PASSWORD)


def ask(port, body, authorization=RIGHT, patience=30):
    """The status of one request, or the name of what went wrong with its connection."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
            connection.sendall(attack.post(body, authorization, fields=("Connection: close",)))
            return attack.Answer(attack.read_to_end(connection)).status
    except (OSError, AssertionError) as e:
        return type(e).__name__


def is_served(port, patience=20):
    """Whether a well-behaved client gets its answer within this time, however often it has to ask."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if ask(port, attack.IDENTIFY, patience=5) == 200:
            return True
        time.sleep(0.1)
    return False
