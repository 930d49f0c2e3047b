"""The life of a vmmsd: what it checks before it touches anything, signals, a configuration that changes, and its end."""

import grp
import json
import os
import pathlib
import re
import select
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import threading
import time
import unittest

import vmms

FLEET = '[host]\nname = "HOST1"\n[[vm]]\nname = "web"\nstate = "running"\n'
END_WITHIN = 2 if not vmms.SANITIZED else 20
HARMLESS = ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGPIPE", "SIGWINCH", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGPWR",
            "SIGURG", "SIGCHLD", "SIGRTMIN", "SIGRTMAX"]


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-life-"))
        self.addCleanup(subprocess.run, ["rm", "-rf", str(self.folder)])
        self.fleet = self.folder / "fleet.toml"
        self.fleet.write_text(FLEET)
        self.users = self.folder / "users"
        self.add_user("tester")

    def add_user(self, name, *arguments):
        return subprocess.run([vmms.BUILD / "vmms", "user", "add", name, "--users", self.users, *arguments],
                              input="correct horse\n", text=True, check=True, capture_output=True)

    def arguments(self, *arguments, state="state"):
        defaults = {"--users": self.users, "--state": self.folder / state, "--socket": "none"}
        missing = [word for option, value in defaults.items() if option not in arguments for word in (option, value)]
        return [str(word) for word in (vmms.BUILD / "vmmsd", *missing, *arguments)]

    def spawn(self, *arguments, state="state"):
        with open(self.folder / "log", "ab") as log:
            process = subprocess.Popen(self.arguments(*arguments, state=state), stdout=subprocess.PIPE, stderr=log, text=True)

        def end():
            process.kill()
            process.wait()
            process.stdout.close()
        self.addCleanup(end)
        return process

    def serve(self, *arguments, state="state"):
        """A vmmsd that is ready, and its addresses by protocol."""
        process = self.spawn("--simulate", self.fleet, *arguments, state=state)
        self.assertTrue(select.select([process.stdout], [], [], 60)[0])
        line = process.stdout.readline()
        self.assertTrue(line.startswith("ready"), self.log())
        return process, dict(re.findall(r" (\w+)=(\S+)", line))

    def refuse(self, *arguments, status=1, state="state"):
        """Starts a vmmsd that must fail to start; returns its output."""
        done = subprocess.run(self.arguments(*arguments, state=state), capture_output=True, text=True, timeout=60)
        self.assertEqual((status, ""), (done.returncode, done.stdout), done.stderr)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        return done.stderr

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def wait_for_log(self, pattern, count=1):
        end = time.monotonic() + 30
        while len(re.findall(pattern, self.log())) < count:
            if time.monotonic() > end:
                raise AssertionError(f"the log lacks {pattern}:\n{self.log()}")
            time.sleep(0.02)

    def ends(self, process, signal_number=signal.SIGTERM):
        begun = time.monotonic()
        process.send_signal(signal_number)
        status = process.wait(timeout=30)
        self.assertLess(time.monotonic() - begun, END_WITHIN)
        return status

    def identify(self, url, password="correct horse", user="tester"):
        client = vmms.Client(url, user, password)
        try:
            return client.exchange(vmms_identify()).status
        finally:
            client.close()


def vmms_identify():
    return (f'<s:Envelope xmlns:s="{vmms.NAMES["s"]}" xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/'
            'wsmanidentity.xsd"><s:Body><i:Identify/></s:Body></s:Envelope>').encode()


class SilentLibvirt:
    """A socket where libvirt's remote driver waits for an answer that never comes."""

    def __init__(self, test):
        self.path = str(test.folder / "libvirt")
        self.listening = socket.socket(socket.AF_UNIX)
        test.addCleanup(self.listening.close)
        self.listening.bind(self.path)
        self.listening.listen()
        self.uri = f"qemu+unix:///system?socket={self.path}"

    def touched(self, seconds=0):
        return bool(select.select([self.listening], [], [], seconds)[0])


