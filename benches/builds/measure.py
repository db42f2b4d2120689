"""Memory and processor time of builds of tetherd, side by side. See `run`."""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import house
from house import until

KEY = "0123456789abcdef0123456789abcdef"
ACCOUNTS = 10
MESSAGES = 1000
SECONDS = 10
TICKS = os.sysconf("SC_CLK_TCK")


class Daemon:
    def __init__(self, binary, folder, sandbox):
        self.log = folder / "log"
        environment = {
            "TETHERD_DATA_DIR": str(folder / "data"), "TETHERD_API_KEY": KEY, "TETHERD_WHATSAPP_URL": sandbox.url,
            "TETHERD_WHATSAPP_VERSION_PAGE": "http://127.0.0.1:9/",
        }
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([binary, "serve", "--listen", "127.0.0.1:0"],
                                            env=environment, stdin=subprocess.DEVNULL, stderr=log)
        line = until("it listens", self.listening, 30)
        self.url = line.split("listening on ")[1].strip()
        self.client = house.Client(self.url, KEY)

    def listening(self):
        return next((line for line in self.log.read_text().splitlines() if "listening on " in line), None)

    def memory(self, what):
        """In MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) / 1024

    def processor(self):
        """Seconds of processor time so far, of all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def end(self):
        self.process.terminate()
        self.process.wait(20)


def receipts(sandbox, phone):
    return len(sandbox.ask(f"/receipts?phone={phone}")["receipts"])


def measure(binary):
    """Rows of (what, unit, value)."""
    folder = Path(tempfile.mkdtemp(prefix="tetherd-builds-"))
    sandbox = house.Sandbox(folder)
    daemon = Daemon(binary, folder, sandbox)
    try:
        yield "resident, nothing linked", "MiB", daemon.memory("VmRSS")
        phones = [f"1555000{n:04}" for n in range(ACCOUNTS)]
        for phone in phones:
            name = f"shop-{phone}"
            daemon.client.ask("POST", "/instance/create", {"instanceName": name, "integration": "WHATSAPP-BAILEYS"})
            code = daemon.client.ask("GET", f"/instance/connect/{name}")["code"]
            sandbox.ask("/scan", {"qr": code, "phone": phone})
            until("synced", lambda: daemon.client.state(name).get("synced"), 60)
        yield f"resident, {ACCOUNTS} linked", "MiB", daemon.memory("VmRSS")

        before = daemon.processor()
        for n in range(MESSAGES):
            sandbox.ask("/send", {"from": "15559999999", "to": phones[n % ACCOUNTS], "text": f"message {n} " + 100 * "x"})
        until("every message is acknowledged", lambda: receipts(sandbox, "15559999999") >= MESSAGES, 180)
        yield "processor time a message", "ms", (daemon.processor() - before) / MESSAGES * 1000

        before = daemon.processor()
        said = subprocess.run(
            ["wrk", "-t2", "-c16", f"-d{SECONDS}s", "-H", f"apikey: {KEY}", f"{daemon.url}/instance/fetchInstances"],
            check=True, capture_output=True, text=True).stdout
        requests = int(re.search(r"(\d+) requests in", said)[1])
        yield "requests a second", "", float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
        yield "processor time a request", "ms", (daemon.processor() - before) / requests * 1000
        yield "resident, after that", "MiB", daemon.memory("VmRSS")
        yield "resident, at most", "MiB", daemon.memory("VmHWM")
    finally:
        daemon.end()
        sandbox.kill()
        shutil.rmtree(folder)


def main(arguments):
    builds = dict(argument.split("=", 1) for argument in arguments)
    seen = {name: {} for name in builds}
    for _ in range(int(os.environ.get("ROUNDS", "3"))):
        for name, binary in builds.items():
            for what, unit, value in measure(binary):
                seen[name].setdefault((what, unit), []).append(value)
    medians = {name: {row: statistics.median(values) for row, values in rows.items()} for name, rows in seen.items()}
    first = next(iter(builds))
    print(f"{'':34}" + "".join(f"{name:>22}" for name in builds))
    print(f"{'size of the binary, MiB':34}" + "".join(f"{os.path.getsize(path) / 2**20:22.2f}" for path in builds.values()))
    for row in medians[first]:
        what, unit = row
        cells = (f"{medians[name][row]:14.2f} ({medians[name][row] / medians[first][row]:.2f}×)" for name in builds)
        print(f"{what + (', ' + unit if unit else ''):34}" + "".join(f"{cell:>22}" for cell in cells))


main(sys.argv[1:])
