"""A tetherd for as long as a check takes, on a folder of its own."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import urllib.request

KEY = "0123456789abcdef0123456789abcdef"


class Tetherd:
    """One that listens: where, and how many seconds it may take to answer."""

    def __init__(self, base, limit):
        self.base, self.limit = base, limit

    def ask(self, method, path, body=None):
        """The JSON of an answer that must be a 2xx."""
        request = urllib.request.Request(self.base + path, method=method, headers={"apikey": KEY})
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, data, timeout=self.limit) as answer:
            return json.load(answer)


@contextlib.contextmanager
def tetherd(program, limit, **settings):
    """Starts it with these variables in its environment; at the end it must go in order within 10 s."""
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"TETHERD_DATA_DIR": folder, "TETHERD_API_KEY": KEY} | settings
        daemon = subprocess.Popen([program, "serve", "--listen", "127.0.0.1:0"], env=env, stderr=subprocess.PIPE, text=True)
        try:
            for line in daemon.stderr:
                if "listening on " in line:
                    base = line.split("listening on ")[1].strip().removesuffix("\x1b[0m")
                    break
            else:
                sys.exit("tetherd does not listen")
            threading.Thread(target=daemon.stderr.read, daemon=True).start()
            yield Tetherd(base, limit)
        finally:
            daemon.terminate()
            assert daemon.wait(10) == 0
