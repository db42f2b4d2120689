"""A static binary links an account, stops when it is told, and is open again without a scan."""

import base64
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import house
from house import until

KEY = "0123456789abcdef0123456789abcdef"
# Everything is slower under qemu.
LIMIT = 60


class Daemon:
    def __init__(self, folder, sandbox):
        # By name, so that resolving is part of it.
        url = sandbox.url.replace("127.0.0.1", "localhost")
        environment = {
            "TETHERD_DATA_DIR": str(folder / "data"), "TETHERD_API_KEY": KEY, "TETHERD_WHATSAPP_URL": url,
            "TETHERD_WHATSAPP_VERSION_PAGE": "http://127.0.0.1:9/",
        }
        self.log = folder / "log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [os.environ["QEMU"], os.environ["BINARY"], "serve", "--listen", "127.0.0.1:0"],
                env=environment, stdin=subprocess.DEVNULL, stderr=log)
        line = until("it listens", self.listening, LIMIT)
        self.client = house.Client(line.split("listening on ")[1].strip(), KEY)

    def listening(self):
        if self.process.poll() is not None:
            raise AssertionError(f"it ended: {self.log.read_text()}")
        return next((line for line in self.log.read_text().splitlines() if "listening on " in line), None)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LIMIT)


def read(picture):
    """What a QR reader of other people's making reads in a data URL."""
    png = base64.b64decode(picture.partition(",")[2])
    done = subprocess.run(["zbarimg", "--nodbus", "--quiet", "--raw", "-"], input=png, capture_output=True, check=True)
    return done.stdout.decode().strip()


class Link(unittest.TestCase):
    def test_from_create_to_open_and_open_again(self):
        folder = Path(tempfile.mkdtemp(prefix="tetherd-static-"))
        self.addCleanup(shutil.rmtree, folder)
        sandbox = house.Sandbox(folder)
        self.addCleanup(sandbox.kill)
        began = time.monotonic()
        daemon = Daemon(folder, sandbox)
        self.addCleanup(lambda: daemon.process.kill())
        ready = time.monotonic() - began
        client = daemon.client
        client.ask("POST", "/instance/create", {"instanceName": "shop", "integration": "WHATSAPP-BAILEYS"})
        shown = client.ask("GET", "/instance/connect/shop")
        self.assertEqual(read(shown["base64"]), shown["code"])
        jid = sandbox.scan(read(shown["base64"]))
        linked = client.until_open(LIMIT)
        row = client.ask("GET", "/instance/fetchInstances")[0]
        self.assertTrue(row["ownerJid"].startswith(house.PHONE), (row, jid))
        self.assertEqual(daemon.terminate(), 0)

        daemon = Daemon(folder, sandbox)
        again = daemon.client.until_open(LIMIT)
        self.assertEqual(daemon.terminate(), 0)
        house.figure(f"{os.environ['QEMU']}: ready {ready:.1f} s, open {linked:.1f} s after the scan, "
                     f"{again:.1f} s after the next start (under qemu: no measure of a board)")


if __name__ == "__main__":
    unittest.main(verbosity=2)
