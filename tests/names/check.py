"""Runs on the box of the lab: starts tetherd and posts test events to names of the local network."""

import subprocess
import sys
import time

from tetherd import tetherd

TETHERD, LAB, NAME = sys.argv[1:]
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


def post_to(host):
    ask("POST", "/webhook/set/shop", {"url": f"http://{host}:8123/hook"})
    began = time.monotonic()
    told = ask("POST", "/webhook/test/shop")
    took = (time.monotonic() - began) * 1000
    print(f"{host}: {told} in {took:.0f} ms")
    return told, took


receivers = [receiver("ha"), receiver("tv")]
try:
    with tetherd(TETHERD, limit=40) as here:
        ask = here.ask
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
    for process in receivers:
        process.kill()
