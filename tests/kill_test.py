#!/usr/bin/env python3
"""vmmsd killed in the middle of work: what clients got as answers is in the job store when it comes back."""

import os
import pathlib
import random
import shutil
import signal
import sqlite3
import tempfile
import threading
import unittest

import vmms

ROUNDS = 15


class KilledAtAnyInstant(unittest.TestCase):
    """SIGKILL takes what is not in the kernel's hands; a loss of power may take the last second as well."""

    def told(self, daemon, machines, stop, told):
        """Changes states until the daemon is gone, and notes which jobs the answers named."""
        client = daemon.client()
        number = 0
        while not stop.is_set():
            state = (3, 2, 9, 2)[number % 4]
            try:
                output = client.invoke("Msvm_ComputerSystem", vmms.machine_keys(machines[number % len(machines)]),
                                       "RequestStateChange", f"<p:RequestedState>{state}</p:RequestedState>")
            except vmms.Fault:
                continue  # a change that is under way
            except Exception:  # killed
                break
            finally:
                number += 1
            if output["ReturnValue"] == 4096:
                told.append(vmms.job_id_of(output).upper())
        client.close()

    def test_nothing_that_was_told_is_lost(self):
        state = pathlib.Path(tempfile.mkdtemp(prefix="vmms-killed-"))
        self.addCleanup(shutil.rmtree, state)
        rng = random.Random(3)
        total = 0
        for number in range(ROUNDS):
            daemon = vmms.Daemon(self, "--connect", "test:///default", state=state)
            client = daemon.client()
            machines = [m["Name"] for m in client.enumerate("Msvm_ComputerSystem")
                        if m["Caption"] == "Virtual Machine" or len(m["Name"]) == 36]
            self.assertTrue(machines)
            if number:
                # No job of an earlier process goes on.
                self.assertEqual([j["InstanceID"] for j in client.enumerate("Msvm_ConcreteJob", 1000)
                                  if int(j["JobState"]) < 7], [])
            client.close()
            stop, told = threading.Event(), []
            threads = [threading.Thread(target=self.told, args=(daemon, machines, stop, told)) for _ in range(4)]
            for thread in threads:
                thread.start()
            stop.wait(rng.uniform(0.05, 0.6))
            os.kill(daemon.process.pid, signal.SIGKILL)
            stop.set()
            daemon.process.wait()
            for thread in threads:
                thread.join()
            daemon.process.stdout.close()
            daemon.log.close()
            with sqlite3.connect(state / "jobs.sqlite") as store:
                self.assertEqual(store.execute("pragma integrity_check").fetchone()[0], "ok")
                stored = {row[0].upper() for row in store.execute("select id from job")}
            self.assertEqual(set(told) - stored, set(), f"round {number}: told and not stored")
            total += len(told)
        self.assertGreater(total, ROUNDS, "too few jobs to show anything")


if __name__ == "__main__":
    vmms.main()
