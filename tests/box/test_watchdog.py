"""What systemd does when tetherd sticks or dies: every time it is open again without a hand."""

import socket
import time
import unittest

import house
from house import until


class Watchdog(house.Linked):
    def test_1_a_stopped_process_is_restarted_and_open_again(self):
        before = self.box.pid()
        began = time.monotonic()
        self.box.signal("STOP")
        # WatchdogSec=30 and RestartSec=2 as shipped.
        until("another process", lambda: self.box.pid() not in (0, before), 60)
        self.client.until_open(15)
        house.figure(f"SIGSTOP: open again after {time.monotonic() - began:.1f} s (WatchdogSec=30, RestartSec=2)")
        self.assertEqual(self.box.show("NRestarts")["NRestarts"], "1")
        self.assertIn("Watchdog timeout", self.box.journal())

    def test_2_ten_kills_in_a_row(self):
        restarts = int(self.box.show("NRestarts")["NRestarts"])
        took = []
        for _ in range(10):
            before = self.box.pid()
            began = time.monotonic()
            self.box.signal("KILL")
            until("another process", lambda: self.box.pid() not in (0, before), 15)
            self.client.until_open(15)
            took.append(time.monotonic() - began)
        house.figure(f"kill -9 ten times: open again after {min(took):.2f} to {max(took):.2f} s (RestartSec=2)")
        shown = self.box.show("NRestarts", "ActiveState")
        self.assertEqual(int(shown["NRestarts"]), restarts + 10)
        self.assertEqual(shown["ActiveState"], "active")

    def test_3_a_port_of_systemd_is_held_over_a_restart(self):
        self.box.run("systemctl", "stop", "tetherd.service")
        self.box.run("systemctl", "enable", "--now", "tetherd.socket")
        self.box.run("systemctl", "start", "tetherd.service")
        self.client.until_open(15)
        self.assertIn("systemd handed over [::]:8080", self.box.journal())
        self.box.run("systemctl", "stop", "tetherd.service")
        # Nobody runs now, yet a connection is taken, starts tetherd, and is answered by it.
        with socket.create_connection((self.box.inside, house.PORT), timeout=20) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 200"))
        self.client.until_open(15)


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
