"""The network is away and comes back, the router reboots. The process goes on, says why, and is open again at once."""

import re
import subprocess
import unittest

import house
from house import until

# The promise is 2 s. By itself the next attempt would come much later, see `long_wait`.
AT_ONCE = 5


class Network(house.Linked):
    def setUp(self):
        self.before = self.box.show("MainPID", "NRestarts")

    def tearDown(self):
        self.assertEqual(self.box.show("MainPID", "NRestarts"), self.before, "an outage is no reason to restart")

    def long_wait(self):
        """Until the next attempt is far away; what the status says then."""
        return until("a long wait", lambda: re.search(r"shop: .* next try in [12]\d s", self.box.status()), 150)[0]

    def test_1_the_network_is_away_and_comes_back(self):
        self.box.run("ip", "link", "set", "eth0", "down")
        # The way in is away too, so it is asked from inside.
        said = self.long_wait()
        self.box.run("ip", "link", "set", "eth0", "up")
        self.box.run("ip", "route", "add", "default", "via", self.box.outside)
        took = self.client.until_open(AT_ONCE)
        house.figure(f"network back: open after {took:.2f} s; STATUS said {said!r}")

    def test_2_the_router_reboots(self):
        """The cable's other end goes down: addresses and routes stay, nothing arrives."""
        cable = lambda state: subprocess.run(["ip", "link", "set", self.box.cable, state], check=True)
        cable("down")
        said = self.long_wait()
        cable("up")
        took = self.client.until_open(AT_ONCE)
        house.figure(f"router back: open after {took:.2f} s; STATUS said {said!r}")


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
