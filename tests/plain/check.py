"""A plain tetherd, whose way to web.whatsapp.com leads to the sandbox: trusted by TLS, refused by the Noise certificate."""

import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

from tetherd import tetherd

PLAIN, DEMO, SANDBOX, WORK = sys.argv[1:]
LIMIT = 60


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def joined(one, other):
    threading.Thread(target=pump, args=(one, other), daemon=True).start()
    pump(other, one)


def serve(handle):
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            client, _ = listener.accept()
            threading.Thread(target=handle, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def web_whatsapp_com(client):
    """Ends TLS with a certificate of that name, and hands over to the sandbox."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{WORK}/cert.pem", f"{WORK}/key.pem")
    try:
        client = context.wrap_socket(client, server_side=True)
    except OSError:
        return
    joined(client, socket.create_connection(there))


def proxy(client):
    """Knows one address for every name."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = client.recv(4096)
        if not more:
            return
        head += more
    asked.append(head.split()[1].decode())
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    joined(client, socket.create_connection(("127.0.0.1", terminator)))


def connected(binary):
    """What connect says when this tetherd is led to the sandbox."""
    with tetherd(binary, LIMIT, TETHERD_NET_EXTRA_CA=f"{WORK}/ca.pem") as here:
        here.ask("POST", "/instance/create", {
            "instanceName": "shop", "integration": "WHATSAPP-BAILEYS",
            "proxyHost": "127.0.0.1", "proxyPort": proxied, "proxyProtocol": "http",
        })
        return here.ask("GET", "/instance/connect/shop?wait=5")


away = subprocess.Popen([SANDBOX], stdout=subprocess.PIPE, text=True)
try:
    sandbox = json.loads(away.stdout.readline())
    host, port = sandbox["wsUrl"].removeprefix("ws://").split("/")[0].split(":")
    there, asked = (host, int(port)), []
    terminator = serve(web_whatsapp_com)
    proxied = serve(proxy)

    shown = connected(DEMO)
    assert shown.get("code", "").startswith("2@"), f"the way does not lead to the sandbox: {shown}"
    assert set(asked) == {"web.whatsapp.com:443"}, asked
    refused = connected(PLAIN)
    assert refused["count"] == 0 and "code" not in refused, f"a plain build talks to the sandbox: {refused}"
    assert refused["instance"]["reason"] == "server_error", refused

    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"TETHERD_DATA_DIR": folder, "TETHERD_WHATSAPP_URL": sandbox["wsUrl"]}
        told = subprocess.run([PLAIN, "serve", "--listen", "127.0.0.1:0"], env=env, capture_output=True, text=True, timeout=LIMIT)
        assert told.returncode != 0 and "whatsapp.url works only in a demo build" in told.stderr, told
    told = subprocess.run([PLAIN, "demo"], capture_output=True, text=True, timeout=LIMIT)
    assert told.returncode != 0 and "unrecognized subcommand" in told.stderr, told
    print("a plain build refuses the sandbox's certificate and another address, and has no demo; a demo build links on the same way")
finally:
    away.terminate()
