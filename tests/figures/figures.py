"""The rows of the table; each is a function that yields (what, measured, aim)."""

import argparse
import os
import re
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from daemon import KEY, Api, Place, phone
from house import until

IDLE_SECONDS = 10


def ms(seconds):
    return f"{seconds * 1000:.1f} ms"


def median_of(samples):
    return f"{ms(statistics.median(samples))} (slowest {ms(max(samples))}, n={len(samples)})"


def size(_):
    yield "the binary, stripped (release, plain)", f"{Path(os.environ['PLAIN']).stat().st_size / 1e6:.1f} MB", "< 12 MB"


def start(_):
    for linked in 0, 10:
        with Place(linked) as daemon:
            samples = []
            for _ in range(20):
                daemon.stop()
                samples.append(daemon.start())
        yield f"exec to readyz, {linked} linked", median_of(samples), "< 8 ms"


def memory(_):
    aims = {0: 8, 1: 10, 10: 14, 50: 24, 100: 40}
    for linked, aim in aims.items():
        with Place(linked) as daemon:
            time.sleep(IDLE_SECONDS)
            fresh = daemon.resident()
            daemon.stop()
            daemon.start()
            daemon.until_all_open(linked, 60)
            time.sleep(IDLE_SECONDS)
            again = daemon.resident()
        yield f"resident, {linked} linked and idle", f"{again:.1f} MB ({fresh:.1f} MB in the run that linked them)", f"{aim} MB"


def wrk(url):
    done = subprocess.run(["wrk", "-t1", "-c16", "-d4s", "-H", f"apikey: {KEY}", url], capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout:
        raise AssertionError(done.stdout)
    return float(re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)[1])


def reads(_):
    with Place(1) as daemon:
        hello = subprocess.Popen([os.environ["HELLO"]], stdout=subprocess.PIPE, text=True)
        bare = hello.stdout.readline().strip()
        # In pairs, one right after the other: what else this machine does meets both.
        pairs = [(wrk(f"http://{daemon.address}/instance/connectionState/i0"), wrk(bare)) for _ in range(5)]
        hello.kill()
    ours, theirs = (statistics.median(column) for column in zip(*pairs))
    share = statistics.median(one / other for one, other in pairs)
    yield "connectionState, requests per second", f"{ours:.0f} beside {theirs:.0f} of a bare hyper: {share:.0%}", ">= 80 %"


def code(_):
    with Place() as daemon:
        samples = []
        for number in range(50):
            daemon.create(f"i{number}")
            began = time.monotonic()
            assert daemon.api.ask("GET", f"/instance/connect/i{number}")["code"]
            samples.append(time.monotonic() - began)
            daemon.api.ask("DELETE", f"/instance/delete/i{number}")
    yield "connect to the code, a fresh instance", median_of(samples), "< 30 ms"


def burst(_):
    samples = []
    for _ in range(5):
        with Place() as daemon, ThreadPoolExecutor(20) as pool:
            apis = [Api(daemon.address) for _ in range(20)]
            for number, api in enumerate(apis):
                api.ask("GET", "/instance/fetchInstances")
                daemon.create(f"i{number}")
            began = time.monotonic()

            def connect(number):
                assert apis[number].ask("GET", f"/instance/connect/i{number}")["code"]
                return time.monotonic() - began

            samples.append(max(pool.map(connect, range(20))))
    yield "connect of 20 at once, the last code", median_of(samples), "< 150 ms"


def open(_):
    samples = []
    with Place() as daemon:
        for number in range(30):
            daemon.create(f"i{number}")
            text = daemon.api.ask("GET", f"/instance/connect/i{number}")["code"]
            began = time.monotonic()
            daemon.sandbox.ask("/scan", {"qr": text, "phone": phone(number)})
            until("open", lambda: daemon.api.state(f"i{number}")["state"] == "open", 20, pause=0.001)
            samples.append(time.monotonic() - began)
    yield "scan to open, the server waits for nothing", median_of(samples), "< 200 ms"


def restart(_):
    samples = []
    with Place(100) as daemon:
        for _ in range(5):
            daemon.stop()
            began = time.monotonic()
            daemon.start()
            daemon.until_all_open(100, 60)
            samples.append(time.monotonic() - began)
    yield "exec to 100 linked open again", median_of(samples), "< 500 ms"


def drop(_):
    samples = []
    for _ in range(20):
        # A link of its own for each: one that is lost again and again is tried less often, as it should be.
        with Place(1) as daemon:
            before = daemon.api.state("i0")["since"]
            began = time.monotonic()
            daemon.sandbox.ask("/fault", {"kind": "drop"})

            def back():
                now = daemon.api.state("i0")
                return now["state"] == "open" and now["since"] != before

            until("it is back", back, 60, pause=0.001)
            samples.append(time.monotonic() - began)
    yield "a dropped link back", median_of(samples), "150 ms"


def idle(minutes):
    with Place(10) as daemon:
        time.sleep(IDLE_SECONDS)
        written, busy = daemon.written(), daemon.busy()
        time.sleep(minutes * 60)
        written, busy = daemon.written() - written, daemon.busy() - busy
    yield f"written in {minutes:g} idle minutes, 10 linked", f"{written} bytes", "0"
    yield f"processor in {minutes:g} idle minutes, 10 linked", f"{busy:.2f} s: {busy / minutes / 60:.2%} of a core", "< 0.2 %"


ROWS = {row.__name__: row for row in (size, start, memory, reads, code, burst, open, restart, drop, idle)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], metavar="ROW")
    arguments = parser.parse_args()
    print(f"| figure | measured ({os.cpu_count()} processors) | aim |\n| --- | --- | --- |", flush=True)
    for name in arguments.rows or ROWS:
        for what, measured, aim in ROWS[name](arguments.minutes):
            print(f"| {what} | {measured} | {aim} |", flush=True)


main()
