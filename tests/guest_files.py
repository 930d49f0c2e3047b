"""Files into a real guest and out of it: a part of real_guest_test.py, which boots the guest.

The first ten are the matrix of Microsoft's own tests of file copy to Linux guests (LIS, FCOPY_*)."""

import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time

import vmms
from vmms import Fault, service_keys

MEGABYTE = 1_000_000


class GuestFiles:
    """Methods of the test case; their names put them where they run."""

    FILE_SERVICE = "Msvm_GuestFileService"
    JOB = "Msvm_CopyFileToGuestJob"

    def host_file(self, name, size):
        path = pathlib.Path(self.root) / "files" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(os.urandom(size))
        return path

    def copy(self, *arguments, check=True, **options):
        return self.daemon.cli("copy", *map(str, arguments), check=check, **options)

    def copy_to_guest(self, *settings):
        return self.client.invoke(self.FILE_SERVICE, service_keys(self.machine, "guestfilesvc", self.FILE_SERVICE),
                                  "CopyFilesToGuest", "".join(settings))

    def copy_job(self, *settings, timeout=120):
        output = self.copy_to_guest(*settings)
        self.assertEqual(output["ReturnValue"], 4096)
        return self.daemon.job(self.client, output, timeout, self.JOB)

    def guest_hash(self, path):
        """Of a file in the guest, by way of a copy back."""
        back = pathlib.Path(self.root) / "files" / "back"
        self.copy("--overwrite", f"guest:{path}", back)
        return hashlib.sha256(back.read_bytes()).hexdigest()

    def assertSame(self, local, path):
        self.assertEqual(self.guest_hash(path), hashlib.sha256(pathlib.Path(local).read_bytes()).hexdigest())

    def names(self, directory):
        return {entry["name"]: entry for entry in self.daemon.json("ls", f"guest:{directory}")}

    def assertNoParts(self, *directories):
        for directory in directories or ("/tmp", "/var/tmp"):
            self.assertEqual([name for name in self.names(directory) if name.endswith(".part")], [])

    def test_14_f_a_ten_megabytes_to_tmp(self):
        source = self.host_file("testfile", 10 * MEGABYTE)
        source.chmod(0o640)
        if shutil.which("setfattr"):
            subprocess.run(["setfattr", "-n", "user.vmms", "-v", "kept", source], check=False)
        before = source.stat()
        attributes = {name: os.getxattr(source, name) for name in os.listxattr(source)}
        job = self.copy_job(vmms.copy_setting(source, "/tmp/"))
        self.assertEqual((job["JobState"], job["PercentComplete"], job["ErrorCode"]), ("7", "100", "0"), job)
        self.assertEqual(job["VirtualSystemName"], "guest")
        self.assertIn(str(source), job["CopyFileToGuestSettingData"])
        entry = self.names("/tmp")["testfile"]
        self.assertEqual((entry["size"], entry["permissions"], entry["owner"]), (10 * MEGABYTE, "0640", "root"))
        after = source.stat()
        self.assertSame(source, "/tmp/testfile")
        for name in ("st_uid", "st_gid", "st_mode", "st_mtime_ns", "st_ctime_ns", "st_atime_ns", "st_size"):
            self.assertEqual(getattr(after, name), getattr(before, name), f"{name} of the source")
        self.assertEqual({name: os.getxattr(source, name) for name in os.listxattr(source)}, attributes)

    def test_14_f_b_a_second_copy_finds_the_file(self):
        source = self.host_file("testfile", 1000)
        job = self.copy_job(vmms.copy_setting(source, "/tmp/", dtd=1))
        self.assertEqual((job["JobState"], job["ErrorCode"]), ("10", "32768"))
        self.assertIn("failed to initiate copying files to the guest: The file exists. (0x80070050)",
                      job["ErrorDescription"])
        errors = self.client.invoke(self.JOB, {"InstanceID": job["InstanceID"]}, "GetErrorEx")
        self.assertIn("0x80070050", errors["Errors"])
        self.assertEqual(self.names("/tmp")["testfile"]["size"], 10 * MEGABYTE)

    def test_14_f_c_with_overwrite_it_is_replaced(self):
        source = self.host_file("testfile", 2000)
        self.copy("--overwrite", source, "guest:/tmp/")
        self.assertSame(source, "/tmp/testfile")
        self.assertEqual(self.names("/tmp")["testfile"]["permissions"], "0640", "as the file before had")

    def test_14_f_d_an_immutable_file_stays(self):
        job = self.copy_job(vmms.copy_setting(self.host_file("x", 100), "/srv/immutable.txt", overwrite=True))
        self.assertEqual((job["JobState"], job["ErrorCode"]), ("10", "32769"), job["ErrorDescription"])
        self.assertIn("/srv/immutable.txt", job["ErrorDescription"])
        self.assertEqual(self.names("/srv")["immutable.txt"]["size"], len("This file cannot be changed.\n"))
        self.assertNoParts("/srv")

    def test_14_f_e_not_while_the_interface_is_off(self):
        self.daemon.cli("guest", "disable", "guest")
        try:
            self.assertEqual(self.copy_to_guest(vmms.copy_setting(self.host_file("x", 100), "/tmp/"))["ReturnValue"], 32775)
            refused = self.copy(self.host_file("x", 100), "guest:/tmp/", check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("vmms guest enable guest", refused.stderr)
        finally:
            self.daemon.cli("guest", "enable", "guest")
        self.assertNotIn("x", self.names("/tmp"))

    def test_14_f_f_names_in_any_script(self):
        source = self.host_file("fünf 文件.txt", 500)
        self.copy(source, "guest:/tmp/")
        self.copy(source, "guest:/tmp/файл ${NO_SUCH} $HOME.bin".replace("$HOME", "home"))
        self.assertSame(source, "/tmp/fünf 文件.txt")
        self.assertIn("файл ${NO_SUCH} home.bin", self.names("/tmp"))
        self.copy(source, "guest:$HOME/x")
        self.assertIn("x", self.names("/root"))

    def test_14_f_g_enabled_and_disabled_again_and_again(self):
        source = self.host_file("again", 100_000)
        for _ in range(3):
            self.daemon.cli("guest", "disable", "guest")
            self.daemon.cli("guest", "enable", "guest")
            self.copy("--overwrite", source, "guest:/tmp/again")
        self.assertSame(source, "/tmp/again")

    def test_14_f_h_copied_and_deleted_again_and_again(self):
        source = self.host_file("again", 300_000)
        for _ in range(3):
            self.daemon.cli("rm", "guest:/tmp/again")
            self.assertNotIn("again", self.names("/tmp"))
            self.copy(source, "guest:/tmp/again")
        self.assertSame(source, "/tmp/again")

    def test_14_f_i_while_another_copy_runs(self):
        sources = [self.host_file(f"several{number}", 5 * MEGABYTE) for number in range(3)]
        threads = [threading.Thread(target=self.copy, args=(source, "guest:/var/tmp/")) for source in sources]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for source in sources:
            self.assertSame(source, f"/var/tmp/{source.name}")
        self.assertNoParts()

    def test_14_f_j_five_gigabytes_with_holes(self):
        source = self.host_file("sparse", 1000)
        with open(source, "r+b") as file:
            file.truncate(5_000_000_000)
            for offset in (1_000_000_000, 4_999_999_000):
                file.seek(offset)
                file.write(os.urandom(1000))
        begun = time.monotonic()
        self.copy(source, "guest:/var/tmp/")
        self.assertEqual(self.names("/var/tmp")["sparse"]["size"], 5_000_000_000)
        self.assertLess(time.monotonic() - begun, 60, "holes are not sent")
        self.daemon.cli("rm", "guest:/var/tmp/sparse")

    def test_14_f_k_paths_that_cannot_be(self):
        source = self.host_file("x", 100)
        for destination, word in (("/no/such/directory/x", "--create-path"), ("relative", "absolute"),
                                  ("/proc/x", "refuses")):
            done = self.copy(source, f"guest:{destination}", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(word, done.stderr)
        self.copy("--create-path", source, "guest:/no/such/directory/x")
        self.assertEqual(self.copy("/no/such/source", "guest:/tmp/", check=False).returncode, 1)
        empty = self.host_file("empty", 0)
        self.copy(empty, "guest:/tmp/")
        self.assertEqual(self.names("/tmp")["empty"]["size"], 0)

    def test_14_f_l_a_cancelled_copy_leaves_nothing(self):
        old = self.host_file("target", 1000)
        self.copy(old, "guest:/var/tmp/target")
        new = self.host_file("target.new", 200 * MEGABYTE)
        output = self.copy_to_guest(vmms.copy_setting(new, "/var/tmp/target", overwrite=True))
        keys = {"InstanceID": vmms.job_id_of(output)}
        seen = set()
        while len(seen) < 3:
            job = self.client.get(self.JOB, keys)
            self.assertEqual(job["JobState"], "4", job["ErrorDescription"])
            seen.add(job["PercentComplete"])
        self.assertEqual(job["Cancellable"], "true")
        self.assertEqual(self.client.invoke(self.JOB, keys, "RequestStateChange",
                                            "<p:RequestedState>4</p:RequestedState>")["ReturnValue"], 0)
        job = self.daemon.job(self.client, output, 60, self.JOB)
        self.assertEqual(job["JobState"], "8")
        self.assertEqual(self.client.invoke(self.JOB, keys, "RequestStateChange",
                                            "<p:RequestedState>4</p:RequestedState>")["ReturnValue"], 32775)
        self.assertSame(old, "/var/tmp/target")
        self.assertNoParts("/var/tmp")

    def test_14_f_m_interrupt_cancels_the_job_of_the_command(self):
        big = self.host_file("target.new", 200 * MEGABYTE)
        environment = dict(os.environ, VMMS_SERVER=self.daemon.url, VMMS_USER=vmms.USER, VMMS_PASSWORD=vmms.PASSWORD)
        process = subprocess.Popen([vmms.BUILD / "vmms", "--json", "copy", big, "guest:/var/tmp/interrupted"],
                                   env=environment, text=True, stdout=subprocess.PIPE)
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        self.assertEqual(process.wait(60), 1)
        self.assertIn('"event":"progress"', first)
        self.assertIn('"event":"cancelled"', rest)
        self.assertNotIn("interrupted", self.names("/var/tmp"))
        self.assertNoParts("/var/tmp")

    def test_14_f_n_out_of_the_guest(self):
        source = self.host_file("there", 8 * MEGABYTE)
        self.copy(source, "guest:/var/tmp/there")
        target = source.parent / "here"
        self.copy("guest:/var/tmp/there", target)
        self.assertEqual(target.read_bytes(), source.read_bytes())
        self.assertEqual(self.copy("guest:/var/tmp/there", target, check=False).returncode, 1)
        self.assertEqual(self.copy("guest:/no/file", target, check=False).returncode, 2)
        self.assertEqual(target.read_bytes(), source.read_bytes())
        self.assertEqual([name for name in os.listdir(source.parent) if name.endswith(".part")], [])
        with self.assertRaises(Fault) as caught:
            self.client.invoke("Vmms_GuestFileService", service_keys(self.machine, "vmmsguestfilesvc",
                               "Vmms_GuestFileService"), "RemoveFile", "<p:Path>/var/tmp</p:Path>")
        self.assertIn("not empty", caught.exception.text)

    def test_14_f_o_the_same_by_paths_of_the_host(self):
        source = self.host_file("by-path", 3 * MEGABYTE)
        self.copy("--on-server", source, "guest:/var/tmp/by-path")
        target = source.parent / "by-path-back"
        self.copy("--on-server", "guest:/var/tmp/by-path", target)
        self.assertEqual(target.read_bytes(), source.read_bytes())
        refused = self.copy("--on-server", "/etc/hostname", "guest:/var/tmp/", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("files (", refused.stderr, "the folder that is allowed")

    def test_14_f_p_files_whose_size_is_not_what_they_hold(self):
        self.copy("/proc/cpuinfo", "guest:/tmp/cpu")
        self.assertGreater(self.names("/tmp")["cpu"]["size"], 100)
        there = pathlib.Path(self.root) / "files" / "out-of-proc"
        for path, word in (("/proc/cpuinfo", b"processor"), ("/proc/kallsyms", b" "), ("/sys/kernel/mm/transparent_hugepage/enabled", b"["),
                           ("/etc/os-release", b"ID=debian")):
            done = self.copy("--overwrite", f"guest:{path}", there, check=False)
            if done.returncode == 0:
                self.assertIn(word, there.read_bytes(), path)
            else:
                self.assertNotIn("copied in", done.stdout)
        self.assertIn(b"ID=debian", there.read_bytes(), "a link is followed, and its file is copied whole")
        for path in ("/dev/zero", "/dev/null", "/run/systemd/notify", "/tmp"):
            refused = self.copy("--overwrite", f"guest:{path}", there, check=False, timeout=60)
            self.assertNotEqual(refused.returncode, 0, path)

    def test_14_f_q_directories(self):
        tree = pathlib.Path(self.root) / "files" / "tree"
        (tree / "a" / "b").mkdir(parents=True)
        (tree / "a" / "b" / "deep").write_bytes(os.urandom(100_000))
        (tree / "a" / "empty").write_bytes(b"")
        (tree / "link").symlink_to("/etc/passwd")
        tree.chmod(0o711)
        done = self.copy("-r", tree, "guest:/var/tmp/")
        self.assertIn("link", done.stderr)
        self.assertEqual(self.names("/var/tmp")["tree"]["permissions"], "0711")
        self.assertEqual(set(self.names("/var/tmp/tree/a")), {"b", "empty"})
        back = tree.parent / "tree-back"
        self.copy("-r", "guest:/var/tmp/tree", back)
        self.assertEqual((back / "a" / "b" / "deep").read_bytes(), (tree / "a" / "b" / "deep").read_bytes())
        self.assertTrue((back / "a" / "empty").exists())
        self.assertFalse((back / "link").exists())

    def test_14_z_a_copy_outlives_our_own_agent(self):
        self.own_agent()
        big = self.host_file("target.new", 100 * MEGABYTE)
        output = self.copy_to_guest(vmms.copy_setting(big, "/var/tmp/outlives"))
        keys = {"InstanceID": vmms.job_id_of(output)}
        while int(self.client.get(self.JOB, keys)["PercentComplete"]) < 2:
            time.sleep(0.05)
        try:
            self.call("vmms-agent.service", "StopService")
        except Fault:
            pass  # it cannot answer for its own end, and when it is asked for in another way it is gone
        job = self.daemon.job(self.client, output, 120, self.JOB)
        self.assertEqual(job["JobState"], "7", job["ErrorDescription"])
        self.assertSame(big, "/var/tmp/outlives")
        self.assertNoParts("/var/tmp")
        self.copy("--overwrite", self.host_file("empty", 0), "guest:/var/tmp/outlives")

    def test_15_b_nothing_appears_when_the_agent_comes_back(self):
        source = self.host_file("later", 100)
        self.assertEqual(self.call("vmms-demo-rest-agent.service"), 0)
        deadline = time.monotonic() + 20
        while self.client.enumerate("Msvm_GuestServiceInterfaceComponent")[0]["OperationalStatus"] == "2":
            self.assertLess(time.monotonic(), deadline, "the agent goes away")
            time.sleep(0.1)
        self.assertEqual(self.copy_to_guest(vmms.copy_setting(source, "/tmp/later"))["ReturnValue"], 32777)
        time.sleep(8)
        self.wait_for_guest()
        self.assertNotIn("later", self.names("/tmp"))

    def test_15_c_a_daemon_killed_in_mid_copy_says_so_and_leaves_nothing(self):
        big = self.host_file("target.new", 200 * MEGABYTE)
        output = self.copy_to_guest(vmms.copy_setting(big, "/var/tmp/killed"))
        keys = {"InstanceID": vmms.job_id_of(output)}
        while int(self.client.get(self.JOB, keys)["PercentComplete"]) < 2:
            time.sleep(0.05)
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.daemon.start()
        self.client = self.daemon.client()
        job = self.client.get(self.JOB, keys)
        self.assertEqual(job["JobState"], "10")
        self.assertIn("vmmsd ended", job["ErrorDescription"])
        self.wait_for_guest()
        deadline = time.monotonic() + 30
        while [name for name in self.names("/var/tmp") if name.endswith(".part") or name == "killed"]:
            self.assertLess(time.monotonic(), deadline, "the part file is removed")
            time.sleep(0.5)
