"""What the tests of this folder share: a simulated WhatsApp, a box with a real systemd, a client of the API."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PHONE = "15551234567"
PORT = 8080


def until(what, look, limit, pause=0.02):
    """Waits until look() is true and returns what it returned; fails after `limit` seconds, naming `what`."""
    end = time.monotonic() + limit
    seen = None
    while time.monotonic() < end:
        seen = look()
        if seen:
            return seen
        time.sleep(pause)
    raise AssertionError(f"not within {limit} s: {what} (last: {seen!r})")


def figure(text):
    print(f"box: {text}", flush=True)


class Sandbox:
    """The simulated WhatsApp, as a process that can be killed and started again at the same address."""

    def __init__(self, folder, address="127.0.0.1", options=()):
        self.folder, self.address, self.port = Path(folder), address, 0
        self.options = options
        self.process = self.control = None
        self.start()

    def start(self):
        binary = os.environ.get("SANDBOX", ROOT / "target/debug/tetherd-sandbox")
        self.process = subprocess.Popen(
            [binary, "--listen", f"{self.address}:{self.port}", "--control", "127.0.0.1:0",
             "--state", self.folder / "sandbox.json",
             "--i-know-that-everybody-on-this-network-can-control-it", *self.options],
            stdout=subprocess.PIPE, text=True)
        told = json.loads(self.process.stdout.readline())
        self.url, self.control = told["wsUrl"], told["controlUrl"]
        self.port = int(self.url.split(":")[2].split("/")[0])

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.control + path, data), timeout=10) as answer:
            return json.load(answer)

    def scan(self, code):
        return self.ask("/scan", {"qr": code, "phone": PHONE})["jid"]


class Client:
    """tetherd's API. `trust` is for HTTPS: whose certificates are believed."""

    def __init__(self, url, key, trust=None):
        self.url, self.key, self.trust = url, key, trust

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {"apikey": self.key, "content-type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=90, context=self.trust) as answer:
            return json.load(answer)

    def state(self, name="shop"):
        """The instance's state; none while tetherd does not answer."""
        try:
            return self.ask("GET", f"/instance/connectionState/{name}")["instance"]
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return {}

    def is_open(self, name="shop"):
        return self.state(name).get("state") == "open"

    def until_open(self, limit, name="shop"):
        """Seconds until the instance is open."""
        began = time.monotonic()
        until(f"{name} is open", lambda: self.is_open(name), limit)
        return time.monotonic() - began

    def link(self, sandbox, name="shop"):
        self.ask("POST", "/instance/create", {"instanceName": name, "integration": "WHATSAPP-BAILEYS"})
        jid = sandbox.scan(self.ask("GET", f"/instance/connect/{name}")["code"])
        self.until_open(20, name)
        return jid


class Box:
    """A booted box."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="tetherd-box-"))
        self.call("up", self.path / "box")
        self.outside, self.inside, self.cable = (self.path / "box/addr").read_text().split()

    def call(self, verb, *arguments, check=True, **options):
        command = [HERE / "box", verb, *map(str, arguments)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def run(self, *command, check=True):
        """What a command inside printed."""
        return self.call("exec", self.path / "box", *command, check=check).stdout

    def code(self, *command):
        """A command's exit status."""
        return self.call("exec", self.path / "box", *command, check=False).returncode

    def put(self, path, text):
        path = Path(path)
        staged = self.path / path.name
        staged.write_text(text)
        self.call("cp", self.path / "box", staged, path.parent)
        staged.unlink()

    def bring(self, *files, to="/root"):
        self.call("cp", self.path / "box", *files, to)

    def show(self, *names, unit="tetherd"):
        """Properties of the unit."""
        lines = self.run("systemctl", "show", unit, *(f"-p{name}" for name in names)).splitlines()
        return dict(line.split("=", 1) for line in lines)

    def status(self):
        return self.show("StatusText")["StatusText"]

    def pid(self):
        return int(self.show("MainPID")["MainPID"])

    def signal(self, name):
        self.run("systemctl", "kill", "--kill-whom=main", f"--signal={name}", "tetherd")

    def journal(self):
        return self.run("journalctl", "-u", "tetherd", "-o", "short-precise", "--no-pager")

    def down(self):
        self.call("down", self.path / "box")
        shutil.rmtree(self.path)


def packages():
    """The package under test, and the same one as a later version."""
    return (Path(os.environ["PACKAGE"]), Path(os.environ["LATER_PACKAGE"]))


class Installed(unittest.TestCase):
    """A box with the package installed as its README says, and a simulated WhatsApp on the other end of the cable."""

    @classmethod
    def setUpClass(cls):
        cls.box = Box()
        cls.addClassCleanup(cls.box.down)
        cls.sandbox = Sandbox(cls.box.path, cls.box.outside)
        cls.addClassCleanup(lambda: cls.sandbox.kill())
        # All that makes it meet the sandbox instead of WhatsApp; the unit and the configuration are as shipped.
        cls.box.put("/etc/systemd/system/tetherd.service.d/sandbox.conf", f"""[Service]
Environment=TETHERD_WHATSAPP_URL={cls.sandbox.url}
Environment=TETHERD_WHATSAPP_VERSION_PAGE=http://{cls.box.outside}:9/
""")
        cls.package, cls.later = packages()
        cls.box.bring(cls.package, cls.later)
        cls.installing = cls.install(cls.package)
        cls.key = cls.box.run("tetherd", "key", "show").strip()
        cls.client = Client(f"http://{cls.box.inside}:{PORT}", cls.key)

    @classmethod
    def install(cls, package, *options):
        return cls.box.run("apt-get", "install", "-y", "--reinstall", *options, f"/root/{package.name}")

    def run(self, result=None):
        failures = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > failures:
            print(self.box.journal()[-8000:], flush=True)


class Linked(Installed):
    """With an account that is linked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.jid = cls.client.link(cls.sandbox)


def interrupted(*_):
    raise KeyboardInterrupt


signal.signal(signal.SIGTERM, interrupted)
