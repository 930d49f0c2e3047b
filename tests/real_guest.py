"""A guest that boots under libvirt's embedded QEMU driver, and the vmmsd that manages it, for the tests of a class."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import vmms
from vmms import Fault, service_keys


def built(kind, *options):
    """The folder of a guest of another kind than ./check's, which guest/build makes where it is missing or old."""
    folder = pathlib.Path(os.environ.get("VMMS_TEST_GUESTS", vmms.SOURCE / "build")).resolve() / f"guest-{kind}"
    subprocess.run([vmms.SOURCE / "guest" / "build", *options, folder], check=True, stdout=subprocess.DEVNULL)
    return folder


class RealGuestTest:
    """To be mixed into a TestCase, whose setUpClass calls make_root and set_up. The guest's name is "guest"."""

    patience = 60  # seconds that wait_for waits

    @classmethod
    def set_up(cls, folder, *options, change=lambda xml: xml):
        """A vmmsd with the guest of a folder, off; its domain's definition is changed by `change`."""
        if not (folder / "disk.qcow2").exists():
            raise AssertionError(f"there is no guest in {folder}: build it with guest/build {folder}")
        disk = cls.root / "disk.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", folder / "disk.qcow2", "-F", "qcow2", disk],
                       check=True)
        xml = (vmms.SOURCE / "guest" / "domain.xml").read_text()
        for name, value in {"NAME": "guest", "GUEST": folder, "DISK": disk, "CONSOLE": cls.root / "console"}.items():
            xml = xml.replace(f"@{name}@", str(value))
        definition = cls.root / "domain.xml"
        definition.write_text(change(xml[xml.index("<domain"):]))
        cls.daemon = vmms.Daemon(cls, "--connect", f"qemu:///embed?root={cls.root}/e", "--define", definition, *options)
        cls.addClassCleanup(cls.stop_machine)
        cls.machine = cls.daemon.json("vm", "list")[0]["id"]

    @classmethod
    def make_root(cls):
        """Short, since unix sockets lie below it."""
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="vmms", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)

    @classmethod
    def stop_machine(cls):
        if cls.daemon.process.poll() is None:
            cls.daemon.cli("vm", "stop", "guest", check=False)
        # Whatever a failed test left.
        for pid_file in cls.root.glob("e/run/qemu/*.pid"):
            subprocess.run(["kill", "-KILL", pid_file.read_text().strip()], check=False)

    @classmethod
    def wait_for_guest(cls, seconds=120):
        cls.daemon.cli("vm", "start", "guest", "--wait", str(seconds), timeout=seconds + 30)

    @classmethod
    def process(cls):
        return int(next(cls.root.glob("e/run/qemu/*.pid")).read_text())

    @classmethod
    def wait_for(cls, condition, seconds=None):
        deadline = time.monotonic() + (seconds or cls.patience)
        while not (found := condition()):
            if time.monotonic() > deadline:
                raise AssertionError("what was waited for did not come")
            time.sleep(0.1)
        return found

    def setUp(self):
        self.client = self.daemon.client()
        self.addCleanup(lambda: self.client.close())

    def call(self, service, method="StartService", client=None, timeout=None, class_name="Vmms_GuestOSService",
             inputs=""):
        keys = service_keys(self.machine, service, class_name)
        return (client or self.client).invoke(class_name, keys, method, inputs, timeout)["ReturnValue"]

    def service(self, name):
        return self.client.get("Vmms_GuestOSService", service_keys(self.machine, name))

    def fault(self, *arguments, **options):
        with self.assertRaises(Fault) as caught:
            self.call(*arguments, **options)
        return caught.exception
