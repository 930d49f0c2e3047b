#!/usr/bin/env python3
"""What takes a guest with a network, much room and a power button: one boot of what guest/build --whole makes.

Big files, copies beside scp, a thousand services, addresses, hibernation, the power button. What the product did is
checked in the guest over ssh. Prints the figures of docs/performance.md."""

import hashlib
import os
import pathlib
import re
import statistics
import subprocess
import threading
import time
import unittest

import integration_components_test as simulated
import vmms
from real_guest import RealGuestTest, built
from vmms import Fault, machine_keys

MEGABYTE = 1_000_000
GIGABYTE = 1000 * MEGABYTE
HARDWARE_ADDRESS = "52:54:00:12:34:56"
SWAP_BYTES = 512 * 1024 * 1024

DISK = """<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{swap}'/>
      <target dev='vdb' bus='virtio'/></disk>
  </devices>"""
# libvirt 9.0 cannot forward ports of QEMU's user network. The kernel chooses the one on the host.
NETWORK = f"""<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
    <qemu:arg value='-netdev'/><qemu:arg value='user,id=wire,hostfwd=tcp:127.0.0.1:0-10.0.2.15:22'/>
    <qemu:arg value='-device'/><qemu:arg value='virtio-net-pci,netdev=wire,mac={HARDWARE_ADDRESS},addr=0x10'/>
  </qemu:commandline>
</domain>"""


def random_file(path, size):
    """Writes it and returns its BLAKE2b."""
    hashed = hashlib.blake2b()
    with open(path, "wb") as file:
        while size > 0:
            piece = os.urandom(min(size, 16 * MEGABYTE))
            hashed.update(piece)
            file.write(piece)
            size -= len(piece)
    return hashed.hexdigest()


def hash_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def listening_port(process):
    """The port on which a process listens on 127.0.0.1."""
    sockets = {os.readlink(file) for file in pathlib.Path(f"/proc/{process}/fd").iterdir()}
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        address, port = fields[1].split(":")
        if address == "0100007F" and fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
            return int(port, 16)
    raise AssertionError("the hypervisor does not forward a port to the guest")


class Memory:
    """The most memory that a process has while a `with` lasts, beside what it had before."""

    def __init__(self, process):
        self.file = pathlib.Path(f"/proc/{process}/status")

    def resident(self):
        return int(re.search(r"VmRSS:\s+(\d+) kB", self.file.read_text()).group(1)) * 1024

    def __enter__(self):
        self.before = self.most = self.resident()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while not self.ended.wait(0.2):
            self.most = max(self.most, self.resident())

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    @property
    def growth(self):
        return self.most - self.before