class Signals(Folder):
    def test_no_signal_but_TERM_and_INT_ends_it(self):
        process, urls = self.serve("--wsman", "127.0.0.1:0")
        stop = threading.Event()

        def load():
            while not stop.is_set():
                try:
                    self.identify(urls["wsman"])
                except OSError:
                    pass
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for name in HARMLESS:
            process.send_signal(getattr(signal, name))
            self.assertEqual(200, self.identify(urls["wsman"]), name)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertIsNone(process.poll())
        self.assertEqual(0, self.ends(process))

    def test_INT_ends_it_as_TERM_does(self):
        process, _ = self.serve("--wsman", "127.0.0.1:0")
        self.assertEqual(0, self.ends(process, signal.SIGINT))

    def test_TERM_holds_while_libvirt_does_not_answer(self):
        libvirt = SilentLibvirt(self)
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.spawn("--connect", libvirt.uri, "--wsman", "127.0.0.1:0")
            self.assertTrue(libvirt.touched(30), self.log())
            with libvirt.listening.accept()[0]:  # says nothing
                self.assertEqual(0, self.ends(process, number))
            self.assertEqual("", process.stdout.read())

    def test_TERM_holds_at_every_moment_of_the_start(self):
        for milliseconds in list(range(0, 200, 10)) + [300, 500]:
            process = self.spawn("--simulate", self.fleet, "--wsman", "127.0.0.1:0", "--wsmans", "127.0.0.1:0")
            time.sleep(milliseconds / 1000)
            # Before main() the kernel ends it.
            self.assertIn(self.ends(process), (0, -signal.SIGTERM))

    def test_signals_before_it_is_ready_wait(self):
        process = self.spawn("--simulate", self.fleet, "--wsman", "127.0.0.1:0")
        for _ in range(3000):  # before it has that thread, a signal ends it as it does any program
            if process.poll() is None and b"signals" in b"".join(
                    path.read_bytes() for path in pathlib.Path(f"/proc/{process.pid}/task").glob("*/comm")):
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGHUP)
        self.assertTrue(process.stdout.readline().startswith("ready"))
        self.assertEqual(0, self.ends(process))


