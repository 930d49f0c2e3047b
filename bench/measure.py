"""What the benchmarks of a simulated fleet share: daemons, loads with latencies, nginx beside them, what a process costs."""

import itertools
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

import messages
from messages import ROOT, vmms

# Logs and what nginx sends lie in memory: no disk is measured.
if os.path.isdir("/dev/shm"):
    tempfile.tempdir = "/dev/shm"
vmms.BUILD = ROOT / "build" / "release"
SERVER, GENERATOR = "0", "1"  # processors


class Run:
    """A folder, and what must be undone at the end, as in a test case."""

    def __init__(self):
        self.cleanups = []
        self.loads = itertools.count()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vmms-bench-"))
        self.folder.chmod(0o755)  # nginx' worker reads there

    def addCleanup(self, function, *arguments, **options):
        self.cleanups.append((function, arguments, options))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for function, arguments, options in reversed(self.cleanups):
            function(*arguments, **options)
        shutil.rmtree(self.folder, ignore_errors=True)

    def fleet(self, machines, guest="", more=""):
        """The file of a fleet of running Linux guests with one service; `guest` and `more` are TOML."""
        file = self.folder / f"fleet{len(list(self.folder.iterdir()))}.toml"
        file.write_text(
            '[host]\nname = "HOST1"\n[template.linux]\nstate = "running"\nsettings = { guest_service_interface = true }\n'
            f'[[template.linux.guest.service]]\nname = "web"\n{guest}\n'
            f'[[fleet]]\nprefix = "vm"\ncount = {machines}\ntemplate = "linux"\n{more}\n')
        return file

    def daemon(self, fleet, *options, processors=SERVER, threads=1):
        """A vmmsd of one I/O thread on the server's processor."""
        daemon = vmms.Daemon(self, "--simulate", fleet, "--io-threads", threads, *options)
        self.addCleanup(daemon.kill)
        pin(daemon.process.pid, processors)
        return daemon

    def nginx(self, answers=(), certificate=None, key=None):
        """An nginx on the server's processor that sends answers (name to bytes) from files; its base URL, and its worker's
        process id."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="nginx-", dir=self.folder))
        folder.chmod(0o755)
        (folder / "www").mkdir()
        for name, answer in dict(answers).items():
            (folder / "www" / name).write_bytes(answer)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        tls = f"ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;" if certificate else ""
        temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/log; events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; open_file_cache max=100; {temporary}
  server {{ listen 127.0.0.1:{port}{" ssl" if tls else ""}; {tls} root {folder}/www; default_type application/soap+xml; }} }}""")
        process = subprocess.Popen(["taskset", "-c", SERVER, "nginx", "-c", folder / "nginx.conf"],
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
                    return f"http{'s' if tls else ''}://127.0.0.1:{port}", int(children.split()[0])
            time.sleep(0.05)
        raise RuntimeError("nginx does not start")

    def load(self, url, request=None, connections=1, seconds=2.0, processors=GENERATOR):
        """What wrk measures: requests a second, and latencies in seconds. Answers other than 200 are an error."""
        script = self.folder / f"wrk{next(self.loads)}.lua"
        lines = ["""done = function(summary, latency)
  local e = summary.errors
  print(string.format('RESULT {"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "most": %d, "errors": %d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    e.connect + e.read + e.write + e.status + e.timeout))
end"""]
        if request is not None:
            lines += ['wrk.method = "POST"', f"wrk.body = [==[{request.body}]==]"]
            lines += [f"wrk.headers[{name!r}] = {value!r}" for name, value in request.headers.items()]
        script.write_text("\n".join(lines))
        done = subprocess.run(["taskset", "-c", processors, "wrk", "-t1", f"-c{connections}", f"-d{int(seconds)}s",
                               "--latency", "-s", script, url], capture_output=True, text=True, check=True)
        result = json.loads(re.search(r"RESULT (.*)", done.stdout).group(1))
        if result["errors"] or not result["requests"]:
            raise RuntimeError(done.stdout)
        for key in ("p50", "p99", "most"):
            result[key] /= 1e6
        result["rate"] = result["requests"] / (result.pop("microseconds") / 1e6)
        return result


def pin(process_id, processors):
    subprocess.run(["taskset", "-a", "-p", "-c", processors, str(process_id)], check=True, stdout=subprocess.DEVNULL)


def memory(process, key="Rss"):
    """MiB of a process, by a name of smaps_rollup."""
    text = pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    return int(re.search(rf"^{key}:\s+(\d+)", text, re.M).group(1)) / 1024


def processor_seconds(process_id):
    """What all threads of a process that are alive have computed."""
    tasks = pathlib.Path(f"/proc/{process_id}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def answered(client, request):
    """The bytes of the answer, which must be a good one."""
    status, answer = client.post(request.body)
    if status != 200:
        raise RuntimeError(answer.decode())
    return answer


def machine_ids(client, count):
    """Of `count` VMs, or fewer where there are not so many."""
    answer = answered(client, messages.query(f"SELECT Name FROM {messages.SYSTEM}", count + 1))
    return [name for name in re.findall(r"<Name>([^<]+)<", answer.decode()) if name != "HOST1"][:count]


def pull_all(client, class_name=messages.SYSTEM, most=1000):
    """Yields how many instances each Pull brought. The bytes are searched, not parsed: the daemon is measured."""
    answer = answered(client, messages.enumerate_all(class_name))
    context = re.search(rb"EnumerationContext>([^<]+)<", answer).group(1).decode()
    request = messages.pull(class_name, context, most)
    while True:
        answer = answered(client, request)
        yield answer.count(f"</p:{class_name}>".encode())
        if b"EndOfSequence" in answer:
            return