class WholeGuest(RealGuestTest, unittest.TestCase):
    """The tests run in the order of their names; the last ones end the guest."""

    device = simulated.Components.device
    keys = simulated.Components.keys
    items = simulated.Components.items
    patience = 300

    @classmethod
    def setUpClass(cls):
        folder = built("whole", "--whole")
        cls.make_root()
        (cls.root / "files").mkdir()
        cls.swap = cls.root / "swap"
        with open(cls.swap, "wb") as file:
            file.truncate(SWAP_BYTES)

        def change(xml):
            xml = xml.replace("root=/dev/vda", "root=/dev/vda resume=/dev/vdb").replace(">192</memory>", ">512</memory>")
            return xml.replace("</devices>", DISK.format(swap=cls.swap)).replace("</domain>", NETWORK)

        cls.set_up(folder, change=change)
        cls.start_machine()
        cls.daemon.cli("guest", "enable", "guest")
        cls.wait_for(lambda: cls.daemon.cli("service", "start", "guest", "ssh", check=False).returncode == 0)
        cls.key = cls.root / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", cls.key], check=True)
        cls.daemon.cli("copy", "--create-path", f"{cls.key}.pub", "guest:/root/.ssh/authorized_keys")

    @classmethod
    def start_machine(cls):
        cls.wait_for_guest(240)
        cls.port = listening_port(cls.process())

    def setUp(self):
        super().setUp()
        self.ids = {"guest": self.machine}

    def restart_daemon(self, agent):
        """Another vmmsd finds the guest running. With `auto` it returns when our own agent is there."""
        self.client.close()
        self.daemon.terminate()
        arguments = self.daemon.arguments
        if "--agent" in arguments:
            del arguments[arguments.index("--agent"):]
        arguments += ["--agent", agent]
        self.daemon.start()
        self.client = self.daemon.client()
        self.wait_for(lambda: self.daemon.cli("service", "list", "guest", check=False).returncode == 0)
        if agent == "auto":
            self.wait_for(self.has_own_agent)

    def has_own_agent(self):
        self.daemon.cli("service", "list", "guest", check=False)
        return "our own agent for services" in self.daemon.cli("guest", "show", "guest").stdout

    def call(self, service, method="StartService"):
        return super().call(service, method, timeout=140)

    def power(self):
        return self.client.get("Msvm_ComputerSystem", machine_keys(self.machine))["EnabledState"]

    def log(self):
        return (self.daemon.folder / "log").read_text()

    def ssh_options(self, port_option):
        options = {"BatchMode": "yes", "IdentitiesOnly": "yes", "LogLevel": "ERROR", "StrictHostKeyChecking": "no",
                   "UserKnownHostsFile": "/dev/null"}
        return ["-F", "/dev/null", "-i", self.key, port_option, str(self.port),
                *(part for name, value in options.items() for part in ("-o", f"{name}={value}"))]

    def ssh(self, command, timeout=1800):
        """What a command in the guest prints."""
        return subprocess.run(["ssh", *self.ssh_options("-p"), "root@127.0.0.1", command], check=True, text=True,
                              stdout=subprocess.PIPE, timeout=timeout).stdout

    def ssh_first_line(self, command):
        """The first line that a command in the guest prints, and when it came, in seconds since 1970."""
        with subprocess.Popen(["ssh", *self.ssh_options("-p"), "root@127.0.0.1", command], text=True,
                              stdout=subprocess.PIPE) as process:
            return process.stdout.readline(), time.time()

    def scp(self, *paths):
        subprocess.run(["scp", "-q", *self.ssh_options("-P"), *map(str, paths)], check=True, timeout=1800)

    def copy(self, *arguments, timeout=3600):
        self.daemon.cli("copy", *map(str, arguments), timeout=timeout)

    def seconds(self, action):
        begun = time.monotonic()
        action()
        return time.monotonic() - begun

    def test_1_addresses_are_those_of_the_guest(self):
        shown = self.ssh("busybox ip -o address show | busybox grep -v ' lo '")
        real = dict(re.findall(r"inet6? ([0-9a-f.:]+)/(\d+)", shown))
        self.assertEqual(real["10.0.2.15"], "24")
        subnets = {address: "255.255.255.0" if prefix == "24" else prefix for address, prefix in real.items()}
        time.sleep(5.1)  # what was read of the guest before is forgotten
        adapter, = self.client.enumerate("Msvm_GuestNetworkAdapterConfiguration")
        self.assertTrue(adapter["InstanceID"].endswith(HARDWARE_ADDRESS.replace(":", "")), adapter["InstanceID"])
        self.assertEqual(dict(zip(adapter["IPAddresses"], adapter["Subnets"])), subnets)
        self.assertEqual(adapter["ProtocolIFType"], "4098", "both versions")
        for name in ("DefaultGateways", "DNSServers", "DHCPEnabled"):
            self.assertIsNone(adapter.get(name), "the agent does not tell")
        intrinsic = self.items(self.device("guest", "KvpExchange")["GuestIntrinsicExchangeItems"])
        value = r'<PROPERTY NAME="{}"[^>]*><VALUE>([^<]*)</VALUE>'
        items = {name: data for data, name in
                 re.findall(value.format("Data") + ".*?" + value.format("Name"), intrinsic)}
        self.assertEqual(items["NetworkAddressIPv4"], "10.0.2.15")
        self.assertEqual(set(items["NetworkAddressIPv6"].split(";")), {each for each in real if ":" in each})
        print(f"\naddresses: {subnets}, NetworkAddressIPv4 {items['NetworkAddressIPv4']}")

    def services(self):
        """None where the deadline passes: process 1 of an emulated guest needs a minute and more to load a thousand
        units. A caller that asks again joins the read under way."""
        try:
            return self.client.enumerate("Vmms_GuestOSService")
        except Fault as fault:
            self.assertEqual(fault.subcode, "TimedOut")
            return None

    def list_services(self, count, agent):
        self.assertEqual(self.call(f"vmms-demo-many@{count}.service"), 0)
        begun = time.monotonic()
        names = {service["Name"] for service in self.wait_for(self.services, 900)}
        first = time.monotonic() - begun
        self.assertEqual({name for name in names if name.startswith("vmms-many-")},
                         {f"vmms-many-{number}.service" for number in range(1, count + 1)})
        stat = pathlib.Path(f"/proc/{self.daemon.process.pid}/stat")

        def processor_seconds():
            return sum(map(int, stat.read_text().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")

        times, processor = [], []
        for _ in range(5):
            time.sleep(1.1)  # what was read before is forgotten
            before = processor_seconds()
            times.append(self.seconds(lambda: self.client.enumerate("Vmms_GuestOSService")))
            processor.append(processor_seconds() - before)
        one = f"vmms-many-{count}.service"
        self.assertEqual(self.call(one), 0)
        self.assertEqual(self.ssh(f"systemctl is-active {one}"), "active\n")
        self.assertEqual(self.service(one)["Started"], "true")
        self.assertEqual(self.call(one, "StopService"), 0)
        age, seen = self.watch_changes(one)
        print(f"\nlist of {len(names)} services, --agent {agent}: the first {first:.1f} s, then median "
              f"{statistics.median(times):.2f} s, worst {max(times):.2f} s; vmmsd's processor time: "
              f"{statistics.median(processor):.2f} s, worst {max(processor):.2f} s; states up to {age:.2f} s old, a "
              f"change seen after {seen:.2f} s at most")
        if not vmms.SANITIZED:
            self.assertLess(max(processor), 0.5)
            self.assertLess(age, 1)
            self.assertLess(seen, 2)

    def watch_changes(self, name, times=5):
        """While a client polls all services, the guest starts one by itself now and then: how old the oldest reported
        state was, and how long a change took to reach the client at most, in seconds. No user is logged in meanwhile:
        an emulated guest would be busy with that."""
        self.ssh(f"for n in $(seq {times}); do sleep 4; systemctl start {name}; sleep 4; systemctl stop {name}; done "
                 "</dev/null >/dev/null 2>&1 &")
        answers = []
        begun = time.monotonic()
        while time.monotonic() < begun + 8 * times + 8:
            started = {each["Name"]: each["Started"] for each in self.client.enumerate("Vmms_GuestOSService")}
            answers.append((time.time(), started[name] == "true"))
        clock, clock_at = self.ssh_first_line("date +%s.%N")
        ahead = float(clock) - clock_at
        ages, delays = [0.0], []
        log = self.ssh(f"journalctl --sync; journalctl --quiet --output=short-unix --unit={name}")
        for stamp in re.findall(r"^([0-9.]+) .*: Started ", log, re.M)[-times:]:
            changed = float(stamp) - ahead
            following = [(when, told) for when, told in answers if when > changed]
            seen = next(when for when, told in following if told)
            ages += [when - changed for when, told in following if when < seen]
            delays.append(seen - changed)
        self.assertEqual(len(delays), times)
        return max(ages), max(delays)

    def test_2_a_thousand_services(self):
        for agent in ("auto", "never"):
            self.restart_daemon(agent)
            for count in (10, 100, 1000):
                self.list_services(count, agent)
            self.assertEqual(self.call("vmms-demo-many@0.service"), 0)  # the next vmmsd need not read them all
        self.restart_daemon("auto")

    def test_3_copies_beside_scp(self):
        files = self.root / "files"
        size = 100 * MEGABYTE
        expected = random_file(files / "source", size)
        taken = {name: [] for name in ("vmms copy into the guest", "scp into the guest", "vmms copy out of it",
                                       "scp out of it")}
        for _ in range(3):
            actions = (lambda: self.copy(files / "source", "guest:/var/tmp/by-vmms"),
                       lambda: self.scp(files / "source", "root@127.0.0.1:/var/tmp/by-scp"),
                       lambda: self.copy("guest:/var/tmp/by-vmms", files / "by-vmms"),
                       lambda: self.scp("root@127.0.0.1:/var/tmp/by-scp", files / "by-scp"))
            for name, action in zip(taken, actions):
                taken[name].append(self.seconds(action))
                self.ssh("sync")  # the next one must not pay for what scp has left in memory
            for name in ("by-vmms", "by-scp"):
                self.assertEqual(hash_of(files / name), expected)
                (files / name).unlink()
            self.assertEqual(self.ssh("b2sum </var/tmp/by-vmms").split()[0], expected)
            self.ssh("rm /var/tmp/by-vmms /var/tmp/by-scp")
        medians = {name: statistics.median(times) for name, times in taken.items()}
        print()
        for name, times in taken.items():
            print(f"{name}: {', '.join(f'{time:.1f}' for time in times)} s, {size / MEGABYTE / medians[name]:.1f} MB/s")
        into, out = (medians[f"scp {way}"] / medians[f"vmms copy {way}"] for way in ("into the guest", "out of it"))
        print(f"vmms copy's rate to scp's: {into:.2f} into the guest, {out:.2f} out of it")

    def copy_big(self, size, agent):
        source = self.root / "files" / "big"
        expected = random_file(source, size)
        with Memory(self.daemon.process.pid) as memory:
            taken = self.seconds(lambda: self.copy(source, "guest:/var/tmp/big"))
        source.unlink()
        print(f"\n{size // GIGABYTE} GB of random bytes, --agent {agent}: {taken:.0f} s, {size / MEGABYTE / taken:.1f} "
              f"MB/s; vmmsd's memory {memory.before / MEGABYTE:.0f} MB before, {memory.most / MEGABYTE:.0f} MB at most")
        if not vmms.SANITIZED:
            self.assertLess(memory.growth, 64 * MEGABYTE)
        self.assertEqual(self.ssh("b2sum </var/tmp/big").split()[0], expected)
        # All of it is there: a file without holes, and nothing beside it.
        blocks, block_size = map(int, self.ssh("stat -c '%b %B' /var/tmp/big").split())
        self.assertGreaterEqual(blocks * block_size, size)
        self.assertEqual([name for name in self.ssh("ls -A /var/tmp").split() if name.endswith(".part")], [])
        self.daemon.cli("rm", "guest:/var/tmp/big")

    def test_4_five_gigabytes(self):
        self.copy_big(5 * GIGABYTE, "auto")

    def test_5_a_gigabyte_without_our_own_agent(self):
        self.restart_daemon("never")
        self.copy_big(GIGABYTE, "never")
        self.restart_daemon("auto")

    def test_6_hibernation(self):
        self.assertEqual(self.call("vmms-demo-web.service"), 0)
        process = self.service("vmms-demo-web.service")["MainProcessID"]
        self.wait_for(self.has_own_agent)
        boot = self.ssh("cat /proc/sys/kernel/random/boot_id")
        begun = time.monotonic()
        answer = self.client.invoke("Msvm_ShutdownComponent", self.keys("guest", "Shutdown"), "InitiateHibernate")
        self.assertEqual(answer["ReturnValue"], 0)
        answered = time.monotonic() - begun
        self.wait_for(lambda: self.power() == "3")
        off = time.monotonic() - begun
        with open(self.swap, "rb") as file:
            self.assertIn(b"S1SUSPEND", file.read(4096), "the swap holds an image of the memory")
        begun = time.monotonic()
        self.start_machine()
        back = time.monotonic() - begun
        self.assertEqual(self.ssh("cat /proc/sys/kernel/random/boot_id"), boot, "it went on, and did not boot anew")
        self.assertEqual(self.service("vmms-demo-web.service")["MainProcessID"], process)
        print(f"\nhibernation: answered after {answered:.1f} s, off after {off:.1f} s, back {back:.1f} s after a start")
        self.wait_for(self.has_own_agent)
        source = self.root / "files" / "after"
        expected = random_file(source, 10 * MEGABYTE)
        self.copy(source, "guest:/var/tmp/after")
        self.assertEqual(self.ssh("b2sum </var/tmp/after").split()[0], expected)

    def test_7_without_an_agent_the_power_button_shuts_down(self):
        self.ssh("systemctl stop qemu-guest-agent")
        self.wait_for(lambda: self.device("guest", "Heartbeat")["OperationalStatus"] == "12")
        begun = time.monotonic()
        answer = self.client.invoke("Msvm_ShutdownComponent", self.keys("guest", "Shutdown"), "InitiateShutdown",
                                    "<p:Force>false</p:Force><p:Reason>test</p:Reason>")
        self.assertEqual(answer["ReturnValue"], 0)
        self.assertIn("shut down by its power button", self.log())
        self.wait_for(lambda: self.power() == "3")
        print(f"\npower button: off after {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    vmms.main()