class CheckedBeforeAnythingIsTouched(Folder):
    def setUp(self):
        super().setUp()
        self.libvirt = SilentLibvirt(self)

    def refuse_untouched(self, *arguments, status=1):
        port = () if "--wsman" in arguments else ("--wsman", "127.0.0.1:0")
        said = self.refuse("--connect", self.libvirt.uri, *port, *arguments, status=status)
        self.assertFalse(self.libvirt.touched(), "libvirt was asked")
        self.assertFalse((self.folder / "state" / "jobs.sqlite").exists())
        return said

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            said = self.refuse_untouched("--wsman", f"127.0.0.1:{other.getsockname()[1]}")
        self.assertIn("another program has this port", said)

    def test_an_address_beyond_loopback_without_TLS(self):
        for address in ("0.0.0.0:0", "[::]:0", "*:0", "[::ffff:0.0.0.0]:0", "192.0.2.1:0"):
            self.assertIn("without TLS", self.refuse_untouched("--wsman", address))
        for address in ("0:0", "127.1:0", "127.0.0.1"):
            self.assertIn("cannot listen on", self.refuse_untouched("--wsman", address, status=2))

    def test_users(self):
        missing = self.folder / "nobody"
        self.assertIn("vmms user add", self.refuse_untouched("--users", missing))
        self.users.write_text("nonsense\n")
        self.assertIn(f"{self.users}:1:", self.refuse_untouched())
        for mode in (0o666, 0o620, 0o644, 0o602):
            self.users.chmod(mode)
            said = self.refuse_untouched()
            self.assertIn(f"chmod 600 {self.users}", said)
        if os.geteuid() == 0:
            self.users.chmod(0o600)
            os.chown(self.users, 12345, -1)
            said = self.refuse_untouched()
            self.assertIn("belongs to user 12345", said)
            self.assertIn(f"chown 0 {self.users}", said)

    def test_who_could_put_other_files_in_the_place_of_ours(self):
        outer = self.folder / "outer"
        inner = outer / "inner"
        inner.mkdir(parents=True)
        for path in (outer, inner):
            path.chmod(0o755)
        users, key, certificate, file = (inner / name for name in ("users", "key", "certificate", "vmmsd.toml"))
        users.write_text(self.users.read_text())
        file.write_text('log-level = "info"\n')
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=x", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        for path in (users, key):
            path.chmod(0o600)
        link = self.folder / "link"
        link.symlink_to("outer/inner/users")
        tls = ("--wsmans", "127.0.0.1:0", "--certificate", certificate, "--key", key)
        audit, state, new_state, definition = (inner / name for name in ("audit", "state", "new/state", "domain.xml"))
        state.mkdir(mode=0o700)
        definition.write_text("<domain type='test'/>")
        for arguments, named, status in ((("--users", users), users, 1), (("--users", link), link, 1), (tls, key, 1),
                                         (("--config", file), file, 2), (("--audit", audit), audit, 1),
                                         (("--state", state), state, 1), (("--state", new_state), inner, 1),
                                         (("--define", definition), definition, 1)):
            for folder in (inner, outer):
                with self.subTest(named=named.name, folder=folder.name):
                    folder.chmod(0o777)
                    said = self.refuse_untouched(*arguments, status=status)
                    for part in (str(named), "0777", f"chmod go-w {folder}"):
                        self.assertIn(part, said)
                    folder.chmod(0o755)
                    if os.geteuid() == 0:
                        os.chown(folder, 12345, -1)
                        self.assertIn("user 12345", self.refuse_untouched(*arguments, status=status))
                        os.chown(folder, 0, -1)
                    self.assertEqual([False, False], [audit.exists(), new_state.parent.exists()])
        # Under the sticky bit no user replaces files of others.
        inner.chmod(0o1777)
        process, _ = self.serve("--users", users, "--config", file, "--wsman", "127.0.0.1:0", *tls)
        self.assertEqual(0, self.ends(process))

    @unittest.skipUnless(os.geteuid() == 0, "only root gives files to somebody else")
    def test_links_and_files_of_others(self):
        victim, theirs = self.folder / "victim", self.folder / "theirs"
        victim.mkdir()
        victim.chmod(0o755)
        (victim / "file").write_text("ours\n")
        (victim / "file").chmod(0o644)
        for name, target in (("state", victim), ("audit", victim / "file")):
            link = self.folder / f"their-{name}"
            link.symlink_to(target)
            os.lchown(link, 12345, 12345)
            self.assertIn(f"the link {link} on the way to it belongs to user 12345", self.refuse_untouched(f"--{name}", link))
        self.assertEqual((0o755, 0o644), tuple(stat.S_IMODE(path.stat().st_mode) for path in (victim, victim / "file")))
        self.assertEqual([victim / "file"], list(victim.iterdir()))
        theirs.write_text("<domain type='test'/>")
        os.chown(theirs, 12345, 12345)
        for option in ("--audit", "--define"):
            self.assertIn("belongs to user 12345", self.refuse_untouched(option, theirs))
        os.chown(theirs, 0, 0)
        theirs.chmod(0o666)
        self.assertIn(f"chmod go-w {theirs}", self.refuse_untouched("--define", theirs))

    def test_who_may_write_the_configuration(self):
        file = self.folder / "vmmsd.toml"
        file.write_text('log-level = "info"\n')
        for mode in (0o666, 0o646, 0o602):
            file.chmod(mode)
            said = self.refuse_untouched("--config", file, status=2)
            self.assertIn(f"(mode {mode:04o})", said)
            self.assertIn(f"chmod go-w {file}", said)
        if os.geteuid() == 0:
            file.chmod(0o664)
            os.chown(file, -1, 12345)
            self.assertIn(f"chmod go-w {file}", self.refuse_untouched("--config", file, status=2))
            file.chmod(0o644)
            os.chown(file, 12345, -1)
            said = self.refuse_untouched("--config", file, status=2)
            self.assertIn("belongs to user 12345", said)
            self.assertIn(f"chown 0 {file}", said)
            os.chown(file, 0, 0)
        file.chmod(0o644)
        process, _ = self.serve("--config", file, "--wsman", "127.0.0.1:0")
        self.assertEqual(0, self.ends(process))

    def test_certificate_and_key(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=x", "-keyout", self.folder / "key", "-out", self.folder / "certificate"],
                       check=True, capture_output=True)
        key, certificate = self.folder / "key", self.folder / "certificate"
        tls = ("--wsmans", "127.0.0.1:0", "--certificate", certificate, "--key", key)
        key.chmod(0o644)
        self.assertIn(f"chmod 600 {key}", self.refuse_untouched(*tls))
        key.chmod(0o600)
        key.write_text("no key")
        self.assertIn(str(key), self.refuse_untouched(*tls))
        self.assertIn("go together", self.refuse_untouched("--certificate", certificate, status=2))

    def test_the_local_socket(self):
        said = self.refuse_untouched("--socket", self.folder / "socket", "--socket-group", "no-such-group")
        self.assertIn("there is no group no-such-group", said)
        self.assertFalse((self.folder / "socket").exists())
        # Also where the socket was not named.
        arguments = [a for a in self.arguments("--connect", self.libvirt.uri, "--socket-group", "no-such-group",
                                               "--wsman", "127.0.0.1:0") if a not in ("--socket", "none")]
        runtime = self.folder / "runtime"
        runtime.mkdir()
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=60,
                              env=os.environ | {"XDG_RUNTIME_DIR": str(runtime)})
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn("no-such-group", done.stderr)
        (self.folder / "file").write_text("x")
        self.assertIn("another kind", self.refuse_untouched("--socket", self.folder / "file"))

    def test_the_audit_file(self):
        self.assertIn("audit", self.refuse_untouched("--audit", self.folder / "no" / "such"))
        self.assertIn("regular", self.refuse_untouched("--audit", "/dev/null"))

    def test_the_definition(self):
        definition = self.folder / "domain.xml"
        definition.write_text("<domain>")
        self.assertIn(str(definition), self.refuse_untouched("--define", definition))

    def test_the_fleet(self):
        self.fleet.write_text("[[vm]]\nname = 1\n")
        self.assertIn(f"{self.fleet}:2:", self.refuse("--simulate", self.fleet, "--wsman", "127.0.0.1:0"))
        os.mkfifo(self.folder / "pipe")
        for endless in (self.folder / "pipe", "/dev/zero"):
            self.assertIn("not a regular file", self.refuse("--simulate", endless, "--wsman", "127.0.0.1:0"))

    def test_the_configuration_file(self):
        file = self.folder / "vmmsd.toml"
        for text, place in (("connect = \n", ":1:"), ('connect = ""\n', ":1:11: "), ("\nwsmann = 1\n", ":2:1: "),
                            ('log-level = "loud"\n', ":1:13: "), ("io-threads = 1000\n", ":1:14: "),
                            ('wsman = "127.0.0.1:99999"\n', ":1:9: ")):
            file.write_text(text)
            done = subprocess.run([str(vmms.BUILD / "vmmsd"), "--config", file, "--state", self.folder / "state"],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(2, done.returncode, text)
            self.assertIn(f"{file}{place}", done.stderr)
            self.assertFalse((self.folder / "state").exists())

    def test_a_second_daemon_on_the_same_state(self):
        first, urls = self.serve("--wsman", "127.0.0.1:0")
        said = self.refuse_untouched("--wsman", "127.0.0.1:0")
        self.assertIn(f"process {first.pid}", said)
        self.assertEqual(200, self.identify(urls["wsman"]))
        first.kill()
        first.wait()
        second, _ = self.serve("--wsman", "127.0.0.1:0")  # a lock ends with its process
        self.assertEqual(0, self.ends(second))


class StandardDescriptors(Folder):
    """With standard error closed at the start, the log must not go into the first file that is opened."""

    def free_port(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            return listener.getsockname()[1]

    def test_closed_ones_are_no_files_of_ours(self):
        for closed in ("2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"):
            with self.subTest(closed=closed):
                port, state, audit = self.free_port(), f"state{len(closed)}", self.folder / f"audit{len(closed)}"
                arguments = self.arguments("--simulate", self.fleet, "--wsman", f"127.0.0.1:{port}", "--wsmans",
                                           "127.0.0.1:0", "--audit", audit, state=state)
                process = subprocess.Popen(["sh", "-c", f'exec "$@" {closed}', "sh", *arguments],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                self.addCleanup(process.wait)
                self.addCleanup(process.kill)
                client, end = vmms.Client(f"http://127.0.0.1:{port}/wsman", "tester"), time.monotonic() + 60
                while True:
                    try:
                        machines = {each["ElementName"]: each["Name"] for each in client.enumerate("Msvm_ComputerSystem")}
                        break
                    except OSError:
                        self.assertIsNone(process.poll())
                        self.assertLess(time.monotonic(), end)
                        time.sleep(0.05)
                client.invoke("Msvm_ComputerSystem", vmms.machine_keys(machines["web"]), "RequestStateChange",
                              "<p:RequestedState>3</p:RequestedState>")
                client.close()
                self.assertEqual(0, self.ends(process))
                self.assertEqual(f"{process.pid}\n", (self.folder / state / "lock").read_text())
                events = {json.loads(line)["event"] for line in audit.read_text().splitlines()}
                self.assertEqual({"invoke"}, events - {"job"})  # it has ended, or has not yet


class Modes(Folder):
    def modes(self):
        state = self.folder / "state"
        return {path.name: stat.S_IMODE(path.stat().st_mode) for path in [state, *state.iterdir()]}

    def test_state_is_closed_to_others_at_every_start(self):
        state = self.folder / "state"
        state.mkdir()
        state.chmod(0o755)  # as systemd's StateDirectory= makes it
        connect = ("--connect", "test:///default", "--wsman", "127.0.0.1:0", "--wsmans", "127.0.0.1:0")
        for _ in range(2):
            before = os.umask(0)
            try:
                process = self.spawn(*connect)
            finally:
                os.umask(before)
            self.assertTrue(process.stdout.readline().startswith("ready"), self.log())
            modes = self.modes()
            self.assertEqual(0o700, modes.pop("state"))
            self.assertIn("jobs.sqlite", modes)
            self.assertIn("tls-key.pem", modes)
            self.assertEqual({0o600}, set(modes.values()), modes)
            self.ends(process)
            for path in state.iterdir():
                path.chmod(0o666)
            state.chmod(0o777)

    def test_folders_of_others_are_not_taken(self):
        shared = self.folder / "shared"
        shared.mkdir()
        shared.chmod(0o1777)
        said = self.refuse("--simulate", self.fleet, "--wsman", "127.0.0.1:0", state="shared")
        self.assertIn("--state", said)
        self.assertEqual(0o1777, stat.S_IMODE(shared.stat().st_mode))
        if os.geteuid() == 0:
            other = self.folder / "other"
            other.mkdir()
            os.chown(other, 12345, 12345)
            self.assertIn("12345", self.refuse("--simulate", self.fleet, "--wsman", "127.0.0.1:0", state="other"))

    @unittest.skipUnless(os.geteuid() == 0, "only root becomes somebody else")
    def test_the_local_socket_is_for_its_owner_and_its_group(self):
        path = self.folder / "socket"
        self.folder.chmod(0o755)
        group = grp.getgrgid(os.getgid()).gr_name
        for arguments, mode in (((), 0o600), (("--socket-group", group), 0o660)):
            process, _ = self.serve("--wsman", "127.0.0.1:0", "--socket", path, *arguments)
            self.assertEqual(mode, stat.S_IMODE(path.stat().st_mode))
            stranger = subprocess.run(
                ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "python3", "-c",
                 f"import socket; socket.socket(socket.AF_UNIX).connect('{path}')"], capture_output=True, text=True)
            self.assertIn("PermissionError", stranger.stderr)
            self.ends(process)
            self.assertFalse(path.exists())


class Reload(Folder):
    def setUp(self):
        super().setUp()
        self.file = self.folder / "vmmsd.toml"
        self.configure('log-level = "info"')
        self.process, self.urls = self.serve("--config", self.file, "--wsman", "127.0.0.1:0", "--wsmans", "127.0.0.1:0")

    def configure(self, *lines):
        self.file.write_text("\n".join(lines) + "\n")

    def hang_up(self, pattern):
        count = len(re.findall(pattern, self.log()))
        self.process.send_signal(signal.SIGHUP)
        self.wait_for_log(pattern, count + 1)

    def fault(self):
        """A request that is logged at level debug."""
        client = vmms.Client(self.urls["wsman"])
        with self.assertRaises(vmms.Fault):
            client.get("Msvm_None")
        client.close()

    def fingerprint(self):
        host, port = re.search(r"//([\d.]+):(\d+)", self.urls["wsmans"]).groups()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection((host, int(port)), 20) as plain, context.wrap_socket(plain) as secure:
            return secure.getpeercert(True)

    def test_users_level_and_certificate_are_read_again(self):
        before = self.fingerprint()
        self.add_user("another")
        for name in ("tls-key.pem", "tls-certificate.pem"):
            (self.folder / "state" / name).unlink()
        self.configure('log-level = "debug"')
        self.hang_up("read again")
        self.assertEqual(200, self.identify(self.urls["wsman"], user="another"))
        self.assertNotEqual(before, self.fingerprint())
        self.fault()
        self.wait_for_log(" debug wsman")

    def test_what_is_wrong_changes_nothing(self):
        before = self.fingerprint()
        self.configure('log-level = "debug"', "  wsmann = 1")
        self.hang_up(re.escape(f"HUP changes nothing: {self.file}:2:3: "))
        good = self.users.read_text()
        for name in ("tls-key.pem", "tls-certificate.pem"):
            (self.folder / "state" / name).unlink()
        self.configure('log-level = "debug"', f'audit = "{self.folder}/no/such"')
        self.hang_up("HUP changes nothing: the audit file")
        self.configure('log-level = "debug"')
        self.users.write_text("nonsense\n")
        self.hang_up(re.escape(f"HUP changes nothing: {self.users}:1: "))
        self.users.write_text(good)
        self.users.chmod(0o666)
        self.hang_up("HUP changes nothing: .*chmod 600")
        self.users.chmod(0o600)
        self.file.chmod(0o666)
        self.hang_up(re.escape(f"chmod go-w {self.file}"))
        self.file.chmod(0o644)
        self.folder.chmod(0o777)
        self.hang_up("HUP changes nothing: .*" + re.escape(f"chmod go-w {self.folder}"))
        self.folder.chmod(0o700)
        self.assertEqual(200, self.identify(self.urls["wsman"]))
        self.assertEqual(before, self.fingerprint())
        self.fault()
        self.assertNotIn(" debug ", self.log())

    def test_files_in_a_folder_that_requests_may_name_are_refused(self):
        given = self.folder / "given"
        given.mkdir()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=x", "-keyout", given / "key", "-out", given / "certificate"], check=True,
                       capture_output=True)
        (given / "key").chmod(0o600)
        self.ends(self.process)
        lines = ('log-level = "info"', f'copy-read = ["r={given}"]')
        self.configure(*lines)
        self.process, self.urls = self.serve("--config", self.file, "--wsman", "127.0.0.1:0", "--wsmans", "127.0.0.1:0")
        before = self.fingerprint()
        for more in ((f'key = "{given}/key"', f'certificate = "{given}/certificate"'), (f'audit = "{given}/audit"',)):
            self.configure(*lines, *more)
            self.hang_up(f"HUP changes nothing: copy-read r={given}: .*which no request may touch")
        self.assertEqual((before, False), (self.fingerprint(), (given / "audit").exists()))
        self.configure(*lines)
        self.hang_up("read again")

    def test_keys_that_need_a_restart_are_named(self):
        self.configure('log-level = "warn"', "guest-service-interface = true", 'cimxml = "127.0.0.1:0"')
        self.hang_up("these keys differ and need a restart: cimxml, guest-service-interface\n")

    def test_a_storm_of_them_does_no_harm(self):
        for _ in range(200):
            self.process.send_signal(signal.SIGHUP)
        self.assertEqual(200, self.identify(self.urls["wsman"]))
        self.assertEqual(0, self.ends(self.process))


class Tls(Folder):
    def test_no_cipher_without_authenticated_encryption_is_offered(self):
        _, urls = self.serve("--wsmans", "127.0.0.1:0")
        host, port = re.search(r"//([\d.]+):(\d+)", urls["wsmans"]).groups()
        for ciphers, works in (("ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384", False), ("ECDHE+AESGCM", True)):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(ciphers)
            with socket.create_connection((host, int(port)), 20) as plain:
                if works:
                    context.wrap_socket(plain).close()
                else:
                    with self.assertRaises(ssl.SSLError):
                        context.wrap_socket(plain)


class Users(Folder):
    def user(self, *arguments, password=""):
        return subprocess.run([vmms.BUILD / "vmms", "user", *arguments, "--users", self.users], input=password, text=True,
                              capture_output=True)

    def test_who_is_removed_may_not_come_in_any_more(self):
        self.add_user("other")
        _, urls = self.serve("--wsman", "127.0.0.1:0")
        self.assertEqual(200, self.identify(urls["wsman"], user="other"))
        self.assertEqual("other\ntester\n", self.user("list").stdout)
        self.assertEqual([{"user": "other"}, {"user": "tester"}], json.loads(self.user("list", "--json").stdout))
        removed = self.user("remove", "other")
        self.assertEqual((0, f"removed user other from {self.users}\n"), (removed.returncode, removed.stdout))
        self.assertEqual(401, self.identify(urls["wsman"], user="other"))
        self.assertEqual(200, self.identify(urls["wsman"]))
        again = self.user("remove", "other")
        self.assertEqual(2, again.returncode)
        self.assertIn("there is no user other", again.stderr)
        self.assertEqual("tester\n", self.user("list").stdout)

    def test_weak_passwords(self):
        before = self.users.read_text()
        empty = self.user("add", "weak", password="\n")
        self.assertEqual(2, empty.returncode)
        self.assertIn("empty", empty.stderr)
        self.assertEqual(before, self.users.read_text())
        short = self.user("add", "weak", password="1234567\n")
        self.assertEqual(0, short.returncode)
        self.assertIn("fewer than 8 characters", short.stderr)
        self.assertEqual("", self.user("add", "weak", password="12345678\n").stderr)


if __name__ == "__main__":
    vmms.main()
