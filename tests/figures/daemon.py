"""A tetherd under measurement: started, linked to phones of the sandbox, looked at from outside."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import house

KEY = "0123456789abcdef0123456789abcdef"


class Api:
    """One connection to the API, kept: what is measured is the answer, not the dialling."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address, timeout=90)

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body)
        self.connection.request(method, path, data, {"apikey": KEY, "content-type": "application/json"})
        answer = self.connection.getresponse()
        told = json.loads(answer.read() or b"null")
        if answer.status >= 400:
            raise AssertionError(f"{method} {path}: {answer.status} {told}")
        return told

    def state(self, name):
        return self.ask("GET", f"/instance/connectionState/{name}")["instance"]


def free_port():
    import socket
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Daemon:
    def __init__(self, folder, sandbox):
        self.folder, self.sandbox = folder, sandbox
        self.process = None

    def start(self):
        """Seconds from exec to the first 200 of readyz."""
        self.address = f"127.0.0.1:{free_port()}"
        environment = {
            "TETHERD_DATA_DIR": str(self.folder), "TETHERD_API_KEY": KEY, "TETHERD_WHATSAPP_URL": self.sandbox.url,
            "TETHERD_WHATSAPP_VERSION_PAGE": "http://127.0.0.1:9/", "TETHERD_LOG": "warn",
        }
        with open(self.folder / "log", "a", encoding="utf-8") as log:
            began = time.monotonic()
            self.process = subprocess.Popen(
                [os.environ["BINARY"], "serve", "--listen", self.address],
                env=environment, stdin=subprocess.DEVNULL, stderr=log)
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() - began > 20:
                raise AssertionError((self.folder / "log").read_text())
        took = time.monotonic() - began
        self.api = Api(self.address)
        return took

    def is_ready(self):
        try:
            connection = http.client.HTTPConnection(self.address, timeout=5)
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)
            self.process = None

    def create(self, name):
        self.api.ask("POST", "/instance/create", {"instanceName": name, "integration": "WHATSAPP-BAILEYS"})

    def link(self, count):
        """Instances i0… until there are `count`, each open."""
        made = len(self.api.ask("GET", "/instance/fetchInstances"))
        for number in range(made, count):
            self.create(f"i{number}")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self.link_one, range(made, count)))
        self.until_all_open(count, 60)

    def link_one(self, number):
        code = Api(self.address).ask("GET", f"/instance/connect/i{number}")["code"]
        self.sandbox.ask("/scan", {"qr": code, "phone": phone(number)})

    def until_all_open(self, count, limit):
        """Seconds until all are."""
        began = time.monotonic()

        def all_open():
            rows = self.api.ask("GET", "/instance/fetchInstances")
            return sum(row["connectionStatus"] == "open" for row in rows) >= count

        house.until(f"{count} are open", all_open, limit, pause=0.002)
        return time.monotonic() - began

    def resident(self):
        """Megabytes (10^6 bytes) that are in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024 / 1e6

    def written(self):
        """Bytes that it has caused to be written to a disk."""
        return int(Path(f"/proc/{self.process.pid}/io").read_text().split("write_bytes:")[1].split()[0])

    def busy(self):
        """Seconds of a processor that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def phone(number):
    return str(15550000000 + number)


class Place:
    """A sandbox and a daemon in a folder of their own, gone afterwards."""

    def __init__(self, linked=0):
        self.linked = linked

    def __enter__(self):
        # Where writes reach a disk.
        self.folder = Path(tempfile.mkdtemp(prefix="figures-", dir="target"))
        (self.folder / "data").mkdir()
        self.sandbox = house.Sandbox(self.folder, options=["--settle", "0"])
        self.daemon = Daemon(self.folder / "data", self.sandbox)
        self.daemon.start()
        self.daemon.link(self.linked)
        return self.daemon

    def __exit__(self, *_):
        self.daemon.stop()
        self.sandbox.kill()
        shutil.rmtree(self.folder)
