"""Runs on the box of the lab: starts tetherd and posts test events to names of the local network."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

TETHERD, LAB, NAME = sys.argv[1:]
KEY = "0123456789abcdef0123456789abcdef"
HOSTS = f"/etc/netns/{NAME}-box/hosts"
RECEIVER = """
import http.server
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("0.0.0.0", 8123), Receiver)
print("listening", flush=True)
server.serve_forever()
"""


def receiver(where):
    # As root outside: from within the box's namespace another one is entered.
    process = subprocess.Popen([LAB, "exec", NAME, where, sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().strip() == "listening"
    return process


def ask(method, path, body=None):
    request = urllib.request.Request(base + path, method=method)
    request.add_header("apikey", KEY)
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, data, timeout=40) as answer:
        return json.load(answer)


def post_to(host):
    ask("POST", "/webhook/set/shop", {"url": f"http://{host}:8123/hook"})
    began = time.monotonic()
    told = ask("POST", "/webhook/test/shop")
    took = (time.monotonic() - began) * 1000
    print(f"{host}: {told} in {took:.0f} ms")
    return told, took


processes = [receiver("ha"), receiver("tv")]
with tempfile.TemporaryDirectory() as folder:
    env = os.environ | {"TETHERD_DATA_DIR": folder, "TETHERD_API_KEY": KEY}
    daemon = subprocess.Popen([TETHERD, "serve", "--listen", "127.0.0.1:0"], env=env, stderr=subprocess.PIPE, text=True)
    processes.append(daemon)
    try:
        for line in daemon.stderr:
            if "listening on " in line:
                base = line.split("listening on ")[1].strip().removesuffix("\x1b[0m")
                break
        else:
            sys.exit("tetherd does not listen")
        threading.Thread(target=daemon.stderr.read, daemon=True).start()
        ask("POST", "/instance/create", {"instanceName": "shop", "integration": "WHATSAPP-BAILEYS"})

        told, took = post_to("homeassistant.local")
        assert told["delivered"] and took < 2000, "behind the default route"
        told, _ = post_to("television.local")
        assert told["delivered"], "on the other interface"
        told, took = post_to("nobody.local")
        assert not told["delivered"] and "nothing on this network answers to it" in told["message"], told
        assert took > 2400, "asked until the end"
        told, _ = post_to("example.org")
        assert "has no network" in told["message"], "without a name server other names wait"
        with open(HOSTS, "a") as hosts:
            hosts.write("192.168.50.1 mybox\n192.168.60.1 homeassistant.local\n")
        told, took = post_to("mybox")
        assert told["delivered"], "the hosts file, as it is now"
        subprocess.run([LAB, "cut", NAME], check=True)
        told, _ = post_to("homeassistant.local")
        assert told["delivered"], "the hosts file comes first: it names the other machine, whose cable is in"
        subprocess.run([LAB, "join", NAME], check=True)
    finally:
        for process in processes:
            process.kill()
