"""WhatsApp is away and comes back. The process goes on, says why, and is open again soon."""

import time
import unittest

import house
from house import until

# How long WhatsApp is away: minutes, so that the waits have grown to their longest.
AWAY = 150
# In the first ten minutes no wait is longer than 30 s; then it takes a moment.
BACK = 33


class Outage(house.Linked):
    def test_whatsapp_is_away_for_minutes_and_comes_back_unannounced(self):
        before = self.box.show("MainPID", "NRestarts")
        self.sandbox.kill()
        gone = time.monotonic()
        until("the state says so", lambda: self.client.state()["state"] == "connecting", 10)
        until("the status says why", lambda: "; shop: " in self.box.status() and "next try in" in self.box.status(), 10)
        said = []
        while time.monotonic() - gone < AWAY:
            said.append(self.box.status().partition("; ")[2])
            time.sleep(1)
        self.assertTrue(all(words.startswith("shop: ") for words in said), said)
        self.assertIn("shop: WhatsApp cannot be reached, next try in", "\n".join(said))
        self.sandbox.start()
        took = self.client.until_open(BACK)
        house.figure(f"WhatsApp away for {AWAY} s: open {took:.1f} s after it was back; STATUS said {said[-1]!r}")
        until("the status says so", lambda: self.box.status() == "1 of 1 linked", 10)
        self.assertEqual(self.box.show("MainPID", "NRestarts"), before, "an outage is no reason to restart")


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
