"""A start that takes long: systemd is asked for more time, and gives it."""

import time
import unittest

import house
from house import until

KEY = "/var/lib/private/tetherd/sealing.key"
# What systemd allows for a start here; and how long this one takes, which is longer.
ALLOWED, TAKES = 8, 15


class Start(house.Linked):
    def test_a_long_start_is_waited_for(self):
        self.box.put("/etc/systemd/system/tetherd.service.d/start.conf", f"[Service]\nTimeoutStartSec={ALLOWED}\n")
        self.box.run("systemctl", "daemon-reload")
        self.box.run("systemctl", "stop", "tetherd")
        # The database is not opened before the key is read, and nobody has written it yet.
        self.box.run("sh", "-ec", f"""
            mv {KEY} /root/sealing.key
            mkfifo -m 600 {KEY}
            chown --reference=/root/sealing.key {KEY}""")
        began = time.monotonic()
        self.box.run("systemctl", "start", "--no-block", "tetherd")
        until("the sentence", lambda: self.box.status() == "bringing the database up to date", 10)
        pid = self.box.pid()
        while time.monotonic() - began < TAKES:
            shown = self.box.show("ActiveState", "MainPID", "StatusText")
            self.assertEqual((shown["ActiveState"], int(shown["MainPID"])), ("activating", pid))
            time.sleep(0.5)
        told = self.box.call("exec", self.box.path / "box", "systemctl", "status", "--no-pager", "tetherd", check=False).stdout
        house.figure("; ".join(line.strip() for line in told.splitlines() if "Active:" in line or "Status:" in line))
        self.box.run("sh", "-c", f"cat /root/sealing.key > {KEY}")
        until("it is active", lambda: self.box.show("ActiveState")["ActiveState"] == "active", 10)
        house.figure(f"a start of {time.monotonic() - began:.1f} s with TimeoutStartSec={ALLOWED}: active, the same process")
        self.client.until_open(15)
        shown = self.box.show("MainPID", "NRestarts")
        self.assertEqual((int(shown["MainPID"]), shown["NRestarts"]), (pid, "0"))


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
