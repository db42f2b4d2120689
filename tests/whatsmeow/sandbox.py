"""The sandbox as a program, and what a test asks of it."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request

LIMIT = 40


class Sandbox:
    def __init__(self, *options):
        self.child = subprocess.Popen([os.environ["SANDBOX"], *options], stdout=subprocess.PIPE, text=True)
        told = json.loads(self.child.stdout.readline())
        self.ws_url, self.control_url = told["wsUrl"], told["controlUrl"]
        self.root = bytes.fromhex(told["rootPublicKey"])

    def ask(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.control_url + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=LIMIT + 60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()}") from None

    def scan(self, phone, qr):
        return self.ask("POST", "/scan", {"phone": phone, "qr": qr})["jid"]

    def enter_code(self, phone, code):
        return self.ask("POST", "/code", {"phone": phone, "code": code})["jid"]

    def send(self, sender, to, text):
        return self.ask("POST", "/send", {"from": sender, "to": to, "text": text})["id"]

    def now(self):
        events = self.ask("GET", "/events")["events"]
        return events[-1]["seq"] if events else 0

    def until(self, kind, wanted="", since=0):
        """The first event of this kind after `since` whose text has `wanted`."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            events = self.ask("GET", f"/events?kind={kind}&since={since}&wait=5")["events"]
            for event in events:
                if wanted in event["text"]:
                    return event
                since = event["seq"]
        raise AssertionError(f"no event {kind} {wanted!r} within {LIMIT} s")

    def violations(self):
        return [event["text"] for event in self.ask("GET", "/events?kind=violation")["events"]]

    def stop(self):
        self.child.terminate()
        self.child.wait(10)
