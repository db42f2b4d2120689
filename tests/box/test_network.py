"""The network is away and comes back, the router reboots. The process goes on, says why, and is open again soon."""

import subprocess
import unittest

import house
from house import until

# In the first ten minutes no wait is longer than 30 s; then it takes a moment.
BACK = 33


class Network(house.Linked):
    def setUp(self):
        self.before = self.box.show("MainPID", "NRestarts")

    def tearDown(self):
        self.assertEqual(self.box.show("MainPID", "NRestarts"), self.before, "an outage is no reason to restart")

    def test_1_the_network_is_away_and_comes_back(self):
        self.box.run("ip", "link", "set", "eth0", "down")
        # The way in is away too, so it is asked from inside; a route that is gone is noticed at once or at the next keepalive.
        until("it is noticed", lambda: "shop: " in self.box.status(), 120)
        said = self.box.status()
        until("a longer wait", lambda: "next try in 15 s" in self.box.status(), 150)
        self.box.run("ip", "link", "set", "eth0", "up")
        self.box.run("ip", "route", "add", "default", "via", self.box.outside)
        took = self.client.until_open(BACK)
        house.figure(f"network back: open after {took:.2f} s; STATUS said {said!r}")

    def test_2_the_router_reboots(self):
        """The cable's other end goes down: addresses and routes stay, nothing arrives."""
        cable = lambda state: subprocess.run(["ip", "link", "set", self.box.cable, state], check=True)
        cable("down")
        until("it is noticed", lambda: "next try in 15 s" in self.box.status(), 150)
        cable("up")
        took = self.client.until_open(BACK)
        house.figure(f"router back: open after {took:.2f} s")


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
